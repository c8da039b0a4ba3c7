"""Preview, up, up again, an update, an up that refreshes, destroy: what has to hold for every stack."""

import contextlib
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from catalog.load import load
from rehearsal.cluster.objects import Ref
from rehearsal.cluster.rest import Rest, at_rest, left_over
from rehearsal.cluster.usage import usage
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.plane import Access
from rehearsal.controllers.definitions import FOLDERS
from rehearsal.kind import is_object
from rehearsal.kinds import ADDON, CLAIM, CLUSTER, ENDPOINT, SERVICE
from rehearsal.kinds import types as with_role
from rehearsal.pulumi_engine.acceptance import left
from rehearsal.pulumi_engine.objects import object_ref
from rehearsal.pulumi_engine.on_plane import made_pools, object_refs
from rehearsal.pulumi_engine.outcome import EngineOutcome
from rehearsal.pulumi_engine.session import EngineSession
from rehearsal.pulumi_engine.world import CloudOperation, CloudState
from rehearsal.run import rehearse
from rehearsal.subjects import installs
from settings.parse import StackInput
from settings.paths import apply_fix, value_at
from tests.engine.samples import MAIN, Situation, planned
from tools.binaries import definitions

CLOUD_SECRETS = ("password", "kubeConfig", "kubeConfigIntranet", "certificationAuthority", "privateKey")
POOLS, RUNNING, RELEASES = with_role("pool"), with_role("workload"), with_role("release")
OWNERS = (CLAIM.type, SERVICE.type, *RUNNING, *with_role("balancer"))
GROUND = ("Vpc/instance:Instance", "Subnet/instance:Instance", "Security/group:Group")


@dataclass(frozen=True)
class Life:
    preview: EngineOutcome
    up: EngineOutcome
    again: EngineOutcome
    update: EngineOutcome
    refreshed: EngineOutcome
    destroy: EngineOutcome
    secrets: frozenset[str]
    in_clear: frozenset[str]
    written: int
    orphans: tuple[str, ...]
    operations: tuple[CloudOperation, ...]
    left: tuple[str, ...]
    rest: Rest | None
    forgotten: tuple[str, ...]


@pytest.fixture(scope="module")
def life(stack: StackInput, access: Access | None, pulumi: Path) -> Life:
    # Ends before the next stack's begins: of some controllers a machine has one at a time.
    with contextlib.ExitStack() as held:
        session = held.enter_context(EngineSession(stack, MAIN, pulumi, access=access))
        operations = [session.preview(), session.up(), session.up()]
        session.configure(otherwise(stack))
        operations += [session.up(), session.up(refreshing=True)]
        api = None if access is None else held.enter_context(access.api())
        return _life(session, stack, operations, object_refs(session.world), api)


def otherwise(stack: StackInput) -> StackInput:
    """The stack with one more variable for its first model's server, which is rolled out anew for it."""
    model = next(iter(planned(stack).models))
    return replace(stack, sections=apply_fix(stack.sections, [(f"models.{model}.env", {"LOGGED_AS": "changed"})]))


def _life(
    session: EngineSession,
    stack: StackInput,
    operations: Sequence[EngineOutcome],
    objects: Sequence[Ref],
    api: Api | None,
) -> Life:
    rest = None if api is None else at_rest(api, load(), objects)
    secrets = frozenset(made_up_secrets(session.world))
    orphans = tuple(each.name for each in session.orphans())
    urns = {object_ref(each): each.urn for each in session.world.resources.values() if is_object(each.type)}
    destroy = session.destroy()
    written = list(everything_written(session))
    in_clear = frozenset(each for each in secrets if any(each in text for text in written))
    world = session.world
    retained = {each.urn for each in destroy.operations if each.retained}
    kept = [ref for ref, urn in urns.items() if urn in retained]
    forgotten = () if api is None else left_over(api, objects, kept, made_pools(planned(stack))).forgotten
    return Life(
        *operations,
        destroy=destroy,
        secrets=secrets,
        in_clear=in_clear,
        written=sum(map(len, written)),
        orphans=orphans,
        operations=tuple(world.operations),
        left=tuple(left(world)),
        rest=rest,
        forgotten=forgotten,
    )


def made_up_secrets(world: CloudState) -> Iterator[str]:
    """What was generated on the way, as the cloud and the cluster know it."""
    for resource in world.resources.values():
        values = [resource.outputs.get(key) for key in CLOUD_SECRETS]
        values.append(value_at(resource.inputs, "autoScalingConfig", "password"))
        if resource.type == "kubernetes:core/v1:Secret":
            encoded = [str(each) for each in dict(cast("Mapping[str, object]", resource.inputs["data"])).values()]
            values += [*encoded, *(b64decode(each).decode() for each in encoded)]
        yield from (value for value in values if isinstance(value, str) and value)


def everything_written(session: EngineSession) -> Iterator[str]:
    """State, its history and backups, the event log, what the engine and the program said; not the cloud itself."""
    for path in session.room.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path != session.room.world:
            yield path.read_text(encoding="utf-8", errors="replace")


def test_a_preview_of_an_empty_account_shows_every_resource_though_there_is_no_cluster_yet(
    stack: StackInput, life: Life
) -> None:
    recording = rehearse(stack, MAIN).recording
    assert recording is not None
    registered = {each.name for each in recording.registrations if each.custom and not each.read}

    assert not life.preview.error
    assert {each.name for each in life.preview.changed if each.verdict == "create"} == registered


