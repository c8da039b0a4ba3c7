"""LeaderWorkerSet: its controller and webhooks, as the chart of release 0.9 has them (charts/lws/templates)."""

import json
from typing import Any

from rehearsal.control_plane.api import ApiError
from rehearsal.control_plane.binaries import Binaries
from rehearsal.controllers.release import Controller, Release

NAMESPACE = "lws-system"
"""Outside a pod the controller takes this one, whatever the release's."""
_NAME = "lws-controller-manager"
_SERVICE = "lws-webhook-service"
_SECRET = "lws-webhook-server-cert"  # noqa: S105  the name of one
_GROUP = "leaderworkerset.x-k8s.io"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def start(release: Release, binaries: Binaries) -> None:
    port = release.port()
    release.apply_namespace(NAMESPACE)
    release.apply_service(NAMESPACE, _SERVICE)
    release.apply(f"/api/v1/namespaces/{NAMESPACE}/secrets", _object("v1", "Secret", _SECRET, {}))
    for prefix, kind, changes in (
        ("mutate", "MutatingWebhookConfiguration", ["CREATE"]),
        ("validate", "ValidatingWebhookConfiguration", ["CREATE", "UPDATE"]),
    ):
        webhooks = [
            _webhook(f"{prefix}-leaderworkerset-x-k8s-io-v1-leaderworkerset", port, _GROUP, ["CREATE", "UPDATE"]),
            _webhook(f"{prefix}--v1-pod", port, "", changes),
        ]
        name = f"lws-{prefix.removesuffix('e')}ing-webhook-configuration"
        configuration = _object("admissionregistration.k8s.io/v1", kind, name, {"webhooks": webhooks})
        release.apply(f"{_ADMISSION}/{kind.lower()}s", configuration)
    configuration = {
        "apiVersion": "config.lws.x-k8s.io/v1alpha1",
        "kind": "Configuration",
        "leaderElection": {"leaderElect": False},
        "webhook": {"host": "127.0.0.1", "port": port, "certDir": str(release.root / _SECRET)},
        "metrics": {"bindAddress": "0"},
        "health": {"healthProbeBindAddress": "0"},
    }
    file = release.root / "lws.json"
    file.write_text(json.dumps(configuration), encoding="utf-8")
    release.run(_NAME, [str(binaries["lws-manager"]), f"--config={file}"])
    release.mount(_NAME, NAMESPACE, _SECRET)
    release.wait(_NAME, lambda: _answers(release))


def _webhook(path: str, port: int, group: str, operations: list[str]) -> dict[str, Any]:
    named = [{"key": "leaderworkerset.sigs.k8s.io/name", "operator": "Exists"}]
    resource = "leaderworkersets" if group else "pods"
    return {
        "name": f"{path[0]}{resource.removesuffix('s')}.kb.io",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"service": {"namespace": NAMESPACE, "name": _SERVICE, "port": port, "path": f"/{path}"}},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": operations, "resources": [resource]}],
        **({} if group else {"objectSelector": {"matchExpressions": named}}),
    }


def _object(version: str, kind: str, name: str, rest: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest}


def _answers(release: Release) -> bool:
    """Whether both webhooks of a set answer: only then would one of size 0 be refused as invalid."""
    template = {"spec": {"containers": [{"name": "main", "image": "main"}]}}
    probe = _object(f"{_GROUP}/v1", "LeaderWorkerSet", "probe", {})
    probe["spec"] = {"leaderWorkerTemplate": {"size": 1, "workerTemplate": template}}
    try:
        release.api.request("POST", f"/apis/{_GROUP}/v1/namespaces/default/leaderworkersets?dryRun=All", probe)
    except ApiError:
        return False
    return True


LWS = Controller(start)
