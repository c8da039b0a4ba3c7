"""Both hubs as their clients see them, on loopback: the requests of a download, and the mishaps that are asked for.

Hugging Face: the API's `models`, `tree` and `resolve`, large files behind a redirect (LFS). ModelScope: `models`,
`revisions`, `repo/files` and `repo`.
"""

import hashlib
import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY = "maker/seven"
COMMIT = "5" * 40
PIECE = 1 << 16
LARGE = 1 << 16
"""Files from this size on lie behind a redirect, as LFS files do."""


@dataclass
class FakeHub:
    """The files that are given out, what went over the wire, and what is to go wrong.

    `sent`: bytes of bodies by file. `asked`: requests by file, and of the API under "". `cut_after`: when so many bytes
    of files have gone out, every connection breaks, once; with `hold` each waits instead, until it breaks with its
    client. `corrupt`: files of which a byte is changed on the way, and how many times. `rate`: bytes per second of the
    link, for all connections together.
    """

    files: dict[str, bytes]
    gated: bool = False
    cut_after: int | None = None
    hold: bool = False
    corrupt: Counter[str] = field(default_factory=Counter)
    rate: float | None = None
    sent: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0
    cut_at: float | None = None
    was_cut: threading.Event = field(default_factory=threading.Event)
    address: str = ""

    @property
    def store(self) -> str:
        """Where large files lie: on another host, for the client follows no redirect to it when it asks for headers."""
        return self.address.replace("127.0.0.1", "localhost")

    @property
    def size(self) -> int:
        return sum(map(len, self.files.values()))

    @property
    def total(self) -> int:
        """Bytes of files that went out."""
        return sum(self.sent.values())

    def may_send(self, name: str, count: int, since: float) -> bool:
        """Count bytes and wait for the link; False where the connection, begun at `since`, is to break."""
        with self.lock:
            if self.cut_after is not None and self.total + count > self.cut_after:
                self.cut_after, self.cut_at = None, time.monotonic()
                self.was_cut.set()
            if self.cut_at is not None and since < self.cut_at:
                return False
            self.sent[name] += count
            now = time.monotonic()
            self.free_at = max(self.free_at, now) + (count / self.rate if self.rate else 0)
            wait = self.free_at - now
        time.sleep(max(0.0, wait))
        return True

    def body(self, name: str) -> bytes:
        with self.lock:
            if not self.corrupt[name]:
                return self.files[name]
            self.corrupt[name] -= 1
        changed = bytearray(self.files[name])
        changed[-1] ^= 0xFF
        return bytes(changed)


