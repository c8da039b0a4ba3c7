"""A stack on a control plane gets into trouble: its API server, a machine, a roll-out. One stack and one
control plane for all of it; each test begins with a stack that is up, and leaves it so."""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from rehearsal.control_plane.api import Api
from rehearsal.control_plane.binaries import find as find_control_plane
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.pulumi_engine.session import EngineSession
from tests.engine.samples import MAIN, changed, sample
from tests.engine.troubles import each_fails_once, process, twice, when

pytestmark = pytest.mark.xdist_group("faults-on-plane")

SERVER = "llm-chat-inference-server"
DEV, NEWER = sample("dev"), changed("dev", {"models.chat.model": "Qwen/Qwen2.5-7B-Instruct"})
NODE = "/api/v1/nodes/gpu-1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the control plane's processes have their directory."""
    return tmp_path_factory.mktemp("p")


@pytest.fixture(scope="module")
def access(place: Path) -> Iterator[Access]:
    with ControlPlane(find_control_plane(), place) as access:
        yield access


@pytest.fixture(scope="module")
def api(access: Access) -> Iterator[Api]:
    with access.api() as api:
        yield api


@pytest.fixture(scope="module")
def session(pulumi: Path, access: Access, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineSession]:
    with EngineSession(DEV, MAIN, pulumi, access=access, root=tmp_path_factory.mktemp("e")) as session:
        yield session


def whole(session: EngineSession) -> None:
    """`up` gets there, after which there is nothing left to do and nothing lost or double."""
    assert session.up().complaints == ()
    assert session.up().changed == ()
    assert session.orphans() == []
    assert twice(session) == []


def test_each_object_may_be_refused_once_when_it_is_made_and_when_it_changes(session: EngineSession) -> None:
    for given in (DEV, NEWER):
        session.configure(given)
        names = {each.name for each in session.preview().changed if each.type.startswith("kubernetes:")}

        spared, last = each_fails_once(session, names)

        assert names
        assert (spared, last.complaints) == (set(), ())
        whole(session)


def test_an_api_server_that_is_away_is_named_and_nothing_is_lost(session: EngineSession, place: Path) -> None:
    server = process("kube-apiserver", place)
    leave = when("begin", SERVER, lambda: os.kill(server, signal.SIGSTOP))
    # A client waits half a minute for an answer (`Api`), and one that looks on 90 seconds (`Cluster`).
    back = when("failed", SERVER, lambda: os.kill(server, signal.SIGCONT))

    def hear(told: Mapping[str, object]) -> None:
        leave(told)
        back(told)

    session.configure(DEV)
    session._listener = hear
    outcome = session.up()

    assert "configured Kubernetes cluster is unreachable" in " ".join(outcome.complaints)
    whole(session)


def test_a_machine_that_is_lost_under_a_model_is_told_in_the_schedulers_words(session: EngineSession, api: Api) -> None:
    machine = api.get(NODE)
    session.configure(changed("dev", {"models.chat.maxModelLen": 4096}))
    session._listener = when("begin", SERVER, lambda: api.delete(NODE))
    outcome = session.up()

    assert f"{SERVER}: " in " ".join(outcome.complaints)
    assert "nodes are available" in " ".join(outcome.complaints)
    fresh = {key: machine["metadata"][key] for key in ("name", "labels", "annotations")}
    api.create("/api/v1/nodes", {**machine, "metadata": fresh})
    whole(session)


@contextmanager
def forbidden(api: Api, argument: str) -> Iterator[None]:
    """Pods with this argument are refused for a time: nothing of their roll-out gets ready."""
    metadata, group = {"name": "argument"}, "admissionregistration.k8s.io/v1"
    pods = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    given = "(has(each.command) ? each.command : []) + (has(each.args) ? each.args : [])"
    policy = {
        "matchConstraints": {"resourceRules": [pods]},
        "validations": [
            {
                "expression": f"object.spec.containers.all(each, !({given}).exists(one, one == '{argument}'))",
                "message": f"{argument} may not run here",
            }
        ],
    }
    made = {
        "ValidatingAdmissionPolicy": (f"/apis/{group}/validatingadmissionpolicies", policy),
        "ValidatingAdmissionPolicyBinding": (
            f"/apis/{group}/validatingadmissionpolicybindings",
            {"policyName": "argument", "validationActions": ["Deny"]},
        ),
    }
    for kind, (plural, spec) in made.items():
        api.apply(f"{plural}/argument", {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec})
    try:
        yield
    finally:
        for plural, _ in made.values():
            api.delete(f"{plural}/argument")


def test_a_roll_out_that_never_gets_ready_is_told_and_the_old_file_brings_the_model_back(
    session: EngineSession, api: Api
) -> None:
    session.configure(DEV)
    assert session.up().complaints == ()
    with forbidden(api, "4096"):
        session.configure(changed("dev", {"models.chat.maxModelLen": 4096}))
        outcome = session.up()
        session.configure(DEV)
        back = session.up()

    assert "4096 may not run here" in " ".join(outcome.complaints)
    assert SERVER in {each.name for each in outcome.failed}
    assert back.complaints == ()
    whole(session)
