"""Command lines of the control plane's processes.

Only the API server listens on a port, and on loopback; etcd is reached through a socket in the private directory.
"""

from dataclasses import dataclass
from pathlib import Path

from rehearsal.control_plane.binaries import Binaries

SERVICE_CIDR = "10.96.0.0/20"


@dataclass(frozen=True)
class Files:
    """The private directory of one control plane."""

    root: Path

    @property
    def etcd_socket(self) -> Path:
        return self.root / "etcd.sock"

    @property
    def certificates(self) -> Path:
        return self.root / "certificates"

    @property
    def authority(self) -> Path:
        """Written by the API server when it starts: its own certificate and the authority that signed it."""
        return self.certificates / "apiserver.crt"

    @property
    def signing_key(self) -> Path:
        return self.root / "service-accounts.key"

    @property
    def tokens(self) -> Path:
        return self.root / "tokens.csv"

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"


def etcd(binaries: Binaries, files: Files) -> list[str]:
    # An advertised address must have a port; a cluster of one member never dials it.
    advertised = "http://localhost:2380"
    return [
        str(binaries["etcd"]),
        f"--data-dir={files.root / 'etcd'}",
        f"--listen-client-urls=unix://{files.etcd_socket}",
        f"--listen-peer-urls=unix://{files.root / 'peer.sock'}",
        f"--advertise-client-urls={advertised}",
        f"--initial-advertise-peer-urls={advertised}",
        f"--initial-cluster=default={advertised}",
        # Nothing here outlives the process, so nothing has to reach the disk.
        "--unsafe-no-fsync",
    ]


def api_server(binaries: Binaries, files: Files, port: int) -> list[str]:
    return [
        str(binaries["kube-apiserver"]),
        f"--etcd-servers=unix://{files.etcd_socket}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        # The port is held by a socket of ours until the end (see ports.py), and shared with it.
        "--permit-port-sharing",
        "--advertise-address=127.0.0.1",
        # The default reconciler refuses a loopback address.
        "--endpoint-reconciler-type=none",
        f"--cert-dir={files.certificates}",
        f"--token-auth-file={files.tokens}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        f"--service-cluster-ip-range={SERVICE_CIDR}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-signing-key-file={files.signing_key}",
        f"--service-account-key-file={files.signing_key}",
        # GPU device plugins are privileged pods, and TKE lets them in.
        "--allow-privileged",
        # For a handful of clients and objects neither queues nor copies in memory pay for themselves.
        "--enable-priority-and-fairness=false",
        "--watch-cache=false",
        "--profiling=false",
    ]


def controller_manager(binaries: Binaries, files: Files) -> list[str]:
    return [
        str(binaries["kube-controller-manager"]),
        f"--kubeconfig={files.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--service-account-private-key-file={files.signing_key}",
        f"--root-ca-file={files.authority}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        # Both are looked at once per period; the usual 15 seconds are long for one who waits.
        "--horizontal-pod-autoscaler-sync-period=1s",
        "--pvclaimbinder-sync-period=1s",
        "--profiling=false",
    ]


def scheduler(binaries: Binaries, files: Files) -> list[str]:
    return [
        str(binaries["kube-scheduler"]),
        f"--kubeconfig={files.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--profiling=false",
    ]


def kwok(binaries: Binaries, files: Files) -> list[str]:
    return [
        str(binaries["kwok"]),
        f"--kubeconfig={files.kubeconfig}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
    ]
