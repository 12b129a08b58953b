"""Machines of the reference sites and the inventories that their BMCs would tell; FQDDs as the captured machines have them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import msgspec

from rackwright import intent, plan
from rackwright.catalog.images import Image
from rackwright.plan.machines import machines
from rackwright.redfish.inventory import Bios, Inventory, Nic, NicPort, Software

ROOT = Path(__file__).resolve().parents[1]
PLACES = {
    "idrac": ("25227", "iDRAC.Embedded.1-1", "Integrated Dell Remote Access Controller"),
    "bios": ("159", "BIOS.Setup.1-1", "BIOS"),
    "cpld": ("27763", "CPLD.Embedded.1", "System CPLD"),
    "boss": ("0", "AHCI.Slot.1-1", "BOSS-N1"),
    "gpu-baseboard": ("0", "GPU.Baseboard.1-1", "NVIDIA HGX GPU Baseboard"),
    "backplane": ("107649", "RAID.Backplane.Firmware.1", "Backplane 1"),
    "diagnostics": ("25806", "Diagnostics.Embedded.1:LC.Embedded.1", "Dell 64 Bit uEFI Diagnostics"),
}
OLD = {
    "idrac": "7.10.30.00", "bios": "2.1.5", "cpld": "1.1.0", "boss": "2.1.13.2025", "gpu-baseboard": "1.5.0",
    "backplane": "3.67", "diagnostics": "4301A70", "lom": "22.00.6", "cx6dx": "22.36.1010", "b3140h": "32.43.1014",
    "b3220l": "32.43.1014",
}  # fmt: skip
ATTRIBUTES = {
    "SysProfile": "PerfPerWattOptimizedDapc", "ProcVirtualization": "Enabled", "SriovGlobalEnable": "Disabled",
    "BootMode": "Uefi", "LogicalProc": "Enabled", "NodeInterleave": "Disabled",
}  # fmt: skip


@lru_cache(maxsize=8)
def loaded(site):
    """Return a reference site, its catalog and its images."""
    return intent.load(ROOT / "inventory" / site)


@lru_cache(maxsize=8)
def planned(site):
    """Return the plan of a reference site."""
    read = loaded(site)
    return plan.build(read.require(), None, catalog=read.catalog, keys=read.keys)[0]


def wished(site, **sections):
    """Return a reference site with other ``firmware`` and ``bios`` sections, as they would be written in YAML."""
    read = loaded(site).require()
    written = read.model_dump(mode="json", by_alias=True)
    made = type(read).model_validate_json(msgspec.json.encode({**written, **sections}), strict=True)
    return made.model_copy(update={"rows": read.rows})


def machine(site, name, **sections):
    """Return one machine of a reference site; ``firmware`` and ``bios`` replace those of the site."""
    made = machines(planned(site), wished(site, **sections), loaded(site).catalog)
    return next(one for one in made if one.name == name)


def inventory(what, versions=None, *, attributes=None, pending=None, **more):
    """Return what the BMC of a machine would tell: ``versions`` by component or adapter, the old ones otherwise."""
    has = {**OLD, **(versions or {})}
    keys = [key for key in PLACES if has.get(key) is not None and (key != "gpu-baseboard" or what.model == "xe9680")]
    rows = [row(key, has[key]) for key in keys]
    nics, slot = [], 0
    for card in what.adapters:
        slot += 0 if card.embedded else 1
        nics.append(_nic(card, slot, has))
        rows += _card_rows(card, nics[-1])
    return Inventory(
        model=what.product, service_tag=what.service_tag, bmc_kind="idrac", software=(*rows, *more.pop("rows", ())),
        nics=tuple(nics), bios=Bios(attributes=ATTRIBUTES | (attributes or {}), pending=pending or {}), **more,
    )  # fmt: skip


def row(key, version, *, status="installed", fqdd=""):
    """Return one row of the firmware inventory."""
    number, place, name = PLACES[key]
    fqdd = fqdd or place
    uri = f"/redfish/v1/UpdateService/FirmwareInventory/Installed-{number}-{version}__{fqdd}"
    return Software(
        id=uri.rpartition("/")[2], uri=uri, name=name, version=version, fqdd=fqdd, software_id=number, status=status
    )


def _nic(card, slot, has):
    vendor, _, device = card.pci.partition(":")
    fqdd = "NIC.Embedded.1" if card.embedded else f"NIC.Slot.{slot}"
    single = len(card.ports) == 1
    ports = [
        NicPort(fqdd=f"{fqdd}-1" if single else f"{fqdd}-{port.number}-1", number=port.number, macs=(port.mac,))
        for port in card.ports
    ]
    return Nic(
        fqdd=fqdd, slot=None if card.embedded else slot, model=card.model, part=card.parts[0] if card.parts else "",
        firmware=has.get(card.name) or has[card.nic], pci=(vendor, device, vendor, "0001"), ports=tuple(ports),
    )  # fmt: skip


def _card_rows(card, nic):
    number = "108255" if card.nic == "lom" else "0"
    # A BlueField has one row, of its first port's function; other adapters have one a port (R750 tree).
    one = nic.pci[1] == "A2DC"
    ports = [msgspec.structs.replace(nic.ports[0], fqdd=f"{nic.fqdd}-1")] if one else nic.ports
    for port in ports:
        mac = port.macs[0].upper()
        yield Software(
            id=f"Installed-{number}-{nic.firmware}__{port.fqdd}", uri=f"/f/{port.fqdd}", name=f"{card.model} - {mac}",
            version=nic.firmware, fqdd=port.fqdd, software_id=number, pci=nic.pci,
        )  # fmt: skip


def image(component, version, **more):
    """Return the entry of an image."""
    return Image(component=component, version=version, **{"file": f"{component}.bin", "sha256": "a" * 64, **more})
