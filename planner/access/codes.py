"""What can be wrong with the way in, and with the closed namespace behind it."""

from collections.abc import Iterable, Sequence

from settings.diagnostics import Fix, Text, error, listed, note, warning


@error(
    meaning="A gateway or an ingress has no host name.",
    example="expose: {via: gateway}",
    fix="Set expose.host, or use port-forward.",
    source="planner/access/check.py",
    forceable=False,
)
def host_missing(*, via: str) -> Text:
    return Text(
        message=f"The {via} needs the host name that people type.",
        remedy="Set expose.host to a name that you point at the load balancer, or use via: port-forward.",
    )


@note(
    meaning="A public domain that is served from the mainland needs an ICP filing.",
    example="expose: {via: gateway, host: chat.example.com}   # in ap-guangzhou",
    fix="File the domain, or use an internal load balancer.",
    source="Regulations of the People's Republic of China on Internet information services",
)
def icp_filing(*, host: str, region: str | None) -> Text:
    return Text(
        message=f"A public domain that is served from the mainland ({region}) needs an ICP filing.",
        remedy=f"See that {host} is filed, or use internal: true.",
        given=host,
    )


@error(
    meaning="A Gateway, or Envoy Gateway, is expected in a cluster that this stack is about to make.",
    example="expose: {via: gateway, host: chat.example.com, install: none}   # without cluster.existing",
    fix="Let the stack install it. Force the code where it was installed after a first `pulumi up`.",
    source="planner/access/check.py",
)
def gateway_absent(*, gateway: str | None) -> Text:
    return Text(
        message="The cluster is made by this stack, so no Gateway or Envoy Gateway is in it yet.",
        remedy="Let the stack install it (install: market), or use a cluster that has it (cluster.existing).",
        given=gateway or "none",
        fix=(("expose.gateway", None), ("expose.install", "market")),
    )


@error(
    meaning="The app market cannot install into a cluster that is known by its kubeconfig only.",
    example="cluster: {existing: {kubeconfigPath: kubeconfig}} with expose: {via: gateway, host: chat.example.com}",
    fix="Use install: helm or none, or name the cluster by its id.",
    source="vendor document 457/83554 (ClusterId is required)",
    forceable=False,
)
def market_needs_cluster_id() -> Text:
    return Text(
        message="The app market installs into TKE clusters that are named by their id; of this one only a kubeconfig "
        "is known.",
        remedy="Use install: helm, or none where Envoy Gateway is there already.",
        given="market",
        allowed="helm, none",
        fix=(("", "helm"),),
    )


@note(
    meaning="Envoy Gateway is installed into a cluster that other stacks may use; a second installation there fails.",
    example="cluster: {existing: {id: cls-1}} with expose: {via: gateway, host: chat.example.com}",
    fix="Use install: none where Envoy Gateway is there already.",
    source="Envoy Gateway's cluster-scoped objects have fixed names.",
)
def gateway_shared(*, install: str) -> Text:
    return Text(
        message="Envoy Gateway is installed into a cluster that this stack did not make; a second installation in one "
        "cluster fails.",
        remedy="Set install: none where Envoy Gateway is there already.",
        given=install,
    )


@error(
    meaning="A key would shape the certificate or the load balancer of a Gateway that exists already.",
    example="expose: {via: gateway, host: chat.example.com, gateway: infra/shared, internal: true}",
    fix="Remove the key, and set it on that Gateway.",
    source="planner/access/check.py",
    forceable=False,
)
def gateway_not_ours(*, key: str | None, given: str = "") -> Text:
    """`key`: None where it is one of the certificate's."""
    if key is None:
        return Text(
            message="The certificate of a Gateway that exists already is its own.",
            remedy="Write tls: {} to say that it ends TLS.",
            fix=(("", None),),
        )
    return Text(
        message=f"{key} cannot be set for a Gateway that exists already.",
        remedy="Remove it.",
        given=given,
        fix=(("", None),),
    )


@warning(
    meaning="The Ingress class is that of TKE's own controller, but whether the cluster is one of TKE is not known.",
    example="cluster: {existing: {kubeconfigPath: kubeconfig}} with expose: {via: ingress, host: chat.example.com}",
    fix="Set expose.ingressClass.",
    source="vendor document 457/37013",
)
def ingress_class_assumed(*, ingress_class: str) -> Text:
    return Text(
        message=f"{ingress_class} is TKE's own Ingress class; whether this cluster is one of TKE is not known.",
        remedy="Name the class of the controller that runs there.",
        given=ingress_class,
    )


