"""The models' files on the nodes' own disks: a volume for each pool, which is the same folder on whichever of its nodes
a pod lands, pods that make that folder, and pods that fill it from the store.

A `local` volume need not name its node: Kubernetes asks of it that the node matches its affinity (scheduler:
volumebinding/binder.go, kubelet: operation_generator.go, both by CheckNodeAffinity), and mounts what lies at its path
there (pkg/volume/local).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from components.workloads.scripts import node_cache as script
from planner.engines.pod import USER
from planner.plan.rollout import NodeCachePlan
from planner.plan.server import MODELS_MOUNT, EngineSpec, Resources, Scratch
from planner.plan.types import PoolPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import ContainerArgsDict, PodSpecArgsDict, VolumeArgsDict, VolumeMountArgsDict

NAME = "node-cache"
SCRIPT = Path(script.__file__)
SCRIPT_MOUNT, STORE_MOUNT, CACHE_MOUNT = "/opt/tke-llm", "/store", "/node-cache"
LINKS = Scratch("links", MODELS_MOUNT, size_mib=1)
"""Where a server finds its models: a link for each."""
FOLDER = 'chgrp "$2" "$1" && chmod 2775 "$1" && exec sleep infinity'
"""Hands the folder to the group of those who fill it. Its owner, being in that group, may (chown(2))."""
WHY_ROOT = "the folder that the kubelet makes on the node belongs to root; the process has no capability"
SLACK = 3
"""So many times what its image is expected to take, Pulumi waits for a pod on each node."""
CHOOSER = Resources(cpu_millis=10, memory_mib=128, gpus=0)


@dataclass(frozen=True, kw_only=True)
class NodeCacheArgs:
    """`namespace` is the models', `claim` that of the store. `suffix` ends cluster-scoped names on a cluster that is
    not ours. `closed`: NetworkPolicies are made. `after`: the nodes of each pool."""

    namespace: pulumi.Input[str]
    plans: Sequence[NodeCachePlan]
    pools: Mapping[str, PoolPlan]
    claim: pulumi.Input[str]
    suffix: str = ""
    closed: bool = True
    pull_secret: str | None = None
    after: Mapping[str, Sequence[pulumi.Resource]]


class NodeCache(pulumi.ComponentResource):
    """`claims` are those of the pools' volumes, `script` is the ConfigMap that servers choose by.

    The folders are made from a namespace of their own, the one whose pods may mount a folder of the node. All else is
    in the models' namespace, as any pod there may be: who fills a volume needs no right beyond the volume's claim."""

    claims: dict[str, pulumi.Output[str]]
    script: pulumi.Output[str]

    def __init__(self, name: str, args: NodeCacheArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:NodeCache", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        made = self._namespace(args.plans[0].namespace)
        self.script = self._script()
        self.claims = {}
        for plan in args.plans:
            folder = self._daemon_set(
                plan, "folder", kube.NODE_FOLDER, namespace=plan.namespace, pod=folder_pod(plan, args), after=made
            )
            self.claims[plan.pool] = self._claim(plan)
            pod = filler_pod(plan, args, claim=self.claims[plan.pool], configured=self.script)
            # Without its folder a volume cannot be mounted, and the kubelet tries again ever more rarely.
            self._daemon_set(plan, "files", kube.NODE_FILES, namespace=args.namespace, pod=pod, after=[folder])
        self.register_outputs({})

    def _namespace(self, name: str) -> list[pulumi.Resource]:
        """The namespace, and the policy that lets its pods talk to nobody."""
        namespace = kubernetes.core.v1.Namespace(
            f"{self._name}-namespace",
            metadata={
                "name": name,
                "labels": {**kube.labels("namespace", name, "namespace"), **kube.PRIVILEGED},
            },
            opts=self._child,
        )
        if not self._args.closed:
            return [namespace]
        policy = kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-default-deny",
            metadata={
                "name": "default-deny",
                "namespace": namespace.metadata["name"],
                "labels": kube.labels("network-policy", "default-deny", "network-policy"),
            },
            spec={"pod_selector": {}, "policy_types": ["Ingress", "Egress"]},
            opts=self._child,
        )
        return [namespace, policy]

    def _script(self) -> pulumi.Output[str]:
        made = kubernetes.core.v1.ConfigMap(
            f"{self._name}-script",
            metadata={
                "name": NAME,
                "namespace": self._args.namespace,
                "labels": kube.labels(NAME, NAME, kube.NODE_FILES),
            },
            data={SCRIPT.name: SCRIPT.read_text(encoding="utf-8")},
            opts=self._child,
        )
        return made.metadata["name"]

    def _claim(self, plan: NodeCachePlan) -> pulumi.Output[str]:
        """The pool's volume and the claim on it. Neither can be moved: another folder or label is another volume."""
        selector = self._args.pools[plan.pool].node_selector
        moved = hashlib.sha256(json.dumps([plan.folder, sorted(selector)]).encode()).hexdigest()[:8]
        claim_name = f"{NAME}-{plan.pool}-{moved}"
        name = f"{claim_name}{self._args.suffix}"
        volume = kubernetes.core.v1.PersistentVolume(
            f"{self._name}-{plan.pool}-volume",
            metadata={"name": name, "labels": kube.labels("volume", name, "storage")},
            spec={
                "access_modes": ["ReadWriteMany"],
                "capacity": {"storage": f"{plan.gib}Gi"},
                "persistent_volume_reclaim_policy": "Retain",
                "claim_ref": {
                    "api_version": "v1",
                    "kind": "PersistentVolumeClaim",
                    "namespace": self._args.namespace,
                    "name": claim_name,
                },
                "local": {"path": plan.folder},
                "node_affinity": {
                    "required": {
                        "node_selector_terms": [
                            {
                                "match_expressions": [
                                    {"key": key, "operator": "In", "values": [value]} for key, value in selector
                                ]
                            }
                        ]
                    }
                },
            },
            # It limits nothing, and a claim without a class cannot grow.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["spec.capacity"]),
        )
        claim = kubernetes.core.v1.PersistentVolumeClaim(
            f"{self._name}-{plan.pool}-claim",
            metadata={
                "name": claim_name,
                "namespace": self._args.namespace,
                "labels": kube.labels("volume", claim_name, "storage"),
            },
            spec={
                "access_modes": ["ReadWriteMany"],
                "resources": {"requests": {"storage": f"{plan.gib}Gi"}},
                "storage_class_name": "",
                "volume_name": volume.metadata["name"],
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["spec.resources"]),
        )
        return claim.metadata["name"]

    def _daemon_set(
        self,
        plan: NodeCachePlan,
        role: str,
        component: str,
        *,
        namespace: pulumi.Input[str],
        pod: "PodSpecArgsDict",
        after: Sequence[pulumi.Resource],
    ) -> kubernetes.apps.v1.DaemonSet:
        labels = kube.labels(NAME, plan.pool, component)
        why = {kube.WHY_ROOT: WHY_ROOT} if component == kube.NODE_FOLDER else {}
        wait = f"{round(plan.seconds * SLACK) + kube.WAIT_MARGIN}s"
        return kubernetes.apps.v1.DaemonSet(
            f"{self._name}-{plan.pool}-{role}",
            metadata={"name": f"{role}-{plan.pool}", "namespace": namespace, "labels": labels},
            spec={
                "selector": {"match_labels": kube.selector(plan.pool, component)},
                # Nobody asks these pods anything.
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "100%"}},
                "template": {"metadata": kube.pod_metadata(labels, why), "spec": pod},
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # They read nothing of what makes room for them: their namespace, its policy, the pool's nodes.
                depends_on=[*after, *self._args.after.get(plan.pool, ())],
                custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
            ),
        )


