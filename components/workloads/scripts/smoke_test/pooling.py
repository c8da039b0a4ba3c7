"""The entry point where models embed texts or rank documents: asks them after all else.

It stands apart from the other modules, which a stack without such models runs alone, as they are.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from . import __main__ as entry
from . import asking
from .findings import Doubt, Failure, Finding, Run
from .models import listed
from .request import Model, Request
from .roads import reached
from .web import REFUSED, Site, describe

TEXTS = ("a cat sits on a mat", "the price of gold")


@dataclass(frozen=True)
class PoolingModel(Model):
    """`task` is "embed" or "rerank"."""

    task: str = "embed"

    @property
    def road(self) -> str:
        return "/embeddings" if self.task == "embed" else "/rerank"

    def question(self) -> dict[str, object]:
        if self.task == "embed":
            return {"model": self.model, "input": list(TEXTS)}
        return {"model": self.model, "query": "Where does the cat sit?", "documents": list(TEXTS)}


def main() -> int:
    """Run by the environment and leave the termination message."""
    entry.run = _run
    return entry.main()


def _run(request: Request, say: Callable[[Finding], object] = lambda _: None) -> list[Finding]:
    return run(request, read_models(os.environ), say)


def read_models(environ: Mapping[str, str]) -> tuple[PoolingModel, ...]:
    """The models of SMOKE_TEST that embed or rank; `key` names the variable that holds it, as in `read_request`."""
    given = json.loads(environ["SMOKE_TEST"]).get("pooling", ())
    return tuple(PoolingModel(**{**each, "key": each["key"] and environ[each["key"]]}) for each in given)


def run(
    request: Request, models: Iterable[PoolingModel], say: Callable[[Finding], object] = lambda _: None
) -> list[Finding]:
    """Ask for everything in turn and return what was found."""
    every = tuple(models)
    # The request's own models are those whose keys a finding hides.
    done = Run(replace(request, models=every), say, asking.run(request, say))
    for model in every:
        ask_pooling(done, model)
    return done.findings


def ask_pooling(done: Run, model: PoolingModel) -> None:
    """A model at its own address and on the road in: listed, guarded, answering."""
    site, name = Site(model.url), f"model {model.name}"
    seconds = done.within(model.patience)
    if not done.check(name, lambda: listed(site.patiently("GET", "/models", seconds, token=model.key), model.model)):
        return
    if model.key is not None:
        done.check(name, lambda: guarded(site, model, done.within(model.patience)))
    done.check(name, lambda: answered(site, model, done.within(model.patience)))
    gateway = done.request.gateway
    if gateway is None or model.public is None:
        return
    outside = Site(model.public, gateway.address)
    if done.check(outside.url, lambda: reached(done, outside, "/models", model.patience, gateway)):
        done.check(outside.url, lambda: answered(outside, model, done.within(model.patience)))


def guarded(site: Site, model: PoolingModel, seconds: float) -> str:
    """Nobody is answered without the key."""
    answer = site.patiently("POST", model.road, seconds, body=model.question())
    if answer.status not in REFUSED:
        raise Failure(f"a request without a key is not refused: it {describe(answer)}")
    return "refuses requests without its key"


def answered(site: Site, model: PoolingModel, seconds: float) -> str:
    given = json.loads(
        site.patiently("POST", model.road, seconds, token=model.key, body=model.question()).expect().body
    )
    return embedded(given) if model.task == "embed" else ranked(given)


def embedded(given: Mapping[str, list]) -> str:
    vectors = [each["embedding"] for each in given["data"]]
    if len(vectors) != len(TEXTS) or not all(vectors) or len({len(vector) for vector in vectors}) != 1:
        raise Failure(f"{len(vectors)} vectors for {len(TEXTS)} texts")
    return f"embeds {len(TEXTS)} texts in vectors of {len(vectors[0])} numbers"


def ranked(given: Mapping[str, list] | list) -> str:
    """vLLM answers with `results`, SGLang with the list itself, either with the best first."""
    results = given if isinstance(given, list) else given["results"]
    if len(results) != len(TEXTS):
        raise Failure(f"{len(results)} documents ranked of {len(TEXTS)}")
    best = max(results, key=lambda each: each.get("relevance_score", each.get("score", 0.0)))
    if best["index"] != 0:
        raise Doubt("ranks a document first that has nothing to do with the query: does it need a chatTemplate?")
    return f"ranks {len(TEXTS)} documents"


if __name__ == "__main__":
    sys.exit(main())
