"""What is said of a kubeconfig that does not lead into the cluster."""

from collections.abc import Collection

from settings.suggest import closest


def unknown_context(wanted: object, contexts: Collection[str]) -> str:
    """What is wrong where a kubeconfig with these contexts is asked for another one."""
    nearest = closest(str(wanted), contexts) if wanted else None
    hint = f"; did you mean {nearest}?" if nearest else ""
    return (
        f"tke-llm:cluster.existing.context: the kubeconfig has no context {wanted!r}; "
        f"it has: {', '.join(contexts) or 'none'}{hint}"
    )
