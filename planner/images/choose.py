"""The engine image of a model: by GPU, driver, CUDA and the release that knows the model.

A reference is ``[registry/]repository[:tag][@digest]``; a version is compared as its numbers, so that
``v0.8.5.post1-cu129`` follows ``v0.8.5``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from catalog.arguments import Release
from catalog.load import Catalog
from catalog.types import Gpu, Image, ImageVariant
from planner.diagnostics.finding import Finding
from planner.engines.engine import Engine
from planner.engines.registry import every, find
from planner.images.tags import names_release
from planner.model.facts import ModelFacts

_VERSION = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:\.post(\d+))?")


@dataclass(frozen=True)
class Reference:
    """The parts of an image reference. `repository` holds the registry; `tag` and `digest` are "" where absent."""

    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The last two parts of the path, which a mirror keeps: ``vllm/vllm-openai``."""
        return "/".join(self.repository.split("/")[-2:])


@dataclass(frozen=True)
class Host:
    """Where the image must run. `driver` is the stated branch (550), None where nobody stated one.

    `driver_setting` is the path, from the top of the stack file, under which the driver is stated. `documented` is what
    the vendor's documents say of it, which nobody has verified.
    """

    gpu: Gpu | None
    driver: int | None
    driver_setting: str
    documented: str | None = None


@dataclass(frozen=True)
class ImageChoice:
    """An image and what is known of it.

    `release` is what its engine's parser takes, or that of the nearest release where nobody recorded the image's own;
    `flags` are that release's options, and what else changed with it.
    """

    reference: str
    flags: frozenset[str]
    release: Release | None
    utilization: float
    user: int | None
    because: str


