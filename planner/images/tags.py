"""What a tag asks of its host though it is not pinned in the catalogue: the published ones beside it say so."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from catalog.images import Image, ImageVariant
from catalog.load import Catalog
from catalog.versions import release_in
from planner.images.reference import Reference, split

Dated = tuple[Version, str, tuple[ImageVariant, ...]]
"""A release, its tag and its builds."""


@dataclass(frozen=True)
class Floors:
    """What an image asks for: `sure` at the least, `perhaps` at the most. `beside` are the tags by which that is known,
    the tag's own release where it was published (`listed`). `namesake`: the repository is only called like the engine,
    so that anybody may have built what is in it."""

    sure: ImageVariant
    perhaps: ImageVariant
    beside: tuple[str, ...]
    listed: bool
    namesake: bool


def is_copy(parts: Reference, repository: str, engine: str | None) -> bool:
    """Whether a reference names a known repository, behind a mirror or copied into another registry.

    A repository that is called like the engine itself (``me/ollama``) may hold anything under that name.
    """
    known = split(repository)
    return parts.name == known.name or (parts.last == known.last and parts.last != engine)


def is_namesake(parts: Reference, repository: str) -> bool:
    """Whether a reference is called like a known repository, or is it."""
    return parts.last == split(repository).last


def floors(parts: Reference, known: Sequence[Image], catalog: Catalog) -> Floors | None:
    """What an image of a known repository asks for; None where its repository or its release says nothing of that."""
    mine = [entry for entry in known if is_namesake(parts, entry.repository)]
    release = release_in(parts.tag)
    if not mine or release is None:
        return None
    dated = sorted(_dated(mine, catalog), key=lambda each: each[0])
    same = [each for each in dated if each[0] == release]
    below = [each for each in dated if each[0] < release][-1:]
    above = [each for each in dated if each[0] > release][:1]
    if not same and not below:
        return None
    beside = same or [*below, *above]
    builds = [_build(each[2], parts.cuda, dated) for each in beside]
    return Floors(
        sure=_joined(builds, min),
        perhaps=_joined(builds, max),
        beside=tuple(each[1] for each in beside),
        listed=bool(same),
        namesake=not any(is_copy(parts, entry.repository, entry.engine) for entry in mine),
    )


def _dated(known: Iterable[Image], catalog: Catalog) -> Iterator[Dated]:
    pinned = {entry.tag: entry.variants for entry in known}
    for tag, variants in pinned.items():
        release = release_in(tag)
        if release is not None:
            yield release, tag, variants
    for repository in {entry.repository for entry in known}:
        more = catalog.image_tags.get(repository)
        for line in more.lines if more else ():
            for tag in line.tags:
                release = release_in(tag)
                if release is not None:
                    yield release, tag, pinned[line.like] if line.like else line.builds


def _build(variants: Sequence[ImageVariant], cuda: str | None, dated: Iterable[Dated]) -> ImageVariant:
    """The build with this CUDA; where there is none, what any build with such a CUDA needs of the driver. The one
    without a suffix where the tag names no CUDA."""
    plain = next((each for each in variants if not each.suffix), variants[0])
    if cuda is None:
        return plain
    like = [each for each in variants if each.cuda == cuda]
    like += [each for _, _, others in dated for each in others if series(each.cuda) == series(cuda)]
    facts = like[0].model_dump() if like else {"verified": False}
    return ImageVariant.model_validate({**facts, "cuda": cuda, "min_compute": plain.min_compute})


def series(cuda: str | None) -> str:
    """The series of a CUDA: 12 of 12.9."""
    return (cuda or "").partition(".")[0]


def _joined(builds: Sequence[ImageVariant], pick: Callable[..., ImageVariant]) -> ImageVariant:
    """The build that asks least of the driver, or most, with the lowest or the highest compute capability of all."""
    chosen = pick(builds, key=lambda each: each.min_driver or 0)
    compute = pick(builds, key=lambda each: each.min_compute or 0).min_compute
    return chosen.model_copy(update={"min_compute": compute})
