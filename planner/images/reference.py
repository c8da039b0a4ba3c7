"""Image references: ``[registry/]repository[:tag][@digest]``, and whether they may name another image tomorrow."""

import re
from dataclasses import dataclass

_CUDA = re.compile(r"cu(\d\d)(\d)")
_OTHER_HARDWARE = re.compile(r"rocm\d*|mi\d{3}[a-z]*|aarch64|arm64|xpu|hpu|gaudi\d*|npu|cann[\d.]*|cpu|xeon")
_RELEASE = re.compile(r"[vrb]?[0-9][0-9a-z.]*|[0-9a-f]{7,64}")
"""A part of a tag that names a release: ``v0.29.0``, ``24.05``, ``20260101``, a commit; not ``cu129``, ``py312`` or
``ubuntu22.04``, which name what it was built with."""


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

    @property
    def last(self) -> str:
        """The last part of the path, which a copy in one's own registry keeps: ``vllm-openai``."""
        return self.repository.rpartition("/")[2]

    @property
    def cuda(self) -> str | None:
        """The CUDA that the tag names: 12.9 of ``v0.20.0-cu129``; None where it names none."""
        found = next(filter(None, map(_CUDA.fullmatch, self._parts)), None)
        return f"{found[1]}.{found[2]}" if found else None

    @property
    def hardware(self) -> str | None:
        """What else than an NVIDIA GPU in an x86 machine the tag says that it is built for (``rocm700``)."""
        return next((part for part in self._parts if _OTHER_HARDWARE.fullmatch(part)), None)

    @property
    def _parts(self) -> list[str]:
        return re.split(r"[-_+]", self.tag.lower())


def split(reference: str) -> Reference:
    """Take a reference apart. A colon before the last slash belongs to the registry's port."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return Reference(head + slash + last, tag, digest)


def _names_release(tag: str) -> bool:
    """Whether a tag names one release, so that nobody moves it."""
    parts = re.split(r"[-_+]", tag.lower())
    return "latest" not in parts and any(_RELEASE.fullmatch(part) for part in parts)


def is_floating(reference: str) -> bool:
    """Whether a reference may name another image tomorrow. A digest never does."""
    parts = split(reference)
    return not parts.digest and not _names_release(parts.tag)
