"""BMCs that answered on a range of addresses, matched with nodes.csv by service tag and MAC address."""

from __future__ import annotations

from collections.abc import Sequence

from rackwright.audit.discovery.match import Discovery, Unclear
from rackwright.drivers.redfish.probing import Root
from rackwright.intent.node_edits import TAG
from rackwright.intent.nodes import normal_mac
from rackwright.plan.model import Device, Plan

__all__ = ["controllers"]

_SWAPPED = "two machines stand in each other's place, or nodes.csv is wrong: see the label of the one that is there"
_UNKNOWN = "write it into nodes.csv at its position; 'discover' at the switches tells which port it is behind"
_TWICE = "one of them has an address too many, or two machines were given one tag: see their labels"


def controllers(plan: Plan, roots: Sequence[Root]) -> Discovery:
    """Return what nodes.csv may be told: the tag of a BMC whose MAC is known there, or the MAC of one whose tag is.

    An address says nothing about who answers there, so it never decides; one that nothing else speaks for is unclear.
    """
    work = _Match(plan)
    for root in roots:
        work.take(root)
    silent = tuple(sorted(work.known - set(work.where)))
    return Discovery(work.wishes, work.sources, tuple(work.unclear), silent)


class _Match:
    """The work of one match."""

    def __init__(self, plan: Plan) -> None:
        machines = [device for device in plan.devices if device.role in {"server", "storage"}]
        self.by_tag = {device.serial.upper(): device for device in machines if device.serial}
        self.by_mac = {mac.lower(): device for device in machines for port, mac in device.macs if port == "bmc"}
        self.address = {_plain(device): device for device in plan.devices if device.management}
        self.known = {device.name for device in (*self.by_tag.values(), *self.by_mac.values())}
        self.wishes: dict[str, dict[str, str]] = {}
        self.sources: dict[tuple[str, str], str] = {}
        self.unclear: list[Unclear] = []
        self.where: dict[str, str] = {}

    def take(self, root: Root) -> None:
        mac = normal_mac(root.mac) or ""
        tagged, wired = self.by_tag.get(root.service_tag), self.by_mac.get(mac)
        what = (
            f"{root.product or root.vendor or 'a BMC'} {root.service_tag or 'of no told tag'}, {mac or 'no told MAC'}"
        )
        if tagged and wired and tagged.name != wired.name:
            text = f"{what}: the tag is {tagged.name}'s in nodes.csv and the MAC address {wired.name}'s"
            self.unclear.append(Unclear(root.host, text, _SWAPPED))
            return
        device = tagged or wired
        if device is None:
            there = self.address.get(root.host)
            hint = f"; {there.name} is planned at this address" if there else ""
            self.unclear.append(Unclear(root.host, f"{what}: nodes.csv knows neither{hint}", _UNKNOWN))
            return
        if device.name in self.where:
            text = f"{what}: {device.name} answers at {self.where[device.name]} too"
            self.unclear.append(Unclear(root.host, text, _TWICE))
            return
        self.where[device.name] = root.host
        source = f"service root at {root.host}, certificate {root.fingerprint[:16]}"
        for column, value in ((TAG, root.service_tag), ("bmc", mac)):
            if value:
                self.wishes.setdefault(device.name, {})[column] = value
                self.sources[device.name, column] = source
        self._judge_address(root, device)

    def _judge_address(self, root: Root, device: Device) -> None:
        planned = _plain(device)
        if planned and planned != root.host and root.host in self.address:
            other = self.address[root.host].name
            text = f"{device.name} answers at the address that is planned for {other}; its own is {planned}"
            self.unclear.append(Unclear(root.host, text, "renew its lease, or correct the DHCP server"))


def _plain(device: Device) -> str:
    return device.management.partition("/")[0]
