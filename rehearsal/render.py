"""A rehearsal as files: manifests, the plan, the graph."""

import json
from collections.abc import Mapping

from planner.plan.types import Plan
from planner.report.document import document
from rehearsal.clock import Timeline
from rehearsal.graph import svg
from rehearsal.manifests import manifests
from rehearsal.registration import Registration


def files(plan: Plan, registrations: tuple[Registration, ...], timeline: Timeline) -> Mapping[str, str]:
    """Relative path -> text. Two rehearsals of one stack give the same texts."""
    notes = {step.urn: step.span for step in timeline.steps if step.seconds >= 1}
    return {
        **{f"manifests/{each.file}": each.text for each in manifests(registrations)},
        "plan.json": json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n",
        "graph.svg": svg(registrations, timeline.critical, notes),
    }
