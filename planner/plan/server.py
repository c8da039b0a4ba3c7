"""What an engine needs of Kubernetes, as data: the components turn it into a pod and know no engine."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

GIB = 1024
"""MiB"""

MODELS_MOUNT = "/models"
"""Where the shared store is mounted in the download Job and in every server."""


TEMPLATE_MOUNT = "/etc/tke-llm"
"""Where a chat template that the stack file holds is mounted."""


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template that the stack file holds: its file's name, which changes with its text."""

    file: str
    text: str


@dataclass(frozen=True)
class HttpProbe:
    """An HTTP GET probe; times in seconds."""

    path: str
    period: int
    failures: int
    timeout: int = 1
    delay: int = 0


@dataclass(frozen=True)
class ExecProbe:
    """A probe that runs a command in the container; times in seconds."""

    command: tuple[str, ...]
    period: int
    failures: int
    timeout: int = 1


Probe = HttpProbe | ExecProbe


@dataclass(frozen=True)
class Scratch:
    """An emptyDir. `memory` backs it with RAM, which counts against the container's limit; else it lies on the node's
    disk. A pod that puts more than `size_mib` into it is evicted."""

    name: str
    mount: str
    size_mib: int
    memory: bool = False


def on_disk(folders: Iterable[Scratch]) -> int:
    """GiB that these folders may take of the node's disk, rounded up."""
    return math.ceil(sum(folder.size_mib for folder in folders if not folder.memory) / GIB)


@dataclass(frozen=True)
class Resources:
    """Requests of one pod; the limits equal them, but for CPU, which is not limited. `gpus` per pod."""

    cpu_millis: int
    memory_mib: int
    gpus: int


@dataclass(frozen=True)
class Spread:
    """One server over several machines: `size` pods with a machine each. The leader runs the spec's own command and
    answers requests; the others run `worker_command`. They meet on the leader's `port`, each under the address that it
    reads from the variable `address_env`. `rdma`: they talk over the machines' own RDMA network."""

    size: int
    worker_command: tuple[str, ...]
    port: int
    address_env: str
    rdma: bool = False


@dataclass(frozen=True)
class EngineSpec:
    """One server pod.

    `tool_calls`: whether it takes `tools` in a request and returns calls of them; None: its model's own files decide.
    `env` holds plain values only. `api_key_env` names the variable (None: the engine has no key) that the component
    fills from the model's Secret. `command` is argv; nothing is passed through a shell. `spread` is None for a server
    of one pod.
    """

    engine: str
    image: str
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_key_env: str | None
    port: int
    user: int
    group: int
    resources: Resources
    startup: Probe
    readiness: Probe
    liveness: Probe
    scratch: tuple[Scratch, ...]
    pre_stop_sleep: int
    grace_period: int
    annotations: tuple[tuple[str, str], ...] = ()
    spread: Spread | None = None
    tool_calls: bool | None = None

    @property
    def on_host(self) -> bool:
        """Whether its pods are on their machines' own network, for RDMA, where no NetworkPolicy holds."""
        return self.spread is not None and self.spread.rdma
