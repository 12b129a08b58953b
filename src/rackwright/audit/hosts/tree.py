"""The PCIe tree: access control, read requests, width of links, and what the kernel complains about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Final

from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.model import HostCheck, HostView, listed
from rackwright.audit.hosts.parsers.pcie import Device
from rackwright.audit.hosts.questions import DMESG, LSPCI, acs_of
from rackwright.audit.ledger import Ledger, Untold

__all__ = ["PcieLinks", "PcieSettings"]

_NVIDIA: Final = "10de"
_MELLANOX: Final = "15b3"
_GPU_CLASSES: Final = ("[0302]", "[0300]", "3D controller", "VGA compatible")
_RUN: Final = "systemctl restart rackwright-pcie (step tuning), and see its journal"


class PcieSettings(HostCheck):
    """Access control is off on the ports of PCIe switches, and adapters may read as much at once as planned.

    Fails on a bridge with access control on, where the plan has it off (traffic between GPU and adapter would go over the root), and on
    another read request size. An error where registers are not told, which takes root. A host whose bridges have no access control passes.
    """

    id = "PCIE-SETTINGS"
    title = "PCIe access control is off, read requests have the planned size"
    remedy = _RUN
    source = "the tunings of the plan; PCIe ACS control, Device Control; lspci -vvv, setpci (pciutils)"
    asks: ClassVar[tuple[str, ...]] = (LSPCI, "setpci -s {device} CAP_EXP+08.w", "setpci -s {bridge} ECAP_ACS+6.w")

    def applies(self, view: HostView) -> bool:
        """Only where the plan sets any."""
        return not view.stack.pcie.acs or bool(view.stack.pcie.devices)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter bridges and adapters."""
        devices = view.read(LSPCI, parsers.lspci)
        if not view.stack.pcie.acs:
            self._acs(view, devices, ledger)
        if view.stack.pcie.devices:
            self._requests(view, devices, ledger)

    @staticmethod
    def _acs(view: HostView, devices: Sequence[Device], ledger: Ledger) -> None:
        bridges = [device for device in devices if device.bridge]
        told = "Capabilities:" in view.text(LSPCI) and "access denied" not in view.text(LSPCI)
        on: dict[str, str] = {}
        for bridge in bridges:
            asked = view.told.get(acs_of(bridge.slot))
            word = parsers.register(asked) if asked is not None else None
            if bridge.acs or word:
                on[bridge.slot] = " ".join(bridge.acs or ()) or f"{word:04x}"
            told = told or word is not None
        if on:
            message = f"access control is on at {len(on)} of {len(bridges)} bridges: {listed(on)}"
            ledger.wrong(
                "acs", message, expected="off", actual="on", evidence=[f"{slot} {flags}" for slot, flags in on.items()]
            )
        elif told and bridges:
            ledger.right("bridge", len(bridges))
        else:
            ledger.untold(
                "acs", f"{LSPCI} tells no register of a bridge", remedy="ask as root: sudo without a password"
            )

    @staticmethod
    def _requests(view: HostView, devices: Sequence[Device], ledger: Ledger) -> None:
        wanted = view.stack.pcie.max_read_request_bytes
        cards = [card for card in devices if f"{card.vendor}:{card.model}" in view.stack.pcie.devices]
        silent = []
        for card in cards:
            asked = view.told.get(f"setpci -s {card.slot} CAP_EXP+08.w")
            size = card.read_request or (parsers.read_request(asked) if asked is not None else None)
            if size is None:
                silent.append(card.slot)
            elif size == wanted:
                ledger.right("adapter")
            else:
                message = f"{card.slot} reads at most {size} bytes at once, not {wanted}"
                ledger.wrong(f"request.{card.slot}", message, expected=str(wanted), actual=str(size))
        if silent or not cards:
            message = f"the read request size of {listed(silent) or 'any planned adapter'} is not told"
            ledger.untold("request", message, remedy="ask as root: sudo without a password", evidence=silent)


class PcieLinks(HostCheck):
    """GPUs and NVIDIA's adapters run on all their lanes at full speed, and the kernel complains of no slow link.

    Fails where an adapter's link is slower or narrower than it can, a GPU's is narrower (its speed follows the load), and where the kernel
    said of one of them that its bandwidth is limited; of another device that is a warning.
    """

    id = "PCIE-LINKS"
    title = "PCIe links are as wide and as fast as their devices"
    remedy = "reseat the card or its riser, and see the slot's bifurcation in the BIOS"
    source = "lspci -vvv (LnkCap, LnkSta); Linux, drivers/pci (available PCIe bandwidth, limited by)"
    asks: ClassVar[tuple[str, ...]] = (LSPCI, DMESG)

    def applies(self, view: HostView) -> bool:
        """Only hosts with GPUs or NVIDIA's adapters."""
        return bool(view.stack.gpu.count or view.stack.pcie.devices or view.stack.bluefield.adapters)

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter each such device, then what the kernel said."""
        devices = view.read(LSPCI, parsers.lspci)
        ours = {device.slot: device for device in _ours(devices)}
        silent = []
        for device in ours.values():
            if device.width is None or device.best_width is None:
                silent.append(device.slot)
                continue
            if _is_slow(device):
                actual, best = (
                    f"{device.speed:g} GT/s x{device.width}",
                    f"{device.best_speed:g} GT/s x{device.best_width}",
                )
                message = f"{device.slot} runs at {actual}, and can {best}"
                ledger.wrong(f"link.{device.slot}", message, expected=best, actual=actual, evidence=[device.what])
            else:
                ledger.right("link")
        if silent or not ours:
            message = f"the PCIe link of {listed(silent) or 'any GPU or adapter'} is not told"
            ledger.untold("links", message, remedy="ask as root: sudo without a password")
        self._complaints(view, frozenset(ours), ledger)

    @staticmethod
    def _complaints(view: HostView, ours: frozenset[str], ledger: Ledger) -> None:
        try:
            text = view.text(DMESG)
        except Untold as error:
            ledger.untold("dmesg", str(error))
            return
        if not text.strip():
            ledger.untold("dmesg", "the kernel's log is empty")
            return
        for slot, line in parsers.narrow(text).items():
            ledger.wrong(f"limited.{slot}", f"the kernel says {line[:160]}", severity="error" if slot in ours else "warning",
                         actual=line[:160])  # fmt: skip


def _ours(devices: Sequence[Device]) -> Iterator[Device]:
    for device in devices:
        gpu = device.vendor == _NVIDIA and any(word in device.what for word in _GPU_CLASSES)
        card = device.vendor == _MELLANOX and not device.bridge and "Virtual Function" not in device.what
        if (gpu or card) and "DMA controller" not in device.what:
            yield device


def _is_slow(device: Device) -> bool:
    """Tell whether a link is less than its device can; an idle GPU lowers its speed, never its width."""
    if device.vendor == _NVIDIA:
        return (device.width or 0) < (device.best_width or 0)
    return device.downgraded
