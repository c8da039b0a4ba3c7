"""YAML in pieces, each with the class that its colour goes by."""

from collections.abc import Iterator

from pygments.lexers.data import YamlLexer
from pygments.token import STANDARD_TYPES, Token

Pieces = list[tuple[str, str]]
"""(Pygments' short class, text); "" for text without a colour."""

_LEXER = YamlLexer(stripnl=False, ensurenl=False)


def pieces(text: str) -> Pieces:
    """The whole text, neighbours of one class as one piece."""
    joined: Pieces = []
    for name, part in _classes(text):
        if joined and (joined[-1][0] == name or not part.strip()):
            joined[-1] = (joined[-1][0], joined[-1][1] + part)
        else:
            joined.append((name, part))
    return joined


def _classes(text: str) -> Iterator[tuple[str, str]]:
    for token, part in _LEXER.get_tokens(text):
        # A scalar without quotes and all punctuation of a document look as the text around them does.
        plain = token in Token.Text or token in Token.Punctuation or token is Token.Literal.Scalar.Plain
        yield "" if plain else STANDARD_TYPES.get(token, ""), part
