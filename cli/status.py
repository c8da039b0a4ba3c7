"""`tke-llm status`: what of a deployed stack runs now, from its outputs and its cluster."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli.deployed import PAGE, Deployed, DeployedError, deployed, is_local, log_end, objects
from cli.language import tr, translate, trn
from cli.report import dump
from cli.smoke import ended_jobs
from cli.text import Line, Piece, Style, complain, flush_left, line, paragraph, show
from components.workloads.kube import (
    CHAT_PAGE,
    COMPONENT_LABEL,
    DOWNLOAD,
    GPU_RESOURCE,
    INFERENCE,
    INSTANCE_LABEL,
    POLICY_PROBE,
    SMOKE_TEST,
)
from settings import translation

OURS = "app.kubernetes.io/part-of=tke-llm"
KINDS = "pods,deployments,jobs"
_WORKER = "leaderworkerset.sigs.k8s.io/worker-index"
"""Label of a pod of a server that lies over several machines; "0" is the one that answers."""


@dataclass(frozen=True)
class ServerStatus:
    """A model by its id, or the chat page, whose `model` and `engine` are empty. `gpus` are those that its pods hold;
    `why` says what keeps it from being ready."""

    name: str
    model: str
    engine: str
    ready: int
    wanted: int
    gpus: int
    why: str = ""


@dataclass(frozen=True)
class DownloadStatus:
    """A Job that fetches a model's files: done, running or failed, and the last line of its log while it runs."""

    model: str
    job: str
    state: str
    said: str = ""


@dataclass(frozen=True)
class SmokeStatus:
    """A part of the last smoke test: when its pod was made, and how it ended."""

    part: str
    made: str
    result: str


def status(stack: str, *, as_json: bool) -> int:
    """Print it; 1 where something is not ready or nobody can be asked, else 0. A paused stack is as it should be."""
    try:
        found = deployed(stack)
        seen = objects(found, KINDS, OURS)
        servers, downloads = list(_servers(found, seen)), list(_downloads(found, seen))
    except DeployedError as error:
        complain(str(error))
        return 1
    asked = list(_smoke(seen))
    paused = bool(found.plan.get("paused"))
    if as_json:
        document = {"stack": found.stack, "paused": paused, "models": [asdict(each) for each in servers if each.model]}
        document |= {"page": next((asdict(each) for each in servers if not each.model), None)}
        document |= {"downloads": [asdict(each) for each in downloads], "smokeTest": [asdict(each) for each in asked]}
        dump(document | {"chatUrl": found.chat_url, "gpus": sum(each.gpus for each in servers)})
    else:
        show([*_said(found, servers, paused=paused), *_lines(servers, downloads, asked), *_ways(found, stack)])
    return int(not paused and any(each.ready < each.wanted for each in servers))


def _servers(found: Deployed, seen: Sequence[dict[str, Any]]) -> Iterator[ServerStatus]:
    for model in found.models.values():
        planned = (found.plan.get("models") or {}).get(model.name, {}).get("replicas", {}).get("min", 1)
        yield _server(model.name, (model.model_id, model.engine), _of(seen, INFERENCE, model.name), planned)
    if PAGE in found.services:
        yield _server(
            tr("chat page"), ("", ""), [each for each in seen if _labels(each).get(COMPONENT_LABEL) == CHAT_PAGE], 1
        )


def _server(name: str, what: tuple[str, str], parts: Sequence[dict[str, Any]], planned: int) -> ServerStatus:
    """`planned` replicas are wanted where no Deployment says how many. One that has none though some are planned is not
    as it should be."""
    wanted = next((each["spec"].get("replicas", 1) for each in parts if each["kind"] == "Deployment"), planned)
    wanted = wanted or min(planned, 1)
    pods = [
        each for each in parts if each["kind"] == "Pod" and each["status"].get("phase") not in ("Succeeded", "Failed")
    ]
    answering = [each for each in pods if _labels(each).get(_WORKER, "0") == "0"]
    ready = sum(_is_ready(each) for each in answering)
    why = (
        (tr("none while nobody asks") if not wanted else "")
        if ready >= wanted
        else next(filter(None, map(_why_not, pods)), tr("no pod yet") if not pods else tr("starting"))
    )
    running = [each for each in pods if each["spec"].get("nodeName")]
    return ServerStatus(name, *what, ready, wanted, sum(map(_gpus, running)), why)


def _of(seen: Sequence[dict[str, Any]], component: str, instance: str) -> list[dict[str, Any]]:
    wanted = {COMPONENT_LABEL: component, INSTANCE_LABEL: instance}
    return [each for each in seen if wanted.items() <= _labels(each).items()]


def _labels(given: Mapping[str, Any]) -> Mapping[str, str]:
    return given["metadata"].get("labels") or {}


def _is_ready(pod: Mapping[str, Any]) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions") or ())


def _why_not(pod: Mapping[str, Any]) -> str:
    """What keeps a pod from being ready, as Kubernetes says it; empty where it is, or says nothing."""
    if _is_ready(pod):
        return ""
    for each in (*(pod["status"].get("initContainerStatuses") or ()), *(pod["status"].get("containerStatuses") or ())):
        waiting, ended = each["state"].get("waiting"), (each.get("lastState") or {}).get("terminated")
        if waiting and waiting.get("reason") not in ("PodInitializing", "ContainerCreating"):
            said = ": ".join(filter(None, (waiting.get("reason"), waiting.get("message"))))
            return tr("{why}, after exit code {code}", why=said, code=ended["exitCode"]) if ended else said
    for each in pod["status"].get("conditions") or ():
        if each["type"] == "PodScheduled" and each["status"] == "False":
            return each.get("message") or tr("no node for it")
    return ""


