"""Facts of models and GPUs for tests, made from a few figures."""

from dataclasses import dataclass

from catalog.hardware import Gpu
from planner.model.facts import ModelFacts
from planner.sizing.ask import Ask
from planner.sizing.check import check_sizing
from planner.sizing.decide import Hardware, Sizing, plan_sizing
from planner.sizing.remedies import with_remedies
from settings.diagnostics import Diagnostic, blocking

SECTION = "models.chat"


@dataclass(frozen=True)
class Outcome:
    """A sizing, and what stands against it."""

    sizing: Sizing
    findings: list[Diagnostic]

    @property
    def starts(self) -> bool:
        return not blocking(self.findings)

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}

    @property
    def errors(self) -> set[str]:
        return {finding.code for finding in self.findings if finding.severity == "error"}


def sized(model: ModelFacts, card: Gpu, count: float, ask: Ask, nodes: int = 1) -> Outcome:
    """The model of ``models.chat`` on machines with so many of a GPU."""
    hardware = Hardware(card, count, nodes)
    sizing = plan_sizing(model, hardware, ask)
    found = check_sizing(SECTION, model, hardware, ask, sizing)
    return Outcome(sizing, with_remedies(SECTION, model, hardware, ask, found))


def facts(**changes) -> ModelFacts:
    """A grouped-query model of 14 GiB with 28 heads and 4 KV heads, changed as told."""
    figures = {
        "id": "some/model",
        "family": "some/model",
        "layers": 28,
        "kv_layers": changes.get("layers", 28),
        "heads": 28,
        "kv_heads": 4,
        "head_dim": 128,
        "kv_lora_rank": None,
        "qk_rope_head_dim": None,
        "max_positions": 32768,
        "computable": True,
        "dtype": "bfloat16",
        "format": "bf16",
        "weights_gib": 14.0,
        "huggingface": "some/model",
        "modelscope": "some/model",
        "ollama": None,
        "source": "a test",
    }
    return ModelFacts(**{**figures, **changes})


def gpu(**changes) -> Gpu:
    """A GPU of 24 GB with all number formats, changed as told."""
    figures = {
        "name": "G24",
        "source": "a test",
        "compute_capability": 8.9,
        "memory_gb": 24,
        "usable_gib": 22.0,
        "nvlink": True,
        "bf16": True,
        "fp8": "full",
        "awq": True,
        "gptq": True,
        "marlin": True,
        "mxfp4": True,
    }
    return Gpu.model_validate({**figures, **changes})
