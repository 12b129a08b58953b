"""Paths to what answers them: a tree over segments, made once for every kind of BMC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Found", "Route", "Routes"]

Handler = Callable[..., Any]
_ANY: Final = "*"
ROOT: Final = "/redfish/v1"


@dataclass(frozen=True, slots=True)
class Route:
    """What a path offers; a ``*`` segment is handed to the handler.

    ``get(bmc, *captured)`` returns JSON, or None where nothing is; the others are ``(bmc, call, *captured) -> Answer``.
    """

    path: str
    """Below ``/redfish/v1``."""
    get: Handler | None = None
    patch: Handler | None = None
    post: Handler | None = None
    delete: Handler | None = None

    def methods(self) -> dict[str, Handler]:
        """Return the handlers by method."""
        table = {"GET": self.get, "HEAD": self.get, "PATCH": self.patch, "POST": self.post, "DELETE": self.delete}
        return {name: handler for name, handler in table.items() if handler is not None}


@dataclass(slots=True)
class _Node:
    below: dict[str, _Node] = field(default_factory=dict)
    methods: Mapping[str, Handler] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a path led to."""

    methods: Mapping[str, Handler]
    captured: tuple[str, ...]


class Routes:
    """All routes of one kind of BMC."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._top = _Node()
        for route in routes:
            node = self._top
            for part in route.path.strip("/").split("/") if route.path else ():
                node = node.below.setdefault(part, _Node())
            if node.methods:
                raise ValueError(f"two routes for {route.path!r}")
            node.methods = route.methods()

    def find(self, path: str) -> Found | None:
        """Return what a whole path leads to; None where nothing is."""
        if path != ROOT and not path.startswith(f"{ROOT}/"):
            return None
        return _walk(self._top, path[len(ROOT) :].split("/")[1:], 0, ())


def _walk(node: _Node, parts: list[str], at: int, captured: tuple[str, ...]) -> Found | None:
    """Go down by name where there is one that leads somewhere, else by what is handed on."""
    if at == len(parts):
        return Found(node.methods, captured) if node.methods else None
    part = parts[at]
    named = node.below.get(part)
    found = _walk(named, parts, at + 1, captured) if named is not None else None
    if found is None and _ANY in node.below:
        found = _walk(node.below[_ANY], parts, at + 1, (*captured, part))
    return found
