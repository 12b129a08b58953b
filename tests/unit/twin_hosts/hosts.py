"""An emulated operating system of a reference site without a wire to it, and what a play would tell it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rackwright.audit.hosts import Wanted, hosts
from rackwright.plan import workspace
from rackwright.plan.stack import stack
from rackwright.render.hosts.variables import variables
from rackwright.twin.bmc.machine.making import idrac
from rackwright.twin.bmc.machine.schedule import HandClock
from rackwright.twin.faults import Faults
from rackwright.twin.hosts.booting import booted, fresh
from rackwright.twin.hosts.commands import Desk, factory
from rackwright.twin.hosts.faces import faces
from rackwright.twin.hosts.host import Iron
from rackwright.twin.hosts.playing import Asked, played
from rackwright.twin.hosts.system import Card, System
from rackwright.twin.hosts.wires import PlannedWires

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


@lru_cache(maxsize=1)
def site():
    """Return the plan of the site, what its hosts should be, and its catalog."""
    opened = workspace.open_site(SITE)
    plan = workspace.planned(opened).plan
    return plan, opened.loaded.require(), opened.loaded.catalog


class Real:
    """A clock on which nothing takes time."""

    def now(self) -> float:
        return 0.0

    def real(self, seconds: float) -> float:
        return seconds * 0


class Bench:
    """One host of the site, as it was installed."""

    def __init__(self, name: str = "gpu01") -> None:
        plan, intent, catalog = site()
        self.name, self.catalog = name, catalog
        device = next(one for one in plan.devices if one.name == name)
        self.machine = idrac(plan, device, catalog, HandClock(), Faults(), group=intent.groups.get(device.group))
        self.wires = PlannedWires(plan)
        self.stack = next(one for one in stack(plan, intent, catalog) if one.name == name)
        self.wanted: Wanted = hosts(plan, intent, catalog)[name]
        self.told = variables(self.stack)
        disk = fresh(name, next(one for one in plan.hosts if one.name == name))
        cards: dict[str, Card] = {}
        self.system = System(Iron(self.machine, lambda *_: None), disk, booted(disk, cards, 0, cold=True), cards)
        for face in faces(self.system, self.wires):
            if face.bluefield:
                cards.setdefault(face.nic.adapter, Card(now=factory(face)))
        self.again: list[str] = []

    async def play(self, *steps: str, check: bool = False, playbook: str = "site") -> list[dict]:
        """Play steps, all of them where none is named, and return what happened."""
        words = steps or tuple(self.told["rackwright"]["steps"])
        asked = Asked(host=self.name, playbook=playbook, check=check, steps=words, variables=self.told)
        return await played(asked, self.system, Real(), lambda: True, lambda *_: None)

    async def brought(self) -> None:
        """Go through the stages with the restarts between them, as a push does."""
        for stage in self.stack.stages:
            assert not bad(await self.play(*stage.steps)), stage.steps
            if stage.reboot != "none":
                self.restart(cold=stage.reboot == "cold")

    def restart(self, *, cold: bool = False) -> None:
        """Restart it."""
        if cold:
            self.machine.firmware.cold_boot()
        self.system.boot = booted(self.system.disk, self.system.cards, 0, cold=cold)

    def desk(self, *, root: bool = True) -> Desk:
        """Return what its commands look at."""
        again = self.again
        return Desk(self.system, self.wires, 60.0, root, "xe9680", lambda: again.append("restart"), again.append)


def bad(events: list[dict]) -> list[dict]:
    """Return the failures among events."""
    return [one for one in events if one["kind"] == "failed"]


def changed(events: list[dict]) -> list[tuple[str, str]]:
    """Return (role, task) of what changed."""
    return [(one["role"], one["task"]) for one in events if one["kind"] == "changed"]
