"""The EVPN routes that a switch announces, as FRR writes them (EVPN troubleshooting page)."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.twin.state.config import at
from rackwright.twin.state.overlay import Overlay

__all__ = ["evpn_routes", "route_distinguisher"]

Route = tuple[str, int, str]
"""Route distinguisher, type and text."""


def route_distinguisher(overlay: Overlay, switch: str, *, vni: int = 0, vrf: str = "") -> str:
    """Return the RD of a VNI or VRF: as given, or router id and a number that FRR counts up."""
    config = overlay.machines[switch].config
    bgp = config.bgp["default"]
    if vrf:
        given = at(config.tree, "vrf", vrf, "router", "bgp", "rd")
        index = list(config.l3vnis).index(vrf) + 2 + len(config.vlans) if vrf in config.l3vnis else 1
    else:
        given = at(config.tree, "evpn", "vni", str(vni), "rd")
        index = list(config.vlans.values()).index(vni) + 2
    return str(given or f"{bgp.router_id}:{index}")


def evpn_routes(overlay: Overlay, switch: str, now: float) -> Iterator[Route]:
    """Yield what a switch announces: types 1 and 4 of its segments, 2 and 3 of its VNIs, 5 of its VRFs."""
    if not overlay.works(switch):
        return
    config = overlay.machines[switch].config
    vtep = config.vtep
    learned = overlay.layer2.learned(switch, now)
    for vlan, vni in config.vlans.items():
        if not vni or vni in config.l3vnis.values():
            continue
        rd = route_distinguisher(overlay, switch, vni=vni)
        yield rd, 3, f"[3]:[0]:[32]:[{vtep}]"
        for row in learned:
            if row.vlan == vlan:
                yield rd, 2, f"[2]:[0]:[48]:[{row.mac}]"
                if row.address:
                    yield rd, 2, f"[2]:[0]:[48]:[{row.mac}]:[32]:[{row.address}]"
        if f"vlan{vlan}" in config.interfaces:
            yield rd, 2, f"[2]:[0]:[48]:[{overlay.machines[switch].mac}]"
    yield from _segments(overlay, switch, now)
    for vrf in config.l3vnis:
        rd = route_distinguisher(overlay, switch, vrf=vrf)
        for prefix in overlay.announced(switch, vrf, now):
            address, _, length = prefix.partition("/")
            yield rd, 5, f"[5]:[0]:[{length}]:[{address}]"


def _segments(overlay: Overlay, switch: str, now: float) -> Iterator[Route]:
    config = overlay.machines[switch].config
    for bond in overlay.ready_bonds(switch, now):
        rd = f"{config.bgp['default'].router_id}:{100 + list(config.bonds).index(bond.name)}"
        yield rd, 1, f"[1]:[0]:[{bond.esi}]:[128]:[0.0.0.0]"
        yield rd, 4, f"[4]:[{bond.esi}]:[32]:[{config.vtep}]"
        for vni in overlay.bond_vnis(switch, bond.name):
            yield route_distinguisher(overlay, switch, vni=vni), 1, f"[1]:[0]:[{bond.esi}]:[32]:[0.0.0.0]"
