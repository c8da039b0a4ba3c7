"""`tke-llm status` and `tke-llm logs`, with a program called kubectl that answers as the API does.

Shapes of the objects: Kubernetes 1.32 (`kubectl get -o json`).
"""

import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.registration import reveal
from tests.program.rehearsed import NAMES, each_of, unseeded
from tests.unit.test_cli import command
from tests.unit.test_deployed import answering, outputs, program

KUBECTL = """
import json, pathlib, sys
words = sys.argv[1:]
with open("HERE/asked", "a") as asked:
    asked.write(" ".join(words) + "\\n")
if "logs" in words and not pathlib.Path("HERE/log").exists():
    sys.stderr.write("Error from server: the node is gone\\n")
    sys.exit(1)
if "logs" in words:
    print(pathlib.Path("HERE/log").read_text(), end="")
    sys.exit(0)
kinds = set(words[words.index("get") + 1].split(","))
wanted = dict(each.split("=") for each in words[words.index("--selector") + 1].split(","))
objects = json.loads(pathlib.Path("HERE/objects").read_text())
found = [each for each in objects if each["kind"].lower() + "s" in kinds
         and wanted.items() <= each["metadata"]["labels"].items()]
print(json.dumps({"kind": "List", "items": found}))
"""
MADE = "2026-02-01T00:00:00Z"


def thing(kind: str, name: str, component: str, spec: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
    labels = {"app.kubernetes.io/component": component, "app.kubernetes.io/part-of": "tke-llm"}
    labels["app.kubernetes.io/instance"] = name.partition("-")[0]
    metadata = {"name": name, "labels": labels, "creationTimestamp": MADE}
    return {"kind": kind, "metadata": metadata, "spec": spec, "status": status}


def pod(name: str, component: str, *, ready: bool = True, gpus: int = 0, **status: Any) -> dict[str, Any]:
    limits = {"nvidia.com/gpu": str(gpus)} if gpus else {}
    spec = {"containers": [{"name": "server", "resources": {"limits": limits}}], "nodeName": "node-1"}
    conditions = [{"type": "Ready", "status": str(ready)}]
    return thing("Pod", name, component, spec, {"phase": "Running", "conditions": conditions, **status})


def deployment(name: str, component: str, replicas: int = 1) -> dict[str, Any]:
    return thing("Deployment", name, component, {"replicas": replicas}, {})


def job(name: str, state: str) -> dict[str, Any]:
    conditions = [{"type": state, "status": "True"}] if state else []
    return thing("Job", name, "download", {}, {"conditions": conditions})


def smoke_pod(code: int | None) -> dict[str, Any]:
    state = {"running": {}} if code is None else {"terminated": {"exitCode": code, "message": "smoke test: 4 ok"}}
    return pod("smoke-test-1", "smoke-test", ready=False, phase="Succeeded", containerStatuses=[{"state": state}])


RUNNING = [
    deployment("chat", "inference"),
    pod("chat-1", "inference", gpus=1),
    deployment("webui", "chat-page"),
    pod("webui-1", "chat-page"),
    job("chat-download-1", "Complete"),
    smoke_pod(0),
]


class Cluster:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.holds(RUNNING)
        (folder / "log").write_text("")

    def holds(self, objects: list[dict[str, Any]]) -> None:
        (self.folder / "objects").write_text(json.dumps(objects))

    def logs(self, text: str) -> None:
        (self.folder / "log").write_text(text)

    @property
    def asked(self) -> str:
        return (self.folder / "asked").read_text()


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    monkeypatch.setenv("PATH", str(tmp_path))
    answering(tmp_path, json.dumps(outputs()))
    program(tmp_path, "kubectl", KUBECTL)
    return Cluster(tmp_path)


def without(objects: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["metadata"]["name"] != name]


def test_a_stack_that_runs_is_told_with_where_to_chat(cluster: Cluster) -> None:
    result = command("status", "dev")
    assert result.exit_code == 0, result.output
    shown = " ".join(result.stdout.split())
    assert shown.startswith("dev: 1 of 1 model ready, 1 GPU held")
    for part in ("1 of 1 replica ready; deepseek-ai", "download chat done", "smoke-test succeeded", "tke-llm chat dev"):
        assert part in shown
    assert "port-forward service/webui 8080:8080, then http://127.0.0.1:8080" in shown
    assert "sk-of-the-test" not in result.output


def test_the_same_as_json(cluster: Cluster) -> None:
    document = json.loads(command("status", "dev", "--json").stdout)
    assert document["gpus"] == 1
    assert [(each["name"], each["ready"], each["wanted"]) for each in document["models"]] == [("chat", 1, 1)]
    assert document["page"]["ready"] == 1
    assert document["downloads"] == [{"model": "chat", "job": "chat-download-1", "state": "done", "said": ""}]
    assert document["smokeTest"] == [{"part": "smoke-test", "made": MADE, "result": "succeeded"}]


WAITING = {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}
CRASHED = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}},
    "lastState": {"terminated": {"exitCode": 137}},
}
NO_GPU = {
    "type": "PodScheduled",
    "status": "False",
    "message": "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"containerStatuses": [{"state": {"waiting": WAITING}}]}, "ImagePullBackOff: Back-off pulling image"),
        ({"containerStatuses": [CRASHED]}, "CrashLoopBackOff: back-off 40s, after exit code 137"),
        ({"conditions": [NO_GPU]}, "3 Insufficient nvidia.com/gpu."),
        ({"initContainerStatuses": [{"state": {"running": {}}}]}, "starting"),
    ],
    ids=["image", "crash", "no node", "starting"],
)
def test_why_a_model_is_not_ready_is_what_kubernetes_says(cluster: Cluster, status: dict[str, Any], why: str) -> None:
    cluster.holds([*without(RUNNING, "chat-1"), pod("chat-1", "inference", ready=False, gpus=1, **status)])
    result = command("status", "dev")
    assert result.exit_code == 1
    assert why in " ".join(result.stdout.split())


