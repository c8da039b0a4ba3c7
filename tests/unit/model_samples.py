"""Facts of models and GPUs for tests, made from a few figures."""

from catalog.types import Gpu
from planner.model.facts import ModelFacts


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
    }
    return Gpu.model_validate({**figures, **changes})
