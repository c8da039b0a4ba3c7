"""Asks an engine for answers, as the page does: OpenAI's protocol, streamed."""

import http.client
import json
import threading
import time
from dataclasses import dataclass

TIMEOUT = 120.0
"""Seconds without a byte after which an answer counts as broken off."""
LONG = {"ignore_eos": True}
"""vLLM's own: go on after the end of the answer, so that it is as long as asked for."""


class AskError(Exception):
    """An engine refused, or its answer broke off."""


@dataclass(frozen=True)
class ServedEngine:
    """Where an engine listens on this machine, the name of its model, and its key where it has one."""

    name: str
    port: int
    model: str
    key: str | None


@dataclass(frozen=True)
class StreamedAnswer:
    """A whole answer: `chunks` of text that arrived one by one, in `seconds`."""

    text: str
    chunks: int
    tokens: int
    finish: str
    seconds: float


def served(port: int, key: str | None) -> list[str]:
    """The models that an engine lists. Raises `AskError`."""
    listed = json.loads(_whole("GET", port, "/v1/models", key, None))
    return [str(each["id"]) for each in listed["data"]]


def status(port: int, path: str, key: str | None) -> int:
    """The status of a GET."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=_headers(key))
        return connection.getresponse().status
    finally:
        connection.close()


def ask(
    engine: ServedEngine, text: str, tokens: int, begun: threading.Event | None = None, *, long: bool = False
) -> StreamedAnswer:
    """A streamed answer, to its end. `begun` is set when its first words are here. Raises `AskError`."""
    body = {
        "model": engine.model,
        "messages": [{"role": "user", "content": text}],
        "max_tokens": tokens,
        "stream": True,
        "stream_options": {"include_usage": True},
        **(LONG if long else {}),
    }
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=TIMEOUT)
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), _headers(engine.key))
        response = connection.getresponse()
        if response.status != 200:
            raise AskError(f"{engine.name} answers {response.status}: {response.read(400).decode(errors='replace')}")
        words, finish, used = _events(response, engine, begun)
    except (OSError, http.client.HTTPException) as error:
        raise AskError(
            f"{engine.name}: the answer broke off after {time.monotonic() - started:.1f} s: {error!r}"
        ) from None
    finally:
        connection.close()
    return StreamedAnswer("".join(words), len(words), used, finish, time.monotonic() - started)


def _events(
    response: http.client.HTTPResponse, engine: ServedEngine, begun: threading.Event | None
) -> tuple[list[str], str, int]:
    words: list[str] = []
    finish, used = "", 0
    for line in response:
        if not line.startswith(b"data: "):
            continue
        if line.strip() == b"data: [DONE]":
            return words, finish, used
        event = json.loads(line[6:])
        if "error" in event:
            raise AskError(f"{engine.name}: {event['error']}")
        used = (event.get("usage") or {}).get("completion_tokens", used)
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            # Reasoning is streamed beside the answer, under either name.
            word = delta.get("content") or delta.get("reasoning") or delta.get("reasoning_content") or ""
            if word:
                words.append(word)
                if begun:
                    begun.set()
            finish = choice.get("finish_reason") or finish
    raise AskError(f"{engine.name}: the answer ended after {len(words)} words without its end")


def _whole(method: str, port: int, path: str, key: str | None, body: object) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), _headers(key))
        response = connection.getresponse()
        told = response.read()
        if response.status != 200:
            raise AskError(f"{path} answers {response.status}: {told[:400].decode(errors='replace')}")
        return told
    finally:
        connection.close()


def _headers(key: str | None) -> dict[str, str]:
    return {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
