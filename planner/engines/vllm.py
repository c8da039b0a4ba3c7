"""vLLM: a request becomes a pod. No flag is given that the image's release does not know.

Flags and variables by release: vLLM's documentation and the sources in catalog/data/images.yaml.
"""

import json
from collections.abc import Iterator

from catalog.hardware import Gpu
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
from settings.translation import tr

PORT = 8000
DRAIN_SECONDS = 60
ADA = 8.9
AMPERE = 8.0
"""The V1 engine of the releases that still had V0, and CUDA graphs on them, need this compute capability."""
FLASHINFER_HEADS = (64, 128, 256, 512)
"""The sizes of a head that FlashInfer has kernels for (v1/attention/backends/flashinfer.py)."""
PREFIX_CACHING = {True: "--enable-prefix-caching", False: "--no-enable-prefix-caching"}
LARGE_GPU_GIB = 70
LONGEST_ON_V0 = 16384
"""There a prompt is read whole, for the kernel that reads it in chunks aborts the server (vLLM issues 6723, 8024 and
11352), and what it takes beside weights and cache grows with it."""


def emit(request: EngineRequest) -> EngineSpec:
    """The pod that serves the request with vLLM."""
    drain = DRAIN_SECONDS if "shutdown-timeout" in request.flags else 0
    arguments = merged(_arguments(request, drain), request.model.extra_args, request.required)
    return pod.assemble(
        ENGINE,
        request,
        command=("vllm", "serve", request.model_path, *arguments),
        variables=_environment(request),
        probes=pod.http_probes(request, ENGINE.health),
        drain=drain,
        # Without both it refuses every request that offers tools (vllm/entrypoints/openai, "auto" tool choice).
        tool_calls={"enable-auto-tool-choice", "tool-call-parser"} <= dict(values(arguments)).keys(),
    )


def _on_v0(flags: frozenset[str], compute_capability: float | None) -> bool:
    """Whether a release runs its V0 engine on such a GPU."""
    return "v0-engine" in flags and compute_capability is not None and compute_capability < AMPERE


def _longest(flags: frozenset[str], compute_capability: float) -> int | None:
    return LONGEST_ON_V0 if _on_v0(flags, compute_capability) else None


def batched_tokens(gpu: Gpu) -> int:
    """Tokens of one batch unless told (0.29.0, engine/arg_utils.py, `get_batch_defaults`, of the API server)."""
    return 8192 if gpu.usable_gib >= LARGE_GPU_GIB and "A100" not in gpu.name else 2048


def batches(flags: frozenset[str], stages: int) -> int:
    """Batches that are computed at a time while what they reach back to is kept: one until PR 47728 (2026-07, with
    0.26.0), then those of asynchronous scheduling or of the pipeline (0.29.0, config/vllm.py,
    `max_concurrent_batches`)."""
    return max(2, stages) if "blocks-kept-in-flight" in flags else 1


def _in_flight(flags: frozenset[str], gpu: Gpu, stages: int, batch: int | None) -> int:
    return (batch or batched_tokens(gpu)) * batches(flags, stages)


def _cache_runs(use: CacheUse) -> bool | None:
    """Whether a KV cache of this type runs (vLLM 0.29.0).

    Without fp8 arithmetic (compute capability 8.9) the Triton backends refuse fp8 (v1/attention/backends/triton_attn.py
    and mla/triton_mla.py). FlashInfer converts it from 8.0 on (flashinfer.py; PR 24577 ran it on an A100) but reads no
    compressed cache there, and has no attention sinks and not every size of a head. Releases before 0.12 do not turn to
    it by themselves and fail (issue 26431), unless somebody chooses it. The V0 engine converted it on any GPU (PR
    2279), which nobody tested with all its backends. No backend reads a compressed cache in fp8_e5m2
    (supported_kv_cache_dtypes in mla/), and weights in fp8 refuse it (model_executor/layers/attention/attention.py).
    """
    if not use.dtype.startswith("fp8"):
        return use.dtype != "bfloat16" or use.compute_capability >= AMPERE
    if use.dtype == "fp8_e5m2" and (use.latent or use.format == "fp8"):
        return False
    if use.compute_capability >= ADA:
        return True
    if _on_v0(use.flags, use.compute_capability):
        return None
    if use.latent or use.compute_capability < AMPERE or use.head_dim not in FLASHINFER_HEADS or "sinks" in use.kinds:
        return False
    return True if "fp8-cache-on-ampere" in use.flags else None if use.chosen or "v0-engine" in use.flags else False


