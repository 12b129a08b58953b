"""What is in a server: model, processors, memory, GPUs, boot mirror, power supplies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar, Final

from rackwright.audit.ledger import Ledger, Untold
from rackwright.audit.machines.model import MachineView, ServerCheck, missing
from rackwright.redfish.inventory import Volume

__all__ = [
    "BootMirror",
    "PowerSupplies",
    "ServerCpus",
    "ServerGpus",
    "ServerMemory",
    "ServerModel",
    "ServerPower",
    "is_gpu",
    "unwell",
]

_MIB_PER_GB: Final = 1024
"""Memory is sold in GB and means GiB: 2,048 GB are 32 modules of 64 GiB."""
_MIRROR: Final = 2
"""Drives of a mirror."""
_HEALTHY: Final = {"", "ok"}
"""Health as Redfish words it; empty: it is not told, as of adapters without a sensor."""
_SINGLE: Final = {"degraded", "lost", "disabled", "nonredundant", "notredundant", "failed", "critical"}


def unwell(parts: Iterable[tuple[str, str]]) -> list[str]:
    """Return ``PSU.Slot.1 (Critical)`` for each (name, health) that is not well."""
    return [f"{name} ({health})" for name, health in parts if health.lower() not in _HEALTHY]


class ServerModel(ServerCheck):
    """The server is of the planned model.

    Passes when the BMC tells the planned product name. Fails on another.
    """

    id = "SERVER-MODEL"
    title = "servers are of the planned model"
    remedy = "correct the model of its group in site.yaml, or see which server stands there"
    source = "ComputerSystem.Model (Redfish); the catalog's name of the model"
    asks: ClassVar[tuple[str, ...]] = ("Systems",)
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Compare the product names as words."""
        actual, expected = view.inventory.model, view.machine.product
        if not expected:
            ledger.skip("no model is planned that it could be compared with")
            return
        if not actual:
            raise Untold("it does not tell its model")
        if _words(expected) <= _words(actual):
            ledger.right("model")
        else:
            ledger.wrong("model", f"it is a {actual}, not a {expected}", expected=expected, actual=actual)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower())) - {"dell"}


