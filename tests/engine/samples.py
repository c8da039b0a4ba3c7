"""The sample stacks and their plans."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import yaml

from planner.plan.types import Plan
from planner.prove import prove
from rehearsal.control_plane.plane import Access
from rehearsal.pulumi_engine.session import EngineSession
from settings.file import read
from settings.parse import StackInput, parse
from settings.paths import apply_fix

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "__main__.py"
SEVERAL = "several"
"""One stack that goes many ways at once: pools, stores, engines and controllers of several samples."""


class Opened(Protocol):
    """Opens a session on a stack, which ends with the test module. Without `access` its objects are in memory."""

    def __call__(self, given: StackInput, access: Access | None = None) -> EngineSession: ...


@dataclass(frozen=True)
class Situation:
    """A sample stack, and where the objects of its cluster are: on a control plane, or in memory."""

    name: str
    on_plane: bool

    def __str__(self) -> str:
        return f"{self.name}{'' if self.on_plane else ' in memory'}"


def sample(name: str) -> StackInput:
    if name == SEVERAL:
        return changed("team", yaml.safe_load(Path(__file__).with_name("several.yaml").read_text(encoding="utf-8")))
    return read(ROOT / f"Pulumi.{name}.yaml")


def changed(name: str, values: Mapping[str, object]) -> StackInput:
    """A sample stack with other values, by dotted path."""
    given = sample(name)
    return replace(given, sections=apply_fix(given.sections, values.items()))


def planned(given: StackInput) -> Plan:
    """The plan of a stack that has to be ready."""
    plan, diagnostics = prove(parse(given))
    assert not [each for each in diagnostics if each.severity == "error"]
    assert plan is not None
    return plan
