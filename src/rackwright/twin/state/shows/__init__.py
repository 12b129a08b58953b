"""What ``nv show PATH -o json`` says of the operational state: one table from paths to functions.

The shapes are those of the 5.12 user guide and the NVUE command reference; where the guide prints only a table with
headings of its own, the key names are those of the one-object form of the same path, and the function says
``[assumed]``. A path that is not in the table is refused.
"""

from __future__ import annotations

from typing import Any

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.state.shows import bgp, bridge, evpn, interface, lldp, optical, qos, system
from rackwright.twin.state.shows.view import Show, View

__all__ = ["SHOWS", "answer"]

SHOWS: dict[tuple[str, ...], Show] = {
    **interface.SHOWS,
    **lldp.SHOWS,
    **optical.SHOWS,
    **bridge.SHOWS,
    **bgp.SHOWS,
    **evpn.SHOWS,
    **qos.SHOWS,
    **system.SHOWS,
}
"""Path -> function; ``*`` is any word, handed to the function."""


def answer(view: View, path: tuple[str, ...]) -> Any:
    """Return the JSON value of a path.

    Raises :class:`~rackwright.twin.dataplane.NotEmulated` for one that no source describes, and :class:`KeyError` for
    a thing that this switch does not have (``nv`` says: the requested item does not exist).
    """
    for pattern, show in _BY_START.get((path[0], len(path)) if path else ("", 0), ()):
        if all(want in ("*", word) for want, word in zip(pattern, path, strict=True)):
            return show(view, *(word for want, word in zip(pattern, path, strict=True) if want == "*"))
    raise NotEmulated(f"nv show {' '.join(path)}")


def _by_start() -> dict[tuple[str, int], list[tuple[tuple[str, ...], Show]]]:
    found: dict[tuple[str, int], list[tuple[tuple[str, ...], Show]]] = {}
    # A path of plain words goes before one with wildcards: `interface bonds` is no interface called bonds.
    for pattern, show in sorted(SHOWS.items(), key=lambda row: row[0].count("*")):
        found.setdefault((pattern[0], len(pattern)), []).append((pattern, show))
    return found


_BY_START = _by_start()
