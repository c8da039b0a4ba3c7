"""Pools of every kind: what is bought, which pods run where, and how they reach the Internet."""

import json
from typing import Any

import pytest

from tests.components.recorder import ComponentRun
from tests.components.whole_stack import BY_ID, DEPLOYMENT, DOWNLOAD, JOB, annotations, named, pod, up

ORDINARY = "kubernetes/nodePool:NodePool"
EKLET = "eks.tke.cloud.tencent.com"
SUPER = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}
WITHOUT_NAT: dict[str, object] = {"network.nat": False}


def gpu_pool(made: ComponentRun) -> dict[str, Any]:
    return made.one(ORDINARY, "llm-gpu-pool-nodes").inputs


def system_machine(made: ComponentRun) -> dict[str, Any]:
    return made.one(ORDINARY, "llm-cluster-system-nodes").inputs["autoScalingConfig"]


def test_an_ordinary_pool_installs_the_driver_cuda_and_cudnn_that_are_named() -> None:
    driver = {
        "version": "550.90.07",
        "name": "NVIDIA-Linux-x86_64-550.90.07.run",
        "cuda": "12.4.0",
        "cudaName": "cuda_12.4.0_550.54.14_linux.run",
        "cudnn": "9.1.0",
        "cudnnName": "cudnn-linux-x86_64-9.1.0.70_cuda12-archive.tar.xz",
    }
    made = up({"pools.gpu.kind": "ordinary", "pools.gpu.driver": driver})
    arguments = gpu_pool(made)["nodeConfig"]["gpuArgs"]
    assert arguments["driver"] == {"version": driver["version"], "name": driver["name"]}
    assert arguments["cuda"] == {"version": driver["cuda"], "name": driver["cudaName"]}
    assert arguments["cudnn"] == {"version": driver["cudnn"], "name": driver["cudnnName"]}
    assert "nodeConfig.gpuArgs" in made.one(ORDINARY, "llm-gpu-pool-nodes").registration.replace_on_changes


def test_mig_reaches_the_nodes_of_a_gpu_that_has_it() -> None:
    made = up(
        {"pools.gpu": {"kind": "ordinary", "instanceType": "GT4.4XLARGE96", "driver": {"version": "550.90.07",
         "name": "NVIDIA-Linux-x86_64-550.90.07.run", "mig": True}}}
    )  # fmt: skip
    assert gpu_pool(made)["nodeConfig"]["gpuArgs"]["migEnable"] is True


def test_spot_nodes_are_billed_as_such_up_to_the_price() -> None:
    machine = gpu_pool(up({"pools.gpu.kind": "ordinary", "pools.gpu.charge": "spot", "pools.gpu.spotMaxPrice": 2.5}))[
        "autoScalingConfig"
    ]
    assert (machine["instanceChargeType"], machine["spotMaxPrice"]) == ("SPOTPAID", "2.5")


@pytest.mark.parametrize("kind", ["native", "ordinary"])
def test_prepaid_nodes_are_bought_for_a_month(kind: str) -> None:
    made = up({"pools.gpu.kind": kind, "pools.gpu.charge": "prepaid"})
    if kind == "native":
        native = made.one("nativeNodePool:NativeNodePool").inputs["native"]
        assert native["instanceChargeType"] == "PREPAID"
        assert native["instanceChargePrepaid"]["period"] == 1
    else:
        assert gpu_pool(made)["autoScalingConfig"]["instanceChargeTypePrepaidPeriod"] == 1


def test_a_super_pool_needs_no_gpu_addon_and_no_daemon_set() -> None:
    made = up(SUPER)
    assert "nvidia-gpu" not in {each.inputs["addonName"] for each in made.of("addon:Addon")}
    assert made.of("DaemonSet") == []
    assert len(made.of("serverlessNodePool:ServerlessNodePool")) == 1


