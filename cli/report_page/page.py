"""Puts the page together: the skeleton, the style, the scripts and the data of one rehearsal, in one file.

The page asks for nothing: a policy in its head lets no request out and no script run but the two whose hashes it names.
A stack file may come from somebody else, so no text of it becomes markup: all of it is in one JSON document, out of
which the scripts make text nodes.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from html import escape
from importlib.metadata import distribution
from pathlib import Path

from cli.findings import judged
from cli.language import current_language, tr, translate, trn
from cli.report_page.figures import costs, findings, memory
from cli.report_page.resources import graph
from cli.report_page.timelines import charts
from cli.report_page.words import WORDS
from cli.summary import rows
from cli.text import duration
from planner.report.document import document
from rehearsal.clock import idle
from rehearsal.story import Story
from rehearsal.tree import tree

_HERE = Path(__file__).parent
_SCRIPTS = ("elements.js", "highlight.js", "layout.js", "details.js", "graph.js", "gantt.js", "sections.js", "main.js")


def page(stack: str, story: Story, written: Mapping[str, str]) -> str:
    """The page of a rehearsal whose other files are `written`. Two rehearsals of one stack give the same page."""
    style = _own("page.css")
    d3 = _d3()
    script = "(function () {\n'use strict';\n" + "\n".join(map(_own, _SCRIPTS)) + "\n}());\n"
    filled = {
        "language": {"en": "en", "zh": "zh-CN"}[current_language()],
        "policy": "; ".join(
            (
                "default-src 'none'",
                f"script-src {_hash(d3)} {_hash(script)}",
                f"style-src {_hash(style)}",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
        "style": style,
        # Whoever passes the page on passes D3 on; its package holds no license.
        "notice": _own("d3.license.txt"),
        "d3": d3,
        "data": _json(_data(stack, story, written)),
        "script": script,
    }
    skeleton = re.sub(
        r"\{\{t:(.+?)\}\}", lambda found: escape(translate(WORDS[found[1]])), _own("page.html"), flags=re.DOTALL
    )
    return re.sub(r"\{\{(\w+)\}\}", lambda found: filled[found[1]], skeleton)


def _own(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _d3() -> str:
    return Path(str(distribution("xstatic-d3").locate_file("xstatic/pkg/d3/data/d3.js"))).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _json(value: object) -> str:
    """JSON that ends no script element, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _data(stack: str, story: Story, written: Mapping[str, str]) -> dict[str, object]:
    plan, registrations, times = story.plan, story.recording.registrations, story.timeline
    drawn = graph(plan, registrations, times, idle(registrations, plan, times), written)
    return {
        "stack": stack,
        "prefix": f"{plan.names.project}-{plan.names.stack}-",
        "ready": not story.broken,
        "words": {} if current_language() == "en" else {word: translate(said) for word, said in WORDS.items()},
        "verdict": judged(story.diagnostics, len(story.broken))[0],
        "cards": _cards(story),
        "summary": rows(plan),
        "graph": document(drawn),
        "charts": document(charts(story)),
        "reasons": [
            {"subject": each.subject, "choice": translate(each.choice), "because": translate(each.because)}
            for each in plan.reasons
        ],
        "memory": document(memory(plan)),
        "costs": document(costs(plan)),
        "findings": document(findings(story.diagnostics, story.violations)),
    }


def _cards(story: Story) -> list[tuple[str, str, str]]:
    """(figure, what it is of, more about it)."""
    plan = story.plan
    made = sum(root.resources for root in tree(story.recording.registrations))
    gpus = 0 if plan.paused else sum(model.gpus * model.first_replicas for model in plan.models.values())
    models = trn("for {number} model", "for {number} models", len(plan.models))
    order = tr("estimated; order {name}", name=plan.order.chosen)
    cards = [
        (str(made), tr("resources"), tr("that pulumi up makes")),
        (duration(story.timeline.total), tr("until all is up"), order),
        (str(gpus), tr("GPU") if gpus == 1 else tr("GPUs"), tr("paused") if plan.paused else models),
    ]
    for each in story.orders:
        if each.order == plan.order.chosen:
            waited = tr("spent waiting")
            if each.waiting.cost is not None:
                waited = tr("spent waiting, which cost {cost:.2f}", cost=each.waiting.cost)
            cards.append((f"{each.waiting.gpu_hours:.2f}", tr("GPU-hours"), waited))
    hours = [cost.hour for cost in costs(plan)]
    priced = [each for each in hours if each is not None]
    if priced:
        nodes = tr("for the least GPU nodes")
        if len(priced) < len(hours):
            nodes = tr("for the least GPU nodes, of the pools whose price is known")
        cards.append((f"{sum(least for least, _ in priced):,.2f}", tr("an hour"), nodes))
    return cards