def test_replicas_are_counted_and_a_pod_without_a_node_holds_no_gpu(cluster: Cluster) -> None:
    second = pod("chat-2", "inference", ready=False, gpus=1, conditions=[NO_GPU])
    del second["spec"]["nodeName"]
    cluster.holds([*without(RUNNING, "chat"), deployment("chat", "inference", 2), second])
    document = json.loads(command("status", "dev", "--json").stdout)
    assert (document["models"][0]["ready"], document["models"][0]["wanted"], document["gpus"]) == (1, 2, 1)


def test_a_model_without_a_replica_is_as_it_should_be_where_none_is_planned(cluster: Cluster, tmp_path: Path) -> None:
    cluster.holds([*without(without(RUNNING, "chat"), "chat-1"), deployment("chat", "inference", 0)])
    result = command("status", "dev")
    assert result.exit_code == 1
    assert "0 of 1 replica ready" in " ".join(result.stdout.split())

    rare = outputs()
    rare["plan"]["models"]["chat"]["replicas"] = {"min": 0, "max": 2}
    answering(tmp_path, json.dumps(rare))
    result = command("status", "dev")
    assert result.exit_code == 0
    shown = " ".join(result.stdout.split())
    assert shown.startswith("dev: 1 of 1 model ready, 0 GPUs held")
    assert "none while nobody asks" in shown


def test_a_server_over_two_machines_is_one_replica(cluster: Cluster) -> None:
    pods = [pod(f"chat-{place}", "inference", gpus=8) for place in range(2)]
    for place, each in enumerate(pods):
        each["metadata"]["labels"]["leaderworkerset.sigs.k8s.io/worker-index"] = str(place)
    cluster.holds([*without(without(RUNNING, "chat"), "chat-1"), *pods])
    document = json.loads(command("status", "dev", "--json").stdout)
    assert (document["models"][0]["ready"], document["models"][0]["wanted"], document["gpus"]) == (1, 1, 16)


def test_a_download_that_runs_shows_the_last_line_of_its_log(cluster: Cluster) -> None:
    running = pod("chat-download-1-x", "download", ready=True)
    running["metadata"]["labels"]["batch.kubernetes.io/job-name"] = "chat-download-1"
    cluster.holds([*without(RUNNING, "chat-download-1"), job("chat-download-1", ""), running])
    cluster.logs("INFO begun\nINFO 3.1 of 15.2 GB\n\n")
    assert "running: INFO 3.1 of 15.2 GB" in command("status", "dev").stdout
    (cluster.folder / "log").unlink()
    assert "running: its log cannot be read now" in command("status", "dev").stdout
    cluster.holds([*without(RUNNING, "chat-download-1"), job("chat-download-1", "")])
    assert "running: waits for a node" in command("status", "dev").stdout
    cluster.holds([*without(RUNNING, "chat-download-1"), job("chat-download-1", "Failed")])
    assert "download chat       failed" in command("status", "dev").stdout


@pytest.mark.parametrize(("code", "says"), [(1, "failed"), (None, "has not ended")])
def test_a_smoke_test_that_did_not_succeed_is_told(cluster: Cluster, code: int | None, says: str) -> None:
    cluster.holds([*without(RUNNING, "smoke-test-1"), smoke_pod(code)])
    result = command("status", "dev")
    assert f"{says}, of {MADE}" in result.stdout


