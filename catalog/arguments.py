"""What one release of an engine, or of the chat page, takes: the options of its own parser, the variables it reads, and
the paths that an engine's server answers at.

One JSON file a release in `data/arguments/`, written by `tools.record_arguments` from the release itself, never by
hand; JSON and not YAML since `check` reads one for every engine that it meets.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FOLDER = "arguments"


@dataclass(frozen=True)
class Option:
    """One option of a parser made with argparse.

    `names` are all its spellings with their dashes, `nargs` is argparse's: None one value, a number that many (0: a
    switch), "?", "*" or "+". `type` names the function that reads a value, None where any text will do.
    """

    names: tuple[str, ...]
    nargs: int | str | None = None
    type: str | None = None
    choices: tuple[str, ...] = ()
    default: str | float | bool | None = None

    @cached_property
    def flag(self) -> str:
        """The longest name without its dashes, and no negation: what this project calls the option."""
        said = [name for name in self.names if f"--{name.removeprefix('--no-')}" not in self.names]
        return max(said, key=len).lstrip("-").replace("_", "-")


@dataclass(frozen=True)
class Release:
    """`source` says from which file, by its SHA-256, and when it was recorded; `how` in which way.

    `abbreviations`: the parser takes an unambiguous beginning for an option's name. `parsers` are the names that an
    option takes though its parser lists none (a registry of the engine's). `paths` are all that its server may answer
    at, whatever for, with what varies as its framework writes it (`{id}`, `:id`).
    """

    package: str
    version: str
    sha256: str
    recorded: str
    how: str
    abbreviations: bool
    options: tuple[Option, ...]
    parsers: dict[str, tuple[str, ...]]
    environment: frozenset[str]
    paths: frozenset[str]

    @property
    def source(self) -> str:
        return f"{self.package} {self.version} (sha256:{self.sha256[:12]}…), recorded {self.recorded}"

    @cached_property
    def by_name(self) -> dict[str, Option]:
        """The options by every spelling."""
        return {name: option for option in self.options for name in option.names}

    @cached_property
    def by_flag(self) -> dict[str, Option]:
        return {option.flag: option for option in self.options}

    @cached_property
    def knows(self) -> frozenset[str]:
        """What an emitter may ask: `flag` for each option, `flag=value` for each value that one is known to take."""
        return frozenset(self._capabilities())

    def _capabilities(self) -> Iterator[str]:
        for option in self.options:
            yield from (name.lstrip("-") for name in option.names if name.startswith("--"))
            yield from (f"{option.flag}={choice}" for choice in option.choices)
            if option.type == "human_readable_int_or_auto":
                yield f"{option.flag}=auto"
        for flag, names in self.parsers.items():
            yield from (f"{flag}={name}" for name in names)


def read(root: Path, package: str, version: str) -> Release | None:
    """The record of a release below the catalogue's `root`; None where there is none."""
    path = root / FOLDER / f"{package}-{version}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    facts = json.loads(text)
    return Release(
        package=package,
        version=version,
        sha256=facts["sha256"],
        recorded=facts["recorded"],
        how=facts["how"],
        abbreviations=facts.get("abbreviations", False),
        options=tuple(_option(entry) for entry in facts.get("options", ())),
        parsers={flag: tuple(names) for flag, names in facts.get("parsers", {}).items()},
        environment=frozenset(facts["environment"]),
        paths=frozenset(facts.get("paths", ())),
    )


def _option(entry: dict) -> Option:
    names, choices = tuple(entry.pop("names")), tuple(entry.pop("choices", ()))
    return Option(names=names, choices=choices, **entry)
