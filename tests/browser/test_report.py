"""The rehearsal's page in headless Chromium, as people use it, on a desktop and on a phone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.browser.conftest import Reports
from tests.browser.pages import EVIL

SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1280, "height": 800},
    "phone": {"width": 390, "height": 844},
}
Open = Callable[[Path], AbstractContextManager[Page]]


@pytest.fixture(params=SIZES)
def visit(request: pytest.FixtureRequest, browser: Browser) -> Open:
    """Opens a page; it must have asked for nothing and complained of nothing when it is left."""

    @contextmanager
    def opened(path: Path) -> Iterator[Page]:
        context = browser.new_context(viewport=SIZES[request.param], has_touch=request.param == "phone")
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: complaints.append(asked.url) if asked.url != path.as_uri() else None)
        page.goto(path.as_uri())
        yield page
        assert complaints == []
        context.close()

    return opened


def nodes(page: Page, kind: str) -> int:
    return page.locator(f".nodes g.{kind}").count()


def test_every_section_is_filled_and_nothing_is_wider_than_the_window(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        heights = page.locator("main > section").evaluate_all("all => all.map(each => each.offsetHeight)")
        assert len(heights) == 8
        assert min(heights) > 80
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.title() == "dev: ready to deploy, 1 warning"
        assert page.locator("svg.memory").count() == 1
        assert page.locator(".chart svg").count() == 3


def test_a_component_unfolds_into_its_resources_and_folds_again(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        assert nodes(page, "resource") == 0
        page.locator(".nodes g.folded", has_text="llm-cluster").click()
        assert nodes(page, "resource") == 4
        page.locator(".nodes g.head", has_text="llm-cluster").click(position={"x": 40, "y": 10})
        assert nodes(page, "resource") == 0


def test_search_finds_a_resource_in_a_folded_component(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        page.fill("#search", "deployment webui")
        assert page.locator("#found").inner_text().startswith("1 of ")
        page.press("#search", "Enter")
        assert page.locator("#details h3").inner_text() == "llm/webui"
        assert page.locator(".nodes g.chosen").count() == 1
        page.fill("#search", "no such thing")
        assert page.locator("#found").inner_text().startswith("0 of ")


def test_a_resource_shows_its_masked_inputs_why_it_is_so_and_what_it_waits_for(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        page.fill("#search", "secret llm/webui")
        page.press("#search", "Enter")
        details = page.locator("#details")
        assert "<masked>" in details.locator(".yaml").inner_text()
        page.fill("#search", "deployment llm/chat")
        page.press("#search", "Enter")
        assert "models.chat.dtype" in details.locator(".why").inner_text()
        details.locator("button.link", has_text="NativeNodePool").click()
        assert details.locator("h3").inner_text() == "tke-llm-dev-gpu"


def test_the_theme_follows_the_system_until_somebody_says_otherwise(visit: Open, reports: Reports) -> None:
    def background(page: Page) -> str:
        return page.evaluate("getComputedStyle(document.body).backgroundColor")

    with visit(reports.plain) as page:
        page.emulate_media(color_scheme="light")
        light = background(page)
        page.emulate_media(color_scheme="dark")
        dark = background(page)
        assert light != dark
        page.click("#theme")
        assert background(page) == light
        page.click("#theme")
        assert background(page) == dark


def test_the_graph_is_used_by_the_keyboard_alone(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        page.keyboard.press("/")
        page.keyboard.type("vpc.instance")
        page.keyboard.press("Enter")
        assert page.locator("#details h3").inner_text() == "tke-llm-dev-vpc"
        page.keyboard.press("Escape")
        assert page.locator("#details h3").count() == 0
        page.locator(".nodes g[tabindex='0']").focus()
        first = page.evaluate("document.activeElement.getAttribute('data-node')")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.getAttribute('data-node')") != first
        page.click("#fold")
        page.locator(".nodes g[tabindex='0']").focus()
        page.keyboard.press("Enter")
        assert nodes(page, "head") == 1
        assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"


def test_the_graph_zooms_and_comes_back(visit: Open, reports: Reports) -> None:
    def place(page: Page) -> str:
        return page.locator("#canvas svg > g").get_attribute("transform") or ""

    with visit(reports.plain) as page:
        start = place(page)
        page.click("#zoom-in")
        assert place(page) != start
        page.click("#fit")
        assert place(page) == start


def test_a_bar_of_the_timeline_leads_to_its_resource(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        page.locator("#charts article.chosen .row.known", has_text="chat-download").click()
        assert page.locator("#details h3").inner_text().startswith("llm/chat-download-")


def test_manifests_are_found_by_what_is_in_them(visit: Open, reports: Reports) -> None:
    with visit(reports.plain) as page:
        page.fill("#file-search", "kind: persistentvolumeclaim")
        names = page.locator("#file-list li:visible").all_inner_texts()
        assert [name.partition("-")[2] for name in names] == [
            "persistentvolumeclaim-ai-model.yaml",
            "persistentvolumeclaim-webui.yaml",
        ]
        page.locator("#file-list li:visible button").first.click()
        assert page.locator("#file .y-nt").count() > 10


def test_markup_in_a_stack_file_is_shown_and_not_run(visit: Open, reports: Reports) -> None:
    with visit(reports.evil) as page:
        page.fill("#search", "window.hacked")
        page.press("#search", "Enter")
        assert page.locator("#details h3").inner_text() == f"llm/{EVIL}"
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0


def test_the_browser_lets_no_request_out(browser: Browser, reports: Reports) -> None:
    page = browser.new_page()
    page.goto(reports.plain.as_uri())
    blocked = page.evaluate("""() => new Promise((resolve) => {
      addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
      new Image().src = "/elsewhere.png";
    })""")
    assert blocked == "img-src"
    page.close()


def test_five_hundred_resources_are_unfolded_searched_and_folded(visit: Open, reports: Reports) -> None:
    with visit(reports.large) as page:
        page.click("#unfold")
        many = nodes(page, "resource")
        assert many >= 500
        page.fill("#search", "deployment chat17")
        page.press("#search", "Enter")
        assert "chat17" in page.locator("#details h3").inner_text()
        page.click("#fold")
        assert nodes(page, "folded") > 50
