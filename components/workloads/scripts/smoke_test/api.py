"""The entry point where one API serves all models: asks it after all else, by the key of one client, which in the
cluster is the test itself.

It stands apart from the other modules, as `pooling` does.
"""

import http.client
import json
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from . import __main__ as entry
from . import pooling, web
from .findings import Failure, Finding, Run
from .models import listed, streaming
from .models import question as chat
from .pooling import PoolingModel, embedded, ranked
from .request import Gateway, Request
from .roads import reached, untrusted
from .web import Answer, Site, describe

CHAT = "/chat/completions"
ADVICE = {
    401: "the gateway does not know the client's key; is the SecurityPolicy accepted, and does its Secret "
    "hold the client?",
    403: "the client's key does not open it; is its SecurityPolicy accepted?",
    404: "no route leads there; is the HTTPRoute accepted, and is this a name that the model has?",
    429: "the limit of the client that asked is reached, nobody else's; ask again in a minute",
    500: "so Envoy Gateway answers where it does not accept a policy of the route, or a filter failed; see the status "
    "of the SecurityPolicies, the EnvoyExtensionPolicy and the BackendTrafficPolicy, and the proxies' log",
    502: "the model broke the connection off; see its log",
    503: "Envoy reaches no ready pod of the model; is one ready, and does its NetworkPolicy admit the proxies?",
    504: "the model did not answer in time; see its log",
}
"""What to look at, by the status that the API answers with."""
FINAL = {200, 400, 413, 429}
"""Statuses that no waiting changes; the others may be those of a gateway that has yet to learn what was made."""


@dataclass(frozen=True)
class Api:
    """The API of all models at `url`, and at `public` on the road in. `models` are the names that `key` opens."""

    url: str
    key: str
    patience: float
    models: tuple[PoolingModel, ...]
    public: str | None = None


def main() -> int:
    """Run by the environment and leave the termination message."""
    entry.run = _run
    return entry.main()


def _run(request: Request, say: Callable[[Finding], object] = lambda _: None) -> list[Finding]:
    return run(request, pooling.read_models(os.environ), read_api(os.environ), say)


def read_api(environ: Mapping[str, str]) -> Api | None:
    """The API of SMOKE_TEST, None where it has none; `key` names the variable that holds the key."""
    given = json.loads(environ["SMOKE_TEST"]).get("api")
    if given is None:
        return None
    key, url, patience = environ[given["key"]], given["url"], given["patience"]
    models = tuple(
        PoolingModel(each["name"], each["name"], url, key, each.get("patience", patience), task=each["task"])
        for each in given["models"]
    )
    return Api(url, key, patience, models, given["public"])


def run(
    request: Request,
    others: Iterable[PoolingModel],
    api: Api | None,
    say: Callable[[Finding], object] = lambda _: None,
) -> list[Finding]:
    """Ask for everything in turn and return what was found."""
    findings = pooling.run(request, others, say)
    if api is not None:
        # The request's own models are those whose keys a finding hides.
        ask_api(Run(replace(request, models=api.models), say, findings), api)
    return findings


def ask_api(done: Run, api: Api) -> None:
    """Found, closed to whoever has no key, listing all models, and answering for each of them."""
    site = Site(api.url)

    def check(ask: Callable[[float], str]) -> bool:
        return done.check("API", lambda: ask(done.within(api.patience)))

    if not check(lambda seconds: found(site, seconds)) or not check(lambda seconds: closed(site, api, seconds)):
        return
    if not check(lambda seconds: lists(site, api, seconds)):
        return
    for model in api.models:
        done.check(f"API, {model.name}", lambda model=model: answered(site, model, done.within(model.patience)))
    if api.public is not None and done.request.gateway is not None:
        in_public(done, Site(api.public, done.request.gateway.address), api, done.request.gateway)


