"""EVPN: which VTEPs a switch hears of, its VNIs, Ethernet segments and what it learns over them (nvue.md 3.4)."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import NamedTuple

from rackwright.twin.state.config import Bond, SwitchConfig, at
from rackwright.twin.state.l2 import Layer2, Learned
from rackwright.twin.state.machine import Machine
from rackwright.twin.state.memo import Memo
from rackwright.twin.state.origins import Origins
from rackwright.twin.state.rib import EVPN, Rib

__all__ = ["Overlay", "RemoteMac", "Segment", "Vni", "vni_targets", "vrf_targets"]


class Segment(NamedTuple):
    """An Ethernet segment as one switch has it."""

    esi: str
    bond: str
    """Empty: it is only known from others."""
    up: bool
    ready: bool
    """Up and not bypassed, so that type 1 and 4 are announced (nvue.md 3.4)."""
    preference: int
    peers: dict[str, tuple[str, int]]
    """VTEP -> (switch, DF preference) of the others that announce it."""
    forwarder: bool
    vnis: tuple[int, ...]
    inconsistent: int
    """VNIs that not all members have."""


class RemoteMac(NamedTuple):
    """A MAC learned over EVPN."""

    mac: str
    vtep: str
    esi: str
    address: str


class Vni(NamedTuple):
    """A layer 2 VNI of one switch."""

    number: int
    vlan: int
    vrf: str
    remotes: tuple[str, ...]
    """VTEPs of the other switches that have it."""
    local: tuple[Learned, ...]
    remote: tuple[RemoteMac, ...]


def vni_targets(config: SwitchConfig, number: int, asn: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the route targets that a VNI imports and exports; ``*:VNI`` and ``ASN:VNI`` where none are given.

    FRR derives the import so that the AS does not matter, which eBGP fabrics need (EVPN basic configuration).
    """
    given = at(config.tree, "evpn", "vni", str(number), "route-target") or {}
    both = set(given.get("both") or {})
    imports, exports = both | set(given.get("import") or {}), both | set(given.get("export") or {})
    return frozenset(imports or {f"*:{number}"}), frozenset(exports or {f"{asn & 0xFFFF}:{number}"})


def vrf_targets(config: SwitchConfig, vrf: str, asn: int) -> tuple[frozenset[str], frozenset[str]]:
    """Return the route targets that a VRF's layer 3 VNI imports and exports."""
    bgp = at(config.tree, "vrf", vrf, "router", "bgp") or {}
    number = config.l3vnis[vrf]
    imports = set(at(bgp, "route-import", "from-evpn", "route-target") or {})
    exports = set(at(bgp, "route-export", "to-evpn", "route-target") or {})
    return frozenset(imports or {f"*:{number}"}), frozenset(exports or {f"{asn & 0xFFFF}:{number}"})


def _meets(imports: frozenset[str], exports: frozenset[str]) -> bool:
    return any(
        wanted == given or (wanted.startswith("*:") and given.rpartition(":")[2] == wanted[2:])
        for wanted in imports
        for given in exports
    )


