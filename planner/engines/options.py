"""The user's own variables and arguments of an engine, held against what the planner decides and proves."""

import math
import re
from collections.abc import Callable, Iterator, Sequence

from catalog.arguments import Release
from planner.diagnostics.finding import Finding
from planner.engines import sglang, vllm
from planner.engines.arguments import Argument, read, values
from settings.models import Model
from settings.suggest import closest

RESERVED = {
    "VLLM_PORT": "vLLM reads it as the first of its internal ports, not as that of the API",
    "VLLM_SERVER_DEV_MODE": "it opens routes that reset and reconfigure the server to everyone who reaches it",
    "VLLM_API_KEY": "the API key is generated, or set as the secret tke-llm:apiKeys",
    "SGLANG_API_KEY": "the API key is generated, or set as the secret tke-llm:apiKeys",
    "OLLAMA_HOST": "the Service, the probes and the chat page expect the port that the planner sets",
    "OLLAMA_MODELS": "it must name the folder that the download Job fills",
    "HOME": "it must name a folder that the server's user may write to",
}

OWN_VARIABLES = {"vllm": ("VLLM_",), "sglang": ("SGLANG_", "SGL_"), "ollama": ("OLLAMA_",)}
"""How the variables begin that an engine alone reads, so that one which it does not know is misspelt."""

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
NUMBERS: dict[str, Callable[[str], int | float]] = {
    "tensorParallel": int,
    "pipelineParallel": int,
    "maxModelLen": int,
    "gpuMemoryUtilization": float,
}

SECRET = ("api-key", "admin-api-key", "hf-token", "ssl-keyfile-password")
FIXED = (
    "port",
    "host",
    "uds",
    "ssl-keyfile",
    "ssl-certfile",
    "root-path",
    "model",
    "model-path",
    "config",
    "headless",
    "grpc",
    "grpc-mode",
    "smg-grpc-mode",
)
QUIET = ("warning", "error", "critical")
"""SGLang's log levels at which it does not print all its arguments, the key among them (sglang issue 37457)."""

_DIGITS = re.compile(r"[0-9]{1,18}")
_REFERENCE = re.compile(r"(?<!\$)(?:\$\$)*\$\(([^)]+)\)")
"""What Kubernetes puts a variable's value for in commands, arguments and variables; ``$$(`` stands for ``$(``."""


def check(
    model: Model,
    flags: frozenset[str],
    release: Release | None,
    ours: dict[str, str],
    *,
    name: str,
    context: int | None,
) -> Iterator[Finding]:
    """What is wrong with `env` and `extraArgs`. `flags` is what the image knows, `release` what its own parser takes,
    `ours` the variables the planner sets, `name` the model's key, `context` what the engine is told to take."""
    yield from _variables(model, ours)
    yield from _references(model)
    yield from _service_name(name, model)
    if release is not None:
        yield from _unknown_variables(model, release)
    if model.engine == "ollama":
        yield from _ollama(model)
    elif release is not None:
        yield from _arguments(model, flags, release, context)


def _arguments(model: Model, flags: frozenset[str], release: Release, context: int | None) -> Iterator[Finding]:
    given = read(model.extra_args, release)
    yield from _forbidden(model, given)
    if model.engine == "sglang":
        yield from _loud(model, given)
    yield from _unreadable(model, given, release)
    yield from _overrides(model, given)
    yield from _unknown_to_image(model, given, flags, release)
    yield from _batch(model, given, None if "chunked-prefill-default" in flags else context)


def kv_bytes(model: Model) -> float | None:
    """Bytes of a cached number where an argument sets it; None: that of the computation."""
    kind = dict(values(model.extra_args)).get("kv-cache-dtype", "")
    return 1.0 if kind.startswith("fp8") else None


def allows_longer(model: Model) -> bool:
    """Whether the engine is told to take a context beyond the model's own."""
    given = dict(values(model.extra_args))
    return "VLLM_ALLOW_LONG_MAX_MODEL_LEN" in model.env or "hf-overrides" in given or "rope-scaling" in given


def _less(model: Model, *arguments: Argument) -> list[str] | None:
    """The list without these arguments; None where nothing is left."""
    dropped = {item for argument in arguments for item in argument.items}
    return [text for index, text in enumerate(model.extra_args) if index not in dropped] or None


