"""What a stack tells in the end: addresses, commands and keys."""

from collections.abc import Mapping
from typing import Any

import pulumi

from components.cloud.cluster import AttachedCluster, ManagedCluster
from components.cloud.managed_prometheus import ManagedPrometheus
from components.workloads.client_keys import ClientKeys
from components.workloads.exposure import addresses
from components.workloads.inference import Inference
from components.workloads.smoke_test import SmokeTestArgs, find_findings, job_names
from components.workloads.webui import ChatPage
from planner.access.api import OWN_CLIENTS
from planner.plan.types import Plan
from planner.report.summary import summary


def stack_outputs(
    plan: Plan,
    *,
    cluster: ManagedCluster | AttachedCluster,
    servers: Mapping[str, Inference],
    webui: ChatPage | None,
    test: SmokeTestArgs | None,
    keys: ClientKeys | None,
    kept: Mapping[str, pulumi.Input[str]] | None,
    metrics: ManagedPrometheus | None,
) -> dict[str, pulumi.Input[Any]]:
    """The stack's outputs. `kept`: where the models' files are after the stack is destroyed; `metrics`: the managed
    Prometheus that has what was measured."""
    models = list(plan.models.values())
    exposure = addresses(plan)
    engine_keys = {name: server.api_key for name, server in servers.items() if server.api_key is not None}
    return {
        "chatUrl": exposure.chat_url,
        "apiBaseUrl": exposure.api_base_url,
        "models": {
            model.name: {
                "model": model.model_id,
                "servedName": model.served_name,
                "engine": model.engine,
                "task": model.task,
                "apiBaseUrl": exposure.api_base_urls[model.name],
            }
            for model in models
        },
        "portForward": exposure.commands,
        "curl": exposure.first_question(models),
        # Names alone, never what a Job came to: a test that fails costs no output.
        "smokeTest": None
        if test is None
        else {"jobs": job_names(test), "findings": find_findings(plan.names.namespace)},
        "webuiAdmin": None if webui is None else {"email": webui.admin_email, "password": webui.admin_password},
        "apiKeys": _sealed(engine_keys),
        "kubeconfig": cluster.kubeconfig,
        "clusterId": cluster.cluster_id,
        "plan": summary(plan),
        **({} if exposure.find_address is None else {"dns": exposure.find_address}),
        **({} if kept is None else {"modelStore": kept}),
        **({} if keys is None else {"clients": _sealed(_shown(keys))}),
        **({} if metrics is None else {"monitoring": metrics.told}),
    }


def _shown(keys: ClientKeys) -> dict[str, pulumi.Output[str]]:
    """The key of each client but the stack's own."""
    return {name: key for name, key in keys.current.items() if name not in OWN_CLIENTS}


def _sealed(keys: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[Any]:
    # Of nothing `all` makes a list.
    return pulumi.Output.secret(pulumi.Output.all(**keys) if keys else {})
