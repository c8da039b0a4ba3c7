"""Texts that name something, each with the grammar of what it names: Kubernetes, Tencent Cloud, registries, hosts.

What an API would refuse while machines are paid for is refused in the stack file. Patterns hold in Python, in JSON
Schema and in pydantic's engine alike: no look-around, and lengths bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic.types import Strict

from settings.translation import tr


@dataclass(frozen=True)
class Wording:
    """What a pattern asks for, in words and by an example, and how a text that breaks it is bent to it."""

    words: str
    example: str
    bend: Callable[[str], str] = str.strip


def _joined(kept: str, joint: str) -> Callable[[str], str]:
    """Bends a text: whatever is not `kept` (the inside of a character class) becomes one `joint`."""

    def bend(given: str) -> str:
        return re.sub(rf"[^{kept}]+", joint, given).strip("-._")

    return bend


def _without(dropped: str, joint: str) -> Callable[[str], str]:
    """Bends a text: whatever is `dropped` (the inside of a character class) becomes one `joint`."""
    return lambda given: re.sub(rf"[{dropped}]+", joint, given).strip(joint + " ")


def _lowered(kept: str) -> Callable[[str], str]:
    bend = _joined(kept, "-")
    return lambda given: bend(given.lower())


def _as_variable(given: str) -> str:
    name = re.sub(r"[^A-Za-z0-9_]+", "_", given.strip())
    return f"_{name}" if name[:1].isdigit() else name


def _first_word(given: str) -> str:
    return next(iter(given.split()), "")


def _of_the_calendar(given: str) -> str:
    """Refuse what only looks like a moment: the thirtieth of February."""
    datetime.fromisoformat(given)
    return given


def _as_day(given: str) -> str:
    day = given.strip()[:10]
    try:
        return _of_the_calendar(day)
    except ValueError:
        return ""


def _as_address(given: str) -> str:
    return given.strip() if "://" in given else f"https://{given.strip()}"


def _as_mirror(given: str) -> str:
    return given.strip().rpartition("://")[2].strip("/")


DNS_LABEL = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
_NAME = Wording(
    tr("a name of lower-case letters, digits and dashes that starts with a letter"), "chat", _lowered("a-z0-9")
)
ModelName = Annotated[str, Strict(), StringConstraints(pattern=DNS_LABEL, max_length=40), _NAME]
PoolName = Annotated[str, Strict(), StringConstraints(pattern=DNS_LABEL, max_length=16), _NAME]
Namespace = Annotated[str, Strict(), StringConstraints(pattern=DNS_LABEL, max_length=63), _NAME]

# Names of Kubernetes: apimachinery/pkg/util/validation/validation.go (labels, subdomains, qualified names, variables).
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
NamespaceThere = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_LABEL}$"),
    Wording(
        tr("the name of a namespace: up to 63 lower-case letters, digits and dashes"), "team-a", _lowered("a-z0-9")
    ),
]
ObjectName = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_SUBDOMAIN}$", max_length=253),
    Wording(tr("a name of Kubernetes: lower-case letters, digits, dashes and dots"), "team-a", _lowered("a-z0-9.")),
]
GatewayName = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_LABEL}/{_SUBDOMAIN}$", max_length=317),
    Wording(tr("the namespace and the name of a Gateway"), "gateways/main", _lowered("a-z0-9./")),
]
LabelKey = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^({_SUBDOMAIN}/)?{_QUALIFIED}$", max_length=317),
    Wording(
        tr("the key of a label: up to 63 letters, digits, `-`, `_` and `.`, after a domain and `/` or alone"),
        "example.com/team",
        _joined("A-Za-z0-9._/-", "-"),
    ),
]
LabelValue = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^({_QUALIFIED})?$"),
    Wording(
        tr("the value of a label: up to 63 letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"),
        "ml",
        _joined("A-Za-z0-9._-", "-"),
    ),
]
VariableName = Annotated[
    str,
    Strict(),
    # What every release takes; those from 1.32 on take more (RelaxedEnvironmentVariableValidation).
    StringConstraints(pattern=r"^([-_a-zA-Z][-._a-zA-Z0-9]*|\.[-_a-zA-Z0-9][-._a-zA-Z0-9]*)$", max_length=253),
    Wording(
        tr("the name of an environment variable: letters, digits, `_`, `-` and `.`, with no digit first"),
        "MY_VARIABLE",
        _as_variable,
    ),
]
VariableValue = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[^\x00]*$", max_length=32_768),
    Wording(tr("text without NUL"), "1", lambda given: given.replace("\0", "")),
]
Quantity = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^([1-9][0-9]{0,7}Mi|[1-9][0-9]{0,4}Gi|[1-9][0-9]?Ti)$"),
    Wording(tr("an amount of at most 99Ti"), "16Gi"),
]
Hostname = Annotated[
    str,
    Strict(),
    # A model's own name may come in front of it (planner/access/decide.py).
    StringConstraints(pattern=rf"^({_LABEL}\.)+[a-z]([-a-z0-9]{{0,61}}[a-z0-9])?$", max_length=200),
    Wording(tr("a host name"), "chat.example.com", str.lower),
]

# Names of Tencent Cloud, as its API gives them out.
Zone = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^[a-z]+(-[a-z0-9]+)+$", max_length=40),
    Wording(tr("the name of a zone"), "ap-guangzhou-6", _lowered("a-z0-9")),
]
Hardware = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^[A-Za-z0-9]([A-Za-z0-9.*/_-]*[A-Za-z0-9])?$", max_length=64),
    Wording(tr("the name of a machine type or GPU, without spaces"), "PNV4.7XLARGE116"),
]
VpcId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^vpc-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of a VPC"), "vpc-1a2b3c4d"),
]
SubnetId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^subnet-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of a subnet"), "subnet-1a2b3c4d"),
]
ClusterId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^cls-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of a TKE cluster"), "cls-1a2b3c4d"),
]
CcnId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^ccn-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of a Cloud Connect Network"), "ccn-1a2b3c4d"),
]
PrometheusId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^prom-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of an instance of the managed Prometheus"), "prom-1a2b3c4d"),
]
NoticeId = Annotated[
    str,
    Strict(),
    # AMPReceivers of CreatePrometheusAlertGroup (Tencent Cloud API monitor 2018-07-24).
    StringConstraints(pattern="^(notice|Consumer)-[A-Za-z0-9]+$", max_length=40),
    Wording(tr("the id of a notification template of Tencent Cloud"), "notice-1a2b3c4d"),
]
KeyId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^skey-[a-z0-9]+$", max_length=40),
    Wording(tr("the id of an SSH key pair"), "skey-1a2b3c4d"),
]
CloudId = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?$", max_length=64),
    Wording(tr("an id of letters, digits and dashes"), "cfs-1a2b3c4d"),
]
DottedVersion = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4}){1,3}$"),
    Wording(tr("a version"), "1.32.2", lambda given: given.strip().lstrip("v")),
]
KubernetesRelease = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9.+-]*$", max_length=40),
    Wording(tr("a version of Kubernetes"), "1.32.2"),
]
DriverVersion = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[0-9]{3}(\.[0-9]{1,4}){0,2}$"),
    Wording(tr("a driver version"), "550.90.07"),
]
CudaVersion = Annotated[
    str, Strict(), StringConstraints(pattern=r"^[0-9]{2}\.[0-9]$"), Wording(tr("a CUDA version"), "12.8")
]
FileName = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$", max_length=255),
    Wording(tr("the name of a file, without spaces and slashes"), "NVIDIA-Linux-x86_64-550.90.07.run"),
]

# Names of models, images and addresses.
ModelId = Annotated[
    str,
    Strict(),
    StringConstraints(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,2}(:[A-Za-z0-9_][A-Za-z0-9._-]*)?$",
        max_length=255,
    ),
    Wording(tr("the id of a repository (or `name:tag` for Ollama)"), "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
]
Revision = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_+-]|[./][A-Za-z0-9_+-])*$", max_length=255),
    Wording(tr("a branch, tag or commit"), "main"),
]
ServedName = Annotated[
    str,
    Strict(),
    # A dash would begin an option.
    StringConstraints(pattern=r"^[^\x00-\x20\x7f-][^\x00-\x20\x7f]*$", max_length=253),
    Wording(tr("a name without spaces that does not begin with `-`"), "qwen-7b", _without(r"\x00-\x20\x7f", "-")),
]
AdapterName = Annotated[
    str,
    Strict(),
    # vLLM and SGLang read name=path.
    StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"),
    Wording(tr("a name of letters, digits, dots, dashes and underscores"), "support", _joined("A-Za-z0-9._-", "-")),
]
_HOST = "[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?"
_PORT = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_PATH_PART = "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*"
ImageReference = Annotated[
    str,
    Strict(),
    # github.com/distribution/reference, reference.go
    StringConstraints(
        pattern=rf"^({_HOST}{_PORT}/)?{_PATH_PART}(/{_PATH_PART})*"
        r"(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha(256|512):[0-9a-f]{64,128})?$",
        max_length=512,
    ),
    Wording(tr("an image: `[registry/]repository[:tag][@digest]`"), "registry.example.com/team/vllm:v1", _first_word),
]
Registry = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_HOST}{_PORT}$", max_length=253),
    Wording(tr("the host of a registry"), "docker.io", _as_mirror),
]
MirrorAddress = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_HOST}{_PORT}(/{_PATH_PART})*/?$", max_length=253),
    Wording(tr("the host of a mirror with an optional path, without a scheme"), "mirror.example.com/hub", _as_mirror),
]
Url = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=rf"^https?://{_HOST}{_PORT}([/?][^\x00-\x20\x7f\x22<>\\^`{{|}}]*)?$", max_length=512),
    Wording(tr("an address without a user in it"), "https://login.example.com/path", _as_address),
]
HostAddress = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=f"^{_HOST}$", max_length=253),
    Wording(tr("a host name or an IPv4 address"), "10.0.0.9"),
]
Email = Annotated[
    str,
    Strict(),
    # What Open WebUI takes (utils/misc.py, validate_email_format).
    StringConstraints(
        pattern=r"^[^@\x00-\x20\x7f]+@([^@.\x00-\x20\x7f]+(\.[^@.\x00-\x20\x7f]+)+|localhost)$", max_length=254
    ),
    Wording(tr("an e-mail address"), "me@example.com"),
]
Scopes = Annotated[
    str,
    Strict(),
    # RFC 6749, section 3.3
    StringConstraints(pattern=r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$", max_length=512),
    Wording(tr("scopes with one space between them"), "openid email", lambda given: " ".join(given.split())),
]
Word = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[^\x00-\x20\x7f]+$", max_length=512),
    Wording(tr("text without spaces"), "/models"),
]
OneLine = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=512),
    Wording(tr("text on one line"), "some text", _without(r"\x00-\x1f\x7f", " ")),
]
Moment = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z)?$"),
    AfterValidator(_of_the_calendar),
    Wording(tr("a day, or a moment in UTC, in quotes"), "2027-06-30", _as_day),
]
TagValue = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=512),
    Wording(tr("text on one line, or empty"), "some text", _without(r"\x00-\x1f\x7f", " ")),
]
ArgumentText = Annotated[
    str,
    Strict(),
    StringConstraints(pattern=r"^[^\x00]+$", max_length=4096),
    Wording(tr("an argument"), "--enforce-eager"),
]
TemplateText = Annotated[
    str,
    Strict(),
    # What a ConfigMap holds is a MiB at the most.
    StringConstraints(pattern=r"^[^\x00]+$", max_length=200_000),
    Wording(tr("the path of a template's file, or a template itself"), "chat_template.jinja"),
]
DiagnosticCode = Annotated[
    str,
    Strict(),
    StringConstraints(pattern="^[A-Z][A-Z0-9_]+$", max_length=64),
    Wording(tr("the code of a diagnostic, in capitals"), "SOME_CODE", lambda given: given.strip().upper()),
]
