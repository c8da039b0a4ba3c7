"""A plan by hand, so that components are tested without the planner: the dev stack, one model on one A10."""

from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

from planner.cluster.decide import plan_cluster, plan_names
from planner.plan.rollout import OrderPlan
from planner.plan.server import EngineSpec, HttpProbe, Resources, Scratch
from planner.plan.software import AddonPlan
from planner.plan.types import (
    DownloadPlan,
    MemoryBudget,
    ModelPlan,
    NetworkPlan,
    Plan,
    PoolPlan,
    StoragePlan,
    SubnetPlan,
    WebuiPlan,
)
from planner.pools.cpu_pods import plan_cpu
from planner.pools.decide import GPU_TAINT, GPU_TOLERATION
from planner.pools.system_pool import plan_system_pool
from settings.stack import Settings

SERVER_GROUP = 2000

SPEC = EngineSpec(
    engine="vllm",
    image="docker.io/vllm/vllm-openai:v0.0.0",
    command=("vllm", "serve", "/models/seven/main", "--port", "8000"),
    env=(("HOME", "/home/server"), ("HF_HUB_OFFLINE", "1")),
    api_key_env="VLLM_API_KEY",
    port=8000,
    user=SERVER_GROUP,
    group=SERVER_GROUP,
    resources=Resources(cpu_millis=8000, memory_mib=32768, gpus=1),
    startup=HttpProbe("/health", period=10, failures=90, delay=15),
    readiness=HttpProbe("/health", period=5, failures=2),
    liveness=HttpProbe("/health", period=10, failures=10, timeout=5),
    scratch=(Scratch("home", "/home/server", size_mib=1024), Scratch("shm", "/dev/shm", size_mib=2048, memory=True)),
    pre_stop_sleep=15,
    grace_period=90,
)

DOWNLOAD = DownloadPlan(
    source="modelscope",
    repository="maker/seven",
    revision=None,
    directory="seven/main",
    marker="seven/main/.complete",
    include=(),
    exclude=("*.pth",),
    workers=8,
    retries=6,
    endpoint=None,
    needs_token=False,
    image="docker.io/vllm/vllm-openai:v0.0.0",
    bytes=15_000_000_000,
    seconds=1200,
    cpu_millis=1000,
    memory_mib=4096,
    deadline_seconds=7200,
)

MODEL = ModelPlan(
    name="chat",
    model_id="maker/seven",
    served_name="chat",
    pool="gpu",
    engine="vllm",
    format="bf16",
    dtype="bfloat16",
    gpus=1,
    tensor_parallel=1,
    pipeline_parallel=1,
    nodes=1,
    max_model_len=32768,
    gpu_memory_utilization=0.92,
    concurrency=1.5,
    memory=MemoryBudget(
        total=22.5, utilization=0.92, weights=14.2, kv_one_sequence=1.8, activations=1.7, non_torch=0.6
    ),
    weights_gib=14.2,
    min_replicas=1,
    max_replicas=1,
    autoscaled=False,
    strategy="Recreate",
    max_surge=0,
    max_unavailable=1,
    startup_seconds=900,
    progress_deadline_seconds=1800,
    spec=SPEC,
    download=DOWNLOAD,
)

POOL = PoolPlan(
    name="gpu",
    kind="native",
    gpu="A10",
    gpus_per_node=1,
    instance_type="PNV4.7XLARGE116",
    gpu_type=None,
    min_nodes=1,
    max_nodes=1,
    zone="ap-guangzhou-6",
    disk_gib=200,
    disk_type="CLOUD_SSD",
    allocatable_cpu_millis=27000,
    allocatable_memory_mib=108000,
    labels=(("tke-llm/pool", "dev-gpu"),),
    taints=(GPU_TAINT,),
    node_selector=(("tke-llm/pool", "dev-gpu"),),
    tolerations=(GPU_TOLERATION,),
)

STORAGE = StoragePlan(
    kind="cfs",
    provisioner="com.tencent.cloud.csi.tcfs.cfs",
    parameters=(("storagetype", "HP"), ("vers", "3")),
    request_gib=100,
    read_mbps=200,
    write_mbps=200,
    webui_class="cbs-webui",
    webui_gib=20,
    webui_disk_type="CLOUD_PREMIUM",
    zone="ap-guangzhou-6",
    makes_webui_class=True,
)

WEBUI = WebuiPlan(
    image="docker.io/openwebui/open-webui:v0.0.0",
    replicas=1,
    cpu_millis=500,
    memory_mib=2048,
    env=(("ENABLE_SIGNUP", "False"), ("WEBUI_ADMIN_EMAIL", "admin@example.com")),
    strategy="Recreate",
)


def settings(**sections: Any) -> Settings:
    """The dev stack's settings, sections replaced by their keys in the stack file."""
    given = {
        "network": {"zones": ["ap-guangzhou-6", "ap-guangzhou-7"]},
        "cluster": {"endpoint": {"access": "public", "allow": ["203.0.113.10/32"]}},
        "pools": {"gpu": {"instanceType": "PNV4.7XLARGE116"}},
        "models": {"chat": {"model": "maker/seven"}},
        "region": "ap-guangzhou",
    }
    return Settings.model_validate({**given, **sections})


def plan(made_from: Settings | None = None, **changes: Any) -> Plan:
    """The dev stack's plan, fields replaced."""
    given = made_from or settings()
    cluster = plan_cluster(given, plan_system_pool(given))
    whole = Plan(
        names=plan_names(given),
        cluster=cluster,
        cpu=plan_cpu(cluster, {"gpu": POOL}),
        region=given.region,
        retain=given.retain,
        paused=given.pause,
        network=NetworkPlan(
            vpc_id=None,
            cidr=IPv4Network("10.0.0.0/16"),
            subnets=(
                SubnetPlan("ap-guangzhou-6", IPv4Network("10.0.0.0/19")),
                SubnetPlan("ap-guangzhou-7", IPv4Network("10.0.32.0/19")),
            ),
            nat_bandwidth=100,
        ),
        addons=(AddonPlan("cfs", "system"), AddonPlan("nvidia-gpu", "system")),
        storage=STORAGE,
        pools={"gpu": POOL},
        models={"chat": MODEL},
        webui=WEBUI,
        order=OrderPlan(chosen="cheapest", hold=("gpu",), because="for the test"),
        durations={},
    )
    return replace(whole, **changes)
