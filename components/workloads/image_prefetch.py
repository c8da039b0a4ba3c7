"""The engines' images on every node of a pool, before a replica asks for them: a DaemonSet whose pods run nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from planner.plan.rollout import PrefetchPlan
from planner.plan.types import PoolPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import PodSpecArgsDict

COMPONENT = kube.PREFETCH
NOBODY = 65534
"""A user that owns nothing, as Kubernetes' own pause image has it (65535) and most images' /etc/passwd."""
SLACK = 3
"""So many times what the pulls are expected to take, Pulumi waits for them."""


@dataclass(frozen=True, kw_only=True)
class ImagePrefetchArgs:
    """`after`: the pool's nodes."""

    namespace: pulumi.Input[str]
    plan: PrefetchPlan
    pool: PoolPlan
    pull_secret: str | None = None
    after: Sequence[pulumi.Resource] = ()


class ImagePrefetch(pulumi.ComponentResource):
    """Has each image pulled by a container that ends at once, and holds it there: what a pod uses, the kubelet does not
    remove. `pulled` is done when every node has them."""

    pulled: kubernetes.apps.v1.DaemonSet

    def __init__(self, name: str, args: ImagePrefetchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ImagePrefetch", name, None, opts)
        labels = kube.labels("image-prefetch", args.plan.pool, COMPONENT)
        wait = f"{round(args.plan.seconds * SLACK) + kube.WAIT_MARGIN}s"
        self.pulled = kubernetes.apps.v1.DaemonSet(
            f"{name}-daemon-set",
            metadata={"name": f"images-{args.plan.pool}", "namespace": args.namespace, "labels": labels},
            spec={
                "selector": {"match_labels": kube.selector(args.plan.pool, COMPONENT)},
                # Nobody asks these pods anything, and one node after the other would take as long as all of them.
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "100%"}},
                "template": {"metadata": kube.pod_metadata(labels, {}), "spec": prefetch_pod(args)},
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # Without a node it would be done before anything is pulled.
                depends_on=list(args.after),
                custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
            ),
        )
        self.register_outputs({})


def prefetch_pod(args: ImagePrefetchArgs) -> "PodSpecArgsDict":
    """A container for each image, one after the other, and one that sleeps so that the pod stays."""
    images = args.plan.images
    pod = kube.pod(
        security=kube.pod_security(NOBODY, NOBODY),
        containers=[kube.container("keep", images[0], ["sleep", "infinity"], args.plan.resources)],
        node_selector=dict(args.pool.node_selector),
        tolerations=args.pool.tolerations,
        pull_secret=args.pull_secret,
    )
    pod["init_containers"] = [
        kube.container(f"pull-{number}", image, ["sh", "-c", "exit 0"], args.plan.resources)
        for number, image in enumerate(images, start=1)
    ]
    # `sleep` as the first process hears no signal.
    pod["termination_grace_period_seconds"] = 1
    return pod
