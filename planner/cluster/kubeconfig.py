"""What is said of a kubeconfig that does not lead into the cluster."""

from collections.abc import Collection

from settings.suggest import closest
from settings.translation import joined, tr


def unknown_context(wanted: object, contexts: Collection[str]) -> str:
    """What is wrong where a kubeconfig with these contexts is asked for another one."""
    nearest = closest(str(wanted), contexts) if wanted else None
    hint = tr("; did you mean {nearest}?", nearest=nearest) if nearest else ""
    return tr(
        "tke-llm:cluster.existing.context: the kubeconfig has no context {wanted!r}; it has: {contexts}{hint}",
        wanted=wanted,
        contexts=joined(contexts) or "none",
        hint=hint,
    )
