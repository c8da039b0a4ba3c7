"""A client that sends a path as it is given, over a connection of its own."""

import http.client
import socket
import ssl
from dataclasses import dataclass
from functools import partial
from typing import Self

HTTP_PORT, HTTPS_PORT = 10080, 10443
"""Where Envoy Gateway has its proxies listen for a Gateway's ports 80 and 443, as they are no root's."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """By their names in small letters."""
    body: bytes


class Connection:
    """One connection to the proxy, by TLS with a name that is asked for, or plainly; another where that was closed."""

    def __init__(self, trust: str | None = None, name: str | None = None, timeout: float = 20.0) -> None:
        """`trust`: the authority's certificate in PEM; without it the connection is plain HTTP."""
        self._open = partial(_open, trust, name, timeout)
        self._socket = self._open()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(
        self, host: str, path: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        self.send(host, path, method, body, headers)
        return self.receive(method)

    def send(
        self, host: str, path: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> None:
        fields = {"Host": host, "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body)

    def write(self, data: bytes) -> None:
        if self._closed:
            self._socket.close()
            self._socket, self._closed = self._open(), False
        self._socket.sendall(data)

    def receive(self, method: str = "GET") -> Answer:
        response = self.begin(method)
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())

    def begin(self, method: str = "GET") -> http.client.HTTPResponse:
        """Head of the answer; its body is left to read."""
        response = http.client.HTTPResponse(self._socket, method=method)
        response.begin()
        self._closed = response.will_close
        return response


def _open(trust: str | None, name: str | None, timeout: float) -> socket.socket:
    plain = socket.create_connection(("127.0.0.1", HTTP_PORT if trust is None else HTTPS_PORT), timeout)
    if trust is None:
        return plain
    try:
        return ssl.create_default_context(cadata=trust).wrap_socket(plain, server_hostname=name)
    except BaseException:
        plain.close()
        raise
