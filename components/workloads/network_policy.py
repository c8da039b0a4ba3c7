"""Who may talk to whom in the namespace: nobody, but for what is named here.

The kubelet's probes and `kubectl port-forward` come from a pod's own node, which no policy keeps out, and volumes are
mounted by the node: none of them needs a policy here. Policies hold only where something enforces them (on TKE the
add-on `networkpolicy`), and never for pods on their node's network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_kubernetes as kubernetes

from components.workloads import api_counters, inference, kube, model_download, multi_node, redis, smoke_test, webui
from planner.access.api import REDIS as COUNTERS_NAME
from planner.access.policies import holding_metadata
from planner.access.sources import BALANCER_RANGE, LIMITER
from planner.network.public_addresses import EVERYWHERE, PRIVATE
from planner.page.decide import PORT as PAGE_PORT
from planner.page.replicas import NAME as REDIS_NAME
from planner.page.replicas import PORT as REDIS_PORT
from planner.plan.access import (
    ApiPlan,
    ExporterPlan,
    FromRange,
    InNamespace,
    OfInstance,
    PageEgress,
    PolicyPlan,
    Scraper,
    SmokeTestEgress,
    Source,
)
from planner.plan.types import ModelPlan

if TYPE_CHECKING:
    from pulumi_kubernetes.networking.v1 import (
        IPBlockArgsDict,
        NetworkPolicyEgressRuleArgsDict,
        NetworkPolicyIngressRuleArgsDict,
        NetworkPolicyPeerArgsDict,
        NetworkPolicyPortArgsDict,
        NetworkPolicySpecArgsDict,
    )

COMPONENT = "network-policy"
ACME_SOLVER, ACME_PORT = {"acme.cert-manager.io/http01-solver": "true"}, 8089
"""The pods by which cert-manager answers an HTTP-01 challenge, in the namespace of the certificate (cert-manager,
pkg/issuer/acme/http/pod.go)."""
REDIS = kube.selector(REDIS_NAME, redis.COMPONENT)
COUNTERS = kube.selector(COUNTERS_NAME, api_counters.COMPONENT)
ASKS = kube.selector(smoke_test.ASKS, smoke_test.ASKS)
TRIES = kube.selector(smoke_test.TRIES, smoke_test.TRIES)
NAMESPACE_LABEL = "kubernetes.io/metadata.name"
"""Carried by every namespace, put there by Kubernetes itself."""

LINK_LOCAL = "169.254.0.0/16"
"""Addresses of the machine itself (RFC 3927): among them the metadata service, which hands out the credentials of the
node's role (vendor 213/4934)."""
DNS_PORT = 53
DNS_NAMESPACE, DNS_LABELS = "kube-system", (("k8s-app", "kube-dns"),)
NODE_LOCAL_DNS = "169.254.20.10/32"
"""Where pods ask TKE's add-on NodeLocal DNSCache, which runs on the node's network, so that no label finds it (vendor
457/49423)."""


@dataclass(frozen=True, kw_only=True)
class NetworkPoliciesArgs:
    """An engine that knows no key is reached from namespaces only, never from addresses. With an `api` of all models
    nobody but its proxies reaches one, page and sources included. `exporter` is the release of what shows the GPUs'
    metrics, whose namespace is the stack's as well. `instance_id`: of the managed Prometheus."""

    namespace: pulumi.Input[str]
    models: Sequence[ModelPlan]
    plan: PolicyPlan
    api: ApiPlan | None = None
    exporter: pulumi.Resource | None = None
    instance_id: pulumi.Input[str] | None = None


