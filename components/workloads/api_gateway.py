"""One API for all models: a Gateway inside the cluster, a route for each name that requests may ask for, the clients'
keys, what each may ask for, its limits, and a line in the log for each request.

A request passes through Envoy's filters in this order: its key is checked and names its client (`SecurityPolicy`), its
body is held whole, the script beside this file reads the model out of it, upon which Envoy looks for the route again,
the client is let to this model or not, its limits are looked at, and the engine's own key is put in. Envoy builds the
chain of filters from the route that it found first, so that every route here has all of them; the engine's key, which
is each model's own, is put in behind that, at the route's backend.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.apiextensions import CustomResource

from components.workloads import kube
from components.workloads.access_log import ACCOUNTS, METADATA
from components.workloads.gateway import (
    API_VERSION,
    CONTROLLER,
    ENVOY_VERSION,
    HTTP,
    REQUEST_TIMEOUT,
    TRAFFIC,
    parent,
    section,
)
from planner.access.api import PROXIES
from planner.access.sources import API_GATEWAY
from planner.plan.access import ApiModelPlan, ApiPlan, ClientPlan, ExposurePlan

NAME = API_GATEWAY
COMPONENT = "api"
CLASS = "tke-llm-api"
PORT = 80
CLIENTS = "api-clients"
"""Begins the name of the Secret with the clients' keys."""
UNKNOWN = "api-unknown-model"
"""Answers whoever asks for what is not there."""

CLIENT_HEADER, MODEL_HEADER = "x-tke-llm-client", "x-tke-llm-model"
PREVIOUS = ".previous"
"""Ends the name under which a client's key before the last is kept: Envoy Gateway takes one key for each name
(api/v1alpha1/api_key_auth_types.go)."""
SCRIPT = Path(__file__).with_name("api_gateway.lua")

SENDING_SECONDS = 300
"""Within which a request must have come whole; until then it takes memory of the proxy, and nothing of an engine."""
_NAMES_PER_RULE = 24
"""A header's value in a rule of a rate limit has 1024 characters (HeaderMatch), and a client's name 40."""

_GATEWAY_GROUP, _ENVOY_GROUP = (each.partition("/")[0] for each in (API_VERSION, ENVOY_VERSION))


@dataclass(frozen=True, kw_only=True)
class ApiGatewayArgs:
    """`keys` and `previous_keys` are the clients' by their names, the latter those that are valid still; `engine_keys`
    are the engines' own by the model in the stack file. `exposure`: the public Gateway that serves the API's host too.
    `cold_starts`: seconds until an answer of each model, by its name here, that has no replica while nobody asks it.
    `node_selector` finds the nodes for the proxies. `suffix` ends cluster-scoped names on a cluster that is not ours.
    `after` is what brings the kinds of Gateway API, and the public Gateway."""

    namespace: pulumi.Input[str]
    plan: ApiPlan
    exposure: ExposurePlan | None
    keys: Mapping[str, pulumi.Input[str]]
    previous_keys: Mapping[str, pulumi.Input[str]]
    engine_keys: Mapping[str, pulumi.Input[str]]
    node_selector: Mapping[str, str]
    cold_starts: Mapping[str, int] | None = None
    suffix: str = ""
    after: Sequence[pulumi.Resource] = ()


