"""The nearest allowed word to one that is not allowed."""

from collections.abc import Iterable

LONGEST = 80
"""Characters. Longer words are no misspelling of a key, and comparing them takes quadratic time."""


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())


LIKE = 0.65
"""Share of letters from which a word of a list is meant."""
MISSPELT = 0.85
"""The share where words of the list begin alike and most others are meant to be none of it."""


def closest(given: str, allowed: Iterable[str], least: float = LIKE) -> str | None:
    """The word of `allowed` that was probably meant by `given`, or None where none has the `least` share of letters.

    Case, dashes and underscores do not count: ``tensor_parallel`` means ``tensorParallel``.
    """
    if len(given) > LONGEST:
        return None
    words = {_plain(word): word for word in allowed}
    if exact := words.get(_plain(given)):
        return exact
    from difflib import get_close_matches  # noqa: PLC0415  needed for errors alone; 10 ms of every start otherwise

    near = get_close_matches(_plain(given), words, n=1, cutoff=least)
    return words[near[0]] if near else None
