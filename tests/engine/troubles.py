"""Ways to get a stack into trouble in the middle of an operation, and looks at what became of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from rehearsal.pulumi_engine.faults import Fault
from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession


def each_fails_once(session: EngineSession, names: Iterable[str]) -> tuple[set[str], EngineOutcome]:
    """`up`, again and again, while each of these resources is refused once: those that never were, and the last. Each
    `up` goes as far as it can, so that there are no more of them than resources that wait for one another."""
    left = set(names)
    while True:
        outcome = session.up([Fault(each) for each in sorted(left)], goes_on=True)
        hit = left & {each.name for each in outcome.failed}
        if not hit:
            return left, outcome
        left -= hit


def twice(session: EngineSession) -> list[str]:
    """Resources that were made more than once and of which an earlier one still exists."""
    standing = Counter(resource.urn for resource in session.world.resources.values())
    return [urn for urn, number in standing.items() if number > 1]


def when(event: str, resource: str, do: Callable[[], object]) -> Callable[[Mapping[str, object]], None]:
    """Hears the engine's events, and does something the first time that this one (``begin``) is of this resource."""
    done: list[bool] = []

    def hear(told: Mapping[str, object]) -> None:
        if not done and told["event"] == event and str(told["urn"]).endswith(f"::{resource}"):
            done.append(True)
            do()

    return hear


def process(program: str, place: Path) -> int:
    """The process of a program whose arguments name a path in a directory."""
    (pid,) = (
        pid for pid, arguments in _processes() if arguments[0].endswith(f"/{program}") and _names(arguments, place)
    )
    return pid


def _names(arguments: Iterable[str], place: Path) -> bool:
    return any(f"{place}/" in each for each in arguments)


def _processes() -> Iterator[tuple[int, list[str]]]:
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            arguments = each.read_text(encoding="utf-8", errors="replace").split("\0")
        except OSError:
            continue
        yield int(each.parent.name), arguments
