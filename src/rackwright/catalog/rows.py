"""What every row of the catalog has."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Row"]


class Row(BaseModel):
    """A key (the word used in site.yaml), a name, its sources."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    key: str
    name: str
    source: str
    """Where the figures come from, e.g. ``validated-design.md table 5``."""
    note: str = ""
