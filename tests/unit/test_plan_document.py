import json
from dataclasses import dataclass
from ipaddress import IPv4Network

import pytest

from planner.prove import prove
from planner.report.document import document
from settings.diagnostics import Diagnostic
from settings.parse import StackInput, parse


def test_a_plan_becomes_json_with_the_spelling_of_the_stack_file():
    sections: dict[str, object] = {
        "network": {"zones": ["ap-guangzhou-6"]},
        "pools": {"gpu": {"instanceType": "PNV4.7XLARGE116"}},
        "models": {"chat": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"}},
    }
    plan, _ = prove(parse(StackInput("tke-llm", "dev", "ap-guangzhou", sections)))
    made = json.loads(json.dumps(document(plan)))
    chat = made["models"]["chat"]
    assert chat["maxModelLen"] > 0
    assert chat["spec"]["env"]["HF_HUB_OFFLINE"] == "1"
    assert made["network"]["cidr"] == "10.0.0.0/16"
    assert {"key", "value", "effect"} == set(made["pools"]["gpu"]["taints"][0])


def test_a_fix_is_an_object_of_path_and_value():
    fix = (("models.chat.dtype", "half"), ("models.chat.gpus", None))
    made = document(Diagnostic("error", "CODE", "models.chat", "m", "r", fix=fix))
    assert isinstance(made, dict)
    assert made["fix"] == {"models.chat.dtype": "half", "models.chat.gpus": None}


def test_networks_are_written_as_ranges():
    assert document((IPv4Network("10.0.0.0/8"),)) == ["10.0.0.0/8"]


def test_what_json_cannot_hold_is_refused():
    @dataclass
    class Strange:
        value: object

    with pytest.raises(TypeError, match="set"):
        document(Strange({1}))
