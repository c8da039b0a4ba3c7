"""`tke-llm bench` against an API that we play, with a load generator that does as aiperf does, but briefly."""

import csv
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.load import load as load_catalog
from cli import bench as module
from cli.bench import Planned
from cli.deployed import Deployed, DeployedModel
from cli.load_generator import AIPERF, Level, Load, level
from cli.main import app
from planner.report.expectation import expectation
from tests.unit.openai_stub import ReceivedRequest, answering
from tests.unit.stacks import planned

UV = """
import json, os, pathlib, sys, urllib.error, urllib.request
assert sys.argv[1:5] == ["tool", "run", "--from", "AIPERF"], sys.argv
words = sys.argv[5:]
if words[0] == "python":
    pathlib.Path(words[3]).write_bytes(b"picture of " + pathlib.Path(words[2]).read_bytes()[:0])
    sys.exit()
configuration = json.loads(pathlib.Path(words[words.index("--config") + 1]).read_text())["benchmark"]
endpoint, tokens, failed = configuration["endpoint"], 0, 0
headers = {"Content-Type": "application/json"}
if "apiKey" in endpoint:
    headers["Authorization"] = "Bearer " + os.environ[endpoint["apiKey"].strip("${}")]
for record in configuration["dataset"]["records"]:
    body = {"model": configuration["model"], "messages": [{"role": "user", "content": record["text"]}]}
    body |= {"stream": True} | endpoint["extra"]
    try:
        request = urllib.request.Request(endpoint["url"], json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request) as answer:
            tokens += answer.read().count(b'"delta": {"content"')
    except urllib.error.HTTPError:
        failed += 1
count = len(configuration["dataset"]["records"]) - failed
times = {"avg": 20.0, "p50": 19.0, "p99": 30.0}
summary = {"request_count": {"avg": count}, "error_request_count": {"avg": failed}, "error_summary": []}
if count:
    summary |= {"time_to_first_token": times, "inter_token_latency": times, "output_token_throughput": {"avg": tokens}}
if failed:
    summary["error_summary"] = [{"count": failed, "error_details": {"message": "Internal Server Error"}}]
folder = pathlib.Path(configuration["artifacts"]["dir"])
(folder / "profile_export_aiperf.json").write_text(json.dumps(summary))
"""


@pytest.fixture
def generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = tmp_path / "uv"
    uv.write_text(f"#!{sys.executable}\n{UV.replace('AIPERF', AIPERF)}", encoding="utf-8")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("UV", str(uv))


def bench(asked: ReceivedRequest, folder: Path, *further: str, **environ: str):
    arguments = ["bench", "--base-url", asked.address, "--model", "chat", "--output-tokens", "4", "--out", str(folder)]
    return CliRunner(env=environ).invoke(app, [*arguments, *further])


def test_a_sweep_is_told_as_a_table_and_written_in_three_forms(generator: None, tmp_path: Path) -> None:
    with answering() as asked:
        result = bench(asked, tmp_path / "out", "--concurrency", "1,4")
    assert result.exit_code == 0, result.output
    rows = list(csv.reader((tmp_path / "out" / "bench.csv").open()))
    assert [row[0] for row in rows] == ["at once", "1", "4"]
    assert [row[1] for row in rows[1:]] == ["8", "16"]
    report = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert [each["tokensPerSecond"] for each in report["levels"]] == [32.0, 64.0]
    assert (tmp_path / "out" / "bench.png").is_file()
    assert "first token p50 ms" in result.stdout
    assert {body["max_tokens"] for body in asked.bodies} == {4}


def test_no_prompt_is_asked_twice_so_that_no_cached_prefix_flatters_the_engine(generator: None, tmp_path: Path) -> None:
    with answering() as asked:
        bench(asked, tmp_path / "out", "--concurrency", "1,2")
    prompts = [body["messages"][0]["content"] for body in asked.bodies]
    assert len(prompts) == len(set(prompts))


