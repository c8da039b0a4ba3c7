"""What was checked, as it happens and as a table at the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_WIDTH = 78


class CheckError(Exception):
    """Something is not as it must be; the message says what was seen."""


@dataclass(frozen=True)
class Check:
    """`seen` is what was found, or why it failed."""

    name: str
    passed: bool
    seconds: float
    seen: str


@dataclass
class Report:
    """Collects checks. `say` prints one line, without secrets."""

    mask: Callable[[str], str]
    checks: list[Check] = field(default_factory=list)
    real: list[str] = field(default_factory=list)
    """One sentence each: what was real, and what stood in for something."""

    def say(self, text: str) -> None:
        sys.stdout.write(self.mask(text) + "\n")
        sys.stdout.flush()

    @contextmanager
    def check(self, name: str, *expected: type[Exception]) -> Iterator[list[str]]:
        """A check: what the block appends is what was seen. A `CheckError`, or one of `expected`, fails it."""
        seen: list[str] = []
        started = time.monotonic()
        try:
            yield seen
        except (CheckError, *expected) as error:
            self._note(Check(name, False, time.monotonic() - started, "; ".join([*seen, str(error)])))
        except BaseException:
            self._note(Check(name, False, time.monotonic() - started, "; ".join([*seen, "stopped"])))
            raise
        else:
            self._note(Check(name, True, time.monotonic() - started, "; ".join(seen)))

    def _note(self, check: Check) -> None:
        self.checks.append(check)
        self.say(_line(check))

    @property
    def passed(self) -> bool:
        return bool(self.checks) and all(each.passed for each in self.checks)

    def end(self) -> None:
        """The table, and what was real."""
        self.say("")
        for each in self.checks:
            # Of a failure the first line: the rest was said when it happened.
            self.say(_line(Check(each.name, each.passed, each.seconds, each.seen.partition("\n")[0])))
        self.say("")
        for each in self.real:
            self.say(f"  {each}")
        failed = sum(not each.passed for each in self.checks)
        self.say(f"\n{len(self.checks)} checks, {failed} failed" if failed else f"\n{len(self.checks)} checks passed")


def _line(check: Check) -> str:
    mark = "passed" if check.passed else "FAILED"
    return f"  {mark}  {check.seconds:7.1f} s  {check.name:{_WIDTH // 2}}  {check.seen}".rstrip()
