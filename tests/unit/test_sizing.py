"""How a model lies on the GPUs of one machine, and what helps where it does not."""

import pytest

from planner.sizing.ask import Ask
from planner.sizing.decide import Sizing
from settings.diagnostics import Diagnostic
from tests.unit.model_samples import SECTION, facts, gpu, sized
from tests.unit.stacks import planned

ASK = Ask(engine="vllm", utilization=0.9, default_utilization=0.9)
T4 = gpu(name="T4", compute_capability=7.5, bf16=False, fp8="weight-only", mxfp4=False, usable_gib=15.0)
V100_FACTS = {"compute_capability": 7.0, "bf16": False, "fp8": "none", "awq": False, "marlin": False, "mxfp4": False}
V100 = gpu(name="V100", usable_gib=31.7, **V100_FACTS)


def asked(**changes) -> Ask:
    return Ask(**{**vars(ASK), **changes})


def fitting(*args) -> Sizing:
    outcome = sized(*args)
    assert outcome.starts, outcome.findings
    return outcome.sizing


def noted(*args) -> set[str]:
    """Codes of what is said of a model that starts."""
    outcome = sized(*args)
    assert outcome.starts, outcome.findings
    return outcome.codes


def refused(code: str, *args) -> Diagnostic:
    outcome = sized(*args)
    assert not outcome.starts
    return next(finding for finding in outcome.findings if finding.code == code)


def test_a_model_that_fits_one_gpu_takes_one():
    assert fitting(facts(), gpu(), 8, ASK).gpus == 1


def test_a_larger_model_takes_the_next_power_of_two():
    assert fitting(facts(weights_gib=28.0), gpu(), 8, ASK).tensor_parallel == 2


def test_a_model_whose_heads_allow_four_uses_stages_beyond():
    laid = fitting(facts(weights_gib=100.0), gpu(), 8, ASK)
    assert (laid.tensor_parallel, laid.pipeline_parallel) == (4, 2)


def test_the_context_is_what_fits_in_steps_of_1024():
    laid = fitting(facts(max_positions=131072), gpu(), 1, ASK)
    assert 8192 < laid.context < 131072
    assert laid.context % 1024 == 0
    assert laid.verdict == "ready"


def test_the_context_never_exceeds_the_model_s_own():
    assert fitting(facts(max_positions=4096), gpu(), 1, ASK).context == 4096


def test_where_the_cautious_estimate_leaves_nothing_the_engine_is_still_let_try_2048_tokens():
    laid = fitting(facts(weights_gib=19.0), gpu(), 1, ASK)
    assert laid.context == 2048
    assert laid.verdict == "tight"
    assert "MEMORY_TIGHT" in noted(facts(weights_gib=19.0), gpu(), 1, ASK)


def test_what_leaves_nothing_to_compute_in_is_refused():
    """19.8 GiB are the engine's; nobody started with less than half a GiB beside weights and cache (vllm PR 14447)."""
    finding = refused("MODEL_TOO_LARGE", facts(weights_gib=19.3), gpu(), 1, ASK)
    assert "at least 0.5 GiB to compute in" in finding.message


def test_reading_images_takes_more_unless_the_engine_is_told_to_read_none():
    """Measured of Qwen2.5-VL (vllm issue 16570)."""
    reads = facts(weights_gib=18.0, encoder_gib=2.3)
    refused("MODEL_TOO_LARGE", reads, gpu(), 1, ASK)
    assert fitting(reads, gpu(), 1, asked(no_images=True)).verdict == "tight"
    assert fitting(facts(weights_gib=18.0), gpu(), 1, ASK).verdict == "tight"


def test_a_static_share_leaves_something_to_compute_in():
    static = asked(engine="sglang", utilization=0.99)
    refused("MODEL_TOO_LARGE", facts(weights_gib=21.5), gpu(), 1, static)
    assert "MODEL_TOO_LARGE" not in noted(facts(weights_gib=21.3), gpu(), 1, static)


def test_a_release_that_quantises_after_reading_needs_room_for_all_of_it():
    """Before PR 31914 vLLM read all weights in 16 bits first; 22.0 GiB are the GPU's."""
    finding = refused("MODEL_TOO_LARGE", facts(weights_gib=24.0), gpu(), 1, asked(quantization="fp8"))
    assert "24.0 GiB" in finding.message
    streams = asked(quantization="fp8", flags=frozenset({"fp8-streams"}))
    assert fitting(facts(weights_gib=24.0), gpu(), 1, streams).precision.at_load == "fp8"
    assert fitting(facts(weights_gib=21.0), gpu(), 1, asked(quantization="fp8")).gpus == 1


