"""Prometheus with its operator, and Grafana, which monitoring needs."""

from catalog.load import Catalog
from catalog.software import Chart
from planner.plan.software import CpuPods, InstallPlan
from planner.software.charts import choose, plan_install
from settings.stack import Settings
from settings.translation import tr

PROMETHEUS = "kube-prometheus-stack"
SERVICE, PORT = "prometheus-operated", 9090
"""Of every Prometheus that its operator runs (prometheus-operator, pkg/prometheus/server/statefulset.go,
governingServiceName)."""
KEPT_GIB = 8
"""What Prometheus keeps on its node's disk at most (retentionSize in catalog/data/charts.yaml)."""

AGENT_MIB = 1024
"""What the agent of the managed Prometheus takes at most (Tencent Cloud 457/46734); its CPU, and what its exporters
take beside it, no source says."""


def installs_prometheus(settings: Settings) -> bool:
    """Whether it is installed: a cluster that exists has one operator or none."""
    return settings.monitoring.in_cluster() and installs_exporters(settings)


def installs_exporters(settings: Settings) -> bool:
    """Whether the stack brings what shows metrics that nothing of a cluster of its own shows, whoever reads them."""
    asked = settings.monitoring
    return asked.enabled() and asked.install == "helm" and settings.owns_cluster()


def plan_prometheus(settings: Settings, catalog: Catalog) -> InstallPlan | None:
    """Its release, where the stack brings it."""
    if not installs_prometheus(settings):
        return None
    return plan_install(prometheus_chart(settings, catalog), settings, catalog)


def prometheus_chart(settings: Settings, catalog: Catalog) -> Chart:
    """The chart that brings all of it."""
    return choose(PROMETHEUS, "helm", settings, catalog)


def prometheus_pods(settings: Settings, catalog: Catalog) -> tuple[CpuPods, ...]:
    """The pods that it adds to the CPU nodes."""
    if settings.monitoring.managed() and settings.monitoring.install != "none":
        return (CpuPods(tr("the managed Prometheus' agent"), 1, 0, AGENT_MIB),)
    parts = prometheus_chart(settings, catalog).parts if installs_prometheus(settings) else ()
    return tuple(CpuPods(tr("Prometheus and Grafana"), 1, part.cpu_millis, part.memory_mib) for part in parts)
