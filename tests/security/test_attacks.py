"""Who tries to reach what in every stack, and what must come of it: what is open, and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import pytest

from planner.access.sources import API_GATEWAY
from tests.security.attacks import plan_of
from tests.security.evaluator import End, Outside
from tests.security.pods import (
    API_SERVER,
    CONTROLLER,
    DNS,
    ELSEWHERE,
    EXPORTER,
    GRAFANA,
    HEALTH_CHECK,
    INFRA,
    INTERNET,
    KEDA,
    KUBE_SYSTEM,
    LIMITER,
    METADATA,
    MIRROR,
    NGINX,
    OTHERS_PROXY,
    PROMETHEUS,
    STRANGER,
    VPC_HOST,
    Ours,
    agent,
    clusters,
    lodger,
    ours,
    proxy,
)
from tests.security.stacks import STACKS

ENVOY = 10443
DNS_PORT, HTTP, HTTPS, SSH, POSTGRES, RENDEZVOUS, GPU_METRICS = 53, 10080, 443, 22, 5432, 29501, 9400
SOMEWHERE = (INTERNET, ELSEWHERE, METADATA, API_SERVER, VPC_HOST, HEALTH_CHECK)
FOREIGN = (STRANGER, KEDA, NGINX, CONTROLLER, OTHERS_PROXY, INFRA, KUBE_SYSTEM, PROMETHEUS, GRAFANA, LIMITER, EXPORTER)

HIDDEN = ("download", "redis", "counters", "smoke test", "probe", "image prefetch", "node folder", "node files")
"""Pods that nobody reaches but through a door, and the rate limit service at the counters of the API."""
DOORS = {("page", "model"), ("page", "redis"), ("smoke test", "model"), ("smoke test", "page")}


@dataclass(frozen=True)
class Attempt:
    """Somebody opens a TCP connection. The verdict is that of every implementation, unless `as_address`: what an
    implementation must let a host of the VPC do, it may let a pod with a VPC address do as well."""

    source: End
    target: End
    port: int
    opens: bool
    as_address: bool = False


def into(name: str) -> Iterator[Attempt]:
    """Everyone outside the namespace, and one who sneaked in, at every door of ours."""
    plan = plan_of(name)
    exposure = plan.exposure
    via = None if exposure is None else exposure.via
    by_envoy = via == "gateway" and exposure is not None and exposure.attach_to is None
    by_balancer = via == "ingress" and exposure is not None and exposure.ingress_class == "qcloud"
    shared = via == "gateway" and not by_envoy
    for target in (each for each in ours(name) if each.role in ("page", "model") and not each.pod.host_network):
        assert target.port is not None
        routed = target.role == "page" or target.keyed
        # Namespaces are let in to an engine that asks for no key as well: a gateway may ask in its stead.
        measured = plan.monitoring is not None and target.model in plan.monitoring.scraped
        managed = plan.monitoring is not None and plan.monitoring.managed is not None
        opened = {
            called(proxy(name)): by_envoy or shared,
            called(proxy(name, API_GATEWAY)): shared or (plan.api is not None and target.role == "model"),
            called(LIMITER): shared,
            called(OTHERS_PROXY): shared,
            called(CONTROLLER): shared,
            called(INFRA): shared,
            called(NGINX): via == "ingress" and not by_balancer,
            called(KEDA): target.model in plan.scaling,
            called(PROMETHEUS): measured and not managed,
            called(agent(name)): measured and managed,
            called(VPC_HOST): by_balancer and routed,
            called(HEALTH_CHECK): by_balancer and routed,
            called(INTERNET): by_balancer and routed and bool(exposure and exposure.direct_access),
        }
        for source in (*FOREIGN, agent(name), proxy(name), proxy(name, API_GATEWAY), lodger(name), *SOMEWHERE):
            pod_in_vpc = by_balancer and routed and not isinstance(source, Outside) and source.name != "lodger"
            opens = opened.get(called(source), False)
            yield Attempt(source, target.pod, target.port, opens, as_address=pod_in_vpc and not opens)
            yield Attempt(source, target.pod, SSH, opens=False)
    for hidden in (each for each in ours(name) if each.role in HIDDEN):
        for source in (*FOREIGN, agent(name), proxy(name), proxy(name, API_GATEWAY), lodger(name), *SOMEWHERE):
            counts = source is LIMITER and hidden.role == "counters"
            yield Attempt(source, hidden.pod, hidden.port or HTTPS, opens=counts)


def at_gpus(name: str) -> Iterator[Attempt]:
    """Everyone at what shows the GPUs' metrics, and what that may reach itself."""
    monitoring = plan_of(name).monitoring
    reader = PROMETHEUS if monitoring is None or monitoring.managed is None else agent(name)
    for source in (*FOREIGN, agent(name), proxy(name), lodger(name), *SOMEWHERE, *(each.pod for each in ours(name))):
        if source is not EXPORTER:
            yield Attempt(source, EXPORTER, GPU_METRICS, opens=called(source) == called(reader))
            yield Attempt(source, EXPORTER, SSH, opens=False)
    for target in (*SOMEWHERE, DNS, STRANGER, PROMETHEUS):
        yield Attempt(EXPORTER, target, DNS_PORT if target is DNS else HTTPS, opens=False)