@note(
    meaning="A CLB ends a request on which nothing comes back for a minute; a long answer that is not streamed is "
    "lost.",
    example="expose: {via: ingress, host: chat.example.com, tls: {certificateId: abc123}}",
    fix="Stream answers (the chat page does), use a gateway, or have the CLB's personalised configuration changed.",
    source="CLB's personalised configuration (proxy_read_timeout, 60 s unless changed); not confirmed on TKE",
)
def ingress_idle_timeout() -> Text:
    return Text(
        message="A CLB ends a request for which nothing comes back for 60 seconds, and no annotation of an Ingress "
        "changes that: long answers must be streamed.",
        remedy="Use via: gateway where clients wait for whole answers.",
    )


@error(
    meaning="The certificate comes from no place, or from more than one.",
    example="expose: {via: gateway, host: chat.example.com, tls: {secret: chat, issuer: letsencrypt}}",
    fix="Give one of secret, issuer and certificateId.",
    source="planner/access/check.py",
    forceable=False,
)
def tls_source(*, given: Sequence[str], allowed: Sequence[str], kept: Sequence[tuple[str, str]]) -> Text:
    """Names of the keys that are `given` and that are `allowed` here. `kept`: those with their values that may stay."""
    names = [name for name, _ in kept]
    return Text(
        message="A certificate comes from one place." if given else "No place is named that holds the certificate.",
        remedy=f"Keep {' or '.join(names)}." if kept else f"Set {' or '.join(allowed)}.",
        given=", ".join(given),
        allowed=f"one of {', '.join(allowed)}",
        fix=(("", dict(kept)),) if len(kept) == 1 else (),
    )


@error(
    meaning="The certificate lies where this way in cannot take it from.",
    example="expose: {via: gateway, host: chat.example.com, tls: {certificateId: abc123}}",
    fix="certificateId goes with the Ingress class qcloud; a gateway and any other class take secret or issuer.",
    source="vendor document 457/45738 (an Opaque Secret with qcloud_cert_id); gateway.networking.k8s.io "
    "(certificateRefs)",
    forceable=False,
)
def certificate_not_for_road(*, given: str, allowed: Sequence[str], by_id: bool, fix: Fix) -> Text:
    """`by_id`: the Ingress class takes a certificate of Tencent Cloud's by its id and no other."""
    return Text(
        message="The Ingress class qcloud takes its certificate from Tencent Cloud SSL, by its id."
        if by_id
        else "TLS ends inside the cluster here, so the certificate must be a Secret there.",
        remedy=f"Use {' or '.join(allowed)}, or via: gateway, which takes a Secret."
        if by_id
        else "Use secret or issuer, or the Ingress class qcloud.",
        given=given,
        allowed=", ".join(allowed),
        fix=fix,
    )


@note(
    meaning="The certificate is made by cert-manager, which this stack does not install.",
    example="expose: {via: gateway, host: chat.example.com, tls: {issuer: letsencrypt}}",
    fix="Install cert-manager and the ClusterIssuer; for a gateway with config.enableGatewayAPI.",
    source="cert-manager.io, usage/gateway",
)
def cert_manager_needed(*, issuer: str, gateway: bool) -> Text:
    return Text(
        message="cert-manager is not installed by this stack, and it takes part in Gateway API only where that is "
        "turned on (config.enableGatewayAPI)."
        if gateway
        else "cert-manager is not installed by this stack.",
        remedy=f"See that it runs in the cluster and has the ClusterIssuer {issuer}.",
        given=issuer,
    )


@warning(
    meaning="Passwords and chats travel without encryption.",
    example="expose: {via: gateway, host: chat.example.com}",
    fix="Set expose.tls.",
    source="planner/access/check.py",
)
def plain_http(*, attached: bool) -> Text:
    """`attached`: to a Gateway that exists; otherwise the load balancer is inside the VPC."""
    if not attached:
        return Text(
            message="Passwords and chats travel unencrypted inside the VPC: there is no certificate.",
            remedy="Set expose.tls.",
        )
    return Text(
        message="Whether the Gateway ends TLS is not known, so addresses begin with http.",
        remedy="Write tls: {} where it does.",
        fix=(("", {}),),
    )


