"""Examples that stand where the user's own belong: nobody has them, and only `pulumi up` would find out."""

import re
from collections.abc import Iterator, Mapping

from planner.cluster import codes
from settings.diagnostics import Diagnostic
from settings.paths import Step, join
from settings.stack import Settings

_ID = re.compile(r"[a-z]+-[a-z0-9]*example[a-z0-9]*")
"""An id of Tencent Cloud, such as ``ccn-example1``; real ones have eight random letters and digits after the dash."""
_HOST = re.compile(r"(?:(?<![\w-])example\.(?:com|net|org)|\.(?:example|test|invalid))(?![\w.-])")
"""Domains that nobody can own (RFC 2606)."""
_BLANK = re.compile(r"<[^<>]+>|x{4,}|change-?me", re.IGNORECASE)

OTHERS = frozenset({"webui.adminEmail"})
"""What a rule of its own speaks of: somebody may well log in as admin@example.com."""


def check_placeholders(settings: Settings) -> Iterator[Diagnostic]:
    """Each value of the stack file that cannot be meant."""
    given = settings.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude={"secrets", "project", "stack"})
    for steps, value in _texts(given, ()):
        path = join(steps)
        if path not in OTHERS and is_placeholder(value):
            yield codes.placeholder(path, value=value)


def is_placeholder(value: str) -> bool:
    """Whether a text is an example id, host or blank to fill in."""
    return bool(_ID.fullmatch(value) or _HOST.search(value) or _BLANK.fullmatch(value))


def _texts(value: object, steps: tuple[Step, ...]) -> Iterator[tuple[tuple[Step, ...], str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, (*steps, str(key)))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _texts(part, (*steps, place))
