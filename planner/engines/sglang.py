"""SGLang: a request becomes a pod. Flags: SGLang's documentation, "server arguments"."""

from collections.abc import Iterator

from planner.engines import pod
from planner.engines.arguments import merged, values
from planner.engines.chat_template import template_path
from planner.engines.engine import (
    AtLoad,
    CacheUse,
    CommandLine,
    Engine,
    Experts,
    KvCache,
    Metrics,
    Offload,
    Span,
    Speculation,
)
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec

PORT = 30000
KEY = "SGLANG_API_KEY"
ADA = 8.9
AMPERE = 8.0
DRAIN_SECONDS = 30

LAUNCH = (
    "import os, runpy, sys; "
    f"sys.argv += ['--api-key', os.environ['{KEY}']]; "
    "runpy.run_module('sglang.launch_server', run_name='__main__')"
)
"""SGLang takes its key as an argument only (sglang issue 36346): added inside the process, it is on no command line."""

REASONING_PARSERS = {
    "deepseek_r1": "deepseek-r1",
    "deepseek_v3": "deepseek-v3",
    "deepseek_v4": "deepseek-v4",
    "gemma4": "gemma4",
    "glm45": "glm45",
    "hunyuan_a13b": "hunyuan",
    "kimi_k2": "kimi_k2",
    "kimi_k3": "kimi_k3",
    "mimo": "mimo",
    "minimax_m2": "minimax",
    "minimax_m2_append_think": "minimax-append-think",
    "minimax_m3": "minimax-m3",
    "mistral": "mistral",
    "nemotron_v3": "nemotron_3",
    "openai_gptoss": "gpt-oss",
    "qwen3": "qwen3",
    "step3": "step3",
    "step3p5": "step3p5",
}
TOOL_PARSERS = {
    "deepseek_v3": "deepseekv3",
    "deepseek_v31": "deepseekv31",
    "deepseek_v32": "deepseekv32",
    "deepseek_v4": "deepseekv4",
    "gemma4": "gemma4",
    "glm45": "glm45",
    "glm47": "glm47",
    "hermes": "qwen25",
    "hunyuan_a13b": "hunyuan",
    "kimi_k2": "kimi_k2",
    "kimi_k3": "kimi_k3",
    "lfm2": "lfm2",
    "llama3_json": "llama3",
    "llama4_pythonic": "pythonic",
    "mimo": "mimo",
    "minicpm5": "minicpm5",
    "minimax_m2": "minimax-m2",
    "minimax_m3": "minimax-m3",
    "mistral": "mistral",
    "openai": "gpt-oss",
    "qwen3_coder": "qwen3_coder",
    "qwen3_xml": "qwen3_coder",
    "step3": "step3",
    "step3p5": "step3p5",
}
"""SGLang's names for what vLLM calls otherwise (its documentation, "tool parser" and "reasoning parser")."""


ALGORITHMS = {"mtp": "NEXTN", "eagle": "EAGLE", "eagle3": "EAGLE3", "ngram": "NGRAM"}
"""SGLang's names for the methods of `speculative` (documentation, "speculative decoding")."""


def emit(request: EngineRequest) -> EngineSpec:
    """The pod that serves the request with SGLang."""
    arguments = merged(_arguments(request), request.model.extra_args, request.required)
    return pod.assemble(
        ENGINE,
        request,
        command=("python3", "-c", LAUNCH, *arguments),
        variables=_environment(),
        probes=pod.http_probes(request, ENGINE.health),
        drain=DRAIN_SECONDS,
        # Without a parser it answers, but with the call as plain text (srt/entrypoints/openai/serving_chat.py).
        tool_calls="tool-call-parser" in dict(values(arguments)),
    )


def _environment() -> dict[str, str]:
    """By itself /health has the server generate a token, which takes a second at the least and under load as long as a
    step does (srt/entrypoints/http_server.py): probes that wait no longer would take the only replica out of its
    Service. A step that hangs ends the server after 300 s (--watchdog-timeout), and so does a lost process."""
    return {
        **pod.home(),
        **pod.compile_caches(),
        "FLASHINFER_WORKSPACE_BASE": f"{pod.HOME}/.cache",
        "SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION": "false",
    }


