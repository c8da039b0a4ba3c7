import socket
from collections.abc import Iterator
from typing import Any

import pytest

from rehearsal.control_plane.api import Api, ApiError
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.plane import Access, ControlPlane
from tests.waiting import until

PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
def gpu_node(api: Api) -> Iterator[str]:
    api.create("/api/v1/nodes", node("gpu-1", {"nvidia.com/gpu": "1"}))
    yield "gpu-1"
    api.delete("/api/v1/nodes/gpu-1")


def node(name: str, more: dict[str, str]) -> dict[str, Any]:
    size = {"cpu": "28", "memory": "116Gi", "pods": "61", **more}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"capacity": size, "allocatable": size},
    }


def pod(name: str, limits: dict[str, str]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "model-server:1", "resources": {"limits": limits}}]},
    }


def condition(owner: dict[str, Any], kind: str) -> dict[str, Any]:
    return next((each for each in owner["status"].get("conditions", []) if each["type"] == kind), {})


def test_the_api_server_answers_that_it_is_ready(api: Api) -> None:
    assert api.get("/readyz") == {"text": "ok"}


def test_a_connection_that_was_idle_is_opened_anew_for_the_server_closes_it(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.get("/readyz") == {"text": "ok"}
    monkeypatch.setattr("rehearsal.control_plane.api._IDLE", -1.0)
    api._connection.sock.shutdown(socket.SHUT_RDWR)
    assert api.get("/readyz") == {"text": "ok"}


def test_clients_can_parse_the_servers_version(api: Api) -> None:
    version = api.get("/version")
    assert version["gitVersion"].startswith(f"v{version['major']}.{version['minor']}.")


def test_nobody_gets_in_without_the_token(access: Access) -> None:
    with Api(access.server, "guessed", access.authority) as stranger, pytest.raises(ApiError) as refused:
        stranger.get("/api/v1/secrets")
    assert refused.value.status == 401


def test_a_misspelt_field_is_refused_by_its_name(api: Api) -> None:
    misspelt = pod("misspelt", {})
    misspelt["spec"]["runtimeClass"] = "nvidia"
    with pytest.raises(ApiError, match=r'unknown field "spec.runtimeClass"'):
        api.create(PODS, misspelt)


def test_pod_security_warns_in_the_servers_own_words(api: Api) -> None:
    metadata = {"name": "guarded", "labels": {"pod-security.kubernetes.io/warn": "restricted"}}
    api.apply("/api/v1/namespaces/guarded", {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    assert api.warnings == []
    template = {"metadata": {"labels": {"app": "chat"}}, "spec": pod("", {})["spec"]}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "chat"},
        "spec": {"selector": {"matchLabels": {"app": "chat"}}, "template": template},
    }
    api.apply("/apis/apps/v1/namespaces/guarded/deployments/chat", deployment)
    assert "allowPrivilegeEscalation" in api.warnings[0]


def test_a_service_accounts_token_is_signed_and_accepted(api: Api) -> None:
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"audiences": []}}
    token = api.request("POST", "/api/v1/namespaces/default/serviceaccounts/default/token", request)["status"]["token"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token}}
    status = api.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]
    assert status["user"]["username"] == "system:serviceaccount:default:default"


def test_a_node_written_with_its_allocatable_becomes_ready(api: Api, gpu_node: str) -> None:
    def ready() -> bool:
        written = api.get(f"/api/v1/nodes/{gpu_node}")
        return condition(written, "Ready").get("status") == "True" and not written["spec"].get("taints")

    until(ready)
    assert api.get(f"/api/v1/nodes/{gpu_node}")["status"]["allocatable"]["nvidia.com/gpu"] == "1"


def test_of_two_pods_for_one_gpu_one_runs_and_one_waits(api: Api, gpu_node: str) -> None:
    for name in ("first", "second"):
        api.create(PODS, pod(name, {"nvidia.com/gpu": "1"}))

    def pods() -> list[dict[str, Any]]:
        return [api.get(f"{PODS}/{name}") for name in ("first", "second")]

    def settled() -> bool:
        running = [each for each in pods() if each["status"]["phase"] == "Running"]
        refused = [each for each in pods() if condition(each, "PodScheduled").get("reason") == "Unschedulable"]
        return len(running) == len(refused) == 1

    until(settled)
    (waiting,) = (each for each in pods() if each["status"]["phase"] == "Pending")
    assert "Insufficient nvidia.com/gpu" in condition(waiting, "PodScheduled")["message"]
    for name in ("first", "second"):
        api.delete(f"{PODS}/{name}")


def test_a_job_completes(api: Api, gpu_node: str) -> None:
    template = {"spec": {**pod("", {})["spec"], "restartPolicy": "Never"}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "download"}, "spec": {"template": template}}
    api.create("/apis/batch/v1/namespaces/default/jobs", job)
    until(
        lambda: (
            condition(api.get("/apis/batch/v1/namespaces/default/jobs/download"), "Complete").get("status") == "True"
        )
    )


def test_two_control_planes_side_by_side_know_nothing_of_each_other(
    access: Access, api: Api, binaries: Binaries
) -> None:
    with ControlPlane(binaries) as second, second.api() as other:
        api.create("/api/v1/nodes", node("only-here", {}))
        assert access.server != second.server
        assert other.get("/api/v1/nodes")["items"] == []
        with Api(second.server, access.token, second.authority) as stranger, pytest.raises(ApiError, match="401"):
            stranger.get("/api/v1/nodes")
