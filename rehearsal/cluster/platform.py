"""What a TKE cluster and its add-ons bring into it: CSI drivers, DaemonSets, services, classes."""

from collections.abc import Mapping
from typing import Any

from catalog.cloud import Addon
from components.workloads.gateway import CONTROLLER
from planner.plan.types import Plan
from planner.pools.decide import SUPER_NODE_SELECTOR
from planner.pools.system_pool import CLUSTER_CPU_MILLIS, CLUSTER_MEMORY_MIB
from planner.software.addons import BLOCK, GPU
from planner.storage.drivers import BLOCK_DRIVER, CFS_DRIVER, CFS_PROVISIONER, TURBO_DRIVER
from rehearsal.cluster.nodes import GPU_NODE

NAMESPACE = "kube-system"
ANY_PROVISIONER = "any.rehearsal.tke-llm"
"""Provisioner of classes that the stack file names and somebody else made: it refuses nothing."""

_DRIVERS = {
    BLOCK: {BLOCK_DRIVER: True},
    "cfs": {CFS_PROVISIONER: False, CFS_DRIVER: False},
    "cfsturbo": {TURBO_DRIVER: False},
}
"""Add-on -> its drivers -> whether a volume is attached to a node before it is mounted there."""
ADDON_OF: Mapping[str, str] = {driver: addon for addon, drivers in _DRIVERS.items() for driver in drivers}
"""Driver (a StorageClass's provisioner) -> the add-on that brings it."""


def every_driver() -> list[dict[str, Any]]:
    """The drivers of a cluster whose add-ons are its owner's business, and that of classes that we do not know."""
    return [*(driver for addon in _DRIVERS for driver in drivers(addon)), _driver(ANY_PROVISIONER, attach=False)]


def addon(name: str, known: Mapping[str, Addon]) -> list[dict[str, Any]]:
    """What an add-on brings: its CSI drivers, and its DaemonSet where the catalogue knows what that asks for."""
    return [*drivers(name), *([daemonset(known[name])] if name in known else [])]


def drivers(addon: str) -> list[dict[str, Any]]:
    return [_driver(name, attach=attach) for name, attach in _DRIVERS.get(addon, {}).items()]


def _driver(name: str, *, attach: bool) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "CSIDriver",
        "metadata": {"name": name},
        "spec": {"attachRequired": attach, "podInfoOnMount": False},
    }


def given_classes(plan: Plan) -> list[dict[str, Any]]:
    """StorageClasses that are there before the stack: TKE's own, or those that the stack file names on a cluster that
    exists, and there a default one."""
    if plan.owns_cluster:
        return [_class("cbs", BLOCK_DRIVER, default=True)]
    storage = plan.storage
    of_the_page = None if storage.makes_webui_class else storage.webui_class
    named = {name for name in (storage.class_name, of_the_page) if name}
    return [
        *(_class(name, ANY_PROVISIONER, default=False) for name in sorted(named)),
        _class("rehearsal-default", ANY_PROVISIONER, default=True),
    ]


def _class(name: str, provisioner: str, *, default: bool) -> dict[str, Any]:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": name,
            "annotations": {"storageclass.kubernetes.io/is-default-class": str(default).lower()},
        },
        "provisioner": provisioner,
    }


def given_gateway(plan: Plan) -> list[dict[str, Any]]:
    """The Gateway that the stack file names as somebody else's."""
    if plan.exposure is None or plan.exposure.attach_to is None:
        return []
    namespace, name = plan.exposure.attach_to
    gateway = "gateway.networking.k8s.io/v1"
    listener = {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": {"namespaces": {"from": "All"}}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        {
            "apiVersion": gateway,
            "kind": "GatewayClass",
            "metadata": {"name": "given"},
            "spec": {"controllerName": CONTROLLER},
        },
        {
            "apiVersion": gateway,
            "kind": "Gateway",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"gatewayClassName": "given", "listeners": [listener]},
        },
    ]


def daemonset(addon: Addon) -> dict[str, Any]:
    """The pods of an add-on: on every machine, or on those with GPUs; never on super nodes, which take none. What is
    not known to tolerate taints does not."""
    key, value = SUPER_NODE_SELECTOR[0]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": addon.name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"addon": addon.name}},
            "template": {
                "metadata": {"labels": {"addon": addon.name}},
                "spec": {
                    **({"nodeSelector": {GPU_NODE: "true"}} if addon.name == GPU else {}),
                    "affinity": {
                        "nodeAffinity": {
                            "requiredDuringSchedulingIgnoredDuringExecution": {
                                "nodeSelectorTerms": [
                                    {"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]}
                                ]
                            }
                        }
                    },
                    **({"tolerations": [{"operator": "Exists"}]} if addon.tolerates_taints else {}),
                    "priorityClassName": "system-node-critical",
                    "containers": [
                        _container(addon.name, addon.daemonset_cpu_millis, addon.daemonset_memory_mib),
                    ],
                },
            },
        },
    }


def cluster_services() -> dict[str, Any]:
    """One pod that asks for what name service, metrics and the controllers of add-ons take together."""
    name = "cluster-services"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "containers": [_container(name, CLUSTER_CPU_MILLIS, CLUSTER_MEMORY_MIB)],
                },
            },
        },
    }


def _container(name: str, cpu_millis: int, memory_mib: int) -> dict[str, Any]:
    requests = {"cpu": f"{cpu_millis}m", "memory": f"{memory_mib}Mi"}
    return {"name": name, "image": f"tke/{name}", "resources": {"requests": requests}}
