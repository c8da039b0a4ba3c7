"""docs/security.md: every promise is held by a test that exists, and the exceptions it names are the planner's."""

import re

from planner.diagnostics.explain import codes
from tests.unit import documents

TEXT = documents.document("security.md")
PROMISES = documents.rows(TEXT, "## Promises")


def test_every_promise_is_held_by_a_test() -> None:
    assert len(PROMISES) >= 20
    for promise, how, held_by in PROMISES:
        assert how, promise
        assert documents.REFERENCE.search(held_by), promise


def test_every_test_that_is_named_exists() -> None:
    assert not documents.missing_tests(TEXT)


def test_every_code_that_is_named_exists() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", TEXT))
    assert named
    assert named <= codes().keys()


def test_every_attack_is_part_of_a_promise() -> None:
    named = {(file, name) for file, name, _ in documents.REFERENCE.findall(TEXT)}
    attacks = documents.tests_of(documents.TESTS / "security" / "test_attacks.py")
    told = {name for file, name in named if file == "security/test_attacks.py"}
    # Two of them look after the table itself.
    assert {name for name in attacks if name.startswith("test_")} - told == {
        "test_the_page_reaches_every_model_by_itself_or_by_the_api_of_all",
        "test_every_attack_would_succeed_without_the_policies",
    }
