"""The table of changes: what a change of the stack file does to a stack that is up.

`python -m tests.engine.change_table` writes it into `docs/updates.md` anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import yaml

from settings.parse import StackInput
from settings.paths import apply_fix

_FILE = Path(__file__).with_name("change_table.yaml")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "updates.md"
_BEGIN, _END = "<!-- changes:begin -->", "<!-- changes:end -->"
_WORDS = {"create": "creates", "update": "updates", "replace": "**replaces**", "delete": "deletes"}


@dataclass(frozen=True)
class Row:
    """One change; see the head of `change_table.yaml` for the meaning of each part."""

    change: str
    does: Mapping[str, Sequence[str]]
    means: str
    stack: str = "dev"
    before: Mapping[str, object] = field(default_factory=dict)
    set: Mapping[str, object] = field(default_factory=dict)
    secrets: Sequence[str] = ()

    def begun(self, given: StackInput) -> StackInput:
        """The stack file before the change."""
        return replace(given, sections=apply_fix(given.sections, self.before.items()))

    def applied(self, given: StackInput) -> StackInput:
        """The stack file with the change."""
        named = {name: True for path in self.secrets for name in (path.partition(".")[0], path)}
        sections = apply_fix(given.sections, {**self.before, **self.set}.items())
        return replace(given, sections=sections, secrets={**given.secrets, **named})


@cache
def rows() -> tuple[Row, ...]:
    return tuple(Row(**each) for each in yaml.load(_FILE.read_text(encoding="utf-8"), yaml.CSafeLoader))


def table() -> str:
    """The table in Markdown."""
    lines = ["| change | `pulumi up` | what it means |", "| --- | --- | --- |"]
    lines += [f"| {row.change} | {_operations(row)} | {row.means} |" for row in rows()]
    return "\n".join(lines)


def documented(text: str) -> str:
    """The document with the table between its marks. Raises `ValueError` where it has no marks."""
    before, begin, rest = text.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{_BEGIN} and {_END} are not both there")
    return f"{before}{begin}\n{table()}\n{end}{after}"


def _operations(row: Row) -> str:
    return "; ".join(
        f"{word} {', '.join(f'`{name}`' for name in row.does[operation])}"
        for operation, word in _WORDS.items()
        if operation in row.does
    )


if __name__ == "__main__":
    DOCUMENT.write_text(documented(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
