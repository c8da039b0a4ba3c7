"""What every entry of the catalogue has: its source. Unknown is `None`, never a guess.

Sizes are GiB (2**30 bytes) unless a name says otherwise; `verified: false` marks a fact on which a rule may only warn.
"""

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """Facts that belong together, frozen; a key that the type does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Entry(Record):
    """One fact sheet of the catalogue."""

    source: str = Field(min_length=3)
    note: str | None = None
    verified: bool = True
