"""The managed cluster with its system pool and endpoint, and clusters that exist."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.cloud.cluster import AttachedCluster, AttachedClusterArgs, ManagedCluster, ManagedClusterArgs
from components.cloud.kubeconfig import read, select_context
from components.naming import Naming
from planner.cluster.decide import plan_cluster
from planner.plan.types import ClusterPlan, ExistingClusterPlan
from planner.pools.system_pool import plan_system_pool
from rehearsal.wire import holds_secret
from tests.components.plans import settings
from tests.components.recorder import ComponentRun, build

NAMING = Naming("tke-llm", "dev", {"team": "ml"})
KUBECONFIG = "apiVersion: v1\nkind: Config\n"
ENDPOINT = "tencentcloud:Kubernetes/clusterEndpoint:ClusterEndpoint"
OUTPUTS = {
    ENDPOINT: {"kubeConfig": f"{KUBECONFIG}# public", "kubeConfigIntranet": f"{KUBECONFIG}# intranet"},
    "random:index/randomPassword:RandomPassword": {"result": "generated"},
}
TWO_CONTEXTS = yaml.safe_dump(
    {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "contexts": [{"name": n, "context": {"cluster": f"c-{n}", "user": f"u-{n}"}} for n in ("one", "two")],
        "clusters": [{"name": f"c-{n}", "cluster": {"server": f"https://{n}.example"}} for n in ("one", "two")],
        "users": [{"name": f"u-{n}", "user": {"token": f"token-of-{n}"}} for n in ("one", "two")],
    }
)


def cluster(
    *,
    public: bool = False,
    retain: bool = False,
    preview: bool = False,
    after: Callable[[], list[pulumi.Resource]] = list,
    **given: Any,
) -> ComponentRun:
    plan = plan_cluster(settings(cluster=given), plan_system_pool(settings(cluster=given)))
    assert isinstance(plan, ClusterPlan)

    def make() -> dict[str, pulumi.Output[Any]]:
        made = ManagedCluster(
            "cluster",
            ManagedClusterArgs(
                naming=NAMING,
                plan=plan,
                vpc_id="vpc-1",
                subnet_ids=["subnet-1", "subnet-2"],
                pod_subnet_ids=["subnet-3", "subnet-4"],
                node_security_group_id="sg-nodes",
                api_security_group_id="sg-api" if public else None,
                retain=retain,
                after=after(),
            ),
        )
        return {
            "kubeconfig": made.kubeconfig,
            "id": made.cluster_id,
        }

    return build(make, preview=preview, outputs=OUTPUTS)


def test_the_cluster_is_managed_and_named_after_project_and_stack() -> None:
    inputs = cluster().one("kubernetes/cluster:Cluster").inputs
    assert inputs["clusterDeployType"] == "MANAGED_CLUSTER"
    assert inputs["clusterName"] == "tke-llm-dev-cluster"
    assert inputs["tags"].items() >= {"team": "ml", "pulumi-stack": "dev"}.items()


def test_pods_get_vpc_addresses_and_services_a_range_of_their_own() -> None:
    inputs = cluster(serviceCidr="172.16.0.0/22").one("kubernetes/cluster:Cluster").inputs
    assert (inputs["networkType"], inputs["vpcCniType"]) == ("VPC-CNI", "tke-route-eni")
    assert inputs["eniSubnetIds"] == ["subnet-3", "subnet-4"]
    assert inputs["serviceCidr"] == "172.16.0.0/22"
    assert inputs["clusterMaxServiceNum"] == 1024
    assert "clusterCidr" not in inputs


def test_in_gr_mode_pods_have_a_range_and_no_subnets() -> None:
    inputs = cluster(networkMode="gr").one("kubernetes/cluster:Cluster").inputs
    assert (inputs["networkType"], inputs["clusterCidr"]) == ("GR", "172.20.0.0/16")
    assert not {"eniSubnetIds", "serviceCidr", "vpcCniType"} & inputs.keys()


def test_password_and_ca_of_the_cluster_are_sealed() -> None:
    sealed = set(cluster().one("kubernetes/cluster:Cluster").registration.additional_secret_outputs)
    assert {"password", "certificationAuthority"} <= sealed


def test_the_endpoint_waits_for_a_running_node() -> None:
    cloud = cluster()
    assert cloud.depends(cloud.one(ENDPOINT), cloud.one("kubernetes/nodePool:NodePool"))


def test_an_intranet_endpoint_stands_in_the_preferred_subnet() -> None:
    cloud = cluster()
    inputs = cloud.one(ENDPOINT).inputs
    assert (inputs["clusterIntranet"], inputs["clusterIntranetSubnetId"]) == (True, "subnet-1")
    assert inputs["clusterInternet"] is False
    assert cloud.seen["kubeconfig"].value.endswith("# intranet")


def test_a_public_endpoint_stands_behind_its_security_group() -> None:
    cloud = cluster(public=True)
    inputs = cloud.one(ENDPOINT).inputs
    assert (inputs["clusterInternet"], inputs["clusterInternetSecurityGroup"]) == (True, "sg-api")
    assert inputs["clusterIntranet"] is False
    assert cloud.seen["kubeconfig"].value.endswith("# public")


@pytest.mark.parametrize("public", [True, False])
def test_the_kubeconfig_is_secret(public: bool) -> None:
    assert cluster(public=public).seen["kubeconfig"].secret


@pytest.mark.parametrize("public", [True, False])
def test_a_first_preview_has_no_kubeconfig_and_plans_the_same_resources(public: bool) -> None:
    planned = cluster(public=public, preview=True)
    assert not planned.seen["kubeconfig"].known
    assert planned.seen["kubeconfig"].secret
    assert {r.urn for r in planned.resources} == {r.urn for r in cluster(public=public).resources}


def test_the_cluster_waits_for_the_service_roles() -> None:
    def roles() -> list[pulumi.Resource]:
        return [pulumi.CustomResource("test:index:Role", "role", {})]

    cloud = cluster(after=roles)
    assert cloud.depends(cloud.one("kubernetes/cluster:Cluster"), cloud.one("test:index:Role"))


@pytest.mark.parametrize(("retain", "mode"), [(True, "retain"), (False, "terminate")])
def test_disks_left_behind_follow_retain(retain: bool, mode: str) -> None:
    options = cluster(retain=retain).one("kubernetes/cluster:Cluster").inputs["resourceDeleteOptions"]
    assert options == [{"resourceType": "CBS", "deleteMode": mode}]


def test_slow_steps_are_given_time() -> None:
    cloud = cluster()
    for type_ in ("kubernetes/cluster:Cluster", "kubernetes/nodePool:NodePool", ENDPOINT):
        assert cloud.one(type_).registration.timeouts["create"] == "60m", type_


def test_every_child_has_its_parent_and_a_name_of_its_own() -> None:
    cloud = cluster(public=True)
    top, system = cloud.one("tke-llm:cloud:Cluster"), cloud.one("tke-llm:cloud:SystemPool")
    assert {r.name: r.parent for r in cloud.resources if r is not top} == {
        "cluster-cluster": top.urn,
        "cluster-endpoint": top.urn,
        "cluster-system": top.urn,
        "cluster-system-nodes": system.urn,
        "cluster-system-password": system.urn,
    }


def existing(
    kubeconfig: str | None = None, *, public: bool = False, answers: dict[str, Any] | None = None, **given: str
) -> ComponentRun:
    plan = ExistingClusterPlan(public=public, **given)

    def make() -> dict[str, pulumi.Output[Any]]:
        made = AttachedCluster(
            "cluster",
            AttachedClusterArgs(plan=plan, kubeconfig=kubeconfig),
        )
        return {"kubeconfig": made.kubeconfig, "id": made.cluster_id}

    return build(make, answers=answers)


def found(**kubeconfigs: str) -> dict[str, Any]:
    cluster = {"clusterId": "cls-1", "kubeConfig": "", "kubeConfigIntranet": "", **kubeconfigs}
    return {"tencentcloud:Kubernetes/getClusters:getClusters": {"lists": [cluster]}}


def test_a_cluster_given_by_id_brings_the_kubeconfig_of_the_chosen_endpoint_sealed() -> None:
    answers = found(kubeConfig="public", kubeConfigIntranet="intranet")
    seen = existing(id="cls-1", answers=answers).seen
    assert (seen["kubeconfig"].value, seen["kubeconfig"].secret) == ("intranet", True)
    assert seen["id"].value == "cls-1"
    assert existing(id="cls-1", public=True, answers=answers).seen["kubeconfig"].value == "public"


def test_a_cluster_without_that_endpoint_is_refused_with_the_way_out() -> None:
    with pytest.raises(pulumi.RunError, match=r"cls-1 has no public endpoint.*endpoint.access to intranet"):
        existing(id="cls-1", public=True, answers=found(kubeConfigIntranet="intranet"))


def test_a_cluster_that_is_not_there_is_refused_by_its_id() -> None:
    with pytest.raises(pulumi.RunError, match="no cluster cls-2"):
        existing(id="cls-2", answers=found(kubeConfig="public"))


def test_a_kubeconfig_file_is_read_and_kept_secret(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(TWO_CONTEXTS)
    cloud = existing(kubeconfig_path=str(path), context="two")
    assert yaml.safe_load(cloud.seen["kubeconfig"].value)["current-context"] == "two"
    assert cloud.seen["kubeconfig"].secret
    assert cloud.seen["id"].value == "https://two.example"
    assert not cloud.seen["id"].secret
    assert [r.type for r in cloud.resources] == ["tke-llm:cloud:ExistingCluster"]


def test_a_secret_kubeconfig_serves_instead_of_a_file() -> None:
    assert yaml.safe_load(existing(TWO_CONTEXTS).seen["kubeconfig"].value)["current-context"] == "one"


def test_other_clusters_credentials_are_left_out() -> None:
    text = select_context(TWO_CONTEXTS, "two")
    assert "token-of-two" in text
    assert "one" not in text


def test_an_unknown_context_is_refused_with_those_there_are() -> None:
    with pytest.raises(pulumi.RunError, match="no context 'twoo'; it has: one, two; did you mean two") as refusal:
        select_context(TWO_CONTEXTS, "twoo")
    assert "token" not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "- a list", "a: b: c", "contexts: [1]"])
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(pulumi.RunError, match=r"cluster\.existing"):
        select_context(text, None)


def test_a_context_without_its_user_is_refused() -> None:
    config = yaml.safe_load(TWO_CONTEXTS) | {"users": []}
    with pytest.raises(pulumi.RunError, match="names no cluster or user"):
        select_context(yaml.safe_dump(config), None)


def test_a_file_that_cannot_be_read_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"kubeconfigPath: cannot read .*missing"):
        read(str(tmp_path / "missing"))


def test_no_way_into_an_existing_cluster_is_refused_with_the_ways_there_are() -> None:
    with pytest.raises(pulumi.RunError, match="pulumi config set --secret tke-llm:kubeconfig"):
        read(None)


def test_the_nodes_password_goes_out_sealed() -> None:
    pool = cluster().one("kubernetes/nodePool:NodePool")
    assert holds_secret(pool.sealed["autoScalingConfig"])
    assert pool.inputs["autoScalingConfig"]["password"] == "generated"
