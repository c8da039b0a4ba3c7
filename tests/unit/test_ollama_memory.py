"""Ollama keeps in RAM what the GPUs do not hold; where RAM does not hold it either, it does not start."""

import pytest

from planner.plan.types import Plan
from planner.plan_stack import plan_stack
from tests.unit.stacks import settings

LIBRARY = "https://ollama.com/library/deepseek-r1 (404 GB, 43 GB, 20 GB)"
REFUSES = "https://github.com/ollama/ollama/issues/14719 (needs more system memory than is available)"
TOO_SMALL = "https://github.com/ollama/ollama/issues/5958 (231 GB in 32 GB of RAM)"


def planned(machine: str, model: str, **changes: object) -> Plan:
    chat = {"engine": "ollama", "model": model, **changes}
    return plan_stack(settings({"pools.gpu": {"instanceType": machine, "kind": "ordinary"}, "models.chat": chat}))


@pytest.mark.parametrize(
    ("machine", "model", "said", "source"),
    [
        ("GN7.2XLARGE32", "deepseek-r1:671b", "RAM_TOO_SMALL", f"{TOO_SMALL}; {LIBRARY}"),
        ("GN7.10XLARGE160", "deepseek-r1:671b", "RAM_TOO_SMALL", f"{TOO_SMALL}; {LIBRARY}"),
        ("PNV4.56XLARGE932", "deepseek-r1:671b", "CPU_OFFLOAD", LIBRARY),
        ("PNV6.32XLARGE1280", "deepseek-r1:671b", None, LIBRARY),
        # 43 GB: 27 GiB beside the GPU, and TKE leaves pods 28.3 of the 32 GiB (document 457/76057).
        ("GN7.2XLARGE32", "deepseek-r1:70b", "RAM_TOO_SMALL", f"{REFUSES}; {LIBRARY}"),
        ("GN7.2XLARGE32", "llama3.3:70b", "RAM_TOO_SMALL", "https://ollama.com/library/llama3.3 (43 GB)"),
        ("GN7.5XLARGE80", "deepseek-r1:70b", "CPU_OFFLOAD", LIBRARY),
        ("GN7.2XLARGE32", "deepseek-r1:32b", "CPU_OFFLOAD", LIBRARY),
        ("GN7.2XLARGE32", "deepseek-r1:7b", None, LIBRARY),
        ("GN8.LARGE56", "deepseek-r1:70b", "CPU_OFFLOAD", f"{REFUSES}; {LIBRARY}"),
    ],
)
def test_what_no_gpu_holds_must_lie_in_ram(machine: str, model: str, said: str | None, source: str):
    assert source
    codes = {each.code for each in planned(machine, model).diagnostics}
    assert codes & {"RAM_TOO_SMALL", "CPU_OFFLOAD"} == ({said} if said else set())


def test_a_part_of_a_machine_s_gpus_goes_with_as_much_of_its_ram():
    codes = {each.code for each in planned("GN7.10XLARGE160", "gpt-oss:120b", gpus=1).diagnostics}
    assert "CPU_OFFLOAD" in codes
    codes = {each.code for each in planned("GI3X.22XLARGE226", "deepseek-r1:671b", gpus=1).diagnostics}
    assert "RAM_TOO_SMALL" in codes


def test_a_pod_asks_for_the_ram_that_it_offloads_to():
    within = planned("GN7.20XLARGE320", "deepseek-r1:32b", gpus=2).models["chat"].spec.resources.memory_mib
    beyond = planned("GN7.20XLARGE320", "deepseek-r1:70b", gpus=2).models["chat"].spec.resources.memory_mib
    assert beyond - within > 10 * 1024
