"""The engines that there are, by name: each in the module of its name, so that the list of names is all there is to
extend."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import get_args

from catalog.engines import EngineName
from planner.engines.engine import CommandLine, Engine
from settings.translation import tr

NAMES: tuple[EngineName, ...] = get_args(EngineName)

RESERVED = {"HOME": tr("it must name a folder that the server's user may write to")}
"""Variables that no engine's user may set, with the reason."""


@cache
def find(name: str) -> Engine:
    """The engine of that name, from the module of that name."""
    return import_module(f"{__package__}.{name}").ENGINE


def every() -> tuple[Engine, ...]:
    """All engines, the default first."""
    return tuple(map(find, NAMES))


@cache
def key_variables() -> frozenset[str]:
    """The variables that give the engines their API keys."""
    return frozenset(engine.api_key_env for engine in every() if engine.api_key_env is not None)


@cache
def reserved() -> dict[str, str]:
    """The variables that no user sets, whichever engine reads them, with the reason."""
    keys = dict.fromkeys(key_variables(), tr("the API key is generated, or set as the secret tke-llm:apiKeys"))
    return {name: why for engine in every() for name, why in engine.reserved.items()} | keys | RESERVED


def _command_lines() -> Iterator[CommandLine]:
    return (engine.command_line for engine in every() if engine.command_line is not None)


@cache
def secret_flags() -> frozenset[str]:
    """The flags of all engines that take a secret."""
    return frozenset(flag for line in _command_lines() for flag in line.secret)


@cache
def fixed_flags() -> frozenset[str]:
    """The flags of all engines that the planner alone decides."""
    return frozenset(flag for line in _command_lines() for flag in line.fixed)


@cache
def typed_flags() -> dict[str, str]:
    """The settings that flags of all engines have."""
    return {flag: setting for line in _command_lines() for flag, setting in line.typed.items()}


@cache
def passed_on() -> frozenset[str]:
    """The settings that one engine or another takes as they stand."""
    return frozenset(setting for engine in every() for setting in engine.passes_on)


@cache
def tuned() -> frozenset[str]:
    """The settings that change what one engine or another takes of memory."""
    return frozenset(setting for engine in every() for setting in engine.tunes)


@cache
def longer() -> frozenset[str]:
    """The flags and variables by which an engine takes a context beyond the model's own."""
    return frozenset(name for engine in every() for name in engine.longer)
