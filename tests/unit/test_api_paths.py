"""Which paths of an engine are its API, and how those that it has are read off its code."""

from pathlib import Path

import pytest

from catalog.load import load
from components.workloads.exposure import QUESTIONS
from components.workloads.scripts.smoke_test.pooling import PoolingModel
from planner.engines.api import PATHS, public_paths
from settings.models import Task
from tools.record_arguments import routed

EVERY_TASK: tuple[Task, ...] = ("chat", "embed", "rerank")
CHAT = "/chat/completions"
ADAPTERS = {"/v1/load_lora_adapter", "/v1/unload_lora_adapter"}
SERVER = """
@app.get("/health")
@router.post(
    "/v1/chat/completions", dependencies=[]
)
async def answer(): ...

@app.api_route(os.environ.get("ROUTE", "/predict"), methods=["POST"])
async def predict(): ...

app.routes.append(Mount("/metrics", metrics))
settings.get("timeout")
client.get(address)
"""


def paths_of(engine: str, tag: str) -> frozenset[str]:
    catalog = load()
    (image,) = [each for each in catalog.images if each.engine == engine and each.tag == tag]
    release = catalog.release(image)
    assert release is not None
    return release.paths


@pytest.mark.parametrize("task", EVERY_TASK)
def test_the_newest_pinned_releases_have_every_path_of_the_api(task: Task) -> None:
    assert set(PATHS[task]) <= paths_of("vllm", "v0.29.0")
    assert set(PATHS[task]) <= paths_of("sglang", "v0.5.18")


def test_a_model_is_listed_whatever_it_is_for() -> None:
    assert all("/v1/models" in PATHS[task] for task in EVERY_TASK)


@pytest.mark.parametrize("task", EVERY_TASK)
def test_what_the_smoke_test_and_the_outputs_ask_is_public(task: Task) -> None:
    """At a public address the script asks for the list and, as `curl` does, for an answer (roads.py, pooling.py)."""
    road, _ = QUESTIONS[task]
    asked = CHAT if task == "chat" else PoolingModel("m", "m", "http://m/v1", None, 1, task=task).road
    assert {f"/v1{road}", f"/v1{asked}", "/v1/models"} <= set(PATHS[task])


def test_an_engine_without_a_path_is_not_asked_there() -> None:
    catalog = load()
    (image,) = [each for each in catalog.images if each.engine == "llamacpp"]
    assert public_paths("rerank", catalog.release(image)) == ("/v1/rerank", "/v1/models")


def test_of_a_release_that_nobody_recorded_the_whole_api_is_public() -> None:
    assert public_paths("chat", None) == PATHS["chat"]


def test_what_loads_adapters_lies_below_v1_and_is_of_no_api() -> None:
    assert paths_of("vllm", "v0.29.0") >= ADAPTERS
    assert ADAPTERS.isdisjoint(path for paths in PATHS.values() for path in paths)


def test_paths_are_read_off_what_is_decorated_and_mounted(tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    assert routed(tmp_path) == ["/health", "/metrics", "/predict", "/v1/chat/completions"]
