"""Whole stacks that others ran or described (outside_verdicts.yaml): what could not start is refused, what ran not."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from planner.prove import prove
from settings.parse import StackInput, parse

CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parent / "outside_verdicts.yaml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
)
UNRELATED = {"NOT_AT_SOURCE", "UNKNOWN_KEY"}
"""Errors that say nothing of whether the stack would start; a case that is about them names them."""
KEYS = {"id", "source", "fact", "pool", "region", "zone", "serve", "stack", "verdict", "codes", "emits"}


def _stack(case: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Region and sections of the smallest stack that asks for what the case ran.

    `pool` names a machine type, a super node's GPU, or a GPU of nodes that exist, with `gpus` on each.
    """
    pool, region = dict(case["pool"]), case.get("region", "ap-guangzhou")
    where: dict[str, Any] = {"network": {"zones": [case.get("zone", f"{region}-6")]}}
    if "gpu" in pool:
        gpus = pool.pop("gpus")
        pool |= {"kind": "existing", "gpusPerNode": gpus, "cpu": 16 * gpus, "memory": f"{200 * gpus}Gi"}
    if pool.get("kind") == "existing":
        where = {"cluster": {"existing": {"kubeconfigPath": "kubeconfig.yaml"}}}
    elif "gpuType" in pool:
        pool["kind"] = "super"
    source = {} if case["serve"].get("engine") == "ollama" else {"source": "huggingface"}
    serve = {"revision": "main", **source, **case["serve"]}
    sections = {**where, "pools": {"gpu": pool}, "models": {"chat": serve}, "webui": False, **case.get("stack", {})}
    return region, sections


def _judged(case: dict[str, Any]) -> tuple[str, set[str]]:
    """The command that the model would be served by, and the codes of all errors."""
    region, sections = _stack(case)
    plan, findings = prove(parse(StackInput("tke-llm", "dev", region, sections, {"hfToken": True})))
    served = plan.models.get("chat") if plan else None
    command = " ".join(served.spec.command) if served else ""
    return command, {finding.code for finding in findings if finding.severity == "error"}


def test_each_case_is_told_apart_and_names_its_source():
    assert not [name for name, times in Counter(case["id"] for case in CASES).items() if times > 1]
    for case in CASES:
        assert set(case) <= KEYS, case["id"]
        assert case["source"].startswith("https://"), case["id"]
        assert case["fact"], case["id"]
        assert case["verdict"] in ("starts", "fails"), case["id"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_stack_gets_the_verdict_that_others_found(case: dict[str, Any]):
    (command, errors), named = _judged(case), set(case.get("codes", ()))
    if case["verdict"] == "starts":
        assert not errors, case["fact"]
        assert not [text for text in case.get("emits", ()) if text not in command], case["fact"]
    else:
        assert errors - (UNRELATED - named), case["fact"]
        assert named <= errors, case["fact"]
