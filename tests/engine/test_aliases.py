"""A resource that is renamed, or moved to another component, keeps what it stands for if it has an alias."""

from pathlib import Path

import pytest

from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession
from tests.engine.samples import sample

NETWORK = "Vpc/instance:Instance"

HEAD = """\
import pulumi
import tencentcloud_iac_pulumi as tencentcloud


class Part(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("test:steps:Part", name, {}, opts)


def network(name, **opts):
    opts = pulumi.ResourceOptions(**opts)
    tencentcloud.vpc.Instance(name, name="steps", cidr_block="10.0.0.0/16", opts=opts)


"""
BEFORE = """\
part = Part("part")
network("part-network", parent=part)
"""
RENAMED = """\
part = Part("part")
network("part-vpc", parent=part, aliases=[pulumi.Alias(name="part-network")])
"""
MOVED = """\
part, other = Part("part"), Part("other")
network("part-network", parent=other, aliases=[pulumi.Alias(parent=part)])
"""
COMPONENT_RENAMED = """\
part = Part("section", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="part")]))
network("section-network", parent=part)
"""
WITHOUT = """\
part = Part("part")
network("part-vpc", parent=part)
"""


def stepped(pulumi: Path, folder: Path, *steps: str) -> tuple[list[EngineOutcome], list[list[str]]]:
    """Each step's program brought up over the one before, and the ids of the networks that are then there."""
    program = folder / "__main__.py"
    outcomes, ids = [], []
    program.write_text(HEAD)
    with EngineSession(sample("dev"), program, pulumi) as session:
        for step in steps:
            program.write_text(HEAD + step)
            outcomes.append(session.up())
            ids.append([each.id for each in session.world.of_type(NETWORK)])
    assert not [outcome.error for outcome in outcomes if outcome.error]
    return outcomes, ids


def touched(outcome: EngineOutcome) -> list[str]:
    """What happened to networks. A component has nothing to lose."""
    return sorted(each.verdict for each in outcome.changed if each.type.endswith(NETWORK))


@pytest.mark.parametrize("after", [RENAMED, MOVED, COMPONENT_RENAMED], ids=["renamed", "moved", "component renamed"])
def test_with_an_alias_nothing_is_made_or_deleted(pulumi: Path, tmp_path: Path, after: str) -> None:
    (_, changed), (before, now) = stepped(pulumi, tmp_path, BEFORE, after)

    assert touched(changed) == []
    assert len(now) == 1
    assert now == before


def test_once_every_stack_has_taken_the_step_the_alias_may_go(pulumi: Path, tmp_path: Path) -> None:
    (_, _, last), (before, _, now) = stepped(pulumi, tmp_path, BEFORE, RENAMED, WITHOUT)

    assert touched(last) == []
    assert now == before


def test_without_an_alias_the_old_one_is_deleted_and_a_new_one_made(pulumi: Path, tmp_path: Path) -> None:
    (_, changed), (before, now) = stepped(pulumi, tmp_path, BEFORE, WITHOUT)

    assert touched(changed) == ["create", "delete"]
    assert now != before
