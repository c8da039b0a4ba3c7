"""The chat page: Open WebUI in front of every model of the stack."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random as random

from components.workloads import kube
from components.workloads.disruption import disruption_budget
from components.workloads.inference import key_checksum
from components.workloads.redis import Redis, RedisArgs
from planner.page.decide import DATA, DATA_DIR, HEALTH, PORT, SCRATCH
from planner.plan.server import HttpProbe, Resources
from planner.plan.types import CpuPlan, ModelPlan, WebuiPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.apps.v1 import DeploymentStrategyArgsDict
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict, PodSpecArgsDict

NAME = "webui"
APPLICATION = "open-webui"
COMPONENT = kube.CHAT_PAGE

USER, GROUP, DATA_GROUP = 1000, 0, 1000
"""The image may run as any user whose group is root's (open-webui PR 16622, 26664); the volume has a group of its
own."""

STARTUP = HttpProbe(HEALTH, period=5, failures=120)
LIVENESS = HttpProbe(HEALTH, period=30, failures=5, timeout=10)
PROGRESS_SECONDS = STARTUP.period * STARTUP.failures + 900
"""The startup probe's ten minutes, and before them the image and the disk."""

SECRET_ENV = {
    "WEBUI_SECRET_KEY": "secret-key",
    "WEBUI_ADMIN_PASSWORD": "admin-password",
    "OPENAI_API_KEYS": "openai-api-keys",
    "DATABASE_URL": "database-url",
    "REDIS_URL": "redis-url",
    "WEBSOCKET_REDIS_URL": "redis-url",
    "OAUTH_CLIENT_SECRET": "oidc-client-secret",
}
"""Variable -> key of the Secret; those whose key is not in it are not set. A variable of the user's own is a key by
its name."""


def openai_models(models: Sequence[ModelPlan]) -> list[ModelPlan]:
    """The models that speak the OpenAI protocol and ask for a key; the others speak Ollama's."""
    return [model for model in models if model.spec.api_key_env is not None]


def backend_env(models: Sequence[ModelPlan], api: str | None = None) -> list[tuple[str, str]]:
    """Where the models are: by their Services, or all at one `api`."""
    if api is not None:
        return [("OPENAI_API_BASE_URLS", api)]
    openai = openai_models(models)
    ollama = [model for model in models if model not in openai]
    env = []
    if openai:
        env.append(("OPENAI_API_BASE_URLS", ";".join(f"{base_url(each)}/v1" for each in openai)))
    if ollama:
        env.append(("OLLAMA_BASE_URLS", ";".join(base_url(each) for each in ollama)))
    return env


def base_url(model: ModelPlan) -> str:
    """Address of a model inside the namespace."""
    return f"http://{model.name}:{model.spec.port}"


def join_keys(keys: Sequence[str]) -> str:
    """API keys in the order of the addresses, as OPENAI_API_KEYS takes them."""
    return ";".join(keys)


@dataclass(frozen=True, kw_only=True)
class ChatPageArgs:
    """`api_keys` by the model's name; `api`: base URL and key by which all models are asked instead; `admin_password`:
    the one to use, absent: a random one; `claim`: the volume for the page's data, absent: it is in the database at
    `database_url`; `cpu`: where pods without GPU run; `sealed_env`: values of the plan's variables of that name."""

    namespace: pulumi.Input[str]
    plan: WebuiPlan
    models: Sequence[ModelPlan]
    api_keys: Mapping[str, pulumi.Input[str]]
    api: tuple[str, pulumi.Input[str]] | None = None
    cpu: CpuPlan = field(default_factory=CpuPlan)
    claim: pulumi.Input[str] | None = None
    database_url: pulumi.Input[str] | None = None
    admin_password: pulumi.Input[str] | None = None
    oidc_client_secret: pulumi.Input[str] | None = None
    sealed_env: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    pull_secret: str | None = None


