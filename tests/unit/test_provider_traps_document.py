"""docs/provider-traps.md: each trap of the provider has a test or a way out, and each of these exists."""

import re

from planner.diagnostics.explain import codes
from tests.unit import documents

TEXT = documents.document("provider-traps.md")
TRAPS = documents.rows(TEXT, "## Traps")


def test_every_trap_has_a_test_or_a_way_out() -> None:
    assert len(TRAPS) > 30
    for trap, _, held_by in TRAPS:
        assert documents.REFERENCE.search(held_by) or "](" in held_by, trap


def test_every_test_that_is_named_exists() -> None:
    assert not documents.missing_tests(TEXT)


def test_every_code_that_is_named_exists() -> None:
    prevented = " ".join(how for _, how, _ in TRAPS)
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", prevented))
    assert named
    assert named <= codes().keys()


def test_the_generated_table_of_changes_has_its_place() -> None:
    updates = documents.document("updates.md")
    assert updates.index("<!-- changes:begin -->") < updates.index("<!-- changes:end -->")


def test_a_reference_that_leads_nowhere_is_found() -> None:
    here = "unit/test_provider_traps_document.py"
    assert not documents.missing_tests(f"`{here}::test_the_generated_table_of_changes_has_its_place[changes:begin]`")
    assert documents.missing_tests(f"`{here}::test_there_is_none`")
    assert documents.missing_tests(f"`{here}::test_the_generated_table_of_changes_has_its_place[no such {'case'}]`")
    assert documents.missing_tests("`unit/test_none.py::test_none`")
