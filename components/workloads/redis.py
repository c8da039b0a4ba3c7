"""A Redis for what may be lost: the chat page's copies hear of each other through it, the API's clients are counted
there."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.workloads import kube
from planner.page.replicas import NAME, PORT
from planner.plan.server import Resources
from planner.plan.software import RedisPlan
from planner.plan.types import CpuPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import PodSpecArgsDict

APPLICATION = "redis"
COMPONENT = kube.PAGE_STATE
USER, GROUP = 999, 1000
"""The image's user redis; it writes nothing."""

CONFIG_KEY, CONFIG_MOUNT = "redis.conf", "/etc/redis"


def config(password: str, data_mib: int) -> str:
    """The server's configuration. It keeps no file, so that a restart starts empty and quickly; full, it drops what was
    used longest ago instead of refusing to go on."""
    return "\n".join(
        (
            f"port {PORT}",
            f"requirepass {password}",
            f"maxmemory {data_mib}mb",
            "maxmemory-policy allkeys-lru",
            'save ""',
            "appendonly no",
            # Commands that read or change the server itself; nobody here needs them.
            'rename-command CONFIG ""',
            'rename-command DEBUG ""',
            "",
        )
    )


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """`cpu`: where pods without GPU run. `name` is that of Service and Deployment, `component` what it is part of."""

    namespace: pulumi.Input[str]
    plan: RedisPlan
    cpu: CpuPlan
    pull_secret: str | None = None
    name: str = NAME
    component: str = COMPONENT


class Redis(pulumi.ComponentResource):
    """One Redis behind a ClusterIP Service, with a generated password. `url` and `password` are secret."""

    url: pulumi.Output[str]
    password: pulumi.Output[str]

    def __init__(self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Redis", name, None, opts)
        labels = kube.labels(APPLICATION, args.name, args.component)
        selector = kube.selector(args.name, args.component)
        child = pulumi.ResourceOptions(parent=self)

        password = random.RandomPassword(f"{name}-password", length=40, special=False, opts=child)
        self.password = pulumi.Output.secret(password.result)
        secret = kubernetes.core.v1.Secret(
            f"{name}-config",
            metadata={"name": args.name, "namespace": args.namespace, "labels": labels},
            string_data={CONFIG_KEY: self.password.apply(lambda word: config(word, args.plan.data_mib))},
            opts=child,
        )
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": args.name, "namespace": args.namespace, "labels": labels},
            spec={
                "replicas": 1,
                "selector": {"match_labels": selector},
                # Two would each know half of the visitors.
                "strategy": {"type": "Recreate"},
                "template": {
                    "metadata": kube.pod_metadata(labels, dict(args.cpu.annotations)),
                    "spec": redis_pod(args, secret.metadata["name"]),
                },
            },
            opts=child,
        )
        service = kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=kube.service_metadata(args.name, args.namespace, labels),
            spec=kube.service_spec(selector, PORT, name=APPLICATION),
            opts=child,
        )
        self.url = pulumi.Output.all(self.password, service.metadata["name"]).apply(
            lambda both: f"redis://:{both[0]}@{both[1]}:{PORT}/0"
        )
        self.register_outputs({"url": self.url})


def redis_pod(args: RedisArgs, secret: pulumi.Input[str]) -> "PodSpecArgsDict":
    """The server's pod. Its password is in a file, for an argument could be read by every process of the node."""
    return kube.pod(
        security=kube.pod_security(USER, GROUP, GROUP),
        containers=[
            {
                "name": APPLICATION,
                "image": args.plan.image,
                "image_pull_policy": "IfNotPresent",
                "command": ["redis-server", f"{CONFIG_MOUNT}/{CONFIG_KEY}"],
                "ports": [{"name": "redis", "container_port": PORT}],
                "resources": kube.requirements(Resources(args.plan.cpu_millis, args.plan.memory_mib, 0)),
                "security_context": kube.container_security(),
                "termination_message_policy": "FallbackToLogsOnError",
                "volume_mounts": [{"name": "config", "mount_path": CONFIG_MOUNT, "read_only": True}],
                "readiness_probe": kube.tcp_probe(period=5, failures=3, port="redis"),
                "liveness_probe": kube.tcp_probe(period=20, failures=3, port="redis"),
            }
        ],
        volumes=[{"name": "config", "secret": {"secret_name": secret, "default_mode": 0o440}}],
        pull_secret=args.pull_secret,
        **kube.on_cpu_nodes(args.cpu),
    )
