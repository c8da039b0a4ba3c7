"""The script that follows the README and docs/deploy.md: what of them it runs, and what stands in for the Internet."""

import importlib.util

from tests.unit.documents import ROOT

_spec = importlib.util.spec_from_file_location("newcomer", ROOT / ".ci/newcomer.py")
assert _spec is not None
assert _spec.loader is not None
newcomer = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(newcomer)
DEPLOY = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
READMES = [(ROOT / name).read_text(encoding="utf-8") + DEPLOY for name in ("README.md", "README.zh-CN.md")]


def test_a_newcomer_types_everything_from_the_demo_to_the_preview():
    for text in READMES:
        typed = newcomer.commands(text)
        assert (typed[0], typed[-1]) == ("make demo", "pulumi preview")
        assert {".venv/bin/tke-llm rehearse mine", "uv run tke-llm check dev"} <= set(typed)
        assert not [each for each in typed if "big" in each]


def test_only_what_needs_the_internet_is_replaced_and_that_is_shown():
    for command in newcomer.commands(READMES[0]):
        if newcomer.replaced(command) != command:
            assert "https://" in command or "github://" in command
            assert f"(here: {newcomer.replaced(command)})" in newcomer.script(READMES[0]).replace("'\"'\"'", "'")


def test_every_replacement_is_of_something_that_the_pages_say():
    for begin in newcomer.REPLACED:
        assert any(begin in command for command in newcomer.commands(READMES[0])), begin


def test_the_preview_must_refuse_for_a_reason_that_the_pages_announce():
    assert "the preview ran without an account" in newcomer.script(READMES[0])
    assert "credential" in READMES[0]
