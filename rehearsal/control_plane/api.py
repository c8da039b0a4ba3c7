"""A small client of the Kubernetes API: one connection, JSON in and out, the server's warnings kept."""

import http.client
import json
import re
import ssl
import threading
import time
from typing import Any, Self
from urllib.parse import urlsplit

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"

_WARNING_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NOT_FOUND = 404
_TOO_MANY = 429
_TRIES = 40
_PAUSE = 0.25
_IDLE = 60.0
"""Seconds after which a connection is opened anew: the server closes one that was idle for 90 (IdleTimeout in
staging/src/k8s.io/apiserver/pkg/server/secure_serving.go)."""
_ESCAPED = re.compile(r"\\(.)")


UNREACHABLE = (OSError, http.client.HTTPException)
"""What a request ends with where no server answers."""


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, method: str, path: str, status: int, answer: dict[str, Any]) -> None:
        self.status = status
        """HTTP status."""
        self.reason: str = answer.get("reason", "")
        """Kubernetes' word for it, such as NotFound or Invalid."""
        self.message: str = answer.get("message", "")
        """The server's own sentence."""
        super().__init__(f"{method} {path}: {status} {self.message or self.reason}")


class GoneError(ApiError):
    """What the request speaks of is not there."""


class Api:
    """Of several threads one asks at a time."""

    def __init__(self, server: str, token: str, authority: str, timeout: float = 30.0) -> None:
        """`authority` is in PEM; `timeout`, in seconds, holds for each request."""
        self.warnings: list[str] = []
        """What the server warned of since this list was last emptied: deprecated fields, Pod Security and the like."""
        self._token = token
        self._free = threading.Lock()
        self._answered = time.monotonic()
        self._connection = http.client.HTTPSConnection(
            urlsplit(server).netloc, timeout=timeout, context=ssl.create_default_context(cadata=authority)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str) -> dict[str, Any]:
        return self.request("GET", path)

    def create(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """POST to a collection, with strict field validation."""
        return self.request("POST", f"{path}?fieldValidation=Strict", body)

    def apply(
        self, path: str, body: dict[str, Any] | str, manager: str = "tke-llm", *, dry: bool = False
    ) -> dict[str, Any]:
        """Server-side apply of one object, or of its YAML, at its own path, with strict field validation; nothing is
        kept of it in a `dry` run."""
        query = f"fieldManager={manager}&force=true&fieldValidation=Strict{'&dryRun=All' if dry else ''}"
        return self.request("PATCH", f"{path}?{query}", body, APPLY)

    def delete(self, path: str, *, propagation: str = "Background") -> dict[str, Any]:
        return self.request("DELETE", path, {"propagationPolicy": propagation})

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Merge a few fields into an object, or into its status where the path ends in /status."""
        return self.request("PATCH", path, body, MERGE)

    def request(
        self, method: str, path: str, body: dict[str, Any] | str | None = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Send one request; a body that is text is sent as it stands.

        Raises ApiError where the server refuses, OSError or http.client.HTTPException where it does not answer.

        An answer that is not JSON comes back as {"text": …}.
        """
        status, text = self._send(method, path, body, content_type)
        for _ in range(_TRIES):
            # Said while the storage of a new kind is made ready; client-go asks again too.
            if status != _TOO_MANY:
                break
            time.sleep(_PAUSE)
            status, text = self._send(method, path, body, content_type)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = {"text": text}
        if status >= 400:
            refused = GoneError if status == _NOT_FOUND else ApiError
            raise refused(method, path, status, answer if "text" not in answer else {"message": text.strip()})
        return answer

    def _send(self, method: str, path: str, body: dict[str, Any] | str | None, content_type: str) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json", "Content-Type": content_type}
        with self._free:
            if time.monotonic() - self._answered > _IDLE:
                self._connection.close()
            try:
                self._connection.request(method, path, _encoded(body), headers)
                response = self._connection.getresponse()
                text = response.read().decode()
                self._answered = time.monotonic()
            except UNREACHABLE:
                # A connection that failed half-way cannot carry the next request; closed, it opens anew.
                self._connection.close()
                raise
        for header in response.headers.get_all("Warning", []):
            self.warnings += [_ESCAPED.sub(r"\1", words) for words in _WARNING_TEXT.findall(header)[:1]]
        return response.status, text


def _encoded(body: dict[str, Any] | str | None) -> bytes | None:
    if body is None:
        return None
    return (body if isinstance(body, str) else json.dumps(body)).encode()