def split(reference: str) -> Reference:
    """Take a reference apart. A colon before the last slash belongs to the registry's port."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return Reference(head + slash + last, tag, digest)


def version(tag: str) -> tuple[int, ...] | None:
    """(major, minor, patch, post) of a tag; None where it is no version."""
    found = _VERSION.match(tag)
    return tuple(int(part or 0) for part in found.groups()) if found else None


def choose(
    facts: ModelFacts, engine: str, host: Host, catalog: Catalog, *, image: str | None = None, cuda: str | None = None
) -> tuple[ImageChoice | None, tuple[Finding, ...]]:
    """The image for a model on a host, with what is wrong or doubtful about it.

    `image` is the stack file's own, `cuda` the version inside it. The choice is None only where no image of the engine
    runs on the GPU at all; beside an error it is what to use where the user insists.
    """
    known = tuple(entry for entry in catalog.images if entry.engine == engine)
    if image is not None:
        return _given(facts, host, catalog, known, image=image, cuda=cuda)
    findings = [_cuda_ignored(cuda)] if cuda else []
    usable = [(entry, _runnable(entry, host.gpu)) for entry in known]
    usable = [(entry, variants) for entry, variants in usable if variants]
    if not usable:
        return None, (*findings, _unsupported(engine, host))
    entry, variants = usable[0]
    variant, about_driver = _by_driver(entry, variants, host, usable)
    findings += about_driver
    if entry is not known[0]:
        findings.append(_legacy(entry, host))
    choice = _choice(entry, variant, catalog, _why(entry, variant, host))
    findings += _age(facts, engine, entry.tag, own=False)
    return choice, tuple(findings)


def _runnable(entry: Image, gpu: Gpu | None) -> list[ImageVariant]:
    variants = list(entry.variants) or [ImageVariant()]
    if gpu is None:
        return variants
    return [v for v in variants if v.min_compute is None or v.min_compute <= gpu.compute_capability]


def _reference(entry: Image, variant: ImageVariant) -> str:
    return f"{entry.repository}:{entry.tag}{variant.suffix}"


def _flags(entry: Image, release: Release | None) -> frozenset[str]:
    return frozenset(entry.flags) | (release.knows if release else frozenset())


def _choice(entry: Image, variant: ImageVariant, catalog: Catalog, because: str) -> ImageChoice:
    release = catalog.release(entry)
    return ImageChoice(
        reference=_reference(entry, variant),
        flags=_flags(entry, release),
        release=release,
        utilization=entry.default_gpu_memory_utilization or find(entry.engine or "").default_utilization,
        user=entry.user,
        because=because,
    )


def _why(entry: Image, variant: ImageVariant, host: Host) -> str:
    cuda = f"CUDA {variant.cuda}" if variant.cuda else "any CUDA"
    if host.gpu is None:
        return f"the catalogue's {entry.engine} release; there is no GPU"
    driver = f"driver {host.driver}" if host.driver else "a driver that nobody stated"
    return f"{cuda}, for {host.gpu.name} (compute capability {host.gpu.compute_capability}) and {driver}"


def _by_driver(
    entry: Image, variants: list[ImageVariant], host: Host, usable: list[tuple[Image, list[ImageVariant]]]
) -> tuple[ImageVariant, list[Finding]]:
    """The variant for the driver: the newest CUDA that it surely runs; where it is unknown, the least demanding."""
    undemanding = min(variants, key=lambda v: v.min_driver or 0)
    if host.gpu is None or all(v.min_driver is None for v in variants):
        return undemanding, []
    if host.driver is None:
        return undemanding, [_driver_unknown(host, variants, undemanding)]
    fitting = [v for v in variants if v.min_driver is None or v.min_driver <= host.driver]
    if fitting:
        return max(fitting, key=lambda v: v.min_driver or 0), []
    if not undemanding.verified:
        return undemanding, [_driver_doubtful(host, undemanding)]
    older = next(
        (
            _reference(candidate, v)
            for candidate, its_variants in usable
            if candidate is not entry
            for v in its_variants
            if v.min_driver is not None and v.min_driver <= host.driver
        ),
        None,
    )
    return undemanding, [_driver_too_old(host, undemanding, older)]


def _given(
    facts: ModelFacts, host: Host, catalog: Catalog, known: tuple[Image, ...], *, image: str, cuda: str | None
) -> tuple[ImageChoice, tuple[Finding, ...]]:
    parts = split(image)
    engine = known[0].engine or ""
    findings: list[Finding] = []
    if not parts.digest and not names_release(parts.tag):
        findings.append(_floating(image, known))
    match = _match(parts, known)
    if match is not None:
        entry, variant = match
        findings += _fits_host(entry, variant, host, image)
        findings += _age(facts, engine, entry.tag, own=True)
        choice = _choice(entry, variant, catalog, "named in the stack file")
        return replace(choice, reference=image), tuple(findings)
    release = version(parts.tag)
    older = _nearest_older(release, known)
    if not findings:
        findings.append(_unknown(image, older))
    if cuda is not None:
        findings += _cuda_against_driver(cuda, host, known)
    elif host.gpu is not None and older is not None and any(v.cuda for v in older.variants):
        findings.append(_driver_unchecked(image))
    if release is not None:
        findings += _age(facts, engine, parts.tag, own=True)
    nearest = older or known[0]
    alike = (older,) if older else known
    flags = frozenset.intersection(*(_flags(entry, catalog.release(entry)) for entry in alike))
    return (
        ImageChoice(
            reference=image,
            flags=flags,
            release=catalog.release(nearest),
            utilization=(older.default_gpu_memory_utilization if older else None) or find(engine).default_utilization,
            user=nearest.user,
            because="named in the stack file",
        ),
        tuple(findings),
    )


def _match(parts: Reference, known: Iterable[Image]) -> tuple[Image, ImageVariant] | None:
    for entry in known:
        if split(entry.repository).name == parts.name:
            for variant in entry.variants or (ImageVariant(),):
                if f"{entry.tag}{variant.suffix}" == parts.tag:
                    return entry, variant
    return None


def _nearest_older(release: tuple[int, ...] | None, known: Iterable[Image]) -> Image | None:
    """The newest known release that is not newer; the oldest known where all are; None for a tag without version."""
    if release is None:
        return None
    dated = sorted(((v, entry) for entry in known if (v := version(entry.tag))), key=lambda pair: pair[0])
    older = [entry for v, entry in dated if v <= release]
    return older[-1] if older else dated[0][1] if dated else None


def _fits_host(entry: Image, variant: ImageVariant, host: Host, image: str) -> list[Finding]:
    gpu = host.gpu
    if gpu is None:
        return []
    findings: list[Finding] = []
    if variant.min_compute is not None and gpu.compute_capability < variant.min_compute:
        findings.append(
            Finding(
                severity="error" if variant.verified else "warning",
                code="IMAGE_DROPS_GPU",
                setting="image",
                message=f"{image} has no kernels for {gpu.name} (compute capability {gpu.compute_capability}).",
                remedy="Leave image out: the planner then takes the newest release that still has them.",
                given=image,
                allowed=f"compute capability {variant.min_compute} or newer",
                fix=(("image", None),),
            )
        )
    if variant.min_driver is None:
        return findings
    if host.driver is None:
        others = [v for v in _runnable(entry, gpu) if v.min_driver is not None]
        undemanding = min(others, key=lambda v: v.min_driver or 0, default=variant)
        findings.append(_driver_unknown(host, [*others, variant], variant, better=undemanding, entry=entry))
    elif host.driver < variant.min_driver:
        findings.append(
            _driver_too_old(host, variant, None, own=True) if variant.verified else _driver_doubtful(host, variant)
        )
    return findings


def _cuda_against_driver(cuda: str, host: Host, known: Iterable[Image]) -> list[Finding]:
    """Judge an own image's CUDA by the driver floors of the catalogue's images with the same CUDA, or its series."""
    variants = [v for entry in known for v in entry.variants if v.cuda and v.min_driver is not None]
    same = [v for v in variants if v.cuda == cuda] or [v for v in variants if _series(v.cuda) == _series(cuda)]
    if host.gpu is None or not same:
        return []
    floor = min(same, key=lambda v: v.min_driver or 0)
    if host.driver is None:
        return [_driver_unknown(host, same, floor)]
    if host.driver >= (floor.min_driver or 0):
        return []
    return [_driver_too_old(host, floor, None, own=True) if floor.verified else _driver_doubtful(host, floor)]


def _series(cuda: str | None) -> str:
    return (cuda or "").partition(".")[0]


def _age(facts: ModelFacts, engine: str, tag: str, *, own: bool) -> list[Finding]:
    """Whether the release knows the model's architecture."""
    least = {"vllm": facts.min_vllm, "sglang": facts.min_sglang}.get(engine)
    has, needs = version(tag), version(least or "")
    if has is None or needs is None or has >= needs:
        return []
    return [
        Finding(
            severity="error" if facts.verified else "warning",
            code="ENGINE_TOO_OLD",
            setting="image" if own else "model",
            message=f"{engine} {tag} does not know {facts.id}, which needs {least} or newer.",
            remedy="Leave image out." if own else "Use a newer GPU, or an older model.",
            given=tag,
            allowed=f"{least} or newer",
            fix=(("image", None),) if own else (),
        )
    ]


