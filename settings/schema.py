"""What may stand in a stack file, for editors (JSON Schema) and for people (docs/configuration.md).

``python -m settings.schema`` writes both files; a test holds that they are current.
"""

import json
from collections.abc import Iterator
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from settings.describe import ValueKind, field_kind, fields_of, in_words, kind_of
from settings.models import SECRET_MAPS, SECRET_NAMES, Settings
from settings.secrecy import command
from settings.section import Section

ROOT = Path(__file__).parent.parent
MARKDOWN = ROOT / "docs" / "configuration.md"
SCHEMA = ROOT / "docs" / "stack.schema.json"

_SHORT_WORDS = {bool: "`true`, `false`", int: "whole number", str: "text"}

SECRETS = {
    "apiKeys": "API key of each model; absent: generated.",
    "hfToken": "Token for gated models on Hugging Face.",
    "webuiAdminPassword": "The administrator's first password for the chat page; absent: generated.",
    "databaseUrl": "PostgreSQL for the chat page (`postgresql://…`); absent: SQLite on a block volume.",
    "kubeconfig": "Kubeconfig of an existing cluster, as text.",
    "oidcClientSecret": "Client secret for single sign-on (`webui.oidc`).",
    "webuiEnv": "Variables of the chat page that are secret, such as `LDAP_APP_PASSWORD`; the others are `webui.env`.",
}

OUTPUTS = {
    "chatUrl": "Address of the chat page.",
    "apiBaseUrl": "Base address of the OpenAI-compatible API of the first model.",
    "models": "Each model: name in the API, engine, address.",
    "portForward": "Commands that bring the chat page and the API to this computer.",
    "curl": "A request that shows that the API answers.",
    "smokeTest": "The Jobs that asked after the rollout, and the command that shows what they found.",
    "webuiAdmin": "`email` and `password` (secret) of the chat page's administrator.",
    "apiKeys": "API key of each model (secret).",
    "kubeconfig": "Kubeconfig of the cluster (secret).",
    "clusterId": "Id of the TKE cluster.",
    "plan": "The numbers that were decided, and why.",
    "dns": "With a gateway or an Ingress: the command that shows the address which DNS must lead to.",
    "modelStore": "With `retain`: the settings by which another stack finds the models.",
}


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a whole stack file, for the YAML language server."""
    generated = Settings.model_json_schema(by_alias=True)
    definitions: dict[str, Any] = generated.pop("$defs")
    for section in _sections(Settings):
        properties = generated if section is Settings else definitions[section.__name__]
        for key, info in fields_of(section).items():
            _with_short_form(properties["properties"], key, field_kind(info), definitions)
    _close((generated, definitions))
    sealed = {
        "type": "object",
        "properties": {"secure": {"type": "string"}},
        "required": ["secure"],
        "additionalProperties": False,
    }
    definitions["Sealed"] = sealed
    one = {"$ref": "#/$defs/Sealed"}
    properties = {f"tke-llm:{key}": generated["properties"][key] for key in fields_of(Settings)}
    for name in SECRET_NAMES:
        kinds = {"anyOf": [one, {"type": "object", "additionalProperties": one}]} if name in SECRET_MAPS else dict(one)
        properties[f"tke-llm:{name}"] = kinds | {"description": f"{SECRETS[name]} Set it with {_command(name)}."}
    properties["tencentcloud:region"] = {"type": "string", "description": "Region of everything that is made."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A stack file of tke-llm (Pulumi.<stack>.yaml)",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": properties,
                "patternProperties": {"^(?!tke-llm:)[^:]+:": {}},
                "required": ["tke-llm:pools", "tke-llm:models"],
                "additionalProperties": False,
            }
        },
        "required": ["config"],
        "$defs": definitions,
    }


def _close(tree: object) -> None:
    """Refuse the names that a pattern does not allow; pydantic's schema lets them through."""
    if isinstance(tree, dict):
        if "patternProperties" in tree:
            tree["additionalProperties"] = False
        tree = tuple(tree.values())
    for part in tree if isinstance(tree, list | tuple) else ():
        _close(part)


def _with_short_form(properties: dict[str, Any], key: str, kind: ValueKind, definitions: dict[str, Any]) -> None:
    """Allow the plain value that stands for a whole object; pydantic's schema does not know of it."""
    if kind.short is None:
        return
    plain, whole = definitions[kind.core.__name__]["properties"][kind.short], properties[key]
    plain = next((each for each in plain.get("anyOf", [plain]) if each.get("type") != "null"), plain)
    plain = {name: value for name, value in plain.items() if name not in ("description", "default", "title")}
    kept = {name: whole.pop(name) for name in ("description", "default", "title") if name in whole}
    alternatives = whole.pop("anyOf", None) or [whole]
    properties[key] = {"anyOf": [plain, *alternatives], **kept}


