"""What the switches of a plan answer when all is well, in the shapes of Cumulus Linux 5.12, made from the plan alone."""

from __future__ import annotations

import copy
import json
from typing import Any

from rackwright import audit
from rackwright.audit.learned import TABLE
from rackwright.audit.model import Site
from rackwright.audit.overlay import esi
from rackwright.errors import NotCarried
from rackwright.plan.model import End, Switch
from rackwright.plan.switch_model import Port

Answers = dict[str, Any]

SPEAKS = ("leaf", "spine", "superspine", "oob", "server", "storage")
"""Roles that speak LLDP."""


def evidence(site: Site, intended) -> dict[str, audit.Evidence]:
    """Return the evidence of every switch of a plan."""
    return {name: as_evidence(name, said) for name, said in answers(site, intended).items()}


def as_evidence(device: str, said: Answers) -> audit.Evidence:
    """Wrap answers by question; an exception stands for the device's refusal."""
    found = [
        audit.Answer(question, error=str(value), barred=isinstance(value, NotCarried))
        if isinstance(value, Exception)
        else audit.Answer(question, value)
        for question, value in said.items()
    ]
    return audit.Evidence(device, "2026-01-01T00:00:00Z", answers=tuple(found))


def answers(site: Site, intended) -> dict[str, Answers]:
    """Return switch -> question -> value."""
    made = _Maker(site, intended)
    return {switch.name: made.of(switch) for switch in site.plan.switches}


class _Maker:
    def __init__(self, site: Site, intended) -> None:
        self.site, self.plan, self.intended = site, site.plan, intended
        self.roles = {device.name: device.role for device in self.plan.devices}
        self.macs = {(device.name, port): mac for device in self.plan.devices for port, mac in device.macs}
        self.serials = {device.name: device.serial for device in self.plan.devices}
        self.vteps = {switch.vtep for switch in self.plan.switches if switch.vtep}

    def of(self, switch: Switch) -> Answers:
        return {question: self._say(switch, question) for question in audit.questions(switch, self.site)}

    def _say(self, switch: Switch, question: str) -> Any:
        words = question.removeprefix("nv show ").split()
        simple = {
            "facts": lambda: {
                "hostname": switch.name, "model": switch.model.upper(), "serial": self.serials[switch.name],
                "version": switch.nos,
            },
            "running": lambda: copy.deepcopy(self.intended(switch)),
            "startup": lambda: copy.deepcopy(self.intended(switch)),
            "nv show interface": lambda: self._interfaces(switch),
            TABLE: lambda: self._table(switch),
            "nv show platform transceiver": lambda: self._modules(switch),
            "nv show router adaptive-routing": lambda: {"enable": "on"},
            "nv show evpn vni": lambda: self._vnis(switch),
            "nv show evpn multihoming esi": lambda: self._segments(switch),
            "nv show evpn multihoming bgp-info esi": lambda: {
                esi(bond): {"inconsistent-vni-count": 0} for bond in switch.bonds if bond.es_id
            },
            "nv show system date-time": lambda: {"system-clock-synchronized": "yes"},
            "nv show qos roce": lambda: _roce(switch),
            'vtysh -c "show bfd peers json"': lambda: json.dumps(self._bfd(switch)),
        }  # fmt: skip
        if question in simple:
            return simple[question]()
        if words[-1] == "phy-detail":
            return {"effective-ber": "15E-255", "raw-ber": "1E-7", "symbol-ber": "15E-255"}
        if words[-1] == "neighbor":
            return self._bgp(switch, words[1])
        if words[0] == "platform":
            return {"identifier": "OSFP", "channel": {"channel-1": {"rx-power": _light(), "tx-power": _light()}}}
        if words[-1] == "mac":
            return {"02:00:00:00:00:01": {"type": "local", "esi": "03:44:38:39:ff:00:01:00:00:01"}}
        assert (words[0], words[-1]) == ("vrf", "evpn"), question
        vrf = next(vrf for vrf in switch.vrfs if vrf.name == words[1])
        return {"enable": "on", "vlan": vrf.l3vlan, "vni": {str(vrf.l3vni): {}}, "state": "up"}

    def _interfaces(self, switch: Switch) -> Answers:
        found = {
            port.name: _interface(port, next((bond for bond in switch.bonds if bond.name == port.bond), None))
            for port in switch.ports
        }
        found["eth0"] = {"type": "eth", "link": {"oper-status": "up", "admin-status": "up"}}
        for link in self.plan.links:
            for near, far in ((link.a, link.b), (link.b, link.a)):
                if near.device == switch.name and near.port in found:
                    self._neighbour(found[near.port], far)
        return found

    def _table(self, switch: Switch) -> Answers:
        """What is behind each port by nodes.csv, and the switch itself."""
        rows: list[Answers] = [{"mac": "44:38:39:00:00:01", "interface": "br_default", "entry-type": "permanent"}]
        for link in self.plan.links:
            for near, far in ((link.a, link.b), (link.b, link.a)):
                mac = self.macs.get((far.device, far.port))
                if near.device == switch.name and mac:
                    rows.append({"mac": mac.upper(), "vlan": 500, "interface": near.port, "age": "0:00:05"})
        return {str(number): row for number, row in enumerate(rows, 1)}

    def _neighbour(self, interface: Answers, far: End) -> None:
        if self.roles.get(far.device) in SPEAKS and not far.port.endswith("bmc"):
            interface["lldp"] = {"state": "enabled", "neighbor": {far.device: neighbour(far)}}

    def _modules(self, switch: Switch) -> Answers:
        cages = {f"swp{port.cage}" for port in switch.ports if port.link >= 0}
        plug = {cage: self.site.parts.get((switch.name, cage)) for cage in cages}
        form = "QSFP28" if switch.model == "sn2201" else "OSFP"
        return {
            cage: {
                "identifier": form,
                "cable-type": "Passive copper cable" if row.a_optic is None else "Optical module",
            }
            for cage, row in plug.items()
            if row and row.key != "cat6-rj45"
        }

    def _bgp(self, switch: Switch, vrf: str) -> Answers:
        found = {}
        bgp = next(one.bgp for one in switch.vrfs if one.name == vrf)
        groups = {group.name: group for group in bgp.groups}
        for neighbor in bgp.neighbors:
            group = groups[neighbor.group]
            families = {"ipv4-unicast": {"rx-prefix": 3, "tx-prefix": 4}}
            if group.evpn:
                families["l2vpn-evpn"] = {"rx-prefix": 1, "tx-prefix": 1}
            asn = self._asn(neighbor.peer, group.remote_as, switch)
            found[neighbor.name] = {"remote-as": asn, "state": "established", "address-family": families}
        return found

    def _asn(self, peer: str, remote: str, switch: Switch) -> int:
        if remote == "internal":
            return switch.bgp.asn
        found = next((one.bgp.asn for one in self.plan.switches if one.name == peer and one.bgp), None)
        return found or (int(remote) if remote.isdigit() else 65010)

    def _bfd(self, switch: Switch) -> list[Answers]:
        return [
            {"interface": neighbor.name, "status": "up"}
            for vrf in switch.vrfs
            for neighbor in (vrf.bgp.neighbors if vrf.bgp else ())
        ]

    def _vnis(self, switch: Switch) -> Answers:
        found = {}
        for vlan in switch.vlans:
            others = {
                other.vtep: {"flood": "HER"}
                for other in self.plan.switches
                if other.name != switch.name and other.vtep and any(one.vni == vlan.vni for one in other.vlans)
            }
            if vlan.vni:
                found[str(vlan.vni)] = {"vlan": vlan.id, "local-vtep": switch.vtep, "remote-vtep": others}
        return found

    def _segments(self, switch: Switch) -> Answers:
        found = {}
        for bond in switch.bonds:
            peers = [
                (other, twin) for other in self.plan.switches for twin in other.bonds
                if other.name != switch.name and twin.es_id == bond.es_id and twin.peer == bond.peer
            ]  # fmt: skip
            if not bond.es_id or not peers:
                continue
            flags = {"local": "on", "remote": "on", "oper-up": "on"}
            rank = (bond.df_preference, -int(switch.vtep.replace(".", "")))
            if all(rank > (twin.df_preference, -int(other.vtep.replace(".", ""))) for other, twin in peers):
                flags["designated-forward"] = "on"
            found[esi(bond)] = {
                "local-interface": bond.name, "df-preference": bond.df_preference, "flags": flags,
                "remote-vtep": {other.vtep: {} for other, _ in peers},
            }  # fmt: skip
        return found


