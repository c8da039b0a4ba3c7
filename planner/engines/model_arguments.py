"""The arguments that an engine needs for a model, by the release that its image holds."""

from collections.abc import Iterable

from packaging.version import Version

from catalog.models import ModelArgument


def required(
    arguments: Iterable[ModelArgument], engine: str, release: Version | None, *, own_files: bool
) -> tuple[ModelArgument, ...]:
    """Those of a model's arguments that this engine's release takes and needs. `own_files`: the image holds what the
    engine's own images bring beside it, of which some arguments name a file by its whole path. A release that is not
    known is taken for a new one."""
    mine = (each for each in arguments if each.engine == engine and _within(each, release))
    return tuple(each for each in mine if own_files or not _names_a_file(each))


def _names_a_file(argument: ModelArgument) -> bool:
    return any(part.startswith("/") for part in argument.argument)


def _within(argument: ModelArgument, release: Version | None) -> bool:
    """Whether a release takes the argument and needs it. One older than `since` gets it nevertheless, unless it is for
    tools alone: such a release is refused, and whoever insists knows of a build that takes it."""
    if release is None:
        return argument.until is None
    early = argument.since is not None and release < Version(argument.since)
    late = argument.until is not None and release >= Version(argument.until)
    return not late and not (early and argument.tools)
