"""docs/images.md says what the catalogue holds and what the planner does."""

import re
from pathlib import Path

import pytest

from catalog.checks import registry_of
from catalog.load import load
from planner.diagnostics.explain import codes
from planner.images.check_mirrors import check_mirrors
from planner.images.mirrors import resolve
from settings.diagnostics import Diagnostic
from tests.unit.stacks import settings

CATALOG = load()
TEXT = (Path(__file__).parents[2] / "docs/images.md").read_text(encoding="utf-8")
ROWS = {
    registry: (mirror.strip("`"), blocked, names)
    for registry, mirror, blocked, names in re.findall(
        r"^\| `([a-z0-9.]+)` \| (.+?) \| (yes|no|unknown) \| (.+?) \|$", TEXT, re.MULTILINE
    )
}
BLOCKED = {True: "yes", False: "no", None: "unknown"}


def findings(image: str) -> list[Diagnostic]:
    return list(check_mirrors({"webui.image": image}, settings(), CATALOG))


def test_the_table_of_registries_is_the_catalogues() -> None:
    assert ROWS.keys() == CATALOG.mirrors.keys()
    for registry, entry in CATALOG.mirrors.items():
        mirror, blocked, _ = ROWS[registry]
        assert blocked == BLOCKED[entry.blocked]
        assert mirror == entry.mirror if entry.mirror else mirror.startswith("no mirror")


@pytest.mark.parametrize("registry", ROWS)
def test_what_the_table_says_of_image_names_is_what_happens_to_them(registry: str) -> None:
    image = f"{registry}/team/image:v1"
    _, _, names = ROWS[registry]
    pulled, found = resolve(image, settings(), CATALOG), findings(image)
    assert (pulled != image) == ("rewritten" in names)
    assert {each.code for each in found} == set(re.findall(r"`([A-Z_]{4,})`", names))
    assert any(each.severity == "error" for each in found) == ("refused" in names)


def test_an_unnamed_registry_is_treated_like_ghcr_as_the_document_says() -> None:
    assert [each.code for each in findings("registry.example.com/team/image:v1")] == ["IMAGE_ROAD_UNKNOWN"]
    for own in ("my-team.tencentcloudcr.com", "hkccr.ccs.tencentyun.com"):
        assert not findings(f"{own}/team/image:v1")


def test_outside_the_mainland_nothing_is_rewritten_as_the_document_says() -> None:
    abroad = settings({"network.zones": ["ap-singapore-1"]}, region="ap-singapore")
    for registry in ROWS:
        image = f"{registry}/team/image:v1"
        assert resolve(image, abroad, CATALOG) == image


def test_the_mirror_of_the_documents_example_does_what_the_document_says() -> None:
    (before, after) = re.findall(r"`(docker\.io/vllm\S+)` becomes\n`(\S+)`", TEXT)[0]
    (mirror,) = re.findall(r"^    docker\.io: (\S+)$", TEXT, re.MULTILINE)
    assert resolve(before, settings({"images": {"mirrors": {"docker.io": mirror}}}), CATALOG) == after


def test_default_images_come_from_registries_that_nodes_reach() -> None:
    registries = {registry_of(image.repository) for image in CATALOG.images}
    assert registries == {"docker.io", "ghcr.io"}, "the document says that all default images but one are on docker.io"
    assert [i.engine for i in CATALOG.images if registry_of(i.repository) == "ghcr.io"] == ["llamacpp"]
    charts = {registry_of(image.mainland or image.image) for chart in CATALOG.charts.values() for image in chart.images}
    for registry in charts:
        assert f"`{registry}" in TEXT


def test_every_code_of_the_document_exists() -> None:
    assert set(re.findall(r"`([A-Z]+_[A-Z_]+)`", TEXT)) <= codes().keys()
