"""The Jobs that end a rollout: one asks what people will ask, the other tries connections that must be refused.

They are two, for what a pod may reach goes by its labels: a model lets the first one in, and must not let in the
second.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import inference, kube, webui
from components.workloads.scripts import smoke_test as script
from planner.access.api import SMOKE_CLIENT
from planner.plan.rollout import SmokeTestPlan
from planner.plan.server import Resources
from planner.plan.types import CpuPlan
from planner.rollout.smoke_test import ADMIN_VARIABLE, API_VARIABLE, attempts, key_variables, questions

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict, PodSpecArgsDict

APPLICATION = "smoke-test"
ASKS, TRIES = kube.SMOKE_TEST, kube.POLICY_PROBE
"""The components, and the starts of the Jobs' names."""

USER, GROUP = 1000, 1000
"""Nobody that an image has to know: the script reads, and writes nothing but the termination message."""
RESOURCES = Resources(cpu_millis=50, memory_mib=128, gpus=0)
MODULES = "/opt/tke-llm"
PACKAGE = "smoke_test"


POOLING, API = "pooling.py", "api.py"
"""The modules that ask models which embed or rank, and one API of all models (with the help of the first). A stack
without any does not hold them, so that its Jobs keep their names."""


def pools(plan: SmokeTestPlan) -> bool:
    """Whether there are models that embed or rank."""
    return not all(model.chats for model in plan.models)


def files(plan: SmokeTestPlan) -> dict[str, str]:
    """The script, a package of a few modules, by the names of its files."""
    found = sorted(Path(script.__file__).parent.glob("*.py"))
    held = {POOLING: pools(plan) or plan.api is not None, API: plan.api is not None}
    return {path.name: path.read_text(encoding="utf-8") for path in found if held.get(path.name, True)}


def module(plan: SmokeTestPlan) -> str:
    """What Python runs: the package, or one of its modules that asks more."""
    if plan.api is not None:
        return f"{PACKAGE}.api"
    return f"{PACKAGE}.pooling" if pools(plan) else PACKAGE


@dataclass(frozen=True, kw_only=True)
class SmokeTestArgs:
    """`after` is all that is asked and what leads to it, `enforced_by` what enforces the NetworkPolicies, as far as
    the stack makes it. `cpu`: where pods without GPU run. `api_keys`: the Secret with the keys of the API's clients."""

    namespace: pulumi.Input[str]
    plan: SmokeTestPlan
    cpu: CpuPlan = field(default_factory=CpuPlan)
    pull_secret: str | None = None
    api_keys: str | None = None
    after: Sequence[pulumi.Resource] = ()
    enforced_by: Sequence[pulumi.Resource] = ()


