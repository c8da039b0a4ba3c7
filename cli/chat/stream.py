"""One answer of an OpenAI-compatible API, piece by piece as it is written."""

import http.client
import json
import ssl
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cli.language import tr
from components.workloads.scripts.smoke_test.web import Answer

SECONDS = 900.0
"""Longest silence: an engine without a key may load its weights upon the first question."""
_THOUGHTS = ("reasoning_content", "reasoning")
"""Where engines put what a model thinks before it answers (vLLM before 0.12 and SGLang; vLLM since, Ollama)."""


class ChatError(Exception):
    """There is no answer, or no end of one; the message says why, and holds no key."""


@dataclass(frozen=True)
class Written:
    """Some text of an answer, or of the thoughts before it."""

    text: str
    thought: bool = False


def answer(url: str, key: str | None, model: str, messages: Sequence[Mapping[str, str]]) -> Generator[Written]:
    """Ask at a base URL that ends in ``/v1``. Whoever stops reading ends the answer at the server, too.

    Raises:
        ChatError: nobody is there, it is refused, or it breaks off.
    """
    body = {"model": model, "messages": list(messages), "stream": True}
    with closing(_connection(url)) as connection:
        try:
            response = _response(connection, url, key, body)
            yield from _pieces(response)
        except ssl.SSLCertVerificationError as error:
            raise ChatError(
                tr("the certificate of {url} is not trusted here ({why})", url=url, why=error.verify_message)
            ) from None
        except TimeoutError:
            raise ChatError(tr("{url} is silent for {seconds:.0f} s", url=url, seconds=SECONDS)) from None
        except (OSError, http.client.HTTPException) as error:
            raise ChatError(
                tr("{url} gives no answer ({why})", url=url, why=str(error) or type(error).__name__)
            ) from None


def _connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(str(parts.hostname), parts.port, timeout=SECONDS)


def _response(
    connection: http.client.HTTPConnection, url: str, key: str | None, body: Mapping[str, Any]
) -> http.client.HTTPResponse:
    headers = {"Content-Type": "application/json", "Accept": "text/event-stream", "User-Agent": "tke-llm-chat"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    path = f"{urlsplit(url).path.rstrip('/')}/chat/completions"
    connection.request("POST", path, json.dumps(body).encode(), headers)
    response = connection.getresponse()
    if response.status != 200:
        raise ChatError(
            tr("{url} answers {status}: {why}", url=url, status=response.status, why=_told(response.read(65536), key))
        )
    return response


def _pieces(response: http.client.HTTPResponse) -> Iterator[Written]:
    """Server-sent events, as far as these APIs use them: one line of data each."""
    ended = False
    while line := response.readline():
        field, _, value = line.decode(errors="replace").partition(":")
        value = value.strip()
        if field != "data":
            continue
        if value == "[DONE]":
            return
        try:
            event = json.loads(value)
        except ValueError:
            raise ChatError(tr("the stream holds something that is no JSON")) from None
        if event.get("error"):
            raise ChatError(tr("the answer ends with an error: {why}", why=_told(json.dumps(event).encode(), None)))
        for choice in event.get("choices") or ():
            delta = choice.get("delta") or {}
            ended = ended or choice.get("finish_reason") is not None
            thought = next((delta[name] for name in _THOUGHTS if delta.get(name)), "")
            yield from [Written(thought, thought=True)] if thought else []
            yield from [Written(delta["content"])] if delta.get("content") else []
    if not ended:
        raise ChatError(tr("the answer breaks off"))


def _told(body: bytes, key: str | None) -> str:
    """What an answer says is wrong, in one line and without the key."""
    text = Answer(0, "", body, 0.0).told or tr("no reason given")
    return text if key is None else text.replace(key, "…")
