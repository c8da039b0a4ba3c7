"""`tke-llm bench`: a sweep over requests at once against a deployed API, beside what the plan lets one expect."""

import csv
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from catalog.load import load as load_catalog
from cli import bench_plot
from cli.deployed import DeployedError, api, deployed, is_local
from cli.language import tr
from cli.load_generator import AIPERF, Level, Load, LoadError, run_level, run_tool
from cli.report import dump
from cli.stackfile import load as load_stack
from cli.text import Line, Piece, complain, heading, line, paragraph, show, table
from planner.plan.types import ModelPlan
from planner.prove import prove
from planner.report.expectation import Expectation, expectation
from settings import translation
from settings.parse import parse

LEVELS = (1, 2, 4, 8, 16)
NAMES = {"first_token": "firstTokenMs", "per_token": "perTokenMs", "tokens_per_second": "tokensPerSecond"}


@dataclass(frozen=True)
class BenchRequest:
    """What the command was asked for. With `base_url` no deployed stack is read: `model` is the name in the API, and
    `api_key_env` names the variable that holds the key. `levels` None: as many of `LEVELS` as fit by the plan."""

    stack: str | None
    base_url: str | None
    api_key_env: str | None
    model: str | None
    levels: tuple[int, ...] | None
    input_tokens: int
    output_tokens: int
    out: Path | None


@dataclass(frozen=True)
class Planned:
    """A model's plan and what follows from it."""

    model: ModelPlan
    expected: Expectation

    def at_once(self, tokens: int) -> float | None:
        """Requests of so many tokens whose cache fits on all replicas at once; None: unknown."""
        room = self.expected.kv_tokens
        return None if room is None else max(1, self.model.min_replicas) * room / tokens


def bench(wish: BenchRequest, *, as_json: bool) -> int:
    """Measure, write CSV, JSON and a picture, and print a table; 1 where nothing could be measured or requests failed,
    2 for a wish that does not hold together, else 0."""
    if (wish.stack is None) == (wish.base_url is None) or (wish.base_url is not None and wish.model is None):
        complain(tr("Give a STACK, or --base-url with --model."))
        return 2
    if wish.api_key_env is not None and wish.api_key_env not in os.environ:
        complain(tr("The environment has no variable {name}.", name=wish.api_key_env))
        return 2
    name = "api" if wish.stack is None else load_stack(wish.stack).stack
    folder = wish.out or Path("out") / f"{name}-bench"
    try:
        with ExitStack() as held:
            load, target, planned = _target(wish, held)
            levels = [run_level(load, each, folder / f"at-{each}") for each in _levels(wish, planned)]
            report = _report(load, target, planned, levels)
            _write(report, levels, folder)
    except (DeployedError, LoadError) as error:
        complain(str(error))
        return 1
    if as_json:
        dump(report)
    else:
        show([*_shown(report, levels, planned, load), *paragraph(tr("written to {folder}", folder=folder), "  ")])
    return 1 if any(each.failed or not each.completed for each in levels) else 0


def _target(wish: BenchRequest, held: ExitStack) -> tuple[Load, str, Planned | None]:
    """Whom to ask, how that is reached in words, and what is planned. A port-forward lives as long as `held`."""
    tokens = wish.input_tokens, wish.output_tokens
    if wish.stack is None:
        key = os.environ[wish.api_key_env] if wish.api_key_env else None
        return Load(str(wish.base_url).rstrip("/"), str(wish.model), key, *tokens), str(wish.base_url), None
    stack = deployed(wish.stack)
    model = stack.model(wish.model)
    url = held.enter_context(api(stack, model))
    target = tr("kubectl port-forward, one replica") if is_local(url) else url
    return Load(url, model.served_name, model.api_key, *tokens), target, _planned(wish.stack, model.name)


def _planned(stack: str, model: str) -> Planned | None:
    plan, _ = prove(parse(load_stack(stack)))
    if plan is None or model not in plan.models:
        return None
    return Planned(plan.models[model], expectation(model, plan, load_catalog()))


def _levels(wish: BenchRequest, planned: Planned | None) -> Sequence[int]:
    if wish.levels is not None:
        return wish.levels
    fits = planned.at_once(wish.input_tokens + wish.output_tokens) if planned else None
    return [each for each in LEVELS if fits is None or each <= max(1.0, fits)]


