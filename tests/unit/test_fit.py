import re

import pytest

from catalog.load import load
from planner.model.config import describe
from planner.model.figures import ConfigError
from planner.serving.fit import TOO_FEW, Fit, FitRequest, fits, offers, tried
from planner.sizing.explain import arithmetic

CATALOG = load()
QWEN = "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"


def answers(model: str, **wish) -> tuple[Fit, ...]:
    entry = CATALOG.find_model(model)
    assert entry is not None
    return fits(entry, model, FitRequest(**wish), CATALOG)


def on(machine: str, model: str, **wish) -> Fit:
    return next(each for each in answers(model, **wish) if each.offer.name == machine)


def test_every_machine_and_every_super_node_type_with_whole_gpus_is_judged():
    judged = {each.offer.name for each in answers(QWEN)}
    machines = {name for name, machine in CATALOG.machines.items() if machine.gpus >= 1}
    super_nodes = {name for name, kind in CATALOG.super_gpus.items() if max(spec.gpus for spec in kind.specs) >= 1}
    assert judged == machines | super_nodes


@pytest.mark.exhaustive
def test_every_model_is_judged_on_every_machine_within_what_the_machine_has():
    for name, entry in CATALOG.models.items():
        for each in fits(entry, name, FitRequest(), CATALOG):
            if each.verdict == "no":
                assert each.reason
                assert each.code
                continue
            assert each.gpus == each.tensor_parallel * each.pipeline_parallel
            assert each.gpus <= max(1, each.offer.gpus)
            assert each.verdict == "doubtful" or each.need_gib <= each.limit_gib
            assert 0 < each.context <= entry.architecture.max_positions


def test_what_fits_comes_first_by_gpus_then_by_what_is_left():
    found = answers("deepseek-ai/DeepSeek-R1-Distill-Qwen-32B")
    serving = [each for each in found if each.verdict != "no"]
    assert found[: len(serving)] == tuple(serving)
    keys = [(each.gpus, each.spare_gib) for each in serving]
    assert keys == sorted(keys)


def test_the_guides_largest_model_needs_eight_h20():
    serving = {each.offer.gpu: each.gpus for each in answers("deepseek-ai/DeepSeek-R1") if each.verdict != "no"}
    assert serving == {"H20-96": 8}


def test_a_gpu_without_bfloat16_computes_in_half_precision():
    assert on("GN7.10XLARGE160", QWEN).dtype == "half"
    assert on("PNV4.7XLARGE116", QWEN).dtype == "bfloat16"


def test_a_longer_context_never_needs_fewer_gpus():
    short = {each.offer.name: each for each in answers(QWEN, context=4096) if each.verdict != "no"}
    long = {each.offer.name: each for each in answers(QWEN, context=131072) if each.verdict != "no"}
    assert long.keys() <= short.keys()
    assert all(long[name].gpus >= short[name].gpus for name in long)
    assert all(each.context == 131072 for each in long.values())


def test_another_format_is_taken_where_the_published_one_does_not_fit():
    large, small = on("PNV4.7XLARGE116", "Qwen/Qwen3-8B"), on("GN7.2XLARGE32", "Qwen/Qwen3-8B")
    assert large.format == "bf16"
    assert small.format == "fp8"


def test_quantising_at_load_makes_room():
    plain, quantised = on("PNV4.7XLARGE116", QWEN), on("PNV4.7XLARGE116", QWEN, format="fp8")
    assert quantised.format == "fp8"
    assert quantised.context > plain.context


def test_only_machines_with_the_gpu_that_is_asked_for_are_shown():
    assert {each.offer.gpu for each in answers(QWEN, gpus=("A10",))} == {"A10"}


def test_machines_that_are_known_not_to_be_in_the_region_are_left_out():
    region = "ap-hongkong"
    elsewhere = {m.name for m in CATALOG.machines.values() if m.regions and region not in m.regions}
    assert elsewhere
    assert not elsewhere & {each.offer.name for each in answers(QWEN, region=region)}


@pytest.mark.parametrize("prices", [{}, {"PNV4.28XLARGE466": 30.0, "PNV6.4XLARGE160": 20.0}])
def test_what_has_a_price_comes_first_by_it(prices):
    serving = [each for each in answers("Qwen/Qwen3-8B", prices=prices) if each.verdict != "no"]
    assert [each.offer.price for each in serving if each.offer.price is not None] == sorted(prices.values())
    assert all(each.offer.price is not None for each in serving[: len(prices)])


