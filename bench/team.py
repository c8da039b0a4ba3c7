"""A team at its API with two real engines, vLLM on the CPU and Ollama, a real gateway and a real Prometheus.

Run by hand: python -m bench.team, with what `make e2e` has installed. What happens is what tests/requests/test_team.py
has happen with small servers for engines.
"""

import json
import os
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from catalog.load import load
from cli.usage import used
from e2e import ollama, software, weights
from e2e.mapping import HERE
from e2e.weights import Store
from rehearsal.control_plane import binaries, ports
from rehearsal.control_plane.plane import ControlPlane
from rehearsal.control_plane.processes import Processes
from rehearsal.controllers.binaries import find
from rehearsal.controllers.controllers import Controllers
from tests.monitoring.prometheus import status_of
from tests.requests.api_door import VALUES, Door, engine_key, open_door, rendered
from tests.requests.entrance import eventually, node
from tests.requests.team import Day, Team, live, measuring
from tests.unit.stacks import planned

OLLAMA_MODEL = "qwen2.5:0.5b"
USES = ("ide", "coder"), ("bot", OLLAMA_MODEL)
TEAM = {
    "models": {
        "coder": {"model": "Qwen/Qwen2.5-7B-Instruct"},
        "talker": {"model": OLLAMA_MODEL, "engine": "ollama"},
    },
    "pools.gpu.nodes": 2,
    "cluster.version": "1.34.1",
    "webui.enabled": False,
    "api": {"via": "gateway"},
    "clients": {"ide": {"models": ["coder"]}, "bot": {"models": [OLLAMA_MODEL], "tokensPerMinute": 40}},
    "monitoring": {"via": "prometheus-operator"},
}
START_SECONDS = 300.0
PIECES, TOKENS = 5, 60
"""Pieces of a stream that are read before it is broken off, and tokens that it would have."""


@contextmanager
def engines(root: Path) -> Iterator[dict[str, int]]:
    """The ports of both, by model, once they answer."""
    with ports.reserve() as first, ports.reserve() as second:
        vllm_port, ollama_port = (each.getsockname()[1] for each in (first, second))
    software.make_model(root / "model", weights.words(), print)
    (root / "ollama").mkdir()
    ollama.make_model(Store("", OLLAMA_MODEL, "ollama", root / "ollama", Path()))
    with (
        _running(root, "vllm", *_vllm(root / "model", vllm_port)),
        _running(root, "ollama", *_ollama(root / "ollama", ollama_port)),
    ):
        _wait(f"http://127.0.0.1:{ollama_port}/api/version")
        _wait(f"http://127.0.0.1:{vllm_port}/health")
        yield {"coder": vllm_port, "talker": ollama_port}


def _vllm(model: Path, port: int) -> tuple[list[str], dict[str, str]]:
    """Its command, and what it finds in its environment: what it needs on a CPU is e2e/cpu.yaml's."""
    program = software.environment("vllm", software.default_vllm(), print) / "bin" / "vllm"
    known = yaml.safe_load((HERE / "cpu.yaml").read_text(encoding="utf-8"))["vllm"]["env"]
    flags = ["--served-model-name", "coder", "--port", str(port), "--max-model-len", "1024", "--enforce-eager"]
    return [str(program), "serve", str(model), *flags, "--gpu-memory-utilization", "0.2"], {
        **{name: each["value"] for name, each in known.items()},
        "VLLM_API_KEY": engine_key("coder"),
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }


def _ollama(store: Path, port: int) -> tuple[list[str], dict[str, str]]:
    tag = next(each.tag for each in load().images if each.engine == "ollama" and each.default)
    (folder,) = ollama.provide(tag.removeprefix("v"), print).path
    own = {"OLLAMA_HOST": f"0.0.0.0:{port}", "OLLAMA_MODELS": str(store), "OLLAMA_NOPRUNE": "1"}
    return [str(folder / "ollama"), "serve"], own


@contextmanager
def _running(root: Path, name: str, command: list[str], own: dict[str, str]) -> Iterator[None]:
    """A program with all that it starts, which ends with the block."""
    around = {"HOME": str(root), "TMPDIR": str(root), "PATH": os.environ["PATH"]}
    with (root / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env={**around, **own}, stdout=log, stderr=log, start_new_session=True)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _wait(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while status_of(url) != 200:
        if time.monotonic() > deadline:
            raise SystemExit(f"{url} did not answer within {START_SECONDS:.0f} s")
        time.sleep(0.5)


def broken_off(door: Door, team: Team, client: str, model: str) -> dict[str, object]:
    """The log's line of a stream that is broken off."""
    before = len(door.lines())
    team.breaks_off(client, model, "tell me", PIECES, TOKENS)
    eventually(lambda: len(door.lines()) > before)
    (line,) = door.lines()[before:]
    return {name: line[name] for name in ("model", "status", "prompt_tokens", "completion_tokens", "details")}


def counted_by_vllm(port: int) -> dict[str, float]:
    """Its own counters of tokens."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    names = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")
    return {name: float(line.split()[-1]) for line in lines for name in names if line.startswith(f"{name}{{")}


def report(day: Day) -> None:
    print(json.dumps({"shown": day.shown, "other's model": type(day.not_allowed).__name__}))
    print(json.dumps({"limit": type(day.limited).__name__, "retry after": day.limited.response.headers["retry-after"]}))
    print(json.dumps({"alert fired": day.fired, "resolved": day.resolved}))
    for whose in USES:
        told = {way: day.team.tally[*whose, way] for way in ("in", "out")}
        print(
            json.dumps({"answers": told, "log": vars(day.by_log[whose]), "prometheus": vars(day.by_prometheus[whose])})
        )


def main() -> None:
    plan = planned(TEAM)
    if plan.api is None:
        raise SystemExit(str(plan.errors))
    keys = {client.name: f"sk-{client.name}" for client in plan.api.clients}
    team = Team(keys)
    with (
        TemporaryDirectory(prefix="tke-llm-bench-") as root,
        engines(Path(root)) as found,
        Processes(RuntimeError) as processes,
        ControlPlane(binaries.find()) as access,
        Controllers(access) as controllers,
        access.api() as api,
    ):
        controllers.install("envoy-gateway", (), VALUES)
        api.create("/api/v1/nodes", node({"tke-llm/pool": "system"}))
        objects = rendered(plan.api, keys)
        with open_door(plan.api, objects, api, processes, find()["envoy"], elsewhere=found) as door:
            prometheus = measuring(plan, processes)
            report(live(door, team, prometheus, *USES))
            for each in USES:
                print(json.dumps({"broken off": broken_off(door, team, *each)}))
            time.sleep(1)
            print(json.dumps({"counted by vLLM": counted_by_vllm(found["coder"])}))
            whole = used(door.log.read_text(encoding="utf-8").splitlines())
            print(json.dumps({"log": [vars(each) for each in whole]}))


if __name__ == "__main__":
    main()
