"""A stack that scales is paused and brought back under the engine, with the real KEDA and Kubernetes' autoscaler."""

from collections.abc import Iterator

import pytest

from rehearsal.control_plane.binaries import find
from rehearsal.control_plane.plane import Access, ControlPlane
from tests.engine.samples import Opened, changed
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("pause-with-keda")

SERVER = "/apis/apps/v1/namespaces/llm/deployments/chat"
SCALED = "/apis/keda.sh/v1alpha1/namespaces/llm/scaledobjects/chat"


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    with ControlPlane(find()) as access:
        yield access


def test_a_paused_model_that_scales_gets_its_least_back_from_keda_though_no_pod_answers(
    opened: Opened, access: Access
) -> None:
    scales = {"models.chat.autoscaling": {"min": 1, "max": 2}, "pools.gpu.nodes": {"min": 1, "max": 2}}
    session = opened(changed("dev", scales), access)
    with access.api() as api:

        def replicas() -> int:
            return int(api.get(SERVER)["spec"]["replicas"])

        assert session.up().complaints == ()
        awake = replicas()
        session.configure(changed("dev", {**scales, "pause": True}))
        assert session.up().complaints == ()
        until(lambda: replicas() == 0)
        session.configure(changed("dev", scales))
        assert session.up().complaints == ()
        # KEDA gives its metric up after three polls, which are half a minute apart.
        api.patch(SCALED, {"spec": {"pollingInterval": 1}})
        until(lambda: replicas() == 1)

    assert awake == 1