def test_the_key_reaches_the_api_and_nothing_that_is_written_or_said(generator: None, tmp_path: Path) -> None:
    with answering() as asked:
        result = bench(asked, tmp_path / "out", "--concurrency", "1", "--api-key-env", "SESAME", SESAME="sk-open")
    assert set(asked.keys) == {"Bearer sk-open"}
    written = "".join(path.read_text() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert "sk-open" not in result.output + written


def test_requests_that_fail_are_counted_and_told_and_end_in_1(generator: None, tmp_path: Path) -> None:
    with answering() as asked:
        asked.refuse = True
        result = bench(asked, tmp_path / "out", "--concurrency", "1")
    assert result.exit_code == 1
    assert "8 x Internal Server Error" in result.output
    assert list(csv.reader((tmp_path / "out" / "bench.csv").open()))[1][:4] == ["1", "0", "8", ""]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Give a STACK"),
        (["dev", "--base-url", "http://127.0.0.1:1/v1", "--model", "chat"], "Give a STACK"),
        (["--base-url", "http://127.0.0.1:1/v1"], "with --model"),
        (["dev", "--concurrency", "0"], "whole numbers from 1 on"),
        (["--base-url", "http://127.0.0.1:1/v1", "--model", "m", "--api-key-env", "NOT_SET"], "no variable NOT_SET"),
    ],
)
def test_a_wish_that_does_not_hold_together_ends_in_2(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, ["bench", *arguments])
    assert result.exit_code == 2
    assert said in result.output


def test_without_uv_it_is_said_what_brings_the_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with answering() as asked:
        result = bench(asked, tmp_path / "out", "--concurrency", "1")
    assert result.exit_code == 1
    assert "uv is not on PATH" in result.output


def test_a_deployed_stack_is_measured_by_its_outputs_beside_its_plan(
    generator: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering() as asked:
        url = asked.address.replace("127.0.0.1", "localhost")
        model = DeployedModel("chat", "maker/seven", "seven", "vllm", url, "sk-of-the-stack")
        stack = Deployed("dev", {"chat": model}, None, None, None, "", {}, {})
        monkeypatch.setattr(module, "deployed", lambda _: stack)
        arguments = ["bench", "dev", "--output-tokens", "4", "--concurrency", "1", "--out", str(tmp_path / "out")]
        result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert set(asked.keys) == {"Bearer sk-of-the-stack"}
    assert {body["model"] for body in asked.bodies} == {"seven"}
    bound = expectation("chat", planned(), load_catalog()).decode_bound
    assert bound is not None
    assert f"at most {bound:.0f} tokens/s" in result.stdout
    assert "requests of the full context" in " ".join(result.stdout.split())


def test_an_api_that_sends_an_answer_in_one_piece_has_no_speed_to_compare() -> None:
    plan = planned()
    held = Planned(plan.models["chat"], expectation("chat", plan, load_catalog()))
    at_once = {"avg": 0.0, "p50": 0.0, "p99": 0.0}
    told = module._compared([Level(1, 8, 0, at_once, at_once, 100.0, ())], held, Load("", "chat", None, 8, 8))
    assert "measured" not in "".join(span.text for line in told for span in line)


def test_the_bound_of_one_request_is_the_memory_s_speed_over_the_weights() -> None:
    """DeepSeek-R1-Distill-Qwen-7B on one A10 (600 GB/s by its datasheet)."""
    plan = planned()
    found = expectation("chat", plan, load_catalog())
    assert found.decode_bound == pytest.approx(600e9 / (plan.models["chat"].weights_gib * 2**30))
    assert found.kv_tokens is not None
    assert found.kv_tokens >= (plan.models["chat"].max_model_len or 0)


def test_a_mixture_of_experts_reads_its_active_share_for_each_token() -> None:
    changes: dict[str, Any] = {
        "models.chat.model": "deepseek-ai/DeepSeek-R1",
        "pools.gpu": {"instanceType": "PNV6.96XLARGE2304", "kind": "ordinary"},
    }
    plan = planned(changes)
    model, entry = plan.models["chat"], load_catalog().models["deepseek-ai/DeepSeek-R1"]
    assert entry.active_b is not None
    assert entry.parameters_b is not None
    whole = 4000e9 * model.tensor_parallel / (model.weights_gib * 2**30)
    assert expectation("chat", plan, load_catalog()).decode_bound == pytest.approx(
        whole * entry.parameters_b / entry.active_b
    )


def test_as_many_requests_are_tried_at_once_as_the_cache_has_room_for() -> None:
    plan = planned()
    held = Planned(plan.models["chat"], expectation("chat", plan, load_catalog()))
    room = held.expected.kv_tokens
    assert room is not None
    assert held.at_once(room) == pytest.approx(1)
    assert held.at_once(640) == pytest.approx(room / 640)


def test_a_level_without_an_answer_has_no_times() -> None:
    found = level(2, {"error_request_count": {"avg": 8.0}, "error_summary": [{"count": 8, "error_details": None}]})
    assert (found.completed, found.failed, found.first_token) == (0, 8, None)
    assert found.errors == ("8 x no reason given",)
