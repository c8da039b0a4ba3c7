"""How people reach the chat page and the API: addresses, and commands to run."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from components.workloads import webui
from planner.page.decide import PORT
from planner.plan.types import ExposurePlan, ModelPlan, Plan

LOCAL = "http://127.0.0.1"

QUESTIONS: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "chat": ("/chat/completions", {"messages": [{"role": "user", "content": "Hello"}]}),
    "embed": ("/embeddings", {"input": "Hello"}),
    "rerank": ("/rerank", {"query": "Hello", "documents": ["Good morning", "The price of gold"]}),
}
"""What a model of each task may be asked first, and where below its base URL."""


@dataclass(frozen=True)
class Exposure:
    """Addresses and commands. `api_base_url` is that of the first model that has one; `api_base_urls` and `commands`
    are by the model's name, the commands also by ``webui``. A model without a key has no address on a public host.
    `find_address` is the command that shows what the host names must point at; None for port-forward."""

    chat_url: str | None
    api_base_url: str | None
    api_base_urls: Mapping[str, str | None]
    commands: Mapping[str, str]
    find_address: str | None = None

    def first_question(self, models: Sequence[ModelPlan]) -> str | None:
        """The command that asks the first model which has an address; None where none has."""
        for model in models:
            url = self.api_base_urls[model.name]
            if url is not None:
                return curl(url, model)
        return None


def addresses(plan: Plan) -> Exposure:
    """How the stack is reached. The commands for port-forward are there whatever the exposure: they need no DNS."""
    models = list(plan.models.values())
    namespace = plan.names.namespace
    local = port_forward(namespace, models, with_webui=plan.webui is not None)
    if plan.exposure is None:
        return local
    urls: dict[str, str | None] = {model.name: None for model in models} | dict(plan.exposure.api_urls)
    return replace(
        local,
        chat_url=plan.exposure.chat_url,
        api_base_url=next((url for url in urls.values() if url is not None), None),
        api_base_urls=urls,
        find_address=_find_address(namespace, plan.exposure),
    )


def port_forward(namespace: str, models: Sequence[ModelPlan], *, with_webui: bool) -> Exposure:
    """Reach everything through the Kubernetes API server. Models that listen on one port get ports of their own on the
    local side, counted up from it."""
    taken = {PORT} if with_webui else set[int]()
    commands = {webui.NAME: _command(namespace, webui.NAME, PORT, PORT)} if with_webui else {}
    urls: dict[str, str | None] = {}
    for model in models:
        local = model.spec.port
        while local in taken:
            local += 1
        taken.add(local)
        commands[model.name] = _command(namespace, model.name, local, model.spec.port)
        urls[model.name] = f"{LOCAL}:{local}/v1"
    return Exposure(
        chat_url=f"{LOCAL}:{PORT}" if with_webui else None,
        api_base_url=next(iter(urls.values())),
        api_base_urls=urls,
        commands=commands,
    )


def curl(base_url: str, model: ModelPlan) -> str:
    """A first question to a model. The key is read from the stack's outputs when the command runs."""
    key = f"$(pulumi stack output --show-secrets --json apiKeys | jq -r '.[\"{model.name}\"]')"
    authorization = f' -H "Authorization: Bearer {key}"' if model.spec.api_key_env is not None else ""
    road, question = QUESTIONS[model.task]
    body = json.dumps({"model": model.served_name, **question})
    url = shlex.quote(f"{base_url}{road}")
    return f"curl {url}{authorization} -H 'Content-Type: application/json' -d {shlex.quote(body)}"


def _find_address(namespace: str, plan: ExposurePlan) -> str:
    kind, within, name, path = plan.address
    return f"kubectl --namespace {within or namespace} get {kind} {name} -o jsonpath='{{{path}}}'"


def _command(namespace: str, service: str, local: int, port: int) -> str:
    return f"kubectl --namespace {namespace} port-forward service/{service} {local}:{port}"
