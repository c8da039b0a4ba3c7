"""Settings for planner tests: a sound stack with a few places changed."""

from collections import ChainMap
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from planner.plan.types import ModelPlan, Plan
from planner.plan_stack import plan_stack
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from settings.stack import Settings
from tests.unit.stack_files import sound

KUBECONFIG = {
    "network": None,
    "cluster": {"existing": {"kubeconfigPath": "kubeconfig"}},
    "pools": {"gpu": {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}},
}
"""Changes that put the sound stack on a cluster of which only a kubeconfig is known."""


def sections(changes: Mapping[str, object] | None = None) -> dict[str, Any]:
    """The sections of the sound stack with `changes` (path -> value; None removes)."""
    quiet = apply_fix(sound(), [("cluster.endpoint", {"access": "intranet"})])
    return apply_fix(quiet, deepcopy(dict(changes or {})).items())


def settings(
    changes: Mapping[str, object] | None = None,
    *,
    secrets: tuple[str, ...] = (),
    region: str | None = "ap-guangzhou",
    stack: str = "dev",
) -> Settings:
    """The sound stack with `changes`, as typed settings."""
    given = StackInput("tke-llm", stack, region, sections(changes), dict.fromkeys(secrets, True))
    found = parse(given)
    faults = [p for p in found.problems if p.severity == "error"]
    assert found.settings is not None, found.problems
    assert not faults, faults
    return found.settings


def planned(
    changes: Mapping[str, object] | None = None,
    *,
    secrets: tuple[str, ...] = (),
    region: str | None = "ap-guangzhou",
    stack: str = "dev",
) -> Plan:
    return plan_stack(settings(changes, secrets=secrets, region=region, stack=stack))


def merged(*changes: Mapping[str, object]) -> dict[str, object]:
    """All these changes, the later over the earlier."""
    return dict(ChainMap(*map(dict, reversed(changes))))


def served(*changes: Mapping[str, object]) -> ModelPlan:
    """The model of the sound stack with these changes, the later over the earlier."""
    return planned(merged(*changes)).models["chat"]


def argument(plan: ModelPlan, flag: str) -> str | None:
    """What follows a flag in the server's command; None where it is not there."""
    command = plan.spec.command
    return command[command.index(flag) + 1] if flag in command else None


def found(plan: Plan, code: str) -> Diagnostic:
    """The one finding with this code."""
    findings = [finding for finding in plan.diagnostics if finding.code == code]
    assert len(findings) == 1, f"{code}: {[(f.severity, f.code, f.path) for f in plan.diagnostics]}"
    return findings[0]


def codes(plan: Plan, severity: str | None = None) -> set[str]:
    return {finding.code for finding in plan.diagnostics if severity in {None, finding.severity}}
