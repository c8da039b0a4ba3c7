"""The model that was probably meant by an id that is not known."""

import pytest

from catalog.load import load
from planner.engines.registry import find
from planner.model.facts import nearest
from planner.model.similar import similar

MEANT = {
    "Qwen/Qwen3-30B-A3B-Instruct-2508": "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7C": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "deepseek-ai/DeepSeek-R1-Distil-Qwen-7B": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "Qwen/Qwen2.5-7B-Instrukt": "Qwen/Qwen2.5-7B-Instruct",
    "Qwen/Qwen3-9B": "Qwen/Qwen3-8B",
    "Qwen3-8B": "Qwen/Qwen3-8B",
    "meta-llama/Llama-3.1-13B-Instruct": "meta-llama/Llama-3.1-8B-Instruct",
    "zai-org/GLM-4.9": "zai-org/GLM-4.7",
    "google/gemma-3-13b-it": "google/gemma-3-12b-it",
    "Qwen/Qwen2.5-VL-8B-Instruct": "Qwen/Qwen2.5-VL-7B-Instruct",
    "Qwen/Qwen2.5-Coder-33B-Instruct": "Qwen/Qwen2.5-Coder-32B-Instruct",
    "moonshotai/Kimi-K2-Instruct-0711": "moonshotai/Kimi-K2-Instruct",
    "Qwen/Qwen3-30B-A3B-Instruct": "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "qwen3-8b-instruct": "Qwen/Qwen3-8B",
    "Qwen/Qwen3-8B-INT8": "Qwen/Qwen3-8B",
    "Qwen/Qwen2.5-14B-Instruct-GPTQ": "Qwen/Qwen2.5-14B-Instruct-GPTQ-Int4",
    "unsloth/Qwen3-8B-bnb-4bit": "Qwen/Qwen3-8B",
    "deepseek-ai/DeepSeek-R2": "deepseek-ai/DeepSeek-R1",
    "deepseek-ai/DeepSeek-V3.3": "deepseek-ai/DeepSeek-V3.2",
    "meta-llama/Llama-2-8b-chat-hf": "meta-llama/Llama-2-7b-chat-hf",
    "MiniMaxAI/MiniMax-Text-02": "MiniMaxAI/MiniMax-Text-01",
    "openai/gpt-oss20b": "openai/gpt-oss-20b",
    "google/gemma3-27b-it": "google/gemma-3-27b-it",
}

PURPOSES_OF_THEIR_OWN = (
    "Qwen/Qwen2-Audio-7B-Instruct",
    "Qwen/Qwen3-Max",
    "tencent/Hunyuan-Large",
)
"""Of a family and a size that the catalogue has, but for something else, of another series or of no known size."""


@pytest.mark.parametrize(("given", "meant"), MEANT.items())
def test_the_nearest_model_is_of_the_family_and_the_size(given: str, meant: str) -> None:
    assert nearest(given, find("vllm"), load()) == meant


@pytest.mark.parametrize("given", ["gpt2", "tiiuae/falcon-7b", "lmsys/vicuna-7b-v1.5", "my/own-model", "", "x" * 500])
def test_a_model_of_another_family_is_not_suggested(given: str) -> None:
    assert nearest(given, find("vllm"), load()) is None


@pytest.mark.parametrize("given", PURPOSES_OF_THEIR_OWN)
def test_a_model_of_the_family_for_something_else_is_not_suggested(given: str) -> None:
    assert nearest(given, find("vllm"), load()) is None


def test_a_model_that_embeds_is_suggested_for_one_that_embeds() -> None:
    assert similar("Qwen/Qwen3-Embedding-9B", load().model_ids())[0] == "Qwen/Qwen3-Embedding-8B"
    assert nearest("Qwen/Qwen3-Embedding-9B", find("vllm"), load()) == "Qwen/Qwen3-Embedding-8B"


def test_an_engine_with_ids_of_its_own_gets_one_of_them() -> None:
    assert nearest("qwen3:9b", find("ollama"), load()) == "qwen3:8b"


def test_every_id_that_is_found_without_reading_leads_to_a_model() -> None:
    catalog = load()
    ids = set(catalog.model_ids())
    assert all(catalog.find_model(name) for name in ids)
    for model in catalog.models.values():
        for weights in model.weights.values():
            assert {name for name in (weights.huggingface, weights.ollama) if name} <= ids
