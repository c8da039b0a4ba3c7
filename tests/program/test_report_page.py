"""The page that a rehearsal writes: complete, self-contained, and true to the rehearsal."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cli.report_page.figures import MONTH, costs, memory
from cli.report_page.page import page
from cli.report_page.timelines import charts
from rehearsal.clock import planned
from rehearsal.registration import MASK, Registration
from rehearsal.render import files
from rehearsal.story import Story
from tests.program.rehearsed import command, secrets_of, story, unseeded

SECTIONS = ("summary", "graph", "timeline", "reasons", "memory", "findings", "costs", "manifests")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


class Elements(HTMLParser):
    """Every element with its attributes, and the text of each script and style."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._inside = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag in ("script", "style")
        if self._inside:
            self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            tag, text = self.texts[-1]
            self.texts[-1] = (tag, text + data)

    @property
    def policy(self) -> str:
        return next(
            attributes["content"] or ""
            for tag, attributes in self.elements
            if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
        )


def page_of(told: Story) -> str:
    return page("dev", told, files(told.plan, told.recording.registrations))


@cache
def written() -> str:
    return page_of(story("dev"))


def data(text: str) -> dict:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def with_registration(told: Story, extra: Registration) -> Story:
    registrations = (*told.recording.registrations, extra)
    return replace(
        told,
        recording=replace(told.recording, registrations=registrations),
        timeline=planned(registrations, told.plan),
    )


def test_the_page_asks_for_nothing_and_says_so_to_the_browser() -> None:
    elements = Elements(written())
    asking = [
        (tag, name, value)
        for tag, attributes in elements.elements
        for name, value in attributes.items()
        if name in ("src", "srcset", "href", "action", "data", "poster") and not (value or "").startswith("#")
    ]
    assert asking == []
    assert {tag for tag, _ in elements.elements} & {"link", "iframe", "object", "embed", "base", "form", "img"} == set()
    (style,) = [text for tag, text in elements.texts if tag == "style"]
    assert not re.search(r"@import|url\((?!#)", style)
    assert elements.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in elements.policy


def test_only_the_pages_own_scripts_and_style_may_run() -> None:
    elements = Elements(written())
    allowed = set(re.findall(r"'sha256-([^']+)'", elements.policy))
    given = {
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for tag, text in elements.texts
        if not text.startswith("{")
    }
    assert len(given) == 3
    assert given == allowed


def test_every_section_is_there_and_has_something_to_show() -> None:
    identifiers = [attributes.get("id") for _, attributes in Elements(written()).elements]
    assert [each for each in identifiers if each in SECTIONS] == list(SECTIONS)
    told = data(written())
    for part in ("summary", "charts", "reasons", "memory", "findings", "costs", "cards"):
        assert told[part], part
    assert told["graph"]["resources"]
    assert any(each["file"] for each in told["graph"]["resources"])


def test_a_text_of_the_stack_file_never_becomes_markup() -> None:
    told = story("dev")
    metadata = {"name": EVIL, "namespace": "llm"}
    inputs = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": EVIL}}
    extra = Registration(
        "kubernetes:core/v1:ConfigMap",
        EVIL,
        f"urn:pulumi:dev::tke-llm::kubernetes:core/v1:ConfigMap::{EVIL}",
        "",
        True,
        inputs,
        "llm/a",
        {"metadata": metadata},
    )
    text = page_of(with_registration(told, extra))
    plain = Elements(written())
    assert [tag for tag, _ in Elements(text).elements] == [tag for tag, _ in plain.elements]
    assert f"llm/{EVIL}" in [each["name"] for each in data(text)["graph"]["resources"]]


def test_no_secret_of_the_rehearsal_is_in_it() -> None:
    recording = unseeded("dev").recording
    assert recording is not None
    secrets = secrets_of(recording)
    assert secrets
    text = page_of(replace(story("dev"), recording=recording))
    assert MASK in json.dumps(data(text))
    assert not [secret for secret in secrets if secret in text]


