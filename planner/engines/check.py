"""The user's own arguments of an engine and its settings, held against what the planner decides and proves."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pydantic.alias_generators import to_camel

from catalog.load import Catalog
from planner.engines import codes, registry, tuning_codes
from planner.engines.arguments import Argument, read, without
from planner.engines.check_flags import Known, as_read_later, check_flags
from planner.engines.check_tuning import check_tuning
from planner.engines.check_variables import check_variables
from planner.engines.engine import CommandLine, Engine
from settings.diagnostics import Diagnostic, softened
from settings.models import Model

TASKS = {"embed": "embed", "embedding": "embed", "score": "rerank", "classify": "rerank"}
"""What the values of vLLM's --task and --convert are as `task`."""
NUMBERS: dict[str, Callable[[str], int | float | str]] = {
    "tensorParallel": int,
    "pipelineParallel": int,
    "maxModelLen": int,
    "gpuMemoryUtilization": float,
    "chatTemplate": lambda path: path if path.startswith("/") else "",
    "task": lambda task: TASKS.get(task, ""),
    "maxNumSeqs": int,
    "kvOffload.gib": int,
    "maxNumBatchedTokens": int,
}
"""How the value of an argument becomes that of the setting; text as it stands for all others."""
OBJECTS = frozenset({"dataParallel", "expertParallel", "kvOffload", "lora", "speculative"})
"""Settings that the value of a single argument cannot express: they hold more, or only some models allow them."""

CODE = "trust-remote-code"
"""The flag with which vLLM and SGLang run Python of a model's repository."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGITS = re.compile(r"[0-9]{1,18}")


def check_options(
    section: str,
    model: Model,
    flags: frozenset[str],
    known: Known | None,
    ours: dict[str, str],
    *,
    name: str,
    whole_prompt: int | None,
    catalog: Catalog,
) -> Iterator[Diagnostic]:
    """What is wrong with `env` and `extraArgs` of the model described in `section`. `flags` is what the image knows,
    `known` what is recorded of its parser, `ours` the variables the planner sets, `name` the model's key,
    `whole_prompt` the context where the engine puts a prompt into one step, None where it may cut it."""
    yield from check_variables(section, model, known, ours)
    engine, release = registry.find(model.engine), known.release if known else None
    if engine.reads_links and name.split("-", maxsplit=1)[0] == engine.name:
        yield codes.service_name_vllm(f"{section}.model", name=name)
    if engine.command_line is None and model.extra_args:
        yield codes.extra_args_useless(
            f"{section}.extraArgs",
            title=engine.title,
            variables=engine.variables[0],
            given=" ".join(model.extra_args),
        )
    elif engine.command_line is not None and known is not None:
        yield from _arguments(section, model, engine.command_line, flags, known, whole_prompt=whole_prompt)
    yield from _passed_on(section, model, engine)
    yield from check_tuning(section, model, flags, release, catalog)
    if model.chat_template is not None and not engine.templates:
        able = [other.title for other in registry.every() if other.templates]
        path = f"{section}.chatTemplate"
        yield codes.chat_template_not_for_engine(path, title=engine.title, able=able, given=model.chat_template[:40])
    if engine.divider is not None and engine.divider in (model.served_name or ""):
        yield codes.served_name_divided(
            f"{section}.servedName", title=engine.title, given=model.served_name or "", divider=engine.divider
        )
    if engine.own_ids and model.served_name is not None:
        yield codes.served_name_ignored(f"{section}.servedName", title=engine.title, given=model.served_name)


def check_required(section: str, model: Model, required: Sequence[tuple[str, ...]]) -> Iterator[Diagnostic]:
    """What is doubtful about the arguments that the model described in `section` needs (`required`, each a flag with
    its value)."""
    pinned = model.revision is not None and _COMMIT.fullmatch(model.revision)
    for flag, *_ in required:
        if flag == f"--{CODE}" and not pinned:
            yield codes.model_brings_code(f"{section}.revision", model=model.model, flag=flag)


def _passed_on(section: str, model: Model, engine: Engine) -> Iterator[Diagnostic]:
    """Settings that another engine takes and this one has no equal of."""
    for setting in sorted(registry.passed_on() - engine.passes_on):
        value = getattr(model, setting)
        if value not in (None, "auto"):
            key = to_camel(setting)
            others = tuple(other.title for other in registry.every() if setting in other.passes_on)
            yield codes.setting_without_effect(
                f"{section}.{key}", setting=key, title=engine.title, others=others, given=str(value).lower()
            )


def _arguments(
    section: str, model: Model, line: CommandLine, flags: frozenset[str], known: Known, *, whole_prompt: int | None
) -> Iterator[Diagnostic]:
    release = known.release
    path, given = f"{section}.extraArgs", read(model.extra_args, release)
    yield from _forbidden(path, model, given)
    yield from _loud(path, model, given, line)
    yield from _unreadable(path, model, given, known)
    yield from _overrides(section, model, given)
    named = [argument for argument in given if not _refused(argument.flag)]
    yield from check_flags(path, named, known, line.replaced, partial(_mended, model))
    yield from _ray(path, model, given, flags)
    yield from _batch(section, model, given, whole_prompt)


def _mended(model: Model, argument: Argument, items: Sequence[str]) -> list[str] | None:
    """The list with these items in the place of an argument; None where nothing is left."""
    first, last = argument.items[0], argument.items[-1]
    return [*model.extra_args[:first], *items, *model.extra_args[last + 1 :]] or None


def _forbidden(path: str, model: Model, given: Sequence[Argument]) -> Iterator[Diagnostic]:
    for argument in given:
        flag, rest = argument.flag or _slip(argument), without(model.extra_args, argument)
        if flag in registry.secret_flags():
            yield codes.extra_args_secret(path, flag=flag, written=argument.written.partition(" ")[0], rest=rest)
        if flag in registry.fixed_flags():
            yield codes.extra_args_fixed(path, flag=flag, given=argument.text, rest=rest)
        if flag == CODE and not argument.written.startswith("--no-"):
            yield codes.trust_remote_code(path, given=argument.text, rest=rest)


def _loud(path: str, model: Model, given: Sequence[Argument], line: CommandLine) -> Iterator[Diagnostic]:
    for argument in given:
        if argument.flag == "log-level" and line.quiet and argument.value.strip().lower() not in line.quiet:
            yield codes.log_shows_key(
                path,
                title=registry.find(model.engine).title,
                given=argument.text,
                quiet=line.quiet,
                rest=without(model.extra_args, argument),
            )


def _slip(argument: Argument) -> str:
    """The flag that was meant where a flag and its value stand in one item; "" where it is something else."""
    name = argument.written.partition(" ")[0]
    return name.strip("-").replace("_", "-") if name.startswith("-") and name != argument.written else ""


def _refused(flag: str) -> bool:
    """Whether a flag is refused whatever its value."""
    return flag in registry.secret_flags() or flag in registry.fixed_flags()


def _unreadable(path: str, model: Model, given: Sequence[Argument], known: Known) -> Iterator[Diagnostic]:
    """What the image's parser would refuse for its value, surely where the releases around it agree."""
    later = as_read_later(given, known)
    for argument in given:
        if argument.fault is None or _refused(argument.flag or _slip(argument)):
            continue
        items = argument.written.split(maxsplit=1) if _slip(argument) else []
        after = later.get(argument.items[0])
        found = codes.extra_args_invalid(
            path,
            written=argument.written,
            given=argument.text,
            package=known.release.package,
            fault=argument.fault,
            items=items,
            mended=_mended(model, argument, items),
        )
        yield found if known.exact or (after and after.fault) else softened(found)


