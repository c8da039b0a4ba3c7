"""What is wrong with a Gateway, whether the stack installs what makes it or attaches to one."""

from collections.abc import Iterator

from catalog.load import Catalog
from planner.access import gateway_codes as codes
from planner.access.decide import installs
from planner.access.sources import ENVOY
from planner.network.location import touches_the_cloud
from planner.software.charts import choose
from planner.software.check import check_chart, check_release
from settings.access import Expose, Tls
from settings.diagnostics import Diagnostic
from settings.stack import Settings


def check_gateway(settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is wrong with the Gateway at which the stack is exposed."""
    expose = settings.expose
    path = "expose.gateway" if expose.gateway is not None else "expose.install"
    if expose.gateway is not None:
        yield from _attached(expose)
    if (expose.gateway is not None or expose.install == "none") and settings.owns_cluster():
        yield codes.gateway_absent(path, gateway=expose.gateway)
    if not installs(expose):
        yield check_release(ENVOY, path, catalog)
        return
    if expose.install == "market" and not touches_the_cloud(settings):
        yield codes.market_needs_cluster_id("expose.install")
    if not settings.owns_cluster():
        yield codes.gateway_shared("expose.install", install=expose.install)
    yield from check_chart(choose(ENVOY, expose.install, settings, catalog), "expose.install", settings, catalog)


def _attached(expose: Expose) -> Iterator[Diagnostic]:
    """A Gateway that is not ours: only routes are made, and its certificate and load balancer are its own."""
    for key in ("install", "internal", "allow"):
        if key in expose.model_fields_set:
            yield codes.gateway_not_ours(f"expose.{key}", key=key, given=str(getattr(expose, key)))
    for key in sorted(expose.tls.model_fields_set if expose.tls else ()):
        yield codes.gateway_not_ours(f"expose.tls.{Tls.model_fields[key].alias}", key=None)
