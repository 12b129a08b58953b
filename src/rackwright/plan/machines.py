"""What each server should be, as its BMC can tell: hardware in its places, firmware, BIOS.

``machines(plan, site, catalog)`` gives one value a server, in the order of the plan. Storage nodes (PowerScale) are managed by OneFS and
are none.
"""

from __future__ import annotations

from rackwright.catalog.firmware import Backend
from rackwright.plan.switch_model import Value

__all__ = ["Adapter", "AdapterPort", "Machine", "WantedAttribute", "WantedFirmware"]


class AdapterPort(Value, frozen=True, kw_only=True):
    """One port of an adapter."""

    port: str
    """Word of the plan and of nodes.csv: ``b3140h-3``, ``b3220l-1.2``, ``lom1``."""
    number: int
    """From 1."""
    mac: str = ""
    """Lower case with colons; empty: not told in nodes.csv."""
    cabled: bool = False
    """The plan has a cable on it: the link should be up once the other end is."""
    rail: int = 0
    """Rail from 1; 0: none."""
    peer: str = ""
    """``device:port`` at the other end."""
    speed_gbps: float = 0


class Adapter(Value, frozen=True, kw_only=True):
    """One network adapter."""

    name: str
    """``b3140h-3``; ``lom``: the LAN on motherboard."""
    nic: str
    """Key of the NIC model."""
    model: str
    """Its printed name in the catalog."""
    index: int
    """Which of its kind, from 1."""
    slot: int | None = None
    """PCIe slot; None: no source gives it, and any slot is right."""
    embedded: bool = False
    """On the motherboard: it has no slot."""
    parts: tuple[str, ...] = ()
    """Ordering numbers that mean this model; empty: not known."""
    pci: str = ""
    """``VENDOR:DEVICE`` in upper hex; empty: not known."""
    ports: tuple[AdapterPort, ...] = ()
    bmc_mac: str = ""
    """MAC of the adapter's own BMC, where it has one and nodes.csv tells it."""
    bmc_address: str = ""


class WantedFirmware(Value, frozen=True, kw_only=True):
    """The version that one kind of component should have."""

    key: str
    name: str
    version: str | None
    """None: nothing pins it."""
    equal: tuple[str, ...] = ()
    """Other spellings of the same version."""
    adapters: tuple[str, ...] = ()
    """Adapters that carry it; empty: the server's own component."""
    backend: Backend = "bmc"
    optional: bool = False
    pinned_by: str = ""
    """``release NAME`` or ``the site``; empty: unpinned."""
    source: str = ""
    reason: str = ""


class WantedAttribute(Value, frozen=True, kw_only=True):
    """One BIOS attribute and the value that it should have."""

    attribute: str
    value: str | int | None
    need: str = "required"
    """``required``, ``if-present`` or ``forbidden``."""
    reason: str = ""
    source: str = ""


class Machine(Value, frozen=True, kw_only=True):
    """One server as it should be."""

    name: str
    model: str
    """Key of the server model."""
    product: str
    """As a BMC prints it: ``PowerEdge XE9680``."""
    group: str
    service_tag: str = ""
    bmc_address: str = ""
    """Without a length; empty: by DHCP."""
    bmc_mac: str = ""
    memory_gb: int | None = None
    memory_above_gb: float | None = None
    """Host memory must exceed this: 1.5 x the memory of all GPUs together; None: no rule."""
    gpu: str = ""
    gpu_model: str = ""
    gpu_count: int = 0
    adapters: tuple[Adapter, ...] = ()
    boot_device: str = ""
    boot_mirror: bool = False
    power_supplies: int | None = None
    firmware: tuple[WantedFirmware, ...] = ()
    bios_profile: str = ""
    bios: tuple[WantedAttribute, ...] = ()