def _with(model: Model, argument: Argument, items: Sequence[str]) -> list[str]:
    """The list with these items in the place of an argument."""
    first, last = argument.items[0], argument.items[-1]
    return [*model.extra_args[:first], *items, *model.extra_args[last + 1 :]]


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


def _unknown_variables(model: Model, release: Release) -> Iterator[Finding]:
    """A variable that begins like the engine's own, and that its release does not read."""
    for variable, value in model.env.items():
        if not variable.startswith(OWN_VARIABLES[model.engine]) or variable in release.environment | set(RESERVED):
            continue
        near = closest(variable, release.environment)
        yield Finding(
            severity="warning",
            code="ENV_UNKNOWN",
            setting=f"env.{variable}",
            message=f"{release.package} {release.version} reads no variable {variable}, so it has no effect.",
            remedy=f"Use {near}." if near else "Take it out.",
            given=variable,
            allowed=near or "",
            fix=((f"env.{variable}", None), *(((f"env.{near}", value),) if near else ())),
        )


def _references(model: Model) -> Iterator[Finding]:
    """`$(NAME)` in what Kubernetes expands: it would lay a secret open, or say something else than was written."""
    if model.served_name and _REFERENCE.search(model.served_name):
        yield _reference("servedName", model.served_name, None)
    given = [text for text in model.extra_args if _REFERENCE.search(text)]
    if given:
        yield _reference("extraArgs", " ".join(given), [_literal(text) for text in model.extra_args])
    for name, value in model.env.items():
        if set(_REFERENCE.findall(value)) & {vllm.KEY, sglang.KEY}:
            yield _reference(f"env.{name}", value, _literal(value))


def _literal(text: str) -> str:
    return _REFERENCE.sub(lambda found: found[0].replace("$(", "$$("), text)


