"""Reads a stack file (``Pulumi.<stack>.yaml``) for the command line: YAML in, a `StackInput` out."""

import re
from dataclasses import replace
from pathlib import Path

from settings import codes, reading_codes
from settings.diagnostics import Diagnostic
from settings.keys import NAMESPACE, ConfigEntry, gather
from settings.parse import StackInput
from settings.secrecy import is_sealed
from settings.stack import SECTION_NAMES
from settings.stack_yaml import read_yaml
from settings.suggest import closest

LARGEST = 256 * 1024
"""Bytes. Sample stacks have about two thousand."""

_NAME = re.compile(r"Pulumi\.(.+)\.ya?ml")
_PULUMIS_OWN = ("config", "encryptionsalt", "secretsprovider", "encryptedkey", "environment")


def find(stack: str, root: Path) -> Path:
    """The file of a stack: `stack` is its name (``dev`` -> ``Pulumi.dev.yaml`` in `root`) or a path, from the working
    directory or from `root`. It need not exist; `read` says so."""
    given = Path(stack)
    if given.suffix in (".yaml", ".yml") or len(given.parts) > 1:
        return given if exists(given) else root / given
    return root / f"Pulumi.{stack}.yaml"


def exists(path: Path) -> bool:
    """Whether something is at a path; not at one that the system cannot have, such as a name that is too long."""
    try:
        return path.exists()
    except OSError:
        return False


def stacks(root: Path) -> tuple[str, ...]:
    """The names of the stacks that have a file in `root`, sorted."""
    return tuple(sorted(found[1] for path in root.glob("Pulumi.*.y*ml") if (found := _NAME.fullmatch(path.name))))


def read(path: Path) -> StackInput:
    """Read one stack file.

    Raises nothing for what a file can hold or lack: a missing, unreadable or broken file is in the result's
    `problems`, which `settings.parse.parse` carries on.
    """
    named = _NAME.fullmatch(path.name)
    stack = named[1] if named else path.stem
    project = _project(path.parent)
    config, problems = _config(path)
    if config is None:
        return StackInput(project, stack, problems=problems)
    found = gather((ConfigEntry(key, value, is_sealed(value)) for key, value in config.items()), project, stack)
    return replace(found, problems=(*problems, *found.problems))


def _config(path: Path) -> tuple[dict[str, object] | None, tuple[Diagnostic, ...]]:
    """The object below ``config:``, or None where there is none to be had and a problem says why."""
    text, problem = _text(path)
    if problem is not None:
        return None, (problem,)
    tree, problems = read_yaml(text, path.name)
    if tree is None:
        return None, problems or (reading_codes.empty_stack_file(path.name, file=path.name),)
    if not isinstance(tree, dict):
        return None, (*problems, _no_mapping(path.name, tree))
    problems += tuple(_misplaced(key) for key in tree if _is_misplaced(key))
    config = tree.get("config")
    if config is None and problems:
        return None, problems
    if config is not None and not isinstance(config, dict):
        return None, (*problems, _no_mapping("config", config))
    return config or {}, problems


def _text(path: Path) -> tuple[str, Diagnostic | None]:
    try:
        with path.open("rb") as file:
            # No more than that is taken of something without an end, such as a device.
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        return "", _missing(path)
    except IsADirectoryError:
        return "", reading_codes.unreadable(path.name, reading_codes.folder(name=path.name))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return "", reading_codes.unreadable(path.name, reading_codes.kept_from_reading(name=path.name, reason=reason))
    if len(data) > LARGEST:
        return "", reading_codes.unreadable(
            path.name, reading_codes.too_large(name=path.name, most_kib=LARGEST // 1024)
        )
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", reading_codes.unreadable(f"{path.name}:{line}", reading_codes.not_utf8(name=path.name, line=line))


def _missing(path: Path) -> Diagnostic:
    existing = stacks(path.parent)
    named = _NAME.fullmatch(path.name)
    near = closest(named[1] if named else path.stem, existing)
    return reading_codes.unreadable(path.name, reading_codes.no_such_file(name=path.name, near=near, existing=existing))


def _no_mapping(name: str, value: object) -> Diagnostic:
    return reading_codes.not_a_mapping(name, name=name, is_list=isinstance(value, list))


def _is_misplaced(key: str) -> bool:
    if key in _PULUMIS_OWN:
        return False
    return ":" in key or key in SECTION_NAMES or closest(key, _PULUMIS_OWN) is not None


def _misplaced(key: str) -> Diagnostic:
    belongs = "config" if ":" in key else "section" if key in SECTION_NAMES else ""
    near = None if belongs else closest(key, _PULUMIS_OWN)
    return codes.unknown_key(key, codes.no_key_of_pulumi(key=key, belongs=belongs, near=near, known=_PULUMIS_OWN))


def _project(folder: Path) -> str:
    """The project's name, which stands for the namespace of a key that has none."""
    text, problem = _text(folder / "Pulumi.yaml")
    tree, _ = (None, ()) if problem else read_yaml(text, "Pulumi.yaml")
    name = tree.get("name") if isinstance(tree, dict) else None
    return name if isinstance(name, str) else NAMESPACE
