"""Image references: ``[registry/]repository[:tag][@digest]``, and whether they may name another image tomorrow."""

import re
from dataclasses import dataclass

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