def _reference(setting: str, given: str, instead: object) -> Finding:
    return Finding(
        severity="error",
        code="REFERENCE_EXPANDED",
        setting=setting,
        message="Kubernetes puts the value of a variable in the place of $(NAME): a key would stand on the command "
        "line, or in a variable in clear.",
        remedy="Write the value itself; $$( where these characters are meant.",
        given=given,
        fix=((setting, instead),),
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


def _forbidden(model: Model, given: Sequence[Argument]) -> Iterator[Finding]:
    for argument in given:
        flag = argument.flag or _slip(argument)
        if flag in SECRET:
            yield Finding(
                severity="error",
                code="EXTRA_ARGS_SECRET",
                setting="extraArgs",
                message=f"--{flag} would put a secret into the stack file and onto a command line, or turn the API "
                "key off where it is empty.",
                remedy="Take it out: the key is generated, or set as the secret tke-llm:apiKeys.",
                given=argument.written.partition(" ")[0],
                fix=(("extraArgs", _less(model, argument)),),
            )
        if flag in FIXED:
            yield Finding(
                severity="error",
                code="EXTRA_ARGS_FIXED",
                setting="extraArgs",
                message=f"--{flag} is decided by the planner: the Service, the probes and the store depend on it.",
                remedy="Take it out.",
                given=argument.text,
                fix=(("extraArgs", _less(model, argument)),),
            )
        if flag == "trust-remote-code":
            yield Finding(
                severity="warning",
                code="TRUST_REMOTE_CODE",
                setting="extraArgs",
                message="--trust-remote-code runs Python that comes with the model's files.",
                remedy="Take it out unless the model's card asks for it and you trust its repository at that revision.",
                given=argument.text,
                fix=(("extraArgs", _less(model, argument)),),
            )


def _loud(model: Model, given: Sequence[Argument]) -> Iterator[Finding]:
    for argument in given:
        if argument.flag == "log-level" and argument.value.strip().lower() not in QUIET:
            yield Finding(
                severity="error",
                code="LOG_SHOWS_KEY",
                setting="extraArgs",
                message="At any level but these SGLang writes all its arguments into its log, the API key among them.",
                remedy="Take it out: the planner sets warning.",
                given=argument.text,
                allowed=", ".join(QUIET),
                fix=(("extraArgs", _less(model, argument)),),
            )


def _slip(argument: Argument) -> str:
    """The flag that was meant where a flag and its value stand in one item; "" where it is something else."""
    name = argument.written.partition(" ")[0]
    return name.strip("-").replace("_", "-") if name.startswith("-") and name != argument.written else ""


def _unreadable(model: Model, given: Sequence[Argument], release: Release) -> Iterator[Finding]:
    for argument in given:
        if argument.fault is None or (argument.flag or _slip(argument)) in (*SECRET, *FIXED):
            continue
        slip = argument.written.split(maxsplit=1) if _slip(argument) else []
        mended = _with(model, argument, slip) if slip else _less(model, argument)
        said = f"{argument.written!r} is one item of the list, so the parser sees no argument in it" if slip else ""
        yield Finding(
            severity="error",
            code="EXTRA_ARGS_INVALID",
            setting="extraArgs",
            message=f"{said or f'{argument.written}: {argument.fault}'}; {release.package} would not start.",
            remedy=f"Write two items: {slip[0]!r}, {slip[1]!r}." if slip else "Mend it, or take it out.",
            given=argument.text,
            fix=(("extraArgs", mended),),
        )


def _number(setting: str, text: str) -> int | float | str | None:
    """The value for the setting; None where it is none."""
    try:
        value = NUMBERS[setting](text) if setting in NUMBERS else text
    except ValueError:
        return None
    return value if isinstance(value, str) or math.isfinite(value) else None


def _overrides(model: Model, given: Sequence[Argument]) -> Iterator[Finding]:
    for argument in given:
        setting = TYPED.get(argument.flag)
        if setting is None or argument.fault is not None:
            continue
        value = _number(setting, argument.value)
        rest = ("extraArgs", _less(model, argument))
        yield Finding(
            severity="warning",
            code="EXTRA_ARGS_OVERRIDE",
            setting="extraArgs",
            message=f"--{argument.flag} wins over what the planner computes, so the proof no longer covers it.",
            remedy=f"Set {setting} instead.",
            given=argument.text,
            allowed=setting,
            fix=((setting, value), rest) if value else (rest,),
        )


def _unknown_to_image(
    model: Model, given: Sequence[Argument], flags: frozenset[str], release: Release
) -> Iterator[Finding]:
    for argument in given:
        if argument.unknown and argument.flag not in (*SECRET, *FIXED):
            yield _unknown(model, argument, release)
        if argument.flag == "distributed-executor-backend" and argument.value == "ray" and "ray" not in flags:
            yield Finding(
                severity="error",
                code="RAY_NOT_IN_IMAGE",
                setting="extraArgs",
                message="The image holds no Ray: vLLM's images dropped it with 0.19.",
                remedy="Take it out: the GPUs of one machine need no Ray.",
                given=argument.text,
                allowed="mp",
                fix=(("extraArgs", _less(model, argument)),),
            )


def _unknown(model: Model, argument: Argument, release: Release) -> Finding:
    near = f"--{argument.near}" if argument.near else ""
    renamed = (near, *argument.values) if near else ()
    sound = renamed and all(part.fault is None and not part.unknown for part in read(renamed, release))
    return Finding(
        severity="error",
        code="FLAG_UNKNOWN_TO_IMAGE",
        setting="extraArgs",
        message=f"{release.package} {release.version}, the image's release as far as it is known, has no argument "
        f"{argument.written} and would refuse to start.",
        remedy=f"Did you mean {near}? Else take it out." if near else "Take it out, or use an image that knows it.",
        given=argument.text,
        allowed=near,
        fix=(("extraArgs", _with(model, argument, renamed) if sound else _less(model, argument)),),
    )


def _count(argument: Argument | None) -> int | None:
    """The number that an argument gives in digits; None where there is none."""
    return int(argument.value) if argument and _DIGITS.fullmatch(argument.value) else None


def _batch(model: Model, given: Sequence[Argument], whole_prompt: int | None) -> Iterator[Finding]:
    """`whole_prompt` is the context where the release puts a prompt into one batch, as before chunked prefill."""
    last = {argument.flag: argument for argument in given}
    batch = last.get("max-num-batched-tokens")
    tokens, sequences = _count(batch), _count(last.get("max-num-seqs")) or 0
    least = max(sequences, whole_prompt or 0)
    if batch is not None and tokens is not None and tokens < least:
        yield Finding(
            severity="error",
            code="BATCH_TOO_SMALL",
            setting="extraArgs",
            message=f"A batch of {batch.value} tokens is smaller than the {least} that vLLM must be able to put into "
            "one, so it refuses to start.",
            remedy="Take --max-num-batched-tokens out: the default suits.",
            given=batch.text,
            allowed=f"{least} or more",
            fix=(("extraArgs", _less(model, batch)),),
        )
