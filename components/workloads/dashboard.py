"""The dashboard as Grafana reads it, made with Grafana's own model of it."""

from collections.abc import Mapping
from itertools import groupby
from string import ascii_uppercase
from typing import TYPE_CHECKING

from planner.monitoring.clients import REQUESTS
from planner.plan.monitoring import MonitoringPlan, PanelPlan

if TYPE_CHECKING:
    from grafana_foundation_sdk.builders import dashboard as made
    from grafana_foundation_sdk.builders import stat, timeseries
    from grafana_foundation_sdk.models import dashboard as models

LABEL: Mapping[str, str] = {"grafana_dashboard": "1"}
"""By which Grafana's sidecar finds dashboards in all namespaces (kube-prometheus-stack, grafana.sidecar.dashboards)."""
NAME, FILE = "tke-llm-dashboard", "dashboard.json"
SOURCE = "source"
"""The variable that holds the Prometheus that is asked."""
COLUMNS, HEIGHT = 24, 8
"""Of Grafana's grid; a panel's height."""


def document(plan: MonitoringPlan) -> str:
    """The document. Two calls for one plan give the same text."""
    # Half a second of imports that no other stack pays for.
    from grafana_foundation_sdk.builders import dashboard as made  # noqa: PLC0415
    from grafana_foundation_sdk.cog.encoder import JSONEncoder  # noqa: PLC0415

    sheet = (
        made.Dashboard(f"LLM serving: {plan.namespace}")
        .uid(f"tke-llm-{plan.namespace}"[:40])
        .tags(["tke-llm"])
        .refresh("30s")
        .time("now-3h", "now")
        .readonly()
        .with_variable(made.DatasourceVariable(SOURCE).label("Prometheus").type("prometheus"))
        .with_variable(_choice("model", "Model", f'{{__name__=~"llm:.+",namespace="{plan.namespace}"}}'))
    )
    if any(each.name == REQUESTS for each in plan.records):
        sheet.with_variable(_choice("client", "Client", f'{REQUESTS}{{namespace="{plan.namespace}"}}'))
    for row, panels in groupby(plan.panels, key=lambda panel: panel.row):
        sheet.with_row(made.Row(row))
        beside = list(panels)
        for panel in beside:
            sheet.with_panel(_panel(panel, COLUMNS // len(beside)))
    return JSONEncoder(sort_keys=True, indent=2).encode(sheet.build()) + "\n"


def _choice(label: str, title: str, series: str) -> "made.QueryVariable":
    """A variable whose values are those of a label of some series, all of them at first."""
    from grafana_foundation_sdk.builders import dashboard as made  # noqa: PLC0415
    from grafana_foundation_sdk.models import dashboard as models  # noqa: PLC0415

    return (
        made.QueryVariable(label)
        .label(title)
        .datasource(_source())
        .query(f"label_values({series}, {label})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text="All", value="$__all"))
    )


def _panel(panel: PanelPlan, span: int) -> "stat.Panel | timeseries.Panel":
    from grafana_foundation_sdk.builders import prometheus, stat, timeseries  # noqa: PLC0415

    shown = stat.Panel() if panel.single else timeseries.Panel().min(0)
    shown.title(panel.title).unit(panel.unit).datasource(_source()).span(span)
    shown.height(HEIGHT // 2 if panel.single else HEIGHT)
    for letter, (expr, legend) in zip(ascii_uppercase, panel.queries, strict=False):
        shown.with_target(prometheus.Dataquery().expr(expr).legend_format(legend).ref_id(letter))
    return shown


def _source() -> "models.DataSourceRef":
    from grafana_foundation_sdk.models import dashboard as models  # noqa: PLC0415

    return models.DataSourceRef(type_val="prometheus", uid=f"${{{SOURCE}}}")