class HubHandler(BaseHTTPRequestHandler):
    """One request to either hub, told apart by its path."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Requests are counted, not shown."""

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        parts = urlsplit(self.path)
        steps = [unquote(step) for step in parts.path.strip("/").split("/")]
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if steps[:2] == ["api", "v1"]:
            self.modelscope(steps[3:], query)
        elif steps[:2] == ["api", "models"]:
            self.hugging_face_api(steps[4:])
        elif steps[0] == "cdn":
            self.file("/".join(steps[1:]), {})
        else:
            self.resolve(steps[3], "/".join(steps[4:]))

    def hugging_face_api(self, steps: list[str]) -> None:
        self.hub.asked[""] += 1
        if len(steps) > 1 and steps[1] not in ("main", COMMIT):
            self.refuse(404, "RevisionNotFound")
        elif steps[:1] == ["tree"]:
            self.json([self.entry(name) for name in self.hub.files])
        else:
            siblings = [{"rfilename": name} for name in self.hub.files]
            self.json({"id": REPOSITORY, "sha": COMMIT, "private": False, "gated": False, "siblings": siblings})

    def entry(self, name: str) -> dict[str, Any]:
        content = self.hub.files[name]
        plain = {"type": "file", "path": name, "size": len(content), "oid": git_digest(content)}
        if len(content) < LARGE:
            return plain
        return plain | {"lfs": {"oid": sha256(content), "size": len(content), "pointerSize": 134}}

    def resolve(self, revision: str, name: str) -> None:
        content = self.hub.files.get(name)
        if self.hub.gated:
            self.refuse(401, "GatedRepo")
        elif content is None or revision not in ("main", COMMIT):
            self.refuse(404, "EntryNotFound" if content is None else "RevisionNotFound")
        elif len(content) < LARGE:
            self.file(name, {"ETag": f'"{git_digest(content)}"', "X-Repo-Commit": COMMIT})
        else:
            headers = {"X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(content))}
            headers |= {"X-Linked-ETag": f'"{sha256(content)}"', "Location": f"{self.hub.store}/cdn/{name}?sig=x"}
            self.begin(302, 0, headers)

    def modelscope(self, steps: list[str], query: dict[str, str]) -> None:
        below = steps[2:]
        if below[:1] == ["repo"] and "FilePath" in query:
            self.file(query["FilePath"], {})
            return
        self.hub.asked[""] += 1
        if self.hub.gated:
            self.json({"Code": 10010205001, "Message": "no permission", "Success": False}, 403)
        elif query.get("Revision", "master") != "master":
            self.json({"Code": 10010205001, "Message": "no such revision", "Success": False}, 404)
        elif below == ["revisions"]:
            branch = {"Revision": "master", "CreatedAt": 1}
            self.data({"RevisionMap": {"Branches": [branch], "Tags": []}})
        elif below == ["repo", "files"]:
            self.data({"Files": [self.listed(name) for name in self.hub.files]})
        else:
            self.data({"Name": REPOSITORY})

    def listed(self, name: str) -> dict[str, Any]:
        content = self.hub.files[name]
        return {
            "Name": name.rpartition("/")[2],
            "Path": name,
            "Type": "blob",
            "Size": len(content),
            "Sha256": sha256(content),
            "Revision": COMMIT,
            "CommittedDate": 1,
        }

    def file(self, name: str, headers: dict[str, str]) -> None:
        """A file, or the range of it that is asked for."""
        if self.command == "GET":
            self.hub.asked[name] += 1
        size = len(self.hub.files[name])
        first, last = 0, size - 1
        if wanted := self.headers.get("Range"):
            start, _, end = wanted.removeprefix("bytes=").partition("-")
            first, last = int(start), min(int(end or last), last)
            headers |= {"Content-Range": f"bytes {first}-{last}/{size}"}
        self.begin(206 if wanted else 200, last + 1 - first, {"Accept-Ranges": "bytes", **headers})
        if self.command == "HEAD":
            return
        since = time.monotonic()
        body = memoryview(self.hub.body(name))[first : last + 1]
        for start in range(0, len(body), PIECE):
            piece = body[start : start + PIECE]
            if not self.hub.may_send(name, len(piece), since):
                if self.hub.hold:
                    self.connection.settimeout(60)
                    self.connection.recv(1)
                self.close_connection = True
                return
            self.wfile.write(piece)

    def data(self, value: Any) -> None:
        self.json({"Code": 200, "Message": "success", "Success": True, "Data": value})

    def json(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.begin(status, len(body), {"Content-Type": "application/json"})
        if self.command != "HEAD":
            self.wfile.write(body)

    def refuse(self, status: int, code: str) -> None:
        self.hub.asked[""] += 1
        self.begin(status, 0, {"X-Error-Code": code, "X-Error-Message": f"{code}: not for you"})

    def begin(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()


class HubServer(ThreadingHTTPServer):
    """Clients that are killed leave connections behind; that is no fault to report."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        return


@contextmanager
def serving(hub: FakeHub, certificate: Path) -> Iterator[FakeHub]:
    """The hub under https, as ModelScope's older client insists, with a certificate and its key."""
    server = HubServer(("127.0.0.1", 0), type("Bound", (HubHandler,), {"hub": hub}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    hub.address = f"https://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_digest(content: bytes) -> str:
    """What Git calls a blob of this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
