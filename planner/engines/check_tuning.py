"""Settings that tune an engine, held against what it and the image's release have."""

from collections.abc import Iterator

from catalog.arguments import Release
from planner.engines import codes, registry
from settings.diagnostics import Diagnostic
from settings.models import Model


def check_tuning(section: str, model: Model, flags: frozenset[str], release: Release | None) -> Iterator[Diagnostic]:
    """What the engine of the model in `section`, in a release that knows `flags`, does not have."""
    yield from _cache_type(section, model, flags, release)


def _cache_type(section: str, model: Model, flags: frozenset[str], release: Release | None) -> Iterator[Diagnostic]:
    engine, asked = registry.find(model.engine), model.kv_cache_dtype
    flag = engine.cache_flag
    readable = [name for name in engine.cache_types if flag is None or f"{flag}={name}" in flags]
    if asked in (None, "auto", *readable):
        return
    small = asked not in ("bfloat16", "float16", "f16")
    alike = [name for name in readable if small is (engine.cache_types[name] < 2)]
    yield codes.kv_cache_dtype_unknown(
        f"{section}.kvCacheDtype",
        dtype=asked,
        release=f"{release.package} {release.version}" if release else engine.title,
        readable=readable,
        near=alike[0] if alike and small else None,
    )
