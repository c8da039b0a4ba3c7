"""The Job that brings one model into the shared store."""

import hashlib
import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import kube
from components.workloads.compile_cache import make_folder
from components.workloads.scripts import download_model
from planner.plan.rollout import CompileCachePlan
from planner.plan.server import MODELS_MOUNT, Resources
from planner.plan.types import CpuPlan, DownloadPlan, ModelPlan
from planner.serving.downloads import HUBS, SCRATCH

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import EnvVarArgsDict, PodSpecArgsDict

COMPONENT = kube.DOWNLOAD
WHY_ROOT = "a new CFS root belongs to root; the process has no capability beyond those of an owner"
SCRIPT_MOUNT = "/opt/tke-llm"


@dataclass(frozen=True)
class Script:
    """A file of `components/workloads/scripts`, and the program of the engine's image that runs it."""

    name: str
    program: str

    @property
    def text(self) -> str:
        return (Path(download_model.__file__).parent / self.name).read_text(encoding="utf-8")


FROM_HUB = Script("download_model.py", "python3")


def script_for(download: DownloadPlan) -> Script:
    """What brings the files of this source: an engine's own registry is read by that engine, in its own image. All
    scripts read the same variables and end with the same codes."""
    return FROM_HUB if download.source in HUBS else Script(f"pull_{download.source}.sh", "bash")


def marker_path(download: DownloadPlan) -> str:
    """Where the marker lies, in the download Job and in the server alike."""
    return posixpath.join(MODELS_MOUNT, download.marker)


def settings_env(download: DownloadPlan) -> list[tuple[str, str]]:
    """What a script reads (see `read_request`), and what keeps the hubs' libraries quiet and within bounds."""
    env = [
        ("MODEL_SOURCE", download.source),
        ("MODEL_REPOSITORY", download.repository),
        ("MODEL_REVISION", download.revision or ""),
        ("MODEL_DIRECTORY", posixpath.join(MODELS_MOUNT, download.directory)),
        ("MODEL_MARKER", marker_path(download)),
        ("MODEL_INCLUDE", json.dumps(download.include)),
        ("MODEL_EXCLUDE", json.dumps(download.exclude)),
        ("MODEL_BYTES", str(download.bytes)),
        ("MODEL_STORE_ELASTIC", "1" if download.elastic else "0"),
        ("MODEL_WORKERS", str(download.workers)),
        ("HOME", SCRATCH.mount),
        ("HF_HUB_DISABLE_PROGRESS_BARS", "1"),
        ("TQDM_DISABLE", "1"),
        # Some builds of the client keep 10 GB of what they fetched in HOME (xet-runtime, config/groups/chunk_cache.rs).
        ("HF_XET_CHUNK_CACHE_SIZE_BYTES", "0"),
    ]
    if download.endpoint is not None:
        # Xet fetches from hosts of its own and so goes round a mirror (huggingface/xet-core issue 470).
        env += [("HF_ENDPOINT", download.endpoint), ("HF_HUB_DISABLE_XET", "1")]
    return env


def numbered(name: str, number: int) -> str:
    """The name of one of a model's downloads; that of its weights has no number."""
    return name if number == 1 else f"{name}-{number}"


def job_name(base: str, script: Script, content: object) -> str:
    """Name of the Job: a Job cannot change, so one that does something else is another Job."""
    digest = hashlib.sha256(json.dumps([script.text, content], sort_keys=True).encode()).hexdigest()
    return f"{base}-{digest[:8]}"


@dataclass(frozen=True, kw_only=True)
class ModelDownloadArgs:
    """`download` is the one of the model's that has this `number`. `claim` is the shared store's, `cpu` where pods
    without GPU run. `compile_cache`: what is compiled for these files is kept, in a folder that the Job makes. `after`:
    the routes to the Internet."""

    namespace: pulumi.Input[str]
    model: ModelPlan
    download: DownloadPlan
    number: int = 1
    claim: pulumi.Input[str]
    cpu: CpuPlan = field(default_factory=CpuPlan)
    compile_cache: CompileCachePlan | None = None
    token: pulumi.Input[str] | None = None
    pull_secret: str | None = None
    after: Sequence[pulumi.Resource] = ()


