"""The download Jobs of all models: one for each folder of the store, whichever models are served from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.workloads.model_download import ModelDownload, ModelDownloadArgs, numbered
from planner.plan.rollout import CompileCachePlan
from planner.plan.types import DownloadPlan, ModelPlan, Plan


@dataclass(frozen=True, kw_only=True)
class DownloadsArgs:
    """`claim` is the shared store's. `token` is Hugging Face's. `after`: the routes to the Internet."""

    plan: Plan
    namespace: pulumi.Input[str]
    claim: pulumi.Input[str]
    token: pulumi.Input[str] | None
    after: Sequence[pulumi.Resource]


def make_downloads(name: str, args: DownloadsArgs, opts: pulumi.ResourceOptions) -> dict[str, list[pulumi.Resource]]:
    """The Jobs that fetch the files of each model, by the model's name. Models that are served from the same files
    share one."""
    models = args.plan.models
    jobs: dict[str, pulumi.Resource] = {}
    for model in models.values():
        for number, download in enumerate(model.downloads, start=1):
            if download.directory not in jobs:
                jobs[download.directory] = _job(name, args, model, number, opts)
    return {each: [jobs[download.directory] for download in model.downloads] for each, model in models.items()}


def _job(
    name: str, args: DownloadsArgs, model: ModelPlan, number: int, opts: pulumi.ResourceOptions
) -> pulumi.Resource:
    """The Job of the model's download with this number, counted from 1."""
    download = model.downloads[number - 1]
    return ModelDownload(
        f"{name}-{numbered(f'{model.name}-download', number)}",
        ModelDownloadArgs(
            namespace=args.namespace,
            model=model,
            download=download,
            number=number,
            claim=args.claim,
            cpu=args.plan.cpu,
            compile_cache=_compile_cache(args.plan, download),
            token=args.token,
            pull_secret=args.plan.pull_secret,
            after=args.after,
        ),
        opts,
    ).job


def _compile_cache(plan: Plan, download: DownloadPlan) -> CompileCachePlan | None:
    """The folder for what is compiled for these files; of models that share them, it is the same."""
    kept = {} if plan.warm_start is None else plan.warm_start.compile_caches
    served = (kept.get(name) for name, model in plan.models.items() if model.download.directory == download.directory)
    return next((each for each in served if each is not None), None)
