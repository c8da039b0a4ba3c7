"""An OpenAI-compatible server on loopback that answers at once, and remembers what it was asked."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class ReceivedRequest:
    """`keys`: the Authorization headers. `bodies`: of the chat completions. `refuse`: answer them with 500."""

    address: str = ""
    refuse: bool = False
    keys: list[str | None] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


class OpenAiHandler(BaseHTTPRequestHandler):
    asked: ReceivedRequest

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Requests are remembered, not shown."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.keys.append(self.headers.get("Authorization"))
        self.asked.bodies.append(body)
        self.send_response(500 if self.asked.refuse else 200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        if self.asked.refuse:
            return
        count = body["max_tokens"]
        for place in range(count):
            self.event(
                {"index": 0, "delta": {"content": "word "}, "finish_reason": "length" if place == count - 1 else None}
            )
        self.event(None, {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": count + 7})
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, choice: dict[str, Any] | None, usage: dict[str, int] | None = None) -> None:
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "chat", "usage": usage}
        chunk["choices"] = [] if choice is None else [choice]
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()


@contextmanager
def answering() -> Iterator[ReceivedRequest]:
    asked = ReceivedRequest()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (OpenAiHandler,), {"asked": asked}))
    asked.address = f"http://127.0.0.1:{server.server_address[1]}/v1"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