class ServerCpus(ServerCheck):
    """Its processors are there, alike and well.

    Passes when all are of one model and well. Fails on one that is of another model or not well. How many there should be no source tells.
    """

    id = "SERVER-CPUS"
    title = "processors are alike and well"
    remedy = "reseat or replace the processor; the Lifecycle log says what is wrong with it"
    source = "Processor (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("Systems/*/Processors",)
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Compare the processors with each other."""
        cpus = view.inventory.cpus
        if not cpus:
            raise Untold("it does not tell its processors")
        models = Counter(cpu.model for cpu in cpus)
        if len(models) > 1:
            listed = ", ".join(f"{cpu.fqdd} {cpu.model}" for cpu in cpus)
            ledger.wrong(
                "model", f"its processors are not alike: {listed}", actual=listed, remedy="fit equal processors"
            )
        if ill := unwell((cpu.fqdd, cpu.health) for cpu in cpus):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))
        ledger.right("processor", len(cpus))


class ServerMemory(ServerCheck):
    """It has the planned memory, and more than 1.5 times that of its GPUs.

    Passes when the size is the planned one, modules are well and the rule holds. Fails on less or more, on a module that is not well, and
    where the rule does not hold with what is fitted.
    """

    id = "SERVER-MEMORY"
    title = "memory has the planned size, and more than 1.5 times that of the GPUs"
    remedy = "see the memory modules: one may be missing, disabled or not recognised; or correct memory_gb in site.yaml"
    source = (
        "ComputerSystem.MemorySummary (Redfish); Dell/NVIDIA design guide 1.3: host memory exceeds 1.5 x GPU memory"
    )
    asks: ClassVar[tuple[str, ...]] = ("Systems", "Systems/*/Memory")
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Compare sizes in GiB."""
        told, machine = view.inventory, view.machine
        size_mib = told.memory_mib or sum(dimm.capacity_mib for dimm in told.dimms)
        if not size_mib:
            raise Untold("it does not tell its memory")
        size = size_mib / _MIB_PER_GB
        if machine.memory_gb is None:
            ledger.skip("no memory size is planned: give its group memory_gb", path="size")
        elif size == machine.memory_gb:
            ledger.right("value")
        else:
            expected, actual = f"{machine.memory_gb} GB", f"{size:g} GB"
            ledger.wrong("size", f"it has {actual} of memory, not {expected}", expected=expected, actual=actual)
        if machine.memory_above_gb is not None:
            self._rule(size, machine.memory_above_gb, ledger)
        if ill := unwell((dimm.fqdd, dimm.health) for dimm in told.dimms):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))
        elif told.dimms:
            ledger.right("value")

    def _rule(self, size: float, above: float, ledger: Ledger) -> None:
        if size > above:
            ledger.right("value")
            return
        message = f"{size:g} GB of memory are not more than 1.5 times the memory of its GPUs, {above:g} GB"
        ledger.wrong("rule", message, expected=f"> {above:g} GB", actual=f"{size:g} GB", remedy="fit more memory")


class ServerGpus(ServerCheck):
    """The planned GPUs are there and well.

    Passes when as many as planned are of the planned model and well. Fails on each missing, other or unwell one.
    """

    id = "SERVER-GPUS"
    title = "the planned GPUs are there and well"
    remedy = "reseat or replace the GPU; one that is missing on an HGX board often returns after an AC power cycle"
    source = "Processor with ProcessorType GPU (Redfish); the site's gpu and the catalog's count"
    asks: ClassVar[tuple[str, ...]] = ("Systems/*/Processors",)
    domain = "hardware"

    def applies(self, view: MachineView) -> bool:
        """Apply where GPUs are planned."""
        return bool(view.machine.gpu_count and view.machine.gpu)

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Count, compare models, look at the health."""
        machine, gpus = view.machine, view.inventory.gpus
        if not view.inventory.cpus and not gpus:
            raise Untold("it does not tell its processors")
        if len(gpus) != machine.gpu_count:
            there = ", ".join(gpu.fqdd for gpu in gpus) or "none"
            message = f"it has {len(gpus)} GPUs, not {machine.gpu_count}"
            gaps = view.gaps("/Processors") if len(gpus) < machine.gpu_count else []
            expected, actual = str(machine.gpu_count), str(len(gpus))
            missing(ledger, gaps, "count", message, expected=expected, actual=actual, evidence=[f"there: {there}"])
        other = [gpu for gpu in gpus if gpu.model and not is_gpu(gpu.model, machine.gpu)]
        if other:
            models = ", ".join(sorted({gpu.model for gpu in other}))
            ledger.wrong(
                "model", f"{', '.join(gpu.fqdd for gpu in other)}: {models}, not {machine.gpu_model}",
                expected=machine.gpu_model, actual=models, remedy="correct the gpu of its group in site.yaml, or see what was delivered",
            )  # fmt: skip
        if mute := [gpu.fqdd for gpu in gpus if not gpu.model]:
            ledger.untold("model", f"{', '.join(mute)} do not tell their model")
        if ill := unwell((gpu.fqdd, gpu.health) for gpu in gpus):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))
        if gpus:
            ledger.right("GPU", len(gpus))


def is_gpu(printed: str, key: str) -> bool:
    """Tell whether a printed GPU model can be that of a catalog key (``h200-sxm``): the same chip, and NVL where one is NVL."""
    words = _words(printed)
    chip, _, form = key.lower().partition("-")
    return chip in words and (("nvl" in words) == (form == "nvl") or not form)