def folder_pod(plan: NodeCachePlan, args: NodeCacheArgs) -> "PodSpecArgsDict":
    """Makes the folder on its node. It sees that folder alone, and stays so that a new node gets one too."""
    pod = kube.pod(
        security=kube.pod_security(kube.ROOT, plan.group),
        containers=[
            _container(
                "make-folder",
                plan.image,
                ["sh", "-c", FOLDER, "make-folder", CACHE_MOUNT, str(plan.group)],
                plan.keeper,
                [{"name": NAME, "mount_path": CACHE_MOUNT}],
            )
        ],
        volumes=[{"name": NAME, "host_path": {"path": plan.folder, "type": "DirectoryOrCreate"}}],
        node_selector=dict(args.pools[plan.pool].node_selector),
        tolerations=args.pools[plan.pool].tolerations,
        pull_secret=args.pull_secret,
    )
    # `sleep` as the first process hears no signal.
    pod["termination_grace_period_seconds"] = 1
    return pod


def filler_pod(
    plan: NodeCachePlan, args: NodeCacheArgs, *, claim: pulumi.Input[str], configured: pulumi.Input[str]
) -> "PodSpecArgsDict":
    """Copies models from the store to its node, as no root, without a key or a way out."""
    command = [
        *("python3", f"{SCRIPT_MOUNT}/{SCRIPT.name}", "fill", STORE_MOUNT, CACHE_MOUNT),
        *(str(plan.days), str(plan.free), *plan.directories),
    ]
    mounts: list[VolumeMountArgsDict] = [
        {"name": "models", "mount_path": STORE_MOUNT, "read_only": True},
        {"name": NAME, "mount_path": CACHE_MOUNT},
        {"name": "script", "mount_path": SCRIPT_MOUNT, "read_only": True},
    ]
    return kube.pod(
        security=kube.pod_security(USER, plan.group),
        containers=[_container("fill", plan.image, command, plan.filler, mounts)],
        volumes=[
            {"name": "models", "persistent_volume_claim": {"claim_name": args.claim, "read_only": True}},
            {"name": NAME, "persistent_volume_claim": {"claim_name": claim}},
            {"name": "script", "config_map": {"name": configured}},
        ],
        node_selector=dict(args.pools[plan.pool].node_selector),
        tolerations=args.pools[plan.pool].tolerations,
        pull_secret=args.pull_secret,
    )