@error(
    meaning="A load balancer on the Internet has no certificate, so that passwords, API keys and chats could be "
    "read on their way.",
    example="expose: {via: gateway, host: chat.example.com}",
    fix="Set expose.tls, or keep the load balancer inside the VPC (internal), where plain HTTP is a warning. An "
    "allow-list keeps strangers out and hides nothing on the way. Force the code where TLS ends in front of it.",
    source="docs/security.md (what is public speaks TLS)",
    rules=("PUBLIC_WITHOUT_TLS",),
)
def plaintext_public(*, shaped: bool) -> Text:
    """`shaped`: the load balancer is the stack's own, which it could keep inside the VPC."""
    return Text(
        message="Passwords, API keys and chats would cross the Internet unencrypted: there is no certificate.",
        remedy="Set expose.tls, or keep the load balancer inside the VPC with internal: true."
        if shaped
        else "Set expose.tls, or use via: port-forward.",
        allowed="tls, or internal: true" if shaped else "tls",
        fix=(("expose.internal", True),) if shaped else (("expose", {"via": "port-forward"}),),
    )


@error(
    meaning="A key would shape a load balancer that this stack does not control.",
    example="expose: {via: ingress, ingressClass: nginx, host: chat.example.com, internal: true}",
    fix="Remove the key, and set it where the load balancer is made.",
    source="planner/access/decide.py",
    forceable=False,
)
def balancer_not_ours(*, key: str, given: str, ingress_class: str | None) -> Text:
    """`ingress_class`: whose load balancer it is; None on a cluster of which only the kubeconfig is known."""
    why = (
        "on a cluster that is known by its kubeconfig only."
        if ingress_class is None
        else f"of the Ingress class {ingress_class}; its controller has a load balancer of its own."
    )
    return Text(
        message=f"{key} cannot shape the load balancer {why}",
        remedy="Remove it.",
        given=given,
        fix=(("", None),),
    )


@error(
    meaning="An internal load balancer is requested in an existing cluster whose subnets are not named.",
    example="cluster: {existing: {id: cls-1}} with expose: {via: gateway, host: chat.example.com, internal: true}",
    fix="Set network.vpcId, network.zones and network.subnetIds.",
    source="vendor document 457/51258 (qcloud-loadbalancer-internal-subnetid)",
    forceable=False,
)
def internal_without_subnet() -> Text:
    return Text(
        message="An internal load balancer lies in a subnet, and none of the cluster's is named.",
        remedy="Set network.vpcId, .zones and .subnetIds to those of the cluster.",
        allowed="the id of a subnet",
    )


@error(
    meaning="There is neither a chat page nor a model that asks for a key.",
    example="webui: false with one Ollama model and expose: {via: gateway, host: chat.example.com}",
    fix="Turn the chat page on, or use port-forward.",
    source="planner/access/check.py",
    forceable=False,
)
def nothing_to_expose(*, via: str) -> Text:
    return Text(
        message="There is no chat page, and no model asks for a key, so nothing may be reached from outside.",
        remedy="Turn the chat page on, or use via: port-forward.",
        given=via,
        fix=(("webui", True),),
    )


@note(
    meaning="A model without an API key is never reached from outside directly; the chat page, which asks people to "
    "log in, speaks for it.",
    example="models: {chat: {model: 'qwen3:8b', engine: ollama}} with expose: {via: gateway, host: chat.example.com}",
    fix="Serve it with vllm or sglang to have an API.",
    source="ollama envconfig/config.go (no authentication)",
)
def model_not_routed(*, model: str, engine: str, title: str, others: Sequence[str]) -> Text:
    """`others` are the engines that ask for a key."""
    return Text(
        message=f"{title} asks for no key, so {model} is reached through the chat page only.",
        remedy=f"Serve it with {listed(others, 'or')} to have an API at the host.",
        given=engine,
    )


@error(
    meaning="The path of a model's API is one that the chat page on the same host has for itself.",
    example="models: {api: {…}} with expose: {via: gateway, host: chat.example.com}",
    fix="Set expose.apiHost, or call the model otherwise.",
    source="open-webui backend/open_webui/main.py",
    forceable=False,
)
def path_taken(*, model: str, path: str, host: str | None, api_host: str | None) -> Text:
    return Text(
        message=f"The model {model} would be at {path} of {host}, where the chat page has paths of its own.",
        remedy="Give the API a host name of its own, or the model another key.",
        given=api_host or "",
        fix=(("", f"api.{host}"),) if host else (),
    )


@note(
    meaning="With an Ingress each of several models is reached by a host name of its own.",
    example="two models with expose: {via: ingress, host: chat.example.com}",
    fix="Have DNS and a certificate for all of them, or use a gateway, where they lie under one host.",
    source="planner/access/decide.py",
)
def host_per_model(*, models: Iterable[str], host: str) -> Text:
    return Text(
        message="An Ingress gives each of several models a host name: "
        f"{', '.join(f'{model}.{host}' for model in models)}.",
        remedy=f"Point *.{host} at the load balancer, and have a certificate that covers it.",
        given=host,
    )


