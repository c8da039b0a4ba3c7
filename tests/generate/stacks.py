"""Stack files made from the schema: some values for each key, put into stacks that are ready without it.

`choices` lists every key with its values, `BASES` the stacks that give the keys a meaning, `combined` draws several
keys at once. What is made need not be ready; whoever rehearses it asks `planner.prove` first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import IPv4Network
from random import Random
from typing import Any, Literal

from planner.prove import prove
from settings.describe import ValueKind, field_kind, fields_of, kind_of
from settings.parse import StackInput, parse
from settings.paths import apply_fix, value_at
from settings.stack import Settings

NAMES = {"pools": "gpu", "models": "chat", "adapters": "tuned", "clients": "app"}
"""What stands for a name in a path: the pool and the model that every base has, an adapter of that model, and a client
of the API."""

KNOWN: dict[str, tuple[object, ...]] = {
    "network.zones": (["ap-guangzhou-6", "ap-guangzhou-7"],),
    "network.cidr": ("10.1.0.0/16",),
    "network.subnetIds": (["subnet-1a2b3c4d"],),
    "cluster.serviceCidr": ("172.16.16.0/20",),
    "cluster.podCidr": ("172.24.0.0/16",),
    "cluster.endpoint.allow": (["100.1.1.0/24"],),
    "cluster.systemPool.instanceType": ("SA5.2XLARGE32",),
    "cluster.systemPool.disk": (150,),
    "storage.turboCidr": ("11.1.0.0/24",),
    "storage.capacity": (1024, 20480),
    "pools.gpu.instanceType": ("PNV4.7XLARGE116", "PNV4.14XLARGE232"),
    "pools.gpu.gpuType": ("A10*PNV4", "L20"),
    "pools.gpu.gpu": ("A10",),
    "pools.gpu.gpusPerNode": (1, 2),
    "pools.gpu.cpu": (28,),
    "pools.gpu.memory": ("110Gi",),
    "pools.gpu.disk": (200,),
    "pools.gpu.disk.size": (300,),
    "pools.gpu.driver": ("550.90.07",),
    "pools.gpu.driver.cuda": ("12.4.0",),
    "models.chat.model": ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5:0.5b"),
    "models.chat.image": ("vllm/vllm-openai:v0.11.0", "ollama/ollama:0.13.5"),
    "models.chat.maxModelLen": (4096,),
    "models.chat.gpuMemoryUtilization": (0.9,),
    "models.chat.architecture.layers": (28,),
    "models.chat.architecture.weightsGib": (14.5,),
    "models.chat.architecture.kvLayers": (14,),
    "models.chat.architecture.slidingLayers": (7,),
    "models.chat.architecture.minVllm": ("0.10.0",),
    "models.chat.speculative.model": ("me/other-draft",),
    "models.chat.speculative.weightsGib": (0.6,),
    "models.chat.lora.adapters.tuned.model": ("me/also-tuned",),
    "models.chat.autoscaling.min": (1,),
    "models.chat.autoscaling.max": (2,),
    "models.chat.pool": ("gpu",),
    "webui.image": ("ghcr.io/open-webui/open-webui:v0.6.36",),
    "webui.memory": ("4Gi",),
    "webui.redis": ("redis://10.0.0.8:6379/0",),
    "expose.allow": (["100.1.1.0/24"],),
    "clients.app.models": (["chat"],),
    "networkPolicy.reach": (["10.9.0.0/16"],),
    "force": (["POOL_UNUSED"],),
    "prices": ({"PNV4.7XLARGE116": 10.5},),
}
"""Values of keys that mean something only where the catalogue, or another key, goes with them."""

GATEWAY = {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat-tls"}}
ARCHITECTURE = {"layers": 28, "heads": 28, "kvHeads": 4, "headDim": 128, "maxPositions": 32768, "weightsGib": 15.2}
WINDOWS = {"kvLayers": 14, "slidingLayers": 14, "slidingWindow": 1024, "slidingKvHeads": 4, "slidingHeadDim": 128}


@dataclass(frozen=True)
class Stack:
    """Sections of a stack file, and the secrets that are set."""

    sections: Mapping[str, Any]
    secrets: tuple[str, ...] = ()

    def changed(self, *changes: tuple[str, object]) -> "Stack":
        return replace(self, sections=apply_fix(dict(self.sections), changes))

    def given(self) -> StackInput:
        return StackInput("tke-llm", "dev", "ap-guangzhou", dict(self.sections), dict.fromkeys(self.secrets, True))

    def ready(self) -> bool:
        """Whether `check` calls it ready to deploy."""
        return not any(each.severity == "error" for each in prove(parse(self.given()))[1])


SOUND = Stack(
    {
        "network": {"zones": ["ap-guangzhou-6"]},
        "cluster": {"endpoint": {"access": "public", "allow": ["100.1.1.1/32"]}},
        "pools": {"gpu": {"instanceType": "PNV4.7XLARGE116"}},
        "models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}},
    }
)

BASES: dict[str, Stack] = {
    "native": SOUND,
    "ordinary": SOUND.changed(
        ("pools.gpu", {"kind": "ordinary", "instanceType": "PNV4.7XLARGE116", "charge": "spot",
                       "nodes": {"min": 1, "max": 2},
                       "driver": {"version": "550.90.07", "name": "driver.run", "cuda": "12.4.0",
                                  "cudaName": "cuda.run", "cudnn": "9.1.0", "cudnnName": "cudnn.run"}}),
        ("models.chat.autoscaling", {"max": 1}),
    ),
    "super": SOUND.changed(("pools.gpu", {"kind": "super", "gpuType": "A10*PNV4"})),
    "there": SOUND.changed(
        ("network", None),
        ("cluster", {"existing": {"kubeconfigPath": "kubeconfig"}}),
        ("pools.gpu", {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}),
    ),
    "tke": SOUND.changed(
        ("network", {"zones": ["ap-guangzhou-6"], "vpcId": "vpc-1a2b3c4d", "subnetIds": ["subnet-1a2b3c4d"],
                     "cidr": "10.0.0.0/16"}),
        ("cluster", {"existing": {"id": "cls-1a2b3c4d"}}),
    ),
    "vpc": SOUND.changed(
        ("network", {"zones": ["ap-guangzhou-6"], "vpcId": "vpc-1a2b3c4d", "subnetIds": ["subnet-1a2b3c4d"],
                     "cidr": "10.0.0.0/16"}),
    ),
    "routed": SOUND.changed(("cluster.networkMode", "gr")),
    "gateway": SOUND.changed(("expose", GATEWAY)),
    "api": SOUND.changed(
        ("cluster.version", "1.34.1"),
        ("cluster.systemPool", {"instanceType": "SA5.2XLARGE32"}),
        ("api", {"via": "gateway"}),
        ("clients", {"app": {"models": ["chat"], "keyVersion": 2}}),
    ),
    "rare": SOUND.changed(
        ("cluster.version", "1.34.1"),
        ("cluster.systemPool", {"instanceType": "SA5.2XLARGE32"}),
        ("api", {"via": "gateway"}),
        ("clients", {"app": {"models": ["chat"]}}),
        ("monitoring", {"via": "prometheus-operator"}),
        ("models.chat.autoscaling", {"min": 0, "max": 1}),
    ),
    "attached": SOUND.changed(
        ("network", None),
        ("cluster", {"existing": {"kubeconfigPath": "kubeconfig"}}),
        ("pools.gpu", {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}),
        ("expose", {"via": "gateway", "host": "chat.example.com", "gateway": "infra/shared", "tls": {}}),
    ),
    "ingress": SOUND.changed(
        ("expose", {"via": "ingress", "host": "chat.example.com", "tls": {"certificateId": "abcd1234"}}),
    ),
    "nginx": SOUND.changed(
        ("expose", {"via": "ingress", "host": "chat.example.com", "ingressClass": "nginx", "tls": {"issuer": "ca"}}),
    ),
    "turbo": SOUND.changed(
        ("storage", {"kind": "cfs-turbo", "performance": "hp", "ccnId": "ccn-1a2b3c4d", "turboCidr": "11.0.0.0/24",
                     "capacity": 20480}),
    ),
    "mounted": SOUND.changed(
        ("storage", {"kind": "cfs", "fileSystemId": "cfs-1a2b3c4d", "mountHost": "10.0.0.9"}),
    ),
    "class": SOUND.changed(("storage", {"kind": "class", "className": "team-files"})),
    "ollama": SOUND.changed(("models.chat", {"model": "qwen2.5:0.5b", "engine": "ollama"})),
    "figures": SOUND.changed(("models.chat", {"model": "me/mine", "architecture": ARCHITECTURE})),
    "windows": SOUND.changed(("models.chat", {"model": "me/mine", "architecture": {**ARCHITECTURE, **WINDOWS}})),
    "adapters": SOUND.changed(("models.chat.lora", {"maxRank": 16, "adapters": {"tuned": {"model": "me/tuned"}}})),
    "drafts": SOUND.changed(
        ("models.chat.speculative", {"method": "eagle3", "model": "me/draft", "tokens": 3, "weightsGib": 0.5}),
    ),
    "managed": SOUND.changed(("monitoring", {"via": "tmp"})),
    "page": replace(
        SOUND.changed(
            ("webui", {"replicas": 2, "oidc": {"providerUrl": "https://id.example.com", "clientId": "chat"}}),
        ),
        secrets=("databaseUrl", "oidcClientSecret"),
    ),
}  # fmt: skip
"""Stacks that are ready. Together they give every key a meaning."""

ABOUT: dict[str, tuple[str, ...]] = {
    "ordinary": ("pools.", "models.chat.autoscaling"),
    "super": ("pools.",),
    "there": ("pools.", "cluster.existing"),
    "tke": ("cluster.existing", "network."),
    "vpc": ("network.",),
    "routed": ("cluster.",),
    "gateway": ("expose.",),
    "api": ("api.", "clients."),
    "rare": ("models.chat.autoscaling.",),
    "attached": ("expose.",),
    "ingress": ("expose.",),
    "nginx": ("expose.",),
    "turbo": ("storage.",),
    "mounted": ("storage.",),
    "class": ("storage.",),
    "ollama": ("models.",),
    "figures": ("models.chat.architecture",),
    "windows": ("models.chat.architecture",),
    "adapters": ("models.chat.lora",),
    "drafts": ("models.chat.speculative",),
    "managed": ("monitoring.",),
    "page": ("webui.", "models.chat.autoscaling"),
}
"""The keys that a base is there for, by the beginnings of their paths; the first base takes all."""

WHOLE = ("models.chat.architecture", "models.chat.speculative", "models.chat.lora", "models.chat.autoscaling",
         "webui.oidc", "clients.app")  # fmt: skip
"""Sections that mean nothing by one key alone: drawn by chance where a base has them."""


@dataclass(frozen=True)
class Choice:
    """A key, by its path in the stack file, with one value that the schema allows."""

    path: str
    value: object


@cache
def choices() -> tuple[Choice, ...]:
    """Some values for every key of the schema: of a list the first and the last, the ends of a range, a text of every
    form."""
    every = [(path, KNOWN.get(path) or _values(kind)) for path, kind in keys(ValueKind(Settings))]
    return tuple(Choice(path, value) for path, values in every for value in values)


def keys(kind: ValueKind, path: str = "") -> Iterator[tuple[str, ValueKind]]:
    """Every key that holds a value, with its kind."""
    for key, info in fields_of(kind.core).items():
        here, inner = f"{path}.{key}" if path else key, field_kind(info)
        if inner.is_section:
            if inner.plain is not None:
                yield here, inner.plain
            yield from keys(inner, here)
        elif inner.core is dict and kind_of(inner.args[1]).is_section:
            yield from keys(kind_of(inner.args[1]), f"{here}.{NAMES[key]}")
        else:
            yield here, inner


def _values(kind: ValueKind) -> tuple[object, ...]:
    limits = kind.limits
    if kind.is_section:
        required = {key: info for key, info in fields_of(kind.core).items() if info.is_required()}
        return ({key: _values(field_kind(info))[0] for key, info in required.items()},)
    if kind.core is Literal:
        return tuple(dict.fromkeys((*kind.args[:2], kind.args[-1])))
    if kind.core is bool:
        return (True, False)
    if kind.core is int:
        step = limits.get("multiple_of", 1)
        least = -(-limits.get("ge", 1) // step) * step
        return (least, least + step)
    if kind.core is float:
        return (limits.get("le", 8.0) / 2,)
    if kind.core is IPv4Network:
        return ("10.0.0.0/16",)
    if kind.core is dict:
        return ({kind_of(kind.args[0]).limits["example"]: _values(kind_of(kind.args[1]))[0]},)
    if kind.core is tuple:
        return ([_values(kind_of(kind.args[0]))[0]],)
    return (limits["example"],)


@dataclass(frozen=True)
class Packed:
    """A stack that is ready, and the choices that it holds beyond those of its base, which takes each by itself."""

    base: Stack
    stack: Stack
    held: tuple[Choice, ...]


def placed() -> Iterator[Packed]:
    """Stacks that hold every choice that any base takes; a choice is in one of them."""
    missing = list(choices())
    for name, base in BASES.items():
        mine = [each for each in missing if each.path.startswith(ABOUT.get(name, ("",)))]
        taken = [each for each in mine if base.changed((each.path, each.value)).ready()]
        missing = [each for each in missing if each not in taken]
        yield from _packed(base, taken)


def combined(seed: int) -> Stack:
    """A stack with several keys changed at once, the same for the same seed."""
    random = Random(seed)
    base = random.choice(list(BASES.values()))
    absent = tuple(f"{each}." for each in WHOLE if value_at(base.sections, *each.split(".")) is None)
    possible = [each for each in choices() if not each.path.startswith(absent)]
    picked = random.sample(possible, random.randint(2, 8))
    return base.changed(*((each.path, each.value) for each in picked))


def _packed(base: Stack, wanted: list[Choice]) -> Iterator[Packed]:
    """As many choices in one stack as go together, so that few rehearsals try them all."""
    while wanted:
        stack, held, over = base, [], []
        for each in wanted:
            more = stack.changed((each.path, each.value))
            inside = any(each.path.startswith(f"{one.path}.") or each.path == one.path for one in held)
            if inside or not more.ready():
                over.append(each)
            else:
                stack, held = more, [*held, each]
        yield Packed(base, stack, tuple(held))
        wanted = over
