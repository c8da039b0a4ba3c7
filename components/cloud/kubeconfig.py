"""Pure functions on kubeconfigs, and the reader of a kubeconfig file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml
from tencentcloud_iac_pulumi.kubernetes.outputs import GetClustersListResult

from planner.cluster.kubeconfig import unknown_context


def read(path: str | None) -> str:
    """The text of a kubeconfig file; `pulumi.RunError` where it cannot be read."""
    if path is None:
        raise pulumi.RunError(
            "tke-llm:cluster.existing: no way into the cluster; give `id` or `kubeconfigPath`, or set the secret: "
            "pulumi config set --secret tke-llm:kubeconfig"
        )
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise pulumi.RunError(f"tke-llm:cluster.existing.kubeconfigPath: cannot read {path} ({error})") from error


def select_context(text: str, context: str | None) -> str:
    """A kubeconfig with one context of `text` (its current one for None), its cluster and its user, and nothing else.

    Other clusters' credentials in a person's file never reach the state of the stack. Raises `pulumi.RunError` where
    the text is no kubeconfig or has no such context; the message quotes none of it but names of contexts.
    """
    config = _mapping(text)
    contexts = _named(config, "contexts")
    wanted = context or config.get("current-context")
    if not isinstance(wanted, str) or wanted not in contexts:
        raise pulumi.RunError(unknown_context(wanted, contexts))
    chosen = contexts[wanted]["context"]
    cluster = _named(config, "clusters").get(chosen.get("cluster"))
    user = _named(config, "users").get(chosen.get("user"))
    if cluster is None or user is None:
        raise pulumi.RunError(f"tke-llm:cluster.existing.context: context {wanted!r} names no cluster or user")
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": wanted,
            "contexts": [contexts[wanted]],
            "clusters": [cluster],
            "users": [user],
        }
    )


def server_of(text: str) -> str:
    """Address of the API server of a kubeconfig with one context."""
    return _mapping(text)["clusters"][0]["cluster"]["server"]


def choose(cluster_id: str, found: Sequence[GetClustersListResult], *, public: bool) -> str:
    """The kubeconfig of an existing TKE cluster; `pulumi.RunError` where it has none for that endpoint."""
    for cluster in found:
        if cluster.cluster_id != cluster_id:
            continue
        text = cluster.kube_config if public else cluster.kube_config_intranet
        if text:
            return text
        kind, other = ("public", "intranet") if public else ("intranet", "public")
        raise pulumi.RunError(
            f"tke-llm:cluster.existing.id: {cluster_id} has no {kind} endpoint; open one in the console, or set "
            f"cluster.endpoint.access to {other}"
        )
    raise pulumi.RunError(f"tke-llm:cluster.existing.id: there is no cluster {cluster_id} in this region")


def _mapping(text: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError:
        config = None
    if not isinstance(config, dict):
        raise pulumi.RunError("tke-llm:cluster.existing: the kubeconfig is not a YAML mapping") from None
    return config


def _named(config: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """The entries of a list of named things, by name."""
    return {item["name"]: item for item in config.get(key) or [] if isinstance(item, dict) and "name" in item}
