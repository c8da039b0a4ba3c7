"""The language that people are spoken to: English, or Chinese by the catalogues in `locale/`.

It is known before anything is said, for the texts of ``--help`` are made when the command is imported.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from settings import translation
from settings.translation import Catalogue, translated

Language = Literal["en", "zh"]
LOCALE = Path(__file__).resolve().parents[1] / "locale"

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX.1-2024, 8.2: the first that is set and not empty decides."""


def language_of(environment: Mapping[str, str]) -> Language:
    """The language of an environment."""
    name = next((environment[each] for each in _VARIABLES if environment.get(each)), "")
    return "zh" if name.lower().startswith("zh") else "en"


def requested_language(arguments: Sequence[str]) -> Language | None:
    """What `--lang` before a command asks for; None where it is not there, or is no language."""
    for place, each in enumerate(arguments):
        name, _, value = each.partition("=")
        if name == "--lang":
            value = value or "".join(arguments[place + 1 : place + 2])
            return next((language for language in get_args(Language) if language == value), None)
        if not each.startswith("-"):
            break
    return None


class _Current:
    language: Language = requested_language(sys.argv[1:]) or language_of(os.environ)


def set_language(language: Language | None) -> None:
    """Speak this language from now on; None for that of the environment."""
    _Current.language = language or language_of(os.environ)


def current_language() -> Language:
    """The language that is spoken: English too where the output cannot show Chinese."""
    return _Current.language if _Current.language == "en" or _writable("中文") else "en"


def translate(text: str) -> str:
    """A text in the language that is spoken. What is not made by `tr` is a name, and stays."""
    return str(text) if current_language() == "en" else translated(text, chinese())


def error_text(error: Exception) -> str:
    """What an error says, in the language that is spoken."""
    return translate(error.args[0] if error.args and isinstance(error.args[0], str) else str(error))


def tr(template: str, /, **values: object) -> str:
    """The template with its fields filled, said now."""
    return translate(translation.tr(template, **values))


def trn(one: str, many: str, number: int, /, **values: object) -> str:
    """`one` or `many`, as English has it for `number`, said now."""
    return translate(translation.trn(one, many, number, **values))


@cache
def chinese() -> Catalogue:
    """All of `locale/zh_CN`."""
    from babel.messages.pofile import read_po  # noqa: PLC0415  who is spoken to in English need not wait for it

    known: dict[str, str] = {}
    for file in sorted((LOCALE / "zh_CN").glob("*.po")):
        with file.open("rb") as stream:
            for message in read_po(stream, locale="zh_CN"):
                templates = (message.id,) if isinstance(message.id, str) else message.id
                text = message.string if isinstance(message.string, str) else (*(message.string or ()), "")[0]
                known.update({each: text for each in templates if each and text})
    return known.get


def _writable(text: str) -> bool:
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
