"""Whether the driver of the nodes serves the CUDA of an image, as far as either is known."""

from collections.abc import Iterable, Iterator, Sequence

from catalog.images import Image, ImageVariant
from planner.images import driver_codes as codes
from planner.images.decide import Host, ImageChoice, for_driver, reference_of, runnable, serves
from planner.images.tags import series
from settings.diagnostics import Diagnostic

SWITCHED_ON = ("1", "true")
"""What vLLM takes for yes (vllm/env_override.py)."""


def check_driver(section: str, host: Host, choice: ImageChoice, known: Sequence[Image]) -> Iterator[Diagnostic]:
    """Whether the driver serves the build that was chosen for the model described in `section`; `known` are the
    engine's images."""
    variant, variants = choice.variant, runnable(choice.entry, host.gpu)
    if host.gpu is None or variant is None or all(v.min_driver is None for v in variants):
        return
    if host.driver is None:
        yield _driver_unknown(section, host, variants, variant, undemanding=True)
    elif not serves(variant, host):
        yield _driver_below(section, host, variant, known, own=False)


def check_own_driver(
    section: str,
    choice: ImageChoice,
    variant: ImageVariant,
    host: Host,
    known: Sequence[Image],
    *,
    beside: tuple[str, ...],
) -> Iterator[Diagnostic]:
    """Whether the driver serves this build of an image that the stack file names. `beside` are the published tags by
    which the build is known, where it is not the image's own."""
    entry = choice.entry
    if variant.min_driver is None:
        return
    if host.driver is None:
        others = [v for v in runnable(entry, host.gpu) if v.min_driver is not None]
        undemanding = min(others, key=lambda v: v.min_driver or 0, default=variant)
        better = reference_of(entry, undemanding) if undemanding is not variant and not beside else None
        least = (host.needs(variant) or 0) <= (host.needs(undemanding) or 0)
        yield _driver_unknown(section, host, [*others, variant], variant, better=better, undemanding=least)
    elif not serves(variant, host):
        yield _driver_below(section, host, variant, known, own=True)


def check_stated_cuda(section: str, cuda: str, host: Host, known: Sequence[Image]) -> Iterator[Diagnostic]:
    """Judge an own image's CUDA by the driver floors of the catalogue's images with the same CUDA, or its series."""
    variants = [v for entry in known for v in entry.variants if v.cuda and v.min_driver is not None]
    same = [v for v in variants if v.cuda == cuda] or [v for v in variants if series(v.cuda) == series(cuda)]
    if host.gpu is None or not same:
        return
    floor = min(same, key=lambda v: v.min_driver or 0)
    if host.driver is None:
        yield _driver_unknown(section, host, same, floor)
    elif not serves(floor, host):
        yield _driver_below(section, host, floor, known, own=True)


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
        driver=host.needs(chosen),
        documented=host.documented,
        newest=(newest.cuda, newest.min_driver) if newest is not chosen else None,
        image_path=f"{section}.image",
        better=better,
        # Nobody can look at the driver of a node that is not made yet, and this build serves nearly any.
        sound=undemanding and not host.there and host.documented is None,
    )


def _driver_below(section: str, host: Host, build: ImageVariant, known: Sequence[Image], *, own: bool) -> Diagnostic:
    """The driver is older than what the build asks for, by a figure that somebody has verified or nobody has; or the
    image's own libraries may help, where it is told to use them."""
    floor, variable = host.needs(build), build.compat_env
    if (floor or 0) <= (host.driver or 0):
        return _branch_refused(section, host, build, known, own=own)
    bridged = host.driver in build.compat_drivers
    asked = variable is None or host.variables.get(variable, "").lower() in SWITCHED_ON
    if not build.verified or (bridged and asked):
        return codes.driver_may_be_too_old(
            host.driver_path, cuda=build.cuda, floor=floor, driver=host.driver, bridged=bridged and asked
        )
    image, planned = f"{section}.image", next((entry for entry in known if runnable(entry, host.gpu)), None)
    served = _served(known, host)
    return codes.driver_too_old(
        image if own else host.driver_path,
        cuda=build.cuda,
        floor=floor,
        driver=host.driver,
        instead=served and reference_of(*served),
        by_default=own and served is not None and served[0] is planned,
        image_path=image,
        bridge=f"{section}.env.{variable}" if bridged else None,
    )


def _branch_refused(section: str, host: Host, build: ImageVariant, known: Sequence[Image], *, own: bool) -> Diagnostic:
    """The driver is new enough by its number, and of a branch that the image does not name."""
    served = _served(known, host)
    return codes.driver_branch_refused(
        f"{section}.image" if own else host.driver_path,
        cuda=build.cuda,
        driver=host.driver,
        branches=build.branches,
        instead=served and reference_of(*served),
        image_path=f"{section}.image",
        verified=build.verified,
    )


def _served(known: Iterable[Image], host: Host) -> tuple[Image, ImageVariant] | None:
    """The newest build that runs on the GPU with the driver that there is."""
    for entry in known:
        builds = [v for v in runnable(entry, host.gpu) if v.min_driver is not None and serves(v, host)]
        if builds:
            return entry, for_driver(builds, host)
    return None
