"""Software that is installed into the cluster: which version, from where, with which images."""

from collections.abc import Iterable, Mapping

from packaging.version import Version

from catalog import versions
from catalog.checks import registry_of
from catalog.load import Catalog
from catalog.software import Chart, ChartImage, ChartPart
from planner.images.mirrors import resolve
from planner.images.reference import split
from planner.network.location import in_mainland
from planner.plan.software import InstallPlan
from settings.stack import Settings

OCI = "oci://"


def choose(software: str, installer: str, settings: Settings, catalog: Catalog) -> Chart:
    """The newest version of this installer that is tested on the cluster's Kubernetes; where none is, or the version
    is not known, the oldest for an older cluster and the newest otherwise."""
    charts = [chart for chart in catalog.charts.values() if (chart.software, chart.installer) == (software, installer)]
    asked = versions.kubernetes_version(settings.cluster.version) if settings.owns_cluster() else None
    if asked is None:
        return charts[0]
    fitting = next((chart for chart in charts if is_tested(chart, asked)), None)
    older = [chart for chart in charts if chart.kubernetes is not None and asked < Version(chart.kubernetes[0])]
    return fitting or (older[-1] if older else charts[0])


def home(software: str, catalog: Catalog) -> str:
    """The namespace where a software's own installation puts it."""
    return next(chart.namespace for chart in catalog.charts.values() if chart.software == software)


def installed_in(software: str, installs: Iterable[InstallPlan]) -> str | None:
    """The namespace where the stack puts a software; None where it brings none."""
    return next((each.namespace for each in installs if each.software == software), None)


def plan_install(
    chart: Chart,
    settings: Settings,
    catalog: Catalog,
    *,
    limiter: bool = False,
    values: Mapping[str, object] | None = None,
) -> InstallPlan:
    """How this chart is installed, with these `values` beside those that are set in any case. Images are named in its
    values where the nodes pull them from elsewhere; that of the rate limit service, which not every stack needs
    (`limiter`), in any case."""
    set_to: dict[str, object] = {**chart.values, **(values or {})}
    for part in chart.parts:
        set_to |= _requested(part)
    if limiter and chart.limiter is not None:
        set_to |= _naming(chart.limiter, _pulled_from(chart.limiter, settings, catalog))
    for image in chart.images:
        pulled = _pulled_from(image, settings, catalog)
        if pulled != image.image:
            set_to |= _naming(image, pulled)
    return InstallPlan(
        software=chart.software,
        installer=chart.installer,
        release=chart.release,
        chart=_mirrored(chart.chart, settings),
        repository=chart.repository,
        version=chart.version,
        market_namespace=chart.market_namespace,
        namespace=chart.namespace,
        values=tuple(set_to.items()),
        node_selector=chart.node_selector,
        part_selectors=tuple(part.node_selector for part in chart.parts if part.node_selector is not None),
        awaited=chart.awaited,
    )


def _requested(part: ChartPart) -> dict[str, object]:
    """The values by which a part of the chart asks for what it is counted with."""
    memory = f"{part.memory_mib}Mi"
    return {
        f"{part.resources}.requests.cpu": f"{part.cpu_millis}m",
        f"{part.resources}.requests.memory": memory,
        f"{part.resources}.limits.memory": memory,
    }


def _pulled_from(image: ChartImage, settings: Settings, catalog: Catalog) -> str:
    """The reference that the nodes pull a chart's image by; a mirror of the stack file wins over the catalogue."""
    replaced = image.mainland is not None and registry_of(image.image) not in settings.images.mirrors
    start = image.mainland if replaced and image.mainland and in_mainland(settings, catalog) else image.image
    return resolve(start, settings, catalog)


def _mirrored(chart: str, settings: Settings) -> str:
    """The chart's address, by the stack file's mirror of its registry."""
    if not chart.startswith(OCI):
        return chart
    address = chart.removeprefix(OCI)
    registry = registry_of(address)
    mirror = settings.images.mirrors.get(registry)
    return chart if mirror is None else f"{OCI}{mirror.rstrip('/')}/{address.removeprefix(f'{registry}/')}"


def _naming(image: ChartImage, pulled: str) -> dict[str, str]:
    """The values that make the chart run `pulled`."""
    if image.reference is not None:
        return {image.reference: pulled}
    parts = split(pulled)
    registry = registry_of(parts.repository)
    bare = parts.repository.removeprefix(f"{registry}/")
    named = {
        image.registry: registry,
        image.repository: bare if image.registry else f"{registry}/{bare}",
        image.tag: parts.tag,
    }
    return {name: value for name, value in named.items() if name is not None}


def is_tested(chart: Chart, kubernetes: Version) -> bool:
    """Whether a chart is tested on this version of Kubernetes."""
    if chart.kubernetes is None:
        return False
    oldest, newest = map(Version, chart.kubernetes)
    return versions.minor(oldest) <= versions.minor(kubernetes) <= versions.minor(newest)
