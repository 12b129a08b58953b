"""Network adapters: the planned model in each slot, on the right rail, linked, on all its PCIe lanes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar, Final

from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.machines.insides import unwell
from rackwright.audit.machines.model import MachineLook, MachineView, RackCheck, ServerCheck, missing
from rackwright.plan.machines import Adapter, AdapterPort
from rackwright.redfish.inventory import Nic, NicPort

__all__ = ["NicLanes", "NicLinks", "NicModels", "NicRails", "is_model"]

_ENOUGH: Final = 3
"""Equal servers that must agree on a slot before one that differs is told."""
_MBPS: Final = 1000


def is_model(nic: Nic, adapter: Adapter) -> bool | None:
    """Tell whether an adapter that is there is of the planned model; None: it does not tell enough.

    The ordering number decides where the catalog knows one and it is of the same maker's kind; else the PCI device; else the printed name.
    """
    part, pci = nic.part.upper(), ":".join(nic.pci[:2])
    if part in {known.upper() for known in adapter.parts}:
        return True
    if adapter.pci and pci.strip(":"):
        # A part number that no source lists may be the server vendor's own for the same card.
        same = pci.upper() == adapter.pci.upper()
        return same and not (adapter.parts and part.startswith("900-"))
    if adapter.parts and part:
        return False
    words = adapter.model.lower().split()
    printed = f"{nic.manufacturer} {nic.model}".lower()
    return words[-1] in printed if printed.strip() else None


def _found(view: MachineView, adapter: Adapter) -> Nic | None:
    """Return the adapter that is there for a planned one: by its MAC addresses, else by its slot."""
    known = view.by_mac
    own = next((one for one in view.body.adapters if one.name == adapter.name), adapter)
    for port in own.ports:
        if port.mac in known:
            return known[port.mac][0]
    if adapter.slot is not None:
        return next((nic for nic in view.inventory.nics if nic.slot == adapter.slot), None)
    return None


def _told(view: MachineView) -> tuple[Nic, ...]:
    if not view.inventory.nics:
        raise Untold("it does not tell its network adapters")
    return view.inventory.nics


class NicModels(ServerCheck):
    """As many adapters of each model as planned are there, each in its slot, and well.

    Passes when every planned adapter is found with its model, and in its slot where a source tells the slot. Fails on a missing one, one
    of another model, one in another slot, one that is not well. Skipped, with what is where, for slots that no source tells.
    """

    id = "NIC-MODELS"
    title = "network adapters of the planned models are in their slots"
    remedy = "see the riser and the adapter in that slot"
    source = "NetworkAdapter (Redfish); the catalog's adapters and slots of the model"
    asks: ClassVar[tuple[str, ...]] = ("Chassis/*/NetworkAdapters",)
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Find each planned adapter, then count what has no MAC address to be found by."""
        nics = _told(view)
        if view.machine.model:
            self._planned(view, nics, ledger)
        else:
            ledger.skip("no server model is known: which adapters there should be is not known either")
        if ill := unwell((nic.fqdd, nic.health) for nic in nics):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))

    def _planned(self, view: MachineView, nics: Collection[Nic], ledger: Ledger) -> None:
        if not view.machine.adapters:
            ledger.skip("no adapters are planned for its model", path="planned")
        taken: set[str] = set()
        lost: list[Adapter] = []
        for adapter in view.machine.adapters:
            nic = _found(view, adapter)
            if nic is None:
                lost.append(adapter)
                continue
            taken.add(nic.fqdd)
            self._one(adapter, nic, ledger)
        free = [nic for nic in nics if nic.fqdd not in taken]
        for adapter in lost:
            nic = next((nic for nic in free if is_model(nic, adapter)), None)
            if nic is None:
                message = f"no {adapter.model} is there for {adapter.name}"
                evidence = [_place(nic) for nic in free]
                gaps = view.gaps("/NetworkAdapters")
                missing(ledger, gaps, adapter.name, message, expected=adapter.model, evidence=evidence)
                continue
            free.remove(nic)
            ledger.right("adapter")
        self._slots(view, ledger)

    def _one(self, adapter: Adapter, nic: Nic, ledger: Ledger) -> None:
        fits = is_model(nic, adapter)
        if fits is None and adapter.embedded and nic.slot is None:
            ledger.right("adapter")  # the place tells it: there is one LAN on the motherboard
        elif fits is None:
            ledger.untold(adapter.name, f"{nic.fqdd} does not tell which adapter it is")
        elif not fits:
            actual = nic.part or nic.model
            message = f"{adapter.name} in {nic.fqdd} is a {actual}, not a {adapter.model}"
            ledger.wrong(adapter.name, message, expected=adapter.model, actual=actual)
        else:
            ledger.right("adapter")

    def _slots(self, view: MachineView, ledger: Ledger) -> None:
        open_slots: list[str] = []
        for adapter in view.machine.adapters:
            nic = _found(view, adapter)
            if adapter.embedded or nic is None:
                continue
            if adapter.slot is None:
                open_slots.append(f"{adapter.name} in {nic.fqdd}")
            elif nic.slot is not None and nic.slot != adapter.slot:
                message = f"{adapter.name} is in slot {nic.slot}, not in slot {adapter.slot}"
                ledger.wrong(f"{adapter.name}.slot", message, expected=str(adapter.slot), actual=str(nic.slot))
        if open_slots:
            ledger.skip(f"no source tells their slots: {', '.join(open_slots)}", path="slots",
                        remedy="give slots in a server model of the site's own catalog, and they are judged")  # fmt: skip


