"""A stack under the managed Prometheus: made, changed, paused, given another instance, and taken away."""

from collections.abc import Mapping

from rehearsal.kinds import AGENT
from rehearsal.pulumi_engine.session import EngineSession
from settings.parse import StackInput
from tests.engine.samples import Opened, changed

INSTANCE = "Monitor/tmpInstance:TmpInstance"
RECORDS, ALERTS = "Monitor/tmpTkeRecordRuleYaml:TmpTkeRecordRuleYaml", "Monitor/tmpAlertGroup:TmpAlertGroup"


def measured(*, pause: bool = False, **monitoring: object) -> StackInput:
    return changed("dev", {"monitoring": {"via": "tmp", **monitoring}, "pause": pause})


def ids(session: EngineSession) -> Mapping[str, list[str]]:
    kinds = (INSTANCE, AGENT.type, RECORDS, ALERTS)
    return {kind: [each.id for each in session.world.of_type(kind)] for kind in kinds}


def test_a_stack_lives_under_the_managed_prometheus(opened: Opened) -> None:
    session = opened(measured())
    up, again = session.up(), session.up()
    assert (up.error, again.error) == ("", "")
    assert again.changed == ()
    made = ids(session)
    (instance,) = made[INSTANCE]
    assert all(len(found) == 1 and found[0].startswith(instance) for found in made.values())

    session.configure(measured(retentionDays=90))
    assert not session.up().error
    assert ids(session) == made, "how long it keeps what it read is changed in place"

    session.configure(measured(retentionDays=90, pause=True))
    assert not session.up().error
    assert ids(session) == {**made, ALERTS: []}

    session.configure(measured(instanceId="prom-1a2b3c4d"))
    assert not session.up().error
    moved = ids(session)
    assert moved[INSTANCE] == []
    assert all(found[0].startswith("prom-1a2b3c4d#") for kind, found in moved.items() if kind != INSTANCE)

    assert not session.destroy().error
    assert not any(ids(session).values())
