"""What the program has to say about a stack: severity, code, place, sentence and the nearest fix.

A code is written down once, in a ``codes`` module of its room: a function from the values of one case to its `Text`,
under `error`, `warning` or `note`, which hold what is true of every case.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Literal, ParamSpec

Severity = Literal["error", "warning", "note"]
When = Literal["always", "asked"]
"""Whether a finding is for everybody, or for who asks for all (`check --all`, the JSON documents): a note that nobody
can act on before `pulumi up`."""
Fix = tuple[tuple[str, object], ...]
"""Path in the stack file -> value; None removes the key."""

Values = ParamSpec("Values")


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    `path` is the dotted place in the stack file (``models.chat.tensorParallel``; ``tencentcloud:region`` for the
    provider's own keys). `given` is what stands there ("" where nothing does), `allowed` what may, `remedy` the
    nearest change that helps, in the imperative. `fix` is that change as data where one value does it, so that it can
    be applied and tested.
    """

    severity: Severity
    code: str
    path: str
    message: str
    remedy: str
    given: str = ""
    allowed: str = ""
    fix: Fix = ()
    forced: bool = False
    when: When = "always"


def softened(found: Diagnostic) -> Diagnostic:
    """The diagnostic, an error as a warning: for rules that rest on facts nobody has verified."""
    return replace(found, severity="warning") if found.severity == "error" else found


def blocking(found: Iterable[Diagnostic]) -> bool:
    """Whether one of them is an error."""
    return any(each.severity == "error" for each in found)


@dataclass(frozen=True)
class Text:
    """What a code says of one case; the fields are those of `Diagnostic`. A path "" in `fix` is the diagnostic's own
    place. `severity` and `when`: where they are not the code's."""

    message: str
    remedy: str
    given: str = ""
    allowed: str = ""
    fix: Fix = ()
    severity: Severity | None = None
    when: When | None = None


@dataclass(frozen=True)
class Code(Generic[Values]):
    """A diagnostic code: called with a place and the values that `text` takes, it returns the diagnostic.

    `severity` is the gravest that it occurs with; `forceable` says whether ``force: [CODE]`` helps. `example` is a
    piece of a stack file (or a command) that brings it about, `fix` what to do, `source` what the rule rests on.
    `rules` are those of the policy pack that such a stack would break. `when` says who is told.
    """

    name: str
    severity: Severity
    text: Callable[Values, Text]
    meaning: str
    example: str
    fix: str
    source: str
    forceable: bool = True
    rules: Sequence[str] = ()
    when: When = "always"

    def __call__(self, path: str, /, *args: Values.args, **values: Values.kwargs) -> Diagnostic:
        said = self.text(*args, **values)
        return Diagnostic(
            severity=said.severity or self.severity,
            code=self.name,
            path=path,
            message=said.message,
            remedy=said.remedy,
            given=said.given,
            allowed=said.allowed,
            fix=tuple((where or path, value) for where, value in said.fix),
            when=said.when or self.when,
        )


class _Decorator:
    def __init__(self, severity: Severity) -> None:
        self._severity: Severity = severity

    def __call__(
        self,
        *,
        meaning: str,
        example: str,
        fix: str,
        source: str,
        forceable: bool = True,
        rules: Sequence[str] = (),
        when: When = "always",
    ) -> Callable[[Callable[Values, Text]], Code[Values]]:
        """Makes a function from values to `Text` the code of its name in capitals."""

        def made(text: Callable[Values, Text]) -> Code[Values]:
            name = text.__name__.upper()
            return Code(name, self._severity, text, meaning, example, fix, source, forceable, rules, when)

        return made


error, warning, note = _Decorator("error"), _Decorator("warning"), _Decorator("note")
