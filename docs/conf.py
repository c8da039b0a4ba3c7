"""The site that `make docs` builds: Sphinx reads the same Markdown that a repository's host shows.

Why Sphinx: docs/decisions/site.md. A page that no part below names fails the build.
"""

from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
PARTS = {
    "Start": ["first-stack", "choose-gpu", "deploy", "use"],
    "Tasks": [
        *("existing-cluster", "https", "team", "several-machines", "updates", "costs"),
        *("monitoring", "warm-starts", "images", "pipeline", "trouble", "tear-down"),
    ],
    "Reference": [
        *("commands", "configuration", "diagnostics", "faq", "security", "verification"),
        *("guide-coverage", "provider-traps", "e2e", "releases"),
    ],
    "How it is made": ["architecture", "decisions/index"],
    "中文": ["index.zh"],
}

project = "tke-llm"
html_title = "tke-llm"
html_theme = "furo"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
extensions = ["myst_parser"]
myst_heading_anchors = 4
# Examples in prose are shown as YAML although a lexer wants more.
suppress_warnings = ["misc.highlighting_failure"]


def _contents(caption: str, pages: list[str]) -> str:
    return "\n".join(["", "```{toctree}", ":hidden:", f":caption: {caption}", *pages, "```", ""])


def _add_contents(_: Sphinx, name: str, source: list[str]) -> None:
    """The list of pages is added here, for a host of repositories would show it as code."""
    if name == "index":
        source[0] += "".join(_contents(caption, pages) for caption, pages in PARTS.items())
    if name == "decisions/index":
        decisions = sorted(path.stem for path in (HERE / "decisions").glob("*.md") if path.stem != "index")
        source[0] += _contents("", decisions).replace(":caption: \n", "")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", _add_contents)
