"""The cluster: its Kubernetes version, and what it means to use one that exists."""

import re
from collections.abc import Iterator

from catalog.load import Catalog
from settings.diagnostics import Diagnostic
from settings.models import Settings

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
    known = tuple(catalog.kubernetes_versions)
    usual = str(type(settings.cluster).model_fields["version"].default)
    if not re.fullmatch(r"\d+\.\d+(\.\d+)?", given):
        yield Diagnostic(
            severity="error",
            code="KUBERNETES_VERSION_UNREADABLE",
            path=path,
            message=f"{given!r} is not a Kubernetes version.",
            remedy=f"Use {usual}.",
            given=given,
            allowed=", ".join(known),
            fix=((path, usual),),
        )
        return
    oldest, feature = OLDEST, "the objects that are rendered"
    if settings.expose.via == "gateway" and settings.expose.install != "none":
        oldest, feature = OLDEST_FOR_GATEWAY, "Envoy Gateway"
    if _numbers(given)[:2] < oldest:
        yield Diagnostic(
            severity="error",
            code="KUBERNETES_TOO_OLD",
            path=path,
            message=f"Kubernetes {given} is too old for {feature}.",
            remedy=f"Use {usual}.",
            given=given,
            allowed=f"{oldest[0]}.{oldest[1]} or later",
            fix=((path, usual),),
        )
    elif given not in known:
        near = next((version for version in known if _numbers(version)[:2] == _numbers(given)[:2]), usual)
        yield Diagnostic(
            severity="warning",
            code="KUBERNETES_VERSION_UNKNOWN",
            path=path,
            message=f"The catalogue does not know that TKE offers Kubernetes {given}.",
            remedy=f"Use {near}, or compare it with the versions that the console offers for a new cluster.",
            given=given,
            allowed=", ".join(known),
            fix=((path, near),),
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _existing(settings: Settings) -> Iterator[Diagnostic]:
    existing = settings.cluster.existing
    if existing is None:
        return
    by_kubeconfig = existing.kubeconfig_path is not None or "kubeconfig" in settings.secrets
    if existing.id is None and not by_kubeconfig:
        yield Diagnostic(
            severity="error",
            code="NO_WAY_TO_THE_CLUSTER",
            path="cluster.existing",
            message="The existing cluster is named neither by its id nor by a kubeconfig.",
            remedy="Set cluster.existing.id or .kubeconfigPath, or the secret tke-llm:kubeconfig.",
            allowed="id, kubeconfigPath, or the secret kubeconfig",
        )
    yield from _without_effect(settings)
    for name, pool in settings.pools.items():
        path = f"pools.{name}.kind"
        if pool.kind != "existing" and existing.id is None:
            yield Diagnostic(
                severity="error",
                code="POOL_NEEDS_A_CLUSTER_ID",
                path=path,
                message=f"Pool {name} cannot be made in a cluster that is known by its kubeconfig only.",
                remedy="Set kind: existing with the nodes' labels, or name the cluster by cluster.existing.id.",
                given=pool.kind,
                allowed="existing",
                fix=((path, "existing"),),
            )
        elif pool.kind != "existing" and settings.network.vpc_id is None:
            yield Diagnostic(
                severity="error",
                code="POOL_NEEDS_THE_VPC",
                path="network.vpcId",
                message=f"Pool {name} is made in the existing cluster, but its VPC and subnets are not named.",
                remedy="Set network.vpcId, .zones and .subnetIds to those of the cluster.",
            )


def _without_effect(settings: Settings) -> Iterator[Diagnostic]:
    """Settings that shape a new cluster say nothing to one that exists."""
    existing = settings.cluster.existing
    kept = {"existing"} | ({"endpoint"} if existing and existing.id else set())
    fields = type(settings.cluster).model_fields
    paths = [f"cluster.{fields[name].alias}" for name in sorted(settings.cluster.model_fields_set - kept)]
    if existing and existing.id is None and settings.network.vpc_id is None and settings.network.model_fields_set:
        paths.append("network")
    if existing and settings.network.pod_subnet_ids:
        paths.append("network.podSubnetIds")
    for path in paths:
        yield Diagnostic(
            severity="warning",
            code="NO_EFFECT_ON_EXISTING_CLUSTER",
            path=path,
            message=f"{path} has no effect: the cluster exists already.",
            remedy="Remove it.",
            fix=((path, None),),
        )
