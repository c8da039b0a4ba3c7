"""Stands in for the cloud's load balancers: gives Services and Ingresses an address."""

from rehearsal.cluster.state import ClusterState
from rehearsal.control_plane.api import Api
from rehearsal.simulated.identity import address

NETWORK = "43.139."
"""Where the simulated load balancers have their addresses."""


def step(api: Api, state: ClusterState) -> None:
    """Give an address to whatever asks for one and has none."""
    for kind, root, plural in (
        ("Service", "/api/v1", "services"),
        ("Ingress", "/apis/networking.k8s.io/v1", "ingresses"),
    ):
        for each in state.every(kind):
            asks = kind == "Ingress" or each["spec"].get("type") == "LoadBalancer"
            if not asks or each["status"].get("loadBalancer", {}).get("ingress"):
                continue
            namespace, name = each["metadata"]["namespace"], each["metadata"]["name"]
            api.patch(
                f"{root}/namespaces/{namespace}/{plural}/{name}/status",
                {"status": {"loadBalancer": {"ingress": [{"ip": address(NETWORK, kind, namespace, name)}]}}},
            )
