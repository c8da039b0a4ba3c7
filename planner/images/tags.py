"""Whether an image may be another one tomorrow."""

import re

_RELEASE = re.compile(r"[vrb]?[0-9][0-9a-z.]*|[0-9a-f]{7,64}")
"""A part of a tag that names a release: ``v0.29.0``, ``24.05``, ``20260101``, a commit; not ``cu129``, ``py312`` or
``ubuntu22.04``, which name what it was built with."""


def names_release(tag: str) -> bool:
    """Whether a tag names one release, so that nobody moves it."""
    parts = re.split(r"[-_+]", tag.lower())
    return "latest" not in parts and any(_RELEASE.fullmatch(part) for part in parts)
