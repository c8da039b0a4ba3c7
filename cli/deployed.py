"""A stack that is deployed: its outputs, read through the pulumi CLI, and its Services, brought to this computer."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.language import tr
from cli.stackfile import program, stack_file
from planner.software.prometheus import PORT, SERVICE
from settings.file import read

OUTPUT_SECONDS = 120.0
"""Longest wait for the outputs: the state may be far away, the key that opens it at a cloud's service."""
FORWARD_SECONDS = 60.0
"""Longest wait for a port-forward, which begins once the Service has a running pod."""
LOCAL = "127.0.0.1"
PAGE = "webui"
API = "api"
"""What the output `portForward` calls the Service of an API of all models; it is in Envoy Gateway's namespace."""
PROMETHEUS = "monitoring/prometheus"
"""Stands for the Service of Prometheus; no model is called so."""

_NEEDED: Mapping[str, type] = {"models": dict, "apiKeys": dict, "kubeconfig": str, "portForward": dict}
_FORWARDING = re.compile(rf"Forwarding from {re.escape(LOCAL)}:(\d+) ->")


class DeployedError(Exception):
    """The stack cannot be asked; the message says why and what to do, and holds no secret."""


@dataclass(frozen=True)
class DeployedService:
    """A Service of the stack, as `kubectl port-forward` takes it."""

    namespace: str
    name: str
    port: int


@dataclass(frozen=True)
class DeployedModel:
    """One model. `base_url` ends in ``/v1``; it is None where the API stands on no public host, and on this computer
    where the stack is reached by port-forward. `api_key` is None for an engine that asks for none. `task` is what it is
    served for: "chat", or it embeds or ranks."""

    name: str
    model_id: str
    served_name: str
    engine: str
    base_url: str | None
    api_key: str | None = field(repr=False)
    task: str = "chat"


@dataclass(frozen=True)
class Deployed:
    """The outputs of a stack. `services` are by model's name, the chat page's by `PAGE`, those of the API and of its
    Prometheus by `API` and `PROMETHEUS` where it has them; `plan` is the output of that name. `api_url` is where the
    API of all models is asked, and `client_keys` are those of its clients, by their names."""

    stack: str
    models: Mapping[str, DeployedModel]
    chat_url: str | None
    admin_email: str | None
    admin_password: str | None = field(repr=False)
    kubeconfig: str = field(repr=False)
    services: Mapping[str, DeployedService]
    plan: Mapping[str, Any]
    api_url: str | None = None
    client_keys: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def managed(self) -> bool:
        """Whether Tencent's managed Prometheus reads its metrics, which is in no cluster."""
        return "via" in (self.plan.get("monitoring") or {})

    @property
    def namespace(self) -> str:
        """The stack's own."""
        return next(each.namespace for name, each in self.services.items() if name not in (API, PROMETHEUS))

    def model(self, name: str | None) -> DeployedModel:
        """A model that chats by its name in the stack file, the first one for None; `DeployedError` where there is
        none."""
        chatting = [model for model in self.models.values() if model.task == "chat"]
        found = next((model for model in chatting if name in (None, model.name)), None)
        if found is None:
            served = ", ".join(f"{model.name} ({model.task})" for model in self.models.values())
            values = {"stack": self.stack, "served": served}
            if name is None:
                raise DeployedError(tr("stack {stack} serves no model that chats; it serves {served}", **values))
            raise DeployedError(
                tr("stack {stack} serves no model {name!r} that chats; it serves {served}", name=name, **values)
            )
        return found


def deployed(stack: str) -> Deployed:
    """Read the outputs of a stack, a name or the path of its stack file, with the caller's own pulumi and login.

    Raises:
        DeployedError: there is no pulumi, it refuses, or the stack has not been brought up.
    """
    file = stack_file(stack)
    name = read(file).stack
    outputs = _outputs(name, program(file).parent)
    missing = next((key for key, shape in _NEEDED.items() if not isinstance(outputs.get(key), shape)), None)
    if missing is not None:
        raise DeployedError(
            tr(
                "stack {stack} has no output {missing}: run `pulumi up --stack {stack}` first",
                stack=name,
                missing=missing,
            )
        )
    keys, admin, plan = outputs["apiKeys"], outputs.get("webuiAdmin") or {}, outputs.get("plan") or {}
    return Deployed(
        stack=name,
        models={
            model: DeployedModel(
                name=model,
                model_id=each["model"],
                served_name=each["servedName"],
                engine=each["engine"],
                base_url=each["apiBaseUrl"],
                api_key=keys.get(model),
                # A stack that was brought up before there was this output.
                task=each.get("task", "chat"),
            )
            for model, each in outputs["models"].items()
        },
        chat_url=outputs.get("chatUrl"),
        admin_email=admin.get("email"),
        admin_password=admin.get("password"),
        kubeconfig=outputs["kubeconfig"],
        services={target: service(command) for target, command in outputs["portForward"].items()} | dict(_reader(plan)),
        plan=plan,
        api_url=outputs.get("apiBaseUrl") if API in outputs["portForward"] else None,
        client_keys=outputs.get("clients") or {},
    )


