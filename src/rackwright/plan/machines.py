"""What each server should be, as its BMC can tell: hardware in its places, firmware, BIOS.

``machines(plan, site, catalog)`` gives one value a server, in the order of the plan. Storage nodes (PowerScale) are managed by OneFS and
are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from rackwright.catalog.firmware import Backend
from rackwright.catalog.models import Catalog, Component, NicSlot, ServerModel
from rackwright.intent.models import BiosOverride, Site
from rackwright.plan.model import Device, Link, Plan
from rackwright.plan.switch_model import Value

__all__ = ["Adapter", "AdapterPort", "Machine", "WantedAttribute", "WantedFirmware", "machines"]

NO_PROFILE: Final = "none"


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


class _Frame(NamedTuple):
    """What all machines share."""

    site: Site
    catalog: Catalog
    release: str
    components: Mapping[str, Component]
    cables: Mapping[tuple[str, str], Link]
    """By device and port of the machine."""
    addresses: Mapping[str, str]
    """By name in the DNS of the plan."""


def machines(plan: Plan, site: Site, catalog: Catalog) -> tuple[Machine, ...]:
    """Return every server of the plan as it should be."""
    release = catalog.releases[site.site.release]
    frame = _Frame(
        site,
        catalog,
        release.name,
        {row.key: row for row in release.components},
        {(end.device, end.port): link for link in plan.links for end in (link.a, link.b) if end.nic or end.port},
        {record.name: record.address for record in plan.dns},
    )
    return tuple(_machine(frame, device) for device in plan.devices if device.role == "server")


def _machine(frame: _Frame, device: Device) -> Machine:
    model = frame.catalog.servers[device.model]
    group = frame.site.groups[device.group]
    macs = dict(device.macs)
    gpu = frame.catalog.gpus.get(group.gpu or "")
    adapters = tuple(_adapters(frame, device, model, macs))
    profile = _profile(frame, device)
    return Machine(
        name=device.name,
        model=device.model,
        product=model.name.removeprefix("Dell "),
        group=device.group,
        service_tag=device.serial,
        bmc_address=device.management.partition("/")[0],
        bmc_mac=macs.get(model.bmc_port, "").lower(),
        memory_gb=group.memory_gb or model.memory_gb,
        memory_above_gb=model.memory_above_gb(gpu) if gpu else None,
        gpu=gpu.key if gpu else "",
        gpu_model=gpu.name if gpu else "",
        gpu_count=model.gpu_count if gpu else 0,
        adapters=adapters,
        boot_device=model.boot_device,
        boot_mirror=model.boot_mirror,
        power_supplies=model.power_supplies,
        firmware=tuple(_firmware(frame, device, adapters)),
        bios_profile=profile,
        bios=tuple(_attributes(frame, device, profile)),
    )


# --- adapters ----------------------------------------------------------------------------------


def _adapters(frame: _Frame, device: Device, model: ServerModel, macs: Mapping[str, str]) -> Iterator[Adapter]:
    wished = frame.site.groups[device.group].nics
    held = {slot.nic: slot for slot in model.nics}
    for nic in dict.fromkeys([*held, *wished]):
        slot = held.get(nic, NicSlot(nic=nic, count=0))
        for index in range(1, wished.get(nic, slot.count) + 1):
            yield _adapter(frame, device, slot, index, macs)


def _adapter(frame: _Frame, device: Device, slot: NicSlot, index: int, macs: Mapping[str, str]) -> Adapter:
    row = frame.catalog.nics[slot.nic]
    embedded = row.kind == "lom"
    name = slot.nic if embedded else f"{slot.nic}-{index}"
    ports = [
        f"{slot.nic}{number}" if embedded else name if row.ports == 1 else f"{name}.{number}"
        for number in range(1, row.ports + 1)
    ]
    return Adapter(
        name=name,
        nic=slot.nic,
        model=row.name,
        index=index,
        slot=slot.slots[index - 1] if index <= len(slot.slots) else None,
        embedded=embedded,
        parts=row.parts,
        pci=row.pci or "",
        ports=tuple(_port(frame, device, port, number, macs) for number, port in enumerate(ports, 1)),
        bmc_mac=macs.get(f"{name}.bmc", "").lower() if row.has_dpu_bmc else "",
        bmc_address=frame.addresses.get(f"{device.name}-{name}-bmc", "") if row.has_dpu_bmc else "",
    )


def _port(frame: _Frame, device: Device, port: str, number: int, macs: Mapping[str, str]) -> AdapterPort:
    link = frame.cables.get((device.name, port))
    if link is None:
        return AdapterPort(port=port, number=number, mac=macs.get(port, "").lower())
    far = link.a if link.b.device == device.name else link.b
    return AdapterPort(
        port=port,
        number=number,
        mac=macs.get(port, "").lower(),
        cabled=True,
        rail=link.rail,
        peer=f"{far.device}:{far.port}",
        speed_gbps=link.speed_gbps,
    )


# --- firmware ----------------------------------------------------------------------------------


def _firmware(frame: _Frame, device: Device, adapters: tuple[Adapter, ...]) -> Iterator[WantedFirmware]:
    """Yield what the release lists for this machine, in its order, and what the site alone pins."""
    carried = {adapter.nic for adapter in adapters}
    wished = frame.site.firmware.versions
    for key in dict.fromkeys([*frame.components, *wished]):
        kind = frame.catalog.firmware.get(key)
        if kind is None:
            continue  # a component of the hosts or the cluster
        if kind.nics and not carried & {*kind.nics}:
            continue
        if not kind.nics and not _applies(frame, device, key):
            continue
        on = [adapter for adapter in adapters if adapter.nic in kind.nics]
        yield from _rows(frame, device, key, on)


def _applies(frame: _Frame, device: Device, key: str) -> bool:
    """Say whether a component of servers is one of this server: the release lists its model, or the site names it."""
    row, wish = frame.components.get(key), frame.site.firmware.versions.get(key)
    named = isinstance(wish, dict) and bool({device.group, device.model} & wish.keys())
    return named or (device.model in row.applies_to if row else isinstance(wish, str))


def _rows(frame: _Frame, device: Device, key: str, on: list[Adapter]) -> Iterator[WantedFirmware]:
    """Yield one row a version: the site may give two models of adapters two versions."""
    by: dict[str | None, list[str]] = {}
    for adapter in on:
        by.setdefault(_own(frame, device, key, adapter.nic), []).append(adapter.name)
    for own, names in (by or {_own(frame, device, key): []}).items():
        yield _wanted(frame, key, own, tuple(names))


def _own(frame: _Frame, device: Device, key: str, nic: str = "") -> str | None:
    """Return the version that the site chooses, the most particular word first."""
    wish = frame.site.firmware.versions.get(key)
    if not isinstance(wish, dict):
        return wish
    return next((wish[word] for word in (device.group, device.model, nic) if word in wish), None)


def _wanted(frame: _Frame, key: str, own: str | None, adapters: tuple[str, ...]) -> WantedFirmware:
    kind = frame.catalog.firmware[key]
    row = frame.components.get(key)
    version = own or (row.version if row else None)
    release = frame.site.site.release
    told = (
        row.source
        if row and own is None
        else f"site.yaml, firmware.versions.{key}: the site's own choice"
        if own
        else ""
    )
    return WantedFirmware(
        key=key,
        name=kind.name,
        version=version,
        # Spellings of the release's version say nothing of another one.
        equal=row.equal if row and version == row.version else (),
        adapters=adapters,
        backend=kind.backend,
        optional=kind.optional,
        pinned_by="" if version is None else "the site" if own else f"release {release}",
        source=told,
        reason=frame.site.firmware.reason if own else "",
    )


# --- BIOS --------------------------------------------------------------------------------------


def _profile(frame: _Frame, device: Device) -> str:
    chosen = frame.site.bios.profiles
    word = chosen.get(device.group) or chosen.get(device.model)
    if word is None:
        word = next((key for key, row in frame.catalog.bios.items() if device.model in row.models), NO_PROFILE)
    return "" if word == NO_PROFILE else word


def _attributes(frame: _Frame, device: Device, profile: str) -> Iterator[WantedAttribute]:
    """Yield the profile's attributes with the site's own over them; those that are left as they are do not appear."""
    rows = frame.catalog.bios[profile].attributes if profile else ()
    wished = {
        row.attribute: WantedAttribute(
            attribute=row.attribute, value=row.value, need=row.need, reason=row.reason, source=row.source
        )
        for row in rows
        if not row.models or device.model in row.models
    }
    for at, entry in enumerate(frame.site.bios.overrides):
        if _holds(entry, device):
            wished[entry.attribute] = WantedAttribute(
                attribute=entry.attribute,
                value=entry.value,
                need=entry.need,
                reason=entry.reason,
                source=f"site.yaml, bios.overrides[{at}]: the site's own choice",
            )
    yield from (row for row in wished.values() if row.need != "free")


def _holds(entry: BiosOverride, device: Device) -> bool:
    everyone = not entry.groups and not entry.models
    return everyone or device.group in entry.groups or device.model in entry.models
