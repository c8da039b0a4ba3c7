"""Whether a GPU and an engine can keep a KV cache of the type that is asked for."""

from collections.abc import Iterator

from catalog.hardware import Gpu
from planner.engines.engine import CacheUse
from planner.engines.registry import find
from planner.model import cache_codes as codes
from planner.model.facts import ModelFacts
from settings.diagnostics import Diagnostic, softened


def check_cache(
    section: str, facts: ModelFacts, gpu: Gpu, *, engine: str, dtype: str, flags: frozenset[str], chosen: bool = False
) -> Iterator[Diagnostic]:
    """What stands against the `dtype` that `section` asks for the cache, in a release that knows `flags`.

    `chosen`: the user chose how attention is computed. A type that the engine lacks altogether is reported elsewhere.
    """
    known = find(engine)
    if dtype not in known.cache.types:
        return
    needed = _needed(facts, engine)
    if needed is not None and known.cache.types.get(needed) != known.cache.types[dtype]:
        yield codes.kv_cache_of_model(f"{section}.kvCacheDtype", model=facts.id, dtype=dtype, needed=needed)
        return
    use = CacheUse(
        dtype,
        flags,
        gpu.compute_capability,
        facts.mla,
        facts.format,
        facts.head_dim,
        frozenset(kind.name for kind in facts.attention),
        chosen,
    )
    runs = known.cache.runs(use)
    if runs:
        return
    found = codes.kv_cache_unsupported(
        f"{section}.kvCacheDtype",
        model=facts.id,
        dtype=dtype,
        title=known.title,
        gpu=gpu.name,
        capability=gpu.compute_capability,
        sure=runs is False,
    )
    yield found if runs is False else softened(found)


def _needed(facts: ModelFacts, engine: str) -> str | None:
    """The only type that the model's attention has in this engine; None: it has several."""
    flag = f"--{find(engine).cache.flag}"
    told = (each.argument for each in facts.arguments if each.engine == engine)
    return next((argument[1] for argument in told if argument[0] == flag), None)
