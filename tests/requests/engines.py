"""Engines that stand for those of a stack: they answer as OpenAI's API does, and tell what they were asked."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.requests.containers import OwnServer

CLOCK, SLOW = "clock", "slow"
"""As `behave` of a request: each token of the stream says when it was written; each token takes a tenth of a second."""


@dataclass(frozen=True)
class Question:
    path: str
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


class Engine(OwnServer):
    """`with Engine("chat") as engine:` answers for the model of this name. As many tokens are read as the last message
    has characters, and as many written as `max_tokens` says."""

    def __init__(self, name: str, names: tuple[str, ...] = (), pause: float = 0.0) -> None:
        """`names`: its adapters. `pause`: seconds between two tokens of a stream."""
        super().__init__(_Handler)
        self.name, self.names, self.pause = name, (name, *names), pause
        self.asked: list[Question] = []

    def take(self) -> list[Question]:
        """What it was asked since the last time."""
        return [self.asked.pop(0) for _ in range(len(self.asked))]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body go in two writes, and the second would wait for the first to be acknowledged.
    disable_nagle_algorithm = True

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nobody reads it."""

    def do_POST(self) -> None:
        engine = self.server
        assert isinstance(engine, Engine)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        question = Question(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        engine.asked.append(question)
        try:
            asked = question.json
        except ValueError:
            self._whole({"error": {"message": "no JSON", "type": "BadRequestError"}}, 400)
            return
        if asked["model"] not in engine.names:
            self._whole({"error": {"message": f"The model `{asked['model']}` does not exist."}}, 404)
        elif asked.get("behave") == "refuse":
            self._whole({"error": {"message": "too long", "type": "BadRequestError"}}, 400)
        elif "input" in asked:
            usage = {"prompt_tokens": len(asked["input"]), "total_tokens": len(asked["input"])}
            vectors = [{"embedding": [0.5] * 64}] * (len(asked["input"]) if isinstance(asked["input"], list) else 1)
            self._whole({"data": vectors, "model": asked["model"], "usage": usage})
        elif asked.get("stream"):
            self._stream(asked, engine.pause)
        else:
            if asked.get("behave") == SLOW:
                time.sleep(0.1 * asked.get("max_tokens", 4))
            text = asked.get("say", "x ")
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            self._whole({"model": asked["model"], "choices": [choice], "usage": _usage(asked)})

    def _whole(self, content: Mapping[str, Any], status: int = 200) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, asked: Mapping[str, Any], pause: float) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        options = asked.get("stream_options") or {}
        pause = 0.1 if asked.get("behave") == SLOW else pause
        for number in range(asked.get("max_tokens", 4)):
            if number and pause:
                time.sleep(pause)
            said = repr(time.monotonic()) if asked.get("behave") == CLOCK else asked.get("say", f"{number} ")
            delta = {"index": 0, "delta": {"content": said}, "finish_reason": None}
            # As vLLM does (entrypoints/openai/chat_completion/serving.py of the wheel 0.29.0).
            running = options.get("include_usage") and options.get("continuous_usage_stats")
            told = {"usage": _usage({**asked, "max_tokens": number + 1})} if running else {}
            self._event({"model": asked["model"], "choices": [delta], **told})
        if options.get("include_usage"):
            self._event({"model": asked["model"], "choices": [], "usage": _usage(asked)})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _event(self, content: Mapping[str, Any]) -> None:
        self._chunk(f"data: {json.dumps(content)}\n\n".encode())

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
        self.wfile.flush()


def _usage(asked: Mapping[str, Any]) -> dict[str, Any]:
    read = len(asked["messages"][-1]["content"])
    written = asked.get("max_tokens", 4)
    details = {"cached_tokens": 1}
    return {
        "prompt_tokens": read,
        "total_tokens": read + written,
        "completion_tokens": written,
        "prompt_tokens_details": details,
    }
