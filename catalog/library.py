"""Models of Ollama's library: the tags of which the catalogue has a size, and sizes estimated for others of them."""

import re
from collections.abc import Iterator

from catalog.models import CatalogModel, LibraryFamily, Weights

BITS = {
    "q2_k": 3.35,
    "q3_k_s": 3.50,
    "q3_k_m": 3.91,
    "q3_k_l": 4.27,
    "q4_0": 4.55,
    "q4_1": 5.0,
    "q4_k_s": 4.58,
    "q4_k_m": 4.84,
    "q5_0": 5.5,
    "q5_1": 6.0,
    "q5_k_s": 5.52,
    "q5_k_m": 5.68,
    "q6_k": 6.56,
    "q8_0": 8.5,
    "fp16": 16.0,
    "bf16": 16.0,
}
"""Bits a weight of the files, by how a tag ends (llama.cpp, examples/quantize/README.md, Llama 2 7B; 4.5 and so on of
the formats with one scale for 32 weights, by their layout)."""
USUAL = "q4_k_m"
"""What a tag is that does not say."""

LATEST = "latest"

_ID = re.compile(r"(?P<family>[a-z0-9][a-z0-9.-]*):(?P<size>[a-z0-9.]+)(?P<more>-[a-z0-9._-]+)")


def ids(family: LibraryFamily) -> Iterator[str]:
    """The ids of a family's tags."""
    return (f"{family.name}:{tag}" for tag in family.tags)


def listed(model: CatalogModel, id_: str, gb: float) -> CatalogModel:
    """The model as the library has it under this id, in a file of so many GB (10**9 bytes)."""
    return _with_file(model, Weights(gib=gb * 1e9 / 2**30, ollama=id_))


def moving(base: CatalogModel, id_: str) -> CatalogModel:
    """The model under an id that stands for whatever is newest: in a file of the size that it had."""
    return _with_file(base, Weights(gib=base.weights["gguf"].gib, ollama=id_, verified=False))


def whole(id_: str) -> str:
    """An id with its tag, which is the newest where none is written."""
    return id_ if ":" in id_ else f"{id_}:{LATEST}"


def base_of(id_: str) -> str | None:
    """The id of the usual build of what a longer tag names: ``qwen3:8b`` of ``qwen3:8b-q8_0``."""
    found = _ID.fullmatch(id_.lower())
    return f"{found['family']}:{found['size']}" if found else None


def estimated(base: CatalogModel, id_: str) -> CatalogModel:
    """The model under a longer tag, whose size is that of the usual build by the bits that the tag names."""
    ends = id_.lower()
    bits = next((each for name, each in BITS.items() if ends.endswith(f"-{name}")), BITS[USUAL])
    usual = base.weights["gguf"].gib
    return _with_file(base, Weights(gib=usual * bits / BITS[USUAL], ollama=id_, verified=False, estimated=True))


def _with_file(model: CatalogModel, file: Weights) -> CatalogModel:
    return model.model_copy(update={"weights": {**model.weights, "gguf": file}})
