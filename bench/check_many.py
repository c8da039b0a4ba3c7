"""`tke-llm check` of twenty models on five pools against `check dev`, side by side.

Run by hand: python bench/check_many.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from side_by_side import CLI, ROOT, compare

POOLS, MODELS = 5, 20
NAMES = ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen3-8B", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "Qwen/Qwen3-4B")


def stack() -> dict[str, object]:
    """A stack file like dev's, with each model on a GPU of its own."""
    config = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))["config"]
    each = MODELS // POOLS
    pools = {f"pool{n}": {"instanceType": "PNV4.28XLARGE466", "nodes": 2} for n in range(POOLS)}
    models = {
        f"model{n}": {"model": NAMES[n % len(NAMES)], "pool": f"pool{n // each}", "revision": "main"}
        for n in range(MODELS)
    }
    return {"config": {**config, "tke-llm:pools": pools, "tke-llm:models": models}}


with TemporaryDirectory() as folder:
    file = Path(folder) / "Pulumi.many.yaml"
    file.write_text(yaml.safe_dump(stack()), encoding="utf-8")
    compare(f"check {MODELS} models", (*CLI, "check", "dev"), (*CLI, "check", str(file)), target=2.0)
