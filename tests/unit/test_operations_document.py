"""docs/operations.md: each trap of the provider has a test or a way out, and each of these exists."""

import re

from planner.diagnostics.explain import codes
from tests.unit import documents

TEXT = documents.document("operations.md")
TRAPS = documents.rows(TEXT, "## The provider's traps")


def test_every_trap_has_a_test_or_a_way_out() -> None:
    assert len(TRAPS) > 30
    for trap, _, held_by in TRAPS:
        assert documents.REFERENCE.search(held_by) or documents.local_links(held_by), trap


def test_every_test_that_is_named_exists() -> None:
    assert not documents.missing_tests(TEXT)


def test_every_code_that_is_named_exists() -> None:
    prevented = " ".join(how for _, how, _ in TRAPS)
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", prevented))
    assert named
    assert named <= codes().keys()


def test_generated_parts_have_their_place() -> None:
    for part in ("changes", "pause"):
        assert TEXT.index(f"<!-- {part}:begin -->") < TEXT.index(f"<!-- {part}:end -->")


def test_a_reference_that_leads_nowhere_is_found() -> None:
    here = "unit/test_operations_document.py"
    assert not documents.missing_tests(f"`{here}::test_generated_parts_have_their_place[changes]`")
    assert documents.missing_tests(f"`{here}::test_there_is_none`")
    assert documents.missing_tests(f"`{here}::test_generated_parts_have_their_place[no such {'case'}]`")
    assert documents.missing_tests("`unit/test_none.py::test_none`")
