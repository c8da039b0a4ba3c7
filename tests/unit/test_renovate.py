"""Renovate finds every pin that it is meant to follow, and no fact that only looks like one."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from catalog.load import load
from tests.unit.documents import ROOT

CONFIGURATION = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
CATALOG = load()
FILES = [
    *(ROOT / "catalog/data").glob("*.yaml"),
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "images").glob("*/Dockerfile"),
]
FILES += [ROOT / "pyproject.toml", ROOT / "cli/load_generator.py", ROOT / "tools/uv.txt"]
DEFAULT_IMAGES = {(image.repository, image.tag) for image in CATALOG.images if image.default}
CHARTS = {name: chart for name, chart in CATALOG.charts.items() if chart.installer == "helm"}
USED = r"uses: ([\w.-]+/[\w.-]+)@[0-9a-f]{40} # (v\S+)"


def pattern(text: str) -> re.Pattern[str]:
    """As Renovate has it, without the slashes around it; it knows no look-around, which RE2 lacks."""
    assert "(?=" not in text
    assert "(?!" not in text
    return re.compile(text.removeprefix("/").removesuffix("/").replace("(?<", "(?P<"))


def found_by(manager: dict, text: str) -> list[dict[str, str]]:
    """The pins that a manager finds in a text, as Renovate would: each pattern on the whole, or on what the one before
    it found."""
    first, *others = map(pattern, manager["matchStrings"])
    if manager.get("matchStringsStrategy") == "recursive":
        (last,) = others
        return [each.groupdict() for part in first.finditer(text) for each in last.finditer(part[0])]
    return [each.groupdict() for one in (first, *others) for each in one.finditer(text)]


def pins(about: str) -> list[tuple[str, str]]:
    """Name and version of what the one manager finds whose description begins like this."""
    (manager,) = (each for each in CONFIGURATION["customManagers"] if each["description"][0].startswith(about))
    files = files_of(manager["managerFilePatterns"])
    found = [each for file in files for each in found_by(manager, file.read_text(encoding="utf-8"))]
    return [(each["depName"], each["currentValue"]) for each in found]


def files_of(patterns: list[str]) -> list[Path]:
    each_pattern = [pattern(each) for each in patterns]
    return [file for file in FILES if any(each.search(file.relative_to(ROOT).as_posix()) for each in each_pattern)]


def test_the_default_image_of_each_role_is_followed_and_no_older_one():
    assert sorted(pins("The image of each engine")) == sorted(DEFAULT_IMAGES)


def test_every_chart_that_helm_installs_is_followed_with_the_version_in_its_name():
    found = [*pins("Charts of OCI"), *pins("Charts of Helm")]
    charts = [(chart.chart.removeprefix("oci://"), name.partition("@")[2]) for name, chart in CHARTS.items()]
    assert sorted(found) == sorted(charts)
    # The one replacement of a bump is right in both places only where they say the same.
    assert not [name for name, chart in CHARTS.items() if name.partition("@")[2] != chart.number]


def test_of_a_chart_with_several_releases_the_older_get_patches_only():
    (rule,) = (
        each for each in CONFIGURATION["packageRules"] if each.get("matchFileNames") == ["catalog/data/charts.yaml"]
    )
    newest = {chart.software: chart for chart in reversed(CHARTS.values())}
    older = [chart for chart in CHARTS.values() if chart is not newest[chart.software]]
    assert {chart.chart.removeprefix("oci://") for chart in older} == set(rule["matchDepNames"])
    limit = tuple(map(int, rule["matchCurrentVersion"].removeprefix("<").split(".")))
    for chart in CHARTS.values():
        if chart.chart.removeprefix("oci://") in rule["matchDepNames"]:
            assert chart.number
            assert (tuple(map(int, chart.number.split("."))) < limit) == (chart in older)
    assert (rule["matchUpdateTypes"], rule["enabled"]) == (["major", "minor"], False)


def test_what_the_build_backend_needs_is_followed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    constraints = project["tool"]["uv"]["build-constraint-dependencies"]
    assert [f"{name}=={number}" for name, number in pins("What the build backend needs")] == constraints


def test_what_the_recipe_for_an_image_installs_and_the_load_generator_are_followed():
    assert {name for name, _ in pins("What the recipe")} == {"VLLM", "MODELSCOPE", "aiperf"}


def test_every_action_in_a_document_is_followed():
    shown = [
        each for file in (ROOT / "docs").glob("*.md") for each in re.findall(USED, file.read_text(encoding="utf-8"))
    ]
    assert shown
    assert sorted(pins("Actions in workflows")) == sorted(shown)


@pytest.mark.parametrize("manager", CONFIGURATION["customManagers"], ids=lambda each: each["description"][0][:30])
def test_every_manager_reads_files_that_are_there(manager):
    for each in manager["managerFilePatterns"]:
        assert files_of([each]), each
    for file in files_of(manager["managerFilePatterns"]):
        assert found_by(manager, file.read_text(encoding="utf-8")) or file.suffix == ".md", file


def test_the_rules_name_what_is_pinned():
    """A rule for something that is gone would say that it is looked after."""
    modules = " ".join(file.read_text(encoding="utf-8") for file in (ROOT / "tools").rglob("go.mod"))
    known = {name for manager in CONFIGURATION["customManagers"] for name, _ in pins(manager["description"][0])}
    rest = modules + (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    rest += "".join(file.read_text(encoding="utf-8") for file in (ROOT / "images").glob("*/Dockerfile"))
    for rule in CONFIGURATION["packageRules"]:
        missing = [name for name in rule.get("matchDepNames", ()) if name not in known and name not in rest]
        assert not missing, rule
        for name in rule.get("matchFileNames", ()):
            assert list(ROOT.glob(re.sub(r"\{.*\}", "*", name))), name


def test_uv_itself_is_followed_with_its_hashes():
    (file,) = files_of(CONFIGURATION["pip_requirements"]["managerFilePatterns"])
    assert file.name == "uv.txt"