def _place(nic: Nic) -> str:
    return f"{nic.fqdd}: {nic.part or nic.model or 'unnamed'}"


class NicRails(RackCheck):
    """Each adapter has the MAC addresses of nodes.csv, so that it is on its rail; equal servers have equal adapters in equal slots.

    Passes when every address of nodes.csv is on an adapter of the planned model. Fails on an address that is nowhere, and on an adapter
    that sits in another slot than in all equal servers: its rail is then another one. Skipped where nodes.csv has no address.
    """

    id = "NIC-RAILS"
    title = "MAC addresses of adapters are those of nodes.csv, slots those of equal servers"
    remedy = "correct the cell in nodes.csv when the adapter was replaced (rackwright discover finds it), else exchange the adapters"
    source = "nodes.csv; NetworkDeviceFunction.Ethernet.PermanentMACAddress (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("Chassis/*/NetworkAdapters",)
    domain = "hardware"
    of_site = True

    def judge(self, look: MachineLook, views: Collection[MachineView]) -> Iterator[Ledger]:  # noqa: ARG002 - as below
        """Yield the ledger of each server."""
        usual = _usual(views)
        for view in views:
            ledger = Ledger(self, view.name)
            if not view.inventory.nics:
                ledger.untold("", "it does not tell its network adapters")
            else:
                self._server(view, usual, ledger)
            yield ledger

    def _server(self, view: MachineView, usual: Mapping[tuple[str, str], int], ledger: Ledger) -> None:
        known = view.by_mac
        ports = [(adapter, port) for adapter in view.body.adapters for port in adapter.ports]
        unnamed = [port.port for _, port in ports if port.cabled and not port.mac]
        if unnamed:
            ledger.skip(f"nodes.csv has no MAC address of {', '.join(unnamed)}", path="unnamed",
                        remedy="rackwright discover fills them in")  # fmt: skip
        for adapter, port in ports:
            if not port.mac:
                continue
            if port.mac in known:
                ledger.right("address")
            else:
                self._nowhere(view, adapter, port, ledger)
        if not any(port.mac or port.cabled for _, port in ports):
            ledger.skip("nodes.csv has no MAC address of its adapters", path="unnamed")
        self._unlike(view, usual, ledger)

    def _nowhere(self, view: MachineView, adapter: Adapter, port: AdapterPort, ledger: Ledger) -> None:
        rail = f" (rail {port.rail})" if port.rail else ""
        planned = {one.mac for item in view.body.adapters for one in item.ports}
        others = [
            f"{nic.fqdd}: {mac}" for mac, (nic, _) in sorted(view.by_mac.items())
            if mac not in planned and is_model(nic, adapter)
        ]  # fmt: skip
        message = f"no adapter has the MAC address of {port.port}{rail}"
        mute = [one.fqdd for nic in view.inventory.nics for one in nic.ports if not one.macs]
        gaps = [
            *view.gaps("/NetworkAdapters", "/EthernetInterfaces"),
            *(f"{name} tells no MAC address" for name in mute),
        ]
        missing(ledger, gaps, port.port, message, expected=port.mac, actual=", ".join(others), evidence=others)

    def _unlike(self, view: MachineView, usual: Mapping[tuple[str, str], int], ledger: Ledger) -> None:
        here = _slots_of(view)
        for name, slot in here.items():
            expected = usual.get((view.machine.model, name), slot)
            if slot == expected:
                continue
            instead = next((other for other, at in here.items() if at == expected), "")
            message = f"{name} is in slot {slot}; in equal servers it is in slot {expected}" + (
                f", where {instead} is here" if instead else ""
            )
            ledger.wrong(
                f"{name}.slot", message, expected=str(expected), actual=str(slot), severity="warning",
                remedy="exchange the adapters, or their cells in nodes.csv: a cable to this slot goes to another rail",
            )  # fmt: skip


def _slots_of(view: MachineView) -> dict[str, int]:
    """Return the slot of each adapter whose slot no source tells, found by its MAC address."""
    known = view.by_mac
    slots = {}
    for adapter in view.body.adapters:
        nic = next((known[port.mac][0] for port in adapter.ports if port.mac in known), None)
        if nic is not None and nic.slot is not None and adapter.slot is None and not adapter.embedded:
            slots[adapter.name] = nic.slot
    return slots


def _usual(views: Collection[MachineView]) -> dict[tuple[str, str], int]:
    """Return the slot of (server model, adapter) where enough servers agree and are more than two thirds."""
    seen: dict[tuple[str, str], Counter[int]] = {}
    for view in views:
        for name, slot in _slots_of(view).items():
            seen.setdefault((view.machine.model, name), Counter())[slot] += 1
    usual = {}
    for key, slots in seen.items():
        slot, many = slots.most_common(1)[0]
        if many >= _ENOUGH and many * 3 > slots.total() * 2:
            usual[key] = slot
    return usual


class NicLinks(ServerCheck):
    """The link of each planned port is up, at the planned speed.

    Passes when every port that has a cable in the plan is up. Fails on one that is down or slower. Skipped for ports whose link the BMC does not tell,
    and for all of them while the server is off.
    """

    id = "NIC-LINKS"
    title = "planned links are up at the servers' ends"
    remedy = "see the cable at both ends (rackwright audit --only switch tells the other one)"
    source = "Port.LinkStatus, Port.CurrentSpeedGbps (Redfish); the plan's links"
    asks: ClassVar[tuple[str, ...]] = ("Chassis/*/NetworkAdapters/*/Ports",)
    domain = "hardware"
    of_site = True

    def applies(self, view: MachineView) -> bool:
        """Apply where the plan cables an adapter."""
        return any(port.cabled for adapter in view.machine.adapters for port in adapter.ports)

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look at each planned port that can be found."""
        _told(view)
        if not view.on:
            ledger.skip("it is not on: its links cannot be judged")
            return
        mute: list[str] = []
        for adapter in view.machine.adapters:
            for port in adapter.ports:
                if port.cabled:
                    self._port(view, adapter, port, ledger, mute)
        if mute:
            ledger.skip(f"its BMC does not tell the link of {', '.join(mute)}", path="mute",
                        remedy="the switch tells it: rackwright audit --only switch")  # fmt: skip

    def _port(self, view: MachineView, adapter: Adapter, port: AdapterPort, ledger: Ledger, mute: list[str]) -> None:
        real = _port_of(view, adapter, port)
        if real is None or real.link == "unknown":
            mute.append(port.port)
        elif real.link == "down":
            to = f" to {port.peer}" if port.peer else ""
            ledger.wrong(port.port, f"the link of {port.port}{to} is down ({real.fqdd})", expected="up", actual="down")
        elif real.speed_mbps and port.speed_gbps and real.speed_mbps < port.speed_gbps * _MBPS:
            actual, expected = f"{real.speed_mbps / _MBPS:g} Gb/s", f"{port.speed_gbps:g} Gb/s"
            ledger.wrong(
                f"{port.port}.speed", f"{port.port} runs at {actual}, not {expected}", expected=expected, actual=actual
            )
        else:
            ledger.right("link")


def _port_of(view: MachineView, adapter: Adapter, port: AdapterPort) -> NicPort | None:
    own = next((one for item in view.body.adapters for one in item.ports if one.port == port.port), port)
    known = view.by_mac
    if own.mac in known:
        return known[own.mac][1]
    nic = _found(view, adapter)
    return next((one for one in nic.ports if one.number == port.number), None) if nic else None


class NicLanes(RackCheck):
    """Every adapter runs on all the PCIe lanes that it has.

    Passes when the lanes in use are as many as the BMC tells as most, and as many as any adapter of the same part uses elsewhere: an iDRAC tells
    those of the slot, so a card of 16 lanes in a slot of 8 looks whole. Fails on fewer: the rail is slower than its cable. Skipped for what is not told.
    """

    id = "NIC-LANES"
    title = "network adapters run on all their PCIe lanes"
    remedy = "reseat the adapter and its riser, see slot bifurcation and the width of the slot; then restart the server"
    source = "PCIeDevice.PCIeInterface.LanesInUse (Redfish); redfish.md 2.5; the captured R750: x8 of x16"
    asks: ClassVar[tuple[str, ...]] = ("Chassis/*/PCIeDevices",)
    domain = "hardware"

    def judge(self, look: MachineLook, views: Collection[MachineView]) -> Iterator[Ledger]:  # noqa: ARG002 - the signature is that of all checks
        """Yield the ledger of each server."""
        most: dict[str, tuple[int, str]] = {}
        for view in views:
            for nic in view.inventory.nics:
                if nic.lanes:
                    most[_kind(nic)] = max(most.get(_kind(nic), (0, "")), (nic.lanes, f"{view.name} {nic.fqdd}"))
        for view in views:
            ledger = Ledger(self, view.name)
            self._server(view, most, ledger)
            yield ledger

    def _server(self, view: MachineView, most: Mapping[str, tuple[int, str]], ledger: Ledger) -> None:
        nics = view.inventory.nics
        if not nics:
            ledger.untold("", "it does not tell its network adapters")
            return
        names = {nic.fqdd: adapter.name for adapter in view.machine.adapters if (nic := _found(view, adapter))}
        for nic in nics:
            if not nic.lanes:
                continue
            best, elsewhere = most[_kind(nic)] if _kind(nic) else (0, "")
            expected = max(nic.lanes_max or 0, best)
            if nic.lanes < expected:
                who = " in ".join(dict.fromkeys((names.get(nic.fqdd, nic.fqdd), nic.fqdd)))
                as_others = f", as one of the same part does ({elsewhere})" if expected > (nic.lanes_max or 0) else ""
                message = f"{who} runs on {nic.lanes} PCIe lanes, not on {expected}{as_others}"
                ledger.wrong(nic.fqdd, message, expected=f"x{expected}", actual=f"x{nic.lanes}")
            else:
                ledger.right("adapter")
        if mute := [nic.fqdd for nic in nics if nic.slot is not None and not nic.lanes]:
            ledger.skip(f"its BMC does not tell the lanes of {', '.join(mute)}", path="mute")
        elif ledger.empty:
            ledger.skip("its BMC tells the lanes of no adapter")


def _kind(nic: Nic) -> str:
    """Return what adapters of one part share; empty where that is not told."""
    return nic.part or (":".join(nic.pci) if all(nic.pci) else "")
