"""What a stack renders, read as a kubelet reads it: pods, their containers and their volumes. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.manifests import is_object
from rehearsal.registration import Registration, reveal

WORKLOADS = ("Deployment", "LeaderWorkerSet", "Job")
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_GRACE = 30.0


class ManifestError(Exception):
    """A manifest says something that is not understood here; the message names the object and the field."""


@dataclass(frozen=True)
class Mount:
    path: str
    volume: str
    read_only: bool = False
    sub_path: str = ""


@dataclass(frozen=True)
class RenderedProbe:
    """`action` is the manifest's own: httpGet, exec or tcpSocket, with what stands below it. Times in seconds."""

    action: str
    given: Mapping[str, Any]
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    failures: int = 3
    successes: int = 1


@dataclass(frozen=True)
class RenderedContainer:
    """`secret` names the variables whose value comes from a Secret. `ports` maps names to numbers."""

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: Mapping[str, str]
    secret: frozenset[str]
    ports: Mapping[str, int]
    mounts: tuple[Mount, ...]
    probes: Mapping[str, RenderedProbe]
    pre_stop: tuple[str, ...]
    user: int | None
    group: int | None
    read_only_root: bool

    @property
    def argv(self) -> tuple[str, ...]:
        return (*self.command, *self.args)


@dataclass(frozen=True)
class RenderedVolume:
    """`kind` is the manifest's: emptyDir, persistentVolumeClaim, configMap or secret. `files` is what the last two
    hold."""

    name: str
    kind: str
    claim: str = ""
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RenderedPod:
    """One pod of a workload. `kind` is the workload's. `grace` is in seconds."""

    name: str
    kind: str
    labels: Mapping[str, str]
    init: tuple[RenderedContainer, ...]
    containers: tuple[RenderedContainer, ...]
    volumes: Mapping[str, RenderedVolume]
    fs_group: int | None
    grace: float


@dataclass(frozen=True)
class RenderedService:
    """`ports` maps the Service's port to the port of the pods behind it, by number or by name."""

    name: str
    namespace: str
    selector: Mapping[str, str]
    ports: Mapping[int, int | str]


@dataclass(frozen=True)
class Rendered:
    """The parts of a stack that run."""

    pods: tuple[RenderedPod, ...]
    services: tuple[RenderedService, ...]
    secrets: Mapping[str, Mapping[str, str]]


def recorded(registrations: Iterable[Registration]) -> Rendered:
    """The parts of a recorded program that run. Raises `ManifestError`."""
    objects = (reveal(each.inputs) for each in registrations if is_object(each))
    return rendered(each for each in objects if isinstance(each, dict))


def rendered(objects: Iterable[Mapping[str, Any]]) -> Rendered:
    """Read the objects of a stack, Secrets in clear. Raises `ManifestError`."""
    every = list(objects)
    _refuse_gateway(every)
    held = {kind: {_name(each): _texts(each) for each in every if each["kind"] == kind} for kind in _HOLDERS}
    return Rendered(
        pods=tuple(pod for each in every if each["kind"] in WORKLOADS for pod in _pods(each, held)),
        services=tuple(_service(each) for each in every if each["kind"] == "Service"),
        secrets=held["Secret"],
    )


_HOLDERS = ("Secret", "ConfigMap")
_Held = Mapping[str, Mapping[str, Mapping[str, str]]]


def _refuse_gateway(objects: Iterable[Mapping[str, Any]]) -> None:
    """Where clients' keys are checked at a gateway, the page too asks the models there."""
    for each in objects:
        if each["kind"] == "SecurityPolicy":
            raise ManifestError(f"{_name(each)}: an API at a gateway is not run here; choose a stack without api.via")


def _name(given: Mapping[str, Any]) -> str:
    return str(given["metadata"]["name"])


def _texts(given: Mapping[str, Any]) -> Mapping[str, str]:
    key = "stringData" if given["kind"] == "Secret" else "data"
    return {name: str(value) for name, value in (given.get(key) or {}).items()}


def _service(given: Mapping[str, Any]) -> RenderedService:
    spec = given["spec"]
    ports = {int(each["port"]): each.get("targetPort", each["port"]) for each in spec["ports"]}
    return RenderedService(_name(given), str(given["metadata"].get("namespace", "")), spec.get("selector") or {}, ports)


def _pods(given: Mapping[str, Any], held: _Held) -> Iterator[RenderedPod]:
    if given["kind"] == "LeaderWorkerSet":
        raise ManifestError(f"{_name(given)}: a group of machines is not run here; choose a stack whose models fit one")
    if given["spec"].get("replicas") == 0:
        return
    template = given["spec"]["template"]
    spec = template["spec"]
    volumes = {each["name"]: _volume(each, held) for each in spec.get("volumes") or ()}
    yield RenderedPod(
        name=_name(given),
        kind=given["kind"],
        labels=template["metadata"].get("labels") or {},
        init=tuple(_container(each, spec, _name(given), held) for each in spec.get("initContainers") or ()),
        containers=tuple(_container(each, spec, _name(given), held) for each in spec["containers"]),
        volumes=volumes,
        fs_group=(spec.get("securityContext") or {}).get("fsGroup"),
        grace=float(spec.get("terminationGracePeriodSeconds", _GRACE)),
    )


