"""The sample stacks and their plans."""

from collections.abc import Callable
from pathlib import Path

from planner.plan.types import Plan
from planner.prove import prove
from rehearsal.pulumi_engine.session import EngineSession
from settings.file import read
from settings.parse import StackInput, parse

ROOT = Path(__file__).resolve().parents[2]
MAIN = ROOT / "__main__.py"

Opened = Callable[[StackInput], EngineSession]
"""Opens a session on a stack, which ends with the test module."""


def sample(name: str) -> StackInput:
    return read(ROOT / f"Pulumi.{name}.yaml")


def planned(given: StackInput) -> Plan:
    """The plan of a stack that has to be ready."""
    plan, diagnostics = prove(parse(given))
    assert not [each for each in diagnostics if each.severity == "error"]
    assert plan is not None
    return plan
