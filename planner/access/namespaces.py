"""The namespaces of others, which a stack must not make its own."""

import hashlib

from catalog.load import Catalog
from planner.access.sources import CONTROLLERS

SYSTEM = "kube-"
"""Start of the namespaces that Kubernetes keeps for itself (Kubernetes documentation, concepts, namespaces)."""
DEFAULT = "default"
"""Where everything lies that names no namespace."""
NODE_CACHE, NODE_FOLDERS = "-node-cache", "/var/lib/tke-llm"
"""End of the namespace whose pods make folders on nodes for the models' files, and where those folders lie."""
_LONGEST = 63
"""Characters of a namespace's name (RFC 1123 label)."""


def is_of_others(namespace: str, catalog: Catalog) -> bool:
    """Whether this is a namespace of Kubernetes itself, or of a controller that the catalogue knows."""
    controllers = {*CONTROLLERS.values(), *(chart.namespace for chart in catalog.charts.values())}
    return namespace.startswith(SYSTEM) or namespace in controllers


def node_cache_namespace(namespace: str) -> str:
    """The namespace, beside the stack's own, of the pods that make folders on nodes."""
    room = _LONGEST - len(NODE_CACHE)
    if len(namespace) > room:
        namespace = f"{namespace[: room - 9]}-{hashlib.sha256(namespace.encode()).hexdigest()[:8]}"
    return f"{namespace}{NODE_CACHE}"


def is_node_folder(folder: str, namespace: str) -> bool:
    """Whether this is the folder of some pool's nodes that pods of `namespace` make."""
    pool = folder.rpartition("/")[2]
    return pool.strip(".") != "" and folder == node_folder(namespace, pool)


def node_folder(namespace: str, pool: str) -> str:
    """The folder on the nodes of a pool that pods of `namespace` make, which is that of `node_cache_namespace`."""
    return f"{NODE_FOLDERS}/{namespace.removesuffix(NODE_CACHE)}/{pool}"
