"""How people reach the chat page and the API: addresses, and commands to run."""

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from components.workloads import webui
from planner.access.api import OWN_CLIENTS
from planner.page.decide import PORT
from planner.plan.access import ApiPlan, ExposurePlan
from planner.plan.types import ModelPlan, Plan

LOCAL = "http://127.0.0.1"
API, API_PORT, API_SERVED = "api", 8090, 80
"""What the command for the API of all models is called, from which local port on it listens, and where its Service
does."""

QUESTIONS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "chat": ("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    "embed": ("/embeddings", {"input": "Hello"}),
    "rerank": ("/rerank", {"query": "Hello", "documents": ["Good morning", "The price of gold"]}),
}
"""What a model of each task may be asked first, and where below its base URL."""


@dataclass(frozen=True)
class Exposure:
    """Addresses and commands. `api_base_url` is that of the first model that has one, or of all; `api_base_urls` and
    `commands` are by the model's name, the commands also by ``webui`` and ``api``. A model without a key has no address
    on a public host, nor has one behind an API of all models. `find_address` is the command that shows what the host
    names must point at; None for port-forward. `question` is the command that asks at an API of all models."""

    chat_url: str | None
    api_base_url: str | None
    api_base_urls: Mapping[str, str | None]
    commands: Mapping[str, str]
    find_address: str | None = None
    question: str | None = None

    def first_question(self, models: Sequence[ModelPlan]) -> str | None:
        """The command that asks the first model which has an address; None where none has."""
        if self.question is not None:
            return self.question
        for model in models:
            url = self.api_base_urls[model.name]
            if url is not None:
                return curl(url, model)
        return None


def addresses(plan: Plan) -> Exposure:
    """How the stack is reached. The commands for port-forward are there whatever the exposure: they need no DNS."""
    models = list(plan.models.values())
    namespace = plan.names.namespace
    found = port_forward(namespace, models, with_webui=plan.webui is not None)
    if plan.exposure is not None:
        urls: dict[str, str | None] = {model.name: None for model in models} | dict(plan.exposure.api_urls)
        found = replace(
            found,
            chat_url=plan.exposure.chat_url,
            api_base_url=next((url for url in urls.values() if url is not None), None),
            api_base_urls=urls,
            find_address=_find_address(namespace, plan.exposure),
        )
    return found if plan.api is None else _with_api(found, plan, plan.api)


def _with_api(found: Exposure, plan: Plan, api: ApiPlan) -> Exposure:
    """One address for all models. Those of the models, if they are local, ask for the engines' own keys."""
    taken = _local_ports(list(plan.models.values()), with_webui=plan.webui is not None)
    port = _free_from(API_PORT, taken.values())
    url = found.api_base_url if plan.exposure is not None else f"{LOCAL}:{port}/v1"
    return replace(
        found,
        api_base_url=url,
        api_base_urls=found.api_base_urls if plan.exposure is None else dict.fromkeys(found.api_base_urls),
        commands={**found.commands, API: _command(api.envoy_namespace, api.service, port, API_SERVED)},
        question=None if url is None else _first_question(url, plan, api),
    )


def _first_question(url: str, plan: Plan, api: ApiPlan) -> str | None:
    """What the first client may ask first; None where nobody but the page may ask."""
    models = {each.name: each.model for each in api.models}
    asking = [(client.name, name) for client in api.clients if client.name not in OWN_CLIENTS for name in client.models]
    if not asking:
        return None
    client, name = asking[0]
    return _curl(url, plan.models[models[name]], name, key=_key_of("clients", client))


def port_forward(namespace: str, models: Sequence[ModelPlan], *, with_webui: bool) -> Exposure:
    """Reach everything through the Kubernetes API server."""
    local = _local_ports(models, with_webui=with_webui)
    served = {webui.NAME: PORT} | {model.name: model.spec.port for model in models}
    commands = {name: _command(namespace, name, port, served[name]) for name, port in local.items()}
    urls: dict[str, str | None] = {model.name: f"{LOCAL}:{local[model.name]}/v1" for model in models}
    return Exposure(
        chat_url=f"{LOCAL}:{PORT}" if with_webui else None,
        api_base_url=next(iter(urls.values())),
        api_base_urls=urls,
        commands=commands,
    )


def _local_ports(models: Sequence[ModelPlan], *, with_webui: bool) -> dict[str, int]:
    """The port on the local side of each command. Models that listen on one port get ports of their own, counted up
    from it."""
    taken = {webui.NAME: PORT} if with_webui else {}
    for model in models:
        taken[model.name] = _free_from(model.spec.port, taken.values())
    return taken


def _free_from(first: int, taken: Collection[int]) -> int:
    return next(each for each in count(first) if each not in taken)


def curl(base_url: str, model: ModelPlan) -> str:
    """A first question to a model. The key is read from the stack's outputs when the command runs."""
    key = _key_of("apiKeys", model.name) if model.spec.api_key_env is not None else None
    return _curl(base_url, model, model.served_name, key=key)


def _key_of(output: str, name: str) -> str:
    return f"$(pulumi stack output --show-secrets --json {output} | jq -r '.[\"{name}\"]')"


def _curl(base_url: str, model: ModelPlan, name: str, *, key: str | None) -> str:
    authorization = "" if key is None else f' -H "Authorization: Bearer {key}"'
    road, question = QUESTIONS[model.task]
    body = json.dumps({"model": name, **question})
    url = shlex.quote(f"{base_url}{road}")
    return f"curl {url}{authorization} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def _find_address(namespace: str, plan: ExposurePlan) -> str:
    kind, within, name, path = plan.address
    return f"kubectl --namespace {within or namespace} get {kind} {name} -o jsonpath='{{{path}}}'"


def _command(namespace: str, service: str, local: int, port: int) -> str:
    return f"kubectl --namespace {namespace} port-forward service/{service} {local}:{port}"
