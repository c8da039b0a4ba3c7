"""What clients and processes of one control plane know each other by; all of it dies with the private directory."""

import base64
import json
import secrets
from pathlib import Path

# RFC 5915 ECPrivateKey, version 1, curve prime256v1; its reader derives the public key, which is optional there.
_EC_KEY_HEAD = bytes.fromhex("30310201010420")
_EC_KEY_TAIL = bytes.fromhex("a00a06082a8648ce3d030107")
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def signing_key() -> str:
    """A new ECDSA P-256 private key in PEM, which service-account tokens are signed with."""
    secret = secrets.randbelow(_P256_ORDER - 1) + 1
    der = _EC_KEY_HEAD + secret.to_bytes(32, "big") + _EC_KEY_TAIL
    body = base64.encodebytes(der).decode().replace("\n", "")
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""])


def new_token() -> str:
    """A bearer token for the administrator."""
    return secrets.token_urlsafe(32)


def token_table(token: str) -> str:
    """The API server's static token file: one administrator, bound to cluster-admin by its group."""
    return f'{token},tke-llm,tke-llm,"system:masters"\n'


def kubeconfig(server: str, token: str, authority: str) -> str:
    """A kubeconfig with one context; `authority` is in PEM. JSON, which every reader of kubeconfig YAML reads."""
    name = "tke-llm-rehearsal"
    data = base64.b64encode(authority.encode()).decode()
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": data}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        indent=2,
    )


def write_private(path: Path, text: str) -> Path:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path
