"""What Tencent's managed Prometheus keeps and watches: rules that it holds itself, outside the cluster.

Recording rules go by their YAML, for the provider sends changes of the other kind in a form that it did not create them
in (terraform-provider-tencentcloud, resource_tc_monitor_tmp_recording_rule.go: base64 in Create, plain in Update).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import tencentcloud_iac_pulumi as tencentcloud
import yaml

from components.naming import Naming
from planner.plan.monitoring import AlertPlan, ManagedPlan

ENABLED = 2
"""State of a rule. The provider sends 0, which is none, where it is left out."""
RECEIVER = "amp"
"""Alerts go to Tencent Cloud's notification templates (the provider's own example and test)."""
NAME_LIMIT = 63


@dataclass(frozen=True, kw_only=True)
class ManagedRulesArgs:
    """`records` is the group of recording rules as Prometheus reads it, None where nothing is kept. `after` is the
    agent, where the stack has it put into the cluster."""

    naming: Naming
    plan: ManagedPlan
    instance_id: pulumi.Input[str]
    records: Mapping[str, Any] | None
    alerts: Sequence[AlertPlan]
    after: Sequence[pulumi.Resource] = ()


class ManagedRules(pulumi.ComponentResource):
    """The recording rules and a group of alerts; neither where there is none, for the provider sends no empty list."""

    def __init__(self, name: str, args: ManagedRulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ManagedRules", name, None, opts)
        child = pulumi.ResourceOptions(
            parent=self,
            # Rules about what nobody reads yet would fire.
            depends_on=list(args.after),
            # Another instance is a change that the provider drops.
            replace_on_changes=["instanceId"],
            delete_before_replace=True,
        )
        if args.records is not None:
            tencentcloud.monitor.TmpTkeRecordRuleYaml(
                f"{name}-records",
                instance_id=args.instance_id,
                content=record_rules(rules_name(args.naming), args.records),
                opts=child,
            )
        if args.alerts:
            tencentcloud.monitor.TmpAlertGroup(
                f"{name}-alerts",
                instance_id=args.instance_id,
                group_name=args.naming.name("alerts"),
                amp_receivers=list(args.plan.receivers) or None,
                custom_receiver=tencentcloud.monitor.TmpAlertGroupCustomReceiverArgs(type=RECEIVER),
                repeat_interval="1h",
                rules=[_alert(each) for each in args.alerts],
                opts=child,
            )
        self.register_outputs({})


def rules_name(naming: Naming) -> str:
    """A name of Kubernetes, by which an instance tells its recording rules apart."""
    return re.sub(r"[^a-z0-9]+", "-", naming.name("records", NAME_LIMIT).lower()).strip("-")


def record_rules(name: str, group: Mapping[str, Any]) -> str:
    """The YAML in which an instance takes recording rules: an object of kind PrometheusRule."""
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": name},
        "spec": {"groups": [group]},
    }
    return yaml.safe_dump(rule, sort_keys=False, width=1000)


def duration(seconds: int) -> str:
    """How long something must have been true, as Prometheus writes it, in whole minutes and at least one: the shortest
    that an example of Tencent Cloud has."""
    hours, minutes = divmod(max(1, -(-seconds // 60)), 60)
    return f"{hours}h" * bool(hours) + f"{minutes}m" * bool(minutes)


def _alert(alert: AlertPlan) -> tencentcloud.monitor.TmpAlertGroupRuleArgs:
    about = {} if alert.model is None else {"model": alert.model}
    return tencentcloud.monitor.TmpAlertGroupRuleArgs(
        # Names of one group differ (API monitor 2018-07-24, PrometheusAlertGroupRuleSet).
        rule_name="-".join([alert.name, *about.values()]),
        expr=alert.expr,
        duration=duration(alert.seconds),
        state=ENABLED,
        labels={"severity": alert.severity, **about},
        # What its messages call the object and the information.
        annotations={"summary": alert.summary, "description": alert.action},
    )