def configuration_markdown() -> str:
    """docs/configuration.md: every key of the stack file with its type, default and meaning."""
    lines = [
        "# Configuration",
        "",
        "<!-- Generated by `python -m settings.schema` from the classes in settings/. -->",
        "",
        "A stack is one file, `Pulumi.<stack>.yaml`. Each section is one object below `config:`, so both an editor",
        "and `pulumi config set --path 'tke-llm:models.chat.replicas' 2` can change it. `pools` and `models` must be",
        "given, and, where the cluster is ours to make, `tencentcloud:region` and `network.zones`; everything else has",
        "a default. `tke-llm check <stack>` names whatever is wrong, all at once.",
        "",
        "## Sections",
        "",
        *_table(Settings, prefix="tke-llm:"),
    ]
    for section in _sections(Settings):
        if section is not Settings:
            lines += ["", f"### {_title(section)}", "", (section.__doc__ or "").strip(), "", *_table(section)]
    lines += [
        "",
        "## Secrets",
        "",
        "Secrets stand at the top level only, sealed; a section never holds one. The commands ask for the value.",
        "",
        "| Key | Meaning | Command |",
        "|---|---|---|",
        *(f"| `tke-llm:{name}` | {SECRETS[name]} | {_command(name)} |" for name in SECRET_NAMES),
        "",
        "A kubeconfig has many lines: `pulumi config set --secret tke-llm:kubeconfig < kubeconfig.yaml`.",
        "",
        "Credentials of Tencent Cloud stay out of the file: set `TENCENTCLOUD_SECRET_ID` and `TENCENTCLOUD_SECRET_KEY`",
        "in the shell.",
        "",
        "## Outputs",
        "",
        "`pulumi stack output` prints them; `--show-secrets` shows the secret ones.",
        "",
        "| Output | Meaning |",
        "|---|---|",
        *(f"| `{name}` | {meaning} |" for name, meaning in OUTPUTS.items()),
        "",
    ]
    return "\n".join(lines)


def _command(name: str) -> str:
    return command(f"{name}.<{SECRET_MAPS[name]}>" if name in SECRET_MAPS else name)


def _sections(section: type[Section]) -> Iterator[type[Section]]:
    """A section and every object below it, each once, in the order of reading."""
    seen: dict[type[Section], None] = {}

    def visit(one: type[Section]) -> None:
        if one in seen:
            return
        seen[one] = None
        for info in fields_of(one).values():
            for inner in _objects(field_kind(info)):
                visit(inner)

    visit(section)
    yield from seen


def _objects(kind: ValueKind) -> Iterator[type[Section]]:
    if kind.is_section:
        yield kind.core
    elif kind.core in (dict, tuple):
        yield from _objects(kind_of(kind.args[-1] if kind.core is dict else kind.args[0]))


def _title(section: type[Section]) -> str:
    """The section's place: ``models.<name>.download``."""
    return f"`{_places()[section]}`"


def _places() -> dict[type[Section], str]:
    places: dict[type[Section], str] = {Settings: ""}
    for section in _sections(Settings):
        for key, info in fields_of(section).items():
            kind = field_kind(info)
            inner, suffix = kind, ""
            if kind.core is dict:
                inner, suffix = kind_of(kind.args[1]), ".<name>"
            elif kind.core is tuple:
                inner, suffix = kind_of(kind.args[0]), "[…]"
            if inner.is_section:
                start = f"{places[section]}." if places[section] else ""
                places.setdefault(inner.core, f"{start}{key}{suffix}")
    return places


def _table(section: type[Section], prefix: str = "") -> Iterator[str]:
    yield "| Key | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    for key, info in fields_of(section).items():
        meaning = (info.description or "").replace("|", "\\|")
        yield f"| `{prefix}{key}` | {_type(field_kind(info))} | {_default(info)} | {meaning} |"


def _type(kind: ValueKind) -> str:
    words = in_words(kind)
    if kind.is_section:
        words = f"[object](#{_anchor(_places()[kind.core])})"
        words = f"{_SHORT_WORDS[kind.plain.core]} or {words}" if kind.plain else words
    elif kind.core is dict and (inner := kind_of(kind.args[1])).is_section:
        words = f"name: [object](#{_anchor(_places()[inner.core])})"
    elif kind.core is tuple and (inner := kind_of(kind.args[0])).is_section:
        words = f"list of [objects](#{_anchor(_places()[inner.core])})"
    elif kind.core is dict:
        words = f"name: {in_words(kind_of(kind.args[1]))}"
    elif kind.core is tuple:
        words = f"list of: {in_words(kind_of(kind.args[0]))}"
    return words.replace("|", "\\|")


def _anchor(title: str) -> str:
    """The anchor that a heading gets on GitHub."""
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter == "-")


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "**must be given**"
    value, kind = info.default, field_kind(info)
    if value is None or value in ((), {}):
        return "–"
    if isinstance(value, BaseModel):
        return "see there"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    if kind.core in (str, Literal, int, float, IPv4Network):
        return f"`{value}`" if value != "" else "empty"
    raise TypeError(f"a default of an unforeseen kind: {value!r}")


def write() -> None:
    """Write both files."""
    MARKDOWN.write_text(configuration_markdown(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")


def schema_text() -> str:
    """docs/stack.schema.json as it stands in the repository."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write()
