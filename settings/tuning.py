"""What people tune of an engine beyond numbers, and what changes the memory it takes."""

from typing import Annotated

from pydantic import Field
from pydantic.types import Strict

from settings.section import Section


class KvOffload(Section):
    """Memory of the machine that keeps what the GPU's cache has no room for."""

    gib: Annotated[int, Strict(), Field(ge=1, le=10_000)] = Field(
        description="GiB of the machine's memory that each replica keeps cached prompts in."
    )