class Overlay:
    """EVPN of the whole rack."""

    def __init__(self, rib: Rib, layer2: Layer2) -> None:
        self.rib = rib
        self.layer2 = layer2
        self.layer1 = layer2.layer1
        self.machines: dict[str, Machine] = dict(rib.machines)
        self.origins: Origins = rib.origins
        self._memo = Memo(layer2.layer1.period)

    def works(self, switch: str) -> bool:
        """Tell whether a switch is a VTEP."""
        config = self.machines[switch].config
        return config.evpn and bool(config.vtep) and "default" in config.bgp

    def heard(self, switch: str, now: float) -> dict[str, str]:
        """Return the other VTEPs whose EVPN routes a switch has and can reach: switch -> address."""
        return self._memo.get(("heard", switch), now, lambda: self._heard(switch, now)) if self.works(switch) else {}

    def _heard(self, switch: str, now: float) -> dict[str, str]:
        group = self.rib.group(switch, EVPN, now)
        table = group.result.tables.get((switch, "default"))
        found = {}
        for name in group.prefixes(table.known if table else 0):
            vtep = self.machines[name].config.vtep
            if name != switch and vtep and self.rib.reaches(switch, vtep, now):
                found[name] = vtep
        return found

    def asn(self, switch: str) -> int:
        """Return the AS of a switch's default VRF."""
        bgp = self.machines[switch].config.bgp.get("default")
        return bgp.asn if bgp else 0

    def with_vni(self, switch: str, number: int, now: float) -> dict[str, str]:
        """Return the VTEPs heard of that have a VNI whose route targets meet ours."""
        own, _ = vni_targets(self.machines[switch].config, number, self.asn(switch))
        return {
            name: vtep
            for name, vtep in self.heard(switch, now).items()
            if any(
                vni and _meets(own, vni_targets(self.machines[name].config, vni, self.asn(name))[1])
                for vni in self.machines[name].config.vlans.values()
            )
        }

    def vni(self, switch: str, number: int, now: float) -> Vni | None:
        """Return a layer 2 VNI of a switch; None: it has none of that number.

        A number that is also a layer 3 VNI makes no layer 2 one (nvue.md 3.4).
        """
        config = self.machines[switch].config
        vlan = next((vlan for vlan, vni in config.vlans.items() if vni == number), 0)
        if not vlan or not self.works(switch) or number in config.l3vnis.values():
            return None
        remotes = self.with_vni(switch, number, now)
        local = [row for row in self.layer2.learned(switch, now) if row.vlan == vlan]
        own = {row.mac for row in local}
        remote: dict[str, RemoteMac] = {}
        for name, vtep in remotes.items():
            for row in self._told(name, number, vtep, now):
                if row.mac not in own:
                    remote.setdefault(row.mac, row)
        vrf = config.vrf_of(f"vlan{vlan}")
        return Vni(number, vlan, vrf, tuple(sorted(remotes.values())), tuple(local), tuple(remote.values()))

    def _told(self, switch: str, number: int, vtep: str, now: float) -> list[RemoteMac]:
        """Return the type-2 routes of one switch for a VNI: its hosts, and its own SVI."""
        config = self.machines[switch].config
        vlan = next((vlan for vlan, vni in config.vlans.items() if vni == number), 0)
        found = []
        for row in self.layer2.learned(switch, now):
            if row.vlan == vlan:
                bond = config.bonds.get(row.interface)
                esi = bond.esi if bond else ""
                found.append(RemoteMac(row.mac, "" if esi else vtep, esi, row.address))
        if f"vlan{vlan}" in config.interfaces:
            found.append(RemoteMac(self.machines[switch].mac, vtep, "", ""))
        return found

    def segments(self, switch: str, now: float) -> dict[str, Segment]:
        """Return the Ethernet segments that a switch has or hears of, by ESI."""
        config = self.machines[switch].config
        heard = self.heard(switch, now)
        announced: dict[str, dict[str, tuple[str, int]]] = {}
        for name, vtep in heard.items():
            for bond in self.ready_bonds(name, now):
                announced.setdefault(bond.esi, {})[vtep] = (name, bond.df_preference)
        found = {
            bond.esi: self._segment(switch, bond, announced.get(bond.esi, {}), now)
            for bond in config.bonds.values()
            if bond.esi and self.works(switch)
        }
        for esi, peers in announced.items():
            if esi not in found:
                found[esi] = Segment(esi, "", False, False, 0, peers, False, (), 0)
        return found

    def ready_bonds(self, switch: str, now: float) -> list[Bond]:
        """Return the bonds whose Ethernet segments a switch announces now."""
        return self._memo.get(("ready", switch), now, lambda: self._ready_bonds(switch, now))

    def _ready_bonds(self, switch: str, now: float) -> list[Bond]:
        config = self.machines[switch].config
        return [
            bond
            for bond in config.bonds.values()
            if bond.esi
            and self.layer1.bond_line(switch, bond.name).at(now)
            and not self.layer1.bond(switch, bond, now).bypassed
        ]

    def _segment(self, switch: str, bond: Bond, peers: dict[str, tuple[str, int]], now: float) -> Segment:
        config = self.machines[switch].config
        up = self.layer1.bond_line(switch, bond.name).at(now)
        ready = up and not self.layer1.bond(switch, bond, now).bypassed
        vnis = self.bond_vnis(switch, bond.name)
        different: set[int] = set()
        for name, _ in peers.values():
            other = next(row for row in self.machines[name].config.bonds.values() if row.esi == bond.esi)
            different |= set(vnis) ^ set(self.bond_vnis(name, other.name))
        own = (-bond.df_preference, _number(config.vtep))
        rivals = [(-preference, _number(vtep)) for vtep, (_, preference) in peers.items()]
        # The highest preference forwards; of equals the lowest VTEP (nvue.md 3.4; FRR's tie-break).
        forwarder = ready and all(own < rival for rival in rivals)
        return Segment(bond.esi, bond.name, up, ready, bond.df_preference, peers, forwarder, vnis, len(different))

    def bond_vnis(self, switch: str, bond: str) -> tuple[int, ...]:
        """Return the VNIs of a bond's VLANs."""
        config = self.machines[switch].config
        native, tagged = config.port_vlans(bond)
        return tuple(sorted(config.vlans[vlan] for vlan in (native, *tagged) if config.vlans.get(vlan)))

    def with_vrf(self, switch: str, vrf: str, now: float) -> dict[str, tuple[str, str]]:
        """Return the switches whose VRF meets one of ours over its layer 3 VNI: switch -> (VTEP, VRF there)."""
        config = self.machines[switch].config
        if vrf not in config.l3vnis:
            return {}
        own, _ = vrf_targets(config, vrf, self.asn(switch))
        found = {}
        for name, vtep in self.heard(switch, now).items():
            other = self.machines[name].config
            for theirs, number in other.l3vnis.items():
                if number == config.l3vnis[vrf] and _meets(own, vrf_targets(other, theirs, self.asn(name))[1]):
                    found[name] = (vtep, theirs)
        return found

    def announced(self, switch: str, vrf: str, now: float) -> list[str]:
        """Return the type-5 prefixes that a switch brings in for a VRF."""
        bgp = self.machines[switch].config.bgp.get(vrf)
        if bgp is None or not bgp.to_evpn:
            return []
        return [prefix.text for prefix in self.origins.redistributed(switch, vrf, now)[0]]

    def ready(self, switch: str, vrf: str) -> bool:
        """Tell whether a layer 3 VNI is up: a VTEP, the VRF's BGP, and a number that no VLAN of the bridge has."""
        config = self.machines[switch].config
        number = config.l3vnis.get(vrf, 0)
        return bool(number) and self.works(switch) and vrf in config.bgp and number not in config.vlans.values()


def _number(address: str) -> int:
    return int(IPv4Address(address)) if address else 0
