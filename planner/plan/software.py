"""What runs beside models and page: add-ons, installed software, a Redis, and what such pods ask for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AddonPlan:
    """An add-on to install, in the order given; `needs` says which pool must have a node first. `last`: nothing waits
    for it but what may not run without it, and it comes after all the rest, which its failure would stop."""

    name: str
    needs: str
    last: bool = False


@dataclass(frozen=True)
class RedisPlan:
    """The Redis through which the chat page's replicas hear of each other. `data_mib` bounds what it keeps."""

    image: str
    cpu_millis: int
    memory_mib: int
    data_mib: int


@dataclass(frozen=True)
class CpuPods:
    """Pods without GPU that a stack brings beside chat page and downloads, and what each asks for; `title` says what
    they are, in a sentence."""

    title: str
    count: int
    cpu_millis: int
    memory_mib: int


@dataclass(frozen=True)
class InstallPlan:
    """Software that is installed into the cluster: from the TKE app market, or (`installer` "helm") by Helm.

    `version` is None where the market decides. `values` are (dotted name, value) pairs; `node_selector` is the dotted
    name of the value that places the pods, None where none is known, `part_selectors` are those of a chart that has
    several parts. `awaited`: until the pods are ready.
    """

    software: str
    installer: str
    release: str
    chart: str
    repository: str | None
    version: str | None
    market_namespace: str | None
    namespace: str
    values: tuple[tuple[str, object], ...] = ()
    node_selector: str | None = None
    part_selectors: tuple[str, ...] = ()
    awaited: bool = True
