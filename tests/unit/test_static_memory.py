"""SGLang's share of GPU memory, held against SGLang 0.5.18's own rule (srt/server_args.py)."""

import pytest

from planner.model.facts import ModelFacts
from planner.plan.types import ModelPlan
from planner.sizing.ask import Ask
from planner.sizing.memory import Need
from planner.sizing.split import Split
from planner.sizing.static_memory import Static, plan_static
from tests.unit.model_samples import facts
from tests.unit.stacks import codes, found, planned

R1_ON_H20: dict[str, object] = {
    "pools.gpu.instanceType": "PNV6.32XLARGE1280",
    "models.chat": {"model": "deepseek-ai/DeepSeek-R1", "engine": "sglang", "maxModelLen": 32768},
}


def r1(changes: dict[str, object] | None = None) -> ModelPlan:
    return planned(R1_ON_H20 | (changes or {})).models["chat"]


def flag(model: ModelPlan, name: str) -> str:
    return model.spec.command[model.spec.command.index(name) + 1]


def share(
    weights: float, usable: float, ranks: int = 1, *, asked: float | None = None, model: ModelFacts | None = None
) -> Static:
    need = Need(weights=weights, kv_per_token=1 / 16384, overhead=2.3)
    return plan_static(model or facts(), need, usable, Split(ranks), Ask("sglang", asked, 0.9), context=8192)


@pytest.mark.parametrize(
    ("usable", "chunk", "running"), [(15.0, 2048, 8), (22.5, 2048, 24), (44.5, 4096, 32), (79.2, 8192, 256)]
)
def test_a_small_model_leaves_sglang_what_it_takes_by_itself(usable: float, chunk: int, running: int):
    """The classes of _handle_gpu_memory_settings, with fewer than four GPUs."""
    static = share(1.0, usable)
    assert (static.chunk, static.running) == (chunk, running)
    assert not static.crowded
    assert usable * (1 - static.fraction) == pytest.approx(static.outside, abs=0.001 * usable)


def test_the_rule_of_0_5_18_would_keep_sixteen_gib_beside_the_largest_model_on_an_h20():
    """512 + 8192 x 1.5 + 8 / 8 x 1024 + 512 x 2 + 1536 MiB, an amount that the weights do not leave of 95 GiB."""
    whole = share(2.0, 95.0, 8, model=facts(kv_lora_rank=512, qk_rope_head_dim=64))
    assert (whole.chunk, whole.running) == (8192, 512)
    assert whole.outside == pytest.approx(16.0)


def test_prompts_are_read_in_smaller_pieces_before_the_weights_stop_to_fit():
    assert [share(weights, 79.2).chunk for weights in (40.0, 66.0, 71.0)] == [8192, 4096, 2048]
    assert not share(71.0, 79.2).crowded
    assert share(76.0, 79.2).crowded


def test_a_fraction_of_the_stack_file_decides_how_much_is_read_at_once():
    assert share(20.0, 79.2, asked=0.8).chunk == 8192
    assert share(20.0, 79.2, asked=0.87).chunk == 4096
    assert share(20.0, 79.2, asked=0.99).crowded


def test_sglang_is_always_told_how_to_use_its_memory():
    model = r1()
    assert flag(model, "--mem-fraction-static") == f"{model.gpu_memory_utilization:g}"
    assert flag(model, "--chunked-prefill-size") == "4096"
    assert 8 <= int(flag(model, "--max-running-requests")) <= 64


def test_what_sglang_takes_beside_its_share_fits_beside_it():
    """The guide ran this model with a fraction of 0.9 and eight requests at once."""
    plan, memory = planned(R1_ON_H20), r1().memory
    assert not plan.errors
    assert "MEMORY_TIGHT" not in codes(plan)
    assert memory.limit + memory.outside <= memory.total + 0.1
    assert memory.weights + memory.kv_one_sequence <= memory.limit
    assert memory.utilization == pytest.approx(0.9, abs=0.02)


def test_a_fraction_that_leaves_too_little_beside_it_warns():
    assert found(planned(R1_ON_H20 | {"models.chat.gpuMemoryUtilization": 0.95}), "MEMORY_TIGHT").severity == "warning"


def test_the_guides_own_fraction_passes():
    assert not planned(R1_ON_H20 | {"models.chat.gpuMemoryUtilization": 0.9}).errors


def test_one_s_own_arguments_win():
    command = r1({"models.chat.extraArgs": ["--max-running-requests", "8"]}).spec.command
    assert command.count("--max-running-requests") == 1
    assert command[-1] == "8"
