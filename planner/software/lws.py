"""The LeaderWorkerSet controller, which models over several machines need."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.network.location import in_mainland
from planner.plan.types import InstallPlan
from planner.software.charts import check_chart, choose, plan_install
from settings.diagnostics import Diagnostic
from settings.models import Settings

LWS = "lws"


def plan_lws(settings: Settings, catalog: Catalog, *, spans: bool) -> InstallPlan | None:
    """The LeaderWorkerSet controller, where a model spans machines (`spans`) and the cluster is ours."""
    if not spans or not settings.owns_cluster():
        return None
    return plan_install(choose(LWS, _road(settings, catalog), settings, catalog), settings, catalog)


def check_lws(path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is worth knowing of the controller; `path` is the model's setting that makes it span machines."""
    if settings.owns_cluster():
        yield from check_chart(choose(LWS, _road(settings, catalog), settings, catalog), path, settings, catalog)
        return
    yield Diagnostic(
        severity="warning",
        code="LWS_EXPECTED",
        path=path,
        message="A model over several machines needs the LeaderWorkerSet controller, of which a cluster has one or "
        "none; into a cluster that exists already this stack installs none.",
        remedy="See that it runs there (lws.sigs.k8s.io).",
    )


def _road(settings: Settings, catalog: Catalog) -> str:
    """The app market on the mainland, where neither the chart's registry nor the image's is reached."""
    return "market" if in_mainland(settings, catalog) else "helm"