def _speculates(flags: frozenset[str], compute_capability: float | None) -> tuple[str, ...]:
    """MTP of every model has one name since 0.11.0 (PR 25232), where the V0 engine went; that engine has no EAGLE 3
    (documentation of 0.9, "speculative decoding")."""
    if _on_v0(flags, compute_capability):
        return ("ngram", "eagle")
    return ("ngram", "eagle", "eagle3") if "v0-engine" in flags else ("ngram", "eagle", "eagle3", "mtp")


def _speculation(request: EngineRequest) -> str:
    """The JSON of the option (vllm/config/speculative.py)."""
    asked = request.model.speculative
    if asked is None:
        return ""
    draft = {} if request.draft_path is None else {"model": request.draft_path}
    return json.dumps({"method": asked.method, "num_speculative_tokens": asked.tokens, **draft})


def _adapters(request: EngineRequest) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Adapters by name. None can be loaded as it runs: the routes for that need a variable that is reserved."""
    lora = request.model.lora
    if lora is not None:
        yield True, ("--enable-lora",)
        yield True, ("--lora-modules", *(f"{name}={path}" for name, path in request.adapters))
        yield True, ("--max-lora-rank", str(lora.max_rank))
        yield True, ("--max-loras", str(lora.slots))


def _old(request: EngineRequest) -> bool:
    return request.compute_capability is not None and request.compute_capability < AMPERE


def _arguments(request: EngineRequest, drain: int) -> list[tuple[str, ...]]:
    knows, template = request.flags.__contains__, request.model.chat_template
    optional: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (request.max_model_len is not None, ("--max-model-len", str(request.max_model_len))),
        (request.max_model_len is None and _by_itself(request), ("--max-model-len", "auto")),
        (request.utilization is not None, ("--gpu-memory-utilization", f"{request.utilization or 0:g}")),
        (request.model.kv_cache_dtype not in (None, "auto"), ("--kv-cache-dtype", str(request.model.kv_cache_dtype))),
        (request.running is not None, ("--max-num-seqs", str(request.running))),
        (request.chunk is not None, ("--max-num-batched-tokens", str(request.chunk))),
        (request.model.speculative is not None, ("--speculative-config", _speculation(request))),
        *_adapters(request),
        (request.offload_gib is not None, ("--kv-offloading-size", str(request.offload_gib))),
        (template is not None, ("--chat-template", template_path(template or "", request.model_path))),
        (request.model.prefix_caching is not None, (PREFIX_CACHING[request.model.prefix_caching or False],)),
        (request.pipeline_parallel > 1, ("--pipeline-parallel-size", str(request.pipeline_parallel))),
        (request.data_parallel > 1, ("--data-parallel-size", str(request.data_parallel))),
        (request.expert_parallel, ("--enable-expert-parallel",)),
        (request.at_load is not None, ("--quantization", str(request.at_load))),
        (_old(request), ("--enforce-eager",)),
        (_on_v0(request.flags, request.compute_capability), ("--no-enable-chunked-prefill",)),
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
        *(_parsers(request) if request.task == "chat" else _pooling(request)),
    ]


def _by_itself(request: EngineRequest) -> bool:
    """Whether it is told to find the context that fits: a model that keeps no cache has its own."""
    return "max-model-len=auto" in request.flags and not request.encoder


def _pooling(request: EngineRequest) -> Iterator[tuple[str, ...]]:
    """A model that embeds or ranks. It is known by its files, but for those whose class also chats; the option was
    called --task until 0.9 and gone with 0.14 (vllm/engine/arg_utils.py of these releases)."""
    if "runner" in request.flags:
        yield ("--runner", "pooling")
        if request.convert and request.task == "embed":
            yield ("--convert", "embed")
    elif "task" in request.flags:
        yield ("--task", "embed" if request.task == "embed" else "score")


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
    if _on_v0(request.flags, request.compute_capability):
        variables["VLLM_USE_V1"] = "0"
    return variables


def _of_rank(size: int, rank: str, leader: str, port: int) -> tuple[str, ...]:
    """vLLM's own multiprocessing spans machines without Ray, which its images have lost (documentation, "parallelism
    and scaling")."""
    return (
        *("--nnodes", str(size), "--node-rank", rank),
        *("--master-addr", leader, "--master-port", str(port), "--distributed-executor-backend", "mp"),
    )


