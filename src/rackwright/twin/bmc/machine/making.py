"""Machines from a plan: an iDRAC for each server, a BMC for each BlueField in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.catalog.models import Catalog
from rackwright.intent.models import Group
from rackwright.plan.model import Device, Plan
from rackwright.twin.bmc.machine.accounts import FACTORY_PASSWORD
from rackwright.twin.bmc.machine.bench import Timings
from rackwright.twin.bmc.machine.bluefield import Bluefield
from rackwright.twin.bmc.machine.hardware import Hardware, hardware
from rackwright.twin.bmc.machine.idrac import Machine
from rackwright.twin.bmc.machine.schedule import Clock
from rackwright.twin.bmc.machine.software import before
from rackwright.twin.faults import Faults

__all__ = ["behind", "bluefield", "dpus", "idrac"]


def idrac(
    plan: Plan,
    device: Device,
    catalog: Catalog,
    clock: Clock,
    faults: Faults,
    *,
    group: Group | None = None,
    versions: Mapping[str, str] | None = None,
    user: str = "root",
    password: str = FACTORY_PASSWORD,
    timings: Timings | None = None,
) -> Machine:
    """Make the machine of one server; ``versions`` are by kind of firmware (``bios``) or by FQDD.

    Raises ``KeyError`` for a model that the catalog does not know.
    """
    made = hardware(plan, device, catalog, group)
    return Machine(made, clock, faults, versions=versions, user=user, password=password, timings=timings)


def dpus(machine: Hardware) -> Iterator[tuple[str, str, str]]:
    """Yield name, adapter and MAC of the BMCs of a server's BlueFields: ``gpu01.b3220l-1``."""
    for nic in machine.nics:
        if nic.dpu_bmc:
            yield f"{machine.name}.{nic.adapter}", nic.adapter, nic.bmc_mac


def bluefield(
    machine: Hardware,
    adapter: str,
    clock: Clock,
    faults: Faults,
    *,
    versions: Mapping[str, str] | None = None,
    user: str = "root",
    password: str = FACTORY_PASSWORD,
    timings: Timings | None = None,
) -> Bluefield:
    """Make the BMC of one BlueField of a server. Raises ``KeyError`` for an adapter that is none."""
    found = {nic.adapter: nic for nic in machine.nics if nic.dpu_bmc}
    name = f"{machine.name}.{adapter}"
    return Bluefield(
        name, found[adapter], clock, faults, versions=versions, user=user, password=password, timings=timings
    )


def behind(pinned: Mapping[str, str]) -> dict[str, str]:
    """Return versions one step behind those that are pinned, so that a first push has something to do."""
    return {key: before(version) for key, version in pinned.items()}
