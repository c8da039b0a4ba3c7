"""What can be doubtful about the software that a stack installs into its cluster, or expects there."""

from collections.abc import Sequence

from settings.diagnostics import Text, error, note, warning
from settings.translation import listed, tr, trn


@note(
    meaning=tr(
        "Software that is installed into the cluster is not tested on its version of Kubernetes by those who make it."
    ),
    example="cluster: {version: 1.32.2} with models: {chat: {autoscaling: {max: 2}}}",
    fix=tr("It usually works; use a version of the range to be sure."),
    source="catalog/data/charts.yaml",
)
def chart_not_tested(
    *, software: str, version: str | None, kubernetes: str, oldest: str, newest: str, near: str | None
) -> Text:
    """The chart is tested on Kubernetes `oldest` to `newest`; `near` is a version of those that TKE offers."""
    return Text(
        message=tr(
            "{software} {version} is tested on Kubernetes {oldest} to {newest}, not on {kubernetes}.",
            software=software,
            version=version,
            oldest=oldest,
            newest=newest,
            kubernetes=kubernetes,
        ),
        remedy=tr("It will probably work; {near} would be sure.", near=near)
        if near
        else tr("Try it on a test cluster."),
        given=kubernetes,
        allowed=tr("{oldest} to {newest}", oldest=oldest, newest=newest),
    )


@note(
    meaning=tr(
        "Which release of a controller is installed or expected, and which was run against a real API "
        "server when this program was tested."
    ),
    example="expose: {via: gateway, install: helm, host: chat.example.com}",
    fix=tr("Nothing is to be done; where the two differ, look at the first pulumi up more closely."),
    source="catalog/data/charts.yaml (rehearsed); docs/verification.md",
    when="asked",
)
def controller_rehearsed(
    *, software: str, release: str | None, chooser: str, rehearsed: str | None, reason: str | None
) -> Text:
    """`release` is installed, or is not known, being up to `chooser`; `rehearsed` was run, for the `reason` given
    where it stands in for `release`."""
    if release is not None and release == rehearsed:
        message = tr(
            "{software} {release}, which is installed, was run against a real API server with what is rendered.",
            software=software,
            release=release,
        )
        return Text(message=message, remedy=tr("Nothing is to be done."))
    installed = (
        tr("{software} {release} is installed", software=software, release=release)
        if release
        else tr("Which release of {software} {chooser} is not known", software=software, chooser=chooser)
    )
    run = (
        tr("against a real API server {rehearsed} was run with what is rendered", rehearsed=rehearsed)
        if rehearsed
        else tr("against a real API server none was run with what is rendered")
    )
    return Text(
        message=tr("{installed}; {run} ({reason}).", installed=installed, run=run, reason=reason)
        if reason
        else tr("{installed}; {run}.", installed=installed, run=run),
        remedy=tr("Look at the conditions of what it reconciles after the first `pulumi up`."),
    )


@warning(
    meaning=tr(
        "A Helm chart is read from a registry that is not reached from the mainland, by the machine that runs Pulumi."
    ),
    example="expose: {via: gateway, install: helm, host: chat.example.com}   # in ap-guangzhou",
    fix=tr(
        "Copy the chart to a registry of your own and set images.mirrors, use install market, or run Pulumi elsewhere."
    ),
    source="catalog/data/mirrors.yaml",
)
def chart_from_abroad(*, registry: str, chart: str) -> Text:
    return Text(
        message=tr(
            "The chart is read from {registry} by the machine that runs `pulumi up`; from the mainland that "
            "registry is not reached.",
            registry=registry,
        ),
        remedy=tr(
            "Copy the chart to a registry of your own and set images.mirrors for {registry}, or run Pulumi "
            "where it is reached.",
            registry=registry,
        ),
        given=chart,
    )


@error(
    meaning=tr("The engine has no metric of waiting requests."),
    example="models: {chat: {model: 'qwen3:8b', engine: ollama, autoscaling: {max: 2}}}",
    fix=tr("Use a fixed number of replicas, or another engine."),
    source="ollama envconfig/config.go and server/routes.go (no metrics)",
    forceable=False,
)
def autoscaling_without_metric(*, engine: str, others: Sequence[str]) -> Text:
    """`others` are the engines that have one."""
    return Text(
        message=tr("{engine} does not say how many requests wait, so there is nothing to scale by.", engine=engine),
        remedy=tr("Set replicas to a fixed number, or serve the model with {others}.", others=listed(others, "or")),
        given=engine,
        allowed=", ".join(others),
        fix=(("", None),),
    )


