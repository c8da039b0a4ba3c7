"""Tencent's managed Prometheus (TMP): an instance outside the cluster, which an agent of its own reads the cluster for.

What is known of it, from Tencent Cloud's documents: an instance has a collector, in a serverless cluster of its own,
and puts "only one lightweight agent" into a cluster that is associated with it (457/46734); it then reads every
PodMonitor of that cluster, unless labelled `tps-skip-monitor` (457/71900); what its collector mounts lies in a
namespace `prom-xxx` (457/71899), which is the form of an instance's id. That the agent's pods are in a namespace of
that name is taken from there, and no source says it; nor does one say whether the collector reads pods by the agent or
by itself.
"""

from planner.plan.access import InNamespace, OfInstance
from planner.plan.monitoring import ManagedPlan
from settings.stack import Settings

MOST_RULES = 150
"""Alerts of an instance, and as many recording rules (Tencent Cloud 1116, Use Limits); more on request."""


def plan_managed(settings: Settings) -> ManagedPlan | None:
    """The instance, and what the stack does of it; None where another Prometheus is meant."""
    if not settings.monitoring.managed():
        return None
    asked = settings.monitoring
    return ManagedPlan(
        instance_id=asked.instance_id,
        zone=next(iter(settings.network.zones), ""),
        retention_days=asked.retention_days,
        attaches=asked.install != "none",
        receivers=asked.receivers,
    )


def reader(settings: Settings) -> InNamespace | OfInstance:
    """Who reads the models' metrics: all pods of a namespace, for no source names labels."""
    named = settings.monitoring.namespace or settings.monitoring.instance_id
    return OfInstance() if named is None else InNamespace(named)


def has_subnets(settings: Settings) -> bool:
    """Whether there is a subnet to make an instance in."""
    network = settings.network
    return settings.owns_cluster() or (network.vpc_id is not None and bool(network.subnet_ids))
