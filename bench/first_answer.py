"""Rehearsed time to the first chat answer: against the graph's critical path, and against the guide's order by hand.

For the dev stack and for a model of 642 GB on eight H20, under each order. Run by hand: python bench/first_answer.py
"""

import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rehearsal.clock import timeline  # noqa: E402  the rooms lie beside this folder
from rehearsal.kinds import seconds_of  # noqa: E402
from rehearsal.story import ORDERS, Story, tell  # noqa: E402
from settings.file import read  # noqa: E402

PLACES = 16
"""Resources that Pulumi makes at a time on a machine of four cores (`--parallel`: four for each)."""

DEV = read(ROOT / "Pulumi.dev.yaml")
LARGE = replace(
    DEV,
    stack="large",
    sections={
        **DEV.sections,
        "pools": {"gpu": {"instanceType": "PNV6.96XLARGE2304"}},
        "models": {"chat": {"model": "deepseek-ai/DeepSeek-R1"}},
    },
)

for given in (DEV, LARGE):
    for order in ORDERS:
        told = tell(replace(given, sections={**given.sections, "order": order}), ROOT / "__main__.py")
        if not isinstance(told, Story):
            print(f"{given.stack}, {order}: refused: {', '.join(each.code for each in told.errors)}")
            continue
        path = told.timeline.total
        taken = timeline(
            told.recording.registrations, lambda each, plan=told.plan: seconds_of(each, plan), PLACES
        ).total
        hand = told.by_hand.total if told.by_hand else float("nan")
        waits = next(each.waiting.gpu_hours for each in told.orders if each.order == order)
        print(
            f"{given.stack}, {order}: {taken / 60:.0f} min, {taken / path:.3f} x the critical path (target: 1.02); "
            f"by hand {hand / 60:.0f} min, {hand / taken:.2f} x as long; {waits:.1f} GPU-hours waiting"
        )
