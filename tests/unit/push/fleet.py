"""A rack of switches in memory that are reached as the command reaches them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rackwright import secrets
from rackwright.drivers.clock import Clock as ClockProtocol
from rackwright.nvue.tree import get
from rackwright.render import switch_tree
from tests.unit.push.cases import FACTORY, HASH
from tests.unit.push.fake import Clock, Switch


@dataclass
class Fleet:
    """The switches of a plan, factory-fresh, and the way to them."""

    switches: dict[str, Switch]
    intended: dict[str, Any]
    clock: ClockProtocol
    state: Path
    resolvers: tuple = ()
    twin: bool = False
    database: str | None = None
    released: list[str] = field(default_factory=list)
    """Whoever gave a lease back, in order."""

    @property
    def leases(self):
        """Where it is kept who has one to give back."""
        return self.state / "leases"

    def release(self, device, left=None):
        """Have a switch give its lease back."""
        self.released.append(device)
        if left is not None:
            left.close()

    def beside(self, device):
        """Open a session with a switch that may not be meant."""
        return self.connect(device)

    def connect(self, device, *, patience_s=0):
        """Open a session."""
        return self.switches[device].connect(device)


def fleet_of(plan, state):
    """Return the switches of a plan as they leave the factory, every planned cable plugged in."""
    clock = Clock()
    intended = {switch.name: switch_tree(switch) for switch in plan.switches}
    serials = {device.name: device.serial for device in plan.devices}
    names = {ref.name for tree in intended.values() for ref in secrets.references(tree)}
    resolvers = (secrets.Environment({secrets.variable(name): HASH for name in names}),)
    switches = {}
    for switch in plan.switches:
        ports = [port.name for port in switch.ports if port.link >= 0]
        switches[switch.name] = Switch(FACTORY, clock, name=switch.name, serial=serials[switch.name], cabled=ports)
    for link in plan.links:
        if link.a.device in switches and link.b.device in switches:
            for here, there in ((link.a, link.b), (link.b, link.a)):
                switches[here.device].far[here.port] = (switches[there.device], there.port)
    return Fleet(switches, intended, clock, state, resolvers)


def as_planned(fleet):
    """Say which switches run what is planned for them, their secrets in place."""
    return {
        name
        for name, switch in fleet.switches.items()
        if get(switch.applied, "system", "hostname") == name and _equal(switch.applied, fleet.intended[name])
    }


def _equal(applied, intended):
    from rackwright.push.digests import digest_of

    return digest_of(applied) == digest_of(intended)
