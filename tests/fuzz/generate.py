"""Stack files by chance: samples changed to what the schema allows and to what it does not, and broken text."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from random import Random
from typing import Any, Literal

from hypothesis import strategies as st

from catalog.load import load
from settings.describe import ValueKind, field_kind, fields_of, kind_of
from settings.file import read
from settings.parse import StackInput
from settings.paths import Step, apply_fix, join
from settings.stack import Settings

ROOT = Path(__file__).parents[2]
SAMPLES = {path.name: read(path) for path in sorted(ROOT.glob("Pulumi.*.yaml"))}
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in SAMPLES}

_WITHOUT_SAMPLE: dict[str, dict[str, object]] = {
    "adapters": {"models.chat.lora": {"maxRank": 16, "adapters": {"support": "team/support", "v1.5": "team/sql"}}},
    "a draft": {
        "models.chat.model": "Qwen/Qwen3-8B",
        "models.chat.speculative": {"method": "eagle3", "tokens": 3, "model": "team/draft", "weightsGib": 0.5},
    },
    "SGLang": {"models.chat.engine": "sglang", "models.chat.kvOffload": {"gib": 40}},
    "one file": {"models.chat.model": "Qwen/Qwen3-8B-GGUF", "models.chat.engine": "llamacpp"},
    "vectors": {"models.chat.model": "Qwen/Qwen3-Embedding-0.6B"},
    "ranks": {
        "pools.gpu.instanceType": "PNV6.32XLARGE1280",
        "models.chat.model": "Qwen/Qwen3-30B-A3B",
        "models.chat.dataParallel": 4,
    },
}
"""What no sample shows, as changes of one."""
STOCK = SAMPLES | {
    name: replace(given, sections=apply_fix(given.sections, changes.items()))
    for given in (SAMPLES["Pulumi.dev.yaml"],)
    for name, changes in _WITHOUT_SAMPLE.items()
}
"""What all is made from."""

_CATALOG = load()
_REAL: dict[str, list[Any]] = {
    "instanceType": list(_CATALOG.machines),
    "gpuType": list(_CATALOG.super_gpus),
    "gpu": list(_CATALOG.gpus),
    "model": list(_CATALOG.models),
    "image": list(_CATALOG.images),
    "zone": ["ap-guangzhou-6", "ap-guangzhou-7", "ap-shanghai-5", "na-siliconvalley-2"],
    "version": ["1.30.0", "1.32.2", "1.34.1", "535", "550.90.07", "580.65.06"],
    "force": [["DRIVER_UNKNOWN"], ["PUBLIC_HTTP", "IMAGE_UNKNOWN"]],
    "extraArgs": [["--enforce-eager"], ["--max-num-seqs", "8"], ["--max_num_seqs=8"], ["--enable-prefix-caching"]],
}
"""Values that mean something, by the last key of their place."""

_NAMES = ("chat", "gpu", "team-a", "x")
_HOSTILE = (
    None,
    True,
    -1,
    0,
    10**12,
    10**400,
    0.5,
    float("nan"),
    float("inf"),
    "",
    " ",
    "kube-system",
    "webui",
    "0.0.0.0/1",
    "169.254.0.0/16",
    "$(VLLM_API_KEY)",
    "--api-ke=",
    "x:v1 --privileged",
    "http://[::1",
    "a=b",
    "Not A Name!",
    "a" * 5000,
    "\x1b[31m",
    "\u202e\x00",
    "模型",
    "sk-" + "a1B2" * 12,
    [],
    {},
    [[]],
    {"secure": "v1:abc"},
    ["0.0.0.0/1", "128.0.0.0/1"],
    {"a=b": "c"},
    {"enabled": True, "x": {"y": []}},
)


def stack_inputs(hostile: bool = False) -> st.SearchStrategy[StackInput]:
    """Sound stacks in which up to four places are changed: to what the schema allows there, or with `hostile` to
    anything. Of those that the schema allows, most are ready."""
    change = st.tuples(st.booleans() if hostile else st.just(False), st.integers(0, 2**32))
    return st.builds(_changed, st.sampled_from(sorted(STOCK)), st.lists(change, max_size=4))


def texts() -> st.SearchStrategy[str]:
    """The text of a sample, broken in up to six places; or no stack file at all."""
    edits = st.lists(st.tuples(st.integers(0, 60), st.sampled_from(_EDITS), st.sampled_from(_PIECES)), max_size=6)
    return st.builds(_edited, st.sampled_from(sorted(TEXTS)), edits) | st.text(max_size=200)


def places(sections: dict[str, Any]) -> Iterator[tuple[str, ValueKind]]:
    """Every place of the schema, with the names of this stack's pools and models where those stand."""
    yield from _below((), ValueKind(Settings), sections)


