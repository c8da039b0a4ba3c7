"""What is fetched to build, test and deploy is fixed: a tag can be moved, a hash cannot."""

import re
import tomllib

import pytest

from tests.unit.documents import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "images/vllm-cuda/Dockerfile").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", [*WORKFLOWS, ROOT / "docs/pipeline.md"], ids=lambda file: file.name)
def test_every_action_is_named_by_its_commit(file):
    used = re.findall(r"^\s*-?\s*uses:\s*(\S+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert used
    assert not [each for each in used if not re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}", each)]


def test_uv_is_installed_by_version_and_hash():
    pinned = (ROOT / "tools/uv.txt").read_text(encoding="utf-8")
    assert re.search(r"^uv==[0-9.]+ \\$", pinned, re.MULTILINE)
    assert len(re.findall(r"--hash=sha256:[0-9a-f]{64}", pinned)) > 10
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert not re.findall(r"pip install(?!.*\$\(PINNED_UV\)).*", makefile)


def test_the_build_backend_and_all_that_it_needs_are_one_version_each():
    (backend,) = PROJECT["build-system"]["requires"]
    constrained = PROJECT["tool"]["uv"]["build-constraint-dependencies"]
    assert all(re.fullmatch(r"[a-z-]+==[0-9.]+", each) for each in [backend, *constrained])
    # What hatchling 1.33.0 requires, by its metadata on PyPI.
    assert {each.partition("==")[0] for each in constrained} == {"packaging", "pathspec", "pluggy", "trove-classifiers"}


def test_running_the_program_installs_no_package_of_the_tests():
    assert PROJECT["tool"]["uv"]["default-groups"] == []


def test_the_recipe_for_an_image_begins_with_a_digest_and_asks_one_index_at_a_time():
    assert re.search(r"^ARG BASE_IMAGE=\S+@sha256:[0-9a-f]{64}$", DOCKERFILE, re.MULTILINE)
    assert "extra-index-url" not in DOCKERFILE
    assert re.search(r"^ARG MODELSCOPE_VERSION=[0-9.]+$", DOCKERFILE, re.MULTILINE)
    assert "modelscope==${MODELSCOPE_VERSION}" in DOCKERFILE
