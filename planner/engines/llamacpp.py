"""llama.cpp's server: a request becomes a pod. Options and variables: llama.cpp's tools/server/README.md.

It serves one GGUF file, on GPUs and, for what they have no room for, on the CPU. Its list of models is open to all who
reach it; whatever answers asks for the key (tools/server/server-http.cpp, the public endpoints).
"""

from pathlib import Path

from planner.engines import pod
from planner.engines.chat_template import template_path
from planner.engines.engine import Engine
from planner.engines.ggml import CACHE
from planner.engines.request import EngineRequest
from planner.plan.server import EngineSpec
from settings.translation import tr

PORT = 8080
SLOTS = 4
"""Requests that are answered at once, unless `maxNumSeqs` is set: the server's own choice (`--parallel`, auto)."""
PROMPT_CACHE = {True: "--cache-prompt", False: "--no-cache-prompt"}
TASKS = {"chat": (), "embed": ("--embeddings",), "rerank": ("--reranking",)}

SERVE = (Path(__file__).parent / "serve_llamacpp.sh").read_text(encoding="utf-8")


def emit(request: EngineRequest) -> EngineSpec:
    """The pod that serves the request with llama.cpp. Told to stop, it breaks off what it answers."""
    arguments = (word for argument in _arguments(request) for word in argument)
    return pod.assemble(
        ENGINE,
        request,
        command=("bash", "-c", SERVE, "serve-llamacpp", request.model_path, *arguments),
        variables={**pod.home(), "LLAMA_CACHE": f"{pod.HOME}/.cache/llama.cpp"},
        probes=pod.http_probes(request, ENGINE.health),
        drain=0,
        # Its Jinja templates are on by default, and it brings a generic form for models that have none.
        tool_calls=True,
    )


def _arguments(request: EngineRequest) -> list[tuple[str, ...]]:
    """The context is shared by all slots, so that any of them may use it whole."""
    cache, template = request.model.kv_cache_dtype, request.model.chat_template
    optional: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (request.max_model_len is not None, ("--ctx-size", str(request.max_model_len))),
        (request.model.prefix_caching is not None, (PROMPT_CACHE[request.model.prefix_caching or False],)),
        (template is not None, ("--chat-template-file", template_path(template or "", request.model_path))),
        (request.measured, ("--metrics",)),
        (cache not in (None, "auto"), ("--cache-type-k", str(cache))),
        (cache not in (None, "auto"), ("--cache-type-v", str(cache))),
        # Numbers in blocks need it for the values; else the server decides by the GPU.
        (cache not in (None, "auto", "f16"), ("--flash-attn", "on")),
    )
    return [
        ("--host", "0.0.0.0"),  # noqa: S104  the pod's own address, which the NetworkPolicies guard
        ("--port", str(PORT)),
        ("--alias", request.served_name),
        ("--parallel", str(request.model.max_num_seqs or SLOTS)),
        ("--kv-unified",),
        ("--offline",),
        ("--no-webui",),
        ("--no-slots",),
        ("--threads", str(max(1, request.resources.cpu_millis // 1000))),
        *(argument for wanted, argument in optional if wanted),
        *((argument,) for argument in TASKS[request.task]),
    ]


ENGINE = Engine(
    name="llamacpp",
    title="llama.cpp",
    emit=emit,
    port=PORT,
    health="/health",
    api_key_env="LLAMA_API_KEY",
    start="llamacpp_start",
    python=False,
    memory="own",
    on_cpu=True,
    shared_memory=False,
    tensor_parallel=False,
    tasks=("embed", "rerank"),
    formats=("gguf",),
    takes_dtype=False,
    cache=CACHE,
    sources=("modelscope", "huggingface"),
    variables=("LLAMA_", "GGML_"),
    reserved={
        **dict.fromkeys(
            (f"LLAMA_ARG_{name}" for name in ("TOOLS", "AGENT", "MCP_SERVERS_CONFIG", "MCP_SERVERS_JSON")),
            tr("it lets everyone who has the key run commands in the pod"),
        ),
        **dict.fromkeys(
            (f"LLAMA_ARG_{name}" for name in ("HOST", "PORT", "API_PREFIX", "SSL_KEY_FILE", "SSL_CERT_FILE")),
            tr("the Service and the probes expect the address that the planner sets"),
        ),
        **dict.fromkeys(
            (f"LLAMA_ARG_{name}" for name in ("MODEL", "MODEL_URL", "HF_REPO", "DOCKER_REPO", "MODELS_DIR")),
            tr("the model is the file that the download Job brings"),
        ),
        "LLAMA_ARG_API_KEY_FILE": tr("the API key is generated, or set as the secret tke-llm:apiKeys"),
    },
    # What its parser takes was not recorded; all but a few of its options are variables as well (LLAMA_ARG_…).
    command_line=None,
    passes_on=frozenset({"prefix_caching", "max_num_seqs"}),
)
