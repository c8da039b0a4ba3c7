"""The LeaderWorkerSet controller, which models over several machines need."""

from catalog.load import Catalog
from catalog.software import Chart
from planner.network.location import in_mainland
from planner.plan.software import InstallPlan
from planner.software.charts import choose, plan_install
from settings.stack import Settings

LWS = "lws"


def plan_lws(settings: Settings, catalog: Catalog, *, spans: bool) -> InstallPlan | None:
    """The LeaderWorkerSet controller, where a model spans machines (`spans`) and the cluster is ours."""
    if not spans or not settings.owns_cluster():
        return None
    return plan_install(lws_chart(settings, catalog), settings, catalog)


def lws_chart(settings: Settings, catalog: Catalog) -> Chart:
    """Its chart: of the app market on the mainland, where neither the chart's registry nor the image's is reached."""
    return choose(LWS, "market" if in_mainland(settings, catalog) else "helm", settings, catalog)
