"""What can be wrong with the way in."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Fix, Text, error, note, warning
from settings.translation import joined, listed, tr


@error(
    meaning=tr("A gateway or an ingress has no host name."),
    example="expose: {via: gateway}",
    fix=tr("Set expose.host, or use port-forward."),
    source="planner/access/check.py",
    forceable=False,
)
def host_missing(*, via: str) -> Text:
    return Text(
        message=tr("The {via} needs the host name that people type.", via=via),
        remedy=tr("Set expose.host to a name that you point at the load balancer, or use via: port-forward."),
    )


@note(
    meaning=tr("A public domain that is served from the mainland needs an ICP filing."),
    example="expose: {via: gateway, host: chat.example.com}   # in ap-guangzhou",
    fix=tr("File the domain, or use an internal load balancer."),
    source="Regulations of the People's Republic of China on Internet information services",
)
def icp_filing(*, host: str, region: str | None) -> Text:
    return Text(
        message=tr("A public domain that is served from the mainland ({region}) needs an ICP filing.", region=region),
        remedy=tr("See that {host} is filed, or use internal: true.", host=host),
        given=host,
    )


@warning(
    meaning=tr(
        "The Ingress class is that of TKE's own controller, but whether the cluster is one of TKE is not known."
    ),
    example="cluster: {existing: {kubeconfigPath: kubeconfig}} with expose: {via: ingress, host: chat.example.com}",
    fix=tr("Set expose.ingressClass."),
    source="vendor document 457/37013",
)
def ingress_class_assumed(*, ingress_class: str) -> Text:
    return Text(
        message=tr(
            "{ingress_class} is TKE's own Ingress class; whether this cluster is one of TKE is not known.",
            ingress_class=ingress_class,
        ),
        remedy=tr("Name the class of the controller that runs there."),
        given=ingress_class,
    )


@note(
    meaning=tr(
        "A CLB ends a request on which nothing comes back for a minute; a long answer that is not streamed is lost."
    ),
    example="expose: {via: ingress, host: chat.example.com, tls: {certificateId: abc123}}",
    fix=tr("Stream answers (the chat page does), use a gateway, or have the CLB's personalised configuration changed."),
    source="CLB's personalised configuration (proxy_read_timeout, 60 s unless changed); not confirmed on TKE",
)
def ingress_idle_timeout() -> Text:
    return Text(
        message=tr(
            "A CLB ends a request for which nothing comes back for 60 seconds, and no annotation of an "
            "Ingress changes that: long answers must be streamed."
        ),
        remedy=tr("Use via: gateway where clients wait for whole answers."),
    )


@error(
    meaning=tr("The certificate comes from no place, or from more than one."),
    example="expose: {via: gateway, host: chat.example.com, tls: {secret: chat, issuer: letsencrypt}}",
    fix=tr("Give one of secret, issuer and certificateId."),
    source="planner/access/check.py",
    forceable=False,
)
def tls_source(*, given: Sequence[str], allowed: Sequence[str], kept: Sequence[tuple[str, str]]) -> Text:
    """Names of the keys that are `given` and that are `allowed` here. `kept`: those with their values that may stay."""
    names = [name for name, _ in kept]
    return Text(
        message=tr("A certificate comes from one place.")
        if given
        else tr("No place is named that holds the certificate."),
        remedy=tr("Keep {names}.", names=joined(names, " or "))
        if kept
        else tr("Set {allowed}.", allowed=joined(allowed, " or ")),
        given=", ".join(given),
        allowed=tr("one of {allowed}", allowed=joined(allowed)),
        fix=(("", dict(kept)),) if len(kept) == 1 else (),
    )


@error(
    meaning=tr("The certificate lies where this way in cannot take it from."),
    example="expose: {via: gateway, host: chat.example.com, tls: {certificateId: abc123}}",
    fix=tr("certificateId goes with the Ingress class qcloud; a gateway and any other class take secret or issuer."),
    source="vendor document 457/45738 (an Opaque Secret with qcloud_cert_id); gateway.networking.k8s.io "
    "(certificateRefs)",
    forceable=False,
)
def certificate_not_for_road(*, given: str, allowed: Sequence[str], by_id: bool, fix: Fix) -> Text:
    """`by_id`: the Ingress class takes a certificate of Tencent Cloud's by its id and no other."""
    return Text(
        message=tr("The Ingress class qcloud takes its certificate from Tencent Cloud SSL, by its id.")
        if by_id
        else tr("TLS ends inside the cluster here, so the certificate must be a Secret there."),
        remedy=tr("Use {allowed}, or via: gateway, which takes a Secret.", allowed=joined(allowed, " or "))
        if by_id
        else tr("Use secret or issuer, or the Ingress class qcloud."),
        given=given,
        allowed=", ".join(allowed),
        fix=fix,
    )


