"""Formulas of GPU memory, by hand-computed values."""

import pytest

from planner.sizing.ask import Ask
from planner.sizing.memory import (
    Need,
    grouped,
    kv_bytes_per_token,
    loaded_gib,
    need,
)
from planner.sizing.parallelism import legal_tensor_parallel
from planner.sizing.split import Split
from tests.unit.model_samples import facts

ASK = Ask("vllm", None, 0.9)


def test_grouped_query_attention_caches_a_key_and_a_value_per_kv_head():
    # 2 x 28 layers x 4 heads x 128 x 2 bytes
    assert kv_bytes_per_token(facts(), 1, 1, 2) == 57_344


def test_kv_heads_are_split_over_the_gpus_of_a_layer():
    assert kv_bytes_per_token(facts(), 2, 1, 2) == 28_672


def test_kv_heads_are_replicated_when_there_are_fewer_than_gpus():
    assert kv_bytes_per_token(facts(kv_heads=2), 4, 1, 2) == kv_bytes_per_token(facts(kv_heads=2), 2, 1, 2)


def test_latent_attention_keeps_the_whole_vector_on_every_gpu():
    latent = facts(layers=61, kv_lora_rank=512, qk_rope_head_dim=64)
    # 61 layers x (512 + 64) x 2 bytes
    assert kv_bytes_per_token(latent, 1, 1, 2) == 70_272
    assert kv_bytes_per_token(latent, 8, 1, 2) == 70_272


def test_pipeline_stages_share_the_layers_and_their_cache():
    assert kv_bytes_per_token(facts(), 1, 2, 2) == 28_672


def test_sliding_layers_stop_growing_at_their_window():
    mixed = facts(kv_layers=4, sliding_layers=24, sliding_window=1024)
    one = need(mixed, Split(), "bfloat16")
    grown = one.cache(3072) - one.cache(2048)
    assert grown == pytest.approx(4 * 2 * 4 * 128 * 2 * 1024 / 2**30)
    assert one.cache(1024) == pytest.approx(28 * 2 * 4 * 128 * 2 * 1024 / 2**30)


@pytest.mark.parametrize("room", [0.01, 0.05, 0.2, 1.0, 5.0])
def test_the_longest_sequence_fits_its_room_and_one_more_token_does_not(room: float):
    mixed = need(facts(kv_layers=4, sliding_layers=24, sliding_window=1024), Split(), "half")
    longest = mixed.tokens(room)
    assert mixed.cache(longest) <= room * 1.000001
    assert mixed.cache(longest + 1) > room * 0.999999


def test_no_room_holds_no_token():
    assert Need(weights=1, kv_per_token=0.001, overhead=1).tokens(-3.0) == 0


def test_full_precision_files_load_at_half_their_size():
    assert loaded_gib(facts(format="fp32", weights_gib=20.0), "half", None) == 10.0


def test_float32_takes_twice_the_memory_of_16_bit_files():
    assert loaded_gib(facts(weights_gib=10.0), "float32", None) == 20.0


def test_quantising_at_load_halves_16_bit_weights():
    assert loaded_gib(facts(weights_gib=10.0), "bfloat16", "fp8") == 5.0


def test_a_file_that_is_quantised_already_stays_as_large_as_it_is():
    assert loaded_gib(facts(format="awq", weights_gib=5.68), "half", "awq") == 5.68


def test_big_models_take_more_overhead_than_small_ones():
    assert need(facts(weights_gib=600.0), Split(8), "half").overhead > need(facts(), Split(), "half").overhead


def test_28_heads_and_4_kv_heads_are_cut_by_1_2_and_4():
    assert legal_tensor_parallel(facts(), 8, ASK) == (1, 2, 4)


def test_40_heads_with_10_kv_heads_are_not_cut_by_4():
    assert legal_tensor_parallel(facts(heads=40, kv_heads=10), 8, ASK) == (1, 2, 5)


def test_latent_attention_has_no_kv_heads_to_cut():
    assert 8 in legal_tensor_parallel(facts(heads=128, kv_heads=3, kv_lora_rank=512), 8, ASK)


def test_what_is_quantised_at_load_keeps_embeddings_and_output_layer():
    """vLLM's log of Qwen1.5-MoE-A2.7B: 26.67 GiB in 16 bits, 13.94 GiB in fp8 (vllm PR 31914, 2026-01-07)."""
    model = facts(weights_gib=26.67, table_numbers=2 * 151936 * 2048)
    assert loaded_gib(model, "bfloat16", "fp8") == pytest.approx(13.94, abs=0.05)
    assert loaded_gib(facts(weights_gib=26.67), "bfloat16", "fp8") == pytest.approx(26.67 / 2)
    assert loaded_gib(model, "bfloat16", "bitsandbytes") > loaded_gib(model, "bfloat16", "fp8") / 2


def test_layers_of_two_kinds_are_kept_in_groups_of_one_size():
    """vLLM 0.29.0, `_get_kv_cache_groups_uniform_page_size`: 62 layers of gemma-3-27b lie in 7 groups of 10."""
    assert grouped(10, 52) == (10, 60)
    assert grouped(12, 13) == (13, 13)
    assert grouped(5, 25) == (5, 25)
    assert grouped(36, 0) == (36, 0)
