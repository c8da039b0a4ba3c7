"""What is wrong or doubtful about the engine image of a model: what it holds, and its release."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from catalog.images import Image, ImageVariant
from catalog.load import Catalog
from catalog.versions import release_in
from planner.engines.engine import Engine
from planner.engines.registry import every, find
from planner.images import codes
from planner.images.check_driver import check_driver, check_own_driver, check_stated_cuda
from planner.images.decide import Host, ImageChoice, engine_images, reference_of, runnable
from planner.images.reference import is_floating, split
from planner.images.tags import Floors, is_namesake
from settings.diagnostics import Diagnostic, blocking, softened
from settings.translation import tr


class ReleaseNeed(Protocol):
    """A model, as far as it needs an engine's release: `min_releases` and `last_releases` by engine, and whether
    somebody has read those."""

    @property
    def id(self) -> str: ...

    @property
    def min_releases(self) -> Mapping[str, str]: ...

    @property
    def last_releases(self) -> Mapping[str, str]: ...

    @property
    def releases_verified(self) -> bool: ...


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
    known = engine_images(engine, catalog)
    if choice is not None and choice.own:
        strange = _of_others(f"{section}.image", engine, choice.reference, catalog)
        yield from [strange] if strange else _own(section, needs, host, choice, known=known, cuda=cuda)
        return
    if cuda:
        yield codes.cuda_ignored(f"{section}.cuda", cuda=cuda)
    if choice is None:
        yield _unsupported(f"{section}.engine", engine, host)
        return
    entry = choice.entry
    yield from check_driver(section, host, choice, known)
    if entry is not known[0]:
        gpu = host.gpu.name if host.gpu else tr("this host")
        yield codes.legacy_engine(
            f"{section}.engine", engine=engine, tag=entry.tag, gpu=gpu, other=_undemanding().title
        )
    yield from _age(f"{section}.model", needs, engine, entry.tag, own=False)
    yield from _outlived(f"{section}.image", needs, entry.tag, host, known)


def _of_others(path: str, engine: str, image: str, catalog: Catalog) -> Diagnostic | None:
    """What is wrong with an image that holds another engine, or none, or is built for other hardware."""
    parts = split(image)
    others = [entry for entry in catalog.images if entry.engine != engine and is_namesake(parts, entry.repository)]
    mine = any(is_namesake(parts, entry.repository) for entry in engine_images(engine, catalog))
    if others and not mine:
        holds = find(others[0].engine).title if others[0].engine else parts.last
        return codes.image_of_another_engine(path, image=image, holds=holds, title=find(engine).title)
    if mine and parts.hardware is not None:
        return codes.image_for_other_hardware(path, image=image, hardware=parts.hardware)
    return None


def _unsupported(path: str, engine: str, host: Host) -> Diagnostic:
    gpu = host.gpu
    capability = (
        tr(
            "{name} has compute capability {compute_capability}",
            name=gpu.name,
            compute_capability=gpu.compute_capability,
        )
        if gpu
        else tr("the pool has no GPU")
    )
    known = find(engine)
    if known.least_compute is None:
        return codes.engine_unsupported_gpu(path, engine=engine, host=capability, other=_undemanding().title)
    others = [other for other in every() if other.least_compute is None]
    return codes.sglang_needs_ampere(
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
        yield from _fits_host(section, choice, choice.variant, host, known)
        yield from _age(path, needs, engine, choice.entry.tag, own=True)
        yield from _outlived(path, needs, choice.entry.tag, host, known)
        return
    if not floating:
        listed = choice.floors is not None and choice.floors.listed and not choice.floors.namesake
        older = choice.older.tag if choice.older else None
        yield codes.image_unknown(path, image=choice.reference, older=older, listed=listed)
    if cuda is not None:
        yield from check_stated_cuda(section, cuda, host, known)
    elif choice.floors is None and host.gpu is not None and choice.older and any(v.cuda for v in choice.older.variants):
        yield codes.cuda_not_stated(f"{section}.cuda", image=choice.reference)
    if choice.floors is not None:
        yield from _by_floors(section, choice, choice.floors, host, known, cuda=cuda)
    if release_in(parts.tag) is not None:
        yield from _age(path, needs, engine, parts.tag, own=True)
        yield from _outlived(path, needs, parts.tag, host, known)


def _by_floors(
    section: str, choice: ImageChoice, floors: Floors, host: Host, known: Sequence[Image], *, cuda: str | None
) -> Iterator[Diagnostic]:
    """What the tags beside an unknown one say of it: surely where they agree, else perhaps. Its CUDA may be stated."""
    unsaid: dict[str, object] = {"min_driver": None, "older_gpus": None, "branches": ()} if cuda is not None else {}
    sure, perhaps = (build.model_copy(update=unsaid) for build in (floors.sure, floors.perhaps))
    found = [*_fits_host(section, choice, sure, host, known, beside=floors.beside)]
    if not blocking(found):
        more = _fits_host(section, choice, perhaps, host, known, beside=floors.beside)
        found += [softened(each) for each in more if each.code not in {known.code for known in found}]
    yield from map(softened, found) if floors.namesake else found


def _fits_host(
    section: str,
    choice: ImageChoice,
    variant: ImageVariant,
    host: Host,
    known: Sequence[Image],
    *,
    beside: tuple[str, ...] = (),
) -> Iterator[Diagnostic]:
    """What a build asks for that the host has not; `beside` are the published tags by which that is known."""
    gpu = host.gpu
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
            beside=beside,
        )
    yield from check_own_driver(section, choice, variant, host, known, beside=beside)


def _outlived(path: str, needs: ReleaseNeed, tag: str, host: Host, known: Sequence[Image]) -> Iterator[Diagnostic]:
    """Whether the release has given the model's architecture up. `known` are the engine's images."""
    engine = known[0].engine or ""
    last, has = release_in(needs.last_releases.get(engine, "")), release_in(tag)
    if last is None or has is None or has <= last:
        return
    older = (entry for entry in known if (release := release_in(entry.tag)) is not None and release <= last)
    builds = ((entry, runnable(entry, host.gpu)) for entry in older)
    entry, variants = next((found for found in builds if found[1]), (None, []))
    image = reference_of(entry, min(variants, key=lambda v: v.min_driver or 0)) if entry else None
    yield codes.engine_too_new(path, engine=engine, tag=tag, model=needs.id, last=str(last), image=image)


def _age(path: str, needs: ReleaseNeed, engine: str, tag: str, *, own: bool) -> Iterator[Diagnostic]:
    """Whether the release knows the model's architecture."""
    least = needs.min_releases.get(engine)
    has, wanted = release_in(tag), release_in(least or "")
    if least is not None and has is not None and wanted is not None and has < wanted:
        yield codes.engine_too_old(
            path, engine=engine, tag=tag, model=needs.id, least=least, own=own, verified=needs.releases_verified
        )
