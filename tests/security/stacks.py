"""The stacks that are attacked: every sample, and the variants that no sample covers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from rehearsal.cloud import Cloud
from rehearsal.registration import Registration
from rehearsal.run import Rehearsal, rehearse
from settings.parse import StackInput
from settings.paths import apply_fix
from tests.program.rehearsed import NAMES, PROGRAM, given, unseeded

HOST = "chat.example.com"
CLIENTS = "198.51.100.0/24"


@dataclass(frozen=True)
class Variant:
    """Changes to a sample (path -> value), and the secrets that are set with them."""

    changes: Mapping[str, Any] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    sample: str = "dev"


GATEWAY = {"via": "gateway", "host": HOST, "tls": {"secret": "chat"}}
INGRESS = {"via": "ingress", "host": HOST, "tls": {"certificateId": "abc"}}
SECOND = {"model": "qwen2.5:0.5b", "engine": "ollama", "pool": "gpu"}
LOGIN = {"providerUrl": "https://id.example.com/.well-known/openid-configuration", "clientId": "chat"}

VARIANTS = {
    "warm-starts": Variant({"warmStart": {"images": True, "compileCache": True, "modelCache": True}}),
    "gateway-two-keyed": Variant(
        {
            "expose": GATEWAY,
            "pools.gpu.nodes": 2,
            "models.small": {"model": "Qwen/Qwen2.5-1.5B-Instruct", "pool": "gpu"},
        }
    ),
    "gateway-of-every-task": Variant(
        {
            "expose": GATEWAY,
            "pools.gpu.nodes": 3,
            "models.embed": {"model": "Qwen/Qwen3-Embedding-0.6B", "pool": "gpu"},
            "models.rerank": {"model": "BAAI/bge-reranker-v2-m3", "pool": "gpu"},
        }
    ),
    "gateway-and-ollama": Variant(
        {"expose": {**GATEWAY, "apiHost": "api.example.com"}, "pools.gpu.nodes": 2, "models.small": SECOND}
    ),
    "ingress": Variant({"expose": INGRESS, "pools.gpu.nodes": 2, "models.small": SECOND}),
    "ingress-straight-to-pods": Variant({"expose": {**INGRESS, "directAccess": True, "allow": [CLIENTS]}}),
    "ingress-of-two-keyed": Variant(
        {
            "expose": INGRESS,
            "pools.gpu.nodes": 2,
            "models.small": {"model": "Qwen/Qwen2.5-1.5B-Instruct", "pool": "gpu"},
        }
    ),
    "nginx": Variant({"expose": {**GATEWAY, "via": "ingress", "ingressClass": "nginx"}}),
    "by-load": Variant({"pools.gpu.nodes": {"min": 1, "max": 2}, "models.chat.autoscaling": {"max": 2}}),
    "measured": Variant(
        {
            "pools.gpu.nodes": 2,
            "models.small": SECOND,
            "cluster.systemPool.disk": 150,
            "monitoring.via": "prometheus-operator",
        }
    ),
    "measured-by-tencent": Variant(
        {"pools.gpu.nodes": 2, "models.small": SECOND, "cluster.systemPool.disk": 150, "monitoring.via": "tmp"}
    ),
    "several-pages": Variant(
        {"webui.replicas": 2, "webui.oidc": LOGIN, "webui.offline": False}, ("databaseUrl", "oidcClientSecret")
    ),
    "given-keys": Variant(
        {"models.chat.source": "huggingface", "webui.env": {"ENABLE_LDAP": "True"}},
        ("apiKeys", "apiKeys.chat", "hfToken", "webuiAdminPassword", "webuiEnv", "webuiEnv.LDAP_APP_PASSWORD"),
    ),
    "groups-with-rdma": Variant(
        {"pools.gpu": {"kind": "ordinary", "instanceType": "HCCPNV6.96XLARGE2304", "nodes": 2}}, sample="two-machines"
    ),
    "mirror-in-link-local": Variant({"networkPolicy": {"reach": ["169.254.0.0/16"]}, "webui.offline": False}),
    "gpu-nodes-that-exist": Variant(
        {
            "pools": {"gpu": {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}},
            "models": {"chat": {"model": "Qwen/Qwen2.5-1.5B-Instruct"}},
        },
        sample="local",
    ),
    "gateway-of-others": Variant(
        {"expose": {"via": "gateway", "host": HOST, "tls": {}, "gateway": "infra/shared"}}, sample="local"
    ),
}

STACKS = (*NAMES, *VARIANTS)


def asked(name: str) -> StackInput:
    """The stack file of a sample or a variant."""
    if name not in VARIANTS:
        return given(name)
    variant = VARIANTS[name]
    base = given(variant.sample)
    sections = apply_fix(dict(base.sections), list(variant.changes.items()))
    secrets = {**base.secrets, **dict.fromkeys(variant.secrets, True)}
    return StackInput(base.project, base.stack, base.region, sections, secrets)


@cache
def rehearsed(name: str) -> Rehearsal:
    """A rehearsal whose generated secrets exist in this run alone."""
    done = rehearse(asked(name), PROGRAM, Cloud()) if name in VARIANTS else unseeded(name)
    assert done.recording is not None, done.errors
    return done


def registrations(name: str) -> tuple[Registration, ...]:
    recording = rehearsed(name).recording
    assert recording is not None
    return recording.registrations


def objects(name: str, kind: str) -> list[dict[str, Any]]:
    """The Kubernetes objects of a kind, as they are registered."""
    return [
        dict(each.inputs)
        for each in registrations(name)
        if each.type.startswith("kubernetes:") and each.type.rpartition(":")[2] == kind
    ]
