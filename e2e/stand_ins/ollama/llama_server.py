"""Stands in for the llama.cpp server that Ollama starts for a model: speaks its protocol, and answers with known words.

Reads the words from a file beside itself; of the command line only the port matters. Endpoints: llama.cpp's
documentation of its server. Runs with the standard library.
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = (Path(__file__).parent / "words.txt").read_text(encoding="utf-8").split()
PAUSE = 0.4
"""Seconds between two words: an answer lasts longer than a preStop."""


class LlamaHandler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """/health, and whatever else is asked for: well."""
        self._send({"status": "ok"})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        answer = {
            "/tokenize": {"tokens": [ord(letter) for letter in asked.get("content", "")]},
            "/detokenize": {"content": "".join(map(chr, asked.get("tokens", ())))},
            "/apply-template": {"prompt": json.dumps(asked.get("messages"))},
        }.get(self.path)
        if answer is not None:
            self._send(answer)
        else:
            self._stream(self.path == "/v1/chat/completions", asked)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Ollama reads the log for sizes; there are none."""

    def _stream(self, chat: bool, asked: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        limit = asked.get("max_tokens" if chat else "n_predict") or -1
        words = WORDS if limit < 0 else WORDS[:limit]
        for word in words:
            self._event(chat, f" {word}", "", len(words))
            time.sleep(PAUSE)
        self._event(chat, "", "stop" if words == WORDS else "length", len(words))
        self.close_connection = True

    def _event(self, chat: bool, text: str, end: str, count: int) -> None:
        timings = {"prompt_n": 1, "prompt_ms": 1.0, "predicted_n": count, "predicted_ms": 1.0}
        if chat:
            choice = {"delta": {"content": text} if text else {}, "finish_reason": end or None}
            event: dict[str, Any] = {"choices": [choice], "timings": timings}
        else:
            stop_type = {"stop": "eos", "length": "limit"}.get(end, "none")
            event = {"content": text, "stop": bool(end), "stop_type": stop_type, "timings": timings}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def _send(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    if "--port" not in sys.argv:
        # Ollama asks for devices before it starts a model: there is none but the CPU.
        sys.stdout.write("Available devices:\n")
        return
    port = int(sys.argv[sys.argv.index("--port") + 1])
    ThreadingHTTPServer(("127.0.0.1", port), LlamaHandler).serve_forever()


if __name__ == "__main__":
    main()