def _reader(plan: Mapping[str, Any]) -> Iterator[tuple[str, DeployedService]]:
    """The Prometheus in the cluster that reads the stack's metrics, if one does."""
    measured = plan.get("monitoring")
    if measured is not None and "namespace" in measured:
        yield PROMETHEUS, DeployedService(measured["namespace"], SERVICE, PORT)


def service(command: str) -> DeployedService:
    """The Service of a command of the output `portForward`."""
    words = shlex.split(command)
    port = int(words[-1].rpartition(":")[2])
    return DeployedService(words[words.index("--namespace") + 1], words[-2].rpartition("/")[2], port)


@contextmanager
def api(stack: Deployed, model: DeployedModel) -> Iterator[str]:
    """The base URL of a model's API, ending in ``/v1``, for as long as the block runs: its public address, or that of
    a port-forward. Raises `DeployedError`."""
    if model.base_url is not None and not is_local(model.base_url):
        yield model.base_url
        return
    with forward(stack, model.name) as address:
        yield f"{address}/v1"


@contextmanager
def page(stack: Deployed) -> Iterator[str]:
    """The address of the chat page, as `api` does it. Raises `DeployedError`."""
    if stack.chat_url is not None and not is_local(stack.chat_url):
        yield stack.chat_url
        return
    with forward(stack, PAGE) as address:
        yield address


@contextmanager
def forward(stack: Deployed, target: str) -> Iterator[str]:
    """A Service of the stack under an address of this computer, ``http://127.0.0.1:PORT``, on a free port, for as long
    as the block runs. All of it goes to one pod, through the Kubernetes API server.

    Raises:
        DeployedError: there is no kubectl, no such Service, or no connection within `FORWARD_SECONDS`.
    """
    program_ = _program("kubectl", "https://kubernetes.io/docs/tasks/tools/")
    if target not in stack.services:
        raise DeployedError(
            tr(
                "stack {stack} has no Service {name!r}; it has {known}",
                stack=stack.stack,
                name=target,
                known=", ".join(stack.services),
            )
        )
    aim = stack.services[target]
    command = [program_, "port-forward", "--address", LOCAL, f"service/{aim.name}", f":{aim.port}"]
    with _kubeconfig(stack) as kubeconfig, _ended_by_signals():
        said = kubeconfig.with_name("said")
        # A file, for nobody would empty a pipe: kubectl writes a line for every connection.
        with said.open("w", encoding="utf-8") as sink:
            process = subprocess.Popen(  # noqa: S603  our own arguments
                [*command, "--kubeconfig", str(kubeconfig), "--namespace", aim.namespace],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for this program, which goes on where it ended an answer only.
                process_group=0,
            )
        try:
            port = _local_port(process, said, aim)
            # kubectl has read it. Should this program be killed, no way into the cluster lies about.
            kubeconfig.unlink()
            yield f"http://{LOCAL}:{port}"
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def pods(stack: Deployed, labels: str) -> list[dict[str, Any]]:
    """The pods of the stack's namespace with these labels (``name=value``), as the API has them. Raises
    `DeployedError`."""
    return objects(stack, "pods", labels)


def objects(stack: Deployed, kinds: str, labels: str) -> list[dict[str, Any]]:
    """The objects of some kinds (``pods,jobs``) in the stack's namespace with these labels. Raises `DeployedError`."""
    said = _said_of(stack, ["get", kinds, "--selector", labels, "--output", "json", "--request-timeout", "30s"], kinds)
    return json.loads(said)["items"]


def log_end(stack: Deployed, pod: str) -> str:
    """The last line of a pod's log that is not empty; empty where there is none yet. Raises `DeployedError`."""
    command = ["logs", pod, "--all-containers", "--tail", "5", "--request-timeout", "30s"]
    lines = [each.strip() for each in _said_of(stack, command, f"log of {pod}").splitlines()]
    return next((each for each in reversed(lines) if each), "")