class SmokeTest(pulumi.ComponentResource):
    """Asks, and asks again when anything changes that is worth it. What was found stands in the pods' termination
    messages, which Pulumi shows where a Job fails.

    The Jobs have no `ttlSecondsAfterFinished`: see `ModelDownload`.
    """

    def __init__(self, name: str, args: SmokeTestArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:SmokeTest", name, None, opts)
        self._name, self._args = name, args
        self._script = kubernetes.core.v1.ConfigMap(
            f"{name}-script",
            metadata={
                "name": APPLICATION,
                "namespace": args.namespace,
                "labels": kube.labels(APPLICATION, APPLICATION, APPLICATION),
            },
            data=files(args.plan),
            opts=pulumi.ResourceOptions(parent=self),
        )
        # Whether the stack answers does not hang on what enforces the policies.
        self._job("asks", ASKS, asking_env(args.plan, args.api_keys), args.after)
        if args.plan.forbidden:
            self._job("tries", TRIES, trying_env(args.plan), [*args.after, *args.enforced_by])
        self.register_outputs({})

    def _job(self, role: str, component: str, env: "list[EnvVarArgsDict]", after: Sequence[pulumi.Resource]) -> None:
        args = self._args
        labels = kube.labels(APPLICATION, component, component)
        kubernetes.batch.v1.Job(
            f"{self._name}-{role}",
            metadata={
                "name": job_name(component, args, env),
                "namespace": args.namespace,
                "labels": labels,
                "annotations": {"pulumi.com/replaceUnready": "true"},
            },
            spec={
                # The script itself asks again where that can help.
                "backoff_limit": 0,
                "active_deadline_seconds": args.plan.deadline_seconds,
                "pod_failure_policy": {
                    "rules": [
                        {"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]}
                    ]
                },
                "template": {
                    "metadata": kube.pod_metadata(labels, pod_annotations(args)),
                    "spec": test_pod(args, env, script=self._script.metadata["name"]),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # It asks by Services' names and takes none of their data.
                depends_on=list(after),
                # Two at a time would take each other's accounts for left-overs.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{args.plan.deadline_seconds + kube.WAIT_MARGIN}s"),
            ),
        )


def asking_env(plan: SmokeTestPlan, api_keys: str | None = None) -> "list[EnvVarArgsDict]":
    """What the script reads: what to ask, and by reference the keys and the administrator's password."""
    env = common_env(questions(plan, owner="job", alone=True))
    for model, variable in key_variables(plan).items():
        env.append(kube.secret_env(variable, inference.key_secret(model), inference.KEY_NAME))
    if plan.page is not None and plan.page.by_password:
        env.append(kube.secret_env(ADMIN_VARIABLE, webui.NAME, webui.SECRET_ENV["WEBUI_ADMIN_PASSWORD"]))
    if api_keys is not None:
        env.append(kube.secret_env(API_VARIABLE, api_keys, SMOKE_CLIENT))
    return env


def trying_env(plan: SmokeTestPlan) -> "list[EnvVarArgsDict]":
    """What the script reads where it tries forbidden connections: no secret."""
    return common_env(attempts(plan, owner="job"))


def common_env(request: Mapping[str, Any]) -> "list[EnvVarArgsDict]":
    return kube.plain_env(
        [("SMOKE_TEST", json.dumps(request)), ("PYTHONPATH", MODULES), ("PYTHONDONTWRITEBYTECODE", "1")]
    )


def job_name(component: str, args: SmokeTestArgs, env: "list[EnvVarArgsDict]") -> str:
    """Name of a Job, which changes with what it does and with what it asks."""
    content = [files(args.plan), test_pod(args, env, script=""), pod_annotations(args), args.plan.subject]
    return f"{component}-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:8]}"


def job_names(args: SmokeTestArgs) -> list[str]:
    """The Jobs of this test."""
    names = [job_name(ASKS, args, asking_env(args.plan, args.api_keys))]
    return [*names, job_name(TRIES, args, trying_env(args.plan))] if args.plan.forbidden else names


def pod_annotations(args: SmokeTestArgs) -> dict[str, str]:
    """What a super node needs to know of the pod's machine; an engine's image needs the disk of a download."""
    disk = args.cpu.download_annotations if args.plan.page is None else ()
    return dict((*args.cpu.annotations, *disk))


def test_pod(args: SmokeTestArgs, env: "list[EnvVarArgsDict]", *, script: pulumi.Input[str]) -> "PodSpecArgsDict":
    """The pod of either Job, beside the page and the downloads, whose images the nodes have."""
    pod = kube.pod(
        security=kube.pod_security(USER, GROUP),
        containers=[
            {
                "name": APPLICATION,
                "image": args.plan.image,
                "image_pull_policy": "IfNotPresent",
                "command": ["python3", "-m", module(args.plan)],
                "env": env,
                "resources": kube.requirements(RESOURCES),
                "security_context": kube.container_security(),
                "termination_message_policy": "FallbackToLogsOnError",
                "volume_mounts": [{"name": "script", "mount_path": f"{MODULES}/{PACKAGE}", "read_only": True}],
            }
        ],
        volumes=[{"name": "script", "config_map": {"name": script}}],
        pull_secret=args.pull_secret,
        **kube.on_cpu_nodes(args.cpu),
    )
    pod["restart_policy"] = "Never"
    return pod


def find_findings(namespace: str) -> str:
    """The command that shows the termination messages."""
    path = '{range .items[*]}{.status.containerStatuses[0].state.terminated.message}{"\\n"}{end}'
    return f"kubectl --namespace {namespace} get pods -l {kube.NAME_LABEL}={APPLICATION} -o jsonpath='{path}'"