def _arguments(request: EngineRequest) -> list[tuple[str, ...]]:
    arguments: list[tuple[str, ...]] = [
        ("--model-path", request.model_path),
        ("--served-model-name", request.served_name),
        ("--host", "0.0.0.0"),  # noqa: S104  the pod's own network
        ("--port", str(PORT)),
        ("--dtype", request.dtype),
        *_parallel(request),
        # At its usual level SGLang logs all its arguments, the key among them (sglang issue 37457).
        ("--log-level", "warning"),
        ("--enable-metrics",),
    ]
    model, template = request.model, request.model.chat_template
    optional: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (request.utilization is not None, ("--mem-fraction-static", f"{request.utilization or 0:g}")),
        (request.chunk is not None and not request.encoder, ("--chunked-prefill-size", str(request.chunk))),
        (request.running is not None, ("--max-running-requests", str(request.running))),
        (request.max_model_len is not None, ("--context-length", str(request.max_model_len))),
        (model.kv_cache_dtype not in (None, "auto"), ("--kv-cache-dtype", str(model.kv_cache_dtype))),
        (request.offload_gib is not None, ("--enable-hierarchical-cache",)),
        (request.offload_gib is not None, ("--hicache-size", str(_gigabytes_per_rank(request)))),
        (template is not None, ("--chat-template", template_path(template or "", request.model_path))),
        (model.speculative is not None, _speculation(request)),
        (model.lora is not None, _adapters(request)),
        (model.prefix_caching is False, ("--disable-radix-cache",)),  # It caches prefixes unless told.
        (request.at_load is not None, ("--quantization", str(request.at_load))),
    )
    ends = _parsers(request) if request.task == "chat" else _pooling(request)
    return [*arguments, *(argument for wanted, argument in optional if wanted), *ends]


def _parsers(request: EngineRequest) -> Iterator[tuple[str, ...]]:
    """Reasoning and tool parsers, where the release has the model's."""
    reasoning = REASONING_PARSERS.get(request.reasoning_parser or "")
    tools = TOOL_PARSERS.get(request.tool_parser or "")
    if reasoning and f"reasoning-parser={reasoning}" in request.flags:
        yield ("--reasoning-parser", reasoning)
    if tools and f"tool-call-parser={tools}" in request.flags:
        yield ("--tool-call-parser", tools)


def _speculates(_flags: frozenset[str], _compute_capability: float | None) -> tuple[str, ...]:
    return tuple(ALGORITHMS)


def _speculation(request: EngineRequest) -> tuple[str, ...]:
    """One token in each of so many steps, and all of them checked with the one before (srt/arg_groups/
    speculative_hook.py)."""
    asked = request.model.speculative
    if asked is None:
        return ()
    chosen = ("--speculative-algorithm", ALGORITHMS[asked.method])
    if asked.method == "ngram":
        return (*chosen, "--speculative-num-draft-tokens", str(asked.tokens))
    return (
        *chosen,
        *("--speculative-draft-model-path", request.draft_path or request.model_path),
        *("--speculative-num-steps", str(asked.tokens)),
        *("--speculative-eagle-topk", "1"),
        *("--speculative-num-draft-tokens", str(asked.tokens + 1)),
    )


def _adapters(request: EngineRequest) -> tuple[str, ...]:
    lora = request.model.lora
    if lora is None:
        return ()
    return (
        *("--enable-lora", "--lora-paths", *(f"{name}={path}" for name, path in request.adapters)),
        *("--max-lora-rank", str(lora.max_rank), "--max-loras-per-batch", str(lora.slots)),
    )


def _gigabytes_per_rank(request: EngineRequest) -> int:
    """GB (10**9 bytes) of the machine's memory for each rank, in whole ones (mem_cache/pool_host/base.py); 0 would
    stand for twice the GPU's cache."""
    return max(1, int((request.offload_gib or 0) * 2**30 / 1e9 / max(1, request.resources.gpus)))


def _pooling(request: EngineRequest) -> list[tuple[str, ...]]:
    """SGLang's documentation, "embedding models" and "rerank models": of the rerankers those that read a text at once
    are served like embedding models, by one kernel and in one piece; the others answer yes or no like a chat model."""
    if request.task == "rerank" and not request.encoder:
        return []
    whole = [("--disable-radix-cache",), ("--chunked-prefill-size", "-1"), ("--attention-backend", "triton")]
    return [("--is-embedding",), *(whole if request.encoder else [])]


