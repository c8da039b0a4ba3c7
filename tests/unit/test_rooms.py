"""Imports point one way, and the pure rooms know no Pulumi."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "settings": set(),
    "catalog": set(),
    "planner": {"settings", "catalog"},
    "policy": {"settings", "catalog", "planner"},
    "tools": set(),
    "components": {"planner"},
    "rehearsal": {"settings", "catalog", "planner", "components", "policy", "tools"},
    "cli": {"settings", "catalog", "planner", "components", "rehearsal", "policy", "tools"},
    "e2e": {"settings", "catalog", "rehearsal", "tools"},
}
WORDS = {"catalog.engines"}
"""What `settings` may import of the catalogue: the names of the engines are part of the stack file's grammar and keys
of the catalogue, and one list serves both. The module holds nothing else and imports nothing of ours."""
PURE = ("settings", "catalog", "planner")


@cache
def imported_rooms(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0] if node.module not in WORDS or path.parent.name != "settings" else "")
    return names


def files_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_the_rooms_before_it(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {other}"
        for path in files_of(room)
        for other in imported_rooms(path) & set(ALLOWED) - {room} - ALLOWED[room]
    }
    assert files_of(room)
    assert not wrong


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_never_names_pulumi_but_in_the_reader_for_the_engine(room: str) -> None:
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in files_of(room)
        if imported_rooms(path) & {"pulumi", "pulumi_kubernetes", "pulumi_random", "tencentcloud_iac_pulumi"}
    }
    assert naming <= {"settings/load.py"}


def test_what_decides_imports_nothing_that_refuses() -> None:
    """`check…` modules refuse, `remedies` look for what they would not. Serving alone asks them beside: a model that is
    refused has no place in a pool."""
    refusing = {path.stem for path in (ROOT / "planner").glob("*/check*.py")}
    rooms = [path for path in (ROOT / "planner").glob("*/*.py") if path.parent.name != "serving"]
    deciding = [path for path in rooms if path.stem not in refusing | {"remedies"}]
    wrong = {
        f"{path.relative_to(ROOT)} imports {node.module}"
        for path in deciding
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.rpartition(".")[2] in refusing
    }
    assert not wrong


def test_checking_a_stack_loads_neither_pulumi_nor_rich() -> None:
    script = (
        "import sys; from cli.main import app; app(['check', 'dev'], standalone_mode=False);"
        "print(sorted({'pulumi', 'rich', 'grpc'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_program_is_thin() -> None:
    assert len((ROOT / "__main__.py").read_text(encoding="utf-8").splitlines()) <= 30
