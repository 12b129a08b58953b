"""What a switch learns at layer 2: bridge ports that forward, MACs behind them, and the VLANs they are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rackwright.twin.state.hardware import port_numbers
from rackwright.twin.state.layer1 import Layer1
from rackwright.twin.state.memo import Memo
from rackwright.twin.state.outside import Resident

__all__ = ["Layer2", "Learned"]

Address = tuple[str, str]


class Learned(NamedTuple):
    """A MAC in the forwarding table."""

    mac: str
    vlan: int
    interface: str
    address: str
    """IPv4 address of the host, as ARP would tell; empty: not known."""
    since: float


class Layer2:
    """The bridges of the rack."""

    def __init__(self, layer1: Layer1, residents: Mapping[Address, tuple[Resident, ...]]) -> None:
        self.layer1 = layer1
        self.machines = layer1.machines
        self.residents = residents
        self._memo = Memo(layer1.period)

    def ports(self, switch: str, now: float) -> Iterator[str]:
        """Yield the bridge ports that forward."""
        config = self.machines[switch].config
        for name in config.interfaces:
            if config.domain(name) is None or name in config.bond_of:
                continue
            if name in config.bonds:
                if self.layer1.bond_line(switch, name).at(now):
                    yield name
            elif port_numbers(name) is not None and self.layer1.port_line(switch, name).at(now):
                yield name

    def learned(self, switch: str, now: float) -> list[Learned]:
        """Return the MACs that a switch learns on its own ports.

        A host's frame comes in untagged, or tagged on a VLAN that the port takes. Behind a port to another switch is
        what that switch knows, but for what it knows through us: one hop is looked at, as the out-of-band access
        switches of the plans have no further ones [assumed].
        """
        return self._memo.get(switch, now, lambda: self._learned(switch, now))

    def _learned(self, switch: str, now: float) -> list[Learned]:
        config = self.machines[switch].config
        found: dict[tuple[str, int], Learned] = {}
        for name in self.ports(switch, now):
            native, tagged = config.port_vlans(name)
            members = config.bonds[name].members if name in config.bonds else (name,)
            for port in members:
                for row in self._behind(switch, port, now):
                    vlan = row.vlan or native
                    if vlan in config.vlans and (not row.vlan or row.vlan in tagged or row.vlan == native):
                        since = self.layer1.port_line(switch, port).since(now)
                        found.setdefault((row.mac, vlan), Learned(row.mac, vlan, name, row.address, since))
        return list(found.values())

    def _behind(self, switch: str, port: str, now: float) -> Iterator[Resident]:
        far = self.layer1.far(switch, port)
        if far is None or not self.layer1.port_line(switch, port).at(now):
            return
        if not far.switch:
            yield from self.residents.get((far.device, far.port), ())
            return
        other = self.machines[far.device].config
        uplink = other.bond_of.get(far.port, far.port)
        native, _ = other.port_vlans(uplink)
        for name in self.ports(far.device, now):
            if name == uplink or name in other.bonds:
                continue
            vlan, tagged = other.port_vlans(name)
            beyond = self.layer1.far(far.device, name)
            if beyond is None or beyond.switch:
                continue
            for row in self.residents.get((beyond.device, beyond.port), ()):
                own = row.vlan or vlan
                if own == native or own in tagged:
                    yield row._replace(vlan=0 if own == native else own)
