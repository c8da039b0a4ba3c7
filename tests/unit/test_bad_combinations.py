"""Combinations that cannot work, from the stack file to the refusal: path, reason, nearest fix, and no finding left."""

from dataclasses import dataclass, field

import pytest

from planner.prove import prove, refusal
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stacks import sections

SUPER: dict[str, object] = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}
V100: dict[str, object] = {"pools.gpu.instanceType": "GN10Xp.2XLARGE40"}
BY_KUBECONFIG: dict[str, object] = {"network": None, "cluster": {"existing": {"kubeconfigPath": "~/.kube/config"}}}
CPU: dict[str, object] = {"pools": {"cpu": {"kind": "existing", "cpu": 8, "memory": "16Gi"}}}
TURBO = {"kind": "cfs-turbo", "capacity": 20480, "ccnId": "ccn-1", "turboCidr": "11.0.0.0/24"}
TWO_POOLS = {name: {"instanceType": "PNV4.7XLARGE116"} for name in ("one", "two")}


@dataclass(frozen=True)
class Case:
    """Changes to the sound stack, and what must be said of them: `reason` is in the message, `remedy` in the remedy.
    `mends`: the finding carries its fix as data."""

    changes: dict[str, object]
    code: str
    path: str
    reason: str
    remedy: str
    secrets: tuple[str, ...] = field(default=())
    mends: bool = True


