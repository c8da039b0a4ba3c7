"""The dependency graph as an SVG picture: one lane per component, time from left to right, critical path marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape

from rehearsal.kinds import display_name, find
from rehearsal.registration import Registration, depths

_BOX = (176, 36)
_GAP = (44, 12)
_MARGIN = 24
_LANE_LABEL = 150

_STYLE = """
text { font: 11px ui-sans-serif, system-ui, sans-serif; fill: #1f2933; }
.kind { fill: #62707f; font-size: 10px; }
.lane { fill: #f6f8fa; stroke: #e3e8ee; }
.label { font-weight: 600; }
.box { fill: #ffffff; stroke: #9aa7b5; rx: 5; }
.edge { fill: none; stroke: #c3ccd6; }
.critical .box { stroke: #c92a2a; stroke-width: 2; }
.edge.critical { stroke: #c92a2a; stroke-width: 2; }
"""


@dataclass(frozen=True)
class _Place:
    x: float
    y: float


def svg(
    registrations: Sequence[Registration], critical: Sequence[str] = (), notes: Mapping[str, str] | None = None
) -> str:
    """The picture of the resources (components become lanes). `registrations` come dependencies first, `critical`
    holds the URNs of the critical path in order, `notes` a few words on a resource, such as when it is done."""
    resources = [each for each in registrations if each.custom]
    edges = awaited(registrations)
    layers = depths(edges)
    places, lanes, width, height = _placed(registrations, resources, layers)
    steps = set(pairwise(critical))
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{_STYLE}</style>']
    for title, top, bottom in lanes:
        parts.append(f'<rect class="lane" x="0" y="{top:g}" width="{width:g}" height="{bottom - top:g}"/>')
        parts.append(f'<text class="label" x="{_MARGIN / 2:g}" y="{top + 24:g}">{escape(title)}</text>')
    parts += [
        _edge(places[before], places[after], critical=(before, after) in steps)
        for after, wanted in sorted(reduced(edges, resources).items())
        for before in sorted(wanted)
    ]
    parts += [
        _box(each, places[each.urn], (notes or {}).get(each.urn, ""), critical=each.urn in critical)
        for each in resources
    ]
    return "\n".join([*parts, "</svg>", ""])


def awaited(registrations: Sequence[Registration]) -> dict[str, set[str]]:
    """What each resource waits for, with components replaced by what they wait for themselves."""
    known: dict[str, set[str]] = {}
    edges: dict[str, set[str]] = {}
    for each in registrations:
        found: set[str] = set()
        for urn in each.waits_for:
            found |= {urn} if urn in edges else known.get(urn, set())
        known[each.urn] = found
        if each.custom:
            edges[each.urn] = found
    return edges


def reduced(edges: Mapping[str, set[str]], resources: Sequence[Registration]) -> dict[str, set[str]]:
    """The edges that are not implied by others."""
    before: dict[str, set[str]] = {}
    kept: dict[str, set[str]] = {}
    for each in resources:
        wanted = edges[each.urn]
        implied = set().union(*(before[urn] for urn in wanted))
        kept[each.urn] = wanted - implied
        before[each.urn] = wanted | implied
    return kept


def _placed(
    registrations: Sequence[Registration], resources: Sequence[Registration], layers: Mapping[str, int]
) -> tuple[dict[str, _Place], list[tuple[str, float, float]], float, float]:
    """Where each box stands, the lanes (title, top, bottom), and the size of the picture."""
    titles = {each.urn: each.name for each in registrations if not each.custom}
    members: dict[str, list[Registration]] = {}
    for each in sorted(resources, key=lambda each: (layers[each.urn], each.urn)):
        members.setdefault(each.parent if each.parent in titles else "", []).append(each)
    places: dict[str, _Place] = {}
    lanes: list[tuple[str, float, float]] = []
    top = 0.0
    for parent, inside in members.items():
        filled: dict[int, int] = {}
        for each in inside:
            row = filled.get(layers[each.urn], 0)
            filled[layers[each.urn]] = row + 1
            x = _LANE_LABEL + _MARGIN + layers[each.urn] * (_BOX[0] + _GAP[0])
            places[each.urn] = _Place(x, top + _GAP[1] + row * (_BOX[1] + _GAP[1]))
        bottom = top + _GAP[1] + max(filled.values()) * (_BOX[1] + _GAP[1])
        lanes.append((titles.get(parent, "stack"), top, bottom))
        top = bottom + 4
    columns = max(layers.values(), default=0) + 1
    return places, lanes, _LANE_LABEL + 2 * _MARGIN + columns * (_BOX[0] + _GAP[0]), top


def _edge(before: _Place, after: _Place, *, critical: bool) -> str:
    x1, y1 = before.x + _BOX[0], before.y + _BOX[1] / 2
    x2, y2 = after.x, after.y + _BOX[1] / 2
    bend = (x2 - x1) / 2
    style = "edge critical" if critical else "edge"
    return f'<path class="{style}" d="M{x1:g} {y1:g} C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"/>'


def _box(each: Registration, place: _Place, note: str, *, critical: bool) -> str:
    title = _short(display_name(each), 28)
    kind = _short(f"{find(each.type).short}{'  ' + note if note else ''}", 32)
    return (
        f'<g class="{"critical" if critical else "plain"}"><title>{escape(each.urn)}</title>'
        f'<rect class="box" x="{place.x:g}" y="{place.y:g}" width="{_BOX[0]}" height="{_BOX[1]}"/>'
        f'<text x="{place.x + 8:g}" y="{place.y + 15:g}">{escape(title)}</text>'
        f'<text class="kind" x="{place.x + 8:g}" y="{place.y + 29:g}">{escape(kind)}</text></g>'
    )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
