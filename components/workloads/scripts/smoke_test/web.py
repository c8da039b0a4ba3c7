"""HTTP as far as it is needed, over plain connections and TLS."""

import http.client
import json
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .findings import Failure

PAUSE_SECONDS = 2.0
MOST_BYTES = 1 << 20

UNREADY = {502, 503, 504}
REFUSED = {401, 403}
REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Answer:
    """An HTTP response. `first` is when its first line came, in seconds after the request."""

    status: int
    location: str
    body: bytes
    first: float

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `Failure` where it is none."""
        try:
            return dict(json.loads(self.body))
        except (ValueError, TypeError) as error:
            raise Failure(f"answers {self.status} with something that is no JSON object: {self.told}") from error

    @property
    def told(self) -> str:
        """What an answer says is wrong, in one line."""
        text = self.body.decode(errors="replace")
        try:
            given = json.loads(text)
            error = given.get("error", given.get("detail", given))
            text = str(error.get("message", error) if isinstance(error, dict) else error)
        except (ValueError, AttributeError):
            pass
        return clipped(text)

    def expect(self, status: int = 200) -> "Answer":
        """This answer. Raises `Failure` where it has another status."""
        if self.status in REDIRECTS and self.status != status:
            raise Failure(f"is sent on to {self.location} ({self.status})")
        if self.status != status:
            raise Failure(f"answers {self.status}: {self.told}")
        return self


def clipped(text: str) -> str:
    """At most 200 characters in one line."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:199]}…"


@dataclass
class Site:
    """A base URL that is asked, at `connect` where its host name leads nowhere yet. There alone a certificate need not
    be believed, for whoever is asked is known by another name; `untrusted` says why it was not."""

    url: str
    connect: str | None = None
    untrusted: str = ""

    def ask(self, method: str, path: str, seconds: float, *, token: str | None = None, body: object = None) -> Answer:
        """Ask once; redirects are not followed.

        Raises:
            OSError, http.client.HTTPException: there is no answer (in time).
            Failure: the certificate is not believed.
        """
        try:
            return self._ask(method, path, seconds, token, body)
        except ssl.SSLCertVerificationError as error:
            if self.connect is None:
                raise Failure(f"its certificate is not trusted here ({error.verify_message})") from error
            self.untrusted = error.verify_message
            return self._ask(method, path, seconds, token, body)

    def patiently(
        self, method: str, path: str, seconds: float, *, token: str | None = None, body: object = None
    ) -> Answer:
        """Ask again while nobody listens or what is behind is not ready, until `seconds` have passed.

        Raises:
            Failure: there was no answer in this time.
        """
        end = time.monotonic() + seconds
        while True:
            left = max(end - time.monotonic(), 0.1)
            try:
                answer = self.ask(method, path, left, token=token, body=body)
            except (OSError, http.client.HTTPException) as error:
                why = f"no answer in {seconds:.0f} s ({type(error).__name__}: {error})"
            else:
                if answer.status not in UNREADY:
                    return answer
                why = f"answers {answer.status} for {seconds:.0f} s: {answer.told}"
            if time.monotonic() + PAUSE_SECONDS > end:
                raise Failure(why)
            time.sleep(PAUSE_SECONDS)

    def _ask(self, method: str, path: str, seconds: float, token: str | None, body: object) -> Answer:
        begun = time.monotonic()
        parts = urlsplit(self.url)
        headers = {"Accept": "*/*", "User-Agent": "tke-llm-smoke-test", "Connection": "close"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = self._connection(seconds)
        try:
            payload = None if body is None else json.dumps(body).encode()
            connection.request(method, f"{parts.path.rstrip('/')}{path}", payload, headers)
            response = connection.getresponse()
            lines, first, size = [], 0.0, 0
            while line := response.readline():
                first = first or time.monotonic() - begun
                lines.append(line)
                size += len(line)
                if time.monotonic() - begun > seconds or size > MOST_BYTES:
                    raise TimeoutError("the answer does not end")
            return Answer(response.status, response.headers.get("Location", ""), b"".join(lines), first)
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPConnection:
        """A connection that asks for the URL's host, wherever it leads."""
        parts = urlsplit(self.url)
        host, secure = str(parts.hostname), parts.scheme == "https"
        port = parts.port or (443 if secure else 80)
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(host, port, timeout=seconds)
        plain = socket.create_connection((self.connect or host, port), seconds)
        try:
            connection.sock = self._tls().wrap_socket(plain, server_hostname=host) if secure else plain
        except BaseException:
            plain.close()
            raise
        return connection

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.untrusted:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context


def describe(answer: Answer) -> str:
    return f"is sent on to {answer.location}" if answer.status in REDIRECTS else f"gets {answer.status}: {answer.told}"
