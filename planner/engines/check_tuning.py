"""Settings that tune an engine, held against what it and the image's release have."""

from collections.abc import Iterator

from pydantic.alias_generators import to_camel

from catalog.arguments import Release
from catalog.images import Image
from catalog.load import Catalog
from planner.engines import registry
from planner.engines import tuning_codes as codes
from planner.engines.engine import Engine
from settings.diagnostics import Diagnostic
from settings.models import Model

MOST_SEQUENCES, LEAST_BATCH = 1024, 2048
"""What vLLM takes at a time by itself, on large GPUs and on others (engine/arg_utils.py, `get_batch_defaults`)."""


def check_tuning(
    section: str, model: Model, flags: frozenset[str], release: Release | None, catalog: Catalog
) -> Iterator[Diagnostic]:
    """What the engine of the model in `section`, in a release that knows `flags`, does not have."""
    yield from _cache_type(section, model, flags, release)
    yield from _tuned(section, model, flags, release, catalog)
    yield from _offload(section, model)
    yield from _speculative_batch(section, model)


def _tuned(
    section: str, model: Model, flags: frozenset[str], release: Release | None, catalog: Catalog
) -> Iterator[Diagnostic]:
    """Settings that the engine, or the image's release of it, does not have."""
    engine = registry.find(model.engine)
    for setting in sorted(registry.tuned()):
        if getattr(model, setting) is None:
            continue
        path, key, flag = f"{section}.{to_camel(setting)}", to_camel(setting), engine.tunes.get(setting)
        if flag is None:
            others = [other.title for other in registry.every() if setting in other.tunes]
            yield codes.setting_not_for_engine(path, setting=key, title=engine.title, others=others)
        elif flag not in flags:
            own = model.image is not None
            yield codes.setting_not_in_image(
                path,
                setting=key,
                flag=flag,
                release=_name(release, engine),
                first=_first(engine, flag, catalog),
                image_path=f"{section}.image" if own else None,
            )


def _name(release: Release | None, engine: Engine) -> str:
    return f"{release.package} {release.version}" if release else engine.title


def _first(engine: Engine, flag: str, catalog: Catalog) -> str | None:
    """The oldest release on record that knows the option."""
    know = [image.tag for image in catalog.images if image.engine == engine.name and _knows(image, flag, catalog)]
    return know[-1] if know else None


def _knows(image: Image, flag: str, catalog: Catalog) -> bool:
    release = catalog.release(image)
    return release is not None and flag in release.knows


def _speculative_batch(section: str, model: Model) -> Iterator[Diagnostic]:
    """With LoRA adapters a step must have room for the speculative tokens of every request (vLLM 0.29.0,
    engine/arg_utils.py), whose own numbers are 8 tokens for each request (`get_batch_defaults`)."""
    asked, engine = model.speculative, registry.find(model.engine)
    if asked is None or model.lora is None or not engine.whole_batch:
        return
    sequences = model.max_num_seqs or MOST_SEQUENCES
    batch = model.max_num_batched_tokens or (sequences * 8 if model.max_num_seqs is None else LEAST_BATCH)
    least = sequences * (asked.tokens + 1)
    if batch < least:
        yield codes.batch_too_small(
            f"{section}.maxNumBatchedTokens", tokens=str(batch), least=least, given=str(batch), mended=least
        )


def _offload(section: str, model: Model) -> Iterator[Diagnostic]:
    engine = registry.find(model.engine)
    by = engine.offload.by
    if model.kv_offload is not None and by is not None and getattr(model, by) is False:
        yield codes.offload_without_prefixes(
            f"{section}.{to_camel(by)}", title=engine.title, offload_path=f"{section}.kvOffload"
        )


def _cache_type(section: str, model: Model, flags: frozenset[str], release: Release | None) -> Iterator[Diagnostic]:
    engine, asked = registry.find(model.engine), model.kv_cache_dtype
    types, flag = engine.cache.types, engine.cache.flag
    readable = [name for name in types if flag is None or f"{flag}={name}" in flags]
    if asked in (None, "auto", *readable):
        return
    small = asked not in ("bfloat16", "float16", "f16")
    alike = [name for name in readable if small is (types[name] < 2)]
    yield codes.kv_cache_dtype_unknown(
        f"{section}.kvCacheDtype",
        dtype=asked,
        release=_name(release, engine),
        readable=readable,
        near=alike[0] if alike and small else None,
    )
