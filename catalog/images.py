"""Images: pinned ones, further tags, what releases have, and the mirrors that images are pulled through."""

from typing import Self

from packaging.version import Version
from pydantic import model_validator

from catalog.engines import EngineName
from catalog.entry import Entry, Record


class ReleaseTrait(Entry):
    """Something that an engine's releases have from `since` on and before `until`, which their parsers do not tell.
    None: from the first release, or to this day."""

    name: str
    engine: EngineName
    since: str | None = None
    until: str | None = None

    def held_by(self, release: Version) -> bool:
        """Whether a release has it."""
        after = self.since is None or release >= Version(self.since)
        return after and (self.until is None or release < Version(self.until))


class ImageVariant(Record):
    """A build of a tag: `suffix` is appended to the tag; `min_driver` is the driver branch that its CUDA needs.

    `older_gpus` holds (the highest compute capability, the branch that GPUs up to it need). `compat_drivers` are older
    branches that data-centre GPUs run it on by the forward-compatibility libraries that the image holds; `compat_env`
    the variable that makes it use them, None where it does so by itself. `branches` are those that its
    NVIDIA_REQUIRE_CUDA names, the last that of its CUDA: NVIDIA's container toolkit starts it under these and under
    every branch newer than the last, and under no other; empty: not known.
    """

    suffix: str = ""
    cuda: str | None = None
    min_driver: int | None = None
    older_gpus: tuple[float, int] | None = None
    compat_drivers: tuple[int, ...] = ()
    compat_env: str | None = None
    branches: tuple[int, ...] = ()
    min_compute: float | None = None
    verified: bool = True

    def admits(self, branch: int) -> bool:
        """Whether the toolkit starts it under a driver of this branch, as far as that is known."""
        return not self.branches or branch in self.branches or branch > self.branches[-1]

    def driver_for(self, compute_capability: float) -> int | None:
        """The driver branch that it needs on such a GPU; None: not known."""
        if self.older_gpus is not None and compute_capability <= self.older_gpus[0]:
            return self.older_gpus[1]
        return self.min_driver


class KnownLine(Record):
    """Tags that were published and are built alike: as the pinned tag `like`, or in these `builds`."""

    tags: tuple[str, ...]
    like: str | None = None
    builds: tuple[ImageVariant, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.like is None) == (not self.builds):
            raise ValueError("give either like or builds")
        return self


class KnownTags(Entry):
    """Tags of a repository that exist beside the pinned ones. Nobody recorded what arguments they take."""

    repository: str
    lines: tuple[KnownLine, ...]


class Image(Entry):
    """A pinned image. `flags`: what came or went with the tag beyond its arguments and `ReleaseTrait`s; `size_gib`
    unpacked; `ready`: the path by which a server says that it can answer."""

    repository: str
    tag: str
    role: str
    engine: EngineName | None = None
    variants: tuple[ImageVariant, ...] = ()
    flags: tuple[str, ...] = ()
    size_gib: float | None = None
    user: int | None = None
    default: bool = False
    ready: str | None = None
    default_gpu_memory_utilization: float | None = None

    @property
    def name(self) -> str:
        return f"{self.repository}:{self.tag}"


class Mirror(Entry):
    """What a registry is pulled through on the mainland. `blocked`: known to be unreachable from there.

    `transparent`: TKE's nodes are configured to use the mirror by themselves, so that image names stay as they are.
    """

    registry: str
    mirror: str | None = None
    blocked: bool | None = None
    transparent: bool = False