CASES = {
    "a super node without NAT gateway or EIP": Case(
        {**SUPER, "network.nat": False},
        "SUPER_NODE_WITHOUT_ROAD", "pools.gpu.publicBandwidth", "no NAT gateway and no EIP", "network.nat to true"),
    "downloads without Internet access": Case(
        {"network.nat": False},
        "NO_INTERNET_ROAD", "network.nat", "cannot reach the model hub", "network.nat to true"),
    "Turbo without a CCN": Case(
        {"storage": {**TURBO, "ccnId": None}},
        "STORAGE_INCOMPLETE", "storage.ccnId", "Cloud Connect Network", "Set storage.ccnId"),
    "an existing Turbo without its mount host": Case(
        {"storage": {"kind": "cfs-turbo", "fileSystemId": "abcd1234", "ccnId": "ccn-1"}},
        "STORAGE_INCOMPLETE", "storage.mountHost", "mounted by its address", "Set storage.mountHost", mends=False),
    "a mount target's range that the VPC has": Case(
        {"storage": {**TURBO, "turboCidr": "10.0.8.0/24"}},
        "CIDR_OVERLAP", "storage.turboCidr", "overlaps 10.0.0.0/16", "11.0.0.0/24"),
    "a mount host without its file system": Case(
        {"storage": {"mountHost": "10.0.0.9"}},
        "FILE_SYSTEM_NOT_NAMED", "storage.mountHost", "none is named", "Set storage.fileSystemId"),
    "the id of a file system where nothing can look it up": Case(
        {**BY_KUBECONFIG, **CPU, "models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"},
         "storage": {"kind": "cfs", "fileSystemId": "cfs-1", "mountHost": "10.0.0.9"}},
        "FSID_NEEDED", "storage.fileSystemId", "FSID of its mount target", "Give the FSID", mends=False),
    "a StorageClass that nobody named": Case(
        {"storage": {"kind": "class"}},
        "STORAGE_INCOMPLETE", "storage.className", "is not named", "Set storage.className"),
    "the access mode of a file system that we make": Case(
        {"storage": {"accessMode": "ReadWriteOnce"}},
        "KEY_NOT_FOR_KIND", "storage.accessMode", "means nothing", "Remove it"),
    "an Ingress without a host": Case(
        {"expose": {"via": "ingress"}},
        "HOST_MISSING", "expose.host", "host name", "Set expose.host", mends=False),
    "a Gateway on a Kubernetes that is too old": Case(
        {"expose": {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}},
         "cluster.version": "1.28.3"},
        "KUBERNETES_TOO_OLD", "cluster.version", "too old for Envoy Gateway", "Use 1.32.2"),
    "SGLang on a V100": Case(
        {**V100, "models.chat.engine": "sglang"},
        "SGLANG_NEEDS_AMPERE", "models.chat.engine", "compute capability 7.0", "vllm"),
    "an AWQ model on a V100": Case(
        {**V100, "models.chat.model": "Qwen/Qwen3-8B-AWQ"},
        "AWQ_UNSUPPORTED", "models.chat.model", "does not run on V100", "Use Qwen/Qwen3-8B"),
    "Ollama with a Hugging Face id": Case(
        {"models.chat.engine": "ollama"},
        "OLLAMA_NEEDS_ITS_OWN_ID", "models.chat.model", "name:tag", "deepseek-r1:7b"),
    "vLLM with an id of Ollama's": Case(
        {"models.chat.model": "deepseek-r1:7b"},
        "OLLAMA_ID_ON_ANOTHER_ENGINE", "models.chat.model", "Ollama's registry", "engine to ollama"),
    "vLLM on files of Ollama's registry": Case(
        {"models.chat.source": "ollama"},
        "SOURCE_NOT_FOR_ENGINE", "models.chat.source", "cannot read", "modelscope"),
    "vLLM without a GPU": Case(
        {**BY_KUBECONFIG, **CPU},
        "ENGINE_NEEDS_GPU", "models.chat.engine", "needs a GPU", "deepseek-r1:7b with Ollama"),
    "copies of the page on SQLite": Case(
        {"webui.replicas": 2},
        "REPLICAS_ON_SQLITE", "webui.replicas", "cannot share a SQLite database", "databaseUrl"),
    "SQLite on the models' file system": Case(
        {"storage.webuiClassName": "cfs-ai"},
        "SQLITE_ON_NFS", "storage.webuiClassName", "not supported on NFS", "block volumes"),
    "a Redis by a bare name": Case(
        {"webui.replicas": 2, "webui.redis": "redis.example.com"},
        "REDIS_ADDRESS", "webui.redis", "no address of a Redis", "redis://", secrets=("databaseUrl",)),
    "a chosen CUDA on native nodes": Case(
        {"pools.gpu.driver": {"version": "550.90.07", "cuda": "12.4.0", "cudaName": "cuda.run"}},
        "DRIVER_NOT_INSTALLED", "pools.gpu.driver.cuda", "come as they are", "kind: ordinary", mends=False),
    "MIG on a T4": Case(
        {"pools.gpu": {"kind": "ordinary", "instanceType": "GN7.5XLARGE80", "driver": {"mig": True}},
         "models.chat.model": "Qwen/Qwen2.5-1.5B-Instruct"},
        "MIG_NOT_SUPPORTED", "pools.gpu.driver.mig", "cannot be cut", "Remove it"),
    "native spot nodes": Case(
        {"pools.gpu.charge": "spot"},
        "SPOT_NOT_NATIVE", "pools.gpu.charge", "spot", "ordinary"),
    "a share of a GPU": Case(
        {"pools.gpu": {"kind": "super", "gpuType": "1/2*T4"}, "models.chat.model": "Qwen/Qwen2.5-1.5B-Instruct"},
        "FRACTIONAL_GPU", "pools.gpu.gpuType", "a share of a GPU", "T4"),
    "a super node's GPU by its bare name": Case(
        {"pools.gpu": {"kind": "super", "gpuType": "A10"}},
        "UNKNOWN_GPU_TYPE", "pools.gpu.gpuType", "no GPU type A10", "A10*"),
    "a machine type on super nodes": Case(
        {**SUPER, "pools.gpu.instanceType": "PNV4.7XLARGE116"},
        "KEY_NOT_FOR_KIND", "pools.gpu.instanceType", "means nothing", "native or ordinary"),
    "nodes that exist without their figures": Case(
        {**BY_KUBECONFIG, "pools": {"cpu": {"kind": "existing", "memory": "16Gi"}},
         "models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}},
        "POOL_FACTS_MISSING", "pools.cpu.cpu", "without their cpu", "kubectl describe node", mends=False),
    "new machines in a cluster known by its kubeconfig": Case(
        {**BY_KUBECONFIG},
        "POOL_NEEDS_A_CLUSTER_ID", "pools.gpu.kind", "kubeconfig only", "kind: existing", mends=False),
    "a model that does not say which pool": Case(
        {"pools": TWO_POOLS},
        "POOL_NOT_NAMED", "models.chat.pool", "does not say", "one of one, two", mends=False),
    "a gateway beside subnets that exist": Case(
        {"network": {"zones": ["ap-guangzhou-6"], "cidr": "10.0.0.0/16", "vpcId": "vpc-1", "subnetIds": ["subnet-1"],
                     "nat": True}},
        "NAT_IN_EXISTING_VPC", "network.nat", "not this stack's to change", "Remove network.nat"),
    "an existing VPC without its subnets": Case(
        {"network": {"zones": ["ap-guangzhou-6"], "cidr": "10.0.0.0/16", "vpcId": "vpc-1"}},
        "MISSING_SUBNETS", "network.subnetIds", "no subnet of it is named", "Set network.subnetIds", mends=False),
}  # fmt: skip


