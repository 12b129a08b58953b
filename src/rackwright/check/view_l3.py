"""Layer 3 across several trees: whose address is it, who is at the other end of a BGP session.

An unnumbered session is found over the cables, a numbered one over the addresses, so that a user's
files without cabling still give the sessions that they can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from rackwright.check.interfaces import section
from rackwright.check.model import Fabric
from rackwright.check.view import Neighbor, View

__all__ = [
    "Session",
    "address_of",
    "asn_of",
    "asn_text",
    "components",
    "joined",
    "loopbacks",
    "owners",
    "release_of",
    "remote_as",
    "sessions",
]


@dataclass(frozen=True, slots=True)
class Session:
    """One end of a BGP session; ``far`` is the neighbor entry at the other end, None when it has none."""

    view: View
    near: Neighbor
    far_view: View
    far: Neighbor | None

    @property
    def label(self) -> str:
        """Name the session for a message."""
        return f"{self.view.name}:{self.near.name} -- {self.far_view.name}"


@lru_cache(maxsize=65536)
def address_of(text: str) -> IPv4Interface | IPv6Interface | None:
    """Read an address, with prefix or without; None when it is none (the schema rules say so)."""
    try:
        return ip_interface(text)
    except ValueError:
        return None


def joined(values: Collection[object]) -> str:
    """Join values for a sentence."""
    return ", ".join(map(str, values))


def release_of(view: View) -> tuple[int, ...]:
    """Give the NOS version as numbers, so that 5.9 comes before 5.12."""
    return tuple(int(part) for part in view.device.nos.split(".") if part.isdecimal())


def owners(fabric: Fabric) -> Mapping[str, list[tuple[str, str]]]:
    """Map each interface address (without prefix) to the (device, interface) that have it."""
    out: dict[str, list[tuple[str, str]]] = {}
    for name, view in fabric.views.items():
        for interface, texts in view.index.addressed.items():
            for text in texts:
                out.setdefault(text.split("/")[0], []).append((name, interface))
    return out


def loopbacks(view: View) -> Iterator[tuple[tuple[str, ...], str]]:
    """Give the loopback addresses of every VRF with their paths, without 127/8."""
    for text in view.index.addressed.get("lo", ()):
        yield ("interface", "lo", "ip", "address", text), text
    for vrf, body in view.vrfs.items():
        for text in section(body, "loopback", "ip", "address"):
            if not text.startswith("127."):
                yield ("vrf", vrf, "loopback", "ip", "address", text), text


def asn_of(view: View, vrf: str = "default") -> str:
    """Give the ASN of a VRF's BGP as text, the global one where the VRF says nothing or ``auto``; may be empty."""
    instance = view.bgp.get(vrf)
    own = instance.asn if instance else ""
    return asn_text(own if own not in ("", "auto") else view.section("router", "bgp").get("autonomous-system", ""))


@lru_cache(maxsize=65536)
def asn_text(value: object) -> str:
    """Give an ASN in plain digits, however it is written (``64086.59905``, ``AS65001``, ``0065001``); words as they are.

    NVUE takes plain digits only; what is written otherwise still means that ASN, and mending the
    notation alone would leave a duplicate.
    """
    text = str(value).strip()
    digits = text[2:].strip() if text[:2].upper() == "AS" else text
    high, dot, low = digits.partition(".")
    if dot and high.isdecimal() and low.isdecimal():
        return str((int(high) << 16) + int(low))
    return str(int(digits)) if digits.isdecimal() else text


def remote_as(neighbor: Neighbor) -> str:
    """Give what a neighbor expects of the other side: ``internal``, ``external``, a number, or nothing."""
    found = neighbor.setting("remote-as")
    return "" if found is None or found == "auto" else asn_text(found)


def sessions(fabric: Fabric) -> Iterator[Session]:
    """Give every session whose other end is one of the devices."""
    by_address = owners(fabric)
    named = {name: {one.name: one for one in view.neighbors} for name, view in fabric.views.items()}
    for view in fabric.views.values():
        for near in view.neighbors:
            far = _far_end(fabric, by_address, view, near)
            if far is not None:
                far_view, names = far
                known = named[far_view.name]
                yield Session(view, near, far_view, next((known[one] for one in names if one in known), None))


def _far_end(
    fabric: Fabric, by_address: Mapping[str, list[tuple[str, str]]], view: View, near: Neighbor
) -> tuple[View, list[str]] | None:
    """Find the device at the other end of one neighbor, and the names by which it may know this one."""
    if near.name in by_address:
        device = by_address[near.name][0][0]
        mine = sorted({text.split("/")[0] for texts in view.index.addressed.values() for text in texts})
        return None if device == view.name else (fabric.views[device], mine)
    port = next(iter(view.bonds[near.name].members), "") if near.name in view.bonds else near.name
    end = fabric.far_ends.get((view.name, port))
    if end is None or end[0] not in fabric.views:
        return None
    far_view = fabric.views[end[0]]
    return far_view, [end[1], *far_view.bonds_of.get(end[1], ())]


def components(fabric: Fabric) -> list[list[str]]:
    """Group the devices that front-panel cables join; without cabling they are one group, in order of name."""
    names = list(fabric.views)
    if not fabric.cables:
        return [names] if names else []
    group = {name: {name} for name in names}
    for cable in fabric.cables:
        one, two = cable.a_device, cable.b_device
        # A management port joins everything with everything and says nothing about a fabric.
        front = cable.a_port.startswith("swp") and cable.b_port.startswith("swp")
        if front and one in group and two in group and group[one] is not group[two]:
            merged = group[one] | group[two]
            group.update(dict.fromkeys(merged, merged))
    seen: dict[int, list[str]] = {}
    for name in names:
        seen.setdefault(id(group[name]), []).append(name)
    return list(seen.values())