def _volume(given: Mapping[str, Any], held: _Held) -> RenderedVolume:
    name = str(given["name"])
    kind = next(key for key in given if key != "name")
    if kind == "persistentVolumeClaim":
        return RenderedVolume(name, kind, claim=str(given[kind]["claimName"]))
    if kind == "configMap":
        return RenderedVolume(name, kind, files=held["ConfigMap"][given[kind]["name"]])
    if kind == "secret":
        return RenderedVolume(name, kind, files=held["Secret"][given[kind]["secretName"]])
    if kind == "emptyDir":
        return RenderedVolume(name, kind)
    raise ManifestError(f"volume {name}: {kind} has no counterpart on this machine")


def _container(given: Mapping[str, Any], spec: Mapping[str, Any], pod: str, held: _Held) -> RenderedContainer:
    security = {**(spec.get("securityContext") or {}), **(given.get("securityContext") or {})}
    env: dict[str, str] = {}
    secret: set[str] = set()
    for each in given.get("env") or ():
        value, hidden = _value(each, pod, held)
        if value is None:
            continue
        env[each["name"]] = _expand(value, env)
        if hidden:
            secret.add(each["name"])
    return RenderedContainer(
        name=str(given["name"]),
        image=str(given["image"]),
        command=tuple(_expand(str(each), env) for each in given.get("command") or ()),
        args=tuple(_expand(str(each), env) for each in given.get("args") or ()),
        env=env,
        secret=frozenset(secret),
        ports={
            str(each.get("name", each["containerPort"])): int(each["containerPort"])
            for each in given.get("ports") or ()
        },
        mounts=tuple(_mount(each) for each in given.get("volumeMounts") or ()),
        probes={
            name: _probe(given[key], f"{pod}/{given['name']}")
            for name, key in _PROBES.items()
            if given.get(key) is not None
        },
        pre_stop=_pre_stop(given, pod),
        user=security.get("runAsUser"),
        group=security.get("runAsGroup"),
        read_only_root=bool(security.get("readOnlyRootFilesystem")),
    )


_PROBES = {"startup": "startupProbe", "readiness": "readinessProbe", "liveness": "livenessProbe"}


def _mount(given: Mapping[str, Any]) -> Mount:
    return Mount(
        str(given["mountPath"]), str(given["name"]), bool(given.get("readOnly")), str(given.get("subPath") or "")
    )


def _value(given: Mapping[str, Any], pod: str, held: _Held) -> tuple[str | None, bool]:
    """A variable's value, and whether it is hidden; None where an optional key is not there."""
    source = given.get("valueFrom")
    if source is None:
        return str(given.get("value", "")), False
    if "fieldRef" in source:
        return _field(source["fieldRef"]["fieldPath"], pod), False
    for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if key in source:
            reference = source[key]
            value = held[kind].get(reference["name"], {}).get(reference["key"])
            if value is None and not reference.get("optional"):
                raise ManifestError(f"{pod}: {given['name']} names the key {reference['key']} of {kind} "
                                    f"{reference['name']}, which is not there")  # fmt: skip
            return value, kind == "Secret"
    raise ManifestError(f"{pod}: {given['name']} comes from {', '.join(source)}, which is not known here")


def _field(path: str, pod: str) -> str:
    known = {"status.podIP": "127.0.0.1", "status.hostIP": "127.0.0.1", "metadata.name": f"{pod}-0"}
    if path not in known:
        raise ManifestError(f"{pod}: the field {path} is not known here")
    return known[path]


def _expand(text: str, env: Mapping[str, str]) -> str:
    """`$(NAME)` of an earlier variable, as Kubernetes replaces it; an unknown name stays as it is."""

    def found(match: re.Match[str]) -> str:
        name = match.group(1)
        return "$" if name is None else env.get(name, match.group(0))

    return _REFERENCE.sub(found, text)


def _probe(given: Mapping[str, Any], where: str) -> RenderedProbe:
    action = next((key for key in ("httpGet", "exec", "tcpSocket") if key in given), None)
    if action is None:
        raise ManifestError(f"{where}: a probe of {', '.join(given)} is not known here")
    return RenderedProbe(
        action=action,
        given=given[action],
        initial_delay=float(given.get("initialDelaySeconds", 0)),
        period=float(given.get("periodSeconds", 10)),
        timeout=float(given.get("timeoutSeconds", 1)),
        failures=int(given.get("failureThreshold", 3)),
        successes=int(given.get("successThreshold", 1)),
    )


def _pre_stop(given: Mapping[str, Any], pod: str) -> tuple[str, ...]:
    hook = (given.get("lifecycle") or {}).get("preStop")
    if not hook:
        return ()
    if "exec" in hook:
        return tuple(map(str, hook["exec"]["command"]))
    if "sleep" in hook:
        return ("sleep", str(hook["sleep"]["seconds"]))
    raise ManifestError(f"{pod}: preStop with {', '.join(hook)} is not known here")
