"""The user's own variables and arguments of an engine, held against what the planner decides and proves."""

from collections.abc import Iterator

from planner.engines.arguments import values, without
from planner.finding import Finding
from settings.models import Model

RESERVED = {
    "VLLM_PORT": "vLLM reads it as the first of its internal ports, not as that of the API",
    "VLLM_SERVER_DEV_MODE": "it opens routes that reset and reconfigure the server to everyone who reaches it",
    "SGLANG_API_KEY": "the API key is generated, or set as the secret tke-llm:apiKeys",
    "OLLAMA_HOST": "the Service, the probes and the chat page expect the port that the planner sets",
    "OLLAMA_MODELS": "it must name the folder that the download Job fills",
    "HOME": "it must name a folder that the server's user may write to",
}

TYPED = {
    "tensor-parallel-size": "tensorParallel",
    "pipeline-parallel-size": "pipelineParallel",
    "max-model-len": "maxModelLen",
    "context-length": "maxModelLen",
    "gpu-memory-utilization": "gpuMemoryUtilization",
    "mem-fraction-static": "gpuMemoryUtilization",
    "dtype": "dtype",
    "quantization": "quantization",
    "served-model-name": "servedName",
}
NUMBERS = {"tensorParallel": int, "pipelineParallel": int, "maxModelLen": int, "gpuMemoryUtilization": float}

SECRET = ("api-key", "admin-api-key", "hf-token")
FIXED = ("port", "host", "uds", "ssl-keyfile", "ssl-certfile", "root-path", "model", "model-path", "config")

MARKERS = {
    "enable-reasoning": "enable-reasoning",
    "disable-log-requests": "disable-log-requests",
    "enable-log-requests": "no-enable-log-requests",
    "safetensors-load-strategy": "safetensors-load-strategy",
    "shutdown-timeout": "shutdown-timeout",
    "disable-access-log-for-endpoints": "disable-access-log-for-endpoints",
    "nnodes": "nnodes",
    "node-rank": "nnodes",
    "master-addr": "nnodes",
    "headless": "nnodes",
}
"""vLLM's arguments that came or went, and the catalogue's name for a release that knows them."""


def check(
    model: Model, flags: frozenset[str], ours: dict[str, str], *, name: str, context: int | None
) -> Iterator[Finding]:
    """What is wrong with `env` and `extraArgs`. `flags` is what the image knows, `ours` the variables the planner sets,
    `name` the model's key, `context` what the engine is told to take."""
    yield from _variables(model, ours)
    yield from _service_name(name, model)
    if model.engine == "ollama":
        yield from _ollama(model)
        return
    given = dict(values(model.extra_args))
    yield from _forbidden(model, given)
    yield from _overrides(model, given)
    if model.engine == "vllm":
        yield from _unknown_to_image(model, given, flags)
    yield from _batch(model, given, None if "chunked-prefill-default" in flags else context)


def kv_bytes(model: Model) -> float | None:
    """Bytes of a cached number where an argument sets it; None: that of the computation."""
    kind = dict(values(model.extra_args)).get("kv-cache-dtype", "")
    return 1.0 if kind.startswith("fp8") else None


def allows_longer(model: Model) -> bool:
    """Whether the engine is told to take a context beyond the model's own."""
    given = dict(values(model.extra_args))
    return "VLLM_ALLOW_LONG_MAX_MODEL_LEN" in model.env or "hf-overrides" in given or "rope-scaling" in given


def _less(model: Model, *flags: str) -> list[str] | None:
    return list(without(model.extra_args, flags)) or None


def _variables(model: Model, ours: dict[str, str]) -> Iterator[Finding]:
    for variable, value in model.env.items():
        if variable in RESERVED:
            yield Finding(
                severity="error",
                code="ENV_RESERVED",
                setting=f"env.{variable}",
                message=f"{variable} is not yours to set: {RESERVED[variable]}.",
                remedy="Take it out.",
                given=value,
                fix=((f"env.{variable}", None),),
            )
        elif variable in ours and ours[variable] != value:
            yield Finding(
                severity="warning",
                code="ENV_OVERRIDE",
                setting=f"env.{variable}",
                message=f"{variable} replaces the planner's own value, {ours[variable]}.",
                remedy="Take it out unless you mean it.",
                given=value,
                allowed=ours[variable],
                fix=((f"env.{variable}", None),),
            )


def _service_name(name: str, model: Model) -> Iterator[Finding]:
    if model.engine == "vllm" and name.split("-", maxsplit=1)[0] == "vllm":
        yield Finding(
            severity="note",
            code="SERVICE_NAME_VLLM",
            setting="model",
            message=f"The Service is called {name}: pods that take service links (ours do not) get a variable "
            f"{name.upper().replace('-', '_')}_PORT from it, which a vLLM of someone else in the namespace may read.",
            remedy="Use another key than one that begins with vllm if others run vLLM in this namespace.",
            given=name,
        )


