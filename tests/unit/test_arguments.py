"""Rendered commands against what each release's own parser was recorded to take, and how arguments are read."""

from collections.abc import Iterator

import pytest

from catalog.arguments import Release
from catalog.images import Image
from catalog.load import load
from planner.engines import sglang, vllm
from planner.engines.arguments import read
from planner.engines.spread import RANK
from planner.plan.types import ModelPlan, Plan
from planner.plan_stack import plan_stack
from settings.parse import parse
from tests.program.rehearsed import NAMES, given
from tests.unit.stacks import planned
from tests.unit.test_engines import known, request

CATALOG = load()
IMAGES = [image for image in CATALOG.images if image.role in ("engine", "webui")]
PARSED = [image for image in IMAGES if image.engine in ("vllm", "sglang")]
BY_TAG = {f"{image.repository}:{image.tag}{v.suffix}": image for image in PARSED for v in image.variants}
MACHINES = {"A10": "PNV4.7XLARGE116", "T4": "GN7.2XLARGE32", "V100": "GN10Xp.2XLARGE40", "H20": "PNV6.32XLARGE1280"}


def release(image: Image) -> Release:
    found = CATALOG.release(image)
    assert found is not None, image.name
    return found


VLLM = release(next(image for image in PARSED if image.engine == "vllm"))


def faults(command: tuple[str, ...], taken: Release) -> list[str]:
    """What the parser of a release refuses in a rendered command."""
    start = command.index(sglang.LAUNCH) + 1 if sglang.LAUNCH in command else 3
    read_ = read(command[start:], taken)
    unlisted = [
        f"{part.written} {value}: not in its registry"
        for part in read_
        for value in part.values
        if part.flag in taken.parsers and value not in taken.parsers[part.flag]
    ]
    return [f"{part.text}: {part.fault or 'unknown'}" for part in read_ if part.fault or part.unknown] + unlisted


TUNED: tuple[dict[str, object], ...] = (
    {
        "models.chat.kvCacheDtype": "fp8_e4m3",
        "models.chat.maxNumSeqs": 16,
        "models.chat.maxNumBatchedTokens": 4096,
        "models.chat.kvOffload": {"gib": 8},
        "models.chat.lora": {"maxRank": 32, "adapters": {"support": "someone/support", "sql": "someone/sql"}},
    },
    {"models.chat.speculative": {"method": "ngram", "tokens": 4}},
    {"models.chat.speculative": {"method": "eagle3", "model": "someone/draft", "tokens": 3, "weightsGib": 0.5}},
)
"""What people tune of a model that an A10 holds."""


def commands(model: ModelPlan) -> Iterator[tuple[str, ...]]:
    """As the processes get them: Kubernetes has put the worker's number in."""
    yield model.spec.command
    if model.spec.spread:
        yield tuple(part.replace(RANK, "1") for part in model.spec.spread.worker_command)


def refused(made: Plan) -> list[str]:
    return [
        f"{model.name}: {fault}"
        for model in made.models.values()
        if model.spec.image in BY_TAG
        for command in commands(model)
        for fault in faults(command, release(BY_TAG[model.spec.image]))
    ]


def unread(made: Plan) -> list[str]:
    """Variables that begin like the engine's own, and that its release does not read."""
    own = ("VLLM_", "SGLANG_", "OLLAMA_")
    images = {f"{i.repository}:{i.tag}{v.suffix}": i for i in IMAGES for v in i.variants}
    return [
        name
        for model in made.models.values()
        if model.spec.image in images
        for name, _ in model.spec.env
        if name.startswith(own) and name not in release(images[model.spec.image]).environment
    ]


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: image.name)
def test_every_engine_and_page_of_the_catalogue_is_recorded_with_its_source(image: Image):
    found = release(image)
    assert len(found.sha256) == 64
    assert found.recorded >= "2026-11-27"
    assert found.environment
    assert bool(found.options) == (image.engine in ("vllm", "sglang"))


@pytest.mark.parametrize("image", [i for i in PARSED if i.engine == "vllm"], ids=lambda image: image.name)
def test_the_default_utilisation_is_what_the_parser_says(image: Image):
    assert release(image).by_flag["gpu-memory-utilization"].default == image.default_gpu_memory_utilization


@pytest.mark.parametrize("stack", NAMES)
def test_the_parser_of_its_release_takes_every_command_of_a_sample(stack: str):
    settings = parse(given(stack)).settings
    assert settings is not None
    made = plan_stack(settings)
    assert made.models
    assert refused(made) == []
    assert unread(made) == []


UNLIKE = {
    (model.kind, model.format, model.dtype, model.reasoning_parser, model.tool_parser): name
    for name, model in CATALOG.models.items()
}.values()
"""One model of each kind whose commands differ by more than numbers and names."""