def _unsupported(engine: str, host: Host) -> Finding:
    gpu = host.gpu
    capability = f"{gpu.name} has compute capability {gpu.compute_capability}" if gpu else "the pool has no GPU"
    known = find(engine)
    if known.least_compute is not None:
        others = [other for other in every() if other.least_compute is None]
        return Finding(
            severity="error",
            code="SGLANG_NEEDS_TURING",
            setting="engine",
            message=f"{known.title} needs compute capability {known.least_compute}; {capability}.",
            remedy=f"Use {others[0].title}, or another GPU.",
            given=engine,
            allowed=", ".join(other.name for other in others),
        )
    return Finding(
        severity="error",
        code="ENGINE_UNSUPPORTED_GPU",
        setting="engine",
        message=f"No release of {engine} runs here: {capability}.",
        remedy=f"Use {_undemanding().title}, or another GPU.",
        given=engine,
        allowed="an engine that supports the GPU",
    )


def _undemanding() -> Engine:
    """The engine that runs wherever the others do not."""
    return next(engine for engine in every() if engine.on_cpu)


def _driver_unknown(
    host: Host,
    variants: list[ImageVariant],
    chosen: ImageVariant,
    *,
    better: ImageVariant | None = None,
    entry: Image | None = None,
) -> Finding:
    newest = max(variants, key=lambda v: v.min_driver or 0)
    gpu = host.gpu.name if host.gpu else "these"
    change = better is not None and entry is not None and better is not chosen
    return Finding(
        severity="warning",
        code="DRIVER_UNKNOWN",
        setting=f"/{host.driver_setting}",
        message=f"Nobody stated the NVIDIA driver of the {gpu} nodes; an image with CUDA {chosen.cuda} was taken, "
        f"which needs driver {chosen.min_driver} or newer."
        + (f" The vendor documents {host.documented}, which may be out of date." if host.documented else ""),
        remedy="State the driver that nvidia-smi shows on such a node"
        + (f"; from {newest.min_driver} on the CUDA {newest.cuda} image serves." if newest is not chosen else "."),
        allowed="a driver version such as 580.65.06",
        fix=(("image", _reference(entry, better)),) if change and entry and better else (),
    )