def test_requests_at_once_take_as_many_gpus_as_they_need():
    one, many = on("PNV4.28XLARGE466", "Qwen/Qwen3-8B"), on("PNV4.28XLARGE466", "Qwen/Qwen3-8B", concurrency=30)
    assert (one.gpus, many.gpus) == (1, 4)
    assert many.concurrency >= 30
    assert many.context == 8192, "where no context is asked for"
    for each in answers("Qwen/Qwen3-8B", concurrency=30, context=16384):
        assert each.verdict == "no" or each.concurrency >= 30


def test_too_little_room_for_the_requests_is_said_with_the_room_there_is():
    refused = on("PNV4.7XLARGE116", "Qwen/Qwen3-8B", concurrency=100)
    assert (refused.verdict, refused.code) == ("no", TOO_FEW)
    assert 1 <= refused.concurrency < 100


KINDS = (
    "Qwen/Qwen3-32B",
    "deepseek-ai/DeepSeek-R1",
    "google/gemma-3-12b-it",
    "openai/gpt-oss-20b",
    "Qwen/Qwen3-8B-AWQ",
)
"""With groups of heads, a latent vector, windows, windows and mxfp4, and a small format."""


@pytest.mark.parametrize(
    "model", [*KINDS[:2], *(pytest.param(each, marks=pytest.mark.exhaustive) for each in KINDS[2:])]
)
def test_the_arithmetic_that_is_shown_is_that_of_the_verdict(model):
    entry = CATALOG.find_model(model)
    assert entry is not None
    wish = FitRequest()
    for offer in offers(CATALOG, wish):
        trial = tried(entry, model, offer, wish, CATALOG)
        assert trial.fit == on(offer.name, model)
        if trial.sized is None:
            continue
        figures = {each.name: each for each in arithmetic(trial.facts, trial.hardware, *trial.sized)}
        amount = {name: each.gib or 0.0 for name, each in figures.items()}
        parts = sum(amount.get(name, 0.0) for name in ("weights", "cache", "working", "images"))
        assert parts == pytest.approx(amount["needed"])
        assert amount["engine"] - amount["needed"] == pytest.approx(amount["left"])
        assert _product(figures["cache"].how) / 2**30 == pytest.approx(trial.sized[1].layout.need.kv_per_token)
        if trial.fit.verdict in ("fits", "tight"):
            assert amount["left"] >= 0
        if trial.fit.verdict == "fits":
            assert amount["estimate"] <= amount["engine"]


def _product(how: str) -> float:
    """The bytes per token that are said to be so many layers times so many numbers."""
    written = how.partition("per token (")[2].partition(") x ")[0]
    return eval(re.sub(r"[a-wyzA-Z]+", "", written).replace("x", "*"))


CONFIG = {
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "hidden_size": 7168,
    "max_position_embeddings": 163840,
    "torch_dtype": "bfloat16",
}


def test_a_config_with_latent_attention_keeps_its_ranks():
    found = describe({**CONFIG, "kv_lora_rank": 512, "qk_rope_head_dim": 64}, 641.3).architecture
    assert (found.kv_lora_rank, found.qk_rope_head_dim) == (512, 64)


def test_the_format_is_that_of_the_quantised_weights():
    assert describe({**CONFIG, "quantization_config": {"quant_method": "awq"}}, 10).architecture.format == "awq"
    assert describe(CONFIG, 10).architecture.format == "bf16"


def test_heads_without_groups_are_their_own_kv_heads():
    given = {key: value for key, value in CONFIG.items() if key != "num_key_value_heads"}
    assert describe(given, 10).architecture.kv_heads == 128


def test_the_text_part_of_a_model_with_images_is_taken():
    nested = {"vision_config": {"num_hidden_layers": 2}, "torch_dtype": "float16", "text_config": CONFIG}
    assert describe(nested, 10).architecture.layers == 61


@pytest.mark.parametrize("missing", ["num_hidden_layers", "num_attention_heads"])
def test_a_missing_figure_is_named(missing):
    given = {key: value for key, value in CONFIG.items() if key != missing}
    with pytest.raises(ConfigError, match=missing):
        describe(given, 10)


def test_an_unknown_quantisation_is_refused_rather_than_guessed():
    with pytest.raises(ConfigError, match="new-method"):
        describe({**CONFIG, "quantization_config": {"quant_method": "new-method"}}, 10)
