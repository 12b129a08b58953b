"""The network interfaces and GPUs of an operating system: names, PCI addresses, RDMA devices, and what each port sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rackwright.plan.model import HostInterface
from rackwright.twin.bmc.machine.hardware import Nic, Port
from rackwright.twin.hosts.system import System
from rackwright.twin.hosts.wires import Far, Wires

__all__ = ["Face", "faces", "gpu_slot"]

_MELLANOX = "15B3"


@dataclass(frozen=True, slots=True)
class Face:
    """One port of an adapter in the operating system."""

    name: str
    nic: Nic
    port: Port
    pci: str
    rdma: str
    """``mlx5_0``; empty: it is not NVIDIA's."""
    planned: HostInterface | None
    """As netplan has it; None: netplan does not know it."""
    far: Far

    @property
    def bluefield(self) -> bool:
        """Tell whether it is a BlueField-3 (PCI id 15b3:a2dc)."""
        return self.nic.pci[:2] == (_MELLANOX, "A2DC")


def faces(system: System, wires: Wires) -> list[Face]:
    """Return the interfaces in the order of their slots."""
    return list(_faces(system, wires))


def _faces(system: System, wires: Wires) -> Iterator[Face]:
    by_mac = {one.mac.lower(): one for one in system.disk.network.interfaces if one.mac and one.port}
    by_port = {one.port: one for one in system.disk.network.interfaces if one.port}
    number = 0
    for at, nic in enumerate(system.board.nics):
        for port in nic.ports:
            planned = by_mac.get(port.mac.lower())
            if planned is None and port.plan_port in by_port and not by_port[port.plan_port].mac:
                planned = by_port[port.plan_port]
            rdma = ""
            if nic.pci[0] == _MELLANOX:
                rdma, number = f"mlx5_{number}", number + 1
            slot = _slot(at, nic, port)
            name = planned.name if planned is not None else _predictable(slot)
            yield Face(name, nic, port, slot, rdma, planned, wires.far(system.disk.name, port.plan_port))


def _slot(at: int, nic: Nic, port: Port) -> str:
    """Return a PCI address [assumed]: adapters lie twelve buses apart, GPUs between them."""
    bus = 0x18 + 0x0C * at if nic.slot is not None else 0x04 + at
    return f"0000:{bus & 0xFF:02x}:00.{port.number - 1}"


def _predictable(slot: str) -> str:
    _, bus, rest = slot.split(":")
    device, _, function = rest.partition(".")
    return f"enp{int(bus, 16)}s{int(device, 16)}" + (f"f{function}np{function}" if int(function) else "np0")


def gpu_slot(slot: int) -> str:
    """Return the PCI address of the GPU in a slot [assumed]."""
    return f"0000:{(0x1B + 0x18 * (slot - 21)) & 0xFF:02x}:00.0"
