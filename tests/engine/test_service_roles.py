"""With `serviceRoles: create` the account's roles are made, outlive the stack, and are taken up by the next one."""

from dataclasses import replace
from pathlib import Path

from rehearsal.kinds import ROLE
from rehearsal.pulumi_engine.session import EngineSession
from settings.paths import apply_fix
from tests.engine.samples import MAIN, sample


def test_roles_that_a_stack_made_outlive_it_and_are_taken_up_when_it_comes_back(pulumi: Path) -> None:
    dev = sample("dev")
    creating = replace(dev, sections=apply_fix(dev.sections, {"cluster.serviceRoles": "create"}.items()))
    with EngineSession(creating, MAIN, pulumi) as session:
        up, again = session.up(), session.up()
        made = {each.id for each in session.world.of_type(ROLE.type)}
        destroyed = session.destroy()
        kept = {each.id for each in session.world.of_type(ROLE.type)}
        back = session.up()
        session.destroy()

        assert (up.error, again.error, destroyed.error) == ("", "", "")
        assert again.changed == ()
        assert made
        assert kept == made
        assert not back.error, back.complaints
        assert {each.id for each in session.world.of_type(ROLE.type)} == made
