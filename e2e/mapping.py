"""From a rendered container to a process of this machine: what is mapped, and nothing else. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml

from e2e.containers import Rendered, RenderedContainer, RenderedPod, RenderedProbe, RenderedService

HERE = Path(__file__).parent
HIDDEN = "<secret>"
_PORT_FLAGS = ("--port",)
_PORT_VARIABLES = ("PORT",)
_LOOPBACK = r"(?:0\.0\.0\.0|127\.0\.0\.1|localhost)"


class UnknownImageError(Exception):
    """No software of this machine stands for an image."""


@dataclass(frozen=True)
class StandIn:
    """What runs in place of an image."""

    program: str
    tag: str
    workdir: str
    start: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """One thing that differs from the manifest. `before` and `after` never show a secret."""

    kind: Literal["port", "host", "cpu", "image", "path", "weights", "process"]
    where: str
    before: str
    after: str
    why: str = ""

    def __str__(self) -> str:
        reason = f"  ({self.why})" if self.why else ""
        return f"{self.kind:7} {self.where}: {self.before or '-'} -> {self.after or '-'}{reason}"


@dataclass(frozen=True)
class Process:
    """A container as it is run here. Its mounts, its user and its probes' times are the manifest's."""

    name: str
    container: RenderedContainer
    image: StandIn
    argv: tuple[str, ...]
    env: Mapping[str, str]
    probes: Mapping[str, RenderedProbe]
    ports: Mapping[str, int]
    """The container's own port numbers and names -> ports of this machine."""


@dataclass(frozen=True)
class Addresses:
    """Where things are on this machine. `local` maps (pod, port of its container) to a port on loopback."""

    local: Mapping[tuple[str, int], int]
    services: Mapping[str, Mapping[int, int]]
    """Service, also with its namespace -> its port -> port on loopback."""
    page: tuple[str, str] = ("", "")
    """The address under which the page believes to be reached, and the one under which it is."""


def image_of(reference: str) -> StandIn:
    """Raises `UnknownImageError`. A mirror may have put its own host and folder in front of the repository."""
    name, _, tag = reference.rpartition(":")
    for repository, known in _data("images").items():
        if name.endswith(f"/{repository}") or name == repository:
            return StandIn(known["program"], tag, known["workdir"], tuple(known.get("start") or ()))
    raise UnknownImageError(f"nothing on this machine stands for the image {reference}")


def addresses(stack: Rendered, free: Iterable[int]) -> Addresses:
    """A port of its own for each port of each pod; `free` gives ports that nothing listens on."""
    ports = iter(free)
    local = {
        (pod.name, port): next(ports)
        for pod in stack.pods
        for container in pod.containers
        for port in container.ports.values()
    }
    services: dict[str, dict[int, int]] = {}
    for service in stack.services:
        found = _behind(service, stack.pods, local)
        if found:
            for name in _names(service):
                services[name] = found
    return Addresses(local, services, _page(stack, local))


def mapped(container: RenderedContainer, pod: RenderedPod, where: Addresses) -> tuple[Process, tuple[Difference, ...]]:
    """The process for a container, and each thing in which its command and environment differ from the manifest."""
    image = image_of(container.image)
    name = f"{pod.name}/{container.name}"
    changes: list[Difference] = []
    argv = list(container.argv)
    if not container.command and image.start:
        argv = [*image.start, *container.args]
        changes.append(Difference("image", f"{name} command", "", image.start[-1], "the image's own"))
    argv, found = _arguments(argv, name, pod, where)
    changes += found
    env, found = _environment(container, name, pod, where)
    changes += found
    argv, env, found = _for_cpu(argv, env, image.program, name)
    changes += found
    process = Process(
        name=name,
        container=container,
        image=image,
        argv=tuple(argv),
        env=env,
        probes={kind: _probe(each, pod, where) for kind, each in container.probes.items()},
        ports={
            key: where.local[pod.name, port] for label, port in container.ports.items() for key in (label, str(port))
        },
    )
    return process, tuple(changes)


def cpu_settings(program: str) -> Mapping[str, Any]:
    """What `cpu.yaml` says about a program: `env` and `flags`."""
    return _data("cpu").get(program) or {"env": {}, "flags": {}}


@cache
def _data(name: str) -> Mapping[str, Any]:
    return yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8"))


def _names(service: RenderedService) -> tuple[str, ...]:
    spaced = f"{service.name}.{service.namespace}"
    return (service.name, spaced, f"{spaced}.svc", f"{spaced}.svc.cluster.local")


