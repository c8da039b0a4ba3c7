"""A change of the stack file touches what the table of changes says, and nothing else."""

from collections.abc import Callable

import pytest

from planner.prove import prove
from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession
from settings.parse import parse
from settings.paths import value_at
from tests.engine.change_table import DOCUMENT, Row, documented, rows
from tests.engine.samples import Opened, sample

DeployedStacks = Callable[[Row], EngineSession]


@pytest.fixture(scope="module")
def standing(opened: Opened) -> DeployedStacks:
    """The stack of a row as it is before the change, up. Rows with the same beginning share it: a preview leaves it as
    it is."""
    up: dict[str, EngineSession] = {}

    def stand(row: Row) -> EngineSession:
        begun = row.begun(sample(row.stack))
        key = f"{row.stack} {row.before}"
        if key not in up:
            up[key] = opened(begun)
            assert not up[key].up().error
        return up[key]

    return stand


@pytest.mark.parametrize("row", rows(), ids=[row.change for row in rows()])
def test_a_change_touches_what_the_table_says_and_nothing_else(row: Row, standing: DeployedStacks) -> None:
    session = standing(row)
    changed = row.applied(sample(row.stack))
    _, diagnostics = prove(parse(changed))
    session.configure(changed)

    outcome = session.preview()

    assert not [each for each in diagnostics if each.severity == "error"]
    assert not outcome.error
    assert done(outcome) == {operation: sorted(names) for operation, names in row.does.items()}
    # Names are fixed and GPUs scarce: there is no room for the new one beside the old one. Other keys of clients are
    # another Secret.
    beside = {each.name for each in outcome.changed if each.verdict == "replace" and not each.first}
    assert beside <= {"llm-api-clients"}


def test_another_driver_reaches_the_machines_and_not_only_the_state(opened: Opened) -> None:
    row = next(row for row in rows() if "pools.gpu.driver" in row.set)
    session = opened(row.begun(sample(row.stack)))
    session.up()
    session.configure(row.applied(sample(row.stack)))

    outcome = session.up()

    pools = [each for each in session.world.of_type("Kubernetes/nodePool:NodePool") if "gpu" in each.name]
    wanted = row.set["pools.gpu.driver"]
    assert not outcome.error
    assert [value_at(each.inputs, "nodeConfig", "gpuArgs", "driver", "version") for each in pools] == [
        value_at(wanted, "version")
    ]


def test_a_generated_key_is_renewed_by_replacing_it(standing: DeployedStacks) -> None:
    session = standing(rows()[0])
    session.configure(sample("dev"))
    urn = next(each.urn for each in session.preview().operations if each.name == "llm-chat-inference-random-key")
    before = key(session)
    assert before

    outcome = session.up(replacing=[urn])

    assert not outcome.error
    assert done(outcome) == {
        "replace": ["llm-chat-inference-key", "llm-chat-inference-random-key", "llm-webui-secret"],
        "update": ["llm-chat-inference-server", "llm-webui-server"],
    }
    assert key(session) != before


def test_updates_md_shows_the_table_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")

    assert documented(text) == text, "python -m tests.engine.change_table"


def done(outcome: EngineOutcome) -> dict[str, list[str]]:
    verdicts = {each.verdict for each in outcome.changed}
    return {verdict: sorted(each.name for each in outcome.changed if each.verdict == verdict) for verdict in verdicts}


def key(session: EngineSession) -> object:
    secret = next(each for each in session.world.of_type("core/v1:Secret") if each.id == "llm/chat-api-key")
    return value_at(secret.inputs, "data", "api-key")
