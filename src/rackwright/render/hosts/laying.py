"""One mapping laid over another: mappings are joined, everything else is put in place, ``None`` takes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["lay"]


def lay(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``below`` with ``over`` on it; a list is replaced as a whole."""
    found = dict(below)
    for key, value in over.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping):
            under = found.get(key)
            found[key] = lay(under if isinstance(under, Mapping) else {}, value)
        else:
            found[key] = value
    return found
