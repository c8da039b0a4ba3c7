"""Servers on loopback that speak vLLM's and Open WebUI's protocols as far as the smoke test does, faults included.

Shapes and statuses: seen at vLLM 0.29.0 and Open WebUI 0.12.4.
"""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "key-of-the-model-4711"
ADMIN, PASSWORD = "admin@example.com", "password-of-the-administrator"
TOOLS = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'


@dataclass
class Reply:
    status: int
    document: object = None
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass
class StubServer:
    """Something that answers; `port` is there while it is served."""

    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
        raise NotImplementedError


@contextmanager
def serving(server: StubServer, certificate: Path | None = None) -> Iterator[None]:
    """Serve on a port of its own, by TLS where a certificate is given."""

    class StubHandler(BaseHTTPRequestHandler):
        def _reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            authorization = self.headers.get("Authorization") or ""
            server.asked.append(f"{self.command} {self.headers.get('Host')} {self.path}")
            reply = server.answer(self.command, self.path, authorization.removeprefix("Bearer ") or None, body)
            text = json.dumps(reply.document) if reply.text is None else reply.text
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            # Whoever asked may have lost patience.
            with suppress(BrokenPipeError):
                self.wfile.write(text.encode())

        do_GET = do_POST = do_DELETE = _reply  # noqa: N815  the handler's own names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's own name
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), StubHandler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    server.port = listening.server_address[1]
    thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def stream(*pieces: dict[str, Any], end: bool = True) -> Reply:
    events = [{"choices": [{"index": 0, "delta": piece, "finish_reason": None}]} for piece in pieces]
    lines = [f"data: {json.dumps(event)}" for event in events] + (["data: [DONE]"] if end else [])
    return Reply(200, text="".join(f"{line}\n\n" for line in lines))


@dataclass
class EngineStub(StubServer):
    """vLLM, or with `key` None one that asks for none. `fault` names what is wrong with it; below `path` it answers."""

    name: str = "chat"
    key: str | None = KEY
    fault: str = ""
    path: str = "/v1"
    unready: int = 0

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
        if self.unready:
            self.unready -= 1
            return Reply(503, {"detail": "loading"})
        if self.fault == "redirect":
            return Reply(302, headers={"Location": "https://login.example.com/"})
        if self.key is not None and token != self.key and self._guards(path, token):
            return Reply(404 if self.fault == "wrong refusal" else 401, {"error": "Unauthorized"})
        if path == f"{self.path}/models":
            return Reply(200, {"data": [{"id": "other" if self.fault == "model list" else self.name}]})
        match path.removeprefix(self.path):
            case "/chat/completions":
                return self._completion(body)
            case "/embeddings":
                vectors = [[0.5, 0.25]] * (1 if self.fault == "vectors" else len(body["input"]))
                return Reply(200, {"data": [{"embedding": vector} for vector in vectors]})
            case "/rerank":
                scores = [0.1, 0.9] if self.fault == "ranks" else [0.9, 0.1]
                results = [{"index": place, "relevance_score": score} for place, score in enumerate(scores)]
                return Reply(200, {"results": sorted(results, key=lambda each: -each["relevance_score"])})
        return Reply(404, {"detail": "Not Found"})

    def _guards(self, path: str, token: str | None) -> bool:
        # Of the list alone some releases make no secret.
        if self.fault == "no key asked":
            return token is not None
        return not (self.fault == "wrong key accepted" and token is not None)

    def _completion(self, body: Any) -> Reply:
        if body["model"] != self.name:
            return Reply(404, {"error": {"message": f"The model `{body['model']}` does not exist."}})
        if self.fault == "tools" and body.get("tools"):
            return Reply(400, {"error": {"message": TOOLS, "code": 400}})
        if self.fault == "echoes the key":
            return Reply(500, {"error": {"message": f"cannot take {self.key}"}})
        said = {"content": "Hello"} if self.fault != "thinks" else {"content": None, "reasoning_content": "Hm"}
        if self.fault == "empty":
            said = {"content": ""}
        if body["stream"]:
            return stream({"role": "assistant", "content": ""}, said, end=self.fault != "breaks off")
        usage = {"completion_tokens": 0 if self.fault == "empty" else 1}
        return Reply(200, {"choices": [{"message": {"role": "assistant", **said}}], "usage": usage})


@dataclass
class PageStub(StubServer):
    """Open WebUI in front of one engine. `fault` as above."""

    engine: EngineStub = field(default_factory=EngineStub)
    fault: str = ""
    native: bool = False
    providers: tuple[str, ...] = ()
    password: str = PASSWORD
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, token: str | None, body: Any) -> Reply:
        parts = urlsplit(path)
        who = (
            "admin"
            if token == "token of admin"
            else next((user for user in self.users if token == f"token of {user}"), None)
        )
        match method, parts.path:
            case "GET", "/api/config":
                oauth = {"providers": {name: name for name in self.providers}}
                return Reply(200, {"status": True, "name": "Open WebUI", "version": "0.12.4", "oauth": oauth})
            case "GET", "/oauth/oidc/login":
                elsewhere = "" if self.fault == "login leads nowhere" else "https://id.example.com/authorize"
                return Reply(302, headers={"Location": elsewhere})
            case "POST", "/api/v1/auths/signin":
                return self._signin(body)
        if who is None and self.fault != "open to everyone":
            return Reply(401, {"detail": "Not authenticated"})
        match method, parts.path:
            case "GET", "/api/models":
                names = [] if self.fault == "no model" and who != "admin" else [self.engine.name]
                return Reply(200, {"data": [{"id": name} for name in names]})
            case "POST", "/api/chat/completions":
                return self._chat(body)
        if who != "admin":
            return Reply(403, {"detail": "prohibited"})
        return self._administration(method, parts.path, parse_qs(parts.query), body)

    def _signin(self, body: Any) -> Reply:
        if (body["email"], body["password"]) == (ADMIN, self.password):
            return Reply(200, {"token": "token of admin", "role": "admin"})
        for user, account in self.users.items():
            if (account["email"], account["password"]) == (body["email"], body["password"]):
                return Reply(200, {"token": f"token of {user}", "role": account["role"]})
        return Reply(400, {"detail": "The email or password provided is incorrect."})

    def _chat(self, body: Any) -> Reply:
        if self.fault == "no answer":
            return Reply(200, text="data: [DONE]\n\n")
        tools = [{"type": "function"}] if self.native and body.get("session_id") else None
        sent = {**body, "tools": tools}
        reply = self.engine.answer("POST", f"{self.engine.path}/chat/completions", self.engine.key, sent)
        return Reply(400, {"detail": TOOLS}) if reply.status == 400 else reply

    def _administration(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Reply:
        if (method, path) == ("POST", "/api/v1/auths/add"):
            self.made.append(body["email"])
            self.users[f"u{len(self.made)}"] = {"created_at": 0, **body}
            return Reply(500, {"detail": "lost"}) if self.fault == "answer lost" else Reply(200, {"token": "t"})
        if (method, path) == ("GET", "/api/v1/users/"):
            found = [
                {"id": key, "email": each["email"], "created_at": each["created_at"]}
                for key, each in self.users.items()
                if query["query"][0] in each["email"]
            ]
            return Reply(200, {"users": found, "total": len(found)})
        if method == "DELETE" and self.fault != "undeletable":
            return Reply(200, self.users.pop(path.rpartition("/")[2], None) is not None)
        return Reply(500, {"detail": "cannot"})