def _below(steps: tuple[Step, ...], kind: ValueKind, tree: object) -> Iterator[tuple[str, ValueKind]]:
    if steps:
        yield join(steps), kind
    if kind.is_section:
        for key, info in fields_of(kind.core).items():
            yield from _below((*steps, key), field_kind(info), tree.get(key) if isinstance(tree, dict) else None)
    elif kind.core is dict and kind_of(kind.args[1]).is_section and isinstance(tree, dict):
        for name, value in tree.items():
            yield from _below((*steps, name), kind_of(kind.args[1]), value)


def _changed(sample: str, changes: list[tuple[bool, int]]) -> StackInput:
    given = STOCK[sample]
    sections = deepcopy(given.sections)
    for hostile, number in changes:
        seed = Random(number)
        path, kind = seed.choice(list(places(sections)))
        value = seed.choice(_HOSTILE) if hostile else _value(path, kind, seed)
        sections = apply_fix(sections, [(path, value)])
    return replace(given, sections=sections)


def _value(path: str, kind: ValueKind, seed: Random) -> Any:
    """Something that is allowed there; None, which removes the key, once in a while."""
    real = _REAL.get(path.rpartition(".")[2])
    if real is not None and seed.random() < 0.8:
        return seed.choice(real)
    if kind.optional and seed.random() < 0.1:
        return None
    limits = kind.limits
    if kind.is_section:
        chosen = {
            key: _value(f"{path}.{key}", field_kind(info), seed)
            for key, info in fields_of(kind.core).items()
            if info.is_required() or seed.random() < 0.2
        }
        return {key: value for key, value in chosen.items() if value is not None}
    if kind.core is Literal:
        return seed.choice(kind.args)
    if kind.core is bool:
        return seed.random() < 0.5
    if kind.core in (int, float):
        step = limits.get("multiple_of", 1)
        least, most = limits.get("ge", 1), limits.get("le", 10_000)
        few = seed.randint(-(-least // step), max(-(-least // step), min(most, least + 8 * step) // step)) * step
        return few if seed.random() < 0.8 else seed.choice([least, most // step * step])
    if kind.core is IPv4Network:
        return seed.choice(["10.0.0.0/16", "192.168.4.0/24", "172.20.0.0/14", "198.51.100.7/32", "100.64.0.0/10"])
    if kind.core is dict:
        key = getattr(kind_of(kind.args[0]), "limits", {}).get("example")
        name = key if isinstance(key, str) and seed.random() < 0.5 else seed.choice(_NAMES)
        return {name: _value(f"{path}.{name}", kind_of(kind.args[1]), seed)}
    if kind.core is tuple:
        return [_value(f"{path}.item", kind_of(kind.args[0]), seed) for _ in range(seed.randint(0, 2))]
    return limits.get("example") or seed.choice([*_NAMES, "1.30", "ap-guangzhou-6", "some text"])


_EDITS = ("drop", "double", "indent", "insert", "swap", "cut")
_PIECES = (
    ":",
    "- ",
    "\t",
    "{",
    "}",
    "[",
    "&a ",
    "*a",
    "!!python/object:os.system ",
    "#",
    '"',
    "'",
    "\x00",
    "---\n",
    "<<: *a",
    "💥",
    "\r",
)


def _edited(name: str, edits: list[tuple[int, str, str]]) -> str:
    lines = TEXTS[name].splitlines(keepends=True)
    for place, edit, piece in edits:
        if not lines:
            break
        at = place % len(lines)
        if edit == "drop":
            del lines[at]
        elif edit == "double":
            lines.insert(at, lines[at])
        elif edit == "indent":
            lines[at] = " " * (place % 5) + lines[at].lstrip()
        elif edit == "insert":
            middle = place % max(1, len(lines[at]))
            lines[at] = lines[at][:middle] + piece + lines[at][middle:]
        elif edit == "swap":
            lines[at], lines[-1] = lines[-1], lines[at]
        else:
            lines = lines[: at + 1]
    return "".join(lines)
