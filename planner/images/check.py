"""What is wrong or doubtful about the engine image of a model: its release, its CUDA and the host's driver."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from catalog.load import Catalog
from catalog.types import Image, ImageVariant
from catalog.versions import release_in
from planner.engines.engine import Engine
from planner.engines.registry import every, find
from planner.images import codes
from planner.images.decide import Host, ImageChoice, engine_images, reference_of, runnable
from planner.images.reference import is_floating, split
from settings.diagnostics import Diagnostic


class ReleaseNeed(Protocol):
    """A model, as far as it needs an engine's release: `min_releases` by engine, and whether they are verified."""

    @property
    def id(self) -> str: ...

    @property
    def min_releases(self) -> Mapping[str, str]: ...

    @property
    def verified(self) -> bool: ...


def check_image(
    section: str,
    needs: ReleaseNeed,
    engine: str,
    host: Host,
    choice: ImageChoice | None,
    *,
    catalog: Catalog,
    cuda: str | None = None,
) -> Iterator[Diagnostic]:
    """What stands against the image that was chosen for the model described in `section`, which `needs` a release.
    `cuda` is what the stack file says is inside an image of its own."""
    if choice is not None and choice.own:
        yield from _own(section, needs, host, choice, known=engine_images(engine, catalog), cuda=cuda)
        return
    if cuda:
        yield codes.cuda_ignored(f"{section}.cuda", cuda=cuda)
    if choice is None:
        yield _unsupported(f"{section}.engine", engine, host)
        return
    known, entry = engine_images(engine, catalog), choice.entry
    yield from _driver(section, host, choice, known)
    if entry is not known[0]:
        gpu = host.gpu.name if host.gpu else "this host"
        yield codes.legacy_engine(
            f"{section}.engine", engine=engine, tag=entry.tag, gpu=gpu, other=_undemanding().title
        )
    yield from _age(f"{section}.model", needs, engine, entry.tag, own=False)


def _unsupported(path: str, engine: str, host: Host) -> Diagnostic:
    gpu = host.gpu
    capability = f"{gpu.name} has compute capability {gpu.compute_capability}" if gpu else "the pool has no GPU"
    known = find(engine)
    if known.least_compute is None:
        return codes.engine_unsupported_gpu(path, engine=engine, host=capability, other=_undemanding().title)
    others = [other for other in every() if other.least_compute is None]
    return codes.sglang_needs_turing(
        path,
        engine=engine,
        title=known.title,
        least=known.least_compute,
        host=capability,
        other=others[0].title,
        able=[other.name for other in others],
    )


def _undemanding() -> Engine:
    """The engine that runs wherever the others do not."""
    return next(engine for engine in every() if engine.on_cpu)


def _driver(section: str, host: Host, choice: ImageChoice, known: Iterable[Image]) -> Iterator[Diagnostic]:
    variant, variants = choice.variant, runnable(choice.entry, host.gpu)
    if host.gpu is None or variant is None or all(v.min_driver is None for v in variants):
        return
    if host.driver is None:
        yield _driver_unknown(section, host, variants, variant, undemanding=True)
    elif variant.min_driver is not None and variant.min_driver > host.driver:
        older = next(
            (
                reference_of(entry, v)
                for entry in known
                if entry is not choice.entry
                for v in runnable(entry, host.gpu)
                if v.min_driver is not None and v.min_driver <= host.driver
            ),
            None,
        )
        yield _driver_below(section, host, variant, older=older, own=False)


def _own(
    section: str,
    needs: ReleaseNeed,
    host: Host,
    choice: ImageChoice,
    *,
    known: Sequence[Image],
    cuda: str | None,
) -> Iterator[Diagnostic]:
    """What stands against an image that the stack file names."""
    path, parts, engine = f"{section}.image", split(choice.reference), known[0].engine or ""
    floating = is_floating(choice.reference)
    if floating:
        pinned = reference_of(known[0], next(iter(known[0].variants), ImageVariant()))
        yield codes.image_floating(path, image=choice.reference, pinned=pinned)
    if choice.variant is not None:
        yield from _fits_host(section, choice, choice.variant, host)
        yield from _age(path, needs, engine, choice.entry.tag, own=True)
        return
    if not floating:
        yield codes.image_unknown(path, image=choice.reference, older=choice.older.tag if choice.older else None)
    if cuda is not None:
        yield from _cuda_against_driver(section, cuda, host, known)
    elif host.gpu is not None and choice.older is not None and any(v.cuda for v in choice.older.variants):
        yield codes.cuda_not_stated(f"{section}.cuda", image=choice.reference)
    if release_in(parts.tag) is not None:
        yield from _age(path, needs, engine, parts.tag, own=True)