def test_a_paused_stack_is_as_it_should_be(cluster: Cluster) -> None:
    shown = outputs()
    answering(cluster.folder, json.dumps({**shown, "plan": {**shown["plan"], "paused": True}}))
    cluster.holds([deployment("chat", "inference", 0)])
    result = command("status", "dev")
    assert (result.exit_code, "dev: paused" in result.stdout) == (0, True)


@pytest.mark.parametrize("arguments", [["status", "dev"], ["logs", "dev"]])
def test_a_cluster_that_cannot_be_reached_is_a_sentence(cluster: Cluster, arguments: list[str]) -> None:
    program(cluster.folder, "kubectl", "import sys; sys.stderr.write('error: no route to host\\n'); sys.exit(1)")
    result = command(*arguments)
    assert (result.exit_code, "no route to host" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "labels"),
    [
        ([], "app.kubernetes.io/instance=chat,app.kubernetes.io/component=inference"),
        (["chat", "--download"], "app.kubernetes.io/instance=chat,app.kubernetes.io/component=download"),
        (["webui"], "app.kubernetes.io/component=chat-page"),
    ],
)
def test_logs_are_those_of_the_pods_that_are_meant(cluster: Cluster, arguments: list[str], labels: str) -> None:
    running = pod("chat-download-1-x", "download")
    cluster.holds([*RUNNING, running])
    cluster.logs("[pod/chat-1/server] ready \x1b[2J\n")
    result = command("logs", "dev", *arguments, "--tail", "7")
    assert (result.exit_code, result.stdout) == (0, "[pod/chat-1/server] ready \\x1b[2J\n"), result.output
    asked = cluster.asked.splitlines()[-1]
    assert f"--selector {labels} " in asked
    assert "--tail 7" in asked
    assert json.loads(command("logs", "dev", *arguments, "--json").stdout)["lines"] == [result.stdout.rstrip("\n")]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["chta"], 1, "did you mean chat?"),
        (["zzz"], 1, "it has chat, webui"),
        (["chat", "--download"], 1, "has no such pod now: tke-llm status dev"),
        (["--follow", "--json"], 2, "does not go with --json"),
    ],
)
def test_logs_that_there_are_not_are_a_sentence(cluster: Cluster, arguments: list[str], code: int, says: str) -> None:
    result = command("logs", "dev", *arguments)
    assert (result.exit_code, says in result.stderr) == (code, True), result.output


def rendered(name: str) -> list[dict[str, Any]]:
    """What the program makes for a sample, as the cluster would have it once all runs: each workload with one pod of
    each of its templates."""
    recording = unseeded(name).recording
    assert recording is not None
    found = []
    for each in recording.registrations:
        kind = each.type.rpartition(":")[2]
        if kind not in ("Deployment", "Job", "LeaderWorkerSet") or not each.type.startswith("kubernetes:"):
            continue
        made = json.loads(json.dumps(reveal(each.inputs), default=str))
        spec, labels = made["spec"], made["metadata"].get("labels", {})
        metadata = {"name": made["metadata"]["name"], "labels": labels, "creationTimestamp": MADE}
        conditions = [{"type": "Complete", "status": "True"}]
        found.append({"kind": kind, "metadata": metadata, "spec": spec, "status": {"conditions": conditions}})
        group = spec.get("leaderWorkerTemplate", {})
        templates = [spec["template"]] if "template" in spec else [group["leaderTemplate"], group["workerTemplate"]]
        for place, template in enumerate(templates):
            status: dict[str, Any] = {"phase": "Succeeded" if kind == "Job" else "Running"}
            ended = {"terminated": {"exitCode": 0, "message": ""}} if kind == "Job" else {"running": {}}
            status |= {"conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{"state": ended}]}
            index = {"leaderworkerset.sigs.k8s.io/worker-index": str(place)} if group else {}
            labels = {**template["metadata"]["labels"], **index}
            metadata = {"name": f"{made['metadata']['name']}-{place}", "labels": labels, "creationTimestamp": MADE}
            spec_of_pod = {**template["spec"], "nodeName": "node-1"}
            found.append({"kind": "Pod", "metadata": metadata, "spec": spec_of_pod, "status": status})
    return found


@each_of(NAMES)
def test_what_the_program_makes_is_found_by_its_own_labels(cluster: Cluster, name: str) -> None:
    shown = outputs(name)
    answering(cluster.folder, json.dumps(shown))
    cluster.holds(rendered(name))
    result = command("status", name, "--json")
    document = json.loads(result.stdout)
    assert all(each["ready"] >= 1 for each in document["models"]), document
    assert document["page"]["ready"] >= 1
    assert {each["model"] for each in document["downloads"]} == set(shown["models"])
    assert [each["part"] for each in document["smokeTest"]][:1] == ["smoke-test"]
    assert (document["gpus"] > 0) == any(each["gpus"] for each in shown["plan"]["models"].values())