def between(name: str) -> Iterator[Attempt]:
    """Every pod of ours at the doors of every other."""
    every = ours(name)
    # With one API of all models the page asks by it alone.
    doors = DOORS - ({("page", "model")} if plan_of(name).api is not None else set())
    for source in every:
        for target in every:
            if source.pod.name == target.pod.name or source.pod.host_network or target.pod.host_network:
                continue
            together = source.model == target.model and source.group > 1
            door = (source.role, target.role) in doors
            if target.port is not None:
                # A balancer admits by address; a pod of ours has none of its own to send from.
                yield Attempt(source.pod, target.pod, target.port, opens=door or together)
            yield Attempt(source.pod, target.pod, RENDEZVOUS, opens=together)


def out(name: str) -> Iterator[Attempt]:
    """What each of our pods reaches beyond the namespace."""
    plan = plan_of(name)
    offline = plan.webui is None or dict(plan.webui.env).get("OFFLINE_MODE") == "True"
    login = plan.webui is not None and plan.webui.login
    for source in (each for each in ours(name) if not each.pod.host_network):
        online = source.role == "download" or (source.role == "page" and not offline)
        database = source.role == "page" and plan.webui is not None and plan.webui.database
        yield Attempt(source.pod, INTERNET, HTTPS, opens=online or (source.role == "page" and login))
        yield Attempt(source.pod, VPC_HOST, POSTGRES, opens=database)
        asks = source.role in ("page", "smoke test") and plan.api is not None
        yield Attempt(source.pod, proxy(name, API_GATEWAY), HTTP, opens=asks, as_address=database)
        # What makes a folder on its node has a namespace of its own, which is closed for good.
        yield Attempt(source.pod, DNS, DNS_PORT, opens=source.role != "node folder")
        for target in (METADATA, HEALTH_CHECK, STRANGER, KUBE_SYSTEM, INFRA):
            # The database's port is known to a secret only, so the page may go to any inside the VPC.
            yield Attempt(source.pod, target, SSH, opens=False, as_address=database and not isinstance(target, Outside))
        yield Attempt(source.pod, METADATA, HTTPS, opens=False)
        yield Attempt(source.pod, METADATA, 80, opens=False)


def came_of(name: str, attempts: Iterator[Attempt]) -> tuple[list[str], int]:
    """The attempts that ended otherwise than they must, and how many were made."""
    made, wrong, known = list(attempts), [], list(clusters(name))
    for each in made:
        verdicts = {cluster.blocks_match_pods: cluster.allows(each.source, each.target, each.port) for cluster in known}
        expected = {True: each.opens or each.as_address, False: each.opens}
        if verdicts != expected:
            wrong.append(f"{called(each.source)} -> {called(each.target)}:{each.port} {verdicts}")
    return wrong, len(made)


