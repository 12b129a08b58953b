"""A switch as it runs: what it is, what is applied on it, and when its services were up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rackwright.catalog.models import SwitchModel
from rackwright.plan.model import Device
from rackwright.twin.state.config import SwitchConfig, parse
from rackwright.twin.state.hardware import LogicalPort, logical_ports, made_up_mac
from rackwright.twin.state.timeline import Track

__all__ = ["Machine"]


class Machine:
    """One emulated switch."""

    def __init__(self, device: Device, model: SwitchModel, now: float) -> None:
        self.name = device.name
        self.device = device
        self.model = model
        macs = dict(device.macs)
        self.mac = macs.get("eth0") or made_up_mac(device.name, "eth0")
        self.serial = device.serial or made_up_mac(device.name, "serial").replace(":", "").upper()
        self.power = Track(holds=True)
        self.switchd = Track(holds=True)
        self.frr = Track(holds=True)
        self.booted = now
        self.configured = now
        self.revision = 0
        """Goes up with each applied tree."""
        self.config: SwitchConfig = parse({})
        self.ports: dict[str, LogicalPort] = {}
        self.settle({})

    def settle(self, tree: Mapping[str, Any]) -> set[int]:
        """Take over a tree; return the cages whose logical ports are others than before."""
        before, ports = self.config.breakouts, self.ports
        self.config = parse(tree)
        self.revision += 1
        if self.config.breakouts != before or not ports:
            self.ports = logical_ports(self.model, self.config.breakouts)
        changed = {
            port.cage.number
            for name in ports.keys() ^ self.ports.keys()
            for port in (ports.get(name) or self.ports[name],)
        }
        changed |= {port.cage.number for name, port in self.ports.items() if name in ports and ports[name] != port}
        return changed

    @property
    def hostname(self) -> str:
        """The name as it is configured."""
        return self.config.hostname

    @property
    def router_id(self) -> tuple[int, ...]:
        """The router id as numbers, for comparison."""
        bgp = self.config.bgp.get("default")
        text = bgp.router_id if bgp else ""
        return tuple(int(part) for part in text.split(".") if part.isdecimal())
