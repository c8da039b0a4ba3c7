"""A finding about one model before its place in the stack file is known."""

from dataclasses import dataclass, replace

from settings.diagnostics import Diagnostic, Severity


@dataclass(frozen=True)
class Finding:
    """Like a `Diagnostic`, but `setting` and the paths of `fix` are relative to the model's section.

    A path that begins with ``/`` is taken from the top of the stack file (``/pools.gpu.instanceType``).
    """

    severity: Severity
    code: str
    setting: str
    message: str
    remedy: str
    given: str = ""
    allowed: str = ""
    fix: tuple[tuple[str, object], ...] = ()

    def at(self, name: str) -> Diagnostic:
        """The diagnostic for the model with this key."""
        return Diagnostic(
            severity=self.severity,
            code=self.code,
            path=_absolute(name, self.setting),
            message=self.message,
            remedy=self.remedy,
            given=self.given,
            allowed=self.allowed,
            fix=tuple((_absolute(name, setting), value) for setting, value in self.fix),
        )


def _absolute(name: str, setting: str) -> str:
    return setting[1:] if setting.startswith("/") else f"models.{name}.{setting}"


def softened(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings with errors turned into warnings: for rules that rest on facts nobody has verified."""
    return tuple(replace(f, severity="warning") if f.severity == "error" else f for f in findings)


def blocking(findings: tuple[Finding, ...] | list[Finding]) -> bool:
    """Whether one of them is an error."""
    return any(f.severity == "error" for f in findings)
