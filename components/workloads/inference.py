"""One model, served: API key, Deployment (or a group over several machines), Service. Which engine it is, the plan
knows; here it is a pod."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.workloads import kube
from components.workloads.compile_cache import HandOver, compile_cache_script, hand_over
from components.workloads.disruption import disruption_budget
from components.workloads.model_download import marker_path, numbered
from components.workloads.multi_node import LEADERS, GroupArgs, leader_worker_set
from components.workloads.node_cache import KeptFiles
from planner.plan.rollout import CompileCachePlan
from planner.plan.server import MODELS_MOUNT, TEMPLATE_MOUNT, Resources
from planner.plan.types import ModelPlan, PoolPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentSpecArgsDict, DeploymentStrategyArgsDict
    from pulumi_kubernetes.core.v1 import (
        ContainerArgsDict,
        EnvVarArgsDict,
        PodSpecArgsDict,
        VolumeArgsDict,
        VolumeMountArgsDict,
    )

COMPONENT = kube.INFERENCE
TEMPLATE = "chat-template"
KEY_LENGTH = 40
KEY_NAME = "api-key"
WHY_HOST_NETWORK = "RDMA cards are reached from the machine's own network only"
WHY_ANY_NODE = (
    "the nodes exist, and the stack file names no label of theirs: those that offer GPUs are taken to be alike"
)
WAIT_RESOURCES = Resources(cpu_millis=10, memory_mib=32, gpus=0)
WAIT = 'until test -f "$1"; do echo "waiting for $1"; sleep 5; done'


def key_secret(model: str) -> str:
    """The name of the Secret that holds a model's API key."""
    return f"{model}-{KEY_NAME}"


@cache
def key_checksum(key: str) -> str:
    """A mark that changes with the key. It stands in clear in the pod's annotations, hence slow to compute and too
    short to prove a guess."""
    return hashlib.pbkdf2_hmac("sha256", key.encode(), b"tke-llm api key", 50_000).hex()[:8]


@dataclass(frozen=True, kw_only=True)
class InferenceArgs:
    """`api_key`: the key to use; absent: a random one. `compile_cache`: where what its engine compiles is kept;
    `kept_files`: what finds its files on its node. While `paused` the model has no replica. `after`: the download, the
    GPU pool and its add-on."""

    namespace: pulumi.Input[str]
    model: ModelPlan
    pool: PoolPlan
    claim: pulumi.Input[str]
    api_key: pulumi.Input[str] | None = None
    compile_cache: CompileCachePlan | None = None
    kept_files: KeptFiles | None = None
    pull_secret: str | None = None
    paused: bool = False
    after: Sequence[pulumi.Resource] = ()


