"""What the program has to say about a stack: severity, code, place, sentence and the nearest fix."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    `path` is the dotted place in the stack file (``models.chat.tensorParallel``; ``tencentcloud:region`` for the
    provider's own keys). `given` is what stands there ("" where nothing does), `allowed` what may, `remedy` the
    nearest change that helps, in the imperative. `fix` is that change as data where one value does it: path -> value
    (`None` removes the key), so that it can be applied and tested.
    """

    severity: Severity
    code: str
    path: str
    message: str
    remedy: str
    given: str = ""
    allowed: str = ""
    fix: tuple[tuple[str, object], ...] = ()
    forced: bool = False
