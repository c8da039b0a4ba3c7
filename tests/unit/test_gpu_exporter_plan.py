"""NVIDIA's exporter on the machines of a stack: where it runs, what it may, what it takes and what it shows."""

from typing import Any

import pytest

from catalog.load import load
from planner.plan.access import ExporterPlan, InNamespace
from planner.plan.software import InstallPlan
from planner.plan.types import Plan
from planner.software.gpu_exporter import GPU_EXPORTER
from tests.unit.stacks import KUBECONFIG, codes, found, planned

ON = {"monitoring": {"via": "prometheus-operator"}}
SUPER = {"pools.gpu": {"kind": "super", "gpuType": "A10*PNV4"}}


def installed(plan: Plan) -> InstallPlan | None:
    return next((each for each in plan.installs if each.software == GPU_EXPORTER), None)


def values(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    plan = planned({**ON, **(changes or {})})
    assert not plan.errors, plan.errors
    install = installed(plan)
    assert install is not None
    return dict(install.values)


def nodes(changes: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    where = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms"
    terms: list[dict[str, Any]] = values(changes)[where]
    return terms


@pytest.mark.parametrize(
    "changes",
    [{}, {**ON, "monitoring.install": "none"}, {**ON, **KUBECONFIG}, {**ON, **SUPER}],
    ids=["nothing is measured", "somebody else installs", "the cluster is another's", "super nodes alone"],
)
def test_where_nothing_reads_it_or_it_cannot_run_there_is_none(changes: dict[str, Any]) -> None:
    plan = planned(changes)
    assert installed(plan) is None
    assert plan.policies is None or plan.policies.exporter is None


def test_it_runs_on_the_machines_with_gpus_whatever_keeps_others_off_them() -> None:
    plan = planned(ON)
    label = {"key": "tke-llm/pool", "operator": "In", "values": [dict(plan.pools["gpu"].labels)["tke-llm/pool"]]}
    assert nodes() == [{"matchExpressions": [label]}]
    assert values()["tolerations"] == [{"operator": "Exists"}]


def test_of_two_pools_it_runs_on_that_with_machines() -> None:
    both = {"pools.cheap": {"kind": "super", "gpuType": "T4"}, "models.chat.pool": "gpu"}
    assert nodes(both) == nodes()


def test_it_may_not_administrate_the_node() -> None:
    """Chart 4.8.2 drops all and adds SYS_ADMIN; a list that is set takes the place of the chart's."""
    assert values()["securityContext.capabilities.add"] == ["NET_BIND_SERVICE"]
    assert "securityContext.capabilities.drop" not in values()
    assert not [name for name in values() if "privileged" in name.lower() or "host" in name.lower()]


def test_it_shows_what_is_asked_for_and_no_field_that_needs_more_rights() -> None:
    fields = [line.split(", ")[0] for line in values()["customMetrics"].splitlines()]
    asked = [each.name for names in load().metrics["dcgm"].metrics.values() for each in names]
    assert fields == asked
    assert not [field for field in fields if field.startswith("DCGM_FI_PROF")]
    assert all(line.count(",") == 2 for line in values()["customMetrics"].splitlines())


def test_what_it_takes_of_a_machine_is_not_left_for_models() -> None:
    without, with_it = planned().pools["gpu"], planned(ON).pools["gpu"]
    assert without.allocatable_memory_mib - with_it.allocatable_memory_mib == 512
    assert without.allocatable_cpu_millis - with_it.allocatable_cpu_millis == 100
    assert (values()["resources.requests.memory"], values()["resources.requests.cpu"]) == ("512Mi", "100m")


def test_nothing_is_taken_where_it_is_not_installed() -> None:
    elsewhere = planned({**ON, "monitoring.install": "none"}).pools["gpu"]
    assert elsewhere.allocatable_memory_mib == planned().pools["gpu"].allocatable_memory_mib


def test_its_image_comes_through_the_mirror_of_the_mainland() -> None:
    """The base stack is in Guangzhou; catalog/data/mirrors.yaml."""
    assert values()["image.repository"] == "nvcr.tencentcloudcr.com/nvidia/k8s/dcgm-exporter"
    install = installed(planned({**ON, "network.zones": ["ap-singapore-1"]}, region="ap-singapore"))
    assert install is not None
    assert "image.repository" not in dict(install.values)


def test_prometheus_alone_comes_in() -> None:
    plan = planned(ON)
    assert plan.policies is not None
    assert plan.monitoring is not None
    assert plan.policies.exporter == ExporterPlan("dcgm-exporter", 9400, plan.monitoring.scraper)
    assert plan.monitoring.scraper == InNamespace("monitoring", (("app.kubernetes.io/name", "prometheus"),))


def test_its_pods_carry_what_they_are_read_by() -> None:
    """The chart labels them app.kubernetes.io/name: <name of the chart> unless nameOverride says otherwise
    (deployment/templates/_helpers.tpl)."""
    plan = planned(ON)
    install = installed(plan)
    assert install is not None
    assert plan.monitoring is not None
    (read,) = [each for each in plan.monitoring.monitors if each.name == "gpus"]
    assert dict(read.labels) == {"app.kubernetes.io/name": install.chart}
    assert not [name for name, _ in install.values if "nameOverride" in name]
    assert (read.namespace, read.port) == (install.namespace, "9400")


def test_it_is_said_what_stays_unseen() -> None:
    assert not {"GPU_EXPORTER_EXPECTED", "GPUS_UNSEEN_ON_SUPER_NODES"} & set(codes(planned(ON)))
    assert found(planned({**ON, **KUBECONFIG}), "GPU_EXPORTER_EXPECTED").severity == "note"
    cannot = codes(planned({**ON, **SUPER}))
    assert "GPUS_UNSEEN_ON_SUPER_NODES" in cannot
    assert "GPU_EXPORTER_EXPECTED" not in cannot
