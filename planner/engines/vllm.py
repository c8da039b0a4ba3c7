"""vLLM: a request becomes a pod. No flag is given that the image's release does not know.

Flags and variables by release: vLLM's documentation and the sources in catalog/data/images.yaml.
"""

from collections.abc import Iterator

from planner.engines import pod
from planner.engines.arguments import merged, values
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec

PORT = 8000
KEY = "VLLM_API_KEY"
DRAIN_SECONDS = 60
AMPERE = 8.0
"""The V1 engine of the releases that still had V0, and CUDA graphs on them, need this compute capability."""
LONGEST_ON_V0 = 16384
"""There a prompt is read whole, for the kernel that reads it in chunks aborts the server (vLLM issues 6723, 8024 and
11352), and what it takes beside weights and cache grows with it."""


def emit(request: EngineRequest) -> EngineSpec:
    """The pod that serves the request with vLLM."""
    drain = DRAIN_SECONDS if "shutdown-timeout" in request.flags else 0
    arguments = merged(_arguments(request, drain), request.extra_args)
    return pod.assemble(
        request,
        engine="vllm",
        command=("vllm", "serve", request.model_path, *arguments),
        variables=_environment(request),
        api_key_env=KEY,
        port=PORT,
        probes=pod.http_probes(request, "/health"),
        drain=drain,
        # Without both it refuses every request that offers tools (vllm/entrypoints/openai, "auto" tool choice).
        tool_calls={"enable-auto-tool-choice", "tool-call-parser"} <= dict(values(arguments)).keys(),
    )


def on_v0(flags: frozenset[str], compute_capability: float | None) -> bool:
    """Whether a release runs its V0 engine on such a GPU."""
    return "v0-engine" in flags and compute_capability is not None and compute_capability < AMPERE


def _old(request: EngineRequest) -> bool:
    return request.compute_capability is not None and request.compute_capability < AMPERE


def _arguments(request: EngineRequest, drain: int) -> list[tuple[str, ...]]:
    knows = request.flags.__contains__
    optional: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (request.context is not None, ("--max-model-len", str(request.context))),
        (request.context is None and knows("max-model-len=auto"), ("--max-model-len", "auto")),
        (request.utilization is not None, ("--gpu-memory-utilization", f"{request.utilization or 0:g}")),
        (request.pipeline_parallel > 1, ("--pipeline-parallel-size", str(request.pipeline_parallel))),
        (request.at_load is not None, ("--quantization", str(request.at_load))),
        (_old(request), ("--enforce-eager",)),
        (on_v0(request.flags, request.compute_capability), ("--no-enable-chunked-prefill",)),
        (request.network_store and knows("safetensors-prefetch"), ("--safetensors-load-strategy", "prefetch")),
        (drain > 0, ("--shutdown-timeout", str(drain))),
        (knows("disable-access-log-for-endpoints"), ("--disable-access-log-for-endpoints", "/health,/metrics,/ping")),
        (knows("disable-log-requests"), ("--disable-log-requests",)),
    )
    return [
        ("--served-model-name", request.served_name),
        ("--port", str(PORT)),
        ("--dtype", request.dtype),
        ("--tensor-parallel-size", str(request.tensor_parallel)),
        *(argument for wanted, argument in optional if wanted),
        *_parsers(request),
    ]


def _parsers(request: EngineRequest) -> Iterator[tuple[str, ...]]:
    """Reasoning and tool parsers, where the release has the model's."""
    reasoning = request.reasoning_parser
    if reasoning and f"reasoning-parser={reasoning}" in request.flags:
        yield ("--reasoning-parser", reasoning)
        if "enable-reasoning" in request.flags:
            yield ("--enable-reasoning",)
    if request.tool_parser and f"tool-call-parser={request.tool_parser}" in request.flags:
        yield ("--enable-auto-tool-choice",)
        yield ("--tool-call-parser", request.tool_parser)


def _environment(request: EngineRequest) -> dict[str, str]:
    variables = {
        **pod.home(),
        **pod.compile_caches(),
        "VLLM_CACHE_ROOT": f"{pod.HOME}/.cache/vllm",
        "VLLM_CONFIG_ROOT": f"{pod.HOME}/.config/vllm",
        "VLLM_NO_USAGE_STATS": "1",
    }
    if on_v0(request.flags, request.compute_capability):
        variables["VLLM_USE_V1"] = "0"
    return variables
