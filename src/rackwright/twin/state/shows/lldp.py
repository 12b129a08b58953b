"""LLDP: who is heard on which port, as the LLDP reference shows one neighbour."""

from __future__ import annotations

from typing import Any

from rackwright.twin.state.cabling import MANAGEMENT, Socket
from rackwright.twin.state.config import at
from rackwright.twin.state.shows.view import Show, View

__all__ = [
    "SHOWS",
    "chassis",
    "description",
    "heard",
    "neighbors",
    "of_port",
    "of_port_neighbor",
    "of_port_neighbors",
    "service",
    "ttl",
]


def heard(view: View, port: str) -> Socket | None:
    """Return who is heard on a port now; None: nobody.

    Both ends must have LLDP on, the link must be up, and for as long as a first frame takes; a restart of the other
    end's services does not make it mute. What goes away is forgotten at once, since the link is down.
    """
    far = view.layer1.far(view.name, port)
    if far is None or not view.config.lldp or port in view.config.lldp_off:
        return None
    line = view.layer1.port_line(view.name, port)
    if not line.at(view.now) or view.age(line) < view.fabric.times["lldp"]:
        return None
    other = view.fabric.machines.get(far.device)
    if other is not None:
        return far if other.config.lldp and far.port not in other.config.lldp_off else None
    return far if far.talks and far.speaks and view.fabric.talks(far.device) else None


def neighbors(view: View, port: str) -> dict[str, Any]:
    """Return the neighbours of a port by name."""
    far = heard(view, port)
    if far is None:
        return {}
    other = view.fabric.machines.get(far.device)
    name = other.hostname if other else far.device
    age = view.age(view.layer1.port_line(view.name, port))
    return {
        name: {
            "age": str(int(age)),
            "chassis": chassis(view, far),
            "port": {
                "name": far.interface,
                "description": description(view, far),
                "ttl": ttl(view, far),
                "type": "ifname",
            },
        }
    }


def chassis(view: View, far: Socket) -> dict[str, Any]:
    """Return who the other end is."""
    other = view.fabric.machines.get(far.device)
    if other is None:
        return {"chassis-id": far.mac, "system-name": far.device, "system-description": "Linux"}
    found = {
        "chassis-id": other.mac,
        "system-name": other.hostname,
        "system-description": f"Cumulus Linux version {view.fabric.plan.nos} running on {other.model.name}",
    }
    address = other.device.management.partition("/")[0]
    return {**found, "management-address-ipv4": address} if address else found


def description(view: View, far: Socket) -> str:
    """Return the port description that is sent: the alias, or the name (LLDP page, CDP PortID behaviour)."""
    other = view.fabric.machines.get(far.device)
    given = at(other.config.interfaces.get(far.port), "description") if other else None
    return str(given or far.interface)


def ttl(view: View, far: Socket) -> int:
    """Return the hold time that is sent: interval times multiplier."""
    other = view.fabric.machines.get(far.device)
    tree = other.config.tree if other else {}
    interval = at(tree, "service", "lldp", "tx-interval") or view.fabric.times["lldp-tx-interval"]
    return int(interval) * int(at(tree, "service", "lldp", "tx-hold-multiplier") or 4)


def of_port(view: View, port: str) -> dict[str, Any]:
    """Return ``nv show interface X lldp``."""
    if port not in view.machine.ports and port != MANAGEMENT:
        raise KeyError(port)
    state = "enabled" if view.config.lldp and port not in view.config.lldp_off else "disabled"
    tlvs = dict.fromkeys(("dcbx-pfc-tlv", "dcbx-ets-config-tlv", "dcbx-ets-recomm-tlv"), "off")
    return {"state": state, **tlvs, "neighbor": neighbors(view, port)}


def of_port_neighbors(view: View, port: str) -> dict[str, Any]:
    """Return ``nv show interface X lldp neighbor``."""
    found: dict[str, Any] = of_port(view, port)["neighbor"]
    return found


def of_port_neighbor(view: View, port: str, name: str) -> dict[str, Any]:
    """Return one neighbour; raises KeyError when it is not heard."""
    found: dict[str, Any] = of_port_neighbors(view, port)[name]
    return found


def service(view: View) -> dict[str, Any]:
    """Return ``nv show service lldp``."""
    given = at(view.config.tree, "service", "lldp") or {}
    usual = {"dot1-tlv": "off", "lldp-med-inventory-tlv": "off", "mode": "default", "state": "enabled"}
    interval = int(view.fabric.times["lldp-tx-interval"])
    return {**usual, "tx-hold-multiplier": 4, "tx-interval": interval, **given}


SHOWS: dict[tuple[str, ...], Show] = {
    ("interface", "*", "lldp"): of_port,
    ("interface", "*", "lldp", "neighbor"): of_port_neighbors,
    ("interface", "*", "lldp", "neighbor", "*"): of_port_neighbor,
    ("service", "lldp"): service,
}
