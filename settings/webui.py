"""The chat page in the stack file."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic.types import Strict

from settings.access import Oidc
from settings.names import Email, ImageReference, ObjectName, OneLine, Quantity, VariableName, VariableValue, Word
from settings.section import Section
from settings.values import Flag


class Webui(Section):
    """The chat page."""

    enabled: Flag = Field(default=True, description="Whether there is a chat page; `webui: false` for short.")
    admin_email: Email = Field(
        default="admin@example.com", description="Login of the administrator, who is made before the first visit."
    )
    replicas: Annotated[int, Strict(), Field(ge=1, le=20)] = Field(
        default=1, description="Copies; more than one needs PostgreSQL (`tke-llm:databaseUrl`)."
    )
    name: OneLine | None = Field(default=None, description="Title of the page.")
    sign_up: Flag = Field(default=False, description="Let visitors make accounts; they wait for the administrator.")
    persistent_config: Flag = Field(
        default=False, description="Let settings changed in the page outlive a restart; off: the stack file rules."
    )
    model_access: Literal["everyone", "granted"] = Field(
        default="everyone",
        description="Who chats with the models: every signed-in user, or those whom the administrator grants a model.",
    )
    function_calling: Literal["auto", "native", "legacy"] = Field(
        default="auto",
        description="How the page offers tools: in the request (`native`), or in the prompt (`legacy`); `auto`: in the "
        "request where every model takes that. With persistentConfig the page keeps what its first start was told.",
    )
    offline: Flag = Field(
        default=True, description="Never reach for the Internet at start (no model hub is reachable from the mainland)."
    )
    image: ImageReference | None = Field(default=None, description="Image; absent: the catalogue's.")
    memory: Quantity = Field(default="2Gi", description="Memory request and limit.")
    redis: Word | None = Field(
        default=None, description="Address of a Redis for more than one replica; absent: one is made."
    )
    oidc: Oidc | None = Field(default=None, description="Single sign-on.")
    priority_class: ObjectName | None = Field(
        default=None, description="PriorityClass of the pods; it must be in the cluster already."
    )
    env: dict[VariableName, VariableValue] = Field(
        default={}, max_length=200, description="Further environment variables."
    )
