"""One API for all models: how it is served, and who may ask it for what."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.types import Strict

from settings.names import Moment, ServedName
from settings.section import Section
from settings.values import Count

Limit = Annotated[int, Strict(), Field(ge=1, le=4_000_000_000)]
"""What the rate limit service counts to (a 32-bit number)."""


class Api(Section):
    """One address for all models; requests name the model they mean. Its host is `expose.apiHost`."""

    via: Literal["gateway", "router", "none"] = Field(
        default="none",
        description="`gateway`: Envoy Gateway, with keys and limits for each of `clients`; `none`: each model has an "
        "address of its own, and one key. (`router` is refused: it knows neither keys nor limits.)",
    )
    body_mib: Annotated[int, Strict(), Field(ge=1, le=100)] = Field(
        default=20, description="Largest request in MiB; larger ones are refused (413)."
    )


class Client(Section):
    """Who asks the API by a key of its own: generated, or `tke-llm:clientKeys`."""

    models: tuple[ServedName, ...] = Field(
        min_length=1,
        max_length=200,
        description="What it may ask for, and is shown: models and LoRA adapters, as requests name them.",
    )
    requests_per_minute: Limit | None = Field(default=None, description="Most requests a minute; absent: no limit.")
    tokens_per_minute: Limit | None = Field(
        default=None, description="Most tokens a minute, read and written; absent: no limit."
    )
    tokens_per_day: Limit | None = Field(
        default=None, description="Most tokens a day (UTC), read and written; absent: no limit."
    )
    expires: Moment | None = Field(default=None, description="From when on its key opens nothing; absent: never.")
    key_version: Count = Field(
        default=1, description="Raise it to have a new key made; the one before stays valid until it is raised again."
    )
    previous_until: Moment | None = Field(
        default=None, description="From when on the key before opens nothing; absent: from the next keyVersion on."
    )
