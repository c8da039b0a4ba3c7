"""The chat page: open to nobody, and an answer for somebody who is no administrator."""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from .findings import Doubt, Failure, Run
from .models import listed, question, streaming
from .request import Model, Page, Request
from .web import REDIRECTS, REFUSED, Site, describe

ACCOUNT, DOMAIN = "smoke-test-", "tke-llm.invalid"
"""Start and end of the e-mail addresses of temporary accounts; `.invalid` is nobody's (RFC 2606)."""

CLEAN_UP_SECONDS = 20.0
"""For the removal of an account, whatever else took how long."""


def ask_page(done: Run, page: Page) -> None:
    """The chat page: open to nobody, and an answer for somebody who is no administrator."""
    site = Site(page.url)
    config: dict[str, Any] = {}

    def here() -> str:
        config.update(site.patiently("GET", "/api/config", done.within(page.patience)).expect().json())
        return f"is there, {config.get('name')} {config.get('version')}"

    def closed() -> str:
        answer = site.ask("GET", "/api/models", done.within(page.patience))
        if answer.status not in REFUSED:
            raise Failure(f"somebody who is not signed in {describe(answer)}")
        return "asks for a login"

    if not done.check("page", here) or not done.check("page", closed):
        return
    if page.password is None:
        done.check("page", lambda: single_sign_on(site, config, done.within(page.patience)))
        return
    tokens: list[str] = []
    if done.check("page", lambda: administrator(site, page, tokens, done.within(page.patience))):
        ask_as_user(done, page, site, tokens[0])


def single_sign_on(site: Site, config: Mapping[str, Any], seconds: float) -> str:
    """Where nobody signs in by password: as far as the login of each provider."""
    providers = list((config.get("oauth") or {}).get("providers") or ())
    if not providers:
        raise Failure("nobody can sign in: neither by password nor by single sign-on")
    for provider in providers:
        answer = site.patiently("GET", f"/oauth/{quote(provider)}/login", seconds)
        if answer.status not in REDIRECTS or not urlsplit(answer.location).hostname:
            raise Failure(f"the login by {provider} leads nowhere: it {describe(answer)}")
    return f"single sign-on leads to {', '.join(providers)}; no password, so nobody signs in here"


def administrator(site: Site, page: Page, tokens: list[str], seconds: float) -> str:
    """Sign in as the administrator; the token is left in `tokens`."""
    body = {"email": page.email, "password": page.password}
    answer = site.patiently("POST", "/api/v1/auths/signin", seconds, body=body)
    if answer.status in {400, *REFUSED}:
        raise Doubt(
            f"{page.email} cannot sign in with the password of the output webuiAdmin ({answer.told}): changed in the "
            "page? No answer was asked for there."
        )
    tokens.append(answer.expect().json()["token"])
    return "the administrator signs in"


def ask_as_user(done: Run, page: Page, site: Site, admin: str) -> None:
    """Make an account, sign in with it, chat, and remove it whatever happens."""
    request = done.request
    # Letters, a capital, a digit and a sign: what a page that checks passwords wants (ENABLE_PASSWORD_VALIDATION).
    password = f"Aa1!{secrets.token_urlsafe(24)}"
    email = f"{ACCOUNT}{request.owner}-{secrets.token_hex(6)}@{DOMAIN}"
    token: list[str] = []

    def signed_in() -> str:
        account = {"name": "Smoke test", "email": email, "password": password, "role": "user"}
        seconds = done.within(page.patience)
        site.ask("POST", "/api/v1/auths/add", seconds, token=admin, body=account).expect()
        login = {"email": email, "password": password}
        answer = site.patiently("POST", "/api/v1/auths/signin", seconds, body=login).expect().json()
        token.append(answer["token"])
        if answer["role"] != "user":
            raise Failure(f"an account made as user is {answer['role']}")
        return "an ordinary user signs in"

    with no_account_left(done, site, admin, email):
        if not done.check("page", signed_in):
            return
        if not page.chats:
            done.check("page", not_chatting)
            return
        for model in request.models:
            done.check("page", lambda model=model: chatted(site, model, token[0], done.within(model.patience)))


def not_chatting() -> str:
    raise Doubt("ordinary users see no model until somebody lets them; no answer was asked for there")


def chatted(site: Site, model: Model, token: str, seconds: float) -> str:
    """A message to a model as the page's own script sends it: with a session, upon which the page offers tools."""
    listed(site.patiently("GET", "/api/models", seconds, token=token), model.model)
    body = {**question(model.model, stream=True), "session_id": str(uuid4())}
    answer = site.patiently("POST", "/api/chat/completions", seconds, token=token, body=body)
    return f"{model.name} answers an ordinary user: {streaming(answer)}"


@contextmanager
def no_account_left(done: Run, site: Site, admin: str, email: str) -> Iterator[None]:
    """Remove the account at the end, and at the start those that a run left which was killed."""
    request = done.request
    done.check("page", lambda: swept(site, admin, lambda account: is_left_over(account, request)))
    try:
        yield
    finally:
        # Found by its address: the answer that it was made may have been lost.
        done.check("page", lambda: swept(site, admin, lambda account: account["email"] == email))


def is_left_over(account: Mapping[str, Any], request: Request) -> bool:
    """Whether nobody uses this temporary account any more."""
    own = request.alone and account["email"].startswith(f"{ACCOUNT}{request.owner}-")
    return own or time.time() - account["created_at"] > 2 * request.limit


def swept(site: Site, admin: str, unwanted: Callable[[Mapping[str, Any]], bool]) -> str:
    """Remove temporary accounts, and look whether they are gone."""

    def found() -> list[Mapping[str, Any]]:
        answer = site.patiently("GET", f"/api/v1/users/?query={ACCOUNT}", CLEAN_UP_SECONDS, token=admin)
        accounts = answer.expect().json()["users"]
        ours = [each for each in accounts if each["email"].startswith(ACCOUNT) and each["email"].endswith(DOMAIN)]
        return [each for each in ours if unwanted(each)]

    removed = found()
    for account in removed:
        site.patiently("DELETE", f"/api/v1/users/{quote(account['id'])}", CLEAN_UP_SECONDS, token=admin)
    left = [each["email"] for each in found()] if removed else []
    if left:
        raise Failure(f"an account is left behind: {', '.join(left)}")
    return f"{len(removed)} temporary {'account' if len(removed) == 1 else 'accounts'} removed"
