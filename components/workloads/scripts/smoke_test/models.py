"""A model's OpenAI API: listed, guarded, answering at once and in a stream."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

from .findings import Failure, Run
from .request import Model
from .web import REFUSED, Answer, Site, clipped, describe

MAX_TOKENS = 16
"""Of an answer. A reasoning model may spend all of them before it says anything."""
QUESTION = [{"role": "user", "content": "Say hello."}]


def ask_model(done: Run, model: Model) -> None:
    """A model at its own address: listed, guarded, answering at once and in a stream."""
    site, name = Site(model.url), f"model {model.name}"
    seconds = done.within(model.patience)
    if not done.check(name, lambda: listed(site.patiently("GET", "/models", seconds, token=model.key), model.model)):
        return
    if model.key is not None:
        done.check(name, lambda: guarded(site, model, done.within(model.patience)))
    done.check(name, lambda: answered(site, model, done.within(model.patience)))
    done.check(name, lambda: streamed(site, model, done.within(model.patience)))


def listed(answer: Answer, model: str) -> str:
    names = [each["id"] for each in answer.expect().json()["data"]]
    if model not in names:
        raise Failure(f"its list of models has no {model}: {', '.join(names) or 'it is empty'}")
    return f"lists {model}"


def question(model: str, *, stream: bool) -> dict[str, object]:
    return {"model": model, "messages": QUESTION, "max_tokens": MAX_TOKENS, "stream": stream}


def guarded(site: Site, model: Model, seconds: float) -> str:
    """Nobody is answered without the key."""
    body = question(model.model, stream=False)
    for token, what in ((None, "without a key"), (secrets.token_urlsafe(24), "with a wrong key")):
        answer = site.patiently("POST", "/chat/completions", seconds, token=token, body=body)
        if answer.status == 200:
            raise Failure(f"a request {what} is answered")
        if answer.status not in REFUSED:
            raise Failure(f"a request {what} is not refused: it {describe(answer)}")
    return "refuses requests without its key"


def answered(site: Site, model: Model, seconds: float) -> str:
    body = question(model.model, stream=False)
    begun = time.monotonic()
    given = site.patiently("POST", "/chat/completions", seconds, token=model.key, body=body).expect().json()
    message = given["choices"][0]["message"]
    tokens = (given.get("usage") or {}).get("completion_tokens") or int(says_something(message))
    if not tokens:
        raise Failure("an answer without a single token")
    return f"answers with {tokens} tokens in {time.monotonic() - begun:.1f} s"


def says_something(message: Mapping[str, Any]) -> bool:
    """Whether a message, or a piece of one, has anything in it: text, thoughts, or a call of a tool."""
    return any(message.get(part) for part in ("content", "reasoning_content", "reasoning", "tool_calls"))


def streamed(site: Site, model: Model, seconds: float) -> str:
    body = question(model.model, stream=True)
    return streaming(site.patiently("POST", "/chat/completions", seconds, token=model.key, body=body))


def streaming(answer: Answer) -> str:
    """Server-sent events: at least one piece of an answer, and an end."""
    pieces, ended = 0, False
    for line in answer.expect().body.decode(errors="replace").splitlines():
        field_name, _, value = line.partition(":")
        if field_name != "data":
            continue
        if value.strip() == "[DONE]":
            ended = True
            continue
        try:
            event = json.loads(value)
        except ValueError as error:
            raise Failure(f"a stream with something that is no JSON: {clipped(value)}") from error
        if event.get("error"):
            raise Failure(f"the stream ends with an error: {clipped(str(event['error']))}")
        for choice in event.get("choices") or ():
            # A token may be half a character, of which nothing is shown yet.
            pieces += says_something(choice.get("delta") or {}) or choice.get("finish_reason") == "length"
    if not pieces:
        raise Failure(f"a stream without a single token: {answer.told or 'it is empty'}")
    if not ended:
        raise Failure("the stream breaks off")
    return f"streams, the first piece after {answer.first:.1f} s"