def called(end: End) -> str:
    return end.ip if isinstance(end, Outside) else end.name


@pytest.mark.parametrize("name", STACKS)
def test_only_the_exposure_leads_into_the_namespace(name: str) -> None:
    wrong, made = came_of(name, into(name))
    assert not wrong
    assert made


@pytest.mark.parametrize("name", STACKS)
def test_pods_reach_each_other_only_where_the_stack_needs_it(name: str) -> None:
    wrong, _ = came_of(name, between(name))
    assert not wrong


@pytest.mark.parametrize("name", STACKS)
def test_pods_leave_the_namespace_only_where_the_stack_needs_it(name: str) -> None:
    wrong, made = came_of(name, out(name))
    assert not wrong
    assert made


def test_what_shows_the_gpus_metrics_is_read_by_prometheus_alone_and_reaches_nobody() -> None:
    watched = [name for name in STACKS if (policies := plan_of(name).policies) and policies.exporter is not None]
    assert watched
    for name in watched:
        wrong, _ = came_of(name, at_gpus(name))
        assert not wrong


def test_a_range_that_holds_the_metadata_service_is_opened_but_for_that() -> None:
    name = "mirror-in-link-local"
    online = [each for each in ours(name) if each.role in ("download", "page")]
    assert {each.role for each in online} == {"download", "page"}
    for source in online:
        for cluster in clusters(name):
            assert cluster.allows(source.pod, MIRROR, 80)
            assert not cluster.allows(source.pod, METADATA, 80)


@pytest.mark.parametrize("name", STACKS)
def test_the_smoke_test_reaches_what_it_asks_and_the_probe_nothing_that_it_tries(name: str) -> None:
    plan, every = plan_of(name), ours(name)
    assert plan.smoke_test is not None
    asking, trying = ([each for each in every if each.role == role] for role in ("smoke test", "probe"))
    by_envoy = plan.smoke_test.gateway is not None
    for source in asking:
        assert {cluster.allows(source.pod, proxy(name), ENVOY) for cluster in clusters(name)} == {by_envoy}
    assert bool(trying) is bool(plan.smoke_test.forbidden)
    for port in plan.smoke_test.forbidden:
        targets = [each for each in every if each.port == port.port and each.model == (port.model or each.model)]
        assert targets
        for source, target in product(trying, targets):
            for cluster in clusters(name):
                assert not cluster.allows(source.pod, target.pod, port.port)
                # Only the model's own policy refuses it, so that the test is one of the model's node.
                out = type(cluster)(cluster.namespaces, egress(cluster.policies), cluster.blocks_match_pods)
                assert out.allows(source.pod, target.pod, port.port) is (port.model is not None)


def egress(policies: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The policies as far as they let out."""
    kept = [each for each in policies if "Egress" in each["spec"]["policyTypes"]]
    return [{**each, "spec": {**each["spec"], "policyTypes": ["Egress"], "ingress": []}} for each in kept]


@pytest.mark.parametrize("name", STACKS)
def test_the_page_reaches_every_model_by_itself_or_by_the_api_of_all(name: str) -> None:
    every, gateway = ours(name), proxy(name, API_GATEWAY)
    by_api = plan_of(name).api is not None
    for page in (each for each in every if each.role == "page"):
        for model in (each for each in every if each.role == "model" and each.port is not None):
            for cluster in clusters(name):
                assert cluster.allows(gateway if by_api else page.pod, model.pod, model.port or 0)
                assert cluster.allows(page.pod, gateway, HTTP) or not by_api


def test_every_attack_would_succeed_without_the_policies() -> None:
    page: Ours = next(each for each in ours("dev") if each.role == "page")
    for cluster in clusters("dev"):
        opened = type(cluster)(cluster.namespaces, [], cluster.blocks_match_pods)
        assert opened.allows(STRANGER, page.pod, 8080)
        assert not cluster.allows(STRANGER, page.pod, 8080)
