"""Small HTTP servers in place of a stack's containers: each tells what it was asked for, as it got it."""

import json
import socket
import threading
import time
from dataclasses import asdict, dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

BEHAVE = "X-Behave"
"""A header by which a request says how it wants to be answered: `stream N` or `silent N` seconds, `large N` bytes."""


@cache
def own_address() -> str:
    """This machine's address: the API server takes no loopback address of an endpoint."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the kernel says which address it would send from (RFC 5737 has the address for examples).
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


@dataclass(frozen=True)
class Asked:
    """What a container got: the path as it stood in the request, and how many bytes of body."""

    method: str
    path: str
    length: int


class OwnServer(ThreadingHTTPServer):
    """`with OwnServer(handler) as server:` listens on a port of this machine."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__((own_address(), 0), handler)
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes in the middle of an answer is none of our business."""


class Container(OwnServer):
    """`with Container() as container:` stands for a container of the stack."""

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.asked: list[Asked] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go in two writes, and the second would wait for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nobody reads it."""

    def _answer(self) -> None:
        assert isinstance(self.server, Container)
        asked = Asked(self.command, self.path, self._read_body())
        self.server.asked.append(asked)
        behaviour, _, amount = self.headers.get(BEHAVE, "").partition(" ")
        match behaviour:
            case "stream":
                self._stream(int(amount), 1.0)
            case "silent":
                self._stream(2, float(amount))
            case "large":
                self._whole(b"x" * int(amount))
            case _:
                self._whole(json.dumps(asdict(asked)).encode())

    do_GET = do_POST = _answer  # noqa: N815

    def _read_body(self) -> int:
        length = left = int(self.headers.get("Content-Length", 0))
        while left:
            got = len(self.rfile.read(min(left, 1 << 20)))
            if not got:
                break
            left -= got
        return length - left

    def _whole(self, content: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, times: int, pause: float) -> None:
        """Events, with so many seconds between one and the next."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(times):
            if number:
                time.sleep(pause)
            self._chunk(f"data: {number}\n\n".encode())
        self._chunk(b"")

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()