def test_pools_of_machines_wait_for_the_gpu_addon_and_super_nodes_do_not() -> None:
    kinds = ("native", "ordinary", "virtual")
    made = up(
        {
            "cluster.systemPool": {"disk": 140},
            "pools": {
                "native": {"instanceType": "PNV4.7XLARGE116"},
                "ordinary": {"kind": "ordinary", "instanceType": "GN7.5XLARGE80"},
                "virtual": {"kind": "super", "gpuType": "L20"},
            },
            "models": {pool: {"model": "Qwen/Qwen3-8B-AWQ", "pool": pool} for pool in kinds},
        }
    )
    (driver,) = [each for each in made.of("addon:Addon") if each.inputs["addonName"] == "nvidia-gpu"]
    pools = [each for kind in (ORDINARY, "NativeNodePool", "ServerlessNodePool") for each in made.of(kind)]
    waiting = {pool.name for pool in pools if driver.urn in pool.dependencies}
    assert waiting == {"llm-native-pool-nodes", "llm-ordinary-pool-nodes"}


def test_a_server_on_a_super_node_asks_for_its_gpu_and_a_disk_for_its_image() -> None:
    server = named(up(SUPER), DEPLOYMENT, "chat")
    asked = annotations(server)
    assert (asked[f"{EKLET}/gpu-type"], asked[f"{EKLET}/gpu-count"]) == ("A10*PNV4", "1")
    assert int(asked[f"{EKLET}/root-cbs-size"]) > 20
    assert f"{EKLET}/eip-attributes" not in asked
    assert pod(server)["nodeSelector"] == {"node.kubernetes.io/instance-type": "eklet"}
    assert pod(server)["tolerations"] == [{"key": f"{EKLET}/eklet", "operator": "Exists", "effect": "NoSchedule"}]


def test_beside_a_super_pool_downloads_and_the_page_run_on_the_system_pool() -> None:
    made = up(SUPER)
    for each in (made.one(JOB, DOWNLOAD), named(made, DEPLOYMENT, "webui")):
        assert pod(each)["nodeSelector"] == {"tke-llm/pool": "system"}
        assert "tolerations" not in pod(each)
        assert not any(key.startswith(EKLET) for key in annotations(each))


def test_without_a_gateway_pods_on_super_nodes_get_an_eip_and_cpu_nodes_a_public_address() -> None:
    made = up({**SUPER, **WITHOUT_NAT, "pools.gpu.publicBandwidth": 50})
    eip = json.loads(annotations(named(made, DEPLOYMENT, "chat"))[f"{EKLET}/eip-attributes"])
    assert eip == {"InternetMaxBandwidthOut": 50, "InternetChargeType": "TRAFFIC_POSTPAID_BY_HOUR"}
    assert system_machine(made)["publicIpAssigned"] is True
    assert system_machine(made)["internetMaxBandwidthOut"] == 50
    assert made.of("nat/gateway:Gateway") == []


def test_public_bandwidth_of_the_pools_holds_for_the_nodes_that_download() -> None:
    made = up({**WITHOUT_NAT, "pools.gpu.publicBandwidth": 100})
    native = made.one("nativeNodePool:NativeNodePool").inputs["native"]
    assert native["internetAccessible"]["maxBandwidthOut"] == 100
    assert system_machine(made)["internetMaxBandwidthOut"] == 100


def test_behind_a_gateway_no_cpu_node_has_a_public_address() -> None:
    machine = system_machine(up({"pools.gpu.publicBandwidth": 100}))
    assert (machine["publicIpAssigned"], machine["internetMaxBandwidthOut"]) == (False, 0)


