"""What exists in the simulated cloud, kept in a file, so that it outlives the engine as a real cloud does."""

import pickle
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from threading import Lock
from typing import Concatenate, ParamSpec

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


_More = ParamSpec("_More")


def _journaled(
    change: Callable[Concatenate["CloudState", _More], None],
) -> Callable[Concatenate["CloudState", _More], None]:
    """A change of the state that is written down first, for those who open the journal after."""

    @wraps(change)
    def noted(world: "CloudState", *about: _More.args, **more: _More.kwargs) -> None:
        with world.file.open("ab") as journal:
            pickle.dump((change.__name__, about, more), journal)
        change(world, *about, **more)

    return noted


@dataclass
class CloudState:
    """All that exists, in the order of creation, and all that happened.

    `file` is a journal of all changes, which a process that is killed leaves readable.
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
        for change, about, more in _calls(file):
            vars(cls)[change].__wrapped__(world, *about, **more)
        if not world.seed:
            world.begin(seed)
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

    @_journaled
    def begin(self, seed: str) -> None:
        """A new world, in which all generated values follow from `seed`."""
        self.seed = seed

    @_journaled
    def put(self, did: str, resource: CloudResource) -> None:
        """Note that a resource was made (``create``) or changed (``update``)."""
        self.resources[resource.key] = resource
        self.gone.discard(resource.id)
        self.operations.append(CloudOperation(did, resource.type, resource.id, resource.urn))

    @_journaled
    def put_volume(self, volume: CloudVolume) -> None:
        """Note that a claim brought a volume about."""
        self.volumes[volume.claim] = volume

    @_journaled
    def remove_volume(self, claim: Key) -> None:
        self.volumes.pop(claim, None)

    @_journaled
    def remove(self, resource: CloudResource, by: str = "") -> None:
        """Note that a resource is gone."""
        self.resources.pop(resource.key, None)
        if not any(id_ == resource.id for _, id_ in self.resources):
            self.gone.add(resource.id)
        self.operations.append(CloudOperation("delete", resource.type, resource.id, resource.urn, by))

    @_journaled
    def leave(self, text: str) -> None:
        """Note that something is left that no resource stands for."""
        self.left_behind.append(text)

    @_journaled
    def warn(self, warned: Warned) -> None:
        """Note what the API server warned of when it took an object."""
        self.warnings.append(warned)


def _calls(file: Path) -> Iterator[tuple[str, tuple[object, ...], dict[str, object]]]:
    """The calls of a journal, up to one that a process was killed in while it wrote."""
    if not file.exists():
        return
    with file.open("rb") as journal, suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield pickle.load(journal)  # noqa: S301  written by ourselves, in a private place
