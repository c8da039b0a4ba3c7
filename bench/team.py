"""A team at its API with two real engines, vLLM on the CPU and Ollama, a real gateway and a real Prometheus.

Run by hand: python -m bench.team, with what `make e2e` has installed. What happens is what tests/requests/test_team.py
has happen with small servers for engines.
"""

import json
import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
    "clients": {"ide": {"models": ["coder"]}, "bot": {"models": [OLLAMA_MODEL], "tokensPerMinute": 400}},
    "monitoring": {"via": "prometheus-operator"},
}
START_SECONDS = 300.0
PIECES, TOKENS = 5, 60
"""Pieces of a stream that are read before it is broken off, and tokens that it would have."""


@contextmanager
def engines(processes: Processes) -> Iterator[dict[str, int]]:
    """The ports of both, by model, once they answer."""
    with ports.reserve() as first, ports.reserve() as second:
        vllm_port, ollama_port = (each.getsockname()[1] for each in (first, second))
    here = {"HOME": str(processes.root), "TMPDIR": str(processes.root), "PATH": os.environ["PATH"]}
    folder = processes.root / "model"
    software.make_model(folder, weights.words(), print)
    vllm = software.environment("vllm", software.default_vllm(), print)
    known = yaml.safe_load((HERE / "cpu.yaml").read_text(encoding="utf-8"))["vllm"]["env"]
    own = {name: each["value"] for name, each in known.items()}
    flags = ["--served-model-name", "coder", "--port", str(vllm_port), "--max-model-len", "1024", "--enforce-eager"]
    processes.start(
        "vllm",
        [str(vllm / "bin" / "vllm"), "serve", str(folder), *flags, "--gpu-memory-utilization", "0.2"],
        {**here, **own, "VLLM_API_KEY": engine_key("coder"), "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"},
    )
    tag = next(each.tag for each in load().images if each.engine == "ollama" and each.default)
    (program,) = ollama.provide(tag.removeprefix("v"), print).path
    store = processes.root / "ollama"
    store.mkdir()
    ollama.make_model(Store("", OLLAMA_MODEL, "ollama", store, Path()))
    processes.start(
        "ollama",
        [str(program / "ollama"), "serve"],
        {**here, "OLLAMA_HOST": f"0.0.0.0:{ollama_port}", "OLLAMA_MODELS": str(store), "OLLAMA_NOPRUNE": "1"},
    )
    processes.wait("ollama", lambda: status_of(f"http://127.0.0.1:{ollama_port}/api/version") == 200)
    processes.wait("vllm", lambda: status_of(f"http://127.0.0.1:{vllm_port}/health") == 200)
    try:
        yield {"coder": vllm_port, "talker": ollama_port}
    finally:
        processes.end("vllm")
        processes.end("ollama")


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
        Processes(RuntimeError, patience=START_SECONDS) as processes,
        engines(processes) as found,
        ControlPlane(binaries.find()) as access,
        Controllers(access) as controllers,
        access.api() as api,
    ):
        controllers.install("envoy-gateway", (), VALUES)
        api.create("/api/v1/nodes", node({"tke-llm/pool": "system"}))
        objects = rendered(plan.api, keys)
        with open_door(plan.api, objects, api, processes, find().envoy, elsewhere=found) as door:
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
