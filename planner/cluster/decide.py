"""The cluster that is made or used, and what everything of the stack is called."""

from planner.network.decide import SERVICES
from planner.plan.types import ClusterPlan, ExistingClusterPlan, NamesPlan, SystemPoolPlan
from settings.stack import Settings

MOST_SERVICES = 32768
"""Upper bound of the number of Services (argument `cluster_max_service_num` of the provider's kubernetes_cluster)."""


def plan_names(settings: Settings) -> NamesPlan:
    """What the stack's resources and objects are called and tagged with."""
    return NamesPlan(
        project=settings.project,
        stack=settings.stack,
        namespace=settings.namespace_name(),
        suffix=settings.cluster_suffix(),
        tags=tuple(settings.tags.items()),
    )


def plan_cluster(settings: Settings, system_pool: SystemPoolPlan) -> ClusterPlan | ExistingClusterPlan:
    """The cluster to make, with these CPU nodes, or the one that exists."""
    cluster, endpoint = settings.cluster, settings.cluster.endpoint
    public = endpoint is not None and endpoint.access == "public"
    if cluster.existing is not None:
        given = cluster.existing
        return ExistingClusterPlan(
            id=given.id, kubeconfig_path=given.kubeconfig_path, context=given.context, public=public
        )
    gr = cluster.network_mode == "gr"
    return ClusterPlan(
        version=cluster.version,
        level=cluster.level,
        network_mode=cluster.network_mode,
        pod_cidr=cluster.pod_cidr if gr else None,
        service_cidr=None if gr else cluster.service_cidr,
        services=SERVICES if gr else min(cluster.service_cidr.num_addresses, MOST_SERVICES),
        api_allow=endpoint.allow if endpoint is not None and public else None,
        deletion_protection=cluster.deletion_protection,
        makes_roles=cluster.service_roles == "create",
        system_pool=system_pool,
    )
