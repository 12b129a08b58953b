"""A machine whose clock is wound by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rackwright import catalog
from rackwright.twin.bmc.machine.faults import read_fault
from rackwright.twin.bmc.machine.image import Image, dump
from rackwright.twin.bmc.machine.making import bluefield, idrac
from rackwright.twin.bmc.machine.schedule import HandClock
from rackwright.twin.faults import Faults
from tests.plans import rails

CATALOG = catalog.load()


class Bed:
    """One machine with its clock and its faults."""

    def __init__(self, **rest: Any) -> None:
        self.clock = HandClock()
        self.faults = Faults()
        plan = rails(nodes=2)
        device = next(one for one in plan.devices if one.name == "gpu01")
        self.machine = idrac(plan, device, CATALOG, self.clock, self.faults, **rest)
        self.dpu = bluefield(self.machine.hardware, "b3220l-1", self.clock, self.faults)

    def fault(self, **row: Any) -> None:
        """Arm a fault, or strike with it when it waits for nothing."""
        fault = read_fault({"device": "gpu01", **row})
        if fault.at:
            self.faults.add(fault)
        else:
            self.machine.strike(fault)

    def wind(self, seconds: float) -> None:
        """Let time pass, and look."""
        self.clock.wind(seconds)
        self.machine.tick()
        self.dpu.tick()
        assert (self.machine.power == "Off") == (self.machine.host.phase == "off"), "a host that is off does nothing"

    def until(self, done: Any, *, most: float = 4 * 3600, step: float = 10) -> float:
        """Let time pass until something is so; returns how long it took."""
        start = self.clock.now()
        while not done():
            assert self.clock.now() - start < most, "it never came so far"
            self.wind(step)
        return self.clock.now() - start

    def upload(self, version: str, name: str = "image.exe", when: str = "OnReset", **header: Any) -> Any:
        """Upload an image made by hand."""
        return self.machine.firmware.upload(dump(Image(version=version, **header)), name, when)

    def reboot(self) -> None:
        """Restart the host and wait until it runs again."""
        self.machine.host.reset("ForceRestart")
        self.until(lambda: self.machine.host.phase == "os")

    def deeds(self, kind: str) -> list[tuple[str, str]]:
        """Return what was done of one kind."""
        return [(one.what, one.value) for one in self.machine.bench.deeds if one.kind == kind]


@pytest.fixture
def bed() -> Bed:
    """Return a fresh XE9680."""
    return Bed()


@pytest.fixture
def made() -> Any:
    """Return the function that makes a bed with other beginnings."""
    return Bed


@pytest.fixture
def images() -> SimpleNamespace:
    """Return headers of images by component."""
    return SimpleNamespace(
        bios={"software_ids": ("159",)},
        idrac={"software_ids": ("25227",)},
        cpld={"software_ids": ("27763",)},
        psu={"software_ids": ("110428",)},
        lom={"pci": ("14E4:165F",)},
        boss={"fqdds": ("AHCI.Slot.*",)},
        gpu={"fqdds": ("GPU.Baseboard.*",)},
        bluefield={"pci": ("15B3:A2DC",)},
    )
