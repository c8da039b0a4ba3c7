"""The chat page in headless Chromium, as people use it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Error, Page, ViewportSize, sync_playwright

from e2e.report import CheckError

WAIT = 300_000
"""Milliseconds for a page to show what it must; much, for a machine that does other things at the same time."""
GREETING = 15_000
SIZE: ViewportSize = {"width": 1200, "height": 760}
QUESTION = "Hello there"
_MODEL = "#model-selector-model-button"
_ANSWER = "#response-content-container"
_WATCH = """(selector) => {
  window.seenLengths = [];
  new MutationObserver(() => {
    const length = document.querySelector(selector)?.innerText.length ?? 0;
    if (length && length !== window.seenLengths.at(-1)) window.seenLengths.push(length);
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    password: str


@dataclass(frozen=True)
class Shown:
    """An answer as it stood on the page, and how often it grew."""

    text: str
    steps: int


@contextmanager
def chromium(executable: Path) -> Iterator[Browser]:
    """A headless browser; its sandbox needs rights that root, of all users, does not have."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """One person's browser window on the page at `url`. Raises `CheckError` where the page does not do what it must."""

    def __init__(self, browser: Browser, url: str, pictures: Path) -> None:
        self._url = url
        self._pictures = pictures
        self._page: Page = browser.new_context(viewport=SIZE, locale="en-US").new_page()
        self._page.set_default_timeout(WAIT)

    def close(self) -> None:
        self._page.context.close()

    def picture(self, name: str) -> None:
        self._page.screenshot(path=self._pictures / f"{name}.png")

    def sign_in(self, person: Person) -> str:
        """Sign in by the form; the token that the page got."""
        with self._on("sign-in"):
            self._page.goto(f"{self._url}/auth")
            self._page.fill("input[type=email]", person.email)
            self._page.fill("input[type=password]", person.password)
            self._page.click("button[type=submit]")
            self._page.wait_for_selector("#chat-input")
            self._greeted()
            return str(self._page.evaluate("localStorage.token"))

    def _greeted(self) -> None:
        """Close the news of the release, which an administrator sees first."""
        with suppress(Error):
            self._page.get_by_role("button", name="Okay, Let's Go!").click(timeout=GREETING)

    def choose(self, model: str) -> None:
        """Open a new chat with a model."""
        with self._on("a-new-chat"):
            self._page.goto(f"{self._url}/?models={quote(model)}")
            # A message sent before the page knows its models is refused.
            self._page.locator(_MODEL).filter(has_text=model).wait_for()

    def ask(self, expected: str) -> Shown:
        """Send a message and wait until `expected` stands in the answer."""
        with self._on("an-answer"):
            self._page.evaluate(_WATCH, _ANSWER)
            self._page.locator("#chat-input").click()
            self._page.keyboard.type(QUESTION)
            self._page.click("#send-message-button")
            self._page.locator(_ANSWER).get_by_text(expected).first.wait_for()
            return Shown(
                self._page.locator(_ANSWER).last.inner_text(), int(self._page.evaluate("window.seenLengths.length"))
            )

    @contextmanager
    def _on(self, step: str) -> Iterator[None]:
        try:
            yield
        except Error as error:
            self.picture(f"failed-{step}")
            shown = " ".join(self._page.locator("body").inner_text().split())[:300]
            raise CheckError(f"{error.message.splitlines()[0]}; the page shows: {shown}") from None
