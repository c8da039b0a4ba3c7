"""The catalogues of `locale/`, kept in step with the sentences of the code: `python -m tools.messages`."""

import ast
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import yaml
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
CHINESE = ROOT / "locale/zh_CN"
ROOMS = ("cli", "rehearsal", "settings", "catalog", "planner", "components", "policy")
"""What several say belongs to the first."""
KEYWORDS = {"tr": 1, "trn": 2}
"""What says a sentence, and how many templates it takes."""

CATALOGUED = {
    "attention": ("what",),
    "charts": ("rehearsed_note",),
    "model_arguments": ("why",),
    "page_variables": ("decided_by", "why"),
}
"""Files of the catalogue with the keys that hold sentences; what shows them to people passes them through `tr`."""

Message = str | tuple[str, ...] | list[str]
"""A template, or those for one and for many."""

_HEADER = r"""msgid ""
msgstr ""
"Language: zh_CN\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=1; plural=0;\n"

"""


def area(file: str) -> str:
    """The catalogue for the sentences of a file, whose path is as seen from the root."""
    if file.startswith("cli/new/"):
        return "new"
    if file.startswith(("cli/", "rehearsal/")):
        return "command"
    return "diagnostics" if file.endswith("codes.py") else "plan"


def said() -> Iterator[tuple[str, Message]]:
    """Every sentence of the code with the file that says it. Babel's own reader passes over one inside another's
    parentheses."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            calls = [
                node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
            ]
            for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
                if message := _said_by(call):
                    yield file.relative_to(ROOT).as_posix(), message
    yield from _catalogued()


def _catalogued() -> Iterator[tuple[str, str]]:
    """What the catalogue's entries say to people; a word alone is a name."""
    for name, keys in CATALOGUED.items():
        file = ROOT / f"catalog/data/{name}.yaml"
        for row in yaml.safe_load(file.read_text(encoding="utf-8")).values():
            texts = (row.get(key, "") for key in keys)
            yield from ((file.relative_to(ROOT).as_posix(), text) for text in texts if " " in text)


def _said_by(call: ast.Call) -> Message | None:
    count = KEYWORDS.get(call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", ""), 0)
    texts = [each.value for each in call.args[:count] if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not texts or len(texts) < count:
        return None
    return texts[0] if count == 1 else tuple(texts)


def catalogue(file: Path) -> Catalog:
    """One of the files."""
    with file.open("rb") as stream:
        return read_po(stream, locale="zh_CN")


def catalogues() -> dict[str, Catalog]:
    """All files by the names of their areas."""
    return {file.stem: catalogue(file) for file in sorted(CHINESE.glob("*.po"))}


def first(message: Message) -> str:
    """What a sentence is known by."""
    return message if isinstance(message, str) else message[0]


def main() -> None:
    """Add to the files what the code says and they have not, and take out what it does not say any more."""
    known = catalogues()
    homes = {first(message.id): name for name, each in known.items() for message in each if message.id}
    fresh: dict[str, Catalog] = {}
    for file, message in said():
        home = homes.setdefault(first(message), area(file))
        old = known[home].get(first(message)) if home in known else None
        fresh.setdefault(home, Catalog(locale="zh_CN")).add(
            message,
            old.string if old else "",
            locations=[(file, None)],  # pyright: ignore[reportArgumentType]  Babel takes it
            user_comments=old.user_comments if old else (),
        )
    for name in {*known, *fresh}:
        _write(CHINESE / f"{name}.po", fresh.get(name, Catalog(locale="zh_CN")))
    missing = {name: sum(not message.string for message in each if message.id) for name, each in catalogues().items()}
    sys.stdout.write("".join(f"{name}.po: {number} without a translation\n" for name, number in missing.items()))


def _write(file: Path, catalog: Catalog) -> None:
    out = BytesIO()
    write_po(out, catalog, width=120, omit_header=True, sort_by_file=True, include_lineno=False)
    file.write_text(_HEADER + out.getvalue().decode("utf-8"), encoding="utf-8")


if __name__ == "__main__":
    main()