class BootMirror(ServerCheck):
    """The boot device is a mirror of two drives, and well.

    Passes when a volume is RAID 1 over two drives and all of them are well. Fails where there is none, where it has fewer drives, or where
    one is not well.
    """

    id = "BOOT-MIRROR"
    title = "the boot device is a whole mirror of two drives"
    remedy = "make the BOSS virtual disk (RAID 1 over both M.2 drives), or replace the drive that is not well"
    source = "Volume.RAIDType, Drive.Status (Redfish); the boot device of the catalog's model"
    asks: ClassVar[tuple[str, ...]] = ("Systems/*/Storage",)
    domain = "hardware"

    def applies(self, view: MachineView) -> bool:
        """Apply where the model boots from a mirror."""
        return view.machine.boot_mirror

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look for the mirror and at its drives."""
        told = view.inventory
        if not told.drives and not told.volumes:
            raise Untold("it does not tell its drives")
        mirrors = [volume for volume in told.volumes if volume.raid.upper().replace(" ", "") in {"RAID1", "MIRRORED"}]
        if not mirrors:
            there = (
                ", ".join(f"{volume.fqdd} {volume.raid or 'without RAID'}" for volume in told.volumes)
                or "there is none"
            )
            gaps = view.gaps("/Storage")
            expected = view.machine.boot_device
            missing(ledger, gaps, "mirror", f"no volume is a mirror ({there})", expected=expected, actual=there)
            return
        # A BOSS card holds one volume; data drives may be mirrored beside it.
        boss = [volume for volume in mirrors if "boss" in f"{volume.fqdd} {volume.controller}".lower()] or mirrors
        for volume in boss:
            self._volume(view, volume, ledger)

    def _volume(self, view: MachineView, volume: Volume, ledger: Ledger) -> None:
        drives = {drive.fqdd: drive for drive in view.inventory.drives}
        if len(volume.drives) != _MIRROR:
            message = f"the mirror {volume.fqdd} has {len(volume.drives)} drives, not {_MIRROR}"
            ledger.wrong("drives", message, expected=str(_MIRROR), actual=str(len(volume.drives)))
        parts = [
            (volume.fqdd, volume.health),
            *((name, drives[name].health) for name in volume.drives if name in drives),
        ]
        if ill := unwell(parts):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))
        elif not volume.health:
            ledger.untold("health", f"it does not tell whether the mirror {volume.fqdd} is well")
        ledger.right("mirror")


class PowerSupplies(ServerCheck):
    """The planned power supplies are there, well, and stand in for each other.

    Passes when as many as the model has are there and well and the redundancy is not lost. Fails otherwise.
    """

    id = "POWER-SUPPLIES"
    title = "power supplies are there, well and redundant"
    remedy = "plug in its cord, or replace it; both feeds must be live before firmware is updated"
    source = "PowerSupply, Redundancy (Redfish); the catalog's count of the model"
    asks: ClassVar[tuple[str, ...]] = ("Chassis/*/PowerSubsystem",)
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Count, look at the health and at the redundancy."""
        told, expected = view.inventory, view.machine.power_supplies
        if not told.psus:
            raise Untold("it does not tell its power supplies")
        there = [psu for psu in told.psus if psu.present]
        if gone := [psu.fqdd for psu in told.psus if not psu.present]:
            ledger.wrong("absent", f"no power supply in {', '.join(gone)}", actual=f"{len(there)} power supplies")
        if expected is None:
            ledger.skip("the catalog does not tell how many power supplies the model has", path="count")
        elif len(there) != expected and not (gone and len(told.psus) == expected):
            message = f"it has {len(there)} power supplies, not {expected}"
            gaps = view.gaps("/Power") if len(there) < expected else []
            missing(ledger, gaps, "count", message, expected=str(expected), actual=str(len(there)))
        if ill := unwell((psu.fqdd, psu.health) for psu in there):
            ledger.wrong("health", f"not well: {', '.join(ill)}", expected="OK", actual=", ".join(ill))
        word = re.sub(r"[^a-z]", "", told.psu_redundancy.lower())
        if word in _SINGLE:
            ledger.wrong("redundancy", f"their redundancy is {told.psu_redundancy}", actual=told.psu_redundancy)
        elif not word:
            ledger.skip("it does not tell whether its power supplies are redundant", path="redundancy")
        if there:
            ledger.right("PSU", len(there))


class ServerPower(ServerCheck):
    """The server is on.

    Passes when it is. Fails when it is off: links, GPUs and some adapters cannot be judged then.
    """

    id = "SERVER-POWER"
    title = "servers are on"
    remedy = "power it on, and audit again: what only a running server tells was not judged"
    source = "ComputerSystem.PowerState (Redfish)"
    asks: ClassVar[tuple[str, ...]] = ("Systems",)
    domain = "hardware"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look at the state."""
        state = view.inventory.power
        if not state:
            raise Untold("it does not tell whether it is on")
        if view.on:
            ledger.right("server")
        else:
            ledger.wrong("power", f"it is {state}", expected="On", actual=state)