def _driver_too_old(host: Host, variant: ImageVariant, older: str | None, *, own: bool = False) -> Finding:
    floor = variant.min_driver
    if own:
        remedy, fix = "Leave image out, or use a build for an older CUDA.", (("image", None),)
    elif older:
        remedy, fix = f"Use {older}, or update the driver to {floor}.", (("image", older),)
    else:
        remedy, fix = f"Update the driver to {floor}.", ((f"/{host.driver_setting}", str(floor)),)
    return Finding(
        severity="error",
        code="DRIVER_TOO_OLD",
        setting="image" if own else f"/{host.driver_setting}",
        message=f"An image with CUDA {variant.cuda} needs driver {floor} or newer; the pool states {host.driver}.",
        remedy=remedy,
        given=str(host.driver),
        allowed=f"{floor} or newer",
        fix=fix,
    )


def _driver_doubtful(host: Host, variant: ImageVariant) -> Finding:
    return Finding(
        severity="warning",
        code="DRIVER_MAY_BE_TOO_OLD",
        setting=f"/{host.driver_setting}",
        message=f"An image with CUDA {variant.cuda} asks for driver {variant.min_driver} or so; the pool states "
        f"{host.driver}. Nobody has tried that pair.",
        remedy=f"Use a driver of branch {variant.min_driver} or newer where one can be had.",
        given=str(host.driver),
        allowed=f"{variant.min_driver} or newer",
    )


def _driver_unchecked(image: str) -> Finding:
    return Finding(
        severity="note",
        code="CUDA_NOT_STATED",
        setting="cuda",
        message=f"The CUDA inside {image} is not known, so it was not held against the driver.",
        remedy="State it under cuda, such as 12.9.",
    )


def _legacy(entry: Image, host: Host) -> Finding:
    gpu = host.gpu.name if host.gpu else "this host"
    return Finding(
        severity="warning",
        code="LEGACY_ENGINE",
        setting="engine",
        message=f"{entry.tag} is the newest {entry.engine} that runs on {gpu}; it gets no security fixes any more and "
        "knows no newer models.",
        remedy=f"Keep the API private, or use a newer GPU, or {_undemanding().title}.",
        given=entry.tag,
    )


def _floating(image: str, known: tuple[Image, ...]) -> Finding:
    pinned = _reference(known[0], (known[0].variants or (ImageVariant(),))[0]) if known else "a pinned tag"
    return Finding(
        severity="error",
        code="IMAGE_FLOATING",
        setting="image",
        message=f"{image} names no fixed release: what it holds changes under you, and with it CUDA, driver and flags.",
        remedy=f"Leave image out, or pin it, as {pinned}.",
        given=image,
        allowed="a tag of one release, or a digest",
        fix=(("image", None),),
    )


def _unknown(image: str, older: Image | None) -> Finding:
    basis = f"treated like {older.tag}" if older else "given only the flags that every known release has"
    return Finding(
        severity="warning",
        code="IMAGE_UNKNOWN",
        setting="image",
        message=f"The catalogue does not know {image}; it is {basis}.",
        remedy="Try it once by hand, or leave image out.",
        given=image,
        allowed="an image of the catalogue, or one of your own",
    )


def _cuda_ignored(cuda: str) -> Finding:
    return Finding(
        severity="warning",
        code="CUDA_IGNORED",
        setting="cuda",
        message="cuda says what is inside an image of your own; without image it has no effect.",
        remedy="Take cuda out, or name the image.",
        given=cuda,
        fix=(("cuda", None),),
    )
