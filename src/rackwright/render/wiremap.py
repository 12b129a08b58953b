"""The wire map in the columns of NVIDIA's reference architectures, one row a link.

The words of the header are those of the wire maps of the enterprise reference architectures, two of
them twice: the first ``Port Side`` and ``Port Speed`` are the system's, the second the switch's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rackwright.plan.model import Bond, End, Port
from rackwright.render.cables import Cable, lines
from rackwright.render.slices import Slices

__all__ = ["COLUMNS", "far_split", "wiremap", "wiremap_lines"]

COLUMNS: Final = (
    "Display in Air",
    "System name",
    "NIC/Port/Breakout",
    "Port Side",
    "Port Speed",
    "Network Description",
    "Port Mode",
    "Native VLAN",
    "Allowed VLANs",
    "Switch Name",
    "Switch Port",
    "Port Side",
    "Cable Split",
    "Port Speed",
)
_SIDES: Final = {"A": "1", "B": "2"}
_WORDS: Final = {
    "isl": "Inter-switch link",
    "fabric": "Fabric",
    "uplink": "Uplink",
    "external": "External",
    "pdu": "OOB / PDU",
}


def wiremap(slices: Slices, rows: Iterable[Cable]) -> bytes:
    """Print ``wiremap.csv``; the system is the ``b`` end, the switch the ``a`` end of a link."""
    return lines([COLUMNS]) + wiremap_lines(slices, rows)


def wiremap_lines(slices: Slices, rows: Iterable[Cable]) -> bytes:
    """Print rows of ``wiremap.csv`` without its header."""
    return lines(_row(slices, row) for row in rows)


def far_split(slices: Slices, end: End) -> str:
    """Return how the cage of a far end is split, all that a row says of a switch beyond the link; empty: not split."""
    port = slices.port.get(end.device, {}).get(end.port)
    return slices.splits[end.device].get(port.cage, "") if port else ""


def _row(slices: Slices, row: Cable) -> tuple[str, ...]:
    port = slices.port.get(row.a_device, {}).get(row.a_port)
    bond = slices.bond[row.a_device].get(port.bond) if port and port.bond else None
    mode, native, allowed = _vlans(port, bond)
    speed = f"{row.speed_gbps}G"
    far = slices.port.get(row.b_device, {}).get(row.b_port)
    return (
        "No" if row.kind == "pdu" else "Yes",
        row.b_device,
        row.b_port,
        _split(row.speed_gbps, far, row.b_device, slices.splits),
        speed,
        _network(slices, row, native),
        mode,
        native,
        allowed,
        row.a_device,
        row.a_port,
        _SIDES.get(row.a_side, "NA"),
        _split(row.speed_gbps, port, row.a_device, slices.splits),
        speed,
    )


def _vlans(port: Port | None, bond: Bond | None) -> tuple[str, str, str]:
    source: Port | Bond | None = bond or port
    if source is None or not (source.access or source.untagged or source.tagged):
        return "Routed" if port else "", "", ""
    if source.access:
        return "Access", str(source.access), ""
    return "Trunk", str(source.untagged or ""), ",".join(map(str, source.tagged))


def _network(slices: Slices, row: Cable, native: str) -> str:
    if row.rail:
        return f"Rail {row.rail}"
    if native.isdigit() and int(native) in slices.network:
        return slices.network[int(native)]
    return _WORDS.get(row.kind, row.fabric)


def _split(speed: str, port: Port | None, device: str, splits: dict[str, dict[int, str]]) -> str:
    ways = splits[device].get(port.cage, "") if port else ""
    if not ways or not ways[:-1].isdigit():
        return "NA"
    return f"{float(speed) * int(ways[:-1]):g}G -> {ways} {speed}G"
