"""`tke-llm chat`: the whole command, with a server that streams on loopback and a program called kubectl that forwards
to it."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from cli.chat import command as module
from cli.chat.stream import ChatError, Written, answer
from tests.unit.stub_servers import KEY, EngineStub, serving
from tests.unit.terminal import Terminal
from tests.unit.test_cli import command
from tests.unit.test_deployed import answering, outputs, program

KUBECTL = """
import os, pathlib, signal, time
pathlib.Path("HERE/kubectl.pid").write_text(str(os.getpid()))
print("Forwarding from 127.0.0.1:PORT -> 8000", flush=True)
time.sleep(600)
"""


@dataclass
class SlowEngine:
    """Streams one word, and the rest once it is let; remembers what it was asked, and who left early."""

    port: int = 0
    let: Event = field(default_factory=Event)
    left: Event = field(default_factory=Event)
    asked: list[list[dict[str, Any]]] = field(default_factory=list)


@contextmanager
def slow_engine() -> Iterator[SlowEngine]:
    engine = SlowEngine()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's own name
            pass

        def do_POST(self) -> None:
            engine.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"])
            self.send_response(200)
            self.end_headers()
            try:
                self.piece("first")
                while not engine.let.wait(0.05):
                    self.wfile.write(b": still there\n\n")
                    self.wfile.flush()
                self.piece(" second", end="stop")
                self.wfile.write(b"data: [DONE]\n\n")
            except OSError:
                engine.left.set()

        def piece(self, text: str, end: str | None = None) -> None:
            event = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": end}]}
            self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
            self.wfile.flush()

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    engine.port = listening.server_address[1]
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield engine
    finally:
        engine.let.set()
        listening.shutdown()
        listening.server_close()


def forwarding(folder: Path, port: int) -> None:
    program(folder, "kubectl", KUBECTL.replace("PORT", str(port)))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the programs are; the stack is `dev`, whose key the stub asks for."""
    monkeypatch.setenv("PATH", str(tmp_path))
    answering(tmp_path, json.dumps({**outputs(), "apiKeys": {"chat": KEY}}))
    return tmp_path


def gone(folder: Path) -> bool:
    """Whether the forwarding program has ended."""
    pid = int((folder / "kubectl.pid").read_text())
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_one_question_is_answered_through_a_port_that_is_forwarded_for_as_long(here: Path) -> None:
    engine = EngineStub()
    with serving(engine):
        forwarding(here, engine.port)
        result = command("chat", "dev", "--message", "hi")
    assert (result.exit_code, result.stdout) == (0, "Hello\n"), result.output
    assert engine.asked == [f"POST 127.0.0.1:{engine.port} /v1/chat/completions"]
    assert gone(here)
    assert KEY not in result.output


def test_a_question_on_stdin_is_one_question_and_json_holds_the_answer(here: Path) -> None:
    from typer.testing import CliRunner  # noqa: PLC0415

    from cli.main import app  # noqa: PLC0415

    engine = EngineStub()
    with serving(engine):
        forwarding(here, engine.port)
        result = CliRunner().invoke(app, ["chat", "dev", "--json"], input="hi there\n")
    assert json.loads(result.stdout) == {"stack": "dev", "model": "chat", "answer": "Hello"}


@pytest.mark.parametrize(
    ("fault", "key", "says"),
    [
        ("", "another-key", "answers 401: Unauthorized"),
        ("breaks off", KEY, "the answer breaks off"),
        ("echoes the key", KEY, "answers 500: cannot take …"),
        ("redirect", KEY, "answers 302"),
    ],
)
def test_an_answer_that_fails_is_a_sentence_without_the_key(here: Path, fault: str, key: str, says: str) -> None:
    answering(here, json.dumps({**outputs(), "apiKeys": {"chat": key}}))
    engine = EngineStub(fault=fault)
    with serving(engine):
        forwarding(here, engine.port)
        result = command("chat", "dev", "--message", "hi")
    assert (result.exit_code, says in result.stderr) == (1, True), result.output
    assert KEY not in result.output
    assert key not in result.output
    assert gone(here)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["dev", "other", "--message", "hi"], 1, "serves no model 'other' that chats"),
        (["dev", "--message", "  "], 2, "the question is empty"),
    ],
)
def test_what_cannot_be_asked_is_said(here: Path, arguments: list[str], code: int, says: str) -> None:
    result = command("chat", *arguments)
    assert (result.exit_code, says in result.stderr) == (code, True), result.output


