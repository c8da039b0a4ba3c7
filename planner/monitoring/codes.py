"""What can be wrong with monitoring, or worth knowing of it."""

from settings.diagnostics import Text, note, warning
from settings.translation import tr


@warning(
    meaning=tr(
        "Prometheus and its operator are expected in the cluster, whose kinds PodMonitor and PrometheusRule are used."
    ),
    example="cluster: {existing: {id: cls-1}} with monitoring: {via: prometheus-operator}",
    fix=tr("Install kube-prometheus-stack, or the operator alone, once for the cluster."),
    source="prometheus-operator.dev (custom resource definitions of monitoring.coreos.com/v1)",
)
def prometheus_expected(*, owned: bool, namespace: str, labels: str) -> Text:
    """`owned`: the cluster is ours, and its owner says that they bring it."""
    why = (
        tr("monitoring.install is none") if owned else tr("into a cluster that exists already this stack installs none")
    )
    return Text(
        message=tr(
            "Monitoring needs the Prometheus operator and its kinds PodMonitor and PrometheusRule; {why}. "
            "Without them `pulumi up` fails. The Prometheus is expected in the namespace {namespace}, and to "
            "read what is labelled {labels}.",
            why=why,
            namespace=namespace,
            labels=labels,
        ),
        remedy=tr("See that it runs there; set monitoring.namespace and monitoring.labels where it is another."),
    )


@note(
    meaning=tr("An engine shows no metrics, so that of its models little is seen."),
    example="monitoring: {via: prometheus-operator} with models: {chat: {model: 'qwen3:8b', engine: ollama}}",
    fix=tr("Nothing is to be done; another engine shows more."),
    source="catalog/data/metrics.yaml; ollama server/routes.go (no metrics)",
)
def engine_shows_little(*, engine: str, whole: bool) -> Text:
    """`whole`: it shows nothing at all; else some of it."""
    if whole:
        message = tr(
            "{engine} shows no metrics: of this model only its replica and its GPUs are watched.", engine=engine
        )
    else:
        message = tr(
            "{engine} shows no time to the first token, not how full its cache is, and counts no requests.",
            engine=engine,
        )
    return Text(message=message, remedy=tr("Serve the model with vLLM or SGLang to see more."), given=engine)


@note(
    meaning=tr("What GPUs do is read from NVIDIA's exporter, which this stack does not install."),
    example="cluster: {existing: {id: cls-1}} with monitoring: {via: prometheus-operator}",
    fix=tr("Install NVIDIA's dcgm-exporter on the GPU nodes; without it panels and alerts of GPUs stay empty."),
    source="NVIDIA/dcgm-exporter; Tencent Cloud document 457/66285 (TKE's own exporter is for nodes with qGPU)",
    when="asked",
)
def gpu_exporter_expected() -> Text:
    return Text(
        message=tr(
            "Use, memory and errors of GPUs are read from NVIDIA's dcgm-exporter (pods labelled "
            "app.kubernetes.io/name=dcgm-exporter), which the stack installs where it installs Prometheus, and not "
            "here."
        ),
        remedy=tr("Install its chart on the GPU nodes; without it these panels and alerts stay empty."),
    )


@note(
    meaning=tr("What the GPUs of super nodes do is not seen: NVIDIA's exporter cannot run there."),
    example="pools: {gpu: {kind: super, gpuType: T4}} with monitoring: {via: prometheus-operator}",
    fix=tr("Nothing is to be done; on native or ordinary nodes they are seen."),
    source="Tencent Cloud document 457/40027 (no DaemonSet runs on a super node)",
    when="asked",
)
def gpus_unseen_on_super_nodes() -> Text:
    return Text(
        message=tr(
            "NVIDIA's exporter cannot run on super nodes: panels and alerts of the GPUs of models there stay empty. "
            "What the engine shows is read all the same."
        ),
        remedy=tr("Use native or ordinary nodes for models whose GPUs are to be watched."),
    )


@note(
    meaning=tr("Prometheus is admitted to the port of an engine's API, for its metrics lie there."),
    example="monitoring: {via: prometheus-operator}",
    fix=tr("Nothing is to be done; docs/security.md says what it may ask there without the key."),
    source="vllm docs/usage/security.md (the key guards /v1 alone); docs/security.md",
    when="asked",
)
def scraper_reaches_api(*, namespace: str, whole: bool) -> Text:
    """`whole`: all pods of the namespace, whatever their labels."""
    return Text(
        message=tr(
            "The pods of Prometheus in {namespace} are admitted to the engines' ports, where metrics and API "
            "are one: without the key they reach what the key does not guard, which of vLLM is all outside "
            "/v1.",
            namespace=namespace,
        ),
        remedy=tr("Let nobody else run pods in that namespace.")
        if whole
        else tr("Let nobody else run pods labelled as Prometheus in that namespace."),
    )
