"""The base of every section of the stack file."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Section(BaseModel):
    """A frozen object of the stack file: camelCase keys, nothing unknown.

    Defaults that are objects are written ``X.model_construct()``: ``X()`` would build X's validator at import, which
    costs more than the rest of a `check`.
    """

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
    )
