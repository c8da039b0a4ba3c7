"""The engine image of a model: by GPU, driver, CUDA and the release that knows the model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from packaging.version import Version

from catalog.arguments import Release
from catalog.hardware import Gpu
from catalog.images import Image, ImageVariant
from catalog.load import Catalog
from catalog.versions import release_in
from planner.engines.registry import find
from planner.images.reference import Reference, split
from planner.images.tags import Floors, floors, is_copy
from settings.translation import tr


@dataclass(frozen=True)
class Host:
    """Where the image must run. `driver` is the stated branch (550), None where nobody stated one.

    `driver_path` is where in the stack file the driver is stated. `documented` is what the vendor's documents say of
    it, which nobody has verified. `there`: its nodes exist already, so that one can look. `variables` are those that
    the stack file gives the engine.
    """

    gpu: Gpu | None
    driver: int | None
    driver_path: str
    documented: str | None = None
    there: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def needs(self, build: ImageVariant) -> int | None:
        """The driver branch that a build needs here; None: not known, or there is no GPU."""
        return build.driver_for(self.gpu.compute_capability) if self.gpu else None


@dataclass(frozen=True)
class ImageChoice:
    """An image and what is known of it.

    `release` is what its engine's parser takes, or that of the nearest release where nobody recorded the image's own;
    `flags` are that release's options, and what else changed with it. `entry` is the catalogue's image, or the one
    nearest to an image that the catalogue does not know; of that `variant` is None, `older` the newest release known
    that is not newer, and `floors` what the tags beside it ask for. `own`: the stack file names it.
    """

    reference: str
    flags: frozenset[str]
    release: Release | None
    utilization: float
    user: int | None
    because: str
    entry: Image
    variant: ImageVariant | None
    older: Image | None = None
    floors: Floors | None = None
    own: bool = False

    @property
    def of_engine(self) -> bool:
        """Whether it is one of the engine's own images, or a copy of one under its name."""
        return split(self.reference).name == split(self.entry.repository).name


def release_of(image: ImageChoice) -> Version | None:
    """The release that an image's tag names, else that of the one which it is taken for."""
    return release_in(split(image.reference).tag) or release_in(image.entry.tag)


def plan_image(engine: str, host: Host, catalog: Catalog, image: str | None = None) -> ImageChoice | None:
    """The image of an engine for a host; None where no image of the engine runs on the GPU at all.

    `image` is the stack file's own. Beside an error it is what to use where the user insists.
    """
    known = engine_images(engine, catalog)
    if image is not None:
        return _own(image, known, catalog)
    entry = next((entry for entry in known if runnable(entry, host.gpu)), None)
    if entry is None:
        return None
    variant = for_driver(runnable(entry, host.gpu), host)
    return _choice(entry, variant, catalog, reference_of(entry, variant), _why(entry, variant, host))


def engine_images(engine: str, catalog: Catalog) -> tuple[Image, ...]:
    """The catalogue's images of an engine, the newest first."""
    return tuple(entry for entry in catalog.images if entry.engine == engine)


def runnable(entry: Image, gpu: Gpu | None) -> list[ImageVariant]:
    """The builds of an image that have kernels for the GPU."""
    variants = list(entry.variants) or [ImageVariant()]
    if gpu is None:
        return variants
    return [v for v in variants if v.min_compute is None or v.min_compute <= gpu.compute_capability]


def runs_newest(engine: str, gpu: Gpu, catalog: Catalog) -> bool:
    """Whether the newest of the engine's images has kernels for the GPU."""
    return bool(runnable(engine_images(engine, catalog)[0], gpu))


def reference_of(entry: Image, variant: ImageVariant) -> str:
    """The name of a build."""
    return f"{entry.repository}:{entry.tag}{variant.suffix}"


def for_driver(variants: list[ImageVariant], host: Host) -> ImageVariant:
    """The newest CUDA that the driver surely runs; the least demanding where the driver is unknown or too old."""
    undemanding = min(variants, key=lambda v: host.needs(v) or 0)
    if host.gpu is None or host.driver is None or all(v.min_driver is None for v in variants):
        return undemanding
    fitting = [v for v in variants if serves(v, host)]
    return max(fitting, key=lambda v: host.needs(v) or 0, default=undemanding)