class NetworkPolicies(pulumi.ComponentResource):
    """A default deny of both directions, and one policy for each workload that opens what it needs."""

    def __init__(self, name: str, args: NetworkPoliciesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:NetworkPolicies", name, None, opts)
        self._name, self._namespace = name, args.namespace
        plan = args.plan
        private = tuple(map(str, PRIVATE))
        self._inside = tuple(dict.fromkeys((*private, *plan.cluster_ranges)))
        self._not_internet = tuple(dict.fromkeys((*private, LINK_LOCAL, BALANCER_RANGE, *plan.cluster_ranges)))

        opened = [self._policy("allow-dns", {}, egress=[_to_dns()])]
        opened.append(
            self._policy(
                "allow-downloads",
                {kube.COMPONENT_LABEL: model_download.COMPONENT},
                # Not the VPC: what runs there is no hub, and a malicious hub could send a client to it (SSRF).
                egress=[{"to": [self._internet(), *map(_inside, plan.reach)], "ports": [_tcp()]}],
            )
        )
        opened += [self._model(each, args) for each in args.models]
        if plan.smoke_test is not None:
            opened += self._smoke_test(plan.smoke_test, args)
        if plan.page is not None:
            opened.append(self._page(plan.page, args))
        if plan.page is not None and plan.page.redis:
            opened.append(self._redis())
        if args.api is not None and args.api.redis is not None:
            opened.append(self._counters(args.api))
        if plan.acme:
            admitted = _admit([_peer(each) for each in plan.sources], ACME_PORT)
            opened.append(self._policy("allow-acme-solver", ACME_SOLVER, ingress=admitted))
        if plan.exporter is not None:
            self._exporter(plan.exporter, args)
        # Last, and on deletion first, so that nothing is cut off before what it needs is let through.
        self._policy("default-deny", {}, ingress=[], egress=[], after=opened)
        self.register_outputs({})

    def _model(self, model: ModelPlan, args: NetworkPoliciesArgs) -> pulumi.Resource:
        plan = args.plan
        scraping = [_reader(each, args) for name, each in plan.scraped if name == model.name]
        ingress = _admit([*_users(model, args), *_asking(plan), *scraping], model.spec.port)
        egress: list[NetworkPolicyEgressRuleArgsDict] = []
        itself = kube.selector(model.name, inference.COMPONENT)
        if model.nodes > 1:
            # NCCL and the engines' own protocols take ports as they find them, and ask for no key.
            ingress.append({"from_": [_pods(itself)]})
            egress.append({"to": [_pods(itself)]})
        return self._policy(f"allow-model-{model.name}", itself, ingress=ingress, egress=egress or None)

    def _page(self, allowed: PageEgress, args: NetworkPoliciesArgs) -> pulumi.Resource:
        # The API's proxies listen on a port that Envoy Gateway chooses.
        egress = self._to_models(args.models) if args.api is None else [_towards(args.api.inside)]
        if allowed.internet:
            egress.append({"to": [self._internet(), *map(_inside, args.plan.reach)], "ports": [_tcp()]})
        if allowed.login_port is not None:
            anywhere = _block(EVERYWHERE, but=[LINK_LOCAL])
            egress.append({"to": [anywhere], "ports": [_tcp(allowed.login_port)]})
        if allowed.database:
            egress.append({"to": list(map(_inside, self._inside)), "ports": [_tcp()]})
        if allowed.redis:
            egress.append({"to": [_pods(REDIS)], "ports": [_tcp(REDIS_PORT)]})
        return self._policy(
            "allow-webui",
            kube.selector(webui.NAME, webui.COMPONENT),
            ingress=_admit([*_asking(args.plan), *map(_peer, args.plan.sources)], PAGE_PORT),
            egress=egress,
        )

    def _to_models(self, models: Sequence[ModelPlan]) -> "list[NetworkPolicyEgressRuleArgsDict]":
        egress: list[NetworkPolicyEgressRuleArgsDict] = [
            {"to": [_pods(kube.selector(model.name, inference.COMPONENT))], "ports": [_tcp(model.spec.port)]}
            for model in models
        ]
        # A pod on its machine's network has the machine's address, and no selector finds it.
        hosted = sorted({model.spec.port for model in multi_node.on_host_network(models)})
        if hosted:
            egress.append({"to": list(map(_inside, self._inside)), "ports": [_tcp(port) for port in hosted]})
        return egress

    def _smoke_test(self, allowed: SmokeTestEgress, args: NetworkPoliciesArgs) -> list[pulumi.Resource]:
        """One pod reaches whatever it asks. The other may go to models that do not let it in, so that it is their nodes
        which refuse it."""
        asked = self._to_models(args.models)
        if args.plan.page is not None:
            page = _pods(kube.selector(webui.NAME, webui.COMPONENT))
            asked.append({"to": [page], "ports": [_tcp(PAGE_PORT)]})
        if allowed.proxies is not None:
            # On ports that Envoy Gateway chooses for its pods.
            asked.append(_towards(allowed.proxies))
        if args.api is not None:
            asked.append(_towards(args.api.inside))
        opened = [self._policy(f"allow-{smoke_test.ASKS}", ASKS, egress=asked)]
        tried = self._to_models([model for model in args.models if model.name in allowed.tried])
        return [*opened, self._policy(f"allow-{smoke_test.TRIES}", TRIES, egress=tried)] if tried else opened

    def _redis(self) -> pulumi.Resource:
        page = _pods(kube.selector(webui.NAME, webui.COMPONENT))
        return self._policy("allow-webui-redis", REDIS, ingress=_admit([page], REDIS_PORT))

    def _counters(self, api: ApiPlan) -> pulumi.Resource:
        limiter = _peer(InNamespace(api.envoy_namespace, LIMITER))
        return self._policy("allow-api-redis", COUNTERS, ingress=_admit([limiter], REDIS_PORT))

    def _exporter(self, exporter: ExporterPlan, args: NetworkPoliciesArgs) -> None:
        """Its namespace holds nothing else. It asks nobody: the kubelet, by a socket of the node."""
        admitted = _admit([_reader(exporter.scraper, args)], exporter.port)
        after = [] if args.exporter is None else [args.exporter]
        self._policy("allow-metrics", {}, ingress=admitted, egress=[], after=after, namespace=exporter.namespace)

    def _internet(self) -> "NetworkPolicyPeerArgsDict":
        return _block(EVERYWHERE, but=self._not_internet)

    def _policy(
        self,
        kubernetes_name: str,
        selector: Mapping[str, str],
        *,
        ingress: "Sequence[NetworkPolicyIngressRuleArgsDict] | None" = None,
        egress: "Sequence[NetworkPolicyEgressRuleArgsDict] | None" = None,
        after: Sequence[pulumi.Resource] = (),
        namespace: str | None = None,
    ) -> pulumi.Resource:
        spec: NetworkPolicySpecArgsDict = {"pod_selector": {"match_labels": selector} if selector else {}}
        # Always said: left out, a policy without egress rules would leave egress alone.
        spec["policy_types"] = [
            direction for direction, rules in (("Ingress", ingress), ("Egress", egress)) if rules is not None
        ]
        if ingress:
            spec["ingress"] = list(ingress)
        if egress:
            spec["egress"] = list(egress)
        return kubernetes.networking.v1.NetworkPolicy(
            f"{self._name}-{kubernetes_name}",
            metadata={
                "name": kubernetes_name,
                "namespace": namespace or self._namespace,
                "labels": kube.labels(COMPONENT, kubernetes_name, COMPONENT),
            },
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def _to_dns() -> "NetworkPolicyEgressRuleArgsDict":
    return {
        "to": [_peer(InNamespace(DNS_NAMESPACE, DNS_LABELS)), _block(NODE_LOCAL_DNS)],
        # TCP carries answers that are too long for UDP.
        "ports": [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")],
    }


def _towards(source: Source) -> "NetworkPolicyEgressRuleArgsDict":
    return {"to": [_peer(source)], "ports": [_tcp()]}


def _users(model: ModelPlan, args: NetworkPoliciesArgs) -> "list[NetworkPolicyPeerArgsDict]":
    """Who asks a model for what it is there for."""
    if args.api is not None:
        return [_peer(each) for each in (args.api.inside, args.api.public) if each is not None]
    keyless = model.spec.api_key_env is None
    sources = [each for each in args.plan.sources if not (keyless and isinstance(each, FromRange))]
    page = [_pods(kube.selector(webui.NAME, webui.COMPONENT))] if args.plan.page is not None else []
    return [*page, *map(_peer, sources)]


def _asking(plan: PolicyPlan) -> "list[NetworkPolicyPeerArgsDict]":
    """The smoke test's pod, where there is one."""
    return [] if plan.smoke_test is None else [_pods(ASKS)]


def _admit(peers: "Sequence[NetworkPolicyPeerArgsDict]", port: int) -> "list[NetworkPolicyIngressRuleArgsDict]":
    """Ingress from these; none at all from nobody, since a rule without peers would admit everyone."""
    return [{"from_": list(peers), "ports": [_tcp(port)]}] if peers else []


def _peer(source: Source) -> "NetworkPolicyPeerArgsDict":
    if isinstance(source, FromRange):
        return _block(source.cidr)
    peer: NetworkPolicyPeerArgsDict = {"namespace_selector": {"match_labels": {NAMESPACE_LABEL: source.name}}}
    if source.labels:
        peer["pod_selector"] = {"match_labels": dict(source.labels)}
    return peer


def _reader(scraper: Scraper, args: NetworkPoliciesArgs) -> "NetworkPolicyPeerArgsDict":
    if not isinstance(scraper, OfInstance):
        return _peer(scraper)
    if args.instance_id is None:
        raise ValueError("the agent's namespace is called as an instance that is not there")
    return {"namespace_selector": {"match_labels": {NAMESPACE_LABEL: args.instance_id}}}


def _pods(labels: Mapping[str, str]) -> "NetworkPolicyPeerArgsDict":
    return {"pod_selector": {"match_labels": labels}}


def _inside(cidr: str) -> "NetworkPolicyPeerArgsDict":
    """A range of addresses that are not the Internet's, but for the metadata service, whatever the range is."""
    return _block(cidr, but=holding_metadata(cidr))


def _block(cidr: str, but: Sequence[str] = ()) -> "NetworkPolicyPeerArgsDict":
    block: IPBlockArgsDict = {"cidr": cidr}
    if but:
        block["except_"] = list(but)
    return {"ip_block": block}


def _tcp(port: int | None = None) -> "NetworkPolicyPortArgsDict":
    return {"protocol": "TCP"} if port is None else {"protocol": "TCP", "port": port}