def _report(load: Load, target: str, planned: Planned | None, levels: Sequence[Level]) -> dict[str, Any]:
    expected = None
    if planned is not None:
        expected = {
            "kvTokens": planned.expected.kv_tokens,
            "requestsAtFullContext": planned.expected.requests,
            "decodeBound": planned.expected.decode_bound,
            "unknown": list(planned.expected.unknown),
        }
    return {
        "model": load.served_name,
        "target": target,
        "generator": AIPERF,
        "inputTokens": load.input_tokens,
        "outputTokens": load.output_tokens,
        "expected": expected,
        "levels": [{NAMES.get(key, key): value for key, value in asdict(each).items()} for each in levels],
    }


def _write(report: Mapping[str, Any], levels: Sequence[Level], folder: Path) -> None:
    (folder / "bench.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    with (folder / "bench.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(_rows(levels))
    picture = folder / "bench.png"
    picture.unlink(missing_ok=True)
    script = str(Path(bench_plot.__file__))
    said = run_tool(["python", script, str(folder / "bench.json"), str(picture)], os.environ)
    if not picture.is_file():
        raise LoadError(tr("the picture could not be drawn: {why}", why="".join(said.strip().splitlines()[-1:])))


HEAD: tuple[str, ...] = (
    translation.tr("at once"),
    translation.tr("answered"),
    translation.tr("failed"),
    translation.tr("first token p50 ms"),
    "p99 ms",
    translation.tr("per token p50 ms"),
    "p99 ms",
    "tokens/s",
)


def _rows(levels: Sequence[Level]) -> list[tuple[str, ...]]:
    def figure(values: Mapping[str, float] | None, key: str) -> str:
        return "" if values is None else f"{values[key]:.1f}"

    rows = [HEAD]
    for each in levels:
        times = [figure(times, key) for times in (each.first_token, each.per_token) for key in ("p50", "p99")]
        counts = (str(each.concurrency), str(each.completed), str(each.failed))
        rows.append((*counts, *times, f"{each.tokens_per_second:.1f}"))
    return rows


def _shown(report: Mapping[str, Any], levels: Sequence[Level], planned: Planned | None, load: Load) -> list[Line]:
    values = {"model": report["model"], "target": report["target"]}
    values |= {"words": load.input_tokens, "tokens": load.output_tokens}
    lines = heading(tr("{model} by {target}: about {words} words in, {tokens} tokens out", **values))
    lines += table(_rows(levels), right=frozenset(range(len(HEAD))))
    for each in levels:
        lines += [
            line(Piece("  ! ", "bad"), tr("at {number}: {error}", number=each.concurrency, error=error))
            for error in each.errors
        ]
    return [*lines, *_compared(levels, planned, load)]


def _compared(levels: Sequence[Level], planned: Planned | None, load: Load) -> list[Line]:
    """The measurements beside the plan's bounds."""
    lines = heading(tr("What the plan lets one expect"))
    if planned is None:
        return [*lines, *paragraph(tr("nothing: no stack file was given"), "  ")]
    expected = planned.expected
    speeds = [
        (each.concurrency, 1000 / each.per_token["p50"]) for each in levels if each.per_token and each.per_token["p50"]
    ]
    if expected.decode_bound is not None and speeds:
        fewest, speed = speeds[0]
        said = tr(
            "one request: at most {bound:.0f} tokens/s, since each token reads the weights once; measured {speed:.0f} "
            "({share:.0f} %) at {number} at once",
            bound=expected.decode_bound,
            speed=speed,
            share=100 * speed / expected.decode_bound,
            number=fewest,
        )
        lines += paragraph(said, "  ")
    if expected.kv_tokens is not None and expected.requests is not None:
        fits = planned.at_once(load.input_tokens + load.output_tokens) or 0
        said = tr(
            "the KV cache of a replica holds {tokens} tokens: {requests:.1f} requests of the full context, {fits:.0f} "
            "of this size on all replicas; beyond that requests wait",
            tokens=expected.kv_tokens,
            requests=expected.requests,
            fits=fits,
        )
        lines += paragraph(said, "  ")
    for why in expected.unknown:
        lines += paragraph(tr("unknown: {why}", why=why), "  ")
    return lines
