"""What can be wrong with Tencent's managed Prometheus, or worth knowing of it."""

from settings.diagnostics import Text, error, note, warning
from settings.translation import tr


@error(
    meaning=tr("An instance of the managed Prometheus is to be made, and no subnet is named for it."),
    example="cluster: {existing: {id: cls-1}} with monitoring: {via: tmp}",
    fix=tr("Set network.vpcId, .zones and .subnetIds, or monitoring.instanceId."),
    source="Arguments of the provider's monitor.TmpInstance (vpc_id, subnet_id, zone)",
    forceable=False,
)
def managed_prometheus_needs_subnet() -> Text:
    return Text(
        message=tr("The instance of the managed Prometheus is made in a subnet, and the cluster's are not named."),
        remedy=tr(
            "Set network.vpcId, .zones and .subnetIds to those of the cluster, or monitoring.instanceId to an instance "
            "that exists."
        ),
    )


@error(
    meaning=tr("The managed Prometheus is to read a cluster of which only a kubeconfig is known."),
    example="cluster: {existing: {kubeconfigPath: ~/.kube/config}} with monitoring: {via: tmp}",
    fix=tr("Name the cluster by its id, or set monitoring.install to none."),
    source="Arguments of the provider's monitor.TmpTkeClusterAgent (cluster_id)",
    forceable=False,
)
def managed_prometheus_needs_cluster_id() -> Text:
    return Text(
        message=tr("The agent of the managed Prometheus is put into a TKE cluster by its id, which is not known."),
        remedy=tr(
            "Name the cluster by cluster.existing.id; or associate it with the instance in the console and set "
            "monitoring.install to none."
        ),
    )


@error(
    meaning=tr("The agent of the managed Prometheus is said to be there, and its instance is not named."),
    example="monitoring: {via: tmp, install: none}",
    fix=tr("Set monitoring.instanceId, or leave monitoring.install out."),
    source="Tencent Cloud document 457/71898 (a cluster is associated with an instance)",
    forceable=False,
)
def managed_prometheus_needs_instance() -> Text:
    return Text(
        message=tr("A cluster is associated with one instance of the managed Prometheus, which is not named."),
        remedy=tr("Set monitoring.instanceId; or leave install out, and the stack makes an instance and its agent."),
        given="none",
        allowed="helm",
        fix=(("", None),),
    )


@warning(
    meaning=tr("Which pods of the managed Prometheus ask a model for its metrics is not documented."),
    example="monitoring: {via: tmp}",
    fix=tr("After `pulumi up` see in the console whether the targets are up; else set monitoring.namespace."),
    source="Tencent Cloud documents 457/71899 (the namespace prom-xxx) and 457/46734 (an agent in the cluster, the "
    "collector outside); it was never run with this program",
)
def managed_reader_unverified(*, namespace: str) -> Text:
    return Text(
        message=tr(
            "The NetworkPolicies admit all pods of the namespace {namespace} to what shows metrics: Tencent Cloud's "
            "documents name it, but not which pods ask, nor whether the collector outside the cluster asks by itself.",
            namespace=namespace,
        ),
        remedy=tr(
            "After `pulumi up` look at the targets of the cluster in the console. If they are down, set "
            "monitoring.namespace to where the agent's pods are (`kubectl get pods -A`)."
        ),
    )


@note(
    meaning=tr("The managed Prometheus needs roles of the account, and the inner address of the API server."),
    example="monitoring: {via: tmp}",
    fix=tr("Open its page in the console once, and grant what it asks for."),
    source="Tencent Cloud documents 457/71897 (TKE_QCSLinkedRoleInPrometheusService), 1416/56023 (CM_QCSRole with "
    "QcloudAccessForCMRoleInPromHostingService) and 1116 (FAQs: without private access the installation fails)",
)
def managed_prometheus_expects(*, owned: bool) -> Text:
    """`owned`: the cluster is made by the stack, which opens that address."""
    more = "" if owned else tr(" The API server of the cluster must be reachable from inside the VPC.")
    return Text(
        message=tr(
            "The account must have granted the managed Prometheus its roles (TKE_QCSLinkedRoleInPrometheusService, and "
            "CM_QCSRole with QcloudAccessForCMRoleInPromHostingService), and the region must offer it.{more}",
            more=more,
        ),
        remedy=tr("Open Prometheus in the console of TKE once before `pulumi up`: it asks for what is missing."),
    )


@note(
    meaning=tr("The managed Prometheus is billed, by what it reads and by what it runs on."),
    example="monitoring: {via: tmp}",
    fix=tr("Nothing is to be done; docs/costs.md says what is billed."),
    source="Tencent Cloud document 457/71905 (a serverless cluster and a load balancer beside the data points; metrics "
    "of the list of free ones cost nothing for 15 days)",
)
def managed_prometheus_billed(*, made: bool) -> Text:
    """`made`: the instance is the stack's."""
    runs = (
        tr(" Its collector (a serverless cluster) and load balancer are billed too, while the stack is paused as well.")
        if made
        else ""
    )
    return Text(
        message=tr(
            "What the managed Prometheus reads of engines, gateway and GPUs is billed by data points, and stands in no "
            "price of this program.{runs}",
            runs=runs,
        ),
        remedy=tr("The console shows each instance's rate of billable metrics."),
    )


@note(
    meaning=tr("Alerts of the managed Prometheus are sent to nobody."),
    example="monitoring: {via: tmp}",
    fix=tr("Set monitoring.receivers to the ids of notification templates."),
    source="Tencent Cloud API monitor 2018-07-24, CreatePrometheusAlertGroup (AMPReceivers)",
)
def alerts_untold() -> Text:
    return Text(
        message=tr("Alerts fire, stand in the console, and are sent to nobody."),
        remedy=tr("Set monitoring.receivers to the ids of notification templates (notice-…) of Tencent Cloud."),
    )


@warning(
    meaning=tr("There are more rules than an instance of the managed Prometheus takes unless asked."),
    example="monitoring: {via: tmp} with a dozen models",
    fix=tr("Have the limit raised by a ticket, or split the stack."),
    source="Tencent Cloud document 1116 (Use Limits: 150 alerts and 150 recording rules for each instance)",
)
def managed_rules_many(*, records: int, alerts: int, most: int) -> Text:
    return Text(
        message=tr(
            "{records} series are kept and {alerts} alerts are watched; an instance takes {most} of each, unless more "
            "are asked for.",
            records=records,
            alerts=alerts,
            most=most,
        ),
        remedy=tr("Have the limit raised by a ticket, or split the stack."),
    )
