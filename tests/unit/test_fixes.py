"""What is proposed against an error is what a person would do: by meaning, not by letters, and nothing where nothing is
known. Each case reads as: whoever writes this is told that, and no other."""

from dataclasses import dataclass

import pytest

from catalog.load import load
from catalog.names import gpus_meant, machine_meant
from planner.plan_stack import plan_stack
from settings.parse import StackInput, parse
from settings.paths import apply_fix
from tests.unit.stacks import KUBECONFIG, sections, settings

MACHINE, MODEL, KIND = "pools.gpu.instanceType", "models.chat.model", "pools.gpu.gpuType"


@dataclass(frozen=True)
class Case:
    """Whoever writes `changes` is told `code` with a remedy that says `said`; `fix` is that remedy as data."""

    code: str
    said: str
    changes: dict[str, object]
    fix: tuple[tuple[str, object], ...] = ()
    region: str | None = "ap-guangzhou"


def _machine(given: str | None, code: str, proposed: str, model: str = "Qwen/Qwen2.5-7B-Instruct") -> Case:
    return Case(code, proposed, {MACHINE: given, MODEL: model}, ((MACHINE, proposed),))


def _super(given: str | None, code: str, proposed: str) -> Case:
    pool = {"kind": "super"} if given is None else {"kind": "super", "gpuType": given}
    return Case(code, proposed, {"pools.gpu": pool}, ((KIND, proposed),))


CASES = (
    # A machine that is no machine with GPUs: one that holds the model, the newest engine release first.
    _machine("SA5.LARGE8", "MACHINE_WITHOUT_GPU", "PNV4.7XLARGE116"),
    _machine("SA5.LARGE8", "MACHINE_WITHOUT_GPU", "GN7.2XLARGE32", "Qwen/Qwen2.5-1.5B-Instruct"),
    _machine("SA5.LARGE8", "MACHINE_WITHOUT_GPU", "GT4.8XLARGE192", "Qwen/Qwen3-32B"),
    Case("MACHINE_WITHOUT_GPU", "`tke-llm fit MODEL`", {MACHINE: "SA5.LARGE8", MODEL: "deepseek-ai/DeepSeek-R1"}),
    _machine(None, "MISSING_INSTANCE_TYPE", "GT4.8XLARGE192", "Qwen/Qwen3-32B"),
    # An unknown machine: its family, nearest in size; another maker's: one that holds the model.
    _machine("PVN4.7XLARGE116", "UNKNOWN_MACHINE", "PNV4.7XLARGE116"),
    _machine("PNV4.16XLARGE232", "UNKNOWN_MACHINE", "PNV4.14XLARGE232"),
    _machine("p4d.24xlarge", "UNKNOWN_MACHINE", "GT4.8XLARGE192", "Qwen/Qwen3-32B"),
    _machine("GN6S.LARGE20", "UNKNOWN_MACHINE", "PNV4.7XLARGE116"),
    Case("UNKNOWN_MACHINE", "SA5.LARGE8", {"cluster.systemPool.instanceType": "t3.large"},
         (("cluster.systemPool.instanceType", "SA5.LARGE8"),)),
    # A GPU that super nodes do not have: the most like it on which the model starts.
    _super("A100", "UNKNOWN_GPU_TYPE", "L40"),
    _super("H20", "UNKNOWN_GPU_TYPE", "L20"),
    _super("H100", "UNKNOWN_GPU_TYPE", "A10*GNV4"),
    _super("A10*PVN4", "UNKNOWN_GPU_TYPE", "A10*PNV4"),
    _super(None, "MISSING_GPU_TYPE", "A10*GNV4"),
    # The GPU of nodes that exist is stated, so no other is named for it.
    Case("UNKNOWN_GPU", "A100-40 or A100-80: the one with the memory", {**KUBECONFIG, "pools.gpu.gpu": "A100"}),
    Case("UNKNOWN_GPU", "catalog/data/gpus.yaml", {**KUBECONFIG, "pools.gpu.gpu": "RTX4090"}),
    Case("UNKNOWN_GPU", "Use A10.", {**KUBECONFIG, "pools.gpu.gpu": "NVIDIA-A10"}, (("pools.gpu.gpu", "A10"),)),
    # Nobody lowers one replica.
    Case("POOL_TOO_SMALL", "Let the pool have 2 nodes, or use PNV4.14XLARGE232 (2 x A10).",
         {"models.second": {"model": "Qwen/Qwen2.5-1.5B-Instruct"}}, (("pools.gpu.nodes", 2),)),
    Case("POOL_TOO_SMALL", "or lower the replicas", {"models.chat.replicas": 3}, (("pools.gpu.nodes", 3),)),
    # What only the person knows is not made up, and nothing is taken away for the lack of it.
    Case("SUBNETS_WITHOUT_VPC", "Set network.vpcId", {"network.subnetIds": ["subnet-1"]}),
    Case("VPC_RANGE_NOT_ALLOWED", "the console shows of vpc-1",
         {"network.vpcId": "vpc-1", "network.subnetIds": ["subnet-1"], "network.cidr": "0.0.0.0/1"}),
    Case("ENDPOINT_OPEN_TO_NOBODY", "<your address>/32", {"cluster.endpoint": {"access": "public"}}),
    Case("ENDPOINT_OPEN_TO_ALL", "Put your own address there",
         {"cluster.endpoint": {"access": "public", "allow": ["0.0.0.0/0"]}}),
    Case("POOL_NOT_NAMED", "one of gpu, spare", {"pools.spare": {"instanceType": "GN7.2XLARGE32"}}),
    Case("UNKNOWN_POOL", "Use one of the list",
         {"models.chat.pool": "nvidia", "pools.spare": {"instanceType": "GN7.2XLARGE32"}}),
    Case("OIDC_WITHOUT_SECRET", "pulumi config set --secret tke-llm:oidcClientSecret",
         {"webui.oidc": {"providerUrl": "https://id.example.com", "clientId": "chat"}}),
    Case("HOST_MISSING", "Set expose.host", {"expose": {"via": "gateway"}}),
    Case("TLS_SOURCE", "Set secret or issuer", {"expose": {"via": "gateway", "host": "chat.mine.com", "tls": {}}}),
    Case("KEY_NOT_FOR_KIND", "Set expose.via to gateway or ingress", {"expose.host": "chat.mine.com"}),
    # What is said twice outweighs what is said once.
    Case("ZONE_NOT_IN_REGION", "Set tencentcloud:region to ap-shanghai",
         {"network.zones": ["ap-shanghai-2", "ap-shanghai-4"]}, (("tencentcloud:region", "ap-shanghai"),)),
    Case("POOL_ZONE_NOT_IN_NETWORK", "Add ap-guangzhou-3 to network.zones", {"pools.gpu.zone": "ap-guangzhou-3"},
         (("network.zones", ["ap-guangzhou-6", "ap-guangzhou-3"]),)),
    Case("KEY_NOT_FOR_KIND", "Set pools.gpu.kind to super", {"pools.gpu": {"gpuType": "A10*PNV4"}},
         (("pools.gpu.kind", "super"),)),
    Case("SPOT_NOT_NATIVE", "Set kind to ordinary", {"pools.gpu.charge": "spot"}, (("pools.gpu.kind", "ordinary"),)),
    Case("HUGGINGFACE_FROM_MAINLAND", "Use source: modelscope", {"models.chat.source": "huggingface"},
         (("models.chat.source", "modelscope"),)),
    Case("PRICE_OF_UNKNOWN_MACHINE", "Use PNV4.7XLARGE116", {"prices": {"PNV4.7XLARGE117": 10.0}},
         (('prices["PNV4.7XLARGE117"]', None), ('prices["PNV4.7XLARGE116"]', 10.0))),
    Case("LABEL_RESERVED", "or none", {"pools.gpu.labels": {"node.kubernetes.io/team": "y"}},
         (('pools.gpu.labels["node.kubernetes.io/team"]', None), ("pools.gpu.labels.team", "y"))),
    # The financial cloud is sold to few, another maker's region is no misspelt one.
    Case("UNKNOWN_REGION", "a region of the list", {}, region="ap-shenzhen"),
    Case("UNKNOWN_REGION", "a region of the list", {}, region="us-west-1"),
    Case("UNKNOWN_REGION", "Use ap-guangzhou", {}, (("tencentcloud:region", "ap-guangzhou"),), region="cn-guangzhou"),
    # A wall that is not named letter for letter does not fall; a flag that begins alike is another.
    Case("UNKNOWN_CODE", "Remove it", {"force": ["GPU_TOO_SMALL"]}, (("force[0]", None),)),
    Case("UNKNOWN_CODE", "Remove it", {"force": ["UNKNOWN_POOLS"]}, (("force[0]", None),)),
    Case("ENV_UNKNOWN", "Take it out", {"models.chat.env": {"VLLM_USE_V1": "0"}},
         (("models.chat.env.VLLM_USE_V1", None),)),
    Case("FLAG_UNKNOWN_TO_IMAGE", "Take it out", {"models.chat.extraArgs": ["--enable-reasoning"]},
         (("models.chat.extraArgs", None),)),
)  # fmt: skip


