"""Each way to break the sound stack that the planner's stack half covers: the code, and a fix that mends it."""

from dataclasses import dataclass

import pytest

from planner.plan_stack import plan_stack
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stacks import KUBECONFIG, found, sections, settings

TWO_POOLS: dict[str, object] = {"pools.spare": {"instanceType": "PNV4.7XLARGE116"}}
VPC = {"network.vpcId": "vpc-1", "network.subnetIds": ["subnet-1"], "network.cidr": "10.0.0.0/16"}
TINY = {"layers": 2, "heads": 2, "kvHeads": 2, "headDim": 64, "maxPositions": 128, "weightsGib": 0.1}
ORDINARY = {"pools.gpu.kind": "ordinary"}
SUPER = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}
TURBO = {"storage": {"kind": "cfs-turbo", "performance": "hp", "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}}
GATEWAY = {"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}}


@dataclass(frozen=True)
class Breakage:
    """`changes` to the sound stack that bring about `code` at `path`; the finding's fix must leave no error."""

    code: str
    path: str
    changes: dict[str, object]
    region: str | None = "ap-guangzhou"
    secrets: tuple[str, ...] = ()


def _one(code: str, path: str, value: object, **others: object) -> Breakage:
    return Breakage(code, path, {**others.get("also", {}), path: value})  # type: ignore[dict-item]


ERRORS = (
    Breakage("SCALE_TO_ZERO", "models.chat.autoscaling.min", {"models.chat.autoscaling": {"min": 0, "max": 1}}),
    Breakage("MISSING_REGION", "tencentcloud:region", {}, region=None),
    Breakage("UNKNOWN_REGION", "tencentcloud:region", {}, region="ap-guangzou"),
    _one("MISSING_ZONES", "network.zones", []),
    _one("ZONE_NOT_IN_REGION", "network.zones[0]", "ap-shanghai-4"),
    _one("UNKNOWN_ZONE", "network.zones[0]", "ap-guangzhou-66"),
    Breakage("ZONE_GIVEN_TWICE", "network.zones[1]", {"network.zones": ["ap-guangzhou-6", "ap-guangzhou-6"]}),
    _one("POOL_ZONE_NOT_IN_NETWORK", "pools.gpu.zone", "ap-guangzhou-3"),
    Breakage("NAT_IN_EXISTING_VPC", "network.nat", {**VPC, "network.nat": True}),
    _one("VPC_RANGE_NOT_ALLOWED", "network.cidr", "11.0.0.0/16"),
    _one("VPC_RANGE_NOT_ALLOWED", "network.cidr", "10.0.0.0/11"),
    _one("SERVICE_RANGE_NOT_ALLOWED", "cluster.serviceCidr", "128.0.0.0/1"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "kube-system"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "kube-whatever"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "envoy-gateway-system"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "ingress-nginx"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "keda"),
    _one("NAMESPACE_OF_OTHERS", "namespace", "lws-system"),
    _one("NAMESPACE_DEFAULT", "namespace", "default"),
    Breakage("METADATA_ASKED_FOR", "networkPolicy.reach[0]", {"networkPolicy": {"reach": ["169.254.0.23/32"]}}),
    Breakage("REACH_TOO_WIDE", "networkPolicy.reach[1]", {"networkPolicy": {"reach": ["10.9.0.0/16", "0.0.0.0/0"]}}),
    _one("VPC_TOO_SMALL", "network.cidr", "10.0.0.0/27"),
    Breakage("CIDR_OVERLAP", "cluster.serviceCidr", {"cluster.serviceCidr": "10.0.16.0/20"}),
    Breakage("CIDR_OVERLAP", "cluster.podCidr", {"cluster.networkMode": "gr", "cluster.podCidr": "10.0.0.0/14"}),
    Breakage(
        "POD_RANGE_NOT_ALLOWED", "cluster.podCidr", {"cluster.networkMode": "gr", "cluster.podCidr": "100.64.0.0/16"}
    ),
    _one("NO_INTERNET_ROAD", "network.nat", False),
    _one("KUBERNETES_VERSION_UNREADABLE", "cluster.version", "latest"),
    _one("KUBERNETES_TOO_OLD", "cluster.version", "1.22.5"),
    Breakage("KUBERNETES_TOO_OLD", "cluster.version", {**GATEWAY, "cluster.version": "1.28.3"}),
    Breakage(
        "ENDPOINT_OPEN_TO_ALL",
        "cluster.endpoint.allow[1]",
        {"cluster.endpoint": {"access": "public", "allow": ["100.1.1.1/32", "128.0.0.0/1"]}},
    ),
    _one("UNKNOWN_MACHINE", "cluster.systemPool.instanceType", "SA5.LARGE88"),
    _one("SYSTEM_POOL_HAS_GPU", "cluster.systemPool.instanceType", "PNV4.7XLARGE116"),
    Breakage("SYSTEM_POOL_TOO_SMALL", "cluster.systemPool.instanceType", {"webui.memory": "64Gi"}),
    _one("SYSTEM_DISK_TOO_SMALL", "cluster.systemPool.disk", 50),
    _one("UNKNOWN_MACHINE", "pools.gpu.instanceType", "PNV4.7XLARGE117"),
    _one("MISSING_INSTANCE_TYPE", "pools.gpu.instanceType", None),
    _one("MACHINE_WITHOUT_GPU", "pools.gpu.instanceType", "SA5.LARGE8"),
    Breakage("FRACTIONAL_GPU", "pools.gpu.instanceType", {**ORDINARY, "pools.gpu.instanceType": "GN7.LARGE20"}),
    Breakage("FRACTIONAL_GPU", "pools.gpu.gpuType", {"pools.gpu": {"kind": "super", "gpuType": "1/4*T4"}}),
    Breakage("NOT_NATIVE", "pools.gpu.kind", {"pools.gpu.instanceType": "GN8.LARGE56", "models.chat.engine": "ollama",
             "models.chat.model": "deepseek-r1:7b"}),
    Breakage("DISK_TYPE_NOT_OFFERED", "pools.gpu.disk.type", {"pools.gpu.instanceType": "GN7.5XLARGE80",
             "pools.gpu.disk": {"type": "CLOUD_HSSD"}, "models.chat.model": "Qwen/Qwen2.5-1.5B-Instruct"}),
    _one("DISK_TOO_SMALL", "pools.gpu.disk", 60),
    Breakage("DISK_TOO_SMALL", "pools.gpu.disk", {**ORDINARY, "pools.gpu.disk": 50}),
    _one("KEY_NOT_FOR_KIND", "pools.gpu.gpuType", "T4"),
    Breakage("KEY_NOT_FOR_KIND", "pools.gpu.keyId", {**SUPER, "pools.gpu.keyId": "skey-1"}),
    Breakage("KEY_NOT_FOR_KIND", "storage.className", {"storage.className": "fast"}),
    Breakage("KEY_NOT_FOR_KIND", "expose.host", {"expose": {"via": "port-forward", "host": "chat.example.com"}}),
    Breakage("LABEL_RESERVED", 'pools.gpu.labels["tke-llm/pool"]', {"pools.gpu.labels": {"tke-llm/pool": "mine"}}),
    Breakage("LABEL_RESERVED", 'pools.gpu.labels["node.kubernetes.io/x"]',
             {"pools.gpu.labels": {"node.kubernetes.io/x": "y"}}),
    Breakage("TAINT_TWICE", "pools.gpu.taints[0]",
             {"pools.gpu.taints": [{"key": "nvidia.com/gpu", "effect": "PreferNoSchedule"}]}),
    Breakage("TAINT_TWICE", "pools.gpu.taints[1]", {"pools.gpu.taints": [{"key": "a"}, {"key": "a", "value": "b"}]}),
    Breakage("DRIVER_NOT_INSTALLED", "pools.gpu.driver.cuda",
             {"pools.gpu.driver": {"version": "550.90.07", "cuda": "12.4.0", "name": "x", "cudaName": "y"}}),
    Breakage("DRIVER_INCOMPLETE", "pools.gpu.driver.name", {**ORDINARY, "pools.gpu.driver": {"version": "550.90.07"}}),
    Breakage("DRIVER_INCOMPLETE", "pools.gpu.driver.name", {**ORDINARY, "pools.gpu.driver": "535"}),
    Breakage("DRIVER_INCOMPLETE", "pools.gpu.driver.name",
             {**ORDINARY, "pools.gpu.driver": {"version": "550.90.07", "cuda": "12.4.0", "cudaName": "cuda.run"}}),
    Breakage("CIDR_OVERLAP", "storage.turboCidr",
             {**TURBO, "storage.turboCidr": "11.0.0.0/24", "cluster.serviceCidr": "11.0.0.0/20"}),
    Breakage("CONTEXT_BEYOND_MODEL", "models.chat.maxModelLen",
             {"models.chat.maxModelLen": 300, "models.chat.model": "me/tiny", "models.chat.architecture": TINY}),
    _one("SPOT_NOT_NATIVE", "pools.gpu.charge", "spot"),
    Breakage("SPOT_PRICE_WITHOUT_SPOT", "pools.gpu.spotMaxPrice", {**ORDINARY, "pools.gpu.spotMaxPrice": 2.5}),
    Breakage("MISSING_GPU_TYPE", "pools.gpu.gpuType", {"pools.gpu": {"kind": "super"}}),
    Breakage("UNKNOWN_GPU_TYPE", "pools.gpu.gpuType", {"pools.gpu": {"kind": "super", "gpuType": "A10"}}),
    Breakage("UNKNOWN_GPU", "pools.gpu.gpu", {**KUBECONFIG, "pools.gpu.gpu": "A-10"}),
    Breakage("UNKNOWN_POOL", "models.chat.pool", {"models.chat.pool": "gpus"}),
    Breakage("SECRET_IN_ENV", "models.chat.env.HUGGING_FACE_HUB_TOKEN",
             {"models.chat.env": {"HUGGING_FACE_HUB_TOKEN": "12345678"}}),
    Breakage("TAG_NOT_ALLOWED", "tags.project", {"tags": {"project": "chat"}}),
    Breakage("STORAGE_INCOMPLETE", "storage.className", {"storage.kind": "class"}),
    Breakage("STORE_TOO_SMALL", "storage.capacity", {"storage.capacity": 10}),
    Breakage("SQLITE_ON_NFS", "storage.webuiClassName", {"storage.webuiClassName": "cfs-ai"}),
    Breakage("REPLICAS_ON_SQLITE", "webui.replicas", {"webui.replicas": 2}),
    Breakage("SOURCE_NOT_FOR_ENGINE", "models.chat.source", {"models.chat.source": "ollama"}),
    Breakage("NOT_AT_SOURCE", "models.chat.source",
             {"models.chat.model": "nvidia/Qwen3-8B-FP8"}),
    Breakage("IMAGE_FLOATING", "webui.image", {"webui.image": "docker.io/openwebui/open-webui:main"}),
    Breakage("WEBUI_VARIABLE_OWNED", "webui.env.WEBUI_AUTH", {"webui.env": {"WEBUI_AUTH": "False"}}),
    Breakage("WEBUI_VARIABLE_TWICE", "webui.env.LDAP_APP_DN", {"webui.env": {"LDAP_APP_DN": "cn=page"}},
             secrets=("webuiEnv", "webuiEnv.LDAP_APP_DN")),
    Breakage("UNKNOWN_CODE", "force[0]", {"force": ["CIDR_OVERLAPS"]}),
    Breakage("CANNOT_FORCE", "force[0]", {"force": ["UNKNOWN_POOL"]}),
)  # fmt: skip

WARNINGS = (
    _one("POD_RANGE_TOO_SMALL", "cluster.podCidr", "172.20.0.0/23", also={"cluster.networkMode": "gr"}),
    _one("SUBNET_TOO_SMALL", "network.cidr", "10.0.0.0/25"),
    Breakage("VPC_RANGE_ASSUMED", "network.cidr", {**VPC, "network.cidr": None}),
    _one("KUBERNETES_VERSION_UNKNOWN", "cluster.version", "1.32.99"),
    Breakage("ENDPOINT_INTRANET", "cluster.endpoint", {"cluster.endpoint": None}),
    Breakage(
        "ALLOW_WITHOUT_PUBLIC",
        "cluster.endpoint.allow",
        {"cluster.endpoint": {"access": "intranet", "allow": ["100.1.1.1/32"]}},
    ),
    Breakage(
        "DOCUMENTATION_ADDRESS",
        "cluster.endpoint.allow[0]",
        {"cluster.endpoint": {"access": "public", "allow": ["203.0.113.10/32"]}},
    ),
    Breakage(
        "PRIVATE_ADDRESS_ALLOWED",
        "cluster.endpoint.allow[0]",
        {"cluster.endpoint": {"access": "public", "allow": ["192.168.1.0/24"]}},
    ),
    Breakage("NO_EFFECT_ON_EXISTING_CLUSTER", "cluster.version", {**KUBECONFIG, "cluster.version": "1.32.2"}),
    Breakage("MACHINE_NOT_SEEN_IN_REGION", "pools.gpu.instanceType", {"network.zones": ["ap-jakarta-1"]}, "ap-jakarta"),
    Breakage(
        "INVITE_ONLY",
        "pools.gpu.instanceType",
        {"pools.gpu.instanceType": "PNV6.4XLARGE160", "network.zones": ["ap-guangzhou-6"]},
    ),
    Breakage("PREPAID_NODES", "pools.gpu.charge", {"pools.gpu.charge": "prepaid"}),
    Breakage("NODES_FROM_ZERO", "pools.gpu.nodes.min", {"pools.gpu.nodes": {"min": 0, "max": 1}}),
    Breakage("POOL_UNUSED", "pools.spare", {**TWO_POOLS, "models.chat.pool": "gpu"}),
    Breakage("SECRET_UNUSED", "kubeconfig", {}, secrets=("kubeconfig",)),
    Breakage("PRICE_OF_UNKNOWN_MACHINE", 'prices["PNV4.7XLARGE117"]', {"prices": {"PNV4.7XLARGE117": 10.0}}),
    Breakage("TURBO_CAPACITY", "storage.capacity", {**TURBO, "storage.capacity": 21000}),
    Breakage("SQLITE_ON_NFS", "storage.webuiClassName", {"storage.webuiClassName": "team-nfs"}),
    Breakage("HUGGINGFACE_FROM_MAINLAND", "models.chat.source", {"models.chat.source": "huggingface"}),
    Breakage(
        "ENDPOINT_WITHOUT_EFFECT",
        "models.chat.download.endpoint",
        {"models.chat.download": {"endpoint": "https://hf.example.com"}},
    ),
    Breakage("IMAGE_ROAD_UNKNOWN", "webui.image", {"webui.image": "ghcr.io/open-webui/open-webui:v0.12.4"}),
    Breakage("WEBUI_MEMORY_LOW", "webui.memory", {"webui.memory": "1Gi"}),
)


def _name(breakage: Breakage) -> str:
    return f"{breakage.code}-{breakage.path}"


@pytest.mark.parametrize("breakage", ERRORS, ids=_name)
def test_a_breakage_is_an_error_at_its_place_whose_fix_leaves_none(breakage: Breakage):
    given = settings(breakage.changes, secrets=breakage.secrets, region=breakage.region)
    finding = found(plan_stack(given), breakage.code)
    assert (finding.severity, finding.path) == ("error", breakage.path)
    assert finding.remedy
    assert finding.fix, "the nearest fix is known here"
    assert [error.code for error in _mended(breakage, finding.fix)] == []


@pytest.mark.parametrize("breakage", WARNINGS, ids=_name)
def test_a_doubt_is_a_warning_at_its_place_whose_fix_removes_it(breakage: Breakage):
    given = settings(breakage.changes, secrets=breakage.secrets, region=breakage.region)
    finding = found(plan_stack(given), breakage.code)
    assert (finding.severity, finding.path) == ("warning", breakage.path)
    assert finding.remedy
    assert not plan_stack(given).errors
    if finding.fix:
        assert breakage.code not in {left.code for left in _mended(breakage, finding.fix, every=True)}


def _mended(breakage: Breakage, fix: tuple[tuple[str, object], ...], *, every: bool = False):
    region = next((str(value) for path, value in fix if path == "tencentcloud:region"), breakage.region)
    changed = apply_fix(sections(breakage.changes), [(path, value) for path, value in fix if ":" not in path])
    parsed = parse(StackInput("tke-llm", "dev", region, changed, dict.fromkeys(breakage.secrets, True)))
    assert parsed.settings is not None
    assert {problem.code for problem in parsed.problems} <= {"SECRET_IN_SECTION"}, parsed.problems
    mended = plan_stack(parsed.settings)
    return mended.diagnostics if every else mended.errors
