"""An engine is killed while a model is being downloaded, on a control plane; what it left there is destroyed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.cluster.rest import left_over
from rehearsal.control_plane.binaries import find
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.pulumi_engine.acceptance import left
from rehearsal.pulumi_engine.on_plane import made_pools, object_refs
from rehearsal.pulumi_engine.session import EngineSession
from tests.engine.samples import MAIN, changed, planned
from tests.engine.troubles import when
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("kill-on-plane")

# Without the page: of a Deployment that was being made too the engine's state would know nothing, nor delete it before
# the claim that its pod uses.
DEV, JOB = changed("dev", {"webui.enabled": False}), "llm-chat-download-job"
NODES, PODS = "/api/v1/nodes", "/api/v1/namespaces/llm/pods"


class KilledError(Exception):
    """The engine is gone in the middle of an operation."""


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    with ControlPlane(find()) as access:
        yield access


def test_what_a_killed_engine_left_is_destroyed_while_its_download_still_waits(
    pulumi: Path, access: Access, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # By a short path, for sockets.
    root = tmp_path_factory.mktemp("k")
    with access.api() as api:

        def downloading() -> bool:
            pods = (each for each in api.get(PODS)["items"] if each["metadata"]["name"].startswith("chat-download"))
            return any(each["status"]["phase"] == "Pending" for each in pods)

        def kill() -> None:
            # Without a machine that takes its pod, the download does not end.
            for node in api.get(NODES)["items"]:
                api.patch(f"{NODES}/{node['metadata']['name']}", {"spec": {"unschedulable": True}})
            until(downloading)
            session.kill()
            raise KilledError

        listener = when("begin", JOB, kill)
        with (
            EngineSession(DEV, MAIN, pulumi, access=access, root=root, listener=listener) as session,
            pytest.raises(KilledError),
        ):
            session.up()

        with EngineSession(DEV, MAIN, pulumi, access=access, root=root) as later:
            objects = object_refs(later.world)
            locked = later.destroy()
            later.cancel()
            destroyed = later.destroy()
            remains = left_over(api, objects, [], made_pools(planned(DEV)))

            assert "locked" in locked.error
            assert objects
            assert destroyed.complaints == ()
            assert left(later.world) == []
            assert remains.forgotten == ()
