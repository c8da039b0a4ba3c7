"""Everything that is said has its Chinese, and what is said in Chinese has nothing else left."""

import re
import string
from functools import cache

import pytest

from tools.messages import Message, area, catalogues, first, said

CATALOGUES = catalogues()
HAN = r"[\u4e00-\u9fff]"


def forms(message: Message) -> tuple[str, ...]:
    return (message,) if isinstance(message, str) else tuple(message)


def fields(text: str) -> set[str]:
    return {name.partition(".")[0].partition("[")[0] for _, name, _, _ in string.Formatter().parse(text) if name}


def chinese(message) -> str:
    return message.string if isinstance(message.string, str) else message.string[0]


def entries(name: str) -> list:
    return [message for message in CATALOGUES[name] if message.id]


KNOWN = {form: chinese(message) for name in CATALOGUES for message in entries(name) for form in forms(message.id)}


@cache
def sentences() -> tuple:
    """All that the code says, and the files that say it."""
    return tuple(said())


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_sentence_has_a_translation(name):
    missing = [(file, form) for file, message in sentences() if area(file) == name for form in forms(message)]
    assert missing
    assert not [(file, form) for file, form in missing if not KNOWN.get(form)]


def test_no_catalogue_has_what_nobody_says():
    everything = {form for _, message in sentences() for form in forms(message)}
    assert not [form for form in KNOWN if form not in everything]


def test_each_sentence_stands_in_one_catalogue():
    homes = [first(message.id) for name in CATALOGUES for message in entries(name)]
    assert len(homes) == len(set(homes))


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_translation_has_the_fields_of_its_sentence_and_no_others(name):
    wrong = []
    for message in entries(name):
        *_, many = forms(message.id)
        if chinese(message) and "{" in many and fields(chinese(message)) != fields(many):
            wrong.append((many, chinese(message)))
    assert not wrong


@pytest.mark.parametrize("name", CATALOGUES)
def test_commands_in_backquotes_stay_as_they_are(name):
    quoted = re.compile("`[^`]*`")
    wrong = [
        (form, chinese(message))
        for message in entries(name)
        for form in forms(message.id)[-1:]
        if chinese(message) and sorted(quoted.findall(form)) != sorted(quoted.findall(chinese(message)))
    ]
    assert not wrong


@pytest.mark.parametrize("name", CATALOGUES)
def test_chinese_is_written_with_its_own_marks_and_apart_from_latin_letters(name):
    """What locale/README.md asks for."""
    odd = re.compile(
        rf"{HAN}[A-Za-z0-9{{`]|[A-Za-z0-9}}`]{HAN}|{HAN}[,;:!?(]|{HAN}\.(?:\s|$)| [，。；：（）]|[，。；：（）] "
    )
    wrong = [(text, odd.findall(text)) for message in entries(name) if odd.search(text := chinese(message))]
    assert not wrong
