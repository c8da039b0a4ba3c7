"""What the real Pulumi engine costs: `up` and a second `up` of dev against the plain rehearsal, and a large stack with
it, per 100 resources. The simulated cloud takes no time, so that all of it is engine, program and providers.

Run by hand, after `make engine`: python bench/engine.py
"""

import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rehearsal.pulumi_engine.environment import find  # noqa: E402
from rehearsal.pulumi_engine.session import EngineSession  # noqa: E402
from rehearsal.run import rehearse  # noqa: E402
from settings.file import read  # noqa: E402
from settings.parse import StackInput  # noqa: E402

MAIN = ROOT / "__main__.py"
ROUNDS = 3
POOLS, MODELS_EACH = 5, 4


def large(dev: StackInput) -> StackInput:
    """Twenty models on five pools, each pool with a machine for each of its models."""
    gpu = {"instanceType": "PNV4.7XLARGE116", "nodes": {"min": MODELS_EACH, "max": MODELS_EACH}}
    pools = {f"pool-{number}": gpu for number in range(POOLS)}
    models = {
        f"model-{pool[-1]}-{number}": {"model": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "pool": pool}
        for pool in pools
        for number in range(MODELS_EACH)
    }
    return replace(dev, sections={**dev.sections, "pools": pools, "models": models})


def plain(given: StackInput) -> float:
    """Seconds of one plain rehearsal in this process, everything imported."""
    begun = time.perf_counter()
    if rehearse(given, MAIN).recording is None:
        raise SystemExit(f"{given.stack} is not ready")
    return time.perf_counter() - begun


def under_the_engine(given: StackInput) -> tuple[float, float, int]:
    """Seconds of `up` and of the second `up`, and the number of resources. The preview before brings the imports."""
    with EngineSession(given, MAIN, find()) as session:
        outcomes = (session.preview(), session.up(), session.up())
    for each in outcomes:
        if each.error:
            raise SystemExit(each.error)
    return outcomes[1].seconds, outcomes[2].seconds, len(outcomes[1].changed)


def main() -> None:
    dev = read(ROOT / "Pulumi.dev.yaml")
    plain(dev)
    rounds = [(plain(dev), *under_the_engine(dev)) for _ in range(ROUNDS)]
    floor, up, again = (median(each[place] for each in rounds) for place in range(3))
    resources = rounds[0][3]
    print(f"dev, {resources} resources: plain {floor:.2f} s; up {up:.2f} s ({up / floor:.1f} times as long),", end=" ")
    print(f"second up {again:.2f} s ({again / floor:.1f} times)")
    big_up, big_again, big = under_the_engine(large(dev))
    per, per_big = up / resources * 100, big_up / big * 100
    print(
        f"{POOLS * MODELS_EACH} models on {POOLS} pools, {big} resources: up {big_up:.1f} s, second {big_again:.1f} s;",
        end=" ",
    )
    print(f"{per_big:.2f} s per 100 resources against {per:.2f} s (ratio {per_big / per:.2f})")


if __name__ == "__main__":
    main()