def neighbour(far: End) -> Answers:
    """Return one LLDP neighbour as `nv show interface` gives it."""
    return {
        "chassis": {"chassis-id": "02:aa:00:00:00:01", "system-name": far.device},
        "port": {"name": far.interface or far.port, "description": far.port, "ttl": 120, "type": "ifname"},
    }


def _interface(port: Port, bond) -> Answers:
    up = port.link >= 0 and port.admin != "down"
    link = {
        "admin-status": "down" if port.admin == "down" else "up", "oper-status": "up" if up else "down",
        "mtu": (bond and bond.mtu_bytes) or port.mtu_bytes or 9216, "stats": {"carrier-down-count": 1},
    }  # fmt: skip
    if up:
        link |= {
            "speed": f"{port.speed_gbps:g}G",
            "auto-negotiate": "on",
            "fec": "rs" if port.speed_gbps > 1 else "off",
        }
    return {"type": "swp", "link": link}


def _light() -> Answers:
    return {
        "power": "0.8625 mW / -0.64 dBm", "high-alarm-threshold": "5.40 dBm", "low-alarm-threshold": "-13.31 dBm",
        "high-warning-threshold": "2.40 dBm", "low-warning-threshold": "-10.30 dBm", "alarm": "Off",
    }  # fmt: skip


def _roce(switch: Switch) -> Answers:
    pools = dict(switch.roce_pools)
    return {
        "enable": "on", "mode": switch.roce,
        "pfc": {"pfc-priority": "3", "rx-enabled": "enabled", "tx-enabled": "enabled"},
        "congestion-control": {"congestion-mode": "ECN", "enabled-tc": "0,3"},
        "prio-map": {"3": {"dscp": "24,25,26,27,28,29,30,31", "switch-prio": 3}, "6": {"dscp": "48", "switch-prio": 6}},
        "pool": {
            "0": {"name": "lossy-default-ingress", "size": f"{pools.get('default-lossy', 50)}%"},
            "1": {"name": "roce-reserved-ingress", "size": f"{pools.get('roce-lossless', 50)}%"},
        },
    }  # fmt: skip