@warning(
    meaning="The load balancer of the Ingress may not take all its rules: each path of each model is one.",
    example="nine models that chat with expose: {via: ingress, host: chat.example.com}",
    fix="Have the quota of the CLB raised, use a gateway, or serve fewer models by one stack.",
    source="vendor document 214/6187 (50 domain name and URL forwarding rules for an HTTP or HTTPS listener)",
)
def forwarding_rules_many(*, rules: int, most: int) -> Text:
    return Text(
        message=f"The Ingress has {rules} rules, and a listener of a CLB takes {most} unless its quota was raised.",
        remedy="Ask for a higher quota, or use via: gateway, where the CLB forwards by port.",
        given=f"{rules} rules",
        allowed=f"up to {most} rules",
    )


@warning(
    meaning="The stack makes no NetworkPolicies, so every pod of the cluster reaches the models' unguarded routes "
    "and the chat page.",
    example="networkPolicy: false",
    fix="Remove the key. A further namespace gets in by networkPolicy.admit, a private mirror is reached by "
    "networkPolicy.reach.",
    source="vLLM documentation, usage/security (the API key guards /v1 only); vendor document 457/31424",
)
def network_policy_off() -> Text:
    return Text(
        message="Every pod of the cluster may talk to the models and the chat page, and these to everything.",
        remedy="Remove the key, so that the namespace is closed but for what the stack needs.",
        given="false",
        fix=(("", None),),
    )


@warning(
    meaning="NetworkPolicies are made, but nothing is known to enforce them (a note on a cluster that exists already).",
    example="networkPolicy: {addon: false}",
    fix="Install the add-on Network Policy, by this stack or in the console.",
    source="vendor document 457/31424 (policies hold where the add-on runs)",
)
def network_policy_unenforced(*, owned: bool) -> Text:
    """`owned`: the cluster is the stack's own, where nothing else would enforce them."""
    if not owned:
        return Text(
            severity="note",
            message="NetworkPolicies hold only where something in the cluster enforces them, which is not known of a "
            "cluster that exists already.",
            remedy="See that it does: on TKE by the add-on Network Policy. docs/security.md has a test.",
        )
    return Text(
        message="Without the add-on nothing in a new cluster enforces the NetworkPolicies.",
        remedy="Install it in the console (Network Policy), or let the stack do it.",
        given="false",
        fix=(("", None),),
    )


@note(
    meaning="The add-on that enforces NetworkPolicies is installed by a name that nobody has confirmed.",
    example="cluster: {}   # a cluster of our own, networkPolicy on",
    fix="If `pulumi up` ends by saying that there is no such add-on, all else is up (but Ollama, which waits for "
    "it): set networkPolicy.addon to false and install Network Policy in the console.",
    source="catalog/data/addons.yaml (networkpolicy)",
    when="asked",
)
def addon_name_assumed(*, addon: str) -> Text:
    return Text(
        message=f"The name of the add-on that enforces NetworkPolicies, {addon}, follows from that of its DaemonSet; "
        "nobody has confirmed it.",
        remedy="If `pulumi up` ends by saying that there is no such add-on, all else is up: set networkPolicy.addon to "
        "false and install Network Policy in the console.",
    )


@warning(
    meaning="Pods on super nodes are not kept in by the add-on that enforces NetworkPolicies on machines.",
    example="pools: {gpu: {kind: super, gpuType: T4}}",
    fix="Ask for the eNP add-on (it needs VPC-CNI with shared network interfaces), or rely on API key and security "
    "group.",
    source="vendor document 457/115877 (eNP runs on super nodes only)",
)
def network_policy_not_on_super_nodes() -> Text:
    return Text(
        message="On super nodes the add-on that enforces NetworkPolicies does not run; another, eNP, does so where "
        "pods share network interfaces (VPC-CNI), and this stack does not install it.",
        remedy="Ask for eNP in the console, or rely on the API key and the security group.",
        given="super",
    )


@warning(
    meaning="A model's pods are on their machines' own network for RDMA, where no NetworkPolicy holds.",
    example="pools: {gpu: {kind: ordinary, instanceType: HCCPNV6.96XLARGE2304, nodes: 2}} with models: {chat: "
    "{gpus: 16}}",
    fix="Keep the nodes' security group closed, and other workloads off this VPC.",
    source="Kubernetes documentation, network policies: the behaviour for hostNetwork pods is undefined",
)
def network_policy_not_on_host() -> Text:
    return Text(
        message="For RDMA the pods are on their machines' own network, where no NetworkPolicy holds: whatever reaches "
        "the nodes reaches the engines' unguarded ports.",
        remedy="Keep the nodes' security group closed, and other workloads off this VPC.",
    )


