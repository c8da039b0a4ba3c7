"""Every text that becomes a name of Kubernetes, of the cloud, of an image or a host has that name's grammar."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from settings.describe import ValueKind, field_kind, fields_of, in_words, kind_of
from settings.paths import apply_fix
from settings.stack import Settings
from tests.unit.stack_files import parsed, sound

GATEWAY = {"via": "gateway", "host": "chat.example.com"}

# place, what is refused there, what the fix writes there (...: there is no telling)
REFUSED = [
    ("models.chat.env", {"a=b": "y"}, {"a_b": "y"}),
    ("models.chat.env", {"1ST": "y"}, {"_1ST": "y"}),
    ("models.chat.env", {"..": "y"}, ...),
    ("webui.env", {"A B": "y"}, {"A_B": "y"}),
    ("webui.env", {"A": "a\0b"}, {"A": "ab"}),
    ("networkPolicy.admit", ["Not A Namespace!"], ["not-a-namespace"]),
    ("networkPolicy.admit", ["a" * 64], ...),
    ("models.chat.priorityClass", "High Priority", "high-priority"),
    ("webui.priorityClass", "high_priority", "high-priority"),
    ("images.pullSecret", "My Secret", "my-secret"),
    ("storage.className", "Fast!", "fast"),
    ("storage.webuiClassName", "cbs ssd", "cbs-ssd"),
    ("expose.tls.secret", "chat/tls", "chat-tls"),
    ("expose.tls.issuer", "Let's Encrypt", "let-s-encrypt"),
    ("expose.ingressClass", "nginx ", "nginx"),
    ("expose.gateway", "shared", ...),
    ("expose.gateway", "Infra/Shared", "infra/shared"),
    ("models.chat.image", "x:v1 --privileged", "x:v1"),
    ("models.chat.image", "Registry/Team/vLLM:v1", ...),
    ("webui.image", "x@sha256:12", ...),
    ("images.mirrors", {"docker.io": "https://mirror.example.com"}, {"docker.io": "mirror.example.com"}),
    ("images.mirrors", {"https://docker.io": "mirror.example.com"}, {"docker.io": "mirror.example.com"}),
    ("pools.gpu.labels", {"team": "a team"}, {"team": "a-team"}),
    ("pools.gpu.labels", {"-team": "x"}, {"team": "x"}),
    ("pools.gpu.labels", {"team": "x" * 64}, ...),
    ("pools.gpu.taints", [{"key": "a b"}], [{"key": "a-b"}]),
    ("pools.gpu.nodeSelector", {"a/b/c": "x"}, ...),
    ("network.zones", ["ap guangzhou 6"], ["ap-guangzhou-6"]),
    ("network.vpcId", "my vpc", ...),
    ("network.subnetIds", ["subnet"], ...),
    ("cluster.existing.id", "cls-1\n", "cls-1"),
    ("cluster.systemPool.keyId", "key", ...),
    ("storage.fileSystemId", "cfs 1", ...),
    ("storage.ccnId", "1", ...),
    ("storage.mountHost", "10.0.0.9:/x", ...),
    ("storage.mountPath", "/a b", ...),
    ("pools.gpu.instanceType", "PNV4 7XLARGE116", ...),
    ("pools.gpu.driver", {"cudaName": "../cuda.run"}, ...),
    ("pools.gpu.driver", {"url": "ftp://example.com/driver.run"}, ...),
    ("models.chat.model", "deepseek ai/r1", ...),
    ("models.chat.model", "../../etc", ...),
    ("models.chat.revision", "a..b", ...),
    ("models.chat.servedName", "my model", "my-model"),
    ("models.chat.servedName", "--help", ...),
    ("models.chat.download.endpoint", "http://[::1", ...),
    ("models.chat.download.endpoint", "hub.example.com", "https://hub.example.com"),
    ("models.chat.download.include", ["*.json\n*.bin"], ["*.json *.bin"]),
    ("webui.oidc", {"providerUrl": "http://[::1", "clientId": "c"}, ...),
    ("webui.oidc", {"providerUrl": "https://a.example.com:99999", "clientId": "c"}, ...),
    ("webui.oidc", {"providerUrl": "https://a.example.com", "clientId": "c", "scopes": "a  b"}, ...),
    ("webui.adminEmail", "me@localdomain", ...),
    ("webui.memory", "1" * 5000 + "Gi", ...),
    ("expose.host", "a" * 64 + ".example.com", ...),
    ("namespace", "Team A", "team-a"),
    ("prices", {"big machine": 1.0}, ...),
    ("tags", {"a\nb": "c"}, {"a b": "c"}),
]


@pytest.mark.parametrize(("place", "value", "mended"), REFUSED, ids=lambda part: str(part)[:40])
def test_what_an_api_would_refuse_is_refused_in_the_stack_file(place: str, value: object, mended: object) -> None:
    sections = apply_fix(sound(), [(place, value)])
    problems = [each for each in parsed(sections).problems if each.path.startswith(place)]
    assert [each.severity for each in problems] == ["error"], problems
    (problem,) = problems
    assert problem.allowed
    fixed = apply_fix(sections, problem.fix)
    if mended is ...:
        assert not problem.fix or not parsed(fixed).problems
    else:
        assert fixed == apply_fix(sound(), [(place, mended)])
        assert parsed(fixed).problems == ()


TAKEN = [
    ("models.chat.image", "registry.example.com:5000/team/vllm-openai:v0.11.0-cu129"),
    ("models.chat.image", "vllm/vllm-openai@sha256:" + "a" * 64),
    ("models.chat.env", {"my.variable-name": "x", "_A": "", ".a": "multi\nline"}),
    ("models.chat.model", "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M"),
    ("models.chat.model", "library/qwen2.5:0.5b"),
    ("models.chat.revision", "refs/pr/1"),
    ("models.chat.servedName", "通义千问"),
    ("pools.gpu.labels", {"example.com/a_b.C": "", "team": "ML_1.a"}),
    ("images.mirrors", {"docker.io": "mirror.example.com:443/hub/"}),
    ("expose.gateway", "infra/shared.gateway"),
    ("webui.oidc", {"providerUrl": "https://id.example.com:8443/.well-known/x?y=z", "clientId": "c"}),
    ("webui.adminEmail", "admin@localhost"),
    ("networkPolicy.admit", ["1st-namespace"]),
]


@pytest.mark.parametrize(("place", "value"), TAKEN, ids=lambda part: str(part)[:40])
def test_what_an_api_takes_is_taken(place: str, value: object) -> None:
    assert parsed(apply_fix(sound(), [(place, value)])).problems == ()


def _texts(kind: ValueKind) -> Iterator[ValueKind]:
    if kind.core is str:
        yield kind
    fields = fields_of(kind.core).values() if kind.is_section else ()  # pyright: ignore[reportArgumentType]
    inner = [field_kind(info) for info in fields]
    inner += [kind_of(arg) for arg in kind.args if arg is not Ellipsis] if kind.core in (dict, tuple) else []
    for one in inner:
        yield from _texts(one)


def test_every_text_of_the_schema_has_a_pattern_that_its_example_fits_and_words() -> None:
    kinds = list(_texts(ValueKind(Settings)))
    assert len(kinds) > 60
    for kind in kinds:
        limits: dict[str, Any] = kind.limits
        assert re.fullmatch(limits["pattern"], limits["example"]), limits
        assert limits["bend"](limits["example"]) == limits["example"]
        assert in_words(kind)


HUGE = [
    ("models.chat.autoscaling", {"max": 10**12}),
    ("models.chat.replicas", 10**30),
    ("models.chat.gpus", 10**9),
    ("models.chat.maxModelLen", 10**18),
    ("pools.gpu.nodes", 10**9),
    ("models.chat.architecture", {"layers": 10**9, "heads": 1, "kvHeads": 1, "headDim": 1, "maxPositions": 1,
                                  "weightsGib": 1.0}),
    ("models.chat.architecture", {"layers": 1, "heads": 1, "kvHeads": 1, "headDim": 1, "maxPositions": 1,
                                  "weightsGib": 1e300}),
    ("storage.capacity", 10**15),
    ("models.chat.keyVersion", 10**9),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), HUGE, ids=lambda part: str(part)[:40])
def test_a_number_beyond_all_measure_is_refused_with_its_bounds(place: str, value: object) -> None:
    problems = [each for each in parsed(apply_fix(sound(), [(place, value)])).problems if each.path.startswith(place)]
    assert [each.code for each in problems] == ["IMPOSSIBLE_VALUE"]
    assert "to" in problems[0].allowed or "at most" in problems[0].allowed
