"""Ollama: a request becomes a pod. Variables: Ollama's envconfig/config.go.

The files in the store are read only; what Ollama writes (its key pair) goes to its own HOME. It has no API key, so
only the WebUI and the gateway may reach it.
"""

import math
from pathlib import Path

from planner.engines import pod
from planner.engines.engine import Engine
from planner.engines.ggml import CACHE
from planner.engines.operations import LOAD_MARGIN, PROBE_PERIOD
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec, ExecProbe
from settings.translation import tr

PORT = 11434
LEAST_LOAD_SECONDS = 300
DRAIN_SECONDS = 90

SERVE = (Path(__file__).parent / "serve_ollama.sh").read_text(encoding="utf-8")
LOADED = f"{pod.HOME}/loaded"
"""The server answers before it has read any weights; the script makes this file when it has."""


def emit(request: EngineRequest) -> EngineSpec:
    """The pod that serves the request with Ollama."""
    return pod.assemble(
        ENGINE,
        request,
        command=("bash", "-c", _script(request), "serve-ollama", request.model_id, LOADED, str(DRAIN_SECONDS)),
        variables=_environment(request),
        probes=(
            ExecProbe(("test", "-f", LOADED), period=PROBE_PERIOD, failures=request.startup_failures),
            *pod.http_probes(request, ENGINE.health)[1:],
        ),
        drain=DRAIN_SECONDS,
        # It refuses tools where the model's template has no place for them (server/routes.go), which no file of ours
        # says.
        tool_calls=None,
    )


def _script(request: EngineRequest) -> str:
    """A model that embeds is loaded by its own request: the other is refused (server/routes.go, GenerateHandler asks
    for the capability to complete, EmbedHandler for none)."""
    return SERVE if request.task == "chat" else SERVE.replace("/api/generate", "/api/embed")


def _environment(request: EngineRequest) -> dict[str, str]:
    load = max(LEAST_LOAD_SECONDS, request.load_seconds * LOAD_MARGIN)
    variables = {
        **pod.home(),
        "OLLAMA_HOST": f"0.0.0.0:{PORT}",
        "OLLAMA_MODELS": request.model_path,
        "OLLAMA_NOPRUNE": "1",
        "OLLAMA_KEEP_ALIVE": "-1",
        "OLLAMA_LOAD_TIMEOUT": f"{math.ceil(load / 60)}m",
        "OLLAMA_NUM_PARALLEL": "1",
        "OLLAMA_MAX_LOADED_MODELS": "1",
    }
    if request.max_model_len is not None:
        variables["OLLAMA_CONTEXT_LENGTH"] = str(request.max_model_len)
    if request.model.kv_cache_dtype not in (None, "auto"):
        # Without flash attention it keeps f16 whatever it is told (Ollama's FAQ).
        variables |= {"OLLAMA_KV_CACHE_TYPE": str(request.model.kv_cache_dtype), "OLLAMA_FLASH_ATTENTION": "1"}
    if request.tensor_parallel * request.pipeline_parallel > 1:
        variables["OLLAMA_SCHED_SPREAD"] = "1"
    return variables


ENGINE = Engine(
    name="ollama",
    title="Ollama",
    emit=emit,
    port=PORT,
    health="/api/version",
    start="ollama_start",
    python=False,
    memory="own",
    on_cpu=True,
    shared_memory=False,
    tensor_parallel=False,
    tasks=("embed",),
    formats=("gguf",),
    takes_dtype=False,
    cache=CACHE,
    sources=("ollama",),
    library="ollama.com/library",
    variables=("OLLAMA_",),
    reserved={
        "OLLAMA_HOST": tr("the Service, the probes and the chat page expect the port that the planner sets"),
        "OLLAMA_MODELS": tr("it must name the folder that the download Job fills"),
    },
    templates=False,
)
