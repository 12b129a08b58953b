"""The data plane made of namespaces: what an applied configuration does to them, and what they then say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright.errors import TwinError
from rackwright.plan.model import HostNetwork, Link, Plan
from rackwright.twin.dataplane import DataPlane, NotEmulated
from rackwright.twin.frr import shows
from rackwright.twin.frr.hosts import host_objects
from rackwright.twin.frr.kernel import Object, changes, objects, settle
from rackwright.twin.frr.lab import Lab
from rackwright.twin.frr.machine import Machine, features
from rackwright.twin.frr.routing import at, frr_conf

__all__ = ["FrrPlane"]

OF_THE_BOX: Final = (("system",), ("platform",), ("qos",), ("router",), ("service",))
"""Where the state is that of the hardware or a mere copy of the configuration: the computed twin answers."""

_SAID: Final = {
    "host": "Ubuntu 24.04 emulated by Rackwright",
    "switch": "Cumulus Linux version 5.12.1 emulated by Rackwright",
}
_SWITCHES: Final = ("leaf", "spine", "superspine", "oob")
_HOSTS: Final = ("server", "storage", "external")


class FrrPlane:
    """Switches and hosts of a plan in namespaces; see :class:`~rackwright.twin.dataplane.DataPlane`."""

    slow = True

    def __init__(self, plan: Plan, machine: Machine, box: DataPlane) -> None:
        """Stand on ``machine``; ``box`` answers for what is of the box and not of the network (:data:`OF_THE_BOX`)."""
        self.plan = plan
        self.box = box
        self.machine = machine
        self.features = features(machine)
        self.lab = Lab(machine)
        self.cables: dict[str, Link] = {}
        self.ports: dict[str, dict[str, str]] = {}
        self._hosts: dict[str, HostNetwork] = {}
        self._planned: dict[tuple[str, str], str] = {}
        """(device, port) -> the plug that belongs in it."""
        self._held: dict[str, tuple[Object, ...]] = {}
        self._operators: dict[str, str] = {}
        self._trees: dict[str, Mapping[str, Any]] = {}

    def start(self) -> None:
        """Bring up every namespace, plug the cables, start the daemons; hosts get their planned addresses."""
        roles = {device.name: device.role for device in self.plan.devices}
        here = {name for name, role in roles.items() if role in (*_SWITCHES, *_HOSTS)}
        self.lab.add(sorted(here))
        for index, link in enumerate(self.plan.links):
            if (
                {link.a.device, link.b.device} <= here
                and link.kind != "pdu"
                and not _is_management_of_host(link, roles)
            ):
                name = f"cable{index}"
                self.cables[name] = link
                for end, side in ((link.a, "a"), (link.b, "b")):
                    self.ports.setdefault(end.device, {})[end.port] = name + side
        self._planned = {(device, port): plug for device, ports in self.ports.items() for port, plug in ports.items()}
        self.lab.cable({name: (link.a.device, link.b.device) for name, link in self.cables.items()})
        self._hosts = {host.name: host for host in self.plan.hosts if host.name in here}
        for name in self._hosts:
            self._arrange(name)
        said = {name: _SAID["host" if name in self._hosts else "switch"] for name in sorted(here)}
        self.lab.lldpd(said)

    def close(self) -> None:
        """End everything."""
        self.lab.close()
        self.machine.close()

    def door(self, switch: str, host_key: str, operator: str) -> list[str]:
        """Prepare OpenSSH in a switch's namespace; see :class:`~rackwright.twin.dataplane.Housed`."""
        self._operators[switch] = operator
        self._keys(switch)
        return self.machine.argv(self.lab.openssh(switch, host_key))

    def _keys(self, switch: str) -> None:
        """Write who may log in: the operator of the twin, and the keys of the applied configuration."""
        configured = at(self._trees.get(switch, {}), "system", "aaa", "user", "cumulus", "ssh", "authorized-key")
        keys = [f"{item.get('type', 'ssh-rsa')} {item['key']}" for item in configured.values() if "key" in item]
        self.lab.cells[switch].write("/run/ssh/keys", "\n".join([self._operators.get(switch, ""), *keys]))

    def applied(self, switch: str, tree: Mapping[str, Any], restarted: frozenset[str]) -> None:
        """Bring a switch's namespace to an applied configuration; raises RuntimeError when kernel or FRR refuse it."""
        cell = self.lab.cells[switch]
        self._arrange(switch, tree)
        hostname = str(tree.get("system", {}).get("hostname", switch))
        spaces = not self.features.vrf
        self.lab.frr(switch, frr_conf(hostname, tree, vrf_namespaces=spaces), vrf_namespaces=spaces)
        cell.sh("\n".join([f"hostname {hostname}", *settle(tree, self.features)]))
        self._trees[switch] = tree
        self._keys(switch)
        self.box.applied(switch, tree, restarted)

    def power(self, switch: str, *, on: bool) -> None:
        """Take the cables of a switch down or up; its namespace stays."""
        self.box.power(switch, on=on)
        state = "up" if on else "down"
        lines = [f"ip link set {port} {state} 2>/dev/null || :" for port in self.ports.get(switch, {})]
        self.lab.cells[switch].sh("\n".join(lines))

    def show(self, switch: str, path: tuple[str, ...]) -> Any:
        """Read state back; raises :class:`~rackwright.twin.dataplane.NotEmulated` for what is not translated."""
        if path[:1] in OF_THE_BOX:
            return self.box.show(switch, path)
        return shows.show(self.lab.cells[switch], self._trees.get(switch, {}), path)

    def run(self, switch: str, argv: tuple[str, ...]) -> str:
        """Run one of the commands that read state: ``lldpctl``, ``vtysh``, ``ip``, ``bridge``."""
        if argv[:1] not in (("lldpctl",), ("vtysh",), ("ip",), ("bridge",)):
            raise NotEmulated(f"{argv[0]}: not a command that reads state")
        return self.machine.run(" ".join(self.lab.cells[switch].words([f"'{word}'" for word in argv])))

    def swap(self, one: str, two: str) -> None:
        """Exchange two plugs, each ``DEVICE:PORT``, of one device or of two."""
        places = [_place(end) for end in (one, two)]
        plugs = [self._unplug(device, port) for device, port in places]
        for (device, port), plug, (other, _) in zip(places, reversed(plugs), reversed(places), strict=True):
            if device != other:
                self.lab.move(plug, other, device)
            self.ports[device][port] = plug
        for device in dict.fromkeys(device for device, _ in places):
            self._arrange(device)

    def cut(self, end: str) -> None:
        """Pull the plug at ``DEVICE:PORT``; it lies there."""
        device, port = _place(end)
        self._unplug(device, port)

    def restore(self) -> None:
        """Plug everything as planned."""
        for end in self._planned:
            self._unplug(*end)
        for (device, port), plug in self._planned.items():
            self.lab.fetch(plug, device)
            self.ports[device][port] = plug
        for device in self.ports:
            self._arrange(device)

    def _unplug(self, device: str, port: str) -> str:
        """Take the plug out of a port and return it; raises TwinError when there is none."""
        plug = self.ports.get(device, {}).pop(port, "")
        if not plug:
            raise TwinError(f"no cable is in {device}:{port}")
        self._arrange(device)
        return plug

    def _arrange(self, device: str, tree: Mapping[str, Any] | None = None) -> None:
        """Bring the kernel of a device to its configuration and to what is plugged."""
        ports = self.ports.get(device, {})
        if device in self._hosts:
            wanted = host_objects(self._hosts[device], ports, self.features)
        else:
            wanted = objects(self._trees.get(device, {}) if tree is None else tree, ports, self.features)
        lines = changes(self._held.get(device, ()), wanted)
        if lines:
            self.lab.cells[device].sh("\n".join(lines))
        self._held[device] = wanted


def _place(end: str) -> tuple[str, str]:
    device, _, port = end.partition(":")
    return device, port


def _is_management_of_host(link: Link, roles: Mapping[str, str]) -> bool:
    """Tell a BMC's or another management port of a machine: nothing stands behind it here."""
    return link.kind == "management" and roles[link.b.device] not in _SWITCHES
