"""Monitoring: what Prometheus reads, the rules by which it keeps and watches that, and the dashboard for Grafana.

All of them are objects that name nothing but labels, so that they stand in the stack's own namespace, whatever they are
about, and go with it; but the rules of a managed Prometheus, which it holds itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from components.naming import Naming
from components.workloads import dashboard, inference, kube
from components.workloads.managed_rules import ManagedRules, ManagedRulesArgs
from planner.plan.monitoring import AlertPlan, ManagedPlan, MonitoringPlan, MonitorPlan, RecordPlan
from planner.plan.types import ModelPlan

API_VERSION = "monitoring.coreos.com/v1"
COMPONENT = "monitoring"
NAME = "tke-llm"
"""Of the rules and the dashboard; a model may be called so, but is no rule."""
INTERVAL = "30s"
CREATED = {"sourceLabels": ["__name__"], "regex": ".+_created", "action": "drop"}
"""When a counter was made, one more series for each of them: nobody asks for it."""


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """`models` by name. `after` is what brings the kinds, where the stack does. `instance_id`: of the managed
    Prometheus, if that is meant."""

    namespace: pulumi.Input[str]
    plan: MonitoringPlan
    models: Mapping[str, ModelPlan]
    naming: Naming
    after: Sequence[pulumi.Resource] = ()
    instance_id: pulumi.Input[str] | None = None


class Monitoring(pulumi.ComponentResource):
    """One PodMonitor for each kind of pods, the rules, and the dashboard in a ConfigMap."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:Monitoring", name, None, opts)
        self._name, self._args = name, args
        for monitor in args.plan.monitors:
            self._object(
                f"{monitor.name}-monitor",
                "PodMonitor",
                monitor.name,
                monitor_spec(monitor, args.models, managed=args.plan.managed is not None),
            )
        if args.plan.managed is None:
            self._object("rules", "PrometheusRule", NAME, {"groups": rule_groups(args.plan)})
        else:
            self._managed_rules(args.plan.managed)
        kubernetes.core.v1.ConfigMap(
            f"{name}-dashboard",
            metadata={
                "name": dashboard.NAME,
                "namespace": args.namespace,
                "labels": {**kube.labels(COMPONENT, dashboard.NAME, COMPONENT), **dashboard.LABEL},
            },
            data={dashboard.FILE: dashboard.document(args.plan)},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})

    def _managed_rules(self, plan: ManagedPlan) -> None:
        args = self._args
        if args.instance_id is None:
            raise ValueError("rules of the managed Prometheus are made in an instance that is named by its id")
        ManagedRules(
            f"{self._name}-rules",
            ManagedRulesArgs(
                naming=args.naming,
                plan=plan,
                instance_id=args.instance_id,
                records=record_group(args.plan) if args.plan.records else None,
                alerts=args.plan.alerts,
                after=args.after,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _object(self, role: str, kind: str, kubernetes_name: str, spec: Mapping[str, Any]) -> None:
        CustomResource(
            f"{self._name}-{role}",
            api_version=API_VERSION,
            kind=kind,
            metadata={
                "name": kubernetes_name,
                "namespace": self._args.namespace,
                "labels": {**kube.labels(COMPONENT, kubernetes_name, COMPONENT), **dict(self._args.plan.labels)},
            },
            spec=dict(spec),
            # The operator's release brings the kinds, or the managed Prometheus' agent.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(self._args.after)),
        )


def monitor_spec(monitor: MonitorPlan, models: Mapping[str, ModelPlan], *, managed: bool = False) -> dict[str, Any]:
    """Where the pods are found, and where their metrics. What is read of a model carries its name. `managed`: for
    Tencent's Prometheus, in the fields that its documents show (Tencent Cloud 457/71899: `targetPort`; 457/71900:
    `bearerTokenSecret`), for which operator's kinds it has, no source says."""
    by_number = "targetPort" if managed else "portNumber"
    endpoint: dict[str, Any] = {
        **({by_number: int(monitor.port)} if monitor.port.isdigit() else {"port": monitor.port}),
        "path": monitor.path,
        "interval": INTERVAL,
        "metricRelabelings": [CREATED],
    }
    if monitor.own_labels:
        endpoint["honorLabels"] = True
    if monitor.model is not None:
        endpoint["relabelings"] = [{"targetLabel": "model", "replacement": monitor.model, "action": "replace"}]
        if monitor.keyed:
            key = {"name": inference.key_secret(monitor.model), "key": inference.KEY_NAME}
            endpoint |= {"bearerTokenSecret": key} if managed else {"authorization": _bearer(key)}
        labels = inference.answering(models[monitor.model])
        return {"selector": {"matchLabels": labels}, "podMetricsEndpoints": [endpoint]}
    where = {"any": True} if monitor.namespace is None else {"matchNames": [monitor.namespace]}
    return {
        "selector": {"matchLabels": dict(monitor.labels)},
        "namespaceSelector": where,
        "podMetricsEndpoints": [endpoint],
    }


def _bearer(key: Mapping[str, str]) -> dict[str, Any]:
    return {"type": "Bearer", "credentials": key}


def rule_groups(plan: MonitoringPlan) -> list[dict[str, Any]]:
    """The rules as Prometheus reads them: what is kept first, for the alerts ask for it."""
    groups = [
        record_group(plan),
        {"name": "tke-llm.alerts", "interval": INTERVAL, "rules": list(map(_alert, plan.alerts))},
    ]
    return [group for group in groups if group["rules"]]


def record_group(plan: MonitoringPlan) -> dict[str, Any]:
    """What is kept, as Prometheus reads it."""
    return {"name": "tke-llm.records", "interval": INTERVAL, "rules": list(map(_record, plan.records))}


def _record(record: RecordPlan) -> dict[str, Any]:
    return {
        "record": record.name,
        "expr": record.expr,
        "labels": {"namespace": record.namespace, **({} if record.model is None else {"model": record.model})},
    }


def _alert(alert: AlertPlan) -> dict[str, Any]:
    about = {} if alert.model is None else {"model": alert.model}
    return {
        "alert": alert.name,
        "expr": alert.expr,
        **({"for": f"{alert.seconds}s"} if alert.seconds else {}),
        "labels": {"severity": alert.severity, **about},
        "annotations": {"summary": alert.summary, "action": alert.action},
    }
