"""Rendered commands, and the ways to write an argument, under the real parser of each release (minutes a release)."""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from planner.engines import sglang
from planner.engines.arguments import read
from planner.plan_stack import plan_stack
from settings.parse import parse
from tests.program.rehearsed import NAMES, given
from tests.unit.stacks import planned
from tests.unit.test_arguments import BY_TAG, PARSED, TUNED, commands, release
from tools.record_arguments import BASE, ask, importable

SPELLINGS = (
    (["--api-ke="], "api_key"),
    (["--api_key", "x"], "api_key"),
    (["--por=9000"], "port"),
    (["--hos", "127.0.0.2"], "host"),
    (["--max_model_len=4096"], "max_model_len"),
    (["--max-model=4k"], "max_model_len"),
    (["-tp", "2"], "tensor_parallel_size"),
    (["-tp=2"], "tensor_parallel_size"),
    (["-qfp8"], "quantization"),
)
REFUSED = (["--max-num-seqz", "64"], ["--max-model-len 4096"], ["--enable"], ["--max-num-seqs", "64", "128"])


def said(name: str, lines: list[list[str]]) -> Iterator[dict[str, Any]]:
    package = name.partition("-")[0]
    with tempfile.TemporaryDirectory() as folder:
        paths = [] if name == f"vllm-{BASE}" else importable(name, Path(folder))[1]
        yield from ask(package, paths, "--parse", stdin=json.dumps(lines))


def rendered(name: str) -> list[list[str]]:
    """The arguments of every sample's command that this release runs."""
    found: list[list[str]] = []
    for stack in NAMES:
        settings = parse(given(stack)).settings
        assert settings is not None
        for model in plan_stack(settings).models.values():
            image = BY_TAG.get(model.spec.image)
            if image is not None and f"{image.engine}-{image.tag.removeprefix('v')}" == name:
                found += [_plain(command) for command in commands(model)]
    return found


def tuned(name: str) -> list[list[str]]:
    """The arguments of a tuned model, where this release is the one that runs it."""
    engine = name.partition("-")[0]
    models = [planned(changes | {"models.chat.engine": engine}).models["chat"] for changes in TUNED]
    images = [BY_TAG[model.spec.image] for model in models]
    return [
        _plain(model.spec.command)
        for model, image in zip(models, images, strict=True)
        if f"{image.engine}-{image.tag.removeprefix('v')}" == name
    ]


def _plain(command: tuple[str, ...]) -> list[str]:
    start = command.index(sglang.LAUNCH) + 1 if sglang.LAUNCH in command else 1
    return list(command[start:])


@pytest.mark.parametrize("image", PARSED, ids=lambda image: f"{image.engine}-{image.tag}")
def test_the_real_parser_takes_the_rendered_commands_and_reads_arguments_as_we_do(image):
    name = f"{image.engine}-{image.tag.removeprefix('v')}"
    ours = rendered(name) + tuned(name)
    head = ["serve", "m"] if image.engine == "vllm" else ["--model-path", "m"]
    spelt = [(line, dest) for line, dest in SPELLINGS if _known(line, image)]
    plain, *answers = said(name, [head, *ours, *([*head, *line] for line, _ in spelt), *([*head, *x] for x in REFUSED)])
    assert [answer["refused"] for answer in answers[: len(ours)] if "refused" in answer] == []
    for (line, dest), answer in zip(spelt, answers[len(ours) :], strict=False):
        changed = {key for key, value in answer["values"].items() if value != plain["values"].get(key)}
        assert changed - {"model"} == {dest}, line
    assert all("refused" in answer for answer in answers[-len(REFUSED) :])


def _known(line: list[str], image) -> bool:
    return all(not part.unknown and part.fault is None for part in read(line, release(image)))