class ApiGateway(pulumi.ComponentResource):
    """The Gateway, its routes and its policies."""

    def __init__(self, name: str, args: ApiGatewayArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("tke-llm:workloads:ApiGateway", name, None, opts)
        self._name, self._args = name, args
        gateway = self._gateway()
        self._clients = self._secret(
            "clients", clients_secret(args.plan.clients), client_keys(args.keys, args.previous_keys)
        )
        # A route comes after all that guards it, and goes before: without its policies it would open to everybody.
        guards = [
            self._clients,
            self._envoy(
                "script",
                "EnvoyExtensionPolicy",
                NAME,
                script_spec(args.plan, args.previous_keys, args.cold_starts),
            ),
            self._envoy("traffic", "BackendTrafficPolicy", NAME, traffic_spec(args.plan)),
            *(
                self._envoy(role, "ClientTrafficPolicy", name, spec)
                for role, name, spec in connections(args.plan, args.exposure)
            ),
        ]
        before = [gateway, *guards]
        self._route(
            NAME,
            "routes",
            unknown_rules(),
            [
                *before,
                self._envoy("unknown", "HTTPRouteFilter", UNKNOWN, UNKNOWN_SPEC),
                self._security("policy", NAME, None),
            ],
        )
        for model in args.plan.models:
            self._model(model, before)
        self.register_outputs({})

    def _gateway(self) -> CustomResource:
        args = self._args
        class_name = f"{CLASS}{args.suffix}"
        gateway_class = CustomResource(
            f"{self._name}-class",
            api_version=API_VERSION,
            kind="GatewayClass",
            metadata={"name": class_name, "labels": kube.labels("gateway-class", class_name, COMPONENT)},
            spec={"controllerName": CONTROLLER},
            # The release brings the kind, of which an object has no data.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(args.after)),
        )
        proxy = self._envoy("proxy", "EnvoyProxy", NAME, proxy_spec(args.node_selector))
        return self._object(
            "gateway",
            "Gateway",
            NAME,
            gateway_spec(class_name),
            # It names them in words.
            [gateway_class, proxy],
            annotations={"pulumi.com/waitFor": "condition=Programmed"},
        )

    def _model(self, model: ApiModelPlan, before: Sequence[pulumi.Resource]) -> None:
        """What leads to one model."""
        args, name = self._args, object_name(model.name)
        allowed = [client.name for client in args.plan.clients if model.name in client.models]
        guards = [self._security(f"{name}-policy", name, allowed)]
        if model.keyed:
            key = pulumi.Output.from_input(args.engine_keys[model.model])
            guards += [
                self._secret(f"{name}-key", name, {"credential": key.apply(lambda word: f"Bearer {word}")}),
                self._envoy(f"{name}-key", "HTTPRouteFilter", name, credential_spec(name)),
            ]
        self._route(name, name, model_rules(model), [*before, *guards])

    def _route(
        self, name: str, role: str, rules: Sequence[Mapping[str, Any]], before: Sequence[pulumi.Resource]
    ) -> None:
        """The same rules at the Gateway inside the cluster, where any host name will do, and at the public one."""
        for place, route, where in places(name, self._args.plan, self._args.exposure):
            self._object(f"{role}-{place}", "HTTPRoute", route, {**where, "rules": rules}, before)

    def _security(self, role: str, name: str, allowed: Sequence[str] | None) -> pulumi.Resource:
        args = self._args
        targets = [route for _, route, _ in places(name, args.plan, args.exposure)]
        spec = security_spec(targets, allowed, clients_secret(args.plan.clients))
        # Named in words; without it Envoy Gateway would answer everybody with 500.
        return self._envoy(role, "SecurityPolicy", name, spec, [self._clients])

    def _secret(self, role: str, name: str, data: Mapping[str, pulumi.Input[str]]) -> pulumi.Resource:
        return kubernetes.core.v1.Secret(
            f"{self._name}-{role}",
            metadata={
                "name": name,
                "namespace": self._args.namespace,
                "labels": kube.labels("api-keys", name, COMPONENT),
            },
            string_data=data,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _envoy(
        self, role: str, kind: str, name: str, spec: Mapping[str, Any], after: Sequence[pulumi.Resource] = ()
    ) -> CustomResource:
        return self._object(role, kind, name, spec, after, api_version=ENVOY_VERSION)

    def _object(
        self,
        role: str,
        kind: str,
        name: str,
        spec: Mapping[str, Any],
        after: Sequence[pulumi.Resource] = (),
        *,
        api_version: str = API_VERSION,
        annotations: Mapping[str, str] | None = None,
    ) -> CustomResource:
        return CustomResource(
            f"{self._name}-{role}",
            api_version=api_version,
            kind=kind,
            metadata=kube.custom_metadata(
                name, self._args.namespace, kube.labels("api-gateway", name, COMPONENT), annotations or {}
            ),
            spec=spec,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*self._args.after, *after]),
        )


def object_name(model: str) -> str:
    """Name of the objects of a model: those of Kubernetes allow less than a model's name does."""
    plain = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:40].strip("-")
    if plain == model:
        return f"{NAME}-{plain}"
    return "-".join((NAME, *([plain] if plain else []), hashlib.sha256(model.encode()).hexdigest()[:8]))


def clients_secret(clients: Sequence[ClientPlan]) -> str:
    """Name of the Secret with the clients' keys, another for other keys: what a Secret holds does not change, and while
    one of the same name was made anew all requests would get 500."""
    keys = sorted((client.name, client.key_version) for client in clients)
    return f"{CLIENTS}-{hashlib.sha256(json.dumps(keys).encode()).hexdigest()[:8]}"


def client_keys(
    keys: Mapping[str, pulumi.Input[str]], previous: Mapping[str, pulumi.Input[str]]
) -> dict[str, pulumi.Input[str]]:
    """The Secret's content: a key for each name, by which the script knows whose it is."""
    return {**keys, **{f"{name}{PREVIOUS}": key for name, key in previous.items()}}


