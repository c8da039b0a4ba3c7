"""What exists in the simulated cloud, kept in a file, so that it outlives the engine as a real cloud does."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from rehearsal.cloud import Cloud
from rehearsal.kinds import ROLE

ROLES_FUNCTION = "tencentcloud:Cam/getRoles:getRoles"

Key = tuple[str, str]
"""A resource's type and its id."""


class DeniedError(Exception):
    """The cloud does not do what it was asked. `str()` is what its error says."""


@dataclass(frozen=True)
class CloudResource:
    """One resource that exists. `secret_name` is what its made-up values follow from, new for each creation."""

    type: str
    id: str
    urn: str
    secret_name: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]

    @property
    def key(self) -> Key:
        return self.type, self.id

    @property
    def name(self) -> str:
        """The resource's name in the program."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class CloudVolume:
    """A disk or file system that a claim brought about. `holds` are the ids of what it lives in, `claim` the key of
    the claim; `kept`: it stays when the claim goes."""

    claim: Key
    provisioner: str
    holds: tuple[str, ...]
    kept: bool


@dataclass(frozen=True)
class CloudOperation:
    """One change of the cloud: a resource made, changed or deleted. `by`: the key of what took it along, if any did."""

    did: str
    type: str
    id: str
    urn: str
    by: str = ""


@dataclass(frozen=True)
class Warned:
    """A warning of the API server, and the object that it was said of."""

    resource: str
    message: str


@dataclass
class CloudState:
    """All that exists, in the order of creation, and all that happened.

    `file` is a journal with one JSON object a line, which a process that is killed leaves readable.
    """

    file: Path
    seed: str = ""
    resources: dict[Key, CloudResource] = field(default_factory=dict)
    volumes: dict[Key, CloudVolume] = field(default_factory=dict)
    left_behind: list[str] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    operations: list[CloudOperation] = field(default_factory=list)
    gone: set[str] = field(default_factory=set)
    """Ids of what existed and does not any more."""
    lock: Lock = field(default_factory=Lock)

    @classmethod
    def open(cls, file: Path, seed: str) -> "CloudState":
        """The world of a journal, or a new one. `seed` is what all generated values of a new world follow from."""
        world = cls(file)
        for entry in _entries(file):
            world._replay(entry)
        if not world.seed:
            world._write({"did": "begin", "seed": seed})
        return world

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.seed)

    def find(self, type_: str, id_: str) -> CloudResource | None:
        return self.resources.get((type_, id_))

    def of_type(self, *types: str) -> Iterator[CloudResource]:
        """Resources of these types, without package: ``Kubernetes/cluster:Cluster``, ``core/v1:Service``."""
        return (resource for resource in self.resources.values() if resource.type.partition(":")[2] in types)

    def answer(self, token: str, args: Mapping[str, object]) -> dict[str, object]:
        """What the cloud says when it is asked: of roles those that exist. Raises `ValueError` for what it does not
        know."""
        answered = self.cloud.invoke(token, args)
        if token == ROLES_FUNCTION:
            answered["roleLists"] = [
                {"roleId": role.id, "name": role.inputs["name"], "description": role.inputs.get("description", "")}
                for role in self.of_type(ROLE.type)
                if role.inputs["name"] == args.get("name", role.inputs["name"])
            ]
        return answered

    def made(self, urn: str, type_: str, inputs: Mapping[str, object]) -> CloudResource:
        """What the cloud would make, without making it."""
        name = urn.rpartition("::")[2]
        before = sum(operation.did == "create" and operation.urn == urn for operation in self.operations)
        secret_name = f"{name}~{before}" if before else name
        id_, outputs = self.cloud.create(type_, secret_name, inputs)
        return CloudResource(type_, id_, urn, secret_name, inputs, outputs)

    def changed(self, resource: CloudResource, inputs: Mapping[str, object]) -> CloudResource:
        """What a resource would be with other inputs."""
        _, outputs = self.cloud.create(resource.type, resource.secret_name, inputs)
        return replace(resource, inputs=inputs, outputs=outputs)

    def put(self, did: str, resource: CloudResource) -> None:
        """Note that a resource was made (``create``) or changed (``update``)."""
        self._write(
            {
                "did": did,
                "type": resource.type,
                "id": resource.id,
                "urn": resource.urn,
                "secretName": resource.secret_name,
                "inputs": resource.inputs,
                "outputs": resource.outputs,
            }
        )

    def put_volume(self, volume: CloudVolume) -> None:
        """Note that a claim brought a volume about."""
        self._write(
            {
                "did": "volume",
                "claim": list(volume.claim),
                "provisioner": volume.provisioner,
                "holds": list(volume.holds),
                "kept": volume.kept,
            }
        )

    def remove_volume(self, claim: Key) -> None:
        self._write({"did": "volume-gone", "claim": list(claim)})

    def remove(self, resource: CloudResource, by: str = "") -> None:
        """Note that a resource is gone."""
        self._write({"did": "delete", "type": resource.type, "id": resource.id, "urn": resource.urn, "by": by})

    def leave(self, text: str) -> None:
        """Note that something is left that no resource stands for."""
        self._write({"did": "leave", "text": text})

    def warn(self, resource: str, message: str) -> None:
        """Note what the API server warned of when it took an object."""
        self._write({"did": "warn", "resource": resource, "message": message})

    def _write(self, entry: Mapping[str, object]) -> None:
        with self.file.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(entry) + "\n")
        self._replay(entry)

    def _replay(self, entry: Mapping[str, object]) -> None:
        _REPLAYS[str(entry["did"])](self, entry)


def _entries(file: Path) -> Iterator[Mapping[str, object]]:
    if not file.exists():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            # The last line of a process that was killed while it wrote.
            return


def _begin(world: CloudState, entry: Mapping) -> None:
    world.seed = entry["seed"]


def _put(world: CloudState, entry: Mapping) -> None:
    resource = CloudResource(
        entry["type"], entry["id"], entry["urn"], entry["secretName"], entry["inputs"], entry["outputs"]
    )
    world.resources[resource.key] = resource
    world.gone.discard(resource.id)
    world.operations.append(CloudOperation(entry["did"], resource.type, resource.id, resource.urn))


def _remove(world: CloudState, entry: Mapping) -> None:
    world.resources.pop((entry["type"], entry["id"]), None)
    if not any(id_ == entry["id"] for _, id_ in world.resources):
        world.gone.add(entry["id"])
    world.operations.append(CloudOperation("delete", entry["type"], entry["id"], entry["urn"], entry["by"]))


def _put_volume(world: CloudState, entry: Mapping) -> None:
    claim = (entry["claim"][0], entry["claim"][1])
    world.volumes[claim] = CloudVolume(claim, entry["provisioner"], tuple(entry["holds"]), entry["kept"])


def _remove_volume(world: CloudState, entry: Mapping) -> None:
    world.volumes.pop((entry["claim"][0], entry["claim"][1]), None)


def _leave(world: CloudState, entry: Mapping) -> None:
    world.left_behind.append(entry["text"])


def _warn(world: CloudState, entry: Mapping) -> None:
    world.warnings.append(Warned(entry["resource"], entry["message"]))


_REPLAYS: Mapping[str, Callable[[CloudState, Mapping], None]] = {
    "begin": _begin,
    "create": _put,
    "update": _put,
    "delete": _remove,
    "volume": _put_volume,
    "volume-gone": _remove_volume,
    "leave": _leave,
    "warn": _warn,
}
