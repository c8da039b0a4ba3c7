"""Models that embed texts or rank documents: served like others, and asked for what they do."""

import json
from contextlib import ExitStack
from typing import Any

import pytest

from components.workloads.exposure import curl
from components.workloads.scripts.smoke_test import pooling
from components.workloads.scripts.smoke_test.findings import FAILED, WARNING
from components.workloads.scripts.smoke_test.request import Model, Request
from planner.engines import ollama, sglang, vllm
from planner.engines.arguments import values
from planner.plan.types import Plan
from planner.rollout.smoke_test import questions
from tests.unit.stacks import codes, found, planned
from tests.unit.stub_servers import KEY, EngineStub, serving
from tests.unit.test_engines import given, legacy, request

MODEL, IMAGE = "models.chat.model", "models.chat.image"
ENCODER: dict[str, object] = {MODEL: "BAAI/bge-large-en", "models.chat.source": "huggingface"}
RERANKER: dict[str, object] = {MODEL: "BAAI/bge-reranker-v2-m3"}
DECODER: dict[str, object] = {MODEL: "Qwen/Qwen3-Embedding-0.6B"}
BESIDE: dict[str, object] = {
    "pools.gpu.nodes": {"min": 2, "max": 2},
    "models.vectors": {"model": "Qwen/Qwen3-Embedding-0.6B"},
}


def flags(plan: Plan, model: str = "chat") -> dict[str, str]:
    return dict(values(plan.models[model].spec.command[3:]))


@pytest.mark.parametrize(
    ("changes", "task"), [(ENCODER, "embed"), (RERANKER, "rerank"), (DECODER, "embed"), ({}, "chat")]
)
def test_a_model_is_asked_for_what_it_was_trained_for(changes: dict[str, object], task: str):
    plan = planned(changes)
    assert not plan.errors
    assert plan.models["chat"].task == task
    assert flags(plan).get("runner") == (None if task == "chat" else "pooling")


def test_vllm_converts_a_chat_model_to_embed_and_none_that_embeds_by_its_files():
    # vllm 0.29.0, config/model.py: `--runner pooling` finds the conversion of a class that chats by itself.
    assert flags(planned({"models.chat.task": "embed"}))["convert"] == "embed"
    assert "convert" not in flags(planned(DECODER))


def test_an_embedding_model_ranks_by_comparing_vectors():
    # vllm 0.29.0, config/model.py (score_type): the scoring API of an embedding model compares as a bi-encoder.
    plan = planned({**DECODER, "models.chat.task": "rerank"})
    assert not plan.errors
    assert {"TASK_UNTRAINED"} <= codes(plan, "warning")
    assert "convert" not in flags(plan)


def test_an_old_release_of_vllm_is_told_the_task():
    # --task until 0.9.2; --runner and --convert since (catalog/data/arguments).
    assert given(vllm.emit(legacy(task="embed")))["task"] == "embed"
    assert given(vllm.emit(legacy(task="rerank")))["task"] == "score"
    assert "task" not in given(vllm.emit(request(task="embed")))


def test_a_model_without_cache_keeps_its_own_context_and_takes_no_memory_for_one():
    # Its sentence_bert_config.json may allow less than config.json, and more is refused (vllm 0.29.0,
    # config/model.py, _get_and_verify_max_len).
    plan = planned(ENCODER)
    assert "max-model-len" not in flags(plan)
    assert plan.models["chat"].memory.kv_one_sequence == 0
    assert flags(planned({**ENCODER, "models.chat.maxModelLen": 512}))["max-model-len"] == "512"


@pytest.mark.parametrize(("tokens", "fits"), [(511, False), (512, True)])
def test_a_model_that_reads_a_text_at_once_needs_a_step_for_the_longest(tokens: int, fits: bool):
    """vLLM 0.29.0, config/scheduler.py, `verify_max_model_len`: without chunked prefill, which encoders do not have, it
    refuses a batch smaller than the context (512 of bge-large-en: max_position_embeddings)."""
    plan = planned({**ENCODER, "models.chat.maxNumBatchedTokens": tokens})
    assert ("BATCH_TOO_SMALL" in codes(plan, "error")) is not fits
    assert "BATCH_TOO_SMALL" not in codes(planned({**DECODER, "models.chat.maxNumBatchedTokens": tokens}))


@pytest.mark.parametrize(
    ("setting", "value"), [("prefixCaching", True), ("kvOffload", {"gib": 4}), ("kvCacheDtype", "fp8")]
)
def test_nothing_can_be_set_about_a_cache_that_is_not_there(setting: str, value: object):
    finding = found(planned({**ENCODER, f"models.chat.{setting}": value}), "CACHE_SETTING_WITHOUT_CACHE")
    assert finding.path == f"models.chat.{setting}"
    for model in (ENCODER | {"models.chat.prefixCaching": False}, {**DECODER, f"models.chat.{setting}": value}):
        assert "CACHE_SETTING_WITHOUT_CACHE" not in codes(planned(model))


