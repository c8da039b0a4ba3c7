"""The cluster: its Kubernetes version, and what it means to use one that exists."""

from collections.abc import Iterator

from packaging.version import Version

from catalog.load import Catalog
from catalog.versions import kubernetes_version, minor
from planner.cluster import codes
from settings.diagnostics import Diagnostic
from settings.stack import Settings
from settings.translation import tr

OLDEST = (1, 26)
"""The oldest version that the rendered objects suit: containerd as the only runtime (vendor 457, from 1.24), Pod
Security admission (1.25) and LeaderWorkerSet (1.26)."""
OLDEST_FOR_GATEWAY = (1, 30)
"""The oldest version that Envoy Gateway 1.5 and later support (gateway.envoyproxy.io, compatibility matrix)."""


def check_cluster(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the cluster's version, or with the way to an existing cluster."""
    if settings.owns_cluster():
        yield from _version(settings, catalog)
    else:
        yield from _existing(settings)


def _version(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    given, path = settings.cluster.version, "cluster.version"
    version, known = kubernetes_version(given), tuple(catalog.kubernetes_versions)
    usual = str(type(settings.cluster).model_fields["version"].default)
    if version is None:
        yield codes.kubernetes_version_unreadable(path, version=given, usual=usual, known=known)
        return
    oldest, feature = OLDEST, tr("the objects that are rendered")
    if settings.expose.installs_envoy():
        oldest, feature = OLDEST_FOR_GATEWAY, "Envoy Gateway"
    if minor(version) < oldest:
        least = f"{oldest[0]}.{oldest[1]}"
        yield codes.kubernetes_too_old(path, version=given, oldest=least, feature=feature, usual=usual)
    elif given not in known:
        near = next((each for each in known if minor(Version(each)) == minor(version)), usual)
        yield codes.kubernetes_version_unknown(path, version=given, near=near, known=known)


def _existing(settings: Settings) -> Iterator[Diagnostic]:
    existing = settings.cluster.existing
    if existing is None:
        return
    by_kubeconfig = existing.kubeconfig_path is not None or "kubeconfig" in settings.secrets
    if existing.id is None and not by_kubeconfig:
        yield codes.no_way_to_the_cluster("cluster.existing")
    for path in _without_effect(settings):
        yield codes.no_effect_on_existing_cluster(path, setting=path)
    for name, pool in settings.pools.items():
        if pool.kind != "existing" and existing.id is None:
            yield codes.pool_needs_a_cluster_id(f"pools.{name}.kind", pool=name, kind=pool.kind)
        elif pool.kind != "existing" and settings.network.vpc_id is None:
            yield codes.pool_needs_the_vpc("network.vpcId", pool=name)


def _without_effect(settings: Settings) -> list[str]:
    """Settings that shape a new cluster say nothing to one that exists."""
    existing = settings.cluster.existing
    kept = {"existing"} | ({"endpoint"} if existing and existing.id else set())
    fields = type(settings.cluster).model_fields
    paths = [f"cluster.{fields[name].alias}" for name in sorted(settings.cluster.model_fields_set - kept)]
    if existing and existing.id is None and settings.network.vpc_id is None and settings.network.model_fields_set:
        paths.append("network")
    if existing and settings.network.pod_subnet_ids:
        paths.append("network.podSubnetIds")
    return paths
