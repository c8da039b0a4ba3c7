"""What the clients of the API have taken, counted: a Redis, and its password where the rate limit service runs."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from components.workloads.redis import Redis, RedisArgs
from planner.access.api import REDIS, REDIS_PASSWORD
from planner.plan.software import RedisPlan
from planner.plan.types import CpuPlan

COMPONENT = kube.API_STATE


@dataclass(frozen=True, kw_only=True)
class ApiCountersArgs:
    """`envoy_namespace` is where Envoy Gateway runs the rate limit service, `installed` what makes it."""

    namespace: pulumi.Input[str]
    envoy_namespace: str
    plan: RedisPlan
    cpu: CpuPlan
    pull_secret: str | None = None
    installed: Sequence[pulumi.Resource] = ()


class ApiCounters(pulumi.ComponentResource):
    """A Redis in the stack's namespace. The service's pod waits for the Secret, and starts again until the Redis
    answers."""

    def __init__(self, name: str, args: ApiCountersArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ApiCounters", name, None, opts)
        redis = Redis(
            f"{name}-redis",
            RedisArgs(
                namespace=args.namespace,
                plan=args.plan,
                cpu=args.cpu,
                pull_secret=args.pull_secret,
                name=REDIS,
                component=COMPONENT,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        kubernetes.core.v1.Secret(
            f"{name}-password",
            metadata={
                "name": REDIS,
                "namespace": args.envoy_namespace,
                "labels": kube.labels("redis", REDIS, COMPONENT),
            },
            string_data={REDIS_PASSWORD: redis.password},
            # The namespace comes with the installation, which no data of this object names.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.installed)),
        )
        self.register_outputs({})