def test_up_makes_what_the_preview_showed(life: Life) -> None:
    assert not life.up.error
    assert {(each.name, each.verdict) for each in life.up.changed} == {
        (each.name, each.verdict) for each in life.preview.changed
    }


def test_a_second_up_changes_nothing(life: Life) -> None:
    assert not life.again.error
    assert life.again.changed == ()


def test_an_update_rolls_the_server_out(stack: StackInput, life: Life) -> None:
    model = next(iter(planned(stack).models))

    assert not life.update.error
    assert f"llm-{model}-inference-server" in {each.name for each in life.update.changed if each.verdict == "update"}


def test_after_it_a_refresh_finds_nothing_changed_and_neither_does_the_up_with_it(life: Life) -> None:
    assert life.refreshed.error == ""
    assert life.refreshed.changed == ()


def test_no_generated_secret_stands_in_clear_in_state_history_event_log_or_output(life: Life) -> None:
    assert life.secrets
    assert life.written > 100_000
    assert life.in_clear == frozenset()


def test_the_state_knows_all_that_exists(life: Life) -> None:
    assert life.orphans == ()


def test_on_a_control_plane_every_object_gets_ready(situation: Situation, life: Life) -> None:
    assert (life.rest is not None) is situation.on_plane
    assert life.rest is None or life.rest.not_ready == ()


def test_on_a_control_plane_each_model_runs_on_its_pool(stack: StackInput, life: Life) -> None:
    if life.rest is None:
        return
    plan = planned(stack)
    seen = usage(life.rest.state, plan, load())
    assert not seen.elsewhere
    assert not any(pool.waiting for pool in seen.pools)
    for model in plan.models.values():
        prefix = f"{plan.names.namespace}/{model.name}-"
        running = {
            pool.name
            for pool in seen.pools
            for node in pool.nodes
            for pod in node.pods
            if pod.name.startswith(prefix) and pod.state == "running"
        }
        assert running == {model.pool}


def test_on_a_control_plane_nothing_is_left_of_what_was_made_there(life: Life) -> None:
    assert life.forgotten == ()


def test_destroy_deletes_what_owns_something_in_the_cloud_while_cluster_and_cpu_nodes_are_there(life: Life) -> None:
    owners = places(life, OWNERS)

    assert not life.destroy.error
    assert owners
    assert max(owners) < min(places(life, (ENDPOINT.type, CLUSTER.type)), default=len(life.operations))
    assert max(owners) < max(places(life, POOLS), default=len(life.operations))


def test_destroy_takes_the_servers_off_the_gpu_nodes_before_the_nodes_go(stack: StackInput, life: Life) -> None:
    emptied: set[int] = set()
    for model in planned(stack).models.values():
        servers = places(life, RUNNING, f"::llm-{model.name}-inference-")
        pools = places(life, POOLS, f"::llm-{model.pool}-pool-")
        emptied |= set(pools)

        assert servers, model.name
        assert max(servers) < min(pools, default=len(life.operations)), model.name
    assert emptied == set(places(life, POOLS, "GpuPool$"))


def test_destroy_takes_the_network_down_last(life: Life) -> None:
    rest = places(life, (*OWNERS, *POOLS, ENDPOINT.type, CLUSTER.type))

    assert max(rest) < min(places(life, GROUND), default=len(life.operations))


def test_destroy_deletes_the_add_ons_after_the_volumes_that_they_made(life: Life) -> None:
    # That which enforces NetworkPolicies makes none, and goes first as it came last.
    addons = [
        place for place in places(life, (ADDON.type,)) if not life.operations[place].urn.endswith("-networkpolicy")
    ]

    assert max(places(life, (CLAIM.type,)), default=-1) < min(addons, default=len(life.operations))


def test_destroy_deletes_each_controller_after_the_custom_resources_that_it_looks_after(
    stack: StackInput, life: Life
) -> None:
    place = definitions()
    assert place is not None
    for install in installs(planned(stack)):
        # A file is called <group>_<plural>.yaml.
        files = [file for folder in FOLDERS[install.software] for file in (place / folder).glob("*.yaml")]
        groups = {file.name.partition("_")[0] for file in files}
        custom = [
            each
            for each, operation in enumerate(life.operations)
            if operation.did == "delete" and operation.type.partition(":")[2].partition("/")[0] in groups
        ]
        releases = [
            each for each in places(life, RELEASES) if install.namespace in re.split("[#/]", life.operations[each].id)
        ]

        assert bool(groups) == bool(FOLDERS[install.software]), install.software
        assert releases, install.software
        assert max(custom, default=-1) < min(releases), install.software


def test_destroy_leaves_nothing_but_what_is_to_be_retained(stack: StackInput, life: Life) -> None:
    retained = {each.name for each in life.destroy.operations if each.retained}
    kept = {text for text in life.left if text.partition(" (")[0] not in retained}

    if planned(stack).retain:
        kept = {text for text in kept if " of claim " not in text}
    assert kept == set()


def places(life: Life, kinds: tuple[str, ...], inside: str = "") -> list[int]:
    """When resources of these kinds were deleted: places in the row of all that happened."""
    return [
        place
        for place, operation in enumerate(life.operations)
        if operation.did == "delete" and operation.type.partition(":")[2] in kinds and inside in operation.urn
    ]
