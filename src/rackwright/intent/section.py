"""What every section of ``site.yaml`` is, and the sorts of words in it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Intent", "Key", "Reference"]

Key = Annotated[str, Field(min_length=1, max_length=64)]
Reference = Annotated[str, Field(json_schema_extra={"pattern": "^secret:([a-z]+/)?[A-Za-z][A-Za-z0-9_.-]*$"})]
"""``secret:NAME``; what is none is told without printing it, which pydantic's own pattern would do."""


class Intent(BaseModel):
    """A frozen section; unknown keys are problems."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, populate_by_name=True)