def test_a_paused_stack_is_not_asked(here: Path) -> None:
    shown = outputs()
    answering(here, json.dumps({**shown, "plan": {**shown["plan"], "paused": True}}))
    assert "stack dev is paused" in command("chat", "dev", "--message", "hi").stderr


def test_nobody_at_the_address_is_a_sentence(here: Path) -> None:
    forwarding(here, 1)
    result = command("chat", "dev", "--message", "hi")
    assert result.exit_code == 1
    assert "gives no answer" in result.stderr


def test_thoughts_are_told_from_the_answer() -> None:
    engine = EngineStub(fault="thinks")
    with serving(engine):
        said = list(answer(f"{engine.url}/v1", KEY, "chat", [{"role": "user", "content": "hi"}]))
    assert said == [Written("Hm", thought=True)]


def test_a_certificate_that_nobody_knows_is_not_trusted(tmp_path: Path) -> None:
    import subprocess  # noqa: PLC0415

    certificate = tmp_path / "both.pem"
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj"]
    subprocess.run([*asked, "/CN=localhost", "-keyout", key, "-out", made], check=True, capture_output=True)
    certificate.write_text(key.read_text() + made.read_text())
    engine = EngineStub()
    with serving(engine, certificate), pytest.raises(ChatError, match="is not trusted here"):
        list(answer(f"https://127.0.0.1:{engine.port}/v1", KEY, "chat", []))


def test_at_a_terminal_ctrl_c_ends_the_answer_and_not_the_conversation(here: Path) -> None:
    with slow_engine() as engine:
        forwarding(here, engine.port)
        with Terminal(Path(), "chat", "dev") as terminal:
            terminal.until("> ")
            terminal.type("one\n")
            terminal.until("first")
            os.killpg(terminal.process.pid, signal.SIGINT)
            terminal.until("stopped")
            assert engine.left.wait(10)
            engine.let.set()
            terminal.type("two\n")
            terminal.until("first second")
            assert not gone(here)
            terminal.type("/new\n")
            terminal.type("three\n")
            terminal.until("> three")
            terminal.type("/quit\n")
            assert terminal.process.wait(30) == 0
            assert "Traceback" not in terminal.seen
    asked = [[each["content"] for each in messages] for messages in engine.asked]
    assert asked == [["one"], ["one", "first", "two"], ["three"]]
    assert gone(here)


def test_a_terminal_that_is_closed_leaves_no_forwarded_port_behind(here: Path) -> None:
    with slow_engine() as engine:
        forwarding(here, engine.port)
        with Terminal(Path(), "chat", "dev") as terminal:
            terminal.until("> ")
            end = time.monotonic() + 30
            # One that comes just before the program waits for a key is seen with the next.
            while terminal.process.poll() is None:
                assert time.monotonic() < end
                os.kill(terminal.process.pid, signal.SIGHUP)
                time.sleep(0.2)
        while not gone(here):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_models_text_moves_no_cursor() -> None:
    assert module._plain("a\x1b[2Jb\n\tc\r") == "a\\x1b[2Jb\n    c\\x0d"


def test_a_public_address_is_asked_without_kubectl_unless_a_port_is_wanted(here: Path) -> None:
    engine = EngineStub()
    shown = {**outputs("gateway"), "apiKeys": {"chat": KEY}}
    shown["models"]["chat"]["apiBaseUrl"] = "http://localhost:1/v1"
    answering(here, json.dumps(shown))
    assert "http://localhost:1/v1 gives no answer" in command("chat", "gateway", "--message", "hi").stderr
    with serving(engine):
        forwarding(here, engine.port)
        assert command("chat", "gateway", "--message", "hi", "--forward").stdout == "Hello\n"
