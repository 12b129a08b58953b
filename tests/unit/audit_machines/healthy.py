"""What the BMC of a planned server tells when all is well, as values; slots and names of parts are of the tests' own making."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from rackwright import audit, catalog
from rackwright.audit import machines as auditing
from rackwright.audit.machines.evidence import LOGIN
from rackwright.findings import Finding
from rackwright.plan import machines as planning
from rackwright.plan import workspace
from rackwright.plan.machines import Adapter, Machine
from rackwright.redfish.inventory import Bios, Cpu, Dimm, Drive, Gpu, Inventory, Nic, NicPort, Psu, Software, Volume

SITES = Path(__file__).resolve().parents[3] / "inventory"
SLOT = 31
"""Slot of the first adapter; every further one sits in the next."""


def told(machine: Machine) -> Inventory:
    """Return what a server's BMC tells when everything is as planned."""
    memory = (machine.memory_gb or 64) * 1024
    return Inventory(
        model=machine.product, manufacturer="Dell Inc.", service_tag=machine.service_tag, bmc_kind="idrac",
        bmc_macs=(machine.bmc_mac,) if machine.bmc_mac else (), power="On", memory_mib=memory, lockdown=False,
        cpus=tuple(Cpu(fqdd=f"CPU.Socket.{at}", model="Xeon", cores=56, health="OK") for at in (1, 2)),
        dimms=tuple(Dimm(fqdd=f"DIMM.Socket.A{at}", capacity_mib=memory // 4, health="OK") for at in range(1, 5)),
        gpus=tuple(
            Gpu(fqdd=f"Video.Slot.{at}-1", model=machine.gpu_model, health="OK") for at in range(1, machine.gpu_count + 1)
        ),
        nics=tuple(_nics(machine)),
        drives=tuple(Drive(fqdd=f"Disk.Direct.{at}-1:BOSS.SL.1-1", controller="BOSS.SL.1-1", health="OK") for at in (0, 1)),
        volumes=(
            Volume(
                fqdd="Disk.Virtual.0:BOSS.SL.1-1", controller="BOSS.SL.1-1", raid="RAID1", health="OK",
                drives=tuple(f"Disk.Direct.{at}-1:BOSS.SL.1-1" for at in (0, 1)),
            ),
        ),
        psus=tuple(Psu(fqdd=f"PSU.Slot.{at}", watts=2800, health="OK") for at in range(1, (machine.power_supplies or 6) + 1)),
        psu_redundancy="Enabled",
        software=tuple(_software(machine)),
        bios=Bios(attributes={row.attribute: row.value for row in machine.bios if row.need != "forbidden"}),
    )  # fmt: skip


def _nics(machine: Machine):
    slots = iter(range(SLOT, SLOT + 20))
    for adapter in machine.adapters:
        slot = None if adapter.embedded else adapter.slot or next(slots)
        fqdd = "NIC.Embedded.1-1" if slot is None else f"NIC.Slot.{slot}-1"
        yield Nic(
            fqdd=fqdd, slot=slot, model=adapter.model, part=adapter.parts[0] if adapter.parts else "",
            pci=(*adapter.pci.split(":"), "", "") if adapter.pci else ("", "", "", ""),
            lanes=None if slot is None else 16, lanes_max=None if slot is None else 16, health="OK",
            firmware=_pinned(machine, adapter) or "22.0.6",
            ports=tuple(
                NicPort(
                    fqdd=f"{fqdd}-{port.number}", number=port.number, macs=(port.mac,) if port.mac else (),
                    link="up" if port.cabled else "down", speed_mbps=int(port.speed_gbps * 1000) or None,
                )
                for port in adapter.ports
            ),
        )  # fmt: skip


def _pinned(machine: Machine, adapter: Adapter) -> str | None:
    return next((row.version for row in machine.firmware if adapter.name in row.adapters), None)


def _software(machine: Machine):
    kinds = _catalog().firmware
    for wanted in machine.firmware:
        kind = kinds[wanted.key]
        if wanted.adapters or (wanted.optional and wanted.version is None):
            continue
        number = kind.software_ids[0] if kind.software_ids else "1"
        fqdd = (kind.fqdds or ("Other.Slot.*",))[0].replace("*", "1-1")
        name = (kind.names or (kind.name,))[0].replace("*", "")
        row = f"Installed-{number}-{wanted.version or '1.0.0'}__{fqdd}"
        yield Software(
            id=row, uri=f"/redfish/v1/UpdateService/FirmwareInventory/{row}", name=name, version=wanted.version or "1.0.0",
            fqdd=fqdd, software_id=number,
        )  # fmt: skip


@dataclass(frozen=True)
class Rack:
    """The servers of a site and what their BMCs told, to be changed: ``said[name]``."""

    machines: list[Machine]
    said: dict[str, Inventory]
    more: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Resources that are judged as they are, by server."""
    errors: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def machine(self, name: str) -> Machine:
        """Return a server as it should be."""
        return next(machine for machine in self.machines if machine.name == name)

    def change(self, name: str, **values: Any) -> None:
        """Change what one BMC told."""
        self.said[name] = msgspec.structs.replace(self.said[name], **values)

    def nic(self, name: str, at: int, **values: Any) -> None:
        """Change one adapter that a BMC told of."""
        nics = list(self.said[name].nics)
        nics[at] = msgspec.structs.replace(nics[at], **values)
        self.change(name, nics=tuple(nics))

    def evidence(self) -> dict[str, audit.Evidence]:
        """Return the evidence; a resource ``/who`` says whose values are meant."""
        found = {}
        for name in self.said:
            answers = [audit.Answer("/who", {"name": name}), audit.Answer(LOGIN, {"user": "root", "factory": False})]
            answers += [audit.Answer(uri, body) for uri, body in self.more.get(name, {}).items()]
            found[name] = audit.Evidence(name, "2026-01-01T00:00:00Z", answers=tuple(answers))
        return found | {name: audit.Evidence(name, error=why) for name, why in self.errors.items()}

    def judged(self, *checks: str, names: tuple[str, ...] = (), domains: tuple[str, ...] = ()) -> tuple[Finding, ...]:
        """Judge it."""
        look = auditing.MachineLook(
            {machine.name: machine for machine in self.machines}, self.evidence(), _catalog(), frozenset(names),
            frozenset(domains or auditing.DOMAINS), frozenset(checks), self.settings, self._read,
        )  # fmt: skip
        return auditing.verdict(look)

    def _read(self, told_: Mapping[str, Any]) -> Inventory:
        return self.said[told_["/who"]["name"]] if "/who" in told_ else Inventory()


def rack(site: str = "xe9680-spectrum-x") -> Rack:
    """Return a rack in which all is well."""
    machines = _machines(site)
    return Rack(list(machines), {machine.name: told(machine) for machine in machines})


@lru_cache
def _machines(site: str) -> tuple[Machine, ...]:
    opened = workspace.open_site(SITES / site)
    plan = workspace.planned(opened).plan
    return planning.machines(plan, opened.loaded.require(), opened.loaded.catalog)


@lru_cache
def _catalog():
    return catalog.load()
