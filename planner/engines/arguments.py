"""Command-line arguments as pieces that the user's own may displace."""

from collections.abc import Iterable, Iterator

_SAME = {
    "tp": "tensor-parallel-size",
    "tp-size": "tensor-parallel-size",
    "pp": "pipeline-parallel-size",
    "pp-size": "pipeline-parallel-size",
    "q": "quantization",
}


def name_of(argument: str) -> str | None:
    """The flag that an argument sets, without dashes, `no-` and value; None where it is a value.

    Engines accept underscores for hyphens: ``--max_model_len=4096`` sets ``max-model-len``.
    """
    bare = argument.lstrip("-")
    if bare == argument or not bare or bare[0].isdigit():
        return None
    name = bare.partition("=")[0].replace("_", "-").removeprefix("no-")
    return _SAME.get(name, name)


def values(arguments: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(flag, value) of each flag, value "" where it has none."""
    name: str | None = None
    given: list[str] = []
    for argument in arguments:
        flag = name_of(argument)
        if flag is None:
            given.append(argument)
            continue
        if name is not None:
            yield name, " ".join(given)
        _, equals, value = argument.partition("=")
        name, given = flag, [value] if equals else []
    if name is not None:
        yield name, " ".join(given)


def without(arguments: tuple[str, ...], flags: Iterable[str]) -> tuple[str, ...]:
    """The arguments less these flags and their values."""
    dropped, kept, dropping = set(flags), [], False
    for argument in arguments:
        flag = name_of(argument)
        dropping = flag in dropped if flag is not None else dropping
        if not dropping:
            kept.append(argument)
    return tuple(kept)


def merged(emitted: Iterable[tuple[str, ...]], extra: tuple[str, ...]) -> tuple[str, ...]:
    """The emitted arguments, each a flag with its values, less those that the extra ones set; the extra ones last."""
    taken = {name_of(argument) for argument in extra} - {None}
    return (*(part for piece in emitted if name_of(piece[0]) not in taken for part in piece), *extra)