def test_the_download_of_a_cluster_with_super_nodes_only_runs_there_without_a_gpu() -> None:
    made = up({**BY_ID, **SUPER, "pools.gpu.publicBandwidth": 20})
    job, page = made.one(JOB, DOWNLOAD), named(made, DEPLOYMENT, "webui")
    asked = annotations(job)
    assert not {f"{EKLET}/gpu-type", f"{EKLET}/gpu-count"} & asked.keys()
    assert int(asked[f"{EKLET}/root-cbs-size"]) > 20
    assert f"{EKLET}/eip-attributes" in asked
    assert "nvidia.com/gpu" not in json.dumps(pod(job))
    for each in (job, page):
        assert pod(each)["nodeSelector"]["node.kubernetes.io/instance-type"] == "eklet"
        assert pod(each)["tolerations"]
    assert f"{EKLET}/root-cbs-size" not in annotations(page)


def test_each_model_runs_on_its_own_pool_and_nothing_else_does() -> None:
    made = up(
        {
            "cluster.systemPool": {"disk": 140},
            "pools": {
                "a10": {"instanceType": "PNV4.7XLARGE116"},
                "t4": {"kind": "ordinary", "instanceType": "GN7.5XLARGE80"},
                "virtual": {"kind": "super", "gpuType": "L20"},
            },
            "models": {
                "chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "pool": "a10"},
                "small": {"model": "deepseek-r1:7b", "engine": "ollama", "pool": "t4"},
                "wide": {"model": "Qwen/Qwen3-14B", "engine": "sglang", "pool": "virtual"},
            },
        }
    )
    found = {name: pod(named(made, DEPLOYMENT, name))["nodeSelector"] for name in ("chat", "small", "wide")}
    assert found["chat"] == {"tke-llm/pool": "dev-a10"}
    assert found["small"] == {"tke-llm/pool": "dev-t4"}
    assert found["wide"] == {"node.kubernetes.io/instance-type": "eklet"}
    others = [*made.of(JOB), named(made, DEPLOYMENT, "webui")]
    assert [pod(each)["nodeSelector"] for each in others] == [{"tke-llm/pool": "system"}] * 6
    taints = [
        pool.inputs["taints"] for pool in made.of(ORDINARY) if "gpu" not in pool.name and "system" not in pool.name
    ]
    assert [taint["key"] for pool in taints for taint in pool] == ["nvidia.com/gpu"]


def test_on_a_cluster_that_exists_cpu_pods_stay_off_gpu_and_super_nodes() -> None:
    pool = {"kind": "existing", "gpu": "A10", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi",
            "nodeSelector": {"gpu": "a10", "team": "ml"}}  # fmt: skip
    made = up({**BY_ID, "pools": {"gpu": pool}})
    for each in (made.one(JOB, DOWNLOAD), named(made, DEPLOYMENT, "webui")):
        required = pod(each)["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        for node, welcome in (
            ({"gpu": "a10", "team": "ml"}, False),
            ({"gpu": "a10", "team": "other"}, True),
            ({"node.kubernetes.io/instance-type": "eklet"}, False),
            ({}, True),
        ):
            assert admitted(required["nodeSelectorTerms"], node) is welcome, node


def admitted(terms: list[dict[str, Any]], labels: dict[str, str]) -> bool:
    """What the scheduler makes of terms whose expressions are all `NotIn`."""
    return any(
        all(
            each["operator"] == "NotIn" and labels.get(each["key"]) not in each["values"]
            for each in term["matchExpressions"]
        )
        for term in terms
    )


def test_a_pool_without_gpu_that_exists_takes_the_cpu_pods_too() -> None:
    cpu = {"kind": "existing", "cpu": 8, "memory": "16Gi", "nodeSelector": {"role": "cpu"},
           "taints": [{"key": "only", "value": "us"}]}  # fmt: skip
    made = up({**BY_ID, "pools": {"cpu": cpu}, "models": {"chat": {"model": "qwen2.5:0.5b", "engine": "ollama"}}})
    for each in (made.one(JOB, DOWNLOAD), *made.of(DEPLOYMENT)):
        assert pod(each)["nodeSelector"] == {"role": "cpu"}
        assert [toleration["key"] for toleration in pod(each)["tolerations"]] == ["only"]
        assert "affinity" not in pod(each)