@warning(
    meaning="The NetworkPolicies keep the Ingress controller out, since its namespace is not known.",
    example="expose: {via: ingress, host: chat.example.com, ingressClass: traefik}",
    fix="Name the controller's namespace in networkPolicy.admit.",
    source="planner/access/check_policies.py",
)
def ingress_controller_unknown(*, ingress_class: str) -> Text:
    return Text(
        message=f"Where the controller of the Ingress class {ingress_class} runs is not known, so the NetworkPolicies "
        "keep it out.",
        remedy="Name its namespace in networkPolicy.admit.",
        given=ingress_class,
    )


@error(
    meaning="networkPolicy.reach names the metadata service, which hands out the credentials of a node's role to "
    "whoever asks.",
    example="networkPolicy: {reach: [169.254.0.23/32]}",
    fix="Remove the range.",
    source="Tencent Cloud document 213/4934 (instance metadata)",
    forceable=False,
    rules=("METADATA_REACHED",),
)
def metadata_asked_for(*, cidr: str, address: str) -> Text:
    return Text(
        message=f"{address} is the metadata service, which hands out a node's credentials; it is closed to every pod.",
        remedy="Remove the range.",
        given=cidr,
        fix=(("", None),),
    )


@note(
    meaning="A range of networkPolicy.reach holds the metadata service, whose address stays closed.",
    example="networkPolicy: {reach: [169.254.0.0/16]}",
    fix="Nothing is to be done.",
    source="Tencent Cloud document 213/4934 (instance metadata)",
    when="asked",
)
def metadata_cut(*, cidr: str, closed: Iterable[str]) -> Text:
    return Text(
        message=f"{cidr} holds the metadata service; {' and '.join(closed)} stays closed.",
        remedy="Name narrower ranges if you want to read them in the policies.",
        given=cidr,
    )


@error(
    meaning="A range of networkPolicy.reach is no private range. Downloads reach the Internet anyway; it would open "
    "whatever is not the Internet to them.",
    example="networkPolicy: {reach: [0.0.0.0/0]}",
    fix="Name the private range of your mirror.",
    source="planner/access/check_policies.py",
    rules=("METADATA_REACHED",),
)
def reach_too_wide(*, cidr: str, widest: int) -> Text:
    return Text(
        message=f"{cidr} is no private range: downloads reach the Internet anyway, and with it they would reach "
        "everything that is not the Internet.",
        remedy="Remove it, or name the private range of your mirror.",
        given=cidr,
        allowed=f"no more public addresses than one /{widest} has",
        fix=(("", None),),
    )


@warning(
    meaning="A download's mirror seems to be inside the VPC, where downloads are not let.",
    example="models: {chat: {source: huggingface, download: {endpoint: 'http://10.0.9.9:8080'}}}",
    fix="Name its address range in networkPolicy.reach.",
    source="planner/access/check_policies.py",
)
def download_endpoint_private(*, endpoint: str) -> Text:
    return Text(
        message=f"{endpoint} seems to lie inside the VPC, where the NetworkPolicies let no download go.",
        remedy="Name its address range in networkPolicy.reach.",
        given=endpoint,
    )


@error(
    meaning="The namespace is one of Kubernetes itself, or of a controller that the stack works with; the stack would "
    "close it to what runs there and delete it with itself.",
    example="namespace: kube-system",
    fix="Remove the key, or name a namespace of its own.",
    source="Kubernetes documentation, concepts, namespaces (kube- is reserved); catalog/data/charts.yaml",
    forceable=False,
    rules=("NAMESPACE_NOT_OWN",),
)
def namespace_of_others(*, namespace: str, system: str) -> Text:
    """`system` is how the namespaces of Kubernetes itself begin."""
    return Text(
        message=f"{namespace} is not the stack's: it would cut off what runs there, and delete it with the stack.",
        remedy="Remove the key, or name a namespace of its own.",
        given=namespace,
        allowed=f"a name that does not begin with {system} and is no controller's",
        fix=(("", None),),
    )


@error(
    meaning="The stack would take the namespace `default`, where other things may lie, close it to the network and "
    "delete it with itself.",
    example="namespace: default",
    fix="Name a namespace of its own. Force the code on a cluster that nobody else uses.",
    source="Kubernetes documentation, concepts, namespaces",
    rules=("NAMESPACE_NOT_OWN",),
)
def namespace_default(*, namespace: str) -> Text:
    return Text(
        message="Whatever names no namespace is in `default`: the stack would cut it off from the network, and "
        "delete it with itself.",
        remedy="Remove the key, or name a namespace of its own.",
        given=namespace,
        fix=(("", None),),
    )
