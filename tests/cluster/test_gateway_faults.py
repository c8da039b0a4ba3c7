"""Faults of a gateway, which Envoy Gateway itself finds."""

from collections.abc import Iterator
from typing import Any

import pytest
from stage import Stage, about, spoil

from rehearsal.control_plane.binaries import Binaries
from rehearsal.control_plane.plane import Access, ControlPlane
from rehearsal.controllers.controllers import Controllers

pytestmark = pytest.mark.xdist_group("envoy-gateway")


@pytest.fixture(scope="module")
def rehearsed(binaries: Binaries) -> Iterator[Access]:
    """A control plane that ends with the module, and Envoy Gateway with it: of that a machine has one at a time."""
    with ControlPlane(binaries) as access:
        yield access


@pytest.fixture(scope="module")
def controllers(rehearsed: Access) -> Iterator[Controllers]:
    with Controllers(rehearsed) as controllers:
        yield controllers


def test_a_route_to_a_port_that_is_not_there(stage: Stage) -> None:
    def other(it: dict[str, Any]) -> None:
        it["spec"]["rules"][0]["backendRefs"][0]["port"] = 9090

    stack = stage.record(file="Pulumi.gateway.yaml")
    found = stage.up(spoil(stack, "HTTPRoute", "webui", other)).not_ready
    assert "ResolvedRefs is False" in about(found, f"HTTPRoute {stage.namespace}/webui")


def test_a_policy_of_the_api_that_is_not_accepted(stage: Stage) -> None:
    def nobodys(it: dict[str, Any]) -> None:
        it["spec"]["apiKeyAuth"]["credentialRefs"][0]["name"] = "nobody"

    stack = stage.record(file="Pulumi.team.yaml")
    found = stage.up(spoil(stack, "SecurityPolicy", "api-chat", nobodys)).not_ready
    assert "Accepted is False" in about(found, f"SecurityPolicy {stage.namespace}/api-chat")
