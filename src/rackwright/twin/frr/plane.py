"""The data plane made of namespaces: what an applied configuration does to them, and what they then say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rackwright.plan.model import HostNetwork, Link, Plan
from rackwright.twin.dataplane import DataPlane, NotEmulated
from rackwright.twin.frr import shows
from rackwright.twin.frr.kernel import Object, changes, objects, settle
from rackwright.twin.frr.lab import Lab
from rackwright.twin.frr.machine import Machine, features
from rackwright.twin.frr.routing import at, frr_conf

__all__ = ["FrrPlane"]

OF_THE_BOX: Final = (("system",), ("platform",), ("qos",), ("router",), ("service",))
"""Where the state is that of the hardware or a mere copy of the configuration: the computed twin answers."""

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
        self.lab.cable({name: (link.a.device, link.b.device) for name, link in self.cables.items()})
        for name in sorted(here):
            if roles[name] in _SWITCHES:
                self.lab.lldpd(name, "Cumulus Linux version 5.12.1 emulated by Rackwright")
        for host in self.plan.hosts:
            self._host(host)

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
        wanted = objects(tree, self.ports.get(switch, {}), self.features)
        lines = changes(self._held.get(switch, ()), wanted)
        if lines:
            cell.sh("\n".join(lines))
        self._held[switch] = wanted
        hostname = str(tree.get("system", {}).get("hostname", switch))
        self.lab.frr(switch, frr_conf(hostname, tree), vrf_namespaces=not self.features.vrf)
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

    def _host(self, host: HostNetwork) -> None:
        cell, cables = self.lab.cells.get(host.name), self.ports.get(host.name, {})
        if cell is None:
            return
        bonded = {member: bond.name for bond in host.bonds for member in bond.members}
        bonds = host.bonds if self.features.bond else ()
        lines = [f"ip link add {bond.name} type bond mode {bond.mode} miimon 100 lacp_rate fast" for bond in bonds]
        for item in host.interfaces:
            if item.port not in cables or (item.name in bonded and not self.features.bond):
                continue
            mtu = f" mtu {item.mtu_bytes}" if item.mtu_bytes else ""
            lines.append(f"ip link set {cables[item.port]} name {item.name}{mtu}")
            if item.name in bonded:
                lines.append(f"ip link set {item.name} master {bonded[item.name]}")
            lines.append(f"ip link set {item.name} up")
            lines += _addressed(item.name, item.address, item.gateway, item.routes, item.table)
        for bond in bonds:
            mtu = f" mtu {bond.mtu_bytes}" if bond.mtu_bytes else ""
            lines.append(f"ip link set {bond.name}{mtu} up")
            lines += _addressed(bond.name, bond.address, bond.gateway, ("default",) if bond.gateway else (), 0)
        for item in host.interfaces:
            if item.parent and self.features.vlan_filtering:
                lines.append(f"ip link add link {item.parent} name {item.name} type vlan id {item.vlan}")
                lines.append(f"ip link set {item.name} up")
                lines += _addressed(item.name, item.address, item.gateway, item.routes, item.table)
        cell.sh("\n".join(lines or [":"]))
        self.lab.lldpd(host.name, "Ubuntu 24.04 emulated by Rackwright")


def _is_management_of_host(link: Link, roles: Mapping[str, str]) -> bool:
    """Tell a BMC's or another management port of a machine: nothing stands behind it here."""
    return link.kind == "management" and roles[link.b.device] not in _SWITCHES


def _addressed(name: str, address: str, gateway: str, routes: tuple[str, ...], table: int) -> list[str]:
    lines = [f"ip addr add {address} dev {name}"] if address else []
    if gateway and table:
        lines += [f"ip route add {prefix} via {gateway} dev {name} table {table}" for prefix in routes]
        lines += [f"ip rule add from {address.partition('/')[0]} table {table}"]
    elif gateway:
        lines += [f"ip route add {prefix} via {gateway} dev {name}" for prefix in routes]
    return lines
