"""The road in at its public addresses, and the connections that must be refused."""

import socket
import time
from urllib.parse import urlsplit

from .findings import Doubt, Failure, Run
from .models import guarded, streamed
from .request import Forbidden, Gateway, Model
from .web import PAUSE_SECONDS, REDIRECTS, Site, describe

HTTP_PORT = 80
CONNECT_SECONDS, CONNECT_TIMES = 5.0, 3


def ask_gateway(done: Run, gateway: Gateway) -> None:
    """Everything that has a public address, at that address."""
    page, sites = done.request.page, list[Site]()
    if page is not None and page.public is not None:
        sites.append(Site(page.public, gateway.address))
        if not done.check(page.public, lambda: reached(done, sites[0], "/api/config", page.patience, gateway)):
            return
    for model in done.request.models:
        if model.public is None:
            continue
        sites.append(Site(model.public, gateway.address))
        if not ask_in_public(done, sites[-1], model, gateway):
            break
    for host, why in {str(urlsplit(site.url).hostname): site.untrusted for site in sites if site.untrusted}.items():
        done.check(host, lambda why=why: untrusted(why))


def ask_in_public(done: Run, site: Site, model: Model, gateway: Gateway) -> bool:
    """A model at its public address; whether it is there at all."""
    if not done.check(site.url, lambda: reached(done, site, "/models", model.patience, gateway)):
        return False
    if model.key is not None:
        done.check(site.url, lambda: guarded(site, model, done.within(model.patience)))
    done.check(site.url, lambda: streamed(site, model, done.within(model.patience)))
    return True


def reached(done: Run, site: Site, path: str, seconds: float, gateway: Gateway) -> str:
    """Whether anybody answers at a public address. `path` may refuse; it must not be unknown."""
    try:
        answer = site.patiently("GET", path, done.within(PAUSE_SECONDS * 5 if gateway.pending else seconds))
    except Failure as failure:
        if gateway.pending is None or not sent_on(site, done.within(seconds)):
            raise
        raise Doubt(f"{failure}; {gateway.pending}") from failure
    if answer.status == 404 or answer.status >= 500 or answer.status in REDIRECTS:
        raise Failure(describe(answer))
    return "is reached"


def sent_on(site: Site, seconds: float) -> bool:
    """Whether the gateway is there and sends plain HTTP on to HTTPS."""
    plain = Site(f"http://{urlsplit(site.url).hostname}:{HTTP_PORT}", site.connect)
    return plain.patiently("GET", "/", seconds).status in REDIRECTS


def untrusted(why: str) -> str:
    raise Doubt(f"its certificate is not trusted here ({why}); the answers were taken all the same")


def try_forbidden(road: Forbidden) -> str:
    """A connection that is refused, or opens and stays silent (a proxy may accept it in another's stead).

    Raises:
        Failure, Doubt: it is answered, by whether that was promised not to happen.
    """
    try:
        socket.getaddrinfo(road.host, road.port, type=socket.SOCK_STREAM)
    except OSError as error:
        problem = f"its name leads nowhere ({error}), so nothing can be said"
        raise (Failure(problem) if road.promised else Doubt(problem)) from error
    for attempt in range(CONNECT_TIMES):
        # What enforces policies learns of a new pod a moment after it starts.
        time.sleep(PAUSE_SECONDS if attempt else 0)
        if not opens(road):
            return f"refused: NetworkPolicies are enforced on {road.place}"
    problem = f"answered: NetworkPolicies are not enforced on {road.place}"
    raise Failure(problem) if road.promised else Doubt(problem)


def opens(road: Forbidden) -> bool:
    """Whether somebody answers there."""
    try:
        with socket.create_connection((road.host, road.port), CONNECT_SECONDS) as connection:
            connection.settimeout(CONNECT_SECONDS)
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False
