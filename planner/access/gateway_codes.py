"""What can be wrong with a Gateway, whether the stack makes it or attaches to one."""

from settings.diagnostics import Text, error, note
from settings.translation import tr


@error(
    meaning=tr("A Gateway, or Envoy Gateway, is expected in a cluster that this stack is about to make."),
    example="expose: {via: gateway, host: chat.example.com, install: none}   # without cluster.existing",
    fix=tr("Let the stack install it. Force the code where it was installed after a first `pulumi up`."),
    source="planner/access/check_gateway.py",
)
def gateway_absent(*, gateway: str | None) -> Text:
    return Text(
        message=tr("The cluster is made by this stack, so no Gateway or Envoy Gateway is in it yet."),
        remedy=tr("Let the stack install it (install: market), or use a cluster that has it (cluster.existing)."),
        given=gateway or "none",
        fix=(("expose.gateway", None), ("expose.install", "market")),
    )


@error(
    meaning=tr("The app market cannot install into a cluster that is known by its kubeconfig only."),
    example="cluster: {existing: {kubeconfigPath: kubeconfig}} with expose: {via: gateway, host: chat.example.com}",
    fix=tr("Use install: helm or none, or name the cluster by its id."),
    source="vendor document 457/83554 (ClusterId is required)",
    forceable=False,
)
def market_needs_cluster_id() -> Text:
    return Text(
        message=tr(
            "The app market installs into TKE clusters that are named by their id; of this one only a "
            "kubeconfig is known."
        ),
        remedy=tr("Use install: helm, or none where Envoy Gateway is there already."),
        given="market",
        allowed="helm, none",
        fix=(("", "helm"),),
    )


@note(
    meaning=tr(
        "Envoy Gateway is installed into a cluster that other stacks may use; a second installation there fails."
    ),
    example="cluster: {existing: {id: cls-1}} with expose: {via: gateway, host: chat.example.com}",
    fix=tr("Use install: none where Envoy Gateway is there already."),
    source="Envoy Gateway's cluster-scoped objects have fixed names.",
)
def gateway_shared(*, install: str) -> Text:
    return Text(
        message=tr(
            "Envoy Gateway is installed into a cluster that this stack did not make; a second installation "
            "in one cluster fails."
        ),
        remedy=tr("Set install: none where Envoy Gateway is there already."),
        given=install,
    )


@error(
    meaning=tr("A key would shape the certificate or the load balancer of a Gateway that exists already."),
    example="expose: {via: gateway, host: chat.example.com, gateway: infra/shared, internal: true}",
    fix=tr("Remove the key, and set it on that Gateway."),
    source="planner/access/check_gateway.py",
    forceable=False,
)
def gateway_not_ours(*, key: str | None, given: str = "") -> Text:
    """`key`: None where it is one of the certificate's."""
    if key is None:
        return Text(
            message=tr("The certificate of a Gateway that exists already is its own."),
            remedy=tr("Write tls: {} to say that it ends TLS."),
            fix=(("", None),),
        )
    return Text(
        message=tr("{key} cannot be set for a Gateway that exists already.", key=key),
        remedy=tr("Remove it."),
        given=given,
        fix=(("", None),),
    )
