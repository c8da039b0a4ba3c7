"""docs/guide-coverage.md, "Manifests": our side of the comparison is what the program renders.

A table below ``<!-- ours: STACK KIND NAME -->`` speaks of that object of a stack that is given here. Each of its fields
must be there, with the value that stands in code, or be absent where the table says so. Without ``, differences`` the
rows together cover the whole object.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import yaml

from rehearsal.manifests import manifests
from rehearsal.run import rehearse
from settings.parse import StackInput
from tests.program.rehearsed import PROGRAM
from tests.unit import documents

TEXT = documents.document("guide-coverage.md")
R1, DISTILL = "deepseek-ai/DeepSeek-R1", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"
A10, V100 = {"instanceType": "PNV4.7XLARGE116"}, {"kind": "super", "gpuType": "V100"}
TWO_H20 = {"kind": "ordinary", "instanceType": "HCCPNV6.96XLARGE2304", "nodes": 2}
HOST = "chat.example.com"
STACKS: dict[str, dict[str, Any]] = {
    "vllm": {"pools": {"gpu": A10}, "models": {"chat": {"model": DISTILL}}},
    "vllm-super": {"pools": {"gpu": {"kind": "super", "gpuType": "A10*PNV4"}}, "models": {"chat": {"model": DISTILL}}},
    "ollama": {"pools": {"gpu": A10}, "models": {"chat": {"model": "deepseek-r1:7b", "engine": "ollama"}}},
    "ollama-super": {"pools": {"gpu": V100}, "models": {"chat": {"model": "deepseek-r1:7b", "engine": "ollama"}}},
    "sglang": {"pools": {"gpu": A10}, "models": {"chat": {"model": DISTILL, "engine": "sglang"}}},
    "r1": {
        "pools": {"gpu": {"kind": "ordinary", "instanceType": "PNV6.96XLARGE2304"}},
        "models": {"chat": {"model": R1, "engine": "sglang"}},
    },
    "multi-node": {"pools": {"gpu": TWO_H20}, "models": {"chat": {"model": R1, "engine": "sglang", "gpus": 16}}},
    "gateway": {
        "pools": {"gpu": A10},
        "models": {"chat": {"model": DISTILL}},
        "expose": {"via": "gateway", "host": HOST, "tls": {"secret": "chat"}},
    },
    "ingress": {
        "pools": {"gpu": A10},
        "models": {"chat": {"model": DISTILL}},
        "expose": {"via": "ingress", "host": HOST, "tls": {"certificateId": "abc123"}},
    },
}
TABLES = re.findall(r"<!-- ours: ([\w-]+) (\w+) ([\w-]+)(, differences)? -->\n\n((?:\|.*\n)+)", TEXT)
TEMPLATES = {
    "": ("spec", "template"),
    "leader ": ("spec", "leaderWorkerTemplate", "leaderTemplate"),
    "worker ": ("spec", "leaderWorkerTemplate", "workerTemplate"),
}
"""Where an object has pods, and how the tables call them."""

ALIASES = tuple(
    (f"{'.'.join(steps)}.{long}", f"{prefix}{short}")
    for prefix, steps in TEMPLATES.items()
    for long, short in (
        ("spec.containers[0].", "container."),
        ("spec.", "pod."),
        ("metadata.annotations.", "annotation "),
    )
)

each_table = pytest.mark.parametrize(
    ("stack", "kind", "name", "differences", "lines"), TABLES, ids=[" ".join(table[:3]) for table in TABLES]
)


@cache
def rendered(stack: str) -> dict[str, Mapping[str, Any]]:
    """The objects of a stack by kind and name; a download Job without the hash in its name."""
    usual = {
        "network": {"zones": ["ap-guangzhou-6"]},
        "cluster": {"endpoint": {"access": "public", "allow": ["198.18.0.1/32"]}},
    }
    done = rehearse(StackInput("tke-llm", "dev", "ap-guangzhou", {**usual, **STACKS[stack]}, {}), PROGRAM)
    assert done.recording is not None, [(each.code, each.message) for each in done.errors]
    made = manifests(done.recording.registrations)
    return {f"{each.kind} {re.sub(r'-download-[0-9a-f]{8}$', '-download', each.name)}": each.content for each in made}


def rows(lines: str) -> list[tuple[list[str], str, str]]:
    """(fields, ours, reason) of each row."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines.splitlines()[2:]]
    return [(re.findall(r"`([^`]+)`", field), ours, reason) for field, _, ours, reason in cells]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value with its path, in the words of the tables."""
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def canonical(path: str) -> str:
    for long, short in ALIASES:
        if path.startswith(long):
            return short + path.removeprefix(long)
    return path


@cache
def fields_of(stack: str, kind: str, name: str) -> dict[str, Any]:
    """The object's values by the tables' names: paths, ``env NAME``, ``flag --name``, ``annotation KEY``."""
    content = rendered(stack)[f"{kind} {name}"]
    found = {canonical(path): value for path, value in leaves(content) if path not in {"apiVersion", "kind"}}
    for prefix, steps in TEMPLATES.items():
        template: Any = content
        for step in steps:
            template = template.get(step, {})
        if template:
            container = template["spec"]["containers"][0]
            found = {path: value for path, value in found.items() if not path.startswith(f"{prefix}container.env")}
            found |= {f"{prefix}env {e['name']}": e.get("value", e.get("valueFrom")) for e in container.get("env", ())}
            found |= {f"{prefix}flag {flag}": value for flag, value in flags(container.get("command", []))}
    return found


def flags(command: list[str]) -> Iterator[tuple[str, str]]:
    """Each flag of a command with its value, "" where it has none."""
    for word, following in pairwise([*command, ""]):
        if word.startswith("--"):
            yield word, "" if following.startswith("--") else following


def below(path: str, field: str) -> bool:
    return path == field or path.startswith((f"{field}.", f"{field}["))


def value_of(stack: str, kind: str, name: str, field: str) -> Any:
    """What stands at a field: a plain value, or the part of the object."""
    found = fields_of(stack, kind, name)
    if field in found:
        return found[field]
    part: Any = rendered(stack)[f"{kind} {name}"]
    for long, short in ALIASES:
        if field.startswith(short):
            field = long + field.removeprefix(short)
            break
    for step in re.findall(r"[^.\[\]]+", field):
        part = part[int(step)] if isinstance(part, list) else part[step]
    return part


def test_the_comparison_has_a_table_for_each_kind_of_manifest_of_the_guide() -> None:
    assert len(TABLES) >= 16


@each_table
def test_every_row_says_what_is_ours_and_why(stack: str, kind: str, name: str, differences: str, lines: str) -> None:
    for fields, ours, reason in rows(lines):
        assert fields
        assert ours
        assert reason


@each_table
def test_what_is_said_to_be_ours_is_rendered(stack: str, kind: str, name: str, differences: str, lines: str) -> None:
    for fields, ours, _ in rows(lines):
        for field in fields:
            there = any(below(path, field) for path in fields_of(stack, kind, name))
            assert there == (ours != "absent"), field
            code = re.fullmatch(r"`([^`]+)`", ours)
            if code and there:
                expected = yaml.safe_load(code[1])
                actual = value_of(stack, kind, name, field)
                same = actual == expected if isinstance(expected, dict | list) else scalar(actual) == code[1]
                assert same, f"{field}: {actual!r} is not {code[1]}"


def scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@each_table
def test_no_field_of_ours_is_left_out(stack: str, kind: str, name: str, differences: str, lines: str) -> None:
    if differences:
        return
    said = [field for fields, _, _ in rows(lines) for field in fields]
    left = {path for path in fields_of(stack, kind, name) if not any(below(path, field) for field in said)}
    assert not left


def test_every_kind_of_ours_is_compared_or_said_to_be_beyond_the_guide() -> None:
    compared = {kind for _, kind, *_ in TABLES}
    beyond = {kind for row in documents.rows(TEXT, "### What the guide has no manifest for") for kind in quoted(row[0])}
    made = {kind.partition(" ")[0] for stack in STACKS for kind in rendered(stack)}
    assert made == compared | beyond


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))