def _fits_host(section: str, choice: ImageChoice, variant: ImageVariant, host: Host) -> Iterator[Diagnostic]:
    gpu, entry = host.gpu, choice.entry
    if gpu is None:
        return
    if variant.min_compute is not None and gpu.compute_capability < variant.min_compute:
        yield codes.image_drops_gpu(
            f"{section}.image",
            image=choice.reference,
            gpu=gpu.name,
            capability=gpu.compute_capability,
            least=variant.min_compute,
            verified=variant.verified,
        )
    if variant.min_driver is None:
        return
    if host.driver is None:
        others = [v for v in runnable(entry, gpu) if v.min_driver is not None]
        undemanding = min(others, key=lambda v: v.min_driver or 0, default=variant)
        better = reference_of(entry, undemanding) if undemanding is not variant else None
        found = [*others, variant]
        yield _driver_unknown(section, host, found, variant, better=better, undemanding=better is None)
    elif host.driver < variant.min_driver:
        yield _driver_below(section, host, variant, older=None, own=True)


def _cuda_against_driver(section: str, cuda: str, host: Host, known: Iterable[Image]) -> Iterator[Diagnostic]:
    """Judge an own image's CUDA by the driver floors of the catalogue's images with the same CUDA, or its series."""
    variants = [v for entry in known for v in entry.variants if v.cuda and v.min_driver is not None]
    same = [v for v in variants if v.cuda == cuda] or [v for v in variants if _series(v.cuda) == _series(cuda)]
    if host.gpu is None or not same:
        return
    floor = min(same, key=lambda v: v.min_driver or 0)
    if host.driver is None:
        yield _driver_unknown(section, host, same, floor)
    elif host.driver < (floor.min_driver or 0):
        yield _driver_below(section, host, floor, older=None, own=True)


def _series(cuda: str | None) -> str:
    return (cuda or "").partition(".")[0]


def _age(path: str, needs: ReleaseNeed, engine: str, tag: str, *, own: bool) -> Iterator[Diagnostic]:
    """Whether the release knows the model's architecture."""
    least = needs.min_releases.get(engine)
    has, wanted = release_in(tag), release_in(least or "")
    if least is not None and has is not None and wanted is not None and has < wanted:
        yield codes.engine_too_old(
            path, engine=engine, tag=tag, model=needs.id, least=least, own=own, verified=needs.verified
        )


def _driver_unknown(
    section: str,
    host: Host,
    variants: list[ImageVariant],
    chosen: ImageVariant,
    *,
    better: str | None = None,
    undemanding: bool = False,
) -> Diagnostic:
    """`undemanding`: no build of the release asks for an older driver than the one that was chosen."""
    newest = max(variants, key=lambda v: v.min_driver or 0)
    return codes.driver_unknown(
        host.driver_path,
        gpu=host.gpu.name if host.gpu else "these",
        cuda=chosen.cuda,
        driver=chosen.min_driver,
        documented=host.documented,
        newest=(newest.cuda, newest.min_driver) if newest is not chosen else None,
        image_path=f"{section}.image",
        better=better,
        # Nobody can look at the driver of a node that is not made yet, and this build serves nearly any.
        sound=undemanding and not host.there and host.documented is None,
    )


def _driver_below(section: str, host: Host, variant: ImageVariant, *, older: str | None, own: bool) -> Diagnostic:
    """The driver is older than what the build asks for, by a figure that somebody has verified or nobody has."""
    if not variant.verified:
        return codes.driver_may_be_too_old(
            host.driver_path, cuda=variant.cuda, floor=variant.min_driver, driver=host.driver
        )
    image = f"{section}.image"
    return codes.driver_too_old(
        image if own else host.driver_path,
        cuda=variant.cuda,
        floor=variant.min_driver,
        driver=host.driver,
        older=older,
        own=own,
        image_path=image,
    )
