"""Arguments that an image's release does not have: misspelt, gone, or yet to come."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version

from catalog.arguments import Release
from planner.engines import flags_codes as codes
from planner.engines.arguments import Argument, read
from settings.diagnostics import Diagnostic
from settings.translation import tr

Mend = Callable[[Argument, Sequence[str]], list[str] | None]
"""The list with these items in the place of an argument; None where nothing is left."""


@dataclass(frozen=True)
class Known:
    """What is recorded of the arguments that an image takes: those of `release`, its own or the nearest one before it.

    `exact`: it is the image's own. Where it is not, `later` is the next one after it, as far as there is one. `others`
    are all that are recorded of the engine, read only when something is amiss.
    """

    release: Release
    exact: bool
    later: Release | None
    others: Callable[[], Iterable[Release]]

    @property
    def title(self) -> str:
        """The releases that speak for the image's."""
        own = f"{self.release.package} {self.release.version}"
        return (
            own
            if self.later is None
            else tr("{own} (nor {version}; the image's lies between them)", own=own, version=self.later.version)
        )


def check_flags(
    path: str,
    given: Sequence[Argument],
    known: Known,
    replaced: Mapping[str, str],
    mend: Mend,
) -> Iterator[Diagnostic]:
    """What the image's parser would refuse for its name. `replaced`: what to do instead of an argument that is gone."""
    later = as_read_later(given, known)
    for argument in given:
        after = later.get(argument.items[0])
        if argument.unknown:
            yield _unknown(path, argument, known, replaced, mend, sure=known.exact or bool(after and after.unknown))
        elif after is not None and after.unknown:
            yield _gone(path, argument, known, replaced, mend)


def as_read_later(given: Sequence[Argument], known: Known) -> dict[int, Argument]:
    """The same arguments by their first items, as the next release on record takes them; empty where there is none."""
    return {} if known.later is None else {each.items[0]: each for each in read(_texts(given), known.later)}


def _texts(given: Sequence[Argument]) -> list[str]:
    """The list that these were read from."""
    texts: dict[int, str] = {}
    for argument in given:
        inline = len(argument.items) == 1 and argument.values
        first = f"{argument.written}={argument.value}" if inline else argument.written
        texts |= dict(zip(argument.items, (first, *argument.values), strict=False))
    return [texts[index] for index in sorted(texts)]


def _unknown(
    path: str,
    argument: Argument,
    known: Known,
    replaced: Mapping[str, str],
    mend: Mend,
    *,
    sure: bool,
) -> Diagnostic:
    had = _releases_with(argument, known)
    # A name that another release knows was meant as it stands.
    near = f"--{argument.near}" if argument.near and not had and argument.flag not in replaced else ""
    renamed = (near, *argument.values) if near else ()
    sound = renamed and all(part.fault is None and not part.unknown for part in read(renamed, known.release))
    return codes.flag_unknown_to_image(
        path,
        written=argument.written,
        given=argument.text,
        release=known.title,
        had=had,
        near=near,
        instead=replaced.get(argument.flag, ""),
        mended=mend(argument, renamed) if sound else mend(argument, ()),
        sure=sure,
    )


def _gone(
    path: str,
    argument: Argument,
    known: Known,
    replaced: Mapping[str, str],
    mend: Mend,
) -> Diagnostic:
    assert known.later is not None  # noqa: S101  the caller has looked
    return codes.flag_unknown_to_image(
        path,
        written=argument.written,
        given=argument.text,
        release=tr(
            "{package} {version}, which came after the image's release,",
            package=known.later.package,
            version=known.later.version,
        ),
        had=known.release.version,
        near="",
        instead=replaced.get(argument.flag, ""),
        mended=mend(argument, ()),
        sure=False,
    )


def _releases_with(argument: Argument, known: Known) -> str:
    """The recorded release that has this argument and is nearest to the image's, "" where none has: the last before it
    where it is gone, the first after it where it is yet to come."""
    own = Version(known.release.version)
    having = sorted(Version(each.version) for each in known.others() if argument.flag in each.by_flag)
    before = [each for each in having if each < own]
    return str(before[-1] if before else having[0]) if having else ""