def _gpus(pod: Mapping[str, Any]) -> int:
    limits = ((each.get("resources") or {}).get("limits") or {} for each in pod["spec"].get("containers") or ())
    return sum(int(each.get(GPU_RESOURCE, 0)) for each in limits)


def _downloads(found: Deployed, seen: Sequence[dict[str, Any]]) -> Iterator[DownloadStatus]:
    for job in seen:
        if job["kind"] != "Job" or _labels(job).get(COMPONENT_LABEL) != DOWNLOAD:
            continue
        name, model, state = job["metadata"]["name"], _labels(job).get(INSTANCE_LABEL, ""), _job_state(job)
        said = ""
        if state == "running":
            pod = next((each["metadata"]["name"] for each in seen if _runs_for(each, name)), None)
            said = _end_of(found, pod) if pod else tr("waits for a node")
        yield DownloadStatus(model, name, state, said)


def _end_of(found: Deployed, pod: str) -> str:
    try:
        return log_end(found, pod)
    except DeployedError:
        return tr("its log cannot be read now")


def _job_state(job: Mapping[str, Any]) -> str:
    ended = {each["type"] for each in job["status"].get("conditions") or () if each["status"] == "True"}
    return "done" if "Complete" in ended else "failed" if "Failed" in ended else "running"


def _runs_for(pod: Mapping[str, Any], job: str) -> bool:
    return (
        pod["kind"] == "Pod"
        and _labels(pod).get("batch.kubernetes.io/job-name", _labels(pod).get("job-name")) == job
        and pod["status"].get("phase") == "Running"
    )


def _smoke(seen: Sequence[dict[str, Any]]) -> Iterator[SmokeStatus]:
    pods = [each for each in seen if each["kind"] == "Pod" and _labels(each).get(COMPONENT_LABEL) in _ASKING]
    for each in ended_jobs(pods):
        result = "has not ended" if each.code is None else "succeeded" if each.code == 0 else "failed"
        yield SmokeStatus(each.part, each.made, result)


_ASKING = (SMOKE_TEST, POLICY_PROBE)


def _said(found: Deployed, servers: Sequence[ServerStatus], *, paused: bool) -> list[Line]:
    if paused:
        return [line(Piece(tr("{stack}: paused; data, chat page and endpoint stay", stack=found.stack), "warn"))]
    models = [each for each in servers if each.model]
    ready = sum(each.ready >= each.wanted for each in models)
    gpus = sum(each.gpus for each in servers)
    held = trn("{number} GPU held", "{number} GPUs held", gpus)
    said = trn(
        "{stack}: {ready} of {number} model ready, {gpus}",
        "{stack}: {ready} of {number} models ready, {gpus}",
        len(models),
        stack=found.stack,
        ready=ready,
        gpus=held,
    )
    return [line(Piece(said, "good" if ready == len(models) else "warn"))]


def _lines(
    servers: Sequence[ServerStatus], downloads: Sequence[DownloadStatus], asked: Sequence[SmokeStatus]
) -> list[Line]:
    lines: list[Line] = [()]
    for each in servers:
        good = each.ready >= each.wanted
        said = trn(
            "{ready} of {number} replica ready", "{ready} of {number} replicas ready", each.wanted, ready=each.ready
        )
        if each.model:
            said = tr("{said}; {model} on {engine}", said=said, model=each.model, engine=each.engine)
        name = tr("model {name}", name=each.name) if each.model else each.name
        lines += _row(name, said, "good" if good else "warn")
        lines += _row("", each.why, "good" if good else "warn") if each.why else []
    for each in downloads:
        style: Style = "good" if each.state == "done" else "bad" if each.state == "failed" else "warn"
        state = _state(each.state)
        said = tr("{state}: {said}", state=state, said=each.said) if each.said else state
        lines += _row(tr("download {model}", model=each.model), said, style)
    for each in asked:
        said = tr("{result}, of {time}", result=_state(each.result), time=each.made)
        lines += _row(each.part, said, "good" if each.result == "succeeded" else "bad")
    return lines


def _state(state: str) -> str:
    """How a Job or a part of the smoke test stands, for people; JSON documents have the word itself."""
    said = {
        "done": translation.tr("done"),
        "failed": translation.tr("failed"),
        "running": translation.tr("running"),
        "succeeded": translation.tr("succeeded"),
        "has not ended": translation.tr("has not ended"),
    }
    return translate(said[state])


def _ways(found: Deployed, stack: str) -> list[Line]:
    chats = any(model.task == "chat" for model in found.models.values())
    lines = _row(tr("chat here"), f"tke-llm chat {shlex.quote(stack)}", "path") if chats else []
    if found.chat_url is not None and PAGE in found.services:
        aim = found.services[PAGE]
        forward = f"kubectl --namespace {aim.namespace} port-forward service/{aim.name} {aim.port}:{aim.port}"
        page = found.chat_url
        if is_local(page):
            page = tr("{command}, then {url}", command=forward, url=page)
        lines += _row(tr("chat page at"), page, "path")
    return lines


def _row(name: str, said: str, style: Style) -> list[Line]:
    return paragraph(said, Piece(f"  {flush_left(name, 18)}  ", "dim"), style=style)
