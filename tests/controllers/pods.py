"""Answers for the pods of a model: an HTTP proxy that leads to all of them, each a vLLM that shows its gauges."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Pods)
        self.server.asked.add(self.path)
        self.send_response(200 if self.server.gauges else 502)
        self.end_headers()
        for name, value in self.server.gauges.items():
            self.wfile.write(f'# TYPE {name} gauge\n{name}{{engine="0",model_name="chat"}} {value}\n'.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: the tests say what was asked."""


class Pods(ThreadingHTTPServer):
    """`gauges`: what each pod shows, by name; without any, none answers. `asked`: the URLs that were asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.gauges: dict[str, float] = {}
        self.asked: set[str] = set()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"
