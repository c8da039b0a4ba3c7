"""Versions in texts, compared as `packaging` compares them."""

import re

from packaging.version import Version

_RELEASE = re.compile(r"v?(\d+\.\d+(?:\.\d+)?(?:\.post\d+)?)")
_KUBERNETES = re.compile(r"\d+\.\d+(?:\.\d+)?")


def release_in(tag: str) -> Version | None:
    """The release that an image's tag begins with, whatever it was built with (``v0.8.5.post1-cu129`` is 0.8.5.post1);
    None where it begins with none."""
    found = _RELEASE.match(tag)
    return Version(found[1]) if found else None


def kubernetes_version(text: str) -> Version | None:
    """A version of Kubernetes (``1.32.2`` or ``1.32``); None where the text is none."""
    return Version(text) if _KUBERNETES.fullmatch(text) else None


def minor(version: Version) -> tuple[int, int]:
    """The major and minor number, to which Kubernetes and what runs on it are tested against each other."""
    return version.major, version.minor