def _name(case: Case) -> str:
    return f"{case.code}-{next(iter(case.changes.values()), '')}"


@pytest.mark.parametrize("case", CASES, ids=_name)
def test_what_is_proposed_is_what_a_person_would_do_and_it_helps(case: Case) -> None:
    given = settings(case.changes, region=case.region)
    finding = next(each for each in plan_stack(given).diagnostics if each.code == case.code)
    assert case.said in finding.remedy
    assert finding.fix == case.fix
    if not case.fix:
        return
    changed = apply_fix(sections(case.changes), [(path, value) for path, value in case.fix if ":" not in path])
    region = next((str(value) for path, value in case.fix if path == "tencentcloud:region"), case.region)
    mended = parse(StackInput("tke-llm", "dev", region, changed, {}))
    assert mended.settings is not None
    assert case.code not in {left.code for left in plan_stack(mended.settings).diagnostics}


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("A100", ("A100-40", "A100-80")),
        ("NVIDIA-A100-SXM4-40GB", ("A100-40",)),
        ("Tesla-V100-SXM2-32GB", ("V100-32",)),
        ("a-10", ("A10",)),
        ("H2O-96", ("H20-96",)),
        ("L40S", ()),
        ("A30", ()),
        ("H100", ()),
    ],
)
def test_a_gpu_is_meant_by_its_model_and_memory(given: str, meant: tuple[str, ...]) -> None:
    assert gpus_meant(given, load().gpus) == meant


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("pnv4.7xlarge116", "PNV4.7XLARGE116"),
        ("SA5.LARGE88", "SA5.LARGE8"),
        ("GN7.6XLARGE90", "GN7.5XLARGE80"),
        ("PNV4", None),
        ("GN6S.LARGE20", None),
        ("ecs.gn7i-c8g1.2xlarge", None),
        ("", None),
        ("x" * 500, None),
    ],
)
def test_a_machine_is_meant_by_its_family_and_size(given: str, meant: str | None) -> None:
    assert machine_meant(given, load().machines) == meant