@pytest.mark.parametrize("argument", [["--quantization", "fp8"], ["--quantization=fp8"], ["-q", "fp8"]])
def test_quantising_by_an_argument_makes_the_plan_as_small_as_by_the_setting(argument: list[str]):
    l20 = {"kind": "existing", "gpu": "L20", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"}
    asked = {"pools.gpu": l20, "models.chat.model": "Qwen/Qwen3-32B", "models.chat.maxModelLen": 8192}
    by_setting = planned({**asked, "models.chat.quantization": "fp8"})
    by_argument = planned({**asked, "models.chat.extraArgs": argument})
    assert not by_argument.errors
    assert by_argument.models["chat"].memory == by_setting.models["chat"].memory
    assert by_argument.models["chat"].spec.command[-len(argument) :] == tuple(argument)


def test_a_release_that_holds_both_while_it_quantises_needs_room_for_both():
    """vLLM PR 32773 and issue 31805, of 0.13 and 0.14: more memory than 16 bits take."""
    both = asked(quantization="fp8", flags=frozenset({"fp8-doubles"}))
    finding = refused("MODEL_TOO_LARGE", facts(weights_gib=15.0), gpu(), 1, both)
    assert "22.5 GiB" in finding.message
    assert fitting(facts(weights_gib=14.0), gpu(), 1, both).gpus == 1


def test_a_release_without_the_method_cannot_quantise_by_it():
    """bitsandbytes became a plugin with vLLM 0.28.0 (PR 43529)."""
    finding = refused("QUANTIZATION_NOT_IN_IMAGE", facts(), gpu(), 1, asked(quantization="bitsandbytes"))
    assert (finding.fix, finding.allowed) == (((f"{SECTION}.quantization", None),), "fp8")
    assert refused("QUANTIZATION_NOT_IN_IMAGE", facts(format="bitsandbytes"), gpu(), 1, ASK).path == f"{SECTION}.model"
    older = asked(quantization="bitsandbytes", flags=frozenset({"bitsandbytes"}))
    assert fitting(facts(), gpu(), 1, older).precision.at_load == "bitsandbytes"


SLIDING = facts(layers=48, kv_layers=8, sliding_layers=40, sliding_window=1024, max_positions=131072)


def test_layers_with_a_window_are_kept_what_is_being_computed_too():
    """vLLM 0.29.0, v1/kv_cache_interface.py: window - 1 + the tokens of the batches in flight, 2048 each below 70 GiB
    of GPU memory, 8192 above but for the A100 (engine/arg_utils.py); two batches since PR 47728."""
    kept = {
        (card.name, release): fitting(SLIDING, card, 1, asked(flags=release)).layout.need.window
        for card in (gpu(), gpu(name="H20", usable_gib=95.0), gpu(name="A100-80", usable_gib=79.2))
        for release in (frozenset(), frozenset({"blocks-kept-in-flight"}))
    }
    assert list(kept.values()) == [3071, 5119, 9215, 17407, 3071, 5119]
    assert fitting(SLIDING, gpu(), 1, asked(batched_tokens=512)).layout.need.window == 1535


def test_weights_that_exceed_the_engine_s_share_are_refused():
    finding = refused("MODEL_TOO_LARGE", facts(weights_gib=19.9), gpu(), 1, ASK)
    assert finding.severity == "error"
    assert "19.8" in finding.message


@pytest.mark.parametrize(
    ("weights", "card", "severity"),
    [
        (20.5, gpu(), "warning"),
        (22.5, gpu(), "error"),
        (20.5, gpu(verified=False), "warning"),
        (22.5, gpu(verified=False), "error"),
    ],
)
def test_figures_that_nobody_verified_save_a_model_from_a_small_shortage_only(weights: float, card, severity: str):
    """19.8 GiB are the engine's: a tenth off 22.5 GiB is still more, off 20.5 it is not."""
    model = facts(weights_gib=weights, verified=not card.verified)
    (finding,) = [each for each in sized(model, card, 1, ASK).findings if each.code == "MODEL_TOO_LARGE"]
    assert finding.severity == severity


def test_a_context_that_does_not_fit_is_refused_with_one_that_does():
    finding = refused("CONTEXT_TOO_LONG", facts(max_positions=200_000), gpu(), 1, asked(context=200_000))
    ((setting, value),) = finding.fix
    assert setting == f"{SECTION}.maxModelLen"
    assert fitting(facts(max_positions=200_000), gpu(), 1, asked(context=value)).context == value


def test_a_context_beyond_the_model_is_refused():
    finding = refused("CONTEXT_BEYOND_MODEL", facts(max_positions=4096), gpu(), 1, asked(context=8192))
    assert finding.fix == ((f"{SECTION}.maxModelLen", 4096),)


def test_an_engine_told_to_go_beyond_the_model_is_only_warned():
    assert "CONTEXT_BEYOND_MODEL" in noted(
        facts(max_positions=4096), gpu(), 1, asked(context=8192, longer_allowed=True)
    )


def test_a_long_context_that_fits_narrowly_is_a_warning_with_a_shorter_one():
    (finding,) = sized(facts(max_positions=131072), gpu(), 1, asked(context=90_000)).findings
    assert (finding.code, finding.severity) == ("MEMORY_TIGHT", "warning")
    ((_, shorter),) = finding.fix
    assert fitting(facts(max_positions=131072), gpu(), 1, asked(context=shorter)).verdict == "ready"


def test_a_size_that_does_not_divide_the_heads_is_refused_with_the_nearest_that_does():
    finding = refused("HEADS_NOT_DIVISIBLE", facts(), gpu(), 8, asked(tensor_parallel=3))
    assert finding.fix == ((f"{SECTION}.tensorParallel", 2),)
    assert finding.allowed == "1, 2, 4"


def test_the_nearest_legal_size_is_one_that_also_holds_the_model():
    finding = refused("HEADS_NOT_DIVISIBLE", facts(weights_gib=50.0), gpu(), 8, asked(tensor_parallel=3))
    assert finding.fix == ((f"{SECTION}.tensorParallel", 4),)


def test_a_size_beyond_the_machine_is_refused():
    finding = refused("GPUS_EXCEED_NODE", facts(), gpu(), 2, asked(tensor_parallel=4))
    assert finding.fix == ((f"{SECTION}.tensorParallel", None),)


def test_gpus_beyond_the_machine_have_no_own_fix_where_the_model_needs_them():
    finding = refused("GPUS_EXCEED_NODE", facts(weights_gib=70.0), gpu(), 2, asked(gpus=4))
    assert finding.fix == ()


def test_gpus_must_be_the_product_of_both_splits():
    finding = refused("PARALLELISM_MISMATCH", facts(), gpu(), 8, asked(gpus=4, tensor_parallel=2, pipeline_parallel=1))
    assert finding.fix == ((f"{SECTION}.gpus", None),)


def test_gpus_alone_are_split_by_heads_first_and_stages_then():
    laid = fitting(facts(), gpu(), 8, asked(gpus=8))
    assert (laid.tensor_parallel, laid.pipeline_parallel) == (4, 2)


def test_a_split_with_gpus_gives_the_stages():
    laid = fitting(facts(), gpu(), 8, asked(gpus=4, tensor_parallel=2))
    assert (laid.tensor_parallel, laid.pipeline_parallel) == (2, 2)


def test_stages_with_gpus_give_the_split():
    laid = fitting(facts(), gpu(), 8, asked(gpus=4, pipeline_parallel=2))
    assert (laid.tensor_parallel, laid.pipeline_parallel) == (2, 2)


def test_more_stages_than_layers_are_refused():
    assert refused("TOO_MANY_STAGES", facts(layers=2), gpu(), 8, asked(pipeline_parallel=4)).fix == (
        (f"{SECTION}.pipelineParallel", None),
    )


def test_a_size_that_is_no_power_of_two_is_doubted():
    assert "TENSOR_PARALLEL_UNUSUAL" in noted(facts(heads=40, kv_heads=10), gpu(), 8, asked(tensor_parallel=5))


def test_too_few_gpus_asked_for_are_given_back_to_the_planner():
    finding = refused("MODEL_TOO_LARGE", facts(weights_gib=28.0), gpu(), 4, asked(gpus=1))
    assert finding.fix == ((f"{SECTION}.gpus", None),)


def test_a_low_utilisation_is_named_as_the_cause():
    finding = refused("MODEL_TOO_LARGE", facts(), gpu(), 1, asked(utilization=0.5))
    assert finding.fix == ((f"{SECTION}.gpuMemoryUtilization", None),)


def test_a_high_utilisation_is_doubted():
    assert "UTILIZATION_HIGH" in noted(facts(), gpu(), 1, asked(utilization=0.99))


def test_float32_that_does_not_fit_is_named_as_the_cause():
    finding = refused("MODEL_TOO_LARGE", facts(), gpu(), 1, asked(dtype="float32"))
    assert finding.fix == ((f"{SECTION}.dtype", None),)


def test_a_v100_gets_half_precision():
    assert fitting(facts(), V100, 1, ASK).precision.dtype == "half"


def test_a_new_gpu_keeps_bfloat16():
    assert fitting(facts(), gpu(), 1, ASK).precision.dtype == "bfloat16"


def test_half_precision_weights_stay_half():
    assert fitting(facts(dtype="float16"), gpu(), 1, ASK).precision.dtype == "half"


def test_bfloat16_asked_for_on_a_t4_is_refused():
    finding = refused("BF16_UNSUPPORTED", facts(), T4, 2, asked(dtype="bfloat16"))
    assert finding.fix == ((f"{SECTION}.dtype", "half"),)


def test_a_model_that_overflows_in_half_precision_is_refused_where_there_is_nothing_else():
    finding = refused("FLOAT16_UNSUPPORTED", facts(float16=False, weights_gib=4.0), T4, 1, ASK)
    assert finding.fix == ((f"{SECTION}.dtype", "float32"),)


@pytest.mark.parametrize(
    ("stored", "card", "code"),
    [
        ("fp8", V100, "FP8_UNSUPPORTED"),
        ("awq", V100, "AWQ_UNSUPPORTED"),
        ("int8", V100, "INT8_UNSUPPORTED"),
        ("mxfp4", T4, "FP4_UNSUPPORTED"),
        ("nvfp4", V100, "FP4_UNSUPPORTED"),
        ("gptq", gpu(gptq=False), "GPTQ_UNSUPPORTED"),
    ],
)
def test_weights_that_the_gpu_cannot_read_are_refused(stored: str, card, code: str):
    assert refused(code, facts(format=stored, weights_gib=5.0), card, 1, ASK).path == f"{SECTION}.model"


@pytest.mark.parametrize(
    ("stored", "card", "code"),
    [
        ("fp8", T4, "WEIGHT_ONLY_QUANTIZATION"),
        ("nvfp4", gpu(), "WEIGHT_ONLY_QUANTIZATION"),
        ("gptq", V100, "SLOW_QUANTIZATION"),
    ],
)
def test_weights_that_run_slowly_are_warned_of(stored: str, card, code: str):
    today = asked(flags=frozenset({"marlin-on-turing"}))
    assert code in noted(facts(format=stored, weights_gib=5.0), card, 1, today)


def test_fp8_on_a_gpu_that_has_it_needs_no_word():
    assert noted(facts(format="fp8", weights_gib=7.0), gpu(), 1, asked(quantization="fp8")) == set()


def test_quantising_at_load_is_told_to_the_engine():
    assert fitting(facts(), gpu(), 1, asked(quantization="fp8")).precision.at_load == "fp8"


def test_quantising_at_load_on_a_v100_is_refused():
    assert refused("FP8_UNSUPPORTED", facts(), V100, 1, asked(quantization="fp8")).fix == (
        (f"{SECTION}.quantization", None),
    )


def test_a_method_that_is_not_that_of_the_files_is_refused():
    finding = refused("QUANTIZATION_MISMATCH", facts(), gpu(), 1, asked(quantization="awq"))
    assert finding.fix == ((f"{SECTION}.quantization", None),)


def test_several_faults_are_reported_together():
    outcome = sized(facts(), T4, 2, asked(dtype="bfloat16", tensor_parallel=3, quantization="awq"))
    assert {"BF16_UNSUPPORTED", "GPUS_EXCEED_NODE", "QUANTIZATION_MISMATCH"} <= outcome.codes


def test_a_cache_that_is_not_modelled_is_said_and_only_weights_are_checked():
    assert "KV_NOT_COMPUTED" in noted(facts(computable=False), gpu(), 1, ASK)
    laid = fitting(facts(computable=False), gpu(), 1, ASK)
    assert not laid.computed
    assert laid.budget.kv_one_sequence == 0


def test_a_smaller_cache_leaves_room_for_a_longer_context():
    long = facts(max_positions=1_000_000)
    assert fitting(long, gpu(), 1, asked(cache_dtype="fp8")).context > fitting(long, gpu(), 1, ASK).context


def test_half_a_card_has_half_its_memory():
    assert refused("MODEL_TOO_LARGE", facts(), gpu(), 0.5, ASK).code == "MODEL_TOO_LARGE"
    assert fitting(facts(weights_gib=5.0), gpu(), 0.5, ASK).budget.total == 11.0


def test_ollama_spreads_layers_over_any_number_of_gpus():
    laid = fitting(facts(format="gguf", weights_gib=45.0), gpu(), 8, asked(engine="ollama"))
    assert (laid.tensor_parallel, laid.pipeline_parallel) == (1, 3)


def test_ollama_asks_for_no_more_gpus_than_there_are():
    assert refused("GPUS_EXCEED_NODE", facts(format="gguf"), gpu(), 1, asked(engine="ollama", gpus=2)).fix == (
        (f"{SECTION}.gpus", None),
    )


def test_the_budget_adds_up_to_no_more_than_the_limit():
    budget = fitting(facts(), gpu(), 1, ASK).budget
    used = budget.weights + budget.activations + budget.non_torch + budget.graphs + budget.kv_one_sequence
    assert used <= budget.limit


def test_an_unusual_split_does_not_hide_that_the_model_is_too_large():
    outcome = sized(facts(heads=5, kv_heads=5, weights_gib=200.0), gpu(), 8, asked(tensor_parallel=5))
    assert outcome.codes >= {"TENSOR_PARALLEL_UNUSUAL", "MODEL_TOO_LARGE"}