class Inference(pulumi.ComponentResource):
    """A model behind a ClusterIP Service that is called by its key. `api_key` is secret, and None where the engine
    knows no key."""

    service: pulumi.Output[str]
    api_key: pulumi.Output[str] | None

    def __init__(self, name: str, args: InferenceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Inference", name, None, opts)
        model, spec = args.model, args.model.spec
        labels = kube.labels(spec.engine, model.name, COMPONENT)
        selector = kube.selector(model.name, COMPONENT)
        child = pulumi.ResourceOptions(parent=self)

        self.api_key = None
        env = kube.plain_env(spec.env)
        annotations: dict[str, pulumi.Input[str]] = dict(spec.annotations)
        if spec.api_key_env is not None:
            self.api_key = self._key(name, args)
            secret = kubernetes.core.v1.Secret(
                f"{name}-key",
                metadata={"name": key_secret(model.name), "namespace": args.namespace, "labels": labels},
                string_data={KEY_NAME: self.api_key},
                opts=child,
            )
            env.append(kube.secret_env(spec.api_key_env, secret.metadata["name"], KEY_NAME))
            # A secret anywhere in the pod template would hide the whole Deployment from previews.
            annotations["tke-llm/api-key-checksum"] = pulumi.Output.unsecret(self.api_key.apply(key_checksum))

        if args.pool.gpu is not None and not args.pool.node_selector:
            annotations[kube.WHY_ANY_NODE] = WHY_ANY_NODE
        handed = None
        if args.compile_cache is not None:
            script = compile_cache_script(name, model.name, args.namespace, labels, self)
            handed = hand_over(args.compile_cache, spec, script)
        template = None if model.chat_template is None else self._template(name, args)
        pod = server_pod(args, env, template=template, handed=handed)
        if spec.spread is None:
            self._deployment(name, args, labels, annotations, pod)
        else:
            if spec.spread.rdma:
                annotations[kube.WHY_HOST_NETWORK] = WHY_HOST_NETWORK
            leader_worker_set(
                name,
                GroupArgs(
                    namespace=args.namespace,
                    model=model,
                    labels=labels,
                    annotations=annotations,
                    pod=pod,
                    paused=args.paused,
                    after=args.after,
                ),
                self,
            )
        if model.max_replicas > 1:
            disruption_budget(name, model.name, args.namespace, labels, selector=selector, parent=self)
        service = kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=kube.service_metadata(model.name, args.namespace, labels),
            spec=kube.service_spec(answering(model), spec.port),
            opts=child,
        )
        self.service = service.metadata["name"]
        self.register_outputs({"service": self.service, "apiKey": self.api_key})

    def _deployment(
        self,
        name: str,
        args: InferenceArgs,
        labels: Mapping[str, str],
        annotations: Mapping[str, pulumi.Input[str]],
        pod: "PodSpecArgsDict",
    ) -> None:
        model = args.model
        deployment_spec: DeploymentSpecArgsDict = {
            "selector": {"match_labels": kube.selector(model.name, COMPONENT)},
            "strategy": strategy(model),
            "progress_deadline_seconds": model.progress_deadline_seconds,
            "template": {"metadata": kube.pod_metadata(labels, annotations), "spec": pod},
        }
        if not model.autoscaled:
            deployment_spec["replicas"] = 0 if args.paused else model.min_replicas
        wait = f"{model.progress_deadline_seconds + kube.WAIT_MARGIN}s"
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": model.name, "namespace": args.namespace, "labels": dict(labels)},
            spec=deployment_spec,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The pod would wait for nodes, driver and files by itself, but out of its startup budget.
                depends_on=list(args.after),
                custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait),
            ),
        )

    def _template(self, name: str, args: InferenceArgs) -> pulumi.Output[str]:
        """The ConfigMap of the model's chat template. A change makes another one, so that pods of the old text that
        start again still find theirs."""
        model = args.model
        assert model.chat_template is not None  # noqa: S101  the caller has looked
        made = kubernetes.core.v1.ConfigMap(
            f"{name}-chat-template",
            metadata={
                "name": f"{model.name}-{model.chat_template.file.partition('.')[0]}",
                "namespace": args.namespace,
                "labels": kube.labels(model.spec.engine, model.name, COMPONENT),
            },
            data={model.chat_template.file: model.chat_template.text},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return made.metadata["name"]

    def _key(self, name: str, args: InferenceArgs) -> pulumi.Output[str]:
        if args.api_key is not None:
            return pulumi.Output.secret(args.api_key)
        generated = random.RandomPassword(
            f"{name}-random-key",
            length=KEY_LENGTH,
            special=False,
            # Another version is another key.
            keepers={"version": str(args.model.key_version)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.secret(generated.result)


def answering(model: ModelPlan) -> dict[str, str]:
    """Labels of the pods that answer requests: of a group, its leader."""
    return {**kube.selector(model.name, COMPONENT), **({} if model.spec.spread is None else LEADERS)}


def strategy(model: ModelPlan) -> "DeploymentStrategyArgsDict":
    """How an update replaces pods; the plan chose it by the GPUs that are to spare."""
    if model.strategy == "Recreate":
        return {"type": "Recreate"}
    return {
        "type": model.strategy,
        "rolling_update": {"max_surge": model.max_surge, "max_unavailable": model.max_unavailable},
    }


def server_pod(
    args: InferenceArgs,
    env: "list[EnvVarArgsDict]",
    *,
    template: pulumi.Input[str] | None = None,
    handed: HandOver | None = None,
) -> "PodSpecArgsDict":
    """The engine, behind a container for each download that waits for its marker: a pod may come before its files do,
    when the store was emptied or a claim made anew. `template` is the ConfigMap with the model's chat template,
    `handed` what brings and keeps what the engine compiles."""
    model, spec = args.model, args.model.spec
    scratch = [kube.scratch_volume(each) for each in spec.scratch]
    models: VolumeMountArgsDict = {"name": "models", "mount_path": MODELS_MOUNT, "read_only": True}
    kept = args.kept_files
    mounts: list[VolumeMountArgsDict] = [
        *([models] if kept is None else kept.mounts),
        *(mount for _, mount in scratch),
    ]
    volumes: list[VolumeArgsDict] = [
        {"name": "models", "persistent_volume_claim": {"claim_name": args.claim}},
        *(volume for volume, _ in scratch),
    ]
    if template is not None:
        mounts.append({"name": TEMPLATE, "mount_path": TEMPLATE_MOUNT, "read_only": True})
        volumes.append({"name": TEMPLATE, "config_map": {"name": template}})
    if handed is not None:
        volumes.append(handed.volume)
    if kept is not None:
        volumes += kept.volumes
    pod = kube.pod(
        security=kube.pod_security(spec.user, spec.group),
        containers=[
            {
                "name": spec.engine,
                "image": spec.image,
                "image_pull_policy": "IfNotPresent",
                "command": list(spec.command),
                "env": env,
                "ports": [{"name": "http", "container_port": spec.port}],
                "resources": kube.requirements(spec.resources),
                "security_context": kube.container_security(),
                "termination_message_policy": "FallbackToLogsOnError",
                "volume_mounts": mounts,
                "startup_probe": kube.probe(spec.startup),
                "readiness_probe": kube.probe(spec.readiness),
                "liveness_probe": kube.probe(spec.liveness),
                # The pod leaves the Service while the engine still answers.
                "lifecycle": {"pre_stop": {"exec_": {"command": ["sleep", str(spec.pre_stop_sleep)]}}},
            },
            *([] if handed is None else [handed.keep]),
        ],
        volumes=volumes,
        node_selector=dict(args.pool.node_selector),
        tolerations=args.pool.tolerations,
        apart=kube.selector(model.name, COMPONENT) if model.max_replicas > 1 and spec.spread is None else None,
        priority_class=model.priority_class,
        pull_secret=args.pull_secret,
    )
    waits: list[ContainerArgsDict] = []
    for number, download in enumerate(model.downloads, start=1):
        command = ["sh", "-c", WAIT, "wait-for-model", marker_path(download)]
        wait = kube.container(numbered("wait-for-model", number), spec.image, command, WAIT_RESOURCES)
        wait["volume_mounts"] = [models]
        waits.append(wait)
    pod["init_containers"] = [
        *waits,
        *([] if kept is None else [kept.choose]),
        *([] if handed is None else [handed.bring]),
    ]
    pod["termination_grace_period_seconds"] = spec.grace_period
    return pod
