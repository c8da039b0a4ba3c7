"""The namespaces of others, which a stack must not make its own."""

from catalog.load import Catalog
from planner.access.sources import CONTROLLERS

SYSTEM = "kube-"
"""Start of the namespaces that Kubernetes keeps for itself (Kubernetes documentation, concepts, namespaces)."""
DEFAULT = "default"
"""Where everything lies that names no namespace."""


def is_of_others(namespace: str, catalog: Catalog) -> bool:
    """Whether this is a namespace of Kubernetes itself, or of a controller that the catalogue knows."""
    controllers = {*CONTROLLERS.values(), *(chart.namespace for chart in catalog.charts.values())}
    return namespace.startswith(SYSTEM) or namespace in controllers
