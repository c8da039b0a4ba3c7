"""A rehearsal as files: manifests, the plan, the dashboard where there is one."""

import json
from collections.abc import Mapping

from components.workloads import dashboard
from planner.plan.types import Plan
from planner.report.document import document
from rehearsal.kinds import CONFIG_MAP
from rehearsal.manifests import manifests
from rehearsal.registration import Registration


def files(plan: Plan, registrations: tuple[Registration, ...]) -> Mapping[str, str]:
    """Relative path -> text. Two rehearsals of one stack give the same texts."""
    sheet = _dashboard(registrations)
    return {
        **({} if sheet is None else {dashboard.FILE: sheet}),
        **{f"manifests/{each.file}": each.text for each in manifests(registrations)},
        "plan.json": json.dumps(document(plan), indent=2, ensure_ascii=False) + "\n",
    }


def _dashboard(registrations: tuple[Registration, ...]) -> str | None:
    """The dashboard, to be imported into a Grafana that has no sidecar."""
    data = (each.inputs["data"] for each in registrations if each.type == CONFIG_MAP.token)
    sheets = (each[dashboard.FILE] for each in data if isinstance(each, Mapping) and dashboard.FILE in each)
    return next(map(str, sheets), None)
