"""What a run found, and how it is told."""

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .request import Request

OK, WARNING, FAILED = "ok", "warning", "failed"

TERMINATION_BYTES = 4096
"""What Kubernetes keeps of a container's termination message."""


class Failure(Exception):  # noqa: N818  a finding, not an error of the program
    """Something that is asked for does not hold."""


class Doubt(Exception):  # noqa: N818  as above
    """Something cannot be told, or need not be wrong."""


@dataclass(frozen=True)
class Finding:
    """`level` is "ok", "warning" or "failed"."""

    level: str
    subject: str
    text: str

    @property
    def line(self) -> str:
        return f"{self.level}: {self.subject}: {self.text}"


@dataclass
class Run:
    """One run: findings as they come (each goes to `say` too), within the time that the request allows."""

    request: Request
    say: Callable[[Finding], object]
    findings: list[Finding] = field(default_factory=list)
    end: float = 0.0

    def __post_init__(self) -> None:
        self.end = time.monotonic() + self.request.limit

    def check(self, subject: str, ask: Callable[[], str]) -> bool:
        """Whether `ask` went well. What it returns is what there is to say; it may raise `Failure` or `Doubt`."""
        try:
            level, text = OK, ask()
        except Doubt as doubt:
            level, text = WARNING, str(doubt)
        except Failure as failure:
            level, text = FAILED, str(failure)
        except (OSError, http.client.HTTPException) as error:
            level, text = FAILED, f"no answer ({type(error).__name__}: {error})"
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            level, text = FAILED, f"an answer of another shape than expected ({type(error).__name__}: {error})"
        finding = Finding(level, subject, self.request.hide(text))
        self.findings.append(finding)
        self.say(finding)
        return level == OK

    def within(self, seconds: float) -> float:
        """`seconds`, or what is left of the whole run's time."""
        return min(seconds, max(self.end - time.monotonic(), 1.0))


def message(findings: list[Finding]) -> str:
    """The findings, gravest first, in what Kubernetes keeps of a termination message."""
    ranked = sorted(findings, key=lambda each: (FAILED, WARNING, OK).index(each.level))
    counts = [(level, sum(each.level == level for each in findings)) for level in (FAILED, WARNING, OK)]
    lines = ["smoke test: " + ", ".join(f"{count} {level}" for level, count in counts if count)]
    room = TERMINATION_BYTES - len(lines[0].encode()) - 40
    for place, each in enumerate(ranked):
        size = len(each.line.encode()) + 1
        if size > room:
            lines.append(f"… and {len(ranked) - place} more, see the log")
            break
        lines.append(each.line)
        room -= size
    return "\n".join(lines)
