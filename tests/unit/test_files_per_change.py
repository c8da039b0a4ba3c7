"""What docs/architecture.md says of the files that a change touches, held against changes that were made: whatever was
added once is looked for by its name, in all that is neither a test, a document nor a sample."""

import ast
import re
from pathlib import Path

import pytest

from catalog.load import load

ROOT = Path(__file__).parents[2]
CODE = ("settings", "catalog", "planner", "components", "policy", "rehearsal", "cli")
FILES = [path for room in CODE for path in sorted((ROOT / room).rglob("*.py"))]
TOLD = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def named(pattern: str) -> set[str]:
    """The files of the program whose text has a match; sentences of diagnostics name things and decide nothing."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if not path.name.endswith("codes.py") and re.search(pattern, path.read_text(encoding="utf-8"))
    }


def files_with(name: str) -> list[str]:
    """The files of the program in which this is a whole string."""
    found = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        if name in text and any(
            isinstance(node, ast.Constant) and node.value == name for node in ast.walk(ast.parse(text))
        ):
            found.append(path.name)
    return found


@pytest.mark.parametrize("name", ["PNV4.14XLARGE232", "HCCPNV6.96XLARGE2304"])
def test_a_machine_is_a_row_of_the_catalogue(name: str) -> None:
    assert name in load().machines
    assert files_with(name) == []


@pytest.mark.parametrize("name", ["Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1"])
def test_a_model_is_a_row_of_the_catalogue(name: str) -> None:
    assert load().find_model(name) is not None
    assert [file for file in files_with(name) if not file.endswith("codes.py")] == []


def test_a_flag_is_a_setting_and_an_emitter() -> None:
    assert named(r"\bprefix_caching\b") == {
        "settings/models.py",
        "planner/engines/vllm.py",
        "planner/engines/sglang.py",
        "planner/engines/llamacpp.py",
    }


def test_a_key_that_reaches_a_pod_is_a_setting_a_decision_its_type_and_a_component() -> None:
    """One of a model's pods and of the page's."""
    assert named(r"\bpriority_class\b") == {
        "settings/models.py",
        "settings/webui.py",
        "planner/serving/decide.py",
        "planner/page/decide.py",
        "planner/plan/types.py",
        "components/workloads/inference.py",
        "components/workloads/webui.py",
        "components/workloads/kube.py",  # What any pod of the stack is made of.
    }


def test_a_way_of_exposure_is_a_setting_what_is_decided_what_is_refused_a_component_and_its_choice() -> None:
    choosing = named(r'(?<!api\.)\bvia (==|!=) "(gateway|ingress)"|\bvia: Literal\["port-forward')
    assert choosing == {
        "settings/access.py",
        "planner/access/api.py",  # Whether one API for all models has a public host by it,
        "planner/access/check_api.py",  # and whether it can have one.
        "planner/access/check.py",
        "planner/access/decide.py",
        "components/inbound.py",
    }
    assert all(f"`{path}`" in TOLD for path in choosing)
