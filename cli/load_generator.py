"""The load generator, NVIDIA's aiperf, as a program of its own (why it: docs/decisions/load-generator.md)."""

import json
import os
import random
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.language import tr

AIPERF = "aiperf==0.13.0"
KEY = "TKE_LLM_BENCH_KEY"
"""The environment variable that takes the API key to aiperf, which fills it in where its configuration names it."""
LEVEL_SECONDS = 3600.0
LEAST_REQUESTS = 8
REQUESTS_EACH = 4
"""Requests of a level: so many for each that runs at once."""

_WORDS = (
    *(
        "time",
        "way",
        "year",
        "work",
        "day",
        "part",
        "number",
        "people",
        "water",
        "word",
        "place",
        "hand",
        "line",
        "name",
    ),
    *("great", "new", "old", "small", "long", "first", "early", "high", "good", "right", "large", "next", "own", "few"),
    *(
        "go",
        "see",
        "make",
        "know",
        "take",
        "come",
        "think",
        "look",
        "want",
        "give",
        "use",
        "find",
        "tell",
        "ask",
        "turn",
    ),
)


class LoadError(Exception):
    """The load generator could not be had, or failed."""


@dataclass(frozen=True)
class Load:
    """What is asked of an OpenAI-compatible API. `base_url` ends in ``/v1``; tokens are about words."""

    base_url: str
    served_name: str
    api_key: str | None
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class Level:
    """One step of the sweep. Times are milliseconds by "p50", "p99" and "avg", None where no request came through."""

    concurrency: int
    completed: int
    failed: int
    first_token: Mapping[str, float] | None
    per_token: Mapping[str, float] | None
    tokens_per_second: float
    errors: tuple[str, ...]


def run_level(load: Load, concurrency: int, folder: Path) -> Level:
    """Keep `concurrency` requests in flight until enough are answered; aiperf's own files go to `folder`.

    Raises:
        LoadError: aiperf is not to be had, or ends without results.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "configuration.json").write_text(json.dumps(configuration(load, concurrency, folder)), encoding="utf-8")
    environ = dict(os.environ) | ({KEY: load.api_key} if load.api_key is not None else {})
    result = folder / "profile_export_aiperf.json"
    result.unlink(missing_ok=True)
    log = run_tool(["aiperf", "profile", "--config", str(folder / "configuration.json"), "--ui", "none"], environ)
    (folder / "aiperf.log").write_text(log, encoding="utf-8")
    if not result.is_file():
        raise LoadError(
            tr(
                "aiperf measured nothing at {number} at once; it says why in {log}",
                number=concurrency,
                log=folder / "aiperf.log",
            )
        )
    return level(concurrency, json.loads(result.read_text(encoding="utf-8")))


def configuration(load: Load, concurrency: int, folder: Path) -> dict[str, Any]:
    """aiperf's configuration. No hub is asked for a tokenizer: the prompts are ours, the server counts the tokens, and
    the tokenizer that aiperf loads none the less is one of a single token, written beside."""
    tokenizer = folder / "tokenizer"
    tokenizer.mkdir(exist_ok=True)
    words = {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}
    rules = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"}, "model": words}
    (tokenizer / "tokenizer.json").write_text(json.dumps(rules), encoding="utf-8")
    kind = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "?"}
    (tokenizer / "tokenizer_config.json").write_text(json.dumps(kind), encoding="utf-8")
    requests = max(LEAST_REQUESTS, REQUESTS_EACH * concurrency)
    chosen = random.Random(concurrency)  # noqa: S311  prompts that are unlike, so that no prefix is cached
    prompts = [" ".join(chosen.choices(_WORDS, k=load.input_tokens)) for _ in range(requests)]
    key = {} if load.api_key is None else {"apiKey": f"${{{KEY}}}"}
    return {
        "schemaVersion": "2.0",
        "benchmark": {
            "model": load.served_name,
            "endpoint": {
                "url": f"{load.base_url}/chat/completions",
                "type": "chat",
                "streaming": True,
                "timeout": LEVEL_SECONDS,
                "useServerTokenCount": True,
                "extra": {"max_tokens": load.output_tokens, "ignore_eos": True},
                **key,
            },
            "tokenizer": {"name": str(tokenizer.resolve())},
            "dataset": {
                "type": "file",
                "format": "single_turn",
                "records": [{"text": prompt, "output_length": load.output_tokens} for prompt in prompts],
            },
            "phases": {"type": "concurrency", "concurrency": concurrency, "requests": requests},
            "artifacts": {"dir": str(folder.resolve()), "summary": ["json"]},
            "gpuTelemetry": {"enabled": False},
            "serverMetrics": {"enabled": False},
        },
    }


def level(concurrency: int, document: Mapping[str, Any]) -> Level:
    """One level of the sweep from aiperf's summary."""

    def of(metric: str) -> dict[str, float] | None:
        found = document.get(metric) or {}
        return (
            {key: round(found[key], 2) for key in ("avg", "p50", "p99")}
            if {"avg", "p50", "p99"} <= set(found)
            else None
        )

    def total(metric: str) -> float:
        return (document.get(metric) or {}).get("avg") or 0.0

    errors = tuple(
        f"{each['count']} x {(each.get('error_details') or {}).get('message') or tr('no reason given')}"[:200]
        for each in document.get("error_summary") or []
    )
    return Level(
        concurrency=concurrency,
        completed=int(total("request_count")),
        failed=int(total("error_request_count")),
        first_token=of("time_to_first_token"),
        per_token=of("inter_token_latency"),
        tokens_per_second=round(total("output_token_throughput"), 1),
        errors=errors,
    )


def run_tool(command: list[str], environ: Mapping[str, str]) -> str:
    """Run a program of aiperf's environment, which uv makes once and keeps; what it printed. Raises `LoadError`."""
    uv = environ.get("UV") or shutil.which("uv")
    if uv is None:
        raise LoadError(tr("uv is not on PATH, and it brings the load generator: https://docs.astral.sh/uv/"))
    try:
        done = subprocess.run(  # noqa: S603  our own arguments
            [uv, "tool", "run", "--from", AIPERF, *command],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LEVEL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise LoadError(
            tr("{program} did not end within {seconds:.0f} s", program=command[0], seconds=LEVEL_SECONDS)
        ) from None
    return done.stdout
