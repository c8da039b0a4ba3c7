"""An API server takes what Prometheus is told, by the operator's own schemas, and changes nothing of it."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from components.workloads.monitoring import API_VERSION, NAME, monitor_spec, rule_groups
from planner.plan.monitoring import MonitoringPlan
from rehearsal.control_plane import binaries
from rehearsal.control_plane.api import Api
from rehearsal.control_plane.plane import ControlPlane
from rehearsal.controllers.definitions import Definitions
from tests.monitoring.stacks import stack

GROUP, _, VERSION = API_VERSION.partition("/")
KINDS = {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"}
PATIENCE = 60
"""Seconds until new kinds are served."""


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with ControlPlane(binaries.find()) as access, access.api() as api:
        definitions = Definitions(api)
        names = definitions.install("kube-prometheus-stack", {(GROUP, kind) for kind in KINDS})
        assert len(names) == len(KINDS)
        deadline = time.monotonic() + PATIENCE
        while not all(map(definitions.established, names)):
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield api


def objects(plan: MonitoringPlan) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind, name and spec of each, for both kinds of Prometheus."""
    for monitor in plan.monitors:
        yield "PodMonitor", monitor.name, monitor_spec(monitor, stack().models)
        yield "PodMonitor", f"{monitor.name}-managed", monitor_spec(monitor, stack().models, managed=True)
    yield "PrometheusRule", NAME, {"groups": rule_groups(plan)}


def test_an_api_server_takes_the_objects_as_they_are(api: Api, plan: MonitoringPlan) -> None:
    for kind, name, spec in objects(plan):
        path = f"/apis/{GROUP}/{VERSION}/namespaces/default/{KINDS[kind]}/{name}"
        sent = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        assert api.apply(path, sent)["spec"] == spec, name