@error(
    meaning=tr("A model is to have no replica while nobody asks it, and nothing would bring one back."),
    example="models: {chat: {autoscaling: {min: 0, max: 2}}}",
    fix=tr("Let the requests come by one API for all models and Prometheus count them, or keep one replica."),
    source="keda issue 6040; docs/decisions/scale-to-zero.md",
    forceable=False,
)
def scale_to_zero(*, model: str, missing: Sequence[str]) -> Text:
    """`missing`: the settings without which nobody sees that it is asked."""
    return Text(
        message=tr(
            "Without a replica {model} would never come back: what waits is told by its own pods, of which there are "
            "none, and nothing else counts the requests for it.",
            model=model,
        ),
        remedy=tr("Set {missing}, or min to 1.", missing=listed(missing, "and")),
        given="0",
        allowed=tr("1 to 1000"),
        fix=(("", 1),),
    )


@note(
    meaning=tr("A model has no replica while nobody asks it: who asks first waits for a start."),
    example="api: {via: gateway}, monitoring: {via: prometheus-operator} and models: {chat: {autoscaling: {min: 0, "
    "max: 2}}}",
    fix=tr("Keep one replica where an answer must always come in time."),
    source="docs/decisions/scale-to-zero.md",
)
def cold_start(*, model: str) -> Text:
    return Text(
        message=tr(
            "While nobody asks {model} it has no replica. Who asks then gets 503 with Retry-After until one is there, "
            "and only requests at the API bring it, none at its own address.",
            model=model,
        ),
        remedy=tr("Set min to 1 where an answer must always come in time."),
        given="0",
    )


@warning(
    meaning=tr("`idleMinutes` is set, and the last replica stays whoever asks."),
    example="models: {chat: {autoscaling: {max: 2, idleMinutes: 30}}}",
    fix=tr("Take idleMinutes out, or set min to 0."),
    source="planner/monitoring/scale_to_zero.py",
)
def idle_minutes_ignored(*, minutes: int) -> Text:
    return Text(
        message=tr("The last replica goes after idleMinutes where min is 0, so that here it has no effect."),
        remedy=tr("Take it out, or set min to 0."),
        given=str(minutes),
        fix=(("", None),),
    )


@warning(
    meaning=tr("No model of a pool has a replica while nobody asks, and its nodes stay and are billed."),
    example="the same, with pools: {gpu: {nodes: 1}}",
    fix=tr("Set nodes.min of the pool to 0."),
    source="planner/software/check.py",
)
def idle_nodes_billed(*, model: str, pool: str, least: int, most: int) -> Text:
    return Text(
        message=trn(
            "While nobody asks {model}, pool {pool} keeps {number} node, which is billed all the same.",
            "While nobody asks {model}, pool {pool} keeps {number} nodes, which are billed all the same.",
            least,
            model=model,
            pool=pool,
        ),
        remedy=tr("Set pools.{pool}.nodes to {{min: 0, max: {most}}}.", pool=pool, most=most),
        given=str(least),
        fix=(("", {"min": 0, "max": most}),),
    )


@note(
    meaning=tr("Idle replicas are taken away, and the GPUs with them, which may be sold out later."),
    example="models: {chat: {autoscaling: {max: 2, scaleDown: true}}}",
    fix=tr("Leave scaleDown off."),
    source="imroc/tke-guide, docs/ai/llm.md (step 6)",
)
def gpus_given_back() -> Text:
    return Text(
        message=tr("Nodes that become idle are given back, and their GPUs may be sold out when they are wanted again."),
        remedy=tr("Leave scaleDown off where an answer must always come in time."),
        given="true",
    )


@warning(
    meaning=tr("Scaling by load needs KEDA, which is not installed into a cluster that exists already."),
    example="cluster: {existing: {id: cls-1}} with models: {chat: {autoscaling: {max: 2}}}",
    fix=tr("Install KEDA 2.20 or later once for the cluster."),
    source="keda PR 6565 and issue 7641",
)
def keda_expected() -> Text:
    return Text(
        message=tr(
            "Scaling by load needs KEDA 2.20 or later, of which a cluster has one or none; into a cluster "
            "that exists already this stack installs none."
        ),
        remedy=tr("See that KEDA runs there."),
    )


@warning(
    meaning=tr(
        "A model over several machines needs the LeaderWorkerSet controller, which is not installed into "
        "a cluster that exists already."
    ),
    example="cluster: {existing: {id: cls-1}} with models: {chat: {pipelineParallel: 2, gpus: 16}}",
    fix=tr("Install it once for the cluster."),
    source="lws.sigs.k8s.io",
)
def lws_expected() -> Text:
    return Text(
        message=tr(
            "A model over several machines needs the LeaderWorkerSet controller, of which a cluster has one "
            "or none; into a cluster that exists already this stack installs none."
        ),
        remedy=tr("See that it runs there (lws.sigs.k8s.io)."),
    )