def _behind(
    service: RenderedService, pods: Sequence[RenderedPod], local: Mapping[tuple[str, int], int]
) -> dict[int, int]:
    """Port of the Service -> port on loopback, of the first pod that its selector takes."""
    for pod in pods:
        if service.selector and service.selector.items() <= pod.labels.items():
            named = {name: port for each in pod.containers for name, port in each.ports.items()}
            return {
                port: local[pod.name, named[target] if isinstance(target, str) and target in named else int(target)]
                for port, target in service.ports.items()
            }
    return {}


def _page(stack: Rendered, local: Mapping[tuple[str, int], int]) -> tuple[str, str]:
    for pod in stack.pods:
        for container in pod.containers:
            if url := container.env.get("WEBUI_URL"):
                parts = urlsplit(url)
                port = next(iter(container.ports.values()))
                return f"{parts.scheme}://{parts.netloc}", f"http://localhost:{local[pod.name, port]}"
    return "", ""


def _located(text: str, pod: RenderedPod, where: Addresses) -> str:
    """The text with every address of the stack replaced by the one that it has here."""
    before, after = where.page
    if before:
        text = re.sub(re.escape(before) + r"(?![\w.:-])", after, text)
    for service in sorted(where.services, key=len, reverse=True):
        for port, here in where.services[service].items():
            text = re.sub(rf"(?<![\w.-]){re.escape(service)}:{port}(?!\d)", f"127.0.0.1:{here}", text)
    for (owner, port), here in where.local.items():
        if owner == pod.name:
            text = re.sub(rf"(?<![\w.])({_LOOPBACK}):{port}(?!\d)", rf"\g<1>:{here}", text)
    return text


def _own_port(text: str, pod: RenderedPod, where: Addresses) -> str:
    if text.isdigit() and (pod.name, int(text)) in where.local:
        return str(where.local[pod.name, int(text)])
    return text


def _arguments(argv: list[str], name: str, pod: RenderedPod, where: Addresses) -> tuple[list[str], list[Difference]]:
    after, changes = [], []
    for place, given in enumerate(argv):
        text = _own_port(given, pod, where) if place and argv[place - 1] in _PORT_FLAGS else given
        text = _located(text, pod, where)
        if text != given:
            changes.append(Difference("port", f"{name} {argv[place - 1] if place else 'command'}", given, text))
        after.append(text)
    return after, changes


def _environment(
    container: RenderedContainer, name: str, pod: RenderedPod, where: Addresses
) -> tuple[dict[str, str], list[Difference]]:
    after, changes = {}, []
    for variable, given in container.env.items():
        text = _own_port(given, pod, where) if variable in _PORT_VARIABLES else given
        text = _located(text, pod, where)
        if text != given:
            shown = (HIDDEN, HIDDEN) if variable in container.secret else (given, text)
            kind = "port" if variable in _PORT_VARIABLES else "host"
            changes.append(Difference(kind, f"{name} {variable}", *shown))
        after[variable] = text
    return after, changes


def _for_cpu(
    argv: list[str], env: dict[str, str], program: str, name: str
) -> tuple[list[str], dict[str, str], list[Difference]]:
    # Only an engine's own command line is for a GPU: a container of the same image may run anything.
    if argv[:2] != ["vllm", "serve"]:
        return argv, env, []
    wanted = cpu_settings(program)
    changes: list[Difference] = []
    for variable, setting in wanted["env"].items():
        changes.append(Difference("cpu", f"{name} {variable}", env.get(variable, ""), setting["value"], setting["why"]))
    for flag, setting in wanted["flags"].items():
        argv, change = _flag(argv, flag, setting, name)
        changes += change
    return argv, env | {variable: setting["value"] for variable, setting in wanted["env"].items()}, changes


def _flag(argv: list[str], flag: str, setting: Mapping[str, str], name: str) -> tuple[list[str], list[Difference]]:
    at = argv.index(flag) if flag in argv else None
    why = setting["why"]
    if setting["action"] == "add":
        return (argv, []) if at is not None else ([*argv, flag], [Difference("cpu", f"{name} {flag}", "", flag, why)])
    if at is None:
        return argv, []
    valued = at + 1 < len(argv) and not argv[at + 1].startswith("--")
    given = argv[at + 1] if valued else flag
    if setting["action"] == "drop":
        return argv[:at] + argv[at + 1 + valued :], [Difference("cpu", f"{name} {flag}", given, "", why)]
    if given == setting["value"]:
        return argv, []
    changed = [*argv[: at + 1], setting["value"], *argv[at + 2 :]]
    return changed, [Difference("cpu", f"{name} {flag}", given, setting["value"], why)]


def _probe(probe: RenderedProbe, pod: RenderedPod, where: Addresses) -> RenderedProbe:
    """An exec probe may name the container's own address; an HTTP probe names a port that `Process.ports` maps."""
    if probe.action != "exec":
        return probe
    return replace(probe, given={"command": [_located(str(each), pod, where) for each in probe.given["command"]]})
