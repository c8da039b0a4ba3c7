"""`tke-llm usage` of a stack that Prometheus reads; a server answers as Prometheus does
(prometheus.io/docs/prometheus/latest/querying/api). The real one: tests/requests/test_team.py."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from typer.testing import CliRunner

from cli.deployed import DeployedError
from cli.main import app
from cli.usage import Used
from cli.usage_prometheus import used_at
from tests.unit.test_deployed import answering, outputs, program

GREW = {
    "requests": {("ide", "coder"): 4, ("ide", "(other)"): 1, ("idle", "coder"): 0},
    "limited": {("ide", "coder"): 1},
    "failed": {("ide", "coder"): 1},
    "counted": {("ide", "coder"): 2},
    "prompt_tokens": {("ide", "coder"): 1234567},
    "completion_tokens": {("ide", "coder"): 89},
}
FORWARD = """
import time
print("Forwarding from 127.0.0.1:PORT -> 9090", flush=True)
time.sleep(600)
"""


class _Prometheus(BaseHTTPRequestHandler):
    moments: set[str]

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        query = asked["query"][0]
        if query == "time()":
            self._answer(200, {"data": {"resultType": "scalar", "result": [1700000000.5, "1700000000.5"]}})
        elif "[1x]" in query:
            self._answer(400, {"status": "error", "error": "not a valid duration string: 1x"})
        else:
            self.moments.update(asked["time"])
            found = re.search(r"tke_llm_(\w+)\{", query)
            assert found is not None
            grew = GREW[found[1]].items()
            rows = [{"metric": {"client": c, "model": m}, "value": [0, str(n)]} for (c, m), n in grew]
            self._answer(200, {"data": {"resultType": "vector", "result": rows}})

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class calls it so
        del format, args


@pytest.fixture
def moments() -> set[str]:
    """The moments that were asked for."""
    return set()


@pytest.fixture
def port(moments: set[str]) -> Iterator[int]:
    handler = type("Handler", (_Prometheus,), {"moments": moments})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """Programs called pulumi and kubectl that know the sample `team`, and lead to that server."""
    monkeypatch.setenv("PATH", str(tmp_path))
    answering(tmp_path, json.dumps({**outputs("team"), "apiKeys": {}}))
    program(tmp_path, "kubectl", FORWARD.replace("PORT", str(port)))


def test_what_the_counters_grew_by_is_the_table(port: int, moments: set[str]) -> None:
    assert used_at(f"http://127.0.0.1:{port}", "llm", "24h") == [
        Used("ide", "(other)", requests=1),
        Used("ide", "coder", requests=4, limited=1, tokens_in=1234567, tokens_out=89, uncounted=1),
    ]
    # All of it for one moment, or the columns would not go together.
    assert moments == {"1700000000.5"}


def test_where_monitoring_is_on_prometheus_is_asked_and_it_is_said(team: None) -> None:
    result = CliRunner().invoke(app, ["usage", "team"])
    assert result.exit_code == 0, result.stderr
    assert "1,234,567" in result.stdout
    said = " ".join(result.stdout.split())
    assert "From Prometheus, the last 24h." in said
    assert "without a valid key" in said


def test_a_document_has_the_same_columns_whoever_is_asked(team: None, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text(json.dumps({"client": "a", "model": "b", "status": 200, "completion_tokens": 1, "prompt_tokens": 1}))
    by_prometheus, by_log = (
        json.loads(CliRunner().invoke(app, ["usage", "team", "--json", *more]).stdout)
        for more in ([], ["--access-log", str(log)])
    )
    assert by_prometheus.keys() == by_log.keys()
    assert {"usage", "source", "notSeen"} <= by_log.keys()
    assert by_prometheus["usage"][0].keys() == by_log["usage"][0].keys()
    assert by_prometheus["source"] != by_log["source"]


def test_what_prometheus_refuses_is_passed_on(port: int) -> None:
    with pytest.raises(DeployedError, match="not a valid duration string: 1x"):
        used_at(f"http://127.0.0.1:{port}", "llm", "1x")


def test_a_prometheus_that_does_not_answer_is_said_with_the_other_way() -> None:
    with pytest.raises(DeployedError, match="--from log"):
        used_at("http://127.0.0.1:9", "llm", "24h")


def test_a_stack_that_nobody_measures_has_its_log_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = {**outputs("team"), "apiKeys": {}}
    del shown["plan"]["monitoring"]
    answering(tmp_path, json.dumps(shown))
    result = CliRunner().invoke(app, ["usage", "team", "--from", "prometheus"])
    assert result.exit_code == 1
    assert "set monitoring.via, or use --from log" in result.stderr
    line = {"client": "ide", "model": "coder", "status": 200, "prompt_tokens": 5, "completion_tokens": 6}
    program(tmp_path, "kubectl", f"print({json.dumps(json.dumps(line))})")
    result = CliRunner().invoke(app, ["usage", "team"])
    assert result.exit_code == 0, result.stderr
    assert "the log of the API's proxies" in result.stdout


def test_a_managed_prometheus_is_not_looked_for_in_the_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    shown = {**outputs("team"), "apiKeys": {}}
    shown["plan"]["monitoring"] = {"via": "tmp"}
    answering(tmp_path, json.dumps(shown))
    result = CliRunner().invoke(app, ["usage", "team", "--from", "prometheus"])
    assert result.exit_code == 1
    assert "Tencent's managed Prometheus" in " ".join(result.stderr.split())
    line = {"client": "ide", "model": "coder", "status": 200, "prompt_tokens": 5, "completion_tokens": 6}
    program(tmp_path, "kubectl", f"print({json.dumps(json.dumps(line))})")
    result = CliRunner().invoke(app, ["usage", "team"])
    assert result.exit_code == 0, result.stderr
    assert "the log of the API's proxies" in result.stdout


def test_a_file_is_not_read_where_prometheus_is_asked(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["usage", "team", "--access-log", str(tmp_path), "--from", "prometheus"])
    assert result.exit_code == 2
    assert "does not go with --from prometheus" in " ".join(result.stderr.split())