class ChatPage(pulumi.ComponentResource):
    """Open WebUI on the CPU nodes. It needs no model to start and is made beside them."""

    service: pulumi.Output[str]
    admin_email: str
    admin_password: pulumi.Output[str]

    def __init__(self, name: str, args: ChatPageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Webui", name, None, opts)
        labels = kube.labels(APPLICATION, NAME, COMPONENT)
        selector = kube.selector(NAME, COMPONENT)
        child = pulumi.ResourceOptions(parent=self)

        secret_key = random.RandomPassword(f"{name}-secret-key", length=48, special=False, opts=child)
        self.admin_email = args.plan.admin_email
        self.admin_password = self._admin_password(name, args.admin_password)
        data: dict[str, pulumi.Input[str]] = {
            SECRET_ENV["WEBUI_SECRET_KEY"]: secret_key.result,
            SECRET_ENV["WEBUI_ADMIN_PASSWORD"]: self.admin_password,
        }
        keys = (
            [args.api_keys[model.name] for model in openai_models(args.models)] if args.api is None else [args.api[1]]
        )
        if keys:
            data[SECRET_ENV["OPENAI_API_KEYS"]] = pulumi.Output.secret(pulumi.Output.all(*keys)).apply(join_keys)
        if args.plan.database and args.database_url is not None:
            data[SECRET_ENV["DATABASE_URL"]] = pulumi.Output.secret(args.database_url)
        if args.plan.login and args.oidc_client_secret is not None:
            data[SECRET_ENV["OAUTH_CLIENT_SECRET"]] = pulumi.Output.secret(args.oidc_client_secret)
        data |= {each: pulumi.Output.secret(args.sealed_env[each]) for each in args.plan.sealed_env}
        if args.plan.redis is not None:
            redis = Redis(
                f"{name}-redis",
                RedisArgs(namespace=args.namespace, plan=args.plan.redis, cpu=args.cpu, pull_secret=args.pull_secret),
                child,
            )
            data[SECRET_ENV["REDIS_URL"]] = redis.url
        secret = kubernetes.core.v1.Secret(
            f"{name}-secret",
            metadata={"name": NAME, "namespace": args.namespace, "labels": labels},
            string_data=data,
            opts=child,
        )
        # Secrets are read when a pod starts, and a key that changed would lock the page out of its models. A secret
        # anywhere in the pod template would hide the whole Deployment from previews.
        changed = pulumi.Output.unsecret(pulumi.Output.all(**data).apply(checksum))
        annotations = {**dict(args.cpu.annotations), "tke-llm/secrets-checksum": changed}
        wait = f"{PROGRESS_SECONDS + kube.WAIT_MARGIN}s"
        kubernetes.apps.v1.Deployment(
            f"{name}-server",
            metadata={"name": NAME, "namespace": args.namespace, "labels": labels},
            spec={
                "replicas": args.plan.replicas,
                "selector": {"match_labels": selector},
                "strategy": strategy(args.plan),
                "progress_deadline_seconds": PROGRESS_SECONDS,
                "template": {
                    "metadata": kube.pod_metadata(labels, annotations),
                    "spec": page_pod(args, secret.metadata["name"], data),
                },
            },
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(create=wait, update=wait)),
        )
        if args.plan.replicas > 1:
            disruption_budget(name, NAME, args.namespace, labels, selector=selector, parent=self)
        service = kubernetes.core.v1.Service(
            f"{name}-service",
            metadata=kube.service_metadata(NAME, args.namespace, labels),
            spec=kube.service_spec(selector, PORT),
            opts=child,
        )
        self.service = service.metadata["name"]
        self.register_outputs({"service": self.service, "adminPassword": self.admin_password})

    def _admin_password(self, name: str, given: pulumi.Input[str] | None) -> pulumi.Output[str]:
        if given is not None:
            return pulumi.Output.secret(given)
        generated = random.RandomPassword(
            f"{name}-admin-password", length=20, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
        return pulumi.Output.secret(generated.result)


def strategy(plan: WebuiPlan) -> "DeploymentStrategyArgsDict":
    """Recreate where a volume for one pod holds the data: two pods must not open one SQLite database."""
    return {"type": plan.strategy}


def readiness(plan: WebuiPlan) -> HttpProbe:
    """Whether the page can answer: its start is over, and its database and Redis are there."""
    return HttpProbe(plan.ready, period=10, failures=3, timeout=5)


def checksum(data: Mapping[str, str]) -> str:
    """A mark that changes with any of the secrets."""
    return key_checksum("\0".join(f"{key}={data[key]}" for key in sorted(data)))


def page_pod(args: ChatPageArgs, secret: pulumi.Input[str], keys: Container[str]) -> "PodSpecArgsDict":
    """The page's pod; `keys` are those that the Secret has."""
    secrets: list[EnvVarArgsDict] = [
        kube.secret_env(each, secret, key)
        for each, key in (*SECRET_ENV.items(), *zip(args.plan.sealed_env, args.plan.sealed_env, strict=True))
        if key in keys
    ]
    scratch = [kube.scratch_volume(each) for each in SCRATCH]
    backends = backend_env(args.models, args.api and args.api[0])
    return kube.pod(
        security=kube.pod_security(USER, GROUP, DATA_GROUP),
        containers=[
            {
                "name": APPLICATION,
                "image": args.plan.image,
                "image_pull_policy": "IfNotPresent",
                "env": [*kube.plain_env([*args.plan.env, *backends]), *secrets],
                "ports": [{"name": "http", "container_port": PORT}],
                "resources": kube.requirements(Resources(args.plan.cpu_millis, args.plan.memory_mib, 0)),
                "security_context": kube.container_security(),
                "termination_message_policy": "FallbackToLogsOnError",
                "volume_mounts": [{"name": "data", "mount_path": DATA_DIR}, *(mount for _, mount in scratch)],
                "startup_probe": kube.probe(STARTUP),
                "readiness_probe": kube.probe(readiness(args.plan)),
                "liveness_probe": kube.probe(LIVENESS),
            }
        ],
        volumes=[
            kube.scratch_volume(DATA)[0]
            if args.claim is None
            else {"name": "data", "persistent_volume_claim": {"claim_name": args.claim}},
            *(volume for volume, _ in scratch),
        ],
        apart=kube.selector(NAME, COMPONENT) if args.plan.replicas > 1 else None,
        priority_class=args.plan.priority_class,
        pull_secret=args.pull_secret,
        **kube.on_cpu_nodes(args.cpu),
    )
