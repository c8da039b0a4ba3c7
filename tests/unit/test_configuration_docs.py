"""docs/configuration.md and docs/stack.schema.json are made from the settings and are current."""

import re
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from stack_files import valid_sections

from settings import schema
from settings.describe import field_kind, fields_of
from settings.outputs import OUTPUTS
from settings.stack import SECRET_NAMES, SECTION_NAMES, Settings


def test_the_written_files_are_current() -> None:
    again = "run `python -m settings.schema`"
    assert schema.MARKDOWN.read_text(encoding="utf-8") == schema.configuration_markdown(), again
    assert schema.SCHEMA.read_text(encoding="utf-8") == schema.schema_text(), again


def test_every_section_secret_and_output_is_in_the_document() -> None:
    text = schema.configuration_markdown()
    for name in (*SECTION_NAMES, *SECRET_NAMES):
        assert f"| `tke-llm:{name}` |" in text
    for name, meaning in OUTPUTS.items():
        assert f"| `{name}` | {meaning} |" in text
    assert schema.SECRETS.keys() == set(SECRET_NAMES)


def test_every_key_has_a_meaning() -> None:
    for section in schema._sections(Settings):
        for key, info in fields_of(section).items():
            assert info.description, f"{section.__name__}.{key}"
            assert field_kind(info)


def test_the_schema_asks_for_pools_and_models_and_knows_no_other_key() -> None:
    config = schema.json_schema()["properties"]["config"]
    assert config["required"] == ["tke-llm:pools", "tke-llm:models"]
    assert config["additionalProperties"] is False
    assert {f"tke-llm:{name}" for name in (*SECTION_NAMES, *SECRET_NAMES)} <= set(config["properties"])
    (others,) = config["patternProperties"]
    assert re.match(others, "kubernetes:namespace")
    assert not re.match(others, "tke-llm:modles")


def test_the_schema_refuses_a_secret_in_clear() -> None:
    found = schema.json_schema()
    assert not accepts(found, found["properties"]["config"]["properties"]["tke-llm:hfToken"], "hf_clear")
    assert accepts(found, found["properties"]["config"]["properties"]["tke-llm:hfToken"], {"secure": "v1:abc"})


def test_the_schema_takes_the_short_forms() -> None:
    found = schema.json_schema()
    assert accepts(found, found["$defs"]["Pool"], {"nodes": 2, "disk": 100, "driver": "550.90.07"})
    assert accepts(found, found["properties"]["config"]["properties"]["tke-llm:webui"], False)
    assert accepts(found, found["$defs"]["Lora"], {"maxRank": 16, "adapters": {"support": "some/adapter"}})
    assert accepts(found, found["$defs"]["Lora"], {"maxRank": 16, "adapters": {"support": {"model": "some/adapter"}}})
    assert not accepts(found, found["$defs"]["Lora"], {"maxRank": 16, "adapters": {"support": "not an id"}})
    assert not accepts(found, found["$defs"]["Pool"], {"nodes": "2"})
    assert not accepts(found, found["$defs"]["Pool"], {"nods": 2})


@pytest.mark.parametrize(
    "pool",
    [{"nodes": 0}, {"nodes": 1001}, {"disk": 19}, {"disk": 2049}, {"driver": "550 "}, {"labels": {"a b": "c"}}],
    ids=str,
)
def test_the_schema_has_the_bounds_of_short_forms_and_of_names(pool: dict[str, Any]) -> None:
    found = schema.json_schema()
    assert not accepts(found, found["$defs"]["Pool"], pool)


SCHEMA = schema.json_schema()


@settings(deadline=None, phases=(Phase.reuse, Phase.generate), max_examples=40)
@given(valid_sections)
def test_what_the_settings_take_the_schema_takes(sections: dict[str, Any]) -> None:
    assert accepts(SCHEMA, SCHEMA, {"config": {f"tke-llm:{key}": value for key, value in sections.items()}})


TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def accepts(root: dict[str, Any], rule: dict[str, Any], value: Any) -> bool:
    """As much of JSON Schema as our schema uses for its structure."""
    if "$ref" in rule:
        return accepts(root, root["$defs"][rule["$ref"].rsplit("/", 1)[1]], value)
    if "anyOf" in rule:
        return any(accepts(root, one, value) for one in rule["anyOf"])
    wanted = TYPES.get(rule.get("type", ""))
    if wanted and (not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted)):
        return False
    if value not in rule.get("enum", [value]) or value != rule.get("const", value):
        return False
    if isinstance(value, str) and not _accepts_text(rule, value):
        return False
    if isinstance(value, int | float) and not rule.get("minimum", value) <= value <= rule.get("maximum", value):
        return False
    if isinstance(value, list):
        return all(accepts(root, rule.get("items", {}), entry) for entry in value)
    if not isinstance(value, dict):
        return True
    return set(rule.get("required", ())) <= set(value) and all(
        _accepts_key(root, rule, key, child) for key, child in value.items()
    )


def _accepts_text(rule: dict[str, Any], value: str) -> bool:
    fits = rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", len(value))
    return fits and bool(re.search(rule.get("pattern", ""), value))


def _accepts_key(root: dict[str, Any], rule: dict[str, Any], key: str, value: Any) -> bool:
    if key in rule.get("properties", {}):
        return accepts(root, rule["properties"][key], value)
    patterns = [inner for pattern, inner in rule.get("patternProperties", {}).items() if re.search(pattern, key)]
    if patterns:
        return all(accepts(root, inner, value) for inner in patterns)
    rest = rule.get("additionalProperties", True)
    return rest if isinstance(rest, bool) else accepts(root, rest, value)