def test_vectors_of_float32_weights_are_reckoned_in_half_precision_as_vllm_does_by_itself():
    # vllm 0.29.0, config/model.py (_resolve_auto_dtype with is_pooling_model).
    assert planned(ENCODER).models["chat"].dtype == "half"
    assert planned(DECODER).models["chat"].dtype == "bfloat16"


def test_no_parser_of_answers_is_given_to_a_model_that_gives_none():
    spec = vllm.emit(request(task="embed", reasoning_parser="qwen3", tool_parser="hermes"))
    assert {"reasoning-parser", "tool-call-parser", "enable-auto-tool-choice"}.isdisjoint(given(spec))


def test_sglang_serves_encoders_whole_and_rerankers_that_say_yes_like_chat_models():
    # SGLang's documentation, supported models: embedding models, rerank models.
    whole = given(sglang.emit(request(task="rerank", encoder=True, chunk=2048)))
    assert {"is-embedding", "disable-radix-cache"} <= whole.keys()
    assert (whole["chunked-prefill-size"], whole["attention-backend"]) == ("-1", "triton")
    assert "is-embedding" not in given(sglang.emit(request(task="rerank")))
    assert "disable-radix-cache" not in given(sglang.emit(request(task="embed")))


def test_ollama_loads_a_model_that_embeds_by_embedding():
    script = ollama.emit(request(task="embed")).command[2]
    assert "/api/embed" in script
    assert "/api/generate" not in script


def test_the_page_lists_models_that_chat_and_no_others():
    plan = planned(BESIDE)
    assert plan.webui is not None
    assert plan.webui == planned().webui
    alone = planned(ENCODER).webui
    assert alone is not None
    assert dict(alone.env)["ENABLE_OPENAI_API"] == "False"


def test_the_smoke_test_asks_models_for_what_they_do():
    plan = planned(BESIDE)
    assert plan.smoke_test is not None
    asked = questions(plan.smoke_test, owner="job", alone=True)
    assert [each["name"] for each in asked["models"]] == ["chat"]
    assert [(each["name"], each["task"]) for each in asked["pooling"]] == [("vectors", "embed")]
    without = planned().smoke_test
    assert without is not None
    assert "pooling" not in questions(without, owner="job", alone=True)


@pytest.mark.parametrize(
    ("task", "road"), [("chat", "/chat/completions"), ("embed", "/embeddings"), ("rerank", "/rerank")]
)
def test_the_first_question_goes_where_it_is_answered(task: str, road: str):
    changes: dict[str, dict[str, object]] = {"chat": {}, "embed": DECODER, "rerank": RERANKER}
    assert f"/v1{road}" in curl("https://api.example.com/v1", planned(changes[task]).models["chat"])


def asked(task: str, **faults: Any) -> list[str]:
    engine = EngineStub(**faults)
    with ExitStack() as stack:
        stack.enter_context(serving(engine))
        model = pooling.PoolingModel("vectors", "chat", f"{engine.url}/v1", engine.key, 1.0, task=task)
        return [each.line for each in pooling.run(Request(owner="job", limit=60), [model])]


@pytest.mark.parametrize(
    ("task", "says"), [("embed", "embeds 2 texts in vectors of 2 numbers"), ("rerank", "ranks 2 documents")]
)
def test_a_model_that_does_what_it_should_passes(task: str, says: str):
    found = asked(task)
    assert not [line for line in found if line.startswith((FAILED, WARNING))]
    assert says in found[-1]
    assert any("refuses requests without its key" in line for line in found)


@pytest.mark.parametrize(
    ("task", "fault", "says"),
    [
        ("embed", "vectors", "failed: model vectors: 1 vectors for 2 texts"),
        ("embed", "model list", "failed: model vectors: its list of models has no chat"),
        ("rerank", "ranks", "warning: model vectors: ranks a document first that has nothing to do with the query"),
    ],
)
def test_what_is_wrong_with_it_is_told(task: str, fault: str, says: str):
    assert any(line.startswith(says) for line in asked(task, fault=fault))


def test_the_script_reads_models_that_embed_with_their_keys_beside_those_that_chat():
    model = {"name": "v", "model": "v", "url": "http://v/v1", "key": "API_KEY_0", "patience": 1, "public": None}
    environ = {"SMOKE_TEST": json.dumps({"pooling": [{**model, "task": "rerank"}]}), "API_KEY_0": KEY}
    (read,) = pooling.read_models(environ)
    assert (read.key, read.task, read.road) == (KEY, "rerank", "/rerank")
    assert isinstance(read, Model)
    assert pooling.read_models({"SMOKE_TEST": "{}"}) == ()
