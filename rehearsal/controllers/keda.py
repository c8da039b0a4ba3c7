"""KEDA: its operator and metrics adapter, as the chart of release 2.21 has them (keda/templates).

Left out are its admission webhooks, which refuse a ScaledObject that contradicts another one.
"""

import socket

from rehearsal.control_plane.binaries import Binaries
from rehearsal.controllers.release import Controller, Release

NAMESPACE = "keda"
_OPERATOR = "keda-operator"
_ADAPTER = "keda-operator-metrics-apiserver"
_SERVICE = "keda-metrics-apiserver"
"""The name that the operator makes the adapter's certificate for."""
_SECRET = "kedaorg-certs"  # noqa: S105  the name of one
_METRICS = "v1beta1.external.metrics.k8s.io"
_RBAC = "rbac.authorization.k8s.io"
_API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


def start(release: Release, binaries: Binaries) -> None:
    metrics, port = release.port(), release.port()
    release.apply_namespace(NAMESPACE)
    release.apply_service(NAMESPACE, _SERVICE)
    _let_in_the_api_server(release)
    _register(release, port)

    operator = [
        str(binaries["keda-operator"]),
        "--enable-cert-rotation",
        "--enable-webhook-patching=false",
        f"--cert-dir={release.root / _SECRET}",
        f"--metrics-service-bind-address=127.0.0.1:{metrics}",
        "--metrics-bind-address=0",
        "--health-probe-bind-address=0",
    ]
    environment = {
        "WATCH_NAMESPACE": "",
        "KEDA_CLUSTER_OBJECT_NAMESPACE": NAMESPACE,
        "HTTP_PROXY": release.proxy,
    }
    # It ends once it has made its certificates, to be started again by a kubelet, which mounts them.
    release.run(_OPERATOR, operator, environment)
    certificates = release.mount(_OPERATOR, NAMESPACE, _SECRET)
    release.end(_OPERATOR)
    release.run(_OPERATOR, operator, environment)
    release.wait(_OPERATOR, lambda: _listens(metrics))
    adapter = [
        str(binaries["keda-adapter"]),
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--port=0",
        f"--cert-dir={certificates}",
        f"--tls-cert-file={certificates / 'tls.crt'}",
        f"--tls-private-key-file={certificates / 'tls.key'}",
        f"--metrics-service-address=127.0.0.1:{metrics}",
        f"--metrics-service-grpc-authority={_OPERATOR}.{NAMESPACE}.svc",
        # Certificates of clients are found there on other control planes; here they have none.
        "--authentication-skip-lookup",
        *(f"--{use}-kubeconfig={release.kubeconfig}" for use in ("lister", "authentication", "authorization")),
    ]
    release.run(_ADAPTER, adapter, environment)
    release.wait(_ADAPTER, lambda: _available(release))


def _register(release: Release, port: int) -> None:
    """Have the API server ask the adapter for external metrics."""
    spec = {
        "group": "external.metrics.k8s.io",
        "version": "v1beta1",
        "service": {"namespace": NAMESPACE, "name": _SERVICE, "port": port},
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
    }
    registration = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": spec}
    release.apply(_API_SERVICES, {**registration, "metadata": {"name": _METRICS}})


def _let_in_the_api_server(release: Release) -> None:
    """This control plane's API server shows an extension no certificate, so that it is nobody there."""
    metadata = {"name": "keda-external-metrics-reader"}
    rules = [
        {"apiGroups": ["external.metrics.k8s.io"], "resources": ["*"], "verbs": ["*"]},
        {"nonResourceURLs": ["*"], "verbs": ["get"]},
    ]
    role = {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": metadata["name"]},
        "subjects": [{"apiGroup": _RBAC, "kind": "User", "name": "system:anonymous"}],
    }
    release.apply(f"/apis/{_RBAC}/v1/clusterroles", role)
    release.apply(f"/apis/{_RBAC}/v1/clusterrolebindings", binding)


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _available(release: Release) -> bool:
    """Whether the API server reaches the adapter."""
    conditions = release.api.get(f"{_API_SERVICES}/{_METRICS}").get("status", {}).get("conditions") or ()
    return any(each["type"] == "Available" and each["status"] == "True" for each in conditions)


KEDA = Controller(start, owns_definitions=True)