def _cache_runs(use: CacheUse) -> bool | None:
    """Whether a KV cache of this type runs (SGLang 0.5.18, srt/server_args.py `_get_default_attn_backend`).

    Its documentation ("quantized KV cache") leaves it to the attention backend: Hopper's and FlashInfer's take fp8, and
    what Triton, which serves the rest, makes of e4m3 without fp8 arithmetic nobody wrote down.
    """
    if not use.dtype.startswith("fp8"):
        return use.dtype != "bfloat16" or use.compute_capability >= AMPERE
    return True if use.compute_capability >= ADA else None


def _parallel(request: EngineRequest) -> Iterator[tuple[str, ...]]:
    """How it is split. SGLang counts data-parallel ranks and experts' GPUs as parts of its tensor-parallel group
    (documentation, "data parallelism for attention" and "expert parallelism")."""
    stage = str(request.tensor_parallel * request.data_parallel)
    yield ("--tp-size", stage)
    if request.pipeline_parallel > 1:
        yield ("--pp-size", str(request.pipeline_parallel))
    if request.data_parallel > 1:
        yield ("--dp-size", str(request.data_parallel))
        yield ("--enable-dp-attention",)
    if request.expert_parallel:
        yield ("--ep-size", stage)


def _of_rank(size: int, rank: str, leader: str, port: int) -> tuple[str, ...]:
    """SGLang's own launcher (documentation, "multi-node")."""
    return ("--nnodes", str(size), "--node-rank", rank, "--dist-init-addr", f"{leader}:{port}")


ENGINE = Engine(
    name="sglang",
    title="SGLang",
    emit=emit,
    port=PORT,
    health="/health",
    api_key_env=KEY,
    start="sglang_start",
    start_compiled="sglang_start_compiled",
    metrics=Metrics("/metrics", waiting="sglang:num_queue_reqs", running="sglang:num_running_reqs"),
    memory="static",
    # The port is the guide's; the address as in sglang/srt/utils/network.py, which would ask the routing table else.
    span=Span(5000, "SGLANG_HOST_IP", _of_rank),
    experts=Experts(
        flag="ep-size",
        data_flag="enable-dp-attention",
        gathers=True,
        evenly=True,
    ),
    tasks=("embed", "rerank"),
    formats=("bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "bitsandbytes"),
    at_load=AtLoad(
        methods=("fp8", "bitsandbytes"),
    ),
    cache=KvCache(
        types={"bfloat16": 2.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0},
        flag="kv-cache-dtype",
        runs=_cache_runs,
    ),
    least_compute=8.0,
    sources=("modelscope", "huggingface"),
    instead="vllm",
    variables=("SGLANG_", "SGL_"),
    command_line=CommandLine(
        secret=frozenset({"api-key", "admin-api-key", "ssl-keyfile-password"}),
        fixed=frozenset(
            {
                "port",
                "host",
                "ssl-keyfile",
                "ssl-certfile",
                "model",
                "model-path",
                "config",
                "grpc-mode",
                "smg-grpc-mode",
            }
        ),
        typed={
            "tensor-parallel-size": "tensorParallel",
            "pipeline-parallel-size": "pipelineParallel",
            "data-parallel-size": "dataParallel",
            "expert-parallel-size": "expertParallel",
            "context-length": "maxModelLen",
            "mem-fraction-static": "gpuMemoryUtilization",
            "dtype": "dtype",
            "quantization": "quantization",
            "served-model-name": "servedName",
            "disable-radix-cache": "prefixCaching",
            "kv-cache-dtype": "kvCacheDtype",
            "max-running-requests": "maxNumSeqs",
            "enable-hierarchical-cache": "kvOffload",
            "hicache-size": "kvOffload",
            "speculative-algorithm": "speculative",
            "enable-lora": "lora",
            "lora-paths": "lora",
            "chunked-prefill-size": "maxNumBatchedTokens",
            "chat-template": "chatTemplate",
            "is-embedding": "task",
        },
        # At its usual level it logs all its arguments (sglang issue 37457).
        quiet=("warning", "error", "critical"),
    ),
    offload=Offload(
        by="prefix_caching",
    ),
    tunes={"kv_offload": "hicache-size", "speculative": "speculative-algorithm", "lora": "enable-lora"},
    speculation=Speculation(
        with_adapters=("ngram",),
        methods=_speculates,
    ),
    # 0.5.18, srt/server_args.py: it asserts that no name it serves under has one.
    adapter_name="{served}:{name}",
    divider=":",
    passes_on=frozenset(
        {
            *("prefix_caching", "max_num_seqs", "max_num_batched_tokens"),
            *("tensor_parallel", "pipeline_parallel", "gpu_memory_utilization", "dtype"),
        }
    ),
)