@note(
    meaning=tr("The certificate is made by cert-manager, which this stack does not install."),
    example="expose: {via: gateway, host: chat.example.com, tls: {issuer: letsencrypt}}",
    fix=tr("Install cert-manager and the ClusterIssuer; for a gateway with config.enableGatewayAPI."),
    source="cert-manager.io, usage/gateway",
)
def cert_manager_needed(*, issuer: str, gateway: bool) -> Text:
    return Text(
        message=tr(
            "cert-manager is not installed by this stack, and it takes part in Gateway API only where that "
            "is turned on (config.enableGatewayAPI)."
        )
        if gateway
        else tr("cert-manager is not installed by this stack."),
        remedy=tr("See that it runs in the cluster and has the ClusterIssuer {issuer}.", issuer=issuer),
        given=issuer,
    )


@warning(
    meaning=tr("Passwords and chats travel without encryption."),
    example="expose: {via: gateway, host: chat.example.com}",
    fix=tr("Set expose.tls."),
    source="planner/access/check.py",
)
def plain_http(*, attached: bool) -> Text:
    """`attached`: to a Gateway that exists; otherwise the load balancer is inside the VPC."""
    if not attached:
        return Text(
            message=tr("Passwords and chats travel unencrypted inside the VPC: there is no certificate."),
            remedy=tr("Set expose.tls."),
        )
    return Text(
        message=tr("Whether the Gateway ends TLS is not known, so addresses begin with http."),
        remedy=tr("Write tls: {} where it does."),
        fix=(("", {}),),
    )


@error(
    meaning=tr(
        "A load balancer on the Internet has no certificate, so that passwords, API keys and chats could "
        "be read on their way."
    ),
    example="expose: {via: gateway, host: chat.example.com}",
    fix=tr(
        "Set expose.tls, or keep the load balancer inside the VPC (internal), where plain HTTP is a "
        "warning. An allow-list keeps strangers out and hides nothing on the way. Force the code where "
        "TLS ends in front of it."
    ),
    source="docs/security.md (what is public speaks TLS)",
    rules=("PUBLIC_WITHOUT_TLS",),
)
def plaintext_public(*, shaped: bool) -> Text:
    """`shaped`: the load balancer is the stack's own, which it could keep inside the VPC."""
    return Text(
        message=tr("Passwords, API keys and chats would cross the Internet unencrypted: there is no certificate."),
        remedy=tr("Set expose.tls, or keep the load balancer inside the VPC with internal: true.")
        if shaped
        else tr("Set expose.tls, or use via: port-forward."),
        allowed=tr("tls, or internal: true") if shaped else "tls",
        fix=(("expose.internal", True),) if shaped else (("expose", {"via": "port-forward"}),),
    )


@error(
    meaning=tr("A key would shape a load balancer that this stack does not control."),
    example="expose: {via: ingress, ingressClass: nginx, host: chat.example.com, internal: true}",
    fix=tr("Remove the key, and set it where the load balancer is made."),
    source="planner/access/decide.py",
    forceable=False,
)
def balancer_not_ours(*, key: str, given: str, ingress_class: str | None) -> Text:
    """`ingress_class`: whose load balancer it is; None on a cluster of which only the kubeconfig is known."""
    why = (
        tr("on a cluster that is known by its kubeconfig only.")
        if ingress_class is None
        else tr(
            "of the Ingress class {ingress_class}; its controller has a load balancer of its own.",
            ingress_class=ingress_class,
        )
    )
    return Text(
        message=tr("{key} cannot shape the load balancer {why}", key=key, why=why),
        remedy=tr("Remove it."),
        given=given,
        fix=(("", None),),
    )