def proxy_logs(stack: Deployed, namespace: str, labels: str, since: str) -> list[str]:
    """The lines that the proxies of that namespace with these labels wrote, back to `since` (``24h``). Raises
    `DeployedError`."""
    # Of pods that are chosen by labels kubectl shows ten lines each, unless it is told otherwise, the later option.
    command = ["logs", "--namespace", namespace, "--selector", labels, "--container", "envoy", "--tail", "-1"]
    command += ["--since", since, "--max-log-requests", "20", "--request-timeout", "30s"]
    return _said_of(stack, command, "logs of the API's proxies").splitlines()


def _said_of(stack: Deployed, command: Sequence[str], what: str) -> str:
    """What kubectl answers."""
    with kubectl(stack) as (words, namespace):
        try:
            done = subprocess.run(  # noqa: S603  our own arguments
                [*words, *command],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=FORWARD_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise DeployedError(
                tr("kubectl lists no {what} within {seconds:.0f} s", what=what, seconds=FORWARD_SECONDS)
            ) from None
    if done.returncode:
        raise DeployedError(
            tr(
                "kubectl cannot list the {what} of namespace {namespace}: {why}",
                what=what,
                namespace=namespace,
                why=_fault(done.stderr),
            )
        )
    return done.stdout


@contextmanager
def kubectl(stack: Deployed) -> Iterator[tuple[list[str], str]]:
    """How a command of kubectl begins that asks the stack's cluster in its namespace, and the namespace. The way into
    the cluster goes with the block. Raises `DeployedError`."""
    program_ = _program("kubectl", "https://kubernetes.io/docs/tasks/tools/")
    namespace = stack.namespace
    with _kubeconfig(stack) as path:
        yield [program_, "--kubeconfig", str(path), "--namespace", namespace], namespace


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Has the block cleaned up where a closed terminal, or whoever started this program, ends it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ending = (signal.SIGHUP, signal.SIGTERM)
    before = [signal.signal(each, lambda number, _: sys.exit(128 + number)) for each in ending]
    try:
        yield
    finally:
        for each, handler in zip(ending, before, strict=True):
            signal.signal(each, handler)


@contextmanager
def _kubeconfig(stack: Deployed) -> Iterator[Path]:
    """The stack's kubeconfig in a file that nobody else can read, in a folder that goes with the block."""
    with tempfile.TemporaryDirectory(prefix="tke-llm-") as folder:
        path = Path(folder, "kubeconfig")
        path.touch(mode=0o600)
        path.write_text(stack.kubeconfig, encoding="utf-8")
        yield path


def is_local(url: str) -> bool:
    """Whether an address of the outputs is one of a port-forward."""
    return urlsplit(url).hostname == LOCAL


def _local_port(process: subprocess.Popen[bytes], said: Path, aim: DeployedService) -> int:
    end = time.monotonic() + FORWARD_SECONDS
    while True:
        over = process.poll() is not None or time.monotonic() > end
        text = said.read_text(encoding="utf-8", errors="replace")
        if found := _FORWARDING.search(text):
            return int(found[1])
        if over:
            why = _fault(text) or tr("no connection within {seconds:.0f} s", seconds=FORWARD_SECONDS)
            raise DeployedError(
                tr(
                    "kubectl cannot forward a port to service/{service} in {namespace}: {why}",
                    service=aim.name,
                    namespace=aim.namespace,
                    why=why,
                )
            )
        time.sleep(0.05)


def _outputs(stack: str, project: Path) -> Mapping[str, Any]:
    pulumi = _program("pulumi", "https://www.pulumi.com/docs/install/")
    command = [pulumi, "stack", "output", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    try:
        done = subprocess.run(  # noqa: S603  our own arguments
            command,
            cwd=project,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=OUTPUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeployedError(
            tr("pulumi gave no outputs of stack {stack} within {seconds:.0f} s", stack=stack, seconds=OUTPUT_SECONDS)
        ) from None
    if done.returncode:
        raise DeployedError(
            tr("pulumi cannot give the outputs of stack {stack}: {why}", stack=stack, why=_fault(done.stderr))
        )
    try:
        outputs = json.loads(done.stdout)
    except ValueError:
        # The text may hold secrets: nothing of it is shown.
        raise DeployedError(tr("pulumi gave outputs of stack {stack} that are no JSON", stack=stack)) from None
    return outputs if isinstance(outputs, dict) else {}


def _program(name: str, documentation: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise DeployedError(tr("{program} is not on PATH: see {page}", program=name, page=documentation))
    return found


def _fault(text: str) -> str:
    """What a program complains of, in one line."""
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    errors = [each.removeprefix("error: ") for each in lines if each.startswith("error: ")]
    return (errors or lines or [""])[-1]
