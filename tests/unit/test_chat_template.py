"""Chat templates of the user's: of the model's folder, of the image, or in the stack file itself."""

from typing import Any

import pytest

from planner.engines import sglang, vllm
from settings.models import Model
from tests.unit.stacks import planned
from tests.unit.test_engines import given, request

TEMPLATE = "models.chat.chatTemplate"
SHIPPED = "/vllm-workspace/examples/tool_chat_template_llama3.1_json.jinja"
"""Where vLLM's own image has its examples (docker/Dockerfile: WORKDIR /vllm-workspace, COPY examples examples)."""
JINJA = "{% for message in messages %}{{ message.content }}\n{% endfor %}"


@pytest.mark.parametrize(
    ("template", "path"),
    [(SHIPPED, SHIPPED), ("chat_template.jinja", "/models/some--model/chat_template.jinja")],
)
@pytest.mark.parametrize("engine", [vllm, sglang])
def test_a_file_is_one_of_the_model_s_unless_its_path_is_whole(engine: Any, template: str, path: str):
    spec = engine.emit(request(model=Model.model_validate({"model": "some/model", "chatTemplate": template})))
    assert given(spec)["chat-template"] == path


def test_a_text_is_a_file_that_another_text_is_not():
    one, other = (planned({TEMPLATE: text}).models["chat"] for text in (JINJA, f"{JINJA} "))
    assert one.chat_template is not None
    assert one.chat_template.text == JINJA
    assert given(one.spec)["chat-template"] == f"/etc/tke-llm/{one.chat_template.file}"
    assert given(one.spec) != given(other.spec)


def test_a_template_of_one_s_own_is_given_in_the_place_of_the_one_that_the_model_needs():
    # catalog/data/model_arguments.yaml, vllm-template-qwen3-reranker.
    model: dict[str, object] = {"models.chat.model": "Qwen/Qwen3-Reranker-0.6B"}
    told = given(planned(model).models["chat"].spec)
    assert told["chat-template"].endswith("/qwen3_reranker.jinja")
    assert "is_original_qwen3_reranker" in told["hf-overrides"]
    own = given(planned({**model, TEMPLATE: "mine.jinja"}).models["chat"].spec)
    assert own["chat-template"].endswith("/mine.jinja")


def test_no_file_of_the_engine_s_images_is_named_to_another_image():
    own: dict[str, object] = {"models.chat.model": "Qwen/Qwen3-Reranker-0.6B", "models.chat.image": "me/mine:v0.29.0"}
    told = given(planned(own).models["chat"].spec)
    assert "chat-template" not in told
    assert "hf-overrides" in told
