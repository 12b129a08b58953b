"""Whether the server that answers is the planned one, told by its service tag."""

from __future__ import annotations

from typing import Final

__all__ = ["CABLING", "stranger"]

CABLING: Final = "see the service tags of nodes.csv and where the server stands; 'rackwright audit SITE --only hardware' names swapped ones"
"""What to do about another server at the address of a BMC."""


def stranger(found: str, planned: str) -> str:
    """Say that another server answers than the planned one; empty: it is that one, or one of both service tags is not known."""
    if found and planned and found.upper() != planned.upper():
        return f"service tag {found} answers where {planned} is planned"
    return ""