def proved(changed: dict[str, object], secrets: tuple[str, ...]) -> tuple[Diagnostic, ...]:
    given = StackInput("tke-llm", "dev", "ap-guangzhou", changed, dict.fromkeys(secrets, True))
    return prove(parse(given))[1]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_cannot_work_is_refused_with_path_reason_and_nearest_fix(case: Case) -> None:
    before = sections(case.changes)
    findings = proved(before, case.secrets)
    (finding,) = [each for each in findings if (each.code, each.path) == (case.code, case.path)]
    assert finding.severity == "error"
    assert case.reason in finding.message
    assert case.remedy in finding.remedy
    assert case.path in refusal(findings)
    if case.mends:
        after = proved(apply_fix(before, finding.fix), case.secrets)
        assert case.code not in {each.code for each in after if each.severity == "error"}


SOUND: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "a super node with an EIP": ({**SUPER, "network.nat": False, "pools.gpu.publicBandwidth": 10}, ()),
    "nodes with public bandwidth": ({"network.nat": False, "pools.gpu.publicBandwidth": 10}, ()),
    "CPU nodes with public bandwidth": ({"network.nat": False, "cluster.systemPool": {"publicBandwidth": 10}}, ()),
    "Turbo that is made": ({"storage": TURBO}, ()),
    "Turbo that exists": (
        {"storage": {"kind": "cfs-turbo", "fileSystemId": "abcd1234", "mountHost": "11.0.0.7", "ccnId": "ccn-1"}}, ()),
    "copies of the page on PostgreSQL": ({"webui.replicas": 2}, ("databaseUrl",)),
    "spot on ordinary nodes": ({"pools.gpu.kind": "ordinary", "pools.gpu.charge": "spot"}, ()),
    "a kept VPC with new subnets": (
        {"network": {"zones": ["ap-guangzhou-6"], "cidr": "10.0.0.0/16", "vpcId": "vpc-1", "nat": True},
         "storage": {"fileSystemId": "abcd1234", "mountHost": "10.0.255.242"}}, ()),
    "a V100 with what still runs there": (V100, ()),
    "a small model on CPU anywhere": (
        {**BY_KUBECONFIG, **CPU, "models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}, ()),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "secrets"), SOUND.values(), ids=SOUND)
def test_its_sound_neighbour_is_let_through(changes: dict[str, object], secrets: tuple[str, ...]) -> None:
    assert [each for each in proved(sections(changes), secrets) if each.severity == "error"] == []


def test_doubtful_access_warns_and_does_not_refuse() -> None:
    doubts: dict[str, dict[str, object]] = {
        "PUBLIC_ADDRESS_OF_NODE": SOUND["nodes with public bandwidth"][0],
        "PUBLIC_BANDWIDTH_HIGH": {"pools.gpu.publicBandwidth": 500},
        "STORE_OUT_OF_REACH": {"storage": {"fileSystemId": "abcd1234", "mountHost": "10.0.0.9"}},
        "MIG_NOT_PLANNED": {"pools.gpu": {"kind": "ordinary", "instanceType": "GT4.4XLARGE96",
                                          "driver": {"mig": True}}},
        "STORE_ON_ONE_NODE": {**BY_KUBECONFIG, **CPU, "models.chat": {"model": "qwen2.5:0.5b", "engine": "ollama",
                                                                    "replicas": 2}},
    }  # fmt: skip
    for code, changes in doubts.items():
        found = [each for each in proved(sections(changes), ()) if each.code == code]
        assert [each.severity for each in found] == ["warning"], code