ENGINE = Engine(
    name="vllm",
    title="vLLM",
    emit=emit,
    port=PORT,
    health="/health",
    api_key_env="VLLM_API_KEY",
    start="vllm_start",
    start_compiled="vllm_start_compiled",
    eager="enforce-eager",
    metrics=Metrics("/metrics", waiting="vllm:num_requests_waiting", running="vllm:num_requests_running"),
    # Its default for years, and the lower of the two it has had.
    default_utilization=0.90,
    # The port is its default `--master-port`. The address is the one that it tells the others (vllm/envs.py); by itself
    # it would ask the routing table, which on a machine's own network may name another card. The other machines serve
    # no API.
    span=Span(29501, "VLLM_HOST_IP", _of_rank, worker=("--headless",), flag="nnodes"),
    experts=Experts(
        flag="enable-expert-parallel",
        data_flag="data-parallel-size",
    ),
    longest=_longest,
    in_flight=_in_flight,
    command_line=CommandLine(
        no_images={
            "language-model-only": "",
            "limit-mm-per-prompt": r"image\W*0\b",
            "mm-processor-kwargs": "pixels",
            "skip-mm-profiling": "",
        },
        secret=frozenset({"api-key", "hf-token"}),
        fixed=frozenset(
            {"port", "host", "uds", "ssl-keyfile", "ssl-certfile", "root-path", "model", "config", "headless", "grpc"}
        ),
        typed={
            "tensor-parallel-size": "tensorParallel",
            "pipeline-parallel-size": "pipelineParallel",
            "data-parallel-size": "dataParallel",
            "enable-expert-parallel": "expertParallel",
            "max-model-len": "maxModelLen",
            "gpu-memory-utilization": "gpuMemoryUtilization",
            "dtype": "dtype",
            "quantization": "quantization",
            "served-model-name": "servedName",
            "enable-prefix-caching": "prefixCaching",
            "kv-cache-dtype": "kvCacheDtype",
            "max-num-seqs": "maxNumSeqs",
            "kv-offloading-size": "kvOffload.gib",
            "speculative-config": "speculative",
            "enable-lora": "lora",
            "lora-modules": "lora",
            "max-num-batched-tokens": "maxNumBatchedTokens",
            "chat-template": "chatTemplate",
            "task": "task",
            "runner": "task",
            "convert": "task",
        },
        # docs, "attention backend feature support" (compute capability).
        backends={
            "FLASH_ATTN": 8.0,
            "FLASH_ATTN_MLA": 9.0,
            "FLASHMLA": 9.0,
            "FLASHMLA_SPARSE": 9.0,
            "CUTLASS_MLA": 10.0,
            "FLASHINFER_MLA": 10.0,
        },
        # Its parser until the release that dropped each, and the one that followed (vllm/engine/arg_utils.py).
        replaced={
            "rope-scaling": tr("Use --hf-overrides with rope_scaling, or rope_parameters from 0.14 on."),
            "rope-theta": tr("Use --hf-overrides with rope_theta."),
            "task": tr("Set task, or use --runner and --convert."),
            "enable-reasoning": tr("Take it out: --reasoning-parser alone does it."),
            "disable-log-requests": tr("Take it out: requests are logged only with --enable-log-requests."),
            "guided-decoding-backend": tr("Use --structured-outputs-config.backend."),
            "override-pooler-config": tr("Use --pooler-config."),
            "cuda-graph-sizes": tr("Use --cudagraph-capture-sizes."),
            "max-seq-len-to-capture": tr("Use --max-cudagraph-capture-size."),
            "num-lookahead-slots": tr("Use --speculative-config."),
            "override-neuron-config": tr("Use --additional-config."),
            "num-scheduler-steps": tr("Take it out: the engine schedules each step by itself."),
            "use-v2-block-manager": tr("Take it out: there is one block manager."),
            "swap-space": tr("Take it out: a request that is put off is computed again."),
            "preemption-mode": tr("Take it out: a request that is put off is computed again."),
            "device": tr("Take it out: the platform is found."),
            "disable-async-output-proc": tr("Take it out: there is no such process."),
            "disable-frontend-multiprocessing": tr("Take it out: the engine is a process of its own."),
        },
        flexible=True,
    ),
    tasks=("embed", "rerank"),
    converts=frozenset({("chat", "embed"), ("embedding", "rerank")}),
    formats=("bf16", "fp16", "fp32", "fp8", "int8", "awq", "gptq", "mxfp4", "nvfp4", "bitsandbytes"),
    at_load=AtLoad(
        methods=("fp8", "bitsandbytes"),
        flags={"bitsandbytes": "bitsandbytes"},
        streaming_flags={"fp8": "fp8-streams"},
        doubling_flags={"fp8": "fp8-doubles"},
    ),
    old_marlin="marlin-on-turing",
    # 0.28.0 moved it into a plugin that the images do not hold (vllm PR 43529; 0.29.0, layers/quantization).
    last_formats={"bitsandbytes": "0.27.1"},
    cache=KvCache(
        # A type of its own for sparse attention (fp8_ds_mla) is what fp8 becomes where a model needs it.
        types={"bfloat16": 2.0, "float16": 2.0, "fp8": 1.0, "fp8_e4m3": 1.0, "fp8_e5m2": 1.0},
        flag="kv-cache-dtype",
        runs=_cache_runs,
    ),
    sources=("modelscope", "huggingface"),
    variables=("VLLM_",),
    backend_env="VLLM_ATTENTION_BACKEND",
    offload=Offload(
        # All ranks map one file there (v1/kv_offload/cpu/shared_offload_region.py), and the first refuses to start
        # where it has less room than the file.
        in_shared_memory=True,
        windows_flag="offload-keeps-windows",
    ),
    whole_batch=True,
    reserved={
        "VLLM_PORT": tr("vLLM reads it as the first of its internal ports, not as that of the API"),
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": tr("it lets everyone who has the key load adapters from anywhere"),
        "VLLM_SERVER_DEV_MODE": tr("it opens routes that reset and reconfigure the server to everyone who reaches it"),
    },
    # 0.8.5, engine/arg_utils.py: with 1 it raises NotImplementedError below compute capability 8.0.
    decisive=frozenset({"VLLM_USE_V1"}),
    speculation=Speculation(
        unstaged=("mtp", "dspark"),
        methods=_speculates,
    ),
    tunes={"kv_offload": "kv-offloading-size", "speculative": "speculative-config", "lora": "enable-lora"},
    passes_on=frozenset(
        {
            *("prefix_caching", "max_num_seqs", "max_num_batched_tokens"),
            *("tensor_parallel", "pipeline_parallel", "gpu_memory_utilization", "dtype"),
        }
    ),
    longer=frozenset({"VLLM_ALLOW_LONG_MAX_MODEL_LEN", "hf-overrides", "rope-scaling"}),
    reads_links=True,
)
