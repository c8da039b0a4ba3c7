"""How many requests and tokens an engine takes at a time, where the stack file says so."""

from collections.abc import Mapping

import pytest

from tests.unit.stacks import argument, codes, found, planned, served

SGLANG = {"models.chat.engine": "sglang"}
OLLAMA = {"models.chat.engine": "ollama", "models.chat.model": "deepseek-r1:7b"}
LLAMACPP = {"models.chat.engine": "llamacpp", "models.chat.model": "Qwen/Qwen3-8B-GGUF"}
SEQUENCES, TOKENS = {"models.chat.maxNumSeqs": 4}, {"models.chat.maxNumBatchedTokens": 4096}


@pytest.mark.parametrize(
    ("engine", "sequences", "tokens"),
    [({}, "--max-num-seqs", "--max-num-batched-tokens"), (SGLANG, "--max-running-requests", "--chunked-prefill-size")],
)
def test_each_engine_is_told_by_its_own_flags(engine: Mapping[str, object], sequences: str, tokens: str) -> None:
    """vLLM: docs/configuration/optimization.md; SGLang: documentation, "server arguments"."""
    plan = served(engine, SEQUENCES, TOKENS)
    assert (argument(plan, sequences), argument(plan, tokens)) == ("4", "4096")
    assert (plan.max_num_seqs, plan.max_num_batched_tokens) == (4, 4096)


def test_vllm_is_left_to_its_own_numbers() -> None:
    assert (argument(served(), "--max-num-seqs"), argument(served(), "--max-num-batched-tokens")) == (None, None)


def test_no_more_requests_are_promised_than_the_engine_may_answer() -> None:
    short = {"models.chat.maxModelLen": 2048}
    assert served(short).concurrency > 4
    assert served(short, SEQUENCES).concurrency == 4


def test_a_step_that_the_gpu_cannot_hold_is_refused() -> None:
    """Qwen3-8B computes gate, up and their product of 12288 each beside two states of 4096, in 16 bits for each of
    262144 tokens (vLLM 0.29.0, model_executor/models/llama.py): 22 GiB of an A10."""
    large = {"models.chat.model": "Qwen/Qwen3-8B", "models.chat.maxNumBatchedTokens": 262144}
    said = found(planned(large), "MODEL_TOO_LARGE")
    assert ("models.chat.maxNumBatchedTokens", None) in said.fix
    assert "MODEL_TOO_LARGE" not in codes(planned(large | {"models.chat.maxNumBatchedTokens": 8192}))


def test_vllm_reserves_a_step_for_layers_with_a_window() -> None:
    """vLLM 0.29.0, v1/kv_cache_interface.py: window - 1 + max_num_batched_tokens."""
    sliding: dict[str, object] = {
        "models.chat.model": "openai/gpt-oss-20b",
        "models.chat.maxModelLen": 32768,
        "pools.gpu": {"kind": "existing", "gpu": "A100-80", "gpusPerNode": 1, "cpu": 28, "memory": "110Gi"},
    }
    small, large = (served(sliding, {"models.chat.maxNumBatchedTokens": tokens}) for tokens in (2048, 16384))
    assert large.memory.kv_one_sequence > small.memory.kv_one_sequence


def test_sglang_keeps_memory_for_the_prefill_that_is_asked_for() -> None:
    """1.5 MiB a token (SGLang 0.5.18, srt/server_args.py, `reserve_for_graph_mb` and what is beside it)."""
    small, large = (served(SGLANG, {"models.chat.maxNumBatchedTokens": tokens}) for tokens in (512, 4096))
    assert large.memory.outside - small.memory.outside >= (4096 - 512) * 1.5 / 1024
    assert large.gpu_memory_utilization < small.gpu_memory_utilization


SHARES = {
    "models.chat.tensorParallel": 2,
    "models.chat.pipelineParallel": 2,
    "models.chat.gpuMemoryUtilization": 0.5,
    "models.chat.dtype": "half",
}


@pytest.mark.parametrize(
    ("engine", "changes"), [(OLLAMA, {**SEQUENCES, **TOKENS, **SHARES}), (LLAMACPP, {**TOKENS, **SHARES})]
)
def test_an_engine_that_goes_its_own_way_says_what_it_does_not_heed(
    engine: Mapping[str, object], changes: Mapping[str, object]
) -> None:
    """Ollama's FAQ; llama.cpp's tools/server/README.md: no such option of either is emitted."""
    said = planned({**engine, **changes}).diagnostics
    assert {each.path for each in said if each.code == "SETTING_WITHOUT_EFFECT"} == {*changes}
    assert "SETTING_WITHOUT_EFFECT" not in codes(planned({**engine, "models.chat.dtype": "auto"}))


def test_names_are_listed_as_a_sentence_has_them() -> None:
    finding = found(planned({**OLLAMA, **SEQUENCES}), "SETTING_WITHOUT_EFFECT")
    assert finding.message == "Ollama has nothing like maxNumSeqs, which vLLM, SGLang and llama.cpp take."


@pytest.mark.parametrize("changes", [SEQUENCES, {**SEQUENCES, "models.chat.maxNumBatchedTokens": 4}])
def test_a_step_with_a_token_for_each_request_is_enough(changes: Mapping[str, object]) -> None:
    """vLLM 0.29.0, config/scheduler.py: "max_num_batched_tokens must be greater than or equal to max_num_seqs"."""
    assert "BATCH_TOO_SMALL" not in codes(planned(changes))
