"""The record of a kind of resource, and the ways to write one down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from planner.plan.types import Plan
from rehearsal.durations import Seconds, nothing, takes
from rehearsal.registration import Registration
from settings.paths import split, value_at


class GuideStep(IntEnum):
    """The steps of Tencent Cloud's guide (docs/guide-coverage.md); 0: what it has nothing of."""

    BEYOND = 0
    CLUSTER = 1
    STORE = 2
    GPU_POOL = 3
    GPU_ADDON = 4
    DOWNLOAD = 5
    SERVER = 6
    AUTOSCALING = 7
    PAGE = 8
    WAY_IN = 9


Place = Callable[[Registration, Plan], GuideStep]
Detail = Callable[[Mapping[str, object]], str]
Role = Literal["", "pool", "workload", "job", "release", "balancer"]


@dataclass(frozen=True)
class Kind:
    """One kind of resource, or of component.

    `token` is Pulumi's type, `seconds` how long it takes, `step` where it stands in the guide (None: where the
    component around it does). `detail` is what is worth knowing of one, from its inputs; `named_by` the input that
    names it in the cloud, where it is no object. A `workload` keeps pods running and a `job` runs them to their end;
    a `pool` is of nodes, a `release` brings software, before a `balancer` stands one of the cloud. `watched`: its
    state decides whether a stack is ready. `pods`: the paths of its pod templates.
    """

    token: str
    seconds: Seconds = nothing
    step: GuideStep | Place | None = None
    detail: Detail = lambda _: ""
    named_by: str = "name"
    role: Role = ""
    watched: bool = False
    pods: tuple[str, ...] = ()

    @property
    def type(self) -> str:
        """The token without its package."""
        return self.token.partition(":")[2]

    @property
    def short(self) -> str:
        """``vpc.Instance`` for Tencent Cloud, ``Deployment`` for Kubernetes, the class for a component."""
        package, module, name = self.token.split(":")
        if package == "tencentcloud":
            return f"{module.split('/')[0].lower()}.{name}"
        return f"{name} provider" if module == "providers" else name

    @property
    def api_version(self) -> str | None:
        """That of the Kubernetes object; None where it is none (a Helm release is none)."""
        return self.type.rpartition(":")[0].removeprefix("core/") if is_object(self.token) else None


def is_object(token: str) -> bool:
    """Whether resources of Pulumi's type `token` are objects of the Kubernetes API; a Helm release is none."""
    return token.startswith("kubernetes:") and not token.endswith(":Release")


def at(*paths: str) -> Detail:
    """What stands at these paths."""

    def detail(inputs: Mapping[str, object]) -> str:
        found = (value_at(inputs, *split(path)) for path in paths)
        return ", ".join(_words(each) for each in found if each not in (None, "", [], {}))

    return detail


def _words(value: object) -> str:
    return " ".join(map(_words, value)) if isinstance(value, list) else str(value)


def mbps(path: str) -> Detail:
    return lambda inputs: f"{inputs.get(path)} Mbps"


def sized(machine: str, *sizes: str) -> Detail:
    """A machine type, and the first of these numbers of machines that is given."""

    def detail(inputs: Mapping[str, object]) -> str:
        given = (value_at(inputs, *split(size)) for size in sizes)
        return f"{at(machine)(inputs)} x {next((each for each in given if each is not None), 0)}"

    return detail


def cloud(
    type_: str, lasts: Seconds | str = "cloud_object", step: GuideStep | Place | None = None,
    *, detail: Detail = lambda _: "", named_by: str = "name", role: Role = "",
) -> Kind:  # fmt: skip
    """A resource of Tencent Cloud."""
    seconds = takes(lasts) if isinstance(lasts, str) else lasts
    return Kind(f"tencentcloud:{type_}", seconds, step, detail, named_by, role)


def kubernetes(
    type_: str, lasts: Seconds | str = "kubernetes_object", step: GuideStep | Place | None = None,
    *, detail: Detail = lambda _: "", role: Role = "", watched: bool = True,
    pods: tuple[str, ...] = (),
) -> Kind:  # fmt: skip
    """A Kubernetes object, or what the same provider makes."""
    seconds = takes(lasts) if isinstance(lasts, str) else lasts
    return Kind(f"kubernetes:{type_}", seconds, step, detail, "name", role, watched, pods)


def component(type_: str, step: GuideStep | Place | None) -> Kind:
    return Kind(f"tke-llm:{type_}", step=step)