def _ollama(model: Model) -> Iterator[Finding]:
    if model.extra_args:
        yield Finding(
            severity="error",
            code="EXTRA_ARGS_USELESS",
            setting="extraArgs",
            message="`ollama serve` takes no arguments.",
            remedy="Use env: Ollama is set up by OLLAMA_… variables.",
            given=" ".join(model.extra_args),
            fix=(("extraArgs", None),),
        )
    if model.served_name is not None:
        yield Finding(
            severity="warning",
            code="SERVED_NAME_IGNORED",
            setting="servedName",
            message="Ollama serves a model under its own `name:tag` only.",
            remedy="Take servedName out.",
            given=model.served_name,
            fix=(("servedName", None),),
        )


def _forbidden(model: Model, given: dict[str, str]) -> Iterator[Finding]:
    for flag in SECRET:
        if flag in given:
            yield Finding(
                severity="error",
                code="EXTRA_ARGS_SECRET",
                setting="extraArgs",
                message=f"--{flag} would put a secret into the stack file and onto a command line.",
                remedy="Take it out: the key is generated, or set as the secret tke-llm:apiKeys.",
                given=f"--{flag}",
                fix=(("extraArgs", _less(model, flag)),),
            )
    for flag in FIXED:
        if flag in given:
            yield Finding(
                severity="error",
                code="EXTRA_ARGS_FIXED",
                setting="extraArgs",
                message=f"--{flag} is decided by the planner: the Service, the probes and the store depend on it.",
                remedy="Take it out.",
                given=f"--{flag} {given[flag]}".strip(),
                fix=(("extraArgs", _less(model, flag)),),
            )
    if "trust-remote-code" in given:
        yield Finding(
            severity="warning",
            code="TRUST_REMOTE_CODE",
            setting="extraArgs",
            message="--trust-remote-code runs Python that comes with the model's files.",
            remedy="Take it out unless the model's card asks for it and you trust its repository at that revision.",
            given="--trust-remote-code",
            fix=(("extraArgs", _less(model, "trust-remote-code")),),
        )


def _overrides(model: Model, given: dict[str, str]) -> Iterator[Finding]:
    for flag, setting in TYPED.items():
        if flag not in given:
            continue
        try:
            value = NUMBERS.get(setting, str)(given[flag])
        except ValueError:
            value = None
        rest = ("extraArgs", _less(model, flag))
        yield Finding(
            severity="warning",
            code="EXTRA_ARGS_OVERRIDE",
            setting="extraArgs",
            message=f"--{flag} wins over what the planner computes, so the proof no longer covers it.",
            remedy=f"Set {setting} instead.",
            given=f"--{flag} {given[flag]}",
            allowed=setting,
            fix=((setting, value), rest) if value else (rest,),
        )


def _unknown_to_image(model: Model, given: dict[str, str], flags: frozenset[str]) -> Iterator[Finding]:
    for flag, marker in MARKERS.items():
        if flag in given and marker not in flags:
            yield Finding(
                severity="error",
                code="FLAG_UNKNOWN_TO_IMAGE",
                setting="extraArgs",
                message=f"The image's release of vLLM does not know --{flag} and would refuse to start.",
                remedy="Take it out, or use an image that knows it.",
                given=f"--{flag} {given[flag]}".strip(),
                fix=(("extraArgs", _less(model, flag)),),
            )
    if given.get("distributed-executor-backend") == "ray" and "ray" not in flags:
        yield Finding(
            severity="error",
            code="RAY_NOT_IN_IMAGE",
            setting="extraArgs",
            message="The image holds no Ray: vLLM's images dropped it with 0.19.",
            remedy="Take it out: the GPUs of one machine need no Ray.",
            given="--distributed-executor-backend ray",
            allowed="mp",
            fix=(("extraArgs", _less(model, "distributed-executor-backend")),),
        )


def _batch(model: Model, given: dict[str, str], whole_prompt: int | None) -> Iterator[Finding]:
    """`whole_prompt` is the context where the release puts a prompt into one batch, as before chunked prefill."""
    tokens, sequences = given.get("max-num-batched-tokens", ""), given.get("max-num-seqs", "")
    if not tokens.isdigit():
        return
    least = max(int(sequences) if sequences.isdigit() else 0, whole_prompt or 0)
    if int(tokens) < least:
        yield Finding(
            severity="error",
            code="BATCH_TOO_SMALL",
            setting="extraArgs",
            message=f"A batch of {tokens} tokens is smaller than the {least} that vLLM must be able to put into one, "
            "so it refuses to start.",
            remedy="Take --max-num-batched-tokens out: the default suits.",
            given=f"--max-num-batched-tokens {tokens}",
            allowed=f"{least} or more",
            fix=(("extraArgs", _less(model, "max-num-batched-tokens")),),
        )