@error(
    meaning=tr("An internal load balancer is requested in an existing cluster whose subnets are not named."),
    example="cluster: {existing: {id: cls-1}} with expose: {via: gateway, host: chat.example.com, internal: true}",
    fix=tr("Set network.vpcId, network.zones and network.subnetIds."),
    source="vendor document 457/51258 (qcloud-loadbalancer-internal-subnetid)",
    forceable=False,
)
def internal_without_subnet() -> Text:
    return Text(
        message=tr("An internal load balancer lies in a subnet, and none of the cluster's is named."),
        remedy=tr("Set network.vpcId, .zones and .subnetIds to those of the cluster."),
        allowed=tr("the id of a subnet"),
    )


@error(
    meaning=tr("There is neither a chat page nor a model that asks for a key."),
    example="webui: false with one Ollama model and expose: {via: gateway, host: chat.example.com}",
    fix=tr("Turn the chat page on, or use port-forward."),
    source="planner/access/check.py",
    forceable=False,
)
def nothing_to_expose(*, via: str) -> Text:
    return Text(
        message=tr("There is no chat page, and no model asks for a key, so nothing may be reached from outside."),
        remedy=tr("Turn the chat page on, or use via: port-forward."),
        given=via,
        fix=(("webui", True),),
    )


@note(
    meaning=tr(
        "A model without an API key is never reached from outside directly; the chat page, which asks "
        "people to log in, speaks for it."
    ),
    example="models: {chat: {model: 'qwen3:8b', engine: ollama}} with expose: {via: gateway, host: chat.example.com}",
    fix=tr("Serve it with vllm or sglang to have an API."),
    source="ollama envconfig/config.go (no authentication)",
)
def model_not_routed(*, model: str, engine: str, title: str, others: Sequence[str]) -> Text:
    """`others` are the engines that ask for a key."""
    return Text(
        message=tr(
            "{title} asks for no key, so {model} is reached through the chat page only.", title=title, model=model
        ),
        remedy=tr("Serve it with {others} to have an API at the host.", others=listed(others, "or")),
        given=engine,
    )


@error(
    meaning=tr("The path of a model's API is one that the chat page on the same host has for itself."),
    example="models: {api: {…}} with expose: {via: gateway, host: chat.example.com}",
    fix=tr("Set expose.apiHost, or give the model another key."),
    source="open-webui backend/open_webui/main.py",
    forceable=False,
)
def path_taken(*, model: str, path: str, host: str | None, api_host: str | None) -> Text:
    return Text(
        message=tr(
            "The model {model} would be at {path} of {host}, where the chat page has paths of its own.",
            model=model,
            path=path,
            host=host,
        ),
        remedy=tr("Give the API a host name of its own, or the model another key."),
        given=api_host or "",
        fix=(("", f"api.{host}"),) if host else (),
    )


@note(
    meaning=tr("With an Ingress each of several models is reached by a host name of its own."),
    example="two models with expose: {via: ingress, host: chat.example.com}",
    fix=tr("Have DNS and a certificate for all of them, or use a gateway, where they lie under one host."),
    source="planner/access/decide.py",
)
def host_per_model(*, models: Iterable[str], host: str) -> Text:
    return Text(
        message=tr(
            "An Ingress gives each of several models a host name: {names}.",
            names=joined(f"{model}.{host}" for model in models),
        ),
        remedy=tr("Point *.{host} at the load balancer, and have a certificate that covers it.", host=host),
        given=host,
    )


@warning(
    meaning=tr("The load balancer of the Ingress may not take all its rules: each path of each model is one."),
    example="nine models that chat with expose: {via: ingress, host: chat.example.com}",
    fix=tr("Have the quota of the CLB raised, use a gateway, or serve fewer models by one stack."),
    source="vendor document 214/6187 (50 domain name and URL forwarding rules for an HTTP or HTTPS listener)",
)
def forwarding_rules_many(*, rules: int, most: int) -> Text:
    return Text(
        message=tr(
            "The Ingress has {rules} rules, and a listener of a CLB takes {most} unless its quota was raised.",
            rules=rules,
            most=most,
        ),
        remedy=tr("Ask for a higher quota, or use via: gateway, where the CLB forwards by port."),
        given=tr("{rules} rules", rules=rules),
        allowed=tr("up to {most} rules", most=most),
    )