def in_public(done: Run, site: Site, api: Api, gateway: Gateway) -> None:
    """The same API at its public host."""
    if not done.check(site.url, lambda: reached(done, site, "/models", api.patience, gateway)):
        return
    if done.check(site.url, lambda: closed(site, api, done.within(api.patience))):
        done.check(site.url, lambda: lists(site, api, done.within(api.patience)))
    if site.untrusted:
        done.check(str(urlsplit(site.url).hostname), lambda: untrusted(site.untrusted))


def found(site: Site, seconds: float) -> str:
    """Whether its name leads somewhere: Envoy Gateway makes the Service."""
    host, end = site.connect or str(urlsplit(site.url).hostname), time.monotonic() + seconds
    while True:
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            if time.monotonic() + web.PAUSE_SECONDS > end:
                raise Failure(
                    f"its name {host} leads nowhere ({error}); is the Gateway api programmed, and does the cluster's "
                    "DNS answer?"
                ) from error
            time.sleep(web.PAUSE_SECONDS)
        else:
            return f"is at {host}"


def closed(site: Site, api: Api, seconds: float) -> str:
    """Nobody is answered without a key."""
    first = api.models[0]
    for token, what in ((None, "without a key"), (api.key[::-1], "with a wrong key")):
        answer = patiently(site, "POST", road(first), seconds, expected=401, token=token, body=question(first))
        if answer.status == 200:
            raise Failure(f"a request {what} is answered: is the SecurityPolicy accepted?")
        if answer.status != 401:
            raise Failure(f"a request {what} is not refused by 401: it {advised(answer)}")
    return "refuses requests without a key that it knows"


def lists(site: Site, api: Api, seconds: float) -> str:
    """All models that the key opens."""
    answer = patiently(site, "GET", "/models", seconds, token=api.key)
    if answer.status != 200:
        raise Failure(f"its list of models {advised(answer)}")
    for model in api.models:
        listed(answer, model.name)
    return f"lists {', '.join(model.name for model in api.models)}"


def answered(site: Site, model: PoolingModel, seconds: float) -> str:
    """A request by the model's name; whoever chats streams."""
    answer = patiently(site, "POST", road(model), seconds, token=model.key, body=question(model))
    if answer.status != 200:
        raise Failure(advised(answer))
    if model.task == "chat":
        return streaming(answer)
    given = json.loads(answer.body)
    return embedded(given) if model.task == "embed" else ranked(given)


def road(model: PoolingModel) -> str:
    return CHAT if model.task == "chat" else model.road


def question(model: PoolingModel) -> dict[str, object]:
    return chat(model.model, stream=True) if model.task == "chat" else model.question()


def patiently(
    site: Site,
    method: str,
    path: str,
    seconds: float,
    *,
    expected: int = 200,
    token: str | None = None,
    body: object = None,
) -> Answer:
    """The answer that is expected, or one that no waiting changes, or the last within `seconds`.

    Raises:
        Failure: there is no answer, with what that comes from.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            answer = site.ask(method, path, max(end - time.monotonic(), 0.1), token=token, body=body)
        except (OSError, http.client.HTTPException) as error:
            if time.monotonic() + web.PAUSE_SECONDS > end:
                what = f"{type(error).__name__}: {error}"
                raise Failure(f"no answer in {seconds:.0f} s ({what}); {cause(error)}") from error
        else:
            if answer.status in FINAL | {expected} or time.monotonic() + web.PAUSE_SECONDS > end:
                return answer
        time.sleep(web.PAUSE_SECONDS)


def cause(error: Exception) -> str:
    """What to look at where nobody answers."""
    if isinstance(error, socket.gaierror):
        return "its name leads nowhere; is its Gateway programmed, and does the cluster's DNS answer?"
    if isinstance(error, ssl.SSLError):
        return "TLS fails; does the listener's Secret hold a certificate, and is the listener programmed?"
    if isinstance(error, TimeoutError):
        return "do its proxies run, and does a NetworkPolicy lie between?"
    return "do its proxies run?"


def advised(answer: Answer) -> str:
    """What was answered, and what to look at."""
    advice = ADVICE.get(answer.status)
    return describe(answer) if advice is None else f"{describe(answer)}; {advice}"


if __name__ == "__main__":
    sys.exit(main())
