"""Envoy Gateway: judges the Gateways, routes and policies of a stack, and makes each Gateway's proxies and Service.

It is given a root directory of its own, for it reads its certificates at /certs and nowhere else, and writes below
/var/lib/eg (internal/xds/runner/runner.go, internal/gatewayapi/runner/runner.go).
"""

import http.client
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.control_plane.api import UNREACHABLE
from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.credentials import write_private
from rehearsal.controllers import turns
from rehearsal.controllers.release import Controller, Release

NAMESPACE = "envoy-gateway-system"
"""Where it runs, and makes the proxies of all Gateways."""
CONTROLLER = "gateway.envoyproxy.io/gatewayclass-controller"
XDS_PORT = 18000
_READINESS_PORT = 8081
LIMITS_PORT = 18001
PORTS = (8080, _READINESS_PORT, XDS_PORT, LIMITS_PORT, 18002)
"""Metrics of its controller library, readiness, configuration of proxies and of the rate limit service, modules for
proxies: none has an option."""
KINDS = (
    *(("gateway.networking.k8s.io", kind) for kind in ("GatewayClass", "Gateway", "HTTPRoute", "ReferenceGrant")),
    *(
        ("gateway.envoyproxy.io", kind)
        for kind in (
            *("BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "EnvoyProxy"),
            *("HTTPRouteFilter", "SecurityPolicy"),
        )
    ),
)
"""Kinds that are there before it starts. Without one of the first group it ends, or never becomes ready; those of the
second it looks for once, when it starts (internal/provider/kubernetes/controller.go, watchResources)."""

_NAME = "envoy-gateway"
_CONFIGURATION = {
    "apiVersion": "gateway.envoyproxy.io/v1alpha1",
    "kind": "EnvoyGateway",
    "gateway": {"controllerName": CONTROLLER},
    # Any free port, where it would else be that of a proxy's own administration.
    "admin": {"address": {"host": "127.0.0.1", "port": 0}},
    "telemetry": {"metrics": {"prometheus": {"disable": True}}},
    "provider": {
        "type": "Kubernetes",
        "kubernetes": {
            # It is the only one, and would have to wait for the lease of one that was killed.
            "leaderElection": {"disable": True},
            # A webhook that tells each proxy the zone of its node.
            "proxyTopologyInjector": {"disabled": True},
        },
    },
}
"""The chart's, without what needs a port or a second copy."""
_GIVEN = ("extensionApis", "rateLimit")
"""What of the chart's value `config.envoyGateway` counts here too."""


def _owner(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": _NAME}, **({"spec": spec} if spec else {})}


_LABELS = {"control-plane": _NAME}
_OWNERS: tuple[tuple[str, dict[str, Any]], ...] = (
    (f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts", _owner("v1", "ServiceAccount", {})),
    (
        f"/api/v1/namespaces/{NAMESPACE}/services",
        _owner("v1", "Service", {"selector": _LABELS, "ports": [{"name": "grpc", "port": XDS_PORT}]}),
    ),
    (
        f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
        _owner(
            "apps/v1",
            "Deployment",
            {
                # It runs outside of the cluster.
                "replicas": 0,
                "selector": {"matchLabels": _LABELS},
                "template": {
                    "metadata": {"labels": _LABELS},
                    "spec": {"containers": [{"name": _NAME, "image": _NAME}]},
                },
            },
        ),
    ),
)
"""The chart's own objects that the rate limit service is made to belong to; without them Envoy Gateway does not make it
(internal/infrastructure/kubernetes/ratelimit_infra.go)."""


def start(release: Release, binaries: Binaries) -> None:
    release.hold(turns.take(_NAME, PORTS, lambda told: print(told, file=sys.stderr)))  # noqa: T201
    release.apply_namespace(NAMESPACE)
    if "rateLimit" in _configuration(release.values):
        for collection, obj in _OWNERS:
            release.apply(collection, obj)
    # The chart's Job: Secrets with certificates for itself and its proxies, which stay when the chart goes.
    release.complete("certgen", [str(binaries["envoy-gateway"]), "certgen", "--disable-topology-injector"])
    rooted = [sys.executable, "-I", "-S", str(Path(__file__).with_name("rooted.py")), str(_root(release))]
    release.run(
        _NAME,
        [*rooted, str(binaries["envoy-gateway"]), _NAME, "server", "--config-path=/configuration.yaml"],
        {"HOME": "/", "TMPDIR": "/", "KUBECONFIG": "/kubeconfig"},
    )
    release.wait(_NAME, _ready)


def _root(release: Release) -> Path:
    root = release.root / f"{_NAME}.root"
    # Of an earlier installation.
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    release.mount("certgen", NAMESPACE, _NAME).rename(root / "certs")
    write_private(root / "kubeconfig", release.kubeconfig.read_text(encoding="utf-8"))
    (root / "configuration.yaml").write_text(json.dumps(_configuration(release.values)), encoding="utf-8")
    return root


def _configuration(values: Mapping[str, Any]) -> dict[str, Any]:
    given = values.get("config", {}).get("envoyGateway", {})
    return {**_CONFIGURATION, **{name: given[name] for name in _GIVEN if name in given}}


def _ready() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", _READINESS_PORT, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except UNREACHABLE:
        return False
    finally:
        connection.close()


ENVOY_GATEWAY = Controller(start, kinds=KINDS)