@pytest.mark.parametrize(
    ("machine", "engine"),
    [
        pytest.param(machine, engine, id=f"{gpu}-{engine}", marks=() if few else pytest.mark.exhaustive)
        for gpu, machine in MACHINES.items()
        for engine, few in (("vllm", gpu != "T4"), ("sglang", gpu == "H20"))
    ],
)
def test_the_parser_takes_the_command_of_every_kind_of_model_on_a_machine(machine: str, engine: str):
    made = [
        planned({"models.chat.model": name, "models.chat.engine": engine, "pools.gpu.instanceType": machine})
        for name in UNLIKE
    ]
    assert [fault for one in made for fault in refused(one)] == []
    assert [name for one in made for name in unread(one)] == []


@pytest.mark.parametrize("image", PARSED, ids=lambda image: image.name)
def test_the_parser_of_every_release_takes_what_the_emitter_says_to_it(image: Image):
    emit = vllm.emit if image.engine == "vllm" else sglang.emit
    pairs = {(model.reasoning_parser, model.tool_parser) for model in CATALOG.models.values()}
    for reasoning, tool in pairs:
        for changes in (
            {},
            {"max_model_len": None, "utilization": None},
            {"tensor_parallel": 2, "pipeline_parallel": 2, "at_load": "fp8"},
            {"compute_capability": 7.0, "dtype": "half", "network_store": False},
        ):
            asked = request(flags=known(image), reasoning_parser=reasoning, tool_parser=tool, **changes)
            assert faults(emit(asked).command, release(image)) == []


def test_an_argument_that_a_release_does_not_know_is_seen_in_a_command():
    command = ("vllm", "serve", "/models/x", "--enable-reasoning", "--dtype", "bf61", "--tensor-parallel-size")
    assert len(faults(command, VLLM)) == 3


@pytest.mark.parametrize(
    ("given", "flag", "value"),
    [
        (["--max-model-len", "4096"], "max-model-len", "4096"),
        (["--max_model_len=4096"], "max-model-len", "4096"),
        (["--max-model=4k"], "max-model-len", "4k"),
        (["-tp", "2"], "tensor-parallel-size", "2"),
        (["-tp=2"], "tensor-parallel-size", "2"),
        (["-q", "fp8"], "quantization", "fp8"),
        (["-qfp8"], "quantization", "fp8"),
        (["-n2"], "nnodes", "2"),
        (["-O3"], "optimization-level", "3"),
        (["--api-ke="], "api-key", ""),
        (["--no-enable-log-requests"], "enable-log-requests", ""),
        (["--served-model-name", "a", "b"], "served-model-name", "a b"),
        (["--compilation-config.level", "3"], "compilation-config", "3"),
        (["--compilation_config.pass_config.x=1"], "compilation-config", "1"),
        (["-cc.level=3"], "compilation-config", "3"),
        (["--hf-token"], "hf-token", ""),
        (["--served-model-name=my chat"], "served-model-name", "my chat"),
        (["--max-model-len", "-1"], "max-model-len", "-1"),
    ],
)
def test_an_argument_is_read_as_vllm_reads_it(given: list[str], flag: str, value: str):
    """The real parser of 0.29.0 makes the same of each: tests/real/test_parsers.py."""
    (argument,) = read(given, VLLM)
    assert (argument.flag, argument.value, argument.fault, argument.unknown) == (flag, value, None, False)


@pytest.mark.parametrize(
    "given",
    [
        ["--max-model-len"],
        ["--max-model-len", "long"],
        ["--max-model-len 4096"],
        ["--enable", "1"],
        ["--dtype", "bf61"],
        ["--tensor-parallel-size", "2", "3"],
        ["--gpu-memory-utilization", "much"],
        ["--max-num-seqz", "64"],
        ["--", "--port"],
        ["--enforce-eager=1"],
    ],
)
def test_what_vllm_refuses_is_refused(given: list[str]):
    assert any(argument.fault or argument.unknown for argument in read(given, VLLM))


def test_each_argument_knows_its_items():
    arguments = read(["--seed", "1", "--served-model-name", "a", "b", "--enforce-eager", "stray"], VLLM)
    assert [argument.items for argument in arguments] == [(0, 1), (2, 3, 4), (5,), (6,)]


@pytest.mark.parametrize("changes", TUNED, ids=["numbers", "ngram", "eagle3"])
@pytest.mark.parametrize("engine", ["vllm", "sglang"])
def test_what_is_tuned_is_said_as_the_release_takes_it(engine: str, changes: dict[str, object]):
    made = planned(changes | {"models.chat.engine": engine})
    assert made.models
    assert refused(made) == []
