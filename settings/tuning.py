"""What people tune of an engine beyond numbers, and what changes the memory it takes."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic.alias_generators import to_camel
from pydantic.types import Strict

from catalog.engines import SourceName
from settings.names import AdapterName, ModelId, Revision
from settings.section import Section
from settings.translation import joined, tr
from settings.values import Count, Number, named

DRAFTED = ("eagle", "eagle3")
"""The methods of speculation that take a draft model."""


class Speculative(Section):
    """Speculative decoding: several tokens are proposed cheaply and verified by the model in one step."""

    method: Literal["mtp", "eagle", "eagle3", "ngram"] = Field(
        description="`mtp`: the model's own prediction layers; `eagle`, `eagle3`: a draft model trained for it; "
        "`ngram`: what the prompt said before."
    )
    tokens: Annotated[int, Strict(), Field(ge=1, le=32)] = Field(description="Speculative tokens of one step.")
    model: ModelId | None = Field(default=None, description="Repository of the draft model (`eagle`, `eagle3`).")
    source: SourceName | None = Field(
        default=None, description="Where the draft model is downloaded from; absent: from where the model is."
    )
    revision: Revision | None = Field(default=None, description="Branch, tag or commit of the draft model.")
    weights_gib: Annotated[Number, Field(gt=0, le=1000)] | None = Field(
        default=None, description="Size of the draft model's weight files in GiB, where the catalogue has it not."
    )

    @model_validator(mode="after")
    def _draft_where_one_is_used(self) -> Self:
        if self.method in DRAFTED and self.model is None:
            raise ValueError(
                tr("`{method}` needs a draft model", method=self.method), tr("Give its repository as `model`.")
            )
        idle = [name for name in ("model", "source", "revision", "weights_gib") if getattr(self, name) is not None]
        if self.method not in DRAFTED and idle:
            keys = joined(f"`{to_camel(name)}`" for name in idle)
            raise ValueError(
                tr(
                    "`{method}` uses no draft model, which is what {keys} would describe", method=self.method, keys=keys
                ),
                tr("Take {keys} out.", keys=keys),
            )
        return self


class Adapter(Section):
    """Weights of a LoRA adapter."""

    model: ModelId = Field(description="Repository of the adapter.")
    source: SourceName | None = Field(
        default=None, description="Where the adapter is downloaded from; absent: from where the model is."
    )
    revision: Revision | None = Field(default=None, description="Branch, tag or commit of the adapter.")


class Lora(Section):
    """LoRA adapters that are served beside the model, each under a name of its own."""

    adapters: dict[AdapterName, Annotated[Adapter, BeforeValidator(named)]] = Field(
        min_length=1,
        max_length=100,
        description="Adapters by the name that a request asks for; a repository's id stands for one.",
    )
    max_rank: Literal[8, 16, 32, 64, 128, 256, 320, 512] = Field(
        description="The largest rank (`r` of adapter_config.json) among them, or the next that there is."
    )
    max_loras: Count | None = Field(
        default=None, description="How many may serve in one step; absent: all of them. Each takes room on the GPUs."
    )

    @property
    def slots(self) -> int:
        """Adapters that the GPUs have room for."""
        return self.max_loras or len(self.adapters)


class KvOffload(Section):
    """Memory of the machine that keeps what the GPU's cache has no room for."""

    gib: Annotated[int, Strict(), Field(ge=1, le=10_000)] = Field(
        description="GiB of the machine's memory that each replica keeps cached prompts in."
    )
