"""How long one more replica takes to answer, without warm starts and with them, by the plan's durations.

For the samples `dev` and `h20`, and for `dev` with a standard store, on a machine that is there and on one that the
pool has to make. Run by hand: python bench/warm_starts.py
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from planner.plan.rollout import StartPlan  # noqa: E402
from planner.plan.types import Plan  # noqa: E402
from planner.plan_stack import plan_stack  # noqa: E402  the rooms lie beside this folder
from planner.rollout.order import POOL_STEP  # noqa: E402
from settings.file import read  # noqa: E402
from settings.parse import parse  # noqa: E402
from settings.paths import apply_fix  # noqa: E402

KEPT = ({"images": True}, {"images": True, "compileCache": True}, {"images": True, "modelCache": True})


def told(start: StartPlan, machine: float) -> str:
    return (
        f"{start.seconds + machine:5.0f} s (machine {machine:.0f}, image {start.image:.0f}, files {start.files:.0f}, "
        f"engine {start.engine:.0f})"
    )


def plan_of(name: str, performance: str, kept: Mapping[str, bool]) -> Plan:
    given = read(ROOT / f"Pulumi.{name}.yaml")
    changes = [("storage.performance", performance), ("warmStart", kept)]
    settings = parse(replace(given, sections=apply_fix(given.sections, changes))).settings
    if settings is None:
        sys.exit(f"{name} is no sound stack")
    return plan_stack(settings)


for (name, performance), kept in product((("dev", "hp"), ("h20", "hp"), ("dev", "sd")), KEPT):
    plan = plan_of(name, performance, kept)
    if plan.warm_start is None:
        sys.exit(f"{name}: {', '.join(each.message for each in plan.errors)}")
    for model, warm in plan.warm_start.warm.items():
        cold, pool = plan.warm_start.cold[model], plan.pools[plan.models[model].pool]
        machine = plan.durations[POOL_STEP[pool.kind]]
        said = f"{name}, {model}, CFS {performance}, {' and '.join(kept)}"
        print(f"{said}, on a machine that is there: {told(cold, 0)} -> {told(warm, 0)}")
        # On a machine that the pool makes for it there is no image yet, and no file.
        there = replace(warm, image=cold.image, files=cold.files)
        print(f"{said}, on a new machine: {told(cold, machine)} -> {told(there, machine)}")
