"""The planner's rooms: folders by what they decide, few of them, that know each other in one direction only.

A file beside the folders is a room of its own. The bounds are those that the house was rebuilt for; a change that needs
more has found a wall in the wrong place.
"""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

PLANNER = Path(__file__).parents[2] / "planner"
MOST_ROOMS, MOST_IMPORTS, MOST_FLOORS = 20, 62, 8


def room_of(module: str) -> str | None:
    """The room of a module by its dotted name; None for what is not the planner's."""
    parts = module.split(".")
    return parts[1] if parts[0] == "planner" and len(parts) > 1 else None


def imported(path: Path) -> set[str]:
    """The rooms that a file names in its imports, wherever in the file they stand."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {room for module in modules if (room := room_of(module)) is not None}


@cache
def imports() -> dict[str, set[str]]:
    """The rooms that each room imports."""
    found: dict[str, set[str]] = {}
    for path in PLANNER.rglob("*.py"):
        room = path.relative_to(PLANNER).parts[0].removesuffix(".py")
        if room != "__init__":
            found.setdefault(room, set()).update(imported(path) - {room})
    return found


def floors() -> dict[str, int]:
    """The floor of each room: one above the highest that it imports. Raises graphlib.CycleError."""
    above, found = imports(), {}
    for room in TopologicalSorter(above).static_order():
        found[room] = 1 + max((found[other] for other in above[room]), default=0)
    return found


def test_no_room_imports_in_a_circle_and_the_house_is_low() -> None:
    assert max(floors().values()) <= MOST_FLOORS


def test_there_are_few_rooms_that_know_few_others() -> None:
    assert len(imports()) <= MOST_ROOMS
    assert sum(map(len, imports().values())) <= MOST_IMPORTS


def test_codes_of_a_subject_stand_beside_the_check_that_finds_it() -> None:
    subjects = sorted(PLANNER.glob("*/*_codes.py"))
    alone = [path for path in subjects if not path.with_name(f"check_{path.name.replace('_codes', '')}").exists()]
    assert subjects
    assert alone == []


def test_every_room_stands_in_the_table_of_the_architecture() -> None:
    told = (PLANNER.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert [room for room in imports() if f"| `{room}" not in told] == []
