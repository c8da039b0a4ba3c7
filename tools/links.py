"""Looks for links of our Markdown files that lead nowhere: a file that is not there, a heading that no file has.

`python -m tools.links` names each with its file and line, and ends with 1 where there is one. A page of the site may
lead to other pages of the site alone, for the site holds nothing else of the repository.
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLACES = ("*.md", "docs/**/*.md", "images/**/*.md")
_LINK = re.compile(r"\]\(<?([^()<>\s]+)>?\)")
_FENCE = re.compile(r"^ *(```|~~~)")
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def files(root: Path = ROOT) -> list[Path]:
    """Our Markdown files."""
    return sorted(path for place in PLACES for path in root.glob(place))


def prose(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are no code, with their numbers; code within a line is left out of it."""
    within = False
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line):
            within = not within
        elif not within:
            yield number, re.sub(r"`[^`]*`", "", line)


@cache
def anchors(path: Path) -> frozenset[str]:
    """What the headings of a file are reached by, as GitHub and the site make it."""
    found: set[str] = set()
    numbers = {number for number, _ in prose(path.read_text(encoding="utf-8"))}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        heading = re.match(r"#{1,6} +(.*?) *#*$", line)
        if heading and number in numbers:
            base = slug = re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
            again = 1
            while slug in found:
                slug, again = f"{base}-{again}", again + 1
            found.add(slug)
    return frozenset(found)


def broken(root: Path = ROOT) -> list[str]:
    """Each link that leads nowhere, as ``file:line: what is wrong``."""
    return [
        f"{path.relative_to(root)}:{number}: {wrong}"
        for path in files(root)
        for number, line in prose(path.read_text(encoding="utf-8"))
        for link in _LINK.findall(line)
        if (wrong := _wrong(root, path, link))
    ]


def _wrong(root: Path, path: Path, link: str) -> str | None:
    if _ELSEWHERE.match(link):
        return None
    name, _, anchor = link.partition("#")
    to = (path.parent / name).resolve() if name else path
    site = root / "docs"
    if not to.exists():
        return f"{name} is not there"
    if path.is_relative_to(site) and not to.is_relative_to(site):
        return f"{name} is no part of the site: say its path instead of linking it"
    if anchor and anchor not in (anchors(to) if to.suffix == ".md" else ()):
        return f"{to.name} has no heading #{anchor}"
    return None


if __name__ == "__main__":
    lost = broken()
    sys.stderr.writelines(f"{each}\n" for each in lost)
    sys.exit(1 if lost else 0)
