"""What stands against values that the user's own arguments give: they win over settings and are judged as those."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from planner.engines.arguments import Argument, read, without
from planner.engines.registry import find
from planner.serving import extra_args_codes as codes
from planner.serving.placement import Placement, hardware_of
from planner.sizing.check import check_sizing
from planner.sizing.decide import plan_sizing
from settings.diagnostics import Diagnostic
from settings.translation import tr

_TOKENS = re.compile(r"(\d{1,9})([kKmM]?)")
_SHARE = re.compile(r"0?\.\d{1,6}|1(\.0{1,6})?")
_TIMES = {"": 1, "k": 1000, "K": 1024, "m": 1000**2, "M": 1024**2}
_METHOD = re.compile(r'"method"\s*:\s*"(\w+)"')
_DTYPES = {"float": "float32"} | {name: name for name in ("auto", "half", "float16", "bfloat16", "float32")}
_STORED = {"awq_marlin": "awq", "gptq_marlin": "gptq"} | {name: name for name in ("awq", "gptq", "fp8", "bitsandbytes")}
"""What vLLM calls a method, and the kernel that it runs it with."""


def check_extra_args(placed: Placement) -> Iterator[Diagnostic]:
    """The first error that the same values would raise as settings, a kind of attention that the GPU lacks, and
    speculative decoding that does not work with pipeline stages (as a setting, too)."""
    yield from _backends(placed)
    yield from _speculative(placed)
    release, engine, case = placed.image.release, find(placed.model.engine), placed.situation
    hardware = hardware_of(case)
    if release is None or hardware is None or engine.command_line is None:
        return
    given: dict[str, Argument] = {}
    asked: dict[str, Any] = {}
    for argument in read(placed.model.extra_args, release):
        setting = engine.command_line.typed.get(argument.flag, "")
        field, value = _as_asked(setting, argument.value.strip(), engine.cache.types)
        if argument.fault is None and value:
            given[field], asked[field] = argument, value
    if not given:
        return
    ask = replace(case.ask.pinned(placed.sizing.layout.split), **asked)
    if "cache_dtype" in asked:
        ask = replace(ask, cache_argument=None)
    known = {found.code for found in check_sizing(case.section, case.facts, hardware, case.ask, placed.sizing)}
    for found in check_sizing(case.section, case.facts, hardware, ask, plan_sizing(case.facts, hardware, ask)):
        if found.severity == "error" and found.code not in known:
            yield _refused(placed, [*given.values()], found.message)
            return


def _backends(placed: Placement) -> Iterator[Diagnostic]:
    release, line, gpu = placed.image.release, find(placed.model.engine).command_line, placed.gpu
    if release is None or gpu is None or line is None:
        return
    for argument in read(placed.model.extra_args, release):
        least = line.backends.get(argument.value.strip().upper()) if argument.flag == "attention-backend" else None
        if least is not None and gpu.compute_capability < least:
            why = tr(
                "that needs compute capability {least}, and {name} has {compute_capability}.",
                least=least,
                name=gpu.name,
                compute_capability=gpu.compute_capability,
            )
            yield _refused(placed, [argument], why)


def _speculative(placed: Placement) -> Iterator[Diagnostic]:
    release, model, stages = placed.image.release, placed.model, placed.sizing.pipeline_parallel
    unstaged = find(model.engine).speculation.unstaged
    if release is None or stages == 1 or not unstaged:
        return
    why = tr(
        "prediction layers are not cut into {stages} stages (pipelineParallel); the engine would not start.",
        stages=stages,
    )
    if model.speculative is not None and model.speculative.method in unstaged:
        path = placed.situation.at("speculative")
        yield codes.speculative_with_pipeline(path, given=model.speculative.method, why=why)
    for argument in read(model.extra_args, release):
        method = _METHOD.search(argument.value) if argument.flag == "speculative-config" else None
        if method is not None and method[1] in unstaged:
            yield _refused(placed, [argument], why)


def _refused(placed: Placement, arguments: Sequence[Argument], why: str) -> Diagnostic:
    given, rest = " ".join(argument.text for argument in arguments), without(placed.model.extra_args, *arguments)
    return codes.extra_args_refused(placed.situation.at("extraArgs"), given=given, why=why, rest=rest)


def _as_asked(setting: str, text: str, cache_types: Iterable[str]) -> tuple[str, object]:
    """The field of an Ask that a setting is, and its value; None where nobody can tell."""
    tokens = _TOKENS.fullmatch(text)
    fields: dict[str, tuple[str, object]] = {
        "maxModelLen": ("context", int(tokens[1]) * _TIMES[tokens[2]] if tokens else None),
        "gpuMemoryUtilization": ("utilization", float(text) if _SHARE.fullmatch(text) else None),
        "dtype": ("dtype", _DTYPES.get(text)),
        "quantization": ("quantization", _STORED.get(text)),
        "kvCacheDtype": ("cache_dtype", text if text in cache_types else None),
    }
    return fields.get(setting, ("", None))