@dataclass(frozen=True, kw_only=True)
class KeptFiles:
    """What a server's pod has besides, where its models may lie on its node: a container that chooses, what the engine
    mounts in place of the store, and the volumes."""

    choose: "ContainerArgsDict"
    mounts: "list[VolumeMountArgsDict]"
    volumes: "list[VolumeArgsDict]"


def kept_files(
    spec: EngineSpec, directories: Sequence[str], *, claim: pulumi.Input[str], configured: pulumi.Input[str]
) -> KeptFiles:
    """For a pod whose volume `models` is the store, of which it reads these `directories`. Nothing of it is written by
    the engine; where it looks for a model there is a link to the copy or to the store."""
    volume, links = kube.scratch_volume(LINKS)
    read: list[VolumeMountArgsDict] = [
        {"name": "models", "mount_path": STORE_MOUNT, "read_only": True},
        {"name": NAME, "mount_path": CACHE_MOUNT, "read_only": True},
    ]
    command = ["python3", f"{SCRIPT_MOUNT}/{SCRIPT.name}", "choose", STORE_MOUNT, CACHE_MOUNT, LINKS.mount]
    given: VolumeMountArgsDict = {"name": "node-cache-script", "mount_path": SCRIPT_MOUNT, "read_only": True}
    return KeptFiles(
        choose=_container("choose-files", spec.image, [*command, *directories], CHOOSER, [*read, links, given]),
        mounts=[*read, {**links, "read_only": True}],
        volumes=[
            volume,
            {"name": NAME, "persistent_volume_claim": {"claim_name": claim, "read_only": True}},
            {"name": "node-cache-script", "config_map": {"name": configured}},
        ],
    )


def _container(
    name: str, image: str, command: list[str], resources: Resources, mounts: "list[VolumeMountArgsDict]"
) -> "ContainerArgsDict":
    made = kube.container(name, image, command, resources)
    made["termination_message_policy"] = "FallbackToLogsOnError"
    made["volume_mounts"] = mounts
    return made
