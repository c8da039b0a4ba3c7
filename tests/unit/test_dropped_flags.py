"""What releases of vLLM have dropped: formats, and arguments as its own parsers read them (catalog/data/arguments)."""

import re

import pytest

from catalog.load import load
from planner.engines.arguments import read
from planner.engines.vllm import ENGINE
from planner.images.decide import engine_images
from tests.unit.stacks import codes, found, planned

ARGS, IMAGE = "models.chat.extraArgs", "models.chat.image"
BETWEEN = "docker.io/vllm/vllm-openai:v0.12.0"
"""A release that nobody recorded, between 0.11.0 and 0.14.1."""
REPLACED = ENGINE.command_line.replaced if ENGINE.command_line else {}
RECORDS = [release for image in engine_images("vllm", load()) if (release := load().release(image)) is not None]


@pytest.mark.parametrize("flag", REPLACED)
def test_what_is_said_to_be_dropped_was_there_and_is_gone_and_what_is_named_instead_is_there(flag: str):
    newest, *older = RECORDS
    assert flag not in newest.by_flag
    assert any(flag in release.by_flag for release in older)
    for named in re.findall(r"--([a-z-]+)", REPLACED[flag]):
        assert named in newest.by_flag


def test_a_dropped_flag_is_told_with_the_last_release_that_had_it_and_no_other_name_is_guessed():
    # vllm 0.9.2 was the last with --enable-reasoning; --enable-prefix-caching is near by letters alone.
    refusal = found(planned({ARGS: ["--enable-reasoning"]}), "FLAG_UNKNOWN_TO_IMAGE")
    assert "0.9.2 has it" in refusal.message
    assert refusal.remedy == "Take it out: --reasoning-parser alone does it."
    assert not refusal.allowed


def test_a_misspelt_flag_is_refused_where_the_releases_on_both_sides_agree():
    refusal = found(planned({ARGS: ["--max-num-seqz", "64"], IMAGE: BETWEEN}), "FLAG_UNKNOWN_TO_IMAGE")
    assert (refusal.severity, refusal.allowed) == ("error", "--max-num-seqs")


def test_a_value_that_no_parser_takes_is_refused_where_the_releases_on_both_sides_agree():
    # Both take a whole number there; of a release after all that are recorded nobody knows.
    wrong = {ARGS: ["--max-num-seqs", "many"]}
    assert found(planned({**wrong, IMAGE: BETWEEN}), "EXTRA_ARGS_INVALID").severity == "error"
    beyond = planned({**wrong, IMAGE: "docker.io/vllm/vllm-openai:v0.31.0"})
    assert found(beyond, "EXTRA_ARGS_INVALID").severity == "warning"


def test_a_flag_that_one_side_has_only_warns():
    # --rope-scaling: in 0.11.0, not in 0.14.1. --shutdown-timeout: in neither; --attention-backend: in 0.14.1 alone.
    for argument in (["--rope-scaling", '{"rope_type": "yarn"}'], ["--attention-backend", "FLASHINFER"]):
        plan = planned({ARGS: argument, IMAGE: BETWEEN})
        assert found(plan, "FLAG_UNKNOWN_TO_IMAGE").severity == "warning"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-O3"],
        ["-O", "3"],
        ["--compilation-config", '{"mode": 3}'],
        ["--compilation-config.mode", "3"],
        ["-cc.mode=3"],
        ["--speculative-config", '{"method": "ngram", "num_speculative_tokens": 3}'],
        ["--no-enable-chunked-prefill"],
        ["--no-trust-remote-code"],
        ["--hf_overrides", '{"rope_parameters": {"rope_type": "yarn"}}'],
        ["--hf-overrides.rope_scaling.factor=4.0"],
        ["--limit-mm-per-prompt", '{"image": 2}'],
        ["--lora-modules", "one=/models/one", "two=/models/two"],
        ["--cudagraph-capture-sizes", "1", "2", "4"],
        ["--reasoning-parser", "my_own", "--reasoning-parser-plugin", "/models/parser.py"],
        ["--max-logprobs=-1"],
    ],
    ids=" ".join,
)
def test_what_the_parser_takes_is_not_refused(arguments: list[str]):
    # vllm 0.29.0, vllm/utils/argparse_utils.py (FlexibleArgumentParser).
    plan = planned({ARGS: arguments})
    assert not plan.errors
    assert not codes(plan, "warning") & {"FLAG_UNKNOWN_TO_IMAGE", "EXTRA_ARGS_INVALID", "TRUST_REMOTE_CODE"}


def test_a_level_of_optimisation_is_read_with_its_number_beside_it():
    (level,) = read(["-O", "2"], RECORDS[0])
    assert (level.flag, level.values, level.fault) == ("optimization-level", ("2",), None)


def test_a_task_that_is_asked_for_by_flag_becomes_the_setting():
    warned = found(planned({ARGS: ["--convert", "embed"]}), "EXTRA_ARGS_OVERRIDE")
    assert (warned.allowed, dict(warned.fix)["models.chat.task"]) == ("task", "embed")


def test_weights_in_bitsandbytes_are_served_by_the_releases_that_still_read_them():
    # vllm PR 43529, in 0.28.0: moved into vllm-bnb-plugin, which the images do not hold.
    figures = {"layers": 28, "heads": 28, "kvHeads": 4, "headDim": 128, "maxPositions": 32768, "weightsGib": 5.2}
    changes: dict[str, object] = {
        "models.chat": {"model": "me/mine-bnb-4bit", "architecture": {**figures, "format": "bitsandbytes"}}
    }
    refusal = found(planned(changes), "ENGINE_TOO_NEW")
    assert dict(refusal.fix)[IMAGE] == "docker.io/vllm/vllm-openai:v0.21.0-cu129"
    assert not planned({**changes, IMAGE: "docker.io/vllm/vllm-openai:v0.21.0-cu129"}).errors
