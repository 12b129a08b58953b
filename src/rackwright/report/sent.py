"""What an order that lies in a run's folder was to change on one device, as lines; read for the record, never obeyed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

__all__ = ["changes_in"]


def changes_in(data: bytes, device: str) -> tuple[str, ...]:
    """Return what the bytes of an order (of switches, BMCs or hosts) change on ``device``; nothing for another file."""
    try:
        order = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return ()
    return tuple(_of_order(order, device)) if isinstance(order, Mapping) else ()


def _of_order(order: Mapping[str, Any], device: str) -> Iterator[str]:
    for one in _maps(order.get("devices")):
        changes = one.get("changes")
        if isinstance(changes, Mapping) and changes.get("device") == device:
            yield from _of_switch(changes)
    for one in _maps(order.get("servers")):
        if one.get("device") == device:
            yield from _of_server(one)
    for one in _maps(order.get("hosts")):
        if one.get("device") == device:
            for stage in _maps(one.get("stages")):
                yield from (f"step {name}" for name in stage.get("steps") or ())


def _of_switch(changes: Mapping[str, Any]) -> Iterator[str]:
    for change in _maps(changes.get("changes")):
        path = ".".join(map(str, change.get("path") or ()))
        yield f"{change.get('op', '~')} {path}{_from_to(change.get('old'), change.get('new'))}"


def _of_server(server: Mapping[str, Any]) -> Iterator[str]:
    for part in _maps(server.get("parts")):
        yield f"~ {part.get('component')} {part.get('fqdd')}{_from_to(part.get('before'), part.get('wanted'))}"
    way = server.get("way")
    for step in _maps(way.get("steps")) if isinstance(way, Mapping) else ():
        for change in _maps(step.get("changes")):
            yield f"~ bios {change.get('attribute')}{_from_to(change.get('old'), change.get('new'))}"


def _from_to(old: Any, new: Any) -> str:
    if old is None:
        return "" if new is None else f": {new}"
    return f": {old}" if new is None else f": {old} -> {new}"


def _maps(value: Any) -> Iterable[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else ()
