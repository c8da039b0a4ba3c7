"""Prometheus and promtool from `make controllers`, and the rules of a stack as files."""

from pathlib import Path

import pytest
import yaml

from components.workloads.monitoring import rule_groups
from planner.plan.monitoring import MonitoringPlan
from rehearsal.control_plane.binaries import Binaries
from rehearsal.controllers.binaries import find
from tests.monitoring.stacks import measured


@pytest.fixture(scope="session")
def programs() -> Binaries:
    return find()


@pytest.fixture(scope="session")
def plan() -> MonitoringPlan:
    return measured()


@pytest.fixture(scope="session")
def rules(plan: MonitoringPlan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": rule_groups(plan)}, sort_keys=False), encoding="utf-8")
    return file
