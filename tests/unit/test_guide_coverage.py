"""docs/guide-coverage.md: whatever a row points to exists."""

import ast
import re
from typing import get_args

import pytest
from pydantic import BaseModel

from planner.diagnostics.explain import codes
from settings.stack import Settings
from tests.unit import documents

TEXT = documents.document("guide-coverage.md")
COVERAGE = TEXT[TEXT.index("\n## Coverage\n") : TEXT.index("\n## Manifests\n")]
PARTS = re.findall(r"^### .+$", COVERAGE, re.MULTILINE)
ROWS = [row for part in PARTS for row in documents.rows(COVERAGE, part)]
NONE = "–"


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def leads_to_a_setting(path: str) -> bool:
    """Whether a path such as ``models.*.engine`` names a key of the stack file."""
    kind: object = Settings
    for step in path.split("."):
        if step == "*":
            kind = get_args(kind)[1]
        else:
            section = section_of(kind)
            field = (
                next((f for n, f in section.model_fields.items() if step == (f.alias or n)), None) if section else None
            )
            if field is None:
                return False
            kind = field.annotation
    return True


def section_of(kind: object) -> type[BaseModel] | None:
    """The section that an annotation is, perhaps among others (``Section | None``)."""
    candidates = [kind, *(inner for outer in get_args(kind) for inner in (outer, *get_args(outer)))]
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


def component_classes() -> set[str]:
    return {
        node.name
        for path in (documents.ROOT / "components").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and "ComponentResource" in ast.unparse(node)
    }


def test_the_table_covers_the_guide_and_every_row_is_whole() -> None:
    assert len(PARTS) == 12
    assert len(ROWS) >= 70
    for row in ROWS:
        assert len(row) == 5, row
        assert all(row), row


def test_every_row_has_a_test() -> None:
    for row in ROWS:
        assert documents.REFERENCE.search(row[4]), row[0]


def test_every_test_that_is_named_exists() -> None:
    assert not documents.missing_tests(TEXT)


def test_every_setting_that_is_named_exists() -> None:
    named = {path for row in ROWS for path in quoted(row[1]) if re.match(r"[a-z]\w*\.", path)}
    assert len(named) > 30
    assert not {path for path in named if not leads_to_a_setting(path)}


@pytest.mark.parametrize("path", ["models.*.engin", "model.*.engine", "storage.kind.more", "pools.gpus"])
def test_a_setting_that_does_not_exist_is_found(path: str) -> None:
    assert not leads_to_a_setting(path)


def test_a_row_without_a_setting_says_why_nothing_has_to_be_set() -> None:
    for row in ROWS:
        assert quoted(row[1]) or row[1].startswith(NONE), row[0]


def test_every_component_that_is_named_exists() -> None:
    named = {name for row in ROWS for name in quoted(row[2])}
    assert named <= component_classes()


def test_every_component_of_a_stack_answers_something() -> None:
    """What the guide does not have at all: who may talk to whom, what several copies of the page need, one API for all
    models and its clients, monitoring, and replicas that start ahead of their image."""
    beyond = {"NetworkPolicies", "LoadBalancerGuard", "Redis"}
    beyond |= {
        "ApiGateway",
        "ApiCounters",
        "ClientKeys",
        "Monitoring",
        "ManagedPrometheus",
        "ManagedRules",
        "ImagePrefetch",
        "NodeCache",
    }
    assert component_classes() - beyond <= {name for row in ROWS for name in quoted(row[2])}


def test_every_code_that_is_named_exists() -> None:
    named = {code for row in ROWS for code in quoted(row[3])}
    assert len(named) > 30
    assert named <= codes().keys()
