"""What a host says of its links: ip, ethtool, LLDP, and mlxlink's view of the light and the bits.

Every function takes what was printed, whatever that is, and never raises: None where it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rackwright.audit.hosts.parsers.trees import read_json

__all__ = ["Face", "Neighbour", "Physical", "Reading", "ethtool_speed", "ip_addresses", "lldp", "mlxlink"]

_SPEED: Final = re.compile(r"^\s*Speed:\s*(\d+)Mb/s", re.MULTILINE)
_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*G", re.IGNORECASE)
_FIGURE: Final = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_RANGE: Final = re.compile(r"\[\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*\]")


class Face(NamedTuple):
    """One interface as ``ip -j -d address show`` tells it."""

    name: str
    mac: str
    """The burnt-in one where it is told: members of a bond carry the bond's."""
    mtu: int
    state: str
    """``UP``, ``DOWN``, ``UNKNOWN``."""
    addresses: tuple[str, ...]
    """With prefix length."""
    device: str = ""
    """PCI address; empty: it is not told."""
    master: str = ""
    names: tuple[str, ...] = ()
    """Other names (altnames)."""


class Neighbour(NamedTuple):
    """Who an interface sees by LLDP."""

    interface: str
    system: str
    chassis: str
    ports: tuple[str, ...]
    """Port id and description, the more telling first."""


class Reading(NamedTuple):
    """A measure of a module, a value a lane, with the limits that the module itself knows."""

    values: tuple[float, ...]
    low: float | None
    high: float | None

    @property
    def outside(self) -> tuple[float, ...]:
        """Return the values outside of the limits; limits that are equal are none."""
        if self.low is None or self.high is None or self.low >= self.high:
            return ()
        return tuple(value for value in self.values if not self.low <= value <= self.high)


class Physical(NamedTuple):
    """What ``mlxlink -m -c -e --json`` tells of a port."""

    state: str
    speed_gbps: float | None
    fec: str
    effective_ber: float | None
    raw_ber: float | None
    effective_errors: float | None
    link_downs: float | None
    recommendation: str
    cable: str
    """Cable type; empty: it tells none."""
    part: str
    serial: str
    readings: dict[str, Reading]
    """``Rx Power Current [dBm]`` and the like."""
    eyes: tuple[float, ...] = ()


def ip_addresses(text: str) -> tuple[Face, ...] | None:
    """Return the interfaces of ``ip -j -d address show`` (iproute2)."""
    rows = read_json(text)
    if not isinstance(rows, list):
        return None
    return tuple(_face(row) for row in rows if isinstance(row, dict) and isinstance(row.get("ifname"), str)) or None


def _face(row: Mapping[str, Any]) -> Face:
    inside = [one for one in _list(row.get("addr_info")) if isinstance(one, dict)]
    bond = row.get("linkinfo")
    slave = bond.get("info_slave_data") if isinstance(bond, dict) else None
    burnt = row.get("permaddr") or (slave.get("perm_hwaddr") if isinstance(slave, dict) else None) or row.get("address")
    return Face(
        name=str(row["ifname"]),
        mac=str(burnt or "").lower(),
        mtu=row["mtu"] if isinstance(row.get("mtu"), int) else 0,
        state=str(row.get("operstate", "")).upper(),
        addresses=tuple(f"{one['local']}/{one['prefixlen']}" for one in inside if {"local", "prefixlen"} <= one.keys()),
        device=str(row.get("parentdev", "")) if row.get("parentbus") == "pci" else "",
        master=str(row.get("master", "")),
        names=tuple(str(name) for name in _list(row.get("altnames"))),
    )


def ethtool_speed(text: str) -> float | None:
    """Return the speed of ``ethtool IF`` in Gb/s; 0 where there is no link (``Unknown!``), None where it is not told."""
    found = _SPEED.search(text)
    if found:
        return int(found[1]) / 1000
    return 0 if re.search(r"^\s*Speed:\s*Unknown", text, re.MULTILINE) else None


def lldp(text: str) -> tuple[Neighbour, ...] | None:
    """Return the neighbours of ``lldpctl -f json`` and ``-f json0``, whose shapes differ with number and version.

    No neighbour at all is an answer: ``{"lldp": {}}`` is what lldpd prints then.
    """
    value = read_json(text)
    if not isinstance(value, dict) or "lldp" not in value:
        return None
    found: list[Neighbour] = []
    for outer in _mappings(value["lldp"]):
        for entry in _mappings(outer.get("interface")):
            for name, row in [(str(entry["name"]), entry)] if "name" in entry else list(entry.items()):
                found += [_neighbour(name, one) for one in _mappings(row)]
    return tuple(found)