def test_the_graph_holds_each_resource_once_and_every_edge_leads_to_a_later_column() -> None:
    told, graph = story("dev"), data(written())["graph"]
    made = [each.urn for each in told.recording.registrations if each.custom]
    resources = graph["resources"]
    assert [each["urn"] for each in resources] == made
    for before, after in graph["edges"]:
        assert before in resources[after]["waitsFor"]
        assert resources[before]["column"] < resources[after]["column"]
    assert {each["urn"] for each in resources if each["critical"]} == set(told.timeline.critical)
    assert {each["group"] for each in resources} == set(range(len(graph["groups"])))


def test_a_resource_shows_its_manifest_or_its_inputs() -> None:
    told = story("dev")
    results = files(told.plan, told.recording.registrations)
    resources = data(written())["graph"]["resources"]
    shown = {each["file"]: "".join(text for _, text in each["text"]) for each in resources if each["file"]}
    assert shown == {Path(name).name: text for name, text in results.items() if name.startswith("manifests/")}
    (vpc,) = [each for each in resources if each["kind"] == "vpc.Instance"]
    assert "cidrBlock: 10.0.0.0/16" in "".join(text for _, text in vpc["text"])


def test_a_resource_says_why_it_is_as_it_is() -> None:
    resources = {each["kind"] + " " + each["name"]: each for each in data(written())["graph"]["resources"]}
    server = {each["subject"] for each in resources["Deployment llm/chat"]["why"]}
    assert {"models.chat.dtype", "models.chat.tensorParallel", "models.chat.image"} <= server
    (pool,) = [each for each in resources.values() if each["kind"] == "kubernetes.NativeNodePool"]
    assert {each["subject"] for each in pool["why"]} >= {"order", "models.chat.tensorParallel"}
    assert {each["subject"] for each in resources["Deployment llm/webui"]["why"]} >= {"webui.offline"}


def test_every_order_has_its_chart_and_the_gpus_that_wait_are_in_it() -> None:
    told = story("dev")
    fastest, cheapest, by_hand = charts(told)
    assert (fastest.chosen, cheapest.chosen, by_hand.chosen) == (False, True, False)
    idle = [bar for bar in fastest.bars if bar.kind == "idle"]
    assert sum(bar.end - bar.start for bar in idle) / 3600 == pytest.approx(told.orders[0].waiting.gpu_hours)
    for chart in (fastest, cheapest, by_hand):
        assert max(bar.end for bar in chart.bars) == pytest.approx(chart.total)
    drawn = [bar for bar in cheapest.bars if bar.kind != "idle"]
    assert len(drawn) + cheapest.short == len(told.timeline.steps)


def test_the_memory_of_a_gpu_is_accounted_for() -> None:
    for name in ("dev", "local", "turbo"):
        for each in memory(story(name).plan):
            assert sum(part.gib for part in each.parts) == pytest.approx(each.total, abs=0.02)


def test_costs_are_the_prices_of_the_stack_file_and_unknown_without_one() -> None:
    plan = story("dev").plan
    (free,) = costs(plan)
    assert (free.price, free.hour, free.month) == (None, None, None)
    assert "prices.PNV4.7XLARGE116" in free.note
    (pool,) = plan.pools.values()
    priced = replace(plan, pools={pool.name: replace(pool, price=10.0, min_nodes=1, max_nodes=3)})
    (cost,) = costs(priced)
    assert (cost.hour, cost.day, cost.month) == ((10, 30), (240, 720), (10 * MONTH, 30 * MONTH))


def test_two_pages_of_one_stack_are_the_same() -> None:
    assert page_of(story("dev")) == written()


def test_rehearse_writes_the_page_beside_its_other_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = story("dev")
    monkeypatch.setattr("cli.rehearse.tell", lambda *_: told)
    result = command("rehearse", "dev", "--out", str(tmp_path / "dev"))
    assert result.exit_code == 0, result.stdout
    assert (tmp_path / "dev" / "report.html").read_text(encoding="utf-8") == written()
    assert "report.html" in result.stdout
