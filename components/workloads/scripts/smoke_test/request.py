"""What is asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass


class RequestError(Exception):
    """The request could not be read."""


@dataclass(frozen=True)
class Model:
    """A model's OpenAI API at `url`, and at `public` on the road in. `key` is None where it asks for none. `patience`
    is in seconds, as everywhere here."""

    name: str
    model: str
    url: str
    key: str | None
    patience: float
    public: str | None = None


@dataclass(frozen=True)
class Page:
    """The chat page. `password` is the administrator's, None where nobody signs in by password. `chats`: whoever signs
    in sees the models."""

    url: str
    email: str
    password: str | None
    patience: float
    chats: bool = True
    public: str | None = None


@dataclass(frozen=True)
class Gateway:
    """Where public addresses are asked: None for where their host names lead. `pending` says what has to be there
    before HTTPS answers at all; None where it must."""

    address: str | None = None
    pending: str | None = None


@dataclass(frozen=True)
class Forbidden:
    """A port that must not answer here; the nodes at `place` see to that. `promised`: whoever made the stack was told
    that it would not."""

    host: str
    port: int
    place: str
    promised: bool


@dataclass(frozen=True)
class Request:
    """What is asked. `owner` marks the accounts of one asker: those that it finds are its own of an earlier run, where
    `alone` says that no two runs of it overlap. `limit`: all in all."""

    owner: str
    limit: float
    alone: bool = False
    models: tuple[Model, ...] = ()
    page: Page | None = None
    gateway: Gateway | None = None
    forbidden: tuple[Forbidden, ...] = ()

    def hide(self, text: str) -> str:
        """`text` without the secrets of the request."""
        known = [model.key for model in self.models] + [self.page.password if self.page else None]
        for secret in filter(None, known):
            text = text.replace(secret, "***")
        return text


def read_request(environ: Mapping[str, str]) -> Request:
    """Read SMOKE_TEST, a JSON object with the fields of `Request`; `key` and `password` in it name the environment
    variables that hold the secrets.

    Raises:
        RequestError: a variable is missing or malformed.
    """
    try:
        given = json.loads(environ["SMOKE_TEST"])
        page = given["page"]
        return Request(
            owner=given["owner"],
            limit=given["limit"],
            alone=given["alone"],
            models=tuple(Model(**{**each, "key": each["key"] and environ[each["key"]]}) for each in given["models"]),
            page=page and Page(**{**page, "password": page["password"] and environ[page["password"]]}),
            gateway=given["gateway"] and Gateway(**given["gateway"]),
            forbidden=tuple(Forbidden(**each) for each in given["forbidden"]),
        )
    except KeyError as error:
        raise RequestError(f"environment variable or key {error} is not set") from error
    except (ValueError, TypeError) as error:
        raise RequestError(f"environment variable SMOKE_TEST: {error}") from error