def proxy_spec(node_selector: Mapping[str, str]) -> dict[str, Any]:
    """How Envoy runs, and the Service before it."""
    deployment: dict[str, Any] = {"replicas": PROXIES}
    if node_selector:
        deployment["pod"] = {"nodeSelector": dict(node_selector)}
    inside = {"envoyDeployment": deployment, "envoyService": {"type": "ClusterIP"}}
    return {"provider": {"type": "Kubernetes", "kubernetes": inside}, **ACCOUNTS}


def gateway_spec(class_name: str) -> dict[str, Any]:
    """One listener, for whoever is in the cluster."""
    return {
        "gatewayClassName": class_name,
        "infrastructure": {"parametersRef": {"group": _ENVOY_GROUP, "kind": "EnvoyProxy", "name": NAME}},
        "listeners": [
            {"name": HTTP, "protocol": "HTTP", "port": PORT, "allowedRoutes": {"namespaces": {"from": "Same"}}}
        ],
    }


def places(name: str, plan: ApiPlan, exposure: ExposurePlan | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where a route hangs: role, the route's name, and its spec without rules."""
    yield "inside", name, {"parentRefs": [{"name": NAME, "sectionName": HTTP}]}
    if plan.host is not None and exposure is not None:
        reference = parent(exposure, section(exposure, plan.host))
        yield "public", f"{name}-public", {"parentRefs": [reference], "hostnames": [plan.host]}


def model_rules(model: ApiModelPlan) -> list[dict[str, Any]]:
    """The paths of one model, where the script has read its name out of the request."""
    backend: dict[str, Any] = {"name": model.service, "port": model.port}
    if model.keyed:
        backend["filters"] = [_extension(object_name(model.name))]
    header = {"type": "Exact", "name": MODEL_HEADER, "value": model.name}
    return [
        {
            "matches": [{"path": {"type": "Exact", "value": path}, "headers": [header]} for path in model.paths],
            "timeouts": {"request": REQUEST_TIMEOUT},
            "backendRefs": [backend],
        }
    ]


def unknown_rules() -> list[dict[str, Any]]:
    """All that no model answers. Each request is found here first: the model is not known yet."""
    return [{"matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}], "filters": [_extension(UNKNOWN)]}]


REFUSALS = (
    (401, "This API key is not valid, or not any more.", "authentication_error", "invalid_api_key"),
    (413, "The request is larger than this API takes.", "invalid_request_error", "request_too_large"),
)
"""What Envoy says before the script is asked: status, message, type and code, as clients of OpenAI's API read them. The
rest the script puts into words, which knows when to ask again."""


def refusal(message: str, kind: str, code: str) -> str:
    """An error as OpenAI's API has it (its reference: error codes)."""
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


UNKNOWN_SPEC = {
    "directResponse": {
        "statusCode": 404,
        "contentType": "application/json",
        "body": {
            "type": "Inline",
            "inline": refusal(
                "There is no such model, or it is not asked by this path.", "invalid_request_error", "model_not_found"
            ),
        },
    }
}
"""As OpenAI's API answers for a model that does not exist."""


def credential_spec(secret: str) -> dict[str, Any]:
    """The engine's key in place of the client's, which was taken away before."""
    return {"credentialInjection": {"overwrite": True, "credential": {"valueRef": {"name": secret}}}}


def security_spec(targets: Sequence[str], allowed: Sequence[str] | None, secret: str) -> dict[str, Any]:
    """A key of the Secret is asked for at these routes, and opens them to the clients that are `allowed`; None: to
    all."""
    authorization: dict[str, Any] = {"defaultAction": "Allow" if allowed is None else "Deny"}
    if allowed:
        # An empty list is not kept by the API server, and would be a change at every `up`.
        principal = {"headers": [{"name": CLIENT_HEADER, "values": list(allowed)}]}
        authorization["rules"] = [{"name": "clients", "action": "Allow", "principal": principal}]
    return {
        "targetRefs": [{"group": _GATEWAY_GROUP, "kind": "HTTPRoute", "name": name} for name in targets],
        "apiKeyAuth": {
            "credentialRefs": [{"name": secret}],
            "extractFrom": [{"headers": ["Authorization"]}],
            "forwardClientIDHeader": CLIENT_HEADER,
            "sanitize": True,
        },
        "authorization": authorization,
    }


def script_spec(
    plan: ApiPlan, previous: Mapping[str, object], cold_starts: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The script, with what it must know of clients and models."""
    context: dict[str, Any] = {
        "ends": dict(ends(plan.clients, previous)),
        "models": {client.name: list(client.models) for client in plan.clients},
        **({"cold_starts": dict(cold_starts)} if cold_starts else {}),
    }
    context["version"] = hashlib.sha256(json.dumps(context, sort_keys=True).encode()).hexdigest()[:8]
    lua = {"type": "Inline", "inline": SCRIPT.read_text(encoding="utf-8"), "filterContext": context}
    return {"targetSelectors": [_ROUTES], "lua": [lua]}


def ends(clients: Sequence[ClientPlan], previous: Mapping[str, object]) -> Iterator[tuple[str, int]]:
    """From when on keys open nothing, in seconds since 1970."""
    for client in clients:
        moments = [_seconds(each) for each in (client.expires, client.previous_until) if each is not None]
        if client.expires is not None:
            yield client.name, _seconds(client.expires)
        if client.name in previous and moments:
            yield f"{client.name}{PREVIOUS}", min(moments)


def traffic_spec(plan: ApiPlan) -> dict[str, Any]:
    """What Envoy does about pods that do not answer, bodies that are too large, and clients that ask for too much."""
    spec: dict[str, Any] = {
        **{name: value for name, value in TRAFFIC.items() if name != "targetRefs"},
        "targetSelectors": [_ROUTES],
        "requestBuffer": {"limit": f"{plan.body_mib}Mi"},
        "responseOverride": [
            {
                "match": {"statusCodes": [{"type": "Value", "value": status}]},
                "source": "Local",
                "response": {
                    "contentType": "application/json",
                    "body": {"type": "Inline", "inline": refusal(message, kind, code)},
                },
            }
            for status, message, kind, code in REFUSALS
        ],
    }
    if plan.redis is not None:
        spec["rateLimit"] = {"type": "Global", "global": {"rules": list(limit_rules(plan.clients))}}
    return spec


def limit_rules(clients: Sequence[ClientPlan]) -> Iterator[dict[str, Any]]:
    """Limits are each client's own, over all models. What a request costs in tokens is known when it was answered, so
    that the answer that reaches the limit is given whole, and the next one refused."""
    used = {"from": "Metadata", "metadata": {"namespace": METADATA, "key": "tokens"}}
    tokens = {"cost": {"request": {"from": "Number", "number": 0}, "response": used}}
    for field, unit, cost in (
        ("requests_per_minute", "Minute", {}),
        ("tokens_per_minute", "Minute", tokens),
        ("tokens_per_day", "Day", tokens),
    ):
        alike: dict[int, list[str]] = {}
        for client in clients:
            limit = getattr(client, field)
            if limit is not None:
                alike.setdefault(limit, []).append(client.name)
        for limit, names in alike.items():
            for first in range(0, len(names), _NAMES_PER_RULE):
                yield {
                    "clientSelectors": [{"headers": _each_of(names[first : first + _NAMES_PER_RULE])}],
                    "limit": {"requests": limit, "unit": unit},
                    "shared": True,
                    **cost,
                }


def _each_of(names: Sequence[str]) -> list[dict[str, str]]:
    """These clients, with a counter each."""
    return [
        {"type": "RegularExpression", "name": CLIENT_HEADER, "value": "|".join(names)},
        {"type": "Distinct", "name": CLIENT_HEADER},
    ]


_NOT_THEIRS = {"headers": {"earlyRequestHeaders": {"remove": [CLIENT_HEADER, MODEL_HEADER]}}}
"""Headers that nobody brings along, whatever becomes of the policies that set them."""


def connections(plan: ApiPlan, exposure: ExposurePlan | None) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Role, name and spec of what holds for connections. Who sends slowly does not hold one for ever; at a listener
    that is the page's too, files may take longer."""
    gateway = {"group": _GATEWAY_GROUP, "kind": "Gateway"}
    targets, shared = [{**gateway, "name": NAME}], []
    if plan.host is not None and exposure is not None and exposure.attach_to is None:
        listener = section(exposure, plan.host)
        (shared if listener == HTTP else targets).append({**gateway, **parent(exposure, listener)})
    timeout = {"timeout": {"http": {"requestReceivedTimeout": f"{SENDING_SECONDS}s"}}}
    yield "connections", NAME, {"targetRefs": targets, **timeout, **_NOT_THEIRS}
    if shared:
        yield "connections-public", f"{NAME}-public", {"targetRefs": shared, **_NOT_THEIRS}


_ROUTES = {"group": _GATEWAY_GROUP, "kind": "HTTPRoute", "matchLabels": {kube.COMPONENT_LABEL: COMPONENT}}
"""All routes of the API."""


def _extension(name: str) -> dict[str, Any]:
    return {"type": "ExtensionRef", "extensionRef": {"group": _ENVOY_GROUP, "kind": "HTTPRouteFilter", "name": name}}


def _seconds(moment: str) -> int:
    """Of a day or a moment in UTC, in ISO 8601."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp())