def _number(setting: str, text: str) -> int | float | str | None:
    """The value for the setting; None where it is none, or the setting is no plain value."""
    if setting in OBJECTS:
        return None
    try:
        value = NUMBERS[setting](text) if setting in NUMBERS else text
    except ValueError:
        return None
    return value if isinstance(value, str) or math.isfinite(value) else None


def _overrides(section: str, model: Model, given: Sequence[Argument]) -> Iterator[Diagnostic]:
    for argument in given:
        setting = registry.typed_flags().get(argument.flag)
        if setting is None or argument.fault is not None or argument.unknown:
            continue
        yield codes.extra_args_override(
            f"{section}.extraArgs",
            flag=argument.flag,
            given=argument.text,
            setting=setting,
            setting_path=f"{section}.{setting}",
            value=_number(setting, argument.value),
            rest=without(model.extra_args, argument),
        )


def _ray(path: str, model: Model, given: Sequence[Argument], flags: frozenset[str]) -> Iterator[Diagnostic]:
    for argument in given:
        if argument.flag == "distributed-executor-backend" and argument.value == "ray" and "ray" not in flags:
            yield codes.ray_not_in_image(path, given=argument.text, rest=without(model.extra_args, argument))


def _count(argument: Argument | None) -> int | None:
    """The number that an argument gives in digits; None where there is none."""
    return int(argument.value) if argument and _DIGITS.fullmatch(argument.value) else None


def _batch(section: str, model: Model, given: Sequence[Argument], whole_prompt: int | None) -> Iterator[Diagnostic]:
    if not registry.find(model.engine).whole_batch:
        return
    last = {argument.flag: argument for argument in given}
    batch = last.get("max-num-batched-tokens")
    tokens = model.max_num_batched_tokens if batch is None else _count(batch)
    sequences = _count(last.get("max-num-seqs")) or model.max_num_seqs or 0
    least = max(sequences, whole_prompt or 0)
    if tokens is None or tokens >= least:
        return
    if batch is None:
        path = f"{section}.maxNumBatchedTokens"
        yield tuning_codes.batch_too_small(path, tokens=str(tokens), least=least, given=str(tokens), mended=least)
    else:
        yield tuning_codes.batch_too_small(
            f"{section}.extraArgs",
            tokens=batch.value,
            least=least,
            given=batch.text,
            mended=without(model.extra_args, batch),
        )
