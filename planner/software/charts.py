"""Software that is installed into the cluster: which version, from where, with which images."""

from collections.abc import Iterator

from catalog.checks import registry_of
from catalog.load import Catalog
from catalog.types import Chart, ChartImage
from planner.images.choose import split
from planner.images.mirrors import check_images, resolve
from planner.network.location import in_mainland
from planner.plan.types import InstallPlan
from settings.diagnostics import Diagnostic
from settings.models import Settings

OCI = "oci://"


def choose(software: str, road: str, settings: Settings, catalog: Catalog) -> Chart:
    """The newest version on this road that is tested on the cluster's Kubernetes; where none is, or the version is not
    known, the oldest for an older cluster and the newest otherwise."""
    charts = [chart for chart in catalog.charts.values() if (chart.software, chart.road) == (software, road)]
    asked = _minor(settings.cluster.version) if settings.owns_cluster() else None
    if asked is None:
        return charts[0]
    fitting = next((chart for chart in charts if _tested(chart, asked)), None)
    older = [chart for chart in charts if chart.kubernetes is not None and asked < _pair(chart.kubernetes[0])]
    return fitting or (older[-1] if older else charts[0])


def home(software: str, catalog: Catalog) -> str:
    """The namespace where a software's own installation puts it."""
    return next(chart.namespace for chart in catalog.charts.values() if chart.software == software)


def plan_install(chart: Chart, settings: Settings, catalog: Catalog) -> InstallPlan:
    """How this chart is installed. Images are named in its values where the nodes pull them from elsewhere."""
    values: dict[str, str] = {}
    for image in chart.images:
        pulled = pulled_from(image, settings, catalog)
        if pulled != image.image:
            values |= _naming(image, pulled)
    return InstallPlan(
        software=chart.software,
        road=chart.road,
        release=chart.release,
        chart=_mirrored(chart.chart, settings),
        repository=chart.repository,
        version=chart.version,
        market_namespace=chart.market_namespace,
        namespace=chart.namespace,
        values=tuple(values.items()),
        node_selector=chart.node_selector,
    )


def pulled_from(image: ChartImage, settings: Settings, catalog: Catalog) -> str:
    """The reference that the nodes pull a chart's image by; a mirror of the stack file wins over the catalogue."""
    replaced = image.mainland is not None and registry_of(image.image) not in settings.images.mirrors
    start = image.mainland if replaced and image.mainland and in_mainland(settings, catalog) else image.image
    return resolve(start, settings, catalog)


def check_chart(chart: Chart, path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """What is doubtful about installing this chart; `path` is the setting that asks for it."""
    mainland = in_mainland(settings, catalog)
    if settings.owns_cluster() and chart.kubernetes is not None:
        asked = _minor(settings.cluster.version)
        if asked is not None and not _tested(chart, asked):
            yield _untested(chart, settings, catalog)
    if mainland and chart.road == "helm":
        yield from _road_of_chart(chart, path, settings, catalog)
    nodes_pull = [image.mainland if image.mainland and mainland else image.image for image in chart.images]
    for image in {registry_of(image): image for image in nodes_pull}.values():
        yield from check_images({path: image}, settings, catalog)


def _untested(chart: Chart, settings: Settings, catalog: Catalog) -> Diagnostic:
    oldest, newest = chart.kubernetes or ("", "")
    known = [v for v in catalog.kubernetes_versions if (pair := _minor(v)) is not None and _tested(chart, pair)]
    return Diagnostic(
        severity="note",
        code="CHART_NOT_TESTED",
        path="cluster.version",
        message=f"{chart.software} {chart.version} is tested on Kubernetes {oldest} to {newest}, not on "
        f"{settings.cluster.version}.",
        remedy=f"It will probably work; {known[0]} would be sure." if known else "Try it on a cluster of no weight.",
        given=settings.cluster.version,
        allowed=f"{oldest} to {newest}",
    )


def _road_of_chart(chart: Chart, path: str, settings: Settings, catalog: Catalog) -> Iterator[Diagnostic]:
    """Charts are read by the machine that runs Pulumi, which has no mirror that is set up by itself."""
    registry = registry_of(chart.chart.removeprefix(OCI)) if chart.chart.startswith(OCI) else None
    if registry is None or registry in settings.images.mirrors:
        return
    entry = catalog.mirrors.get(registry)
    if entry is not None and entry.blocked:
        yield Diagnostic(
            severity="warning",
            code="CHART_FROM_ABROAD",
            path=path,
            message=f"The chart is read from {registry} by the machine that runs `pulumi up`; from the mainland that "
            "registry is not reached.",
            remedy=f"Copy the chart to a registry of your own and set images.mirrors for {registry}, or run Pulumi "
            "where it is reached.",
            given=chart.chart,
        )


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


def _minor(version: str) -> tuple[int, int] | None:
    parts = version.split(".")
    return (int(parts[0]), int(parts[1])) if len(parts) > 1 and all(part.isdigit() for part in parts[:2]) else None


def _pair(minor: str) -> tuple[int, int]:
    major, _, rest = minor.partition(".")
    return int(major), int(rest)


def _tested(chart: Chart, asked: tuple[int, int]) -> bool:
    return chart.kubernetes is not None and _pair(chart.kubernetes[0]) <= asked <= _pair(chart.kubernetes[1])
