"""Stack files for tests: a sound one, and hypothesis strategies for arbitrary and for valid sections."""

from ipaddress import IPv4Network
from typing import Any, Literal

from hypothesis import strategies as st

from settings.describe import ValueKind, field_kind, fields_of, kind_of
from settings.parse import Parsed, StackInput, parse
from settings.section import Section
from settings.stack import Settings
from settings.tuning import DRAFTED


def sound() -> dict[str, Any]:
    """Sections of a small stack with nothing wrong."""
    return {
        "network": {"zones": ["ap-guangzhou-6"]},
        "pools": {"gpu": {"instanceType": "PNV4.7XLARGE116"}},
        "models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}},
    }


def parsed(sections: dict[str, Any], secrets: dict[str, bool] | None = None) -> Parsed:
    return parse(StackInput("tke-llm", "dev", "ap-guangzhou", sections, secrets or {}))


words = st.sampled_from(
    ["models", "pools", "chat", "gpu", "model", "nodes", "min", "max", "env", "webui", "secure", "HF_TOKEN", "kind"]
) | st.text(max_size=12)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just("hf_" + "a" * 24)
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3))
arbitrary_sections = st.dictionaries(st.sampled_from(list(fields_of(Settings))) | words, anything, max_size=6)

# None that looks like the name of a secret (`key…`, `token…`), of which the parser warns in `env`.
_NAMES = st.from_regex(r"\A[a-df-jl-su-z][a-df-jl-su-z0-9]{0,7}\Z")


def valid(kind: ValueKind) -> st.SearchStrategy[Any]:
    """Values, as a stack file holds them, that are allowed for a kind."""
    limits = kind.limits
    if kind.is_section:
        found = _section(kind.core)
    elif kind.core is Literal:
        found = st.sampled_from(kind.args)
    elif kind.core is bool:
        found = st.booleans()
    elif kind.core is int:
        step = limits.get("multiple_of", 1)
        least, most = limits.get("ge", 1), limits.get("le", 10_000)
        found = st.integers(-(-least // step), most // step).map(lambda number: number * step)
    elif kind.core is float:
        found = st.floats(0.125, min(limits.get("le", 8), 1024), width=16)
    elif kind.core is IPv4Network:
        found = st.sampled_from(["10.0.0.0/16", "192.168.4.0/24"])
    elif kind.core is dict:
        found = st.dictionaries(_NAMES, valid(kind_of(kind.args[1])), min_size=limits.get("min_length", 0), max_size=2)
    elif kind.core is tuple:
        found = st.lists(valid(kind_of(kind.args[0])), min_size=limits.get("min_length", 0), max_size=2)
    else:
        found = st.just(limits["example"])
    return st.none() | found if kind.optional else found


def _section(section: type[Section]) -> st.SearchStrategy[dict[str, Any]]:
    required = {key: valid(field_kind(info)) for key, info in fields_of(section).items() if info.is_required()}
    optional = {key: valid(field_kind(info)) for key, info in fields_of(section).items() if not info.is_required()}
    return st.fixed_dictionaries(required, optional=optional).map(_ordered)


def _ordered(section: dict[str, Any]) -> dict[str, Any]:
    """Keep the rules between keys that no single key shows."""
    least, most = section.get("min"), section.get("max")
    if isinstance(least, int):
        section["max"] = max(least, most or 1)
    if section.get("id") is not None:
        section = {key: value for key, value in section.items() if key not in ("kubeconfigPath", "context")}
    if section.get("method") in DRAFTED:
        section["model"] = section.get("model") or "team/draft"
    elif "method" in section:
        of_draft = ("model", "source", "revision", "weightsGib")
        section = {key: value for key, value in section.items() if key not in of_draft}
    if "headDim" in section:
        return _layered(section)
    return section


def _layered(shape: dict[str, Any]) -> dict[str, Any]:
    """The figures of a model with as many layers as there are, and no window without layers that have one."""
    layers, sliding = shape["layers"], shape.get("slidingLayers")
    shape["kvLayers"] = min(shape.get("kvLayers") or 0, layers)
    if sliding is None or shape.get("slidingWindow") is None:
        bounded = ("slidingLayers", "slidingWindow", "slidingKvHeads", "slidingHeadDim")
        return {key: value for key, value in shape.items() if key not in bounded}
    shape["slidingLayers"] = min(sliding, layers)
    shape["kvLayers"] = layers - shape["slidingLayers"]
    return shape


valid_sections = st.deferred(lambda: valid(ValueKind(Settings)))
