"""The namespaces of others, which the stack would make its own."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.access.policies import CONTROLLERS
from settings.diagnostics import Diagnostic
from settings.models import Settings

SYSTEM = "kube-"
"""Start of the namespaces that Kubernetes keeps for itself (Kubernetes documentation, concepts, namespaces)."""
DEFAULT = "default"
"""Where everything lies that names no namespace."""


def is_of_others(namespace: str, catalog: Catalog) -> bool:
    """Whether this is a namespace of Kubernetes itself, or of a controller that the catalogue knows."""
    controllers = {*CONTROLLERS.values(), *(chart.namespace for chart in catalog.charts.values())}
    return namespace.startswith(SYSTEM) or namespace in controllers


def check_namespace(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Whether the namespace may be the stack's: it closes it to everyone, and deletes it with all that is in it."""
    name = settings.namespace_name()
    if is_of_others(name, catalog):
        yield Diagnostic(
            severity="error",
            code="NAMESPACE_OF_OTHERS",
            path="namespace",
            message=f"{name} is not the stack's: it would cut off what runs there, and delete it with the stack.",
            remedy="Remove the key, or name a namespace of its own.",
            given=name,
            allowed=f"a name that does not begin with {SYSTEM} and is no controller's",
            fix=(("namespace", None),),
        )
    elif name == DEFAULT:
        yield Diagnostic(
            severity="error",
            code="NAMESPACE_DEFAULT",
            path="namespace",
            message="Whatever names no namespace is in `default`: the stack would cut it off from the network, and "
            "delete it with itself.",
            remedy="Remove the key, or name a namespace of its own.",
            given=name,
            fix=(("namespace", None),),
        )