class ModelDownload(pulumi.ComponentResource):
    """Downloads one model. Done when the marker is written, which costs seconds where the model is there already.

    The Job has no `ttlSecondsAfterFinished`: Kubernetes would remove it behind Pulumi's back, and the next refresh
    would download again.
    """

    job: "kubernetes.batch.v1.Job"

    def __init__(self, name: str, args: ModelDownloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ModelDownload", name, None, opts)
        download, key = args.download, args.model.name
        base = numbered(f"{key}-download", args.number)
        labels = kube.labels("model-download", key, COMPONENT)
        child = pulumi.ResourceOptions(parent=self)

        script = kubernetes.core.v1.ConfigMap(
            f"{name}-script",
            metadata={"name": base, "namespace": args.namespace, "labels": labels},
            data={script_for(download).name: script_for(download).text},
            opts=child,
        )
        env = kube.plain_env(settings_env(download))
        if download.needs_token and args.token is not None:
            secret = kubernetes.core.v1.Secret(
                f"{name}-token",
                metadata={"name": base, "namespace": args.namespace, "labels": labels},
                string_data={"token": args.token},
                opts=child,
            )
            env.append(kube.secret_env("HF_TOKEN", secret.metadata["name"], "token"))

        self.job = kubernetes.batch.v1.Job(
            f"{name}-job",
            metadata={
                "name": job_name(base, script_for(download), job_content(args)),
                "namespace": args.namespace,
                "labels": labels,
                "annotations": {"pulumi.com/replaceUnready": "true"},
            },
            spec={
                "backoff_limit": download.retries,
                "active_deadline_seconds": download.deadline_seconds,
                "pod_failure_policy": {
                    "rules": [
                        {
                            "action": "FailJob",
                            "on_exit_codes": {
                                "container_name": COMPONENT,
                                "operator": "In",
                                "values": [download_model.HOPELESS],
                            },
                        },
                        {"action": "Ignore", "on_pod_conditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    ]
                },
                "template": {
                    "metadata": kube.pod_metadata(labels, pod_annotations(args.cpu)),
                    "spec": download_pod(args, env, script=script.metadata["name"], claim=args.claim),
                },
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                # Without a route out the Job would spend its retries before the network is there; it reads none of it.
                depends_on=list(args.after),
                # Two Jobs must not write into one folder, and NFS gives them no lock.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=f"{download.deadline_seconds + kube.WAIT_MARGIN}s"),
            ),
        )
        self.register_outputs({"job": self.job.metadata["name"]})


def pod_annotations(cpu: CpuPlan) -> dict[str, str]:
    """Why the pod is root, and what a super node needs to know of the download's machine."""
    return {kube.WHY_ROOT: WHY_ROOT, **dict((*cpu.annotations, *cpu.download_annotations))}


def job_content(args: ModelDownloadArgs) -> object:
    """All that the Job does, as plain values, for its name."""
    pod = download_pod(args, kube.plain_env(settings_env(args.download)), script="", claim="")
    return [pod, pod_annotations(args.cpu)]


def download_pod(
    args: ModelDownloadArgs, env: "list[EnvVarArgsDict]", *, script: pulumi.Input[str], claim: pulumi.Input[str]
) -> "PodSpecArgsDict":
    """The Job's pod. A new CFS root belongs to root, hence UID 0, which without capabilities may do no more than an
    owner may; the group is the server's."""
    download = args.download
    run = script_for(download)
    scratch_volume, scratch_mount = kube.scratch_volume(SCRATCH)
    pod = kube.pod(
        security=kube.pod_security(kube.ROOT, args.model.spec.group),
        containers=[
            {
                "name": COMPONENT,
                "image": download.image,
                "image_pull_policy": "IfNotPresent",
                "command": [run.program, f"{SCRIPT_MOUNT}/{run.name}"],
                "env": env,
                "resources": kube.requirements(Resources(download.cpu_millis, download.memory_mib, 0)),
                "security_context": kube.container_security(),
                "termination_message_policy": "FallbackToLogsOnError",
                "volume_mounts": [
                    {"name": "models", "mount_path": MODELS_MOUNT},
                    {"name": "script", "mount_path": SCRIPT_MOUNT, "read_only": True},
                    scratch_mount,
                ],
            }
        ],
        volumes=[
            {"name": "models", "persistent_volume_claim": {"claim_name": claim}},
            {"name": "script", "config_map": {"name": script}},
            scratch_volume,
        ],
        pull_secret=args.pull_secret,
        **kube.on_cpu_nodes(args.cpu),
    )
    if args.compile_cache is not None:
        group = args.model.spec.group
        pod["init_containers"] = [
            make_folder(args.compile_cache, image=download.image, group=group, store=MODELS_MOUNT)
        ]
    pod["restart_policy"] = "Never"
    return pod
