"""What makes a release: a tag that is the version's, changes that are told, and the same bytes for the same commit."""

import json
import re
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from cli.version import said
from tests.unit.documents import ROOT
from tests.unit.test_cli import command
from tools.release import Changes, ReleaseError, changes, check, problems, sbom, version_of

CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- A thing.

## [0.1.0]

- Never dated.

[0.2.0]: https://example.com/v0.2.0
"""
TOLD = changes(CHANGELOG)
EXPORTED = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "serialNumber": "urn:uuid:855d91d1-9111-4ed4-97f1-551a534df194",
    "metadata": {"timestamp": "2026-11-28T09:28:40.939856974Z"},
    "components": [{"name": "typer", "version": "0.16.0", "purl": "pkg:pypi/typer@0.16.0"}],
}
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text(encoding="utf-8"))


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def test_a_changelog_is_read_by_version_without_the_links_at_its_end():
    assert changes(CHANGELOG) == {
        "Unreleased": Changes("", ""),
        "0.2.0": Changes("2026-12-01", "### Added\n\n- A thing."),
        "0.1.0": Changes("", "- Never dated."),
    }


def test_our_changelog_dates_every_version_that_it_has():
    told = changes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    assert told.pop("Unreleased").text
    assert not [name for name, each in told.items() if not (each.date and each.text)]


def test_a_tag_of_the_version_whose_changes_are_told_is_released():
    assert problems("v0.2.0", "0.2.0", "0.2.0", TOLD) == []


@pytest.mark.parametrize(
    ("tag", "number", "policy", "told", "says"),
    [
        ("v0.3.0", "0.2.0", "0.2.0", TOLD, "the tag is v0.3.0, but pyproject.toml says 0.2.0"),
        ("0.2.0", "0.2.0", "0.2.0", TOLD, "is tagged v0.2.0"),
        ("v0.3.0", "0.3.0", "0.3.0", TOLD, "it has Unreleased, 0.2.0, 0.1.0"),
        ("v0.1.0", "0.1.0", "0.1.0", TOLD, "has no date, or tells no change"),
        ("v0.2.0", "0.2.0", "0.2.0", {"0.2.0": Changes("2026-12-01", "")}, "has no date, or tells no change"),
        ("", "0.2.0", "0.1.0", TOLD, "policy/PulumiPolicy.yaml 0.1.0"),
        ("", "0.2.0.dev1", "0.2.0.dev1", TOLD, "not three numbers"),
        ("", "0.2.0", "0.2.0", {}, "has no section"),
    ],
)
def test_what_stands_against_a_release_is_said(tag, number, policy, told, says):
    assert any(says in each for each in problems(tag, number, policy, told))


def test_the_project_says_its_version_alike_everywhere():
    policy = (ROOT / "policy/PulumiPolicy.yaml").read_text(encoding="utf-8")
    assert problems("", version_of(ROOT), yaml.safe_load(policy)["version"], TOLD) == []
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    assert f'name = "tke-llm"\nversion = "{version_of(ROOT)}"' in lock


def test_without_a_changelog_nothing_is_released(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/PulumiPolicy.yaml").write_text("version: 0.2.0\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.2.0"\n')
    with pytest.raises(ReleaseError, match=r"CHANGELOG\.md: No such file"):
        check("v0.2.0", tmp_path)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    check("v0.2.0", tmp_path)


def test_the_list_of_packages_depends_on_the_lock_and_the_commit_alone():
    later = {**EXPORTED, "serialNumber": "urn:uuid:0", "metadata": {"timestamp": "2027-01-01T00:00:00Z"}}
    first, second = (sbom(json.dumps(each), 1_795_000_000) for each in (EXPORTED, later))
    assert first == second
    assert json.loads(first)["metadata"]["timestamp"] == "2026-11-18T11:06:40Z"
    other = {**EXPORTED, "components": []}
    assert json.loads(sbom(json.dumps(other), 1_795_000_000))["serialNumber"] != json.loads(first)["serialNumber"]


def test_only_the_job_that_runs_nothing_of_the_repository_may_sign_and_publish():
    assert WORKFLOW["permissions"] == {}
    jobs = WORKFLOW["jobs"]
    assert {name: job["permissions"] for name, job in jobs.items() if name != "publish"} == {
        "build": {"contents": "read"},
        "ci": {"contents": "read"},
    }
    publish = jobs["publish"]
    assert set(publish["needs"]) == {"build", "ci"}
    assert not [each for each in publish["steps"] if re.search("checkout|make|python|uv", str(each.get("run", each)))]


def test_the_version_is_that_of_the_package_and_in_a_clone_tells_the_commit(tmp_path):
    assert command("--version").stdout.startswith(f"tke-llm {version('tke-llm')}")
    assert said(tmp_path) == f"tke-llm {version('tke-llm')}"
    git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "one")
    assert re.fullmatch(r"tke-llm \S+ \(commit [0-9a-f]{12}\)", said(tmp_path))
    (tmp_path / "file").write_text("two")
    assert re.fullmatch(r"tke-llm \S+ \(commit [0-9a-f]{12}, with changes of your own\)", said(tmp_path))