def _neighbour(interface: str, row: Mapping[str, Any]) -> Neighbour:
    chassis = next(_mappings(row.get("chassis")), {})
    system = _word(chassis.get("name"))
    if "id" not in chassis and len(chassis) == 1:
        # -f json keys the chassis by its system name.
        system, inside = next(iter(chassis.items()))
        chassis = inside if isinstance(inside, dict) else {}
    port = next(_mappings(row.get("port")), {})
    ids = (_identity(port.get("id")), _word(port.get("descr")))
    return Neighbour(interface, system, _identity(chassis.get("id")), tuple(word for word in ids if word))


def _identity(value: Any) -> str:
    return next((_word(one.get("value")) for one in _mappings(value)), "")


def _word(value: Any) -> str:
    """Return a text that stands by itself, or as ``[{"value": TEXT}]``."""
    if isinstance(value, str):
        return value
    return next((str(one.get("value", "")) for one in _mappings(value)), "")


def mlxlink(text: str) -> Physical | None:
    """Return what ``mlxlink -d DEVICE -m -c -e --json`` tells (MFT; its groups and keys are those of mstflint's mlxlink)."""
    value = read_json(text)
    groups = value if isinstance(value, dict) else {}
    for key in ("result", "output"):
        groups = groups[key] if isinstance(groups.get(key), dict) else groups
    link, bits = _group(groups, "Operational Info"), _group(groups, "Physical Counters and BER Info")
    module, eye = _group(groups, "Module Info"), _group(groups, "EYE Opening Info")
    if not link and not bits:
        return None
    rate = _RATE.search(str(link.get("Speed", "")))
    return Physical(
        state=str(link.get("State", "")),
        speed_gbps=float(rate[1]) if rate else None,
        fec=str(link.get("FEC", "")),
        effective_ber=_figure(bits.get("Effective Physical BER")),
        raw_ber=_figure(bits.get("Raw Physical BER")),
        effective_errors=_figure(bits.get("Effective Physical Errors")),
        link_downs=_figure(bits.get("Link Down Counter")),
        recommendation=str(_group(groups, "Troubleshooting Info").get("Recommendation", "")),
        cable=_told(module.get("Cable Type")),
        part=_told(module.get("Vendor Part Number")),
        serial=_told(module.get("Vendor Serial Number")),
        readings={name: reading for name, row in module.items() if (reading := _reading(name, row)) is not None},
        eyes=tuple(value for row in eye.values() for value in _figures(row)),
    )


def _reading(name: str, row: Any) -> Reading | None:
    if not re.search(r"\[(?:dBm|mA|mV|C)\]$", name):
        return None
    flat = _flat(row)
    limits = _RANGE.search(flat)
    values = tuple(float(word) for word in _FIGURE.findall(_RANGE.sub("", flat)))
    if not values:
        return None
    return Reading(values, float(limits[1]) if limits else None, float(limits[2]) if limits else None)


def _flat(row: Any) -> str:
    """Return a row as mlxlink prints it: a text, a list, or ``{"values": [...]}``."""
    if isinstance(row, dict):
        return " ".join(_flat(value) for value in row.values())
    return " ".join(_flat(value) for value in row) if isinstance(row, list) else str(row)


def _figures(row: Any) -> list[float]:
    return [float(word) for word in _FIGURE.findall(_flat(row))]


def _figure(row: Any) -> float | None:
    """Return a figure that is printed as text: ``15E-255``, ``0``; ``N/A`` is none."""
    found = (
        _FIGURE.fullmatch(str(row).strip())
        if isinstance(row, str | int | float) and not isinstance(row, bool)
        else None
    )
    return float(found[0]) if found else None


def _told(value: Any) -> str:
    word = str(value or "").strip()
    return "" if word.upper() in {"N/A", "NA"} else word


def _group(groups: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = next((value for key, value in groups.items() if key.lower().startswith(name.lower())), None)
    return found if isinstance(found, dict) else {}


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the mappings of a value that is one, or a list of them."""
    yield from (one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
