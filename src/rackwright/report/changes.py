"""Differences as text, commands and JSON; the words of one switch come from ``rackwright.diff``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from rackwright.diff import DeviceDiff, as_commands, as_json, as_tree, worst
from rackwright.report.words import count

__all__ = ["change_lines", "change_value", "command_lines", "difference"]

_ONLY = {"running": "only in the first: it goes", "intended": "only in the second: it is new"}


def difference(devices: Sequence[DeviceDiff], files: Sequence[tuple[str, str]] = ()) -> str:
    """Say in a line how much differs and the worst that setting it right interrupts."""
    if not devices and not files:
        return "no difference"
    kinds: Counter[str] = Counter(change.op for device in devices for change in device.changes)
    leaves = ", ".join(f"{kinds[op]} {op}" for op in "+~-" if kinds[op])
    parts = [f"{count(len(devices), 'switch')} ({leaves or 'no leaf'})"] if devices else []
    parts += [count(len(files), "other file")] if files else []
    hit = worst([change.disruption for device in devices for change in device.changes])
    return (
        "differences in "
        + " and ".join(parts)
        + (f"; the worst it interrupts: {hit.kind}" if hit.kind != "none" else "")
    )


def change_lines(
    devices: Iterable[DeviceDiff], files: Iterable[tuple[str, str]] = (), *, colour: bool = False
) -> Iterator[str]:
    """Print the changes of each switch as a tree, then the other files with ``+ ~ -``."""
    for device in devices:
        only = f" ({_ONLY[device.only]})" if device.only else ""
        yield f"{device.device}{only}"
        yield from as_tree(device.changes, colour=colour).splitlines()
        yield ""
    yield from (f"{op} {path}" for path, op in files)


def command_lines(devices: Iterable[DeviceDiff]) -> Iterator[str]:
    """Print the changes of each switch as ``nv`` commands, in the order in which NVUE takes them."""
    for device in devices:
        yield f"# {device.device}"
        yield from as_commands(device.changes)


def change_value(devices: Iterable[DeviceDiff], files: Iterable[tuple[str, str]] = ()) -> dict[str, Any]:
    """Return the changes for JSON; secrets are never in it."""
    switches = [
        {"device": device.device, "only": device.only, "changes": msgspec.Raw(as_json(device.changes).encode())}
        for device in devices
    ]
    return {"switches": switches, "files": [{"path": path, "op": op} for path, op in files]}
