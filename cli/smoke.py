"""`tke-llm smoke`: asks a deployed stack from this machine what the smoke test asks in the cluster, or shows what that
one found last."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from cli.deployed import API, PAGE, Deployed, DeployedError, deployed, forward, is_local, pods
from cli.language import tr
from cli.report import dump
from cli.stackfile import load
from cli.text import Line, Piece, Style, complain, flush_left, heading, paragraph, show
from components.workloads.kube import COMPONENT_LABEL, NAME_LABEL
from components.workloads.scripts.smoke_test.api import Api, run
from components.workloads.scripts.smoke_test.findings import FAILED, OK, WARNING, Finding
from components.workloads.scripts.smoke_test.pooling import PoolingModel
from components.workloads.scripts.smoke_test.request import Model, Page, Request
from planner.plan.access import ClientPlan
from planner.plan.types import Plan
from planner.prove import prove
from planner.rollout.smoke_test import ANSWER_SECONDS, API_SECONDS, PAGE_SECONDS, api_patience, page_asked
from settings.parse import parse

PODS = f"{NAME_LABEL}=smoke-test"
"""The pods of its Jobs."""
LOADING_SECONDS = 900
"""For the first answer of an engine without a key, which may load its weights upon the first question."""

_STYLES: dict[str, Style] = {OK: "good", WARNING: "warn", FAILED: "bad"}


def smoke(stack: str, *, last: bool, as_json: bool) -> int:
    """Ask, or with `last` show what the Jobs of the last rollout found. 1 where anything failed or nobody can be asked.

    Of the account that it makes in the page nothing is left; no secret is printed.
    """
    try:
        found = deployed(stack)
        return _last(found, as_json=as_json) if last else _ask(found, stack, as_json=as_json)
    except DeployedError as error:
        complain(str(error))
        return 1


def _ask(found: Deployed, stack: str, *, as_json: bool) -> int:
    if found.plan.get("paused"):
        raise DeployedError(
            tr("stack {stack} is paused: nothing answers until `pause` is taken away", stack=found.stack)
        )
    # How people sign in, and what models are for and clients may ask, stands in the stack file, not in the outputs.
    plan, _ = prove(parse(load(stack)))
    client = None if plan is None else _client(plan, found)
    # A port is forwarded to a pod, which a model without a replica has not; at the API one comes.
    rare = {} if plan is None else {name: model for name, model in plan.models.items() if not model.min_replicas}
    found = replace(found, models={name: model for name, model in found.models.items() if name not in rare})
    with ExitStack() as opened:
        addresses, early = _addresses(found, opened, client)
        if rare and client is None:
            said = tr("not asked: no replica while nobody asks, and no client's key to ask the API with")
            early += [Finding(WARNING, f"model {name}", said) for name in rare]
        if client is not None:
            early.append(Finding(OK, "API", tr("is asked by the key of client {client}", client=client.name)))
        if not as_json:
            show([*heading(tr("Asking {stack}", stack=found.stack)), *(part for each in early for part in lines(each))])
        at_api = None if plan is None or client is None else _api(found, plan, client, addresses[API])
        request, others = _request(found, plan, addresses, at_api)
        asked = run(request, others, at_api, lambda each: None if as_json else show(lines(each)))
    findings = [*early, *asked]
    if as_json:
        dump({"stack": found.stack, "findings": [vars(each) for each in findings]})
    return int(any(each.level == FAILED for each in findings))


def lines(finding: Finding) -> list[Line]:
    """A finding for people."""
    return paragraph(
        finding.text, Piece(f"  {flush_left(_level(finding.level), 8)}{finding.subject}: ", _STYLES[finding.level])
    )


def _level(level: str) -> str:
    return {OK: tr("ok"), WARNING: tr("warning"), FAILED: tr("failed")}.get(level, level)


def _client(plan: Plan, found: Deployed) -> ClientPlan | None:
    """Whose key asks the API of all models: one that does not expire, and opens most. None where there is no API, or no
    client whose key is known."""
    asking = plan.api.clients if plan.api is not None and API in found.services else ()
    known = [each for each in asking if each.name in found.client_keys]
    return max(known, key=lambda each: (each.expires is None, len(each.models)), default=None)


def _addresses(found: Deployed, opened: ExitStack, client: ClientPlan | None) -> tuple[dict[str, str], list[Finding]]:
    """Where each model, the page and, for a `client`, the API are reached, and what is to be said of that. Ports are
    forwarded until `opened` closes; so they are where a public host name leads nowhere yet."""
    public = {name: model.base_url for name, model in found.models.items()}
    public |= {PAGE: found.chat_url} if found.chat_url is not None else {}
    public |= {API: found.api_url} if client is not None else {}
    addresses: dict[str, str] = {}
    hosts: dict[str, bool] = {}
    for name, url in public.items():
        host = str(urlsplit(url).hostname) if url is not None and not is_local(url) else ""
        if host and hosts.setdefault(host, _leads_somewhere(host)):
            addresses[name] = str(url)
        else:
            forwarded = opened.enter_context(forward(found, name))
            addresses[name] = forwarded if name == PAGE else f"{forwarded}/v1"
    return addresses, [
        Finding(WARNING, host, tr("the name leads nowhere yet, so a forwarded port was asked"))
        for host, known in hosts.items()
        if not known
    ]


def _leads_somewhere(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _api(found: Deployed, plan: Plan, client: ClientPlan, url: str) -> Api:
    """The API of all models, as this client sees it."""
    key = found.client_keys[client.name]
    served = () if plan.api is None else plan.api.models
    models = tuple(
        PoolingModel(each.name, each.name, url, key, api_patience(model), task=model.task)
        for each in served
        if each.name in client.models and (model := plan.models.get(each.model)) is not None
    )
    return Api(url, key, API_SECONDS, models)


def _request(
    found: Deployed, plan: Plan | None, addresses: dict[str, str], at_api: Api | None
) -> tuple[Request, tuple[PoolingModel, ...]]:
    """What is asked, and the models that embed or rank."""
    tasks = {} if plan is None else {name: model.task for name, model in plan.models.items()}
    models = [
        PoolingModel(
            name=model.name,
            model=model.served_name,
            url=addresses[model.name],
            key=model.api_key,
            patience=ANSWER_SECONDS if model.api_key is not None else LOADING_SECONDS,
            task=tasks.get(model.name, "chat"),
        )
        for model in found.models.values()
    ]
    page = None
    if PAGE in addresses and plan is not None and plan.webui is not None:
        asked = page_asked(plan.webui, plan.exposure)
        page = Page(
            url=addresses[PAGE],
            email=found.admin_email or asked.email,
            password=found.admin_password if asked.by_password else None,
            patience=PAGE_SECONDS,
            chats=asked.chats,
        )
    limit = sum(model.patience for model in (*models, *(at_api.models if at_api else ()))) + 2 * PAGE_SECONDS
    chat: tuple[Model, ...] = tuple(model for model in models if model.task == "chat")
    others = tuple(model for model in models if model.task != "chat")
    return Request(owner="user", limit=limit, models=chat, page=page), others


@dataclass(frozen=True)
class Ended:
    """A Job's last pod: the Job's part, when its pod was made (as Kubernetes writes it), and what it left."""

    part: str
    made: str
    code: int | None
    message: str


def _last(found: Deployed, *, as_json: bool) -> int:
    ended = list(ended_jobs(pods(found, PODS)))
    if not ended:
        raise DeployedError(
            tr(
                "stack {stack} has no pod of a smoke test: it is paused, smokeTest is false, or the pods are gone",
                stack=found.stack,
            )
        )
    if as_json:
        dump({"stack": found.stack, "jobs": [vars(each) for each in ended]})
    else:
        for each in ended:
            verdict: tuple[str, Style] = (tr("has not ended"), "warn")
            if each.code is not None:
                verdict = (tr("succeeded"), "good") if each.code == 0 else (tr("failed"), "bad")
            told = [part for text in each.message.splitlines() for part in paragraph(text, Piece("  "))]
            show(
                [
                    *heading(tr("{part} of {time}", part=each.part, time=each.made)),
                    (Piece(f"  {verdict[0]}", verdict[1]),),
                    *told,
                ]
            )
    return int(any(each.code != 0 for each in ended))


def ended_jobs(found: Sequence[dict]) -> Iterator[Ended]:
    """What the newest pod of each part of the smoke test left."""
    newest: dict[str, dict] = {}
    for pod in sorted(found, key=lambda each: each["metadata"]["creationTimestamp"]):
        newest[pod["metadata"]["labels"][COMPONENT_LABEL]] = pod
    for part, pod in newest.items():
        states = [each["state"].get("terminated") for each in pod["status"].get("containerStatuses") or ()]
        state = next(iter(states), None)
        yield Ended(
            part=part,
            made=pod["metadata"]["creationTimestamp"],
            code=None if state is None else state["exitCode"],
            message=json.dumps(pod["status"].get("conditions")) if state is None else state.get("message", ""),
        )