def serves(build: ImageVariant, host: Host) -> bool:
    """Whether the stated driver is new enough for a build, and of a branch that it admits."""
    return (host.needs(build) or 0) <= (host.driver or 0) and (host.driver is None or build.admits(host.driver))


def _flags(entry: Image, release: Release | None) -> frozenset[str]:
    return frozenset(entry.flags) | (release.knows if release else frozenset())


def _traits(engine: str | None, release: Version | None, catalog: Catalog) -> frozenset[str]:
    """What an engine's release has that its parser does not tell; of an unknown one what all the pinned ones have."""
    if release is None:
        known = (release_in(entry.tag) for entry in catalog.images if entry.engine == engine)
        each = [_traits(engine, release, catalog) for release in known if release]
        return frozenset.intersection(*each) if each else frozenset()
    mine = (trait for trait in catalog.release_traits.values() if trait.engine == engine)
    return frozenset(trait.name for trait in mine if trait.held_by(release))


def _choice(
    entry: Image, variant: ImageVariant, catalog: Catalog, reference: str, because: str, *, own: bool = False
) -> ImageChoice:
    release = catalog.release(entry)
    return ImageChoice(
        reference=reference,
        flags=_flags(entry, release) | _traits(entry.engine, release_in(entry.tag), catalog),
        release=release,
        utilization=entry.default_gpu_memory_utilization or find(entry.engine or "").default_utilization,
        user=entry.user,
        because=because,
        entry=entry,
        variant=variant,
        own=own,
    )


def _why(entry: Image, variant: ImageVariant, host: Host) -> str:
    cuda = tr("CUDA {cuda}", cuda=variant.cuda) if variant.cuda else tr("any CUDA")
    if host.gpu is None:
        return tr("the catalogue's {engine} release; there is no GPU", engine=entry.engine)
    driver = tr("driver {driver}", driver=host.driver) if host.driver else tr("a driver that nobody stated")
    return tr(
        "{cuda}, for {name} (compute capability {compute_capability}) and {driver}",
        cuda=cuda,
        name=host.gpu.name,
        compute_capability=host.gpu.compute_capability,
        driver=driver,
    )


def _own(image: str, known: tuple[Image, ...], catalog: Catalog) -> ImageChoice:
    """An image that the stack file names; one that the catalogue does not know is treated like its nearest release."""
    parts, because = split(image), tr("named in the stack file")
    match = _match(parts, known)
    if match is not None:
        return _choice(*match, catalog, image, because, own=True)
    older = _nearest_older(release_in(parts.tag), known)
    nearest, alike = older or known[0], (older,) if older else known
    return ImageChoice(
        reference=image,
        flags=frozenset.intersection(*(_flags(entry, catalog.release(entry)) for entry in alike))
        | _traits(nearest.engine, release_in(parts.tag), catalog),
        release=catalog.release(nearest),
        utilization=(older.default_gpu_memory_utilization if older else None)
        or find(nearest.engine or "").default_utilization,
        user=nearest.user,
        because=because,
        entry=nearest,
        variant=None,
        older=older,
        floors=floors(parts, known, catalog),
        own=True,
    )


def _match(parts: Reference, known: Iterable[Image]) -> tuple[Image, ImageVariant] | None:
    for entry in known:
        if is_copy(parts, entry.repository, entry.engine):
            for variant in entry.variants or (ImageVariant(),):
                if f"{entry.tag}{variant.suffix}" == parts.tag:
                    return entry, variant
    return None


def _nearest_older(release: Version | None, known: Iterable[Image]) -> Image | None:
    """The newest known release that is not newer; the oldest known where all are; None for a tag without version."""
    if release is None:
        return None
    dated = sorted(((v, entry) for entry in known if (v := release_in(entry.tag))), key=lambda pair: pair[0])
    older = [entry for v, entry in dated if v <= release]
    return older[-1] if older else dated[0][1] if dated else None
