"""A rack of equal leaves in a thread of this process; each is a lane in which a switch can be pushed to again and again."""

from __future__ import annotations

import asyncio
import copy
import threading
from pathlib import Path

import msgspec

from rackwright import secrets
from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits as WireLimits
from rackwright.drivers.login import Login
from rackwright.drivers.reach import Reach
from rackwright.drivers.trust import Trust
from rackwright.push.changeset import make
from rackwright.push.digests import digest_of
from rackwright.push.impact import Interrupts
from rackwright.push.order import Limits, make_order
from rackwright.push.program import Push
from rackwright.push.reading import settled
from rackwright.push.route import route
from rackwright.render import switch_tree
from rackwright.runs import Outcome
from rackwright.twin.engine import Switch
from rackwright.twin.engine.accounts import hashed
from rackwright.twin.faults import read
from rackwright.twin.rack import Rack, Wish, _identity
from tests.plans import rails
from tests.unit.push.fake import Journal

LIMITS = Limits(confirm_s=1200, login_s=450, settle_s=200, margin_s=60)
"""As long as it takes on a busy machine: the rack's clock runs 300 times as fast as ours."""
PASSWORD = "of-the-lanes"
LAST = "swp4"
"""The cage that the push splits: before it, all others are split and in use."""


def before_of(tree, value):
    """Return what runs before the push: a cage less is split, and another name server is asked."""
    made = copy.deepcopy(tree)
    for name in [name for name in made["interface"] if name == LAST or name.startswith(f"{LAST}s")]:
        del made["interface"][name]
    made["system"]["hostname"] = f"{tree['system']['hostname']}-old"
    user = made["system"]["aaa"]["user"]["cumulus"]
    user["hashed-password"] = value
    return made


def _with_serials(plan):
    """Return a plan that knows the serial number of each leaf, so that another machine is noticed."""
    devices = (
        msgspec.structs.replace(device, serial=f"MT{place:04d}") if device.role == "leaf" else device
        for place, device in enumerate(plan.devices)
    )
    return msgspec.structs.replace(plan, devices=tuple(devices))


class Lanes:
    """The rack, and pushes to one switch of it."""

    def __init__(self, folder: Path, *, count: int = 8, rate: float = 300.0) -> None:
        self.folder = folder
        self.plan = _with_serials(rails(units=-(-count // 2), nodes=2))
        self.names = [switch.name for switch in self.plan.switches if switch.role == "leaf"][:count]
        self.trees = {switch.name: switch_tree(switch) for switch in self.plan.switches}
        self.hash = hashed(PASSWORD)
        self.before = {name: before_of(self.trees[name], self.hash) for name in self.names}
        self.limits = LIMITS
        self.rack = Rack(self.plan, folder / "twin", Wish(rate=rate, startup=self.before, only=frozenset(self.names)))
        self._marks = dict.fromkeys(self.names, 0)
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="lanes", daemon=True)

    def __enter__(self):
        self._thread.start()
        self.call(self.rack.start())
        self._planned_cables = self.rack.cabling()
        twin = self.folder / "twin"
        self.way = Reach(
            endpoints={one["device"]: msgspec.convert(one, Endpoint) for one in self.rack.devices()},
            astray={},
            state=self.folder,
            login=Login(twin / "id_ed25519"),
            trust=Trust(twin, known_hosts=twin / "known_hosts", ca=twin / "ca.pem"),
            resolvers=(secrets.Environment({secrets.variable("switch_hash"): self.hash}),),
            clock=ScaledClock(self.rack.wish.rate),
            limits=WireLimits(connect_s=2, login_s=4, answer_s=3, apply_s=3),
            twin=True,
        )
        return self

    def __exit__(self, *_):
        self.call(self.rack.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def call(self, work):
        """Run a coroutine in the rack's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    # --- one lane --------------------------------------------------------------------------------

    def reset(self, name):
        """Have a switch run what it ran before everything, with nothing left of former lives."""

        async def work():
            box = self.rack.boxes[name]
            async with box._lock:
                box.switch = Switch(self.identity(name), self.rack.clock.now(), self.before[name])
                box.switch.changed = box._wake
                box.files.clear()
                box.files.full = False
            self.rack.faults.clear([rule.id for rule in self.rack.faults.rules() if rule.device == name])
            box._tell_identity()
            await box.settle()
            return len(self.rack.journal.lines(name))

        self._marks[name] = self.call(work())

    def identity(self, name):
        return _identity(next(device for device in self.plan.devices if device.name == name), self.plan)

    def plant(self, name, **fault):
        """Set a fault for a switch."""
        rule = read({"device": name, **fault})

        async def work():
            if rule.at:
                self.rack.faults.add(rule)
            else:
                await self.rack.strike(rule)

        self.call(work())

    def clear(self, name):
        """Take away the faults of a switch, mend what they did, and wait until it is up: what a remedy asks for."""

        async def work():
            gone = [rule for rule in self.rack.faults.rules() if rule.device == name]
            self.rack.faults.clear([rule.id for rule in gone])
            self._replug([end for rule in gone for end in (rule.a, rule.b) if end])
            box = self.rack.boxes[name]
            await box.mend(self.identity(name))
            await box.until(lambda: box.switch.nvued_up)

        self.call(work())

    def _replug(self, ends):
        """Mend the cables of one switch, and no other's."""
        plane = self.rack._plane
        for end in ends:
            wire = plane.plugs.plug(tuple(end.split(":"))).wire
            wire.broken = False
            plane._recabled([wire])
        if len(ends) == 2 and self._rows(self.rack.cabling(), ends) != self._rows(self._planned_cables, ends):
            plane.swap(*ends)

    @staticmethod
    def _rows(cables, ends):
        return [row for row in cables if {*row} & {*ends}]

    def read(self, name):
        """Read a switch as the command does."""
        return settled(name, self.way.connect, self.way.clock, lambda *_: None)

    def order(self, reading):
        """Return the order of a push to the switch that was read."""
        found = make(self.plan.name, self.plan.digest, [reading], self.trees, Interrupts(self.plan))
        return make_order(found, self.trees, self.plan, self.limits)

    def push(self, name, reading=None, context=None):
        """Push to one switch; what the command would report is returned."""
        reading = reading or self.read(name)
        if reading.running is None:
            return Outcome(subject=name, state="failed", stage="read", cause=reading.cause, remedy=reading.remedy)
        order = self.order(reading)
        program = Push(self.way.connect, self.way.clock, self.way.resolvers)
        context = context or Journal(self.folder / "runs" / f"{name}")
        return program.device(context, order.encoded(), name)

    def tree(self, name, which="applied"):
        """Read a switch past everything that is under test."""

        async def work():
            box = self.rack.boxes[name]
            await box.settle()
            return getattr(box.switch, which)

        return self.call(work())

    def stands(self, name, which="applied"):
        """Name the legal state that a switch is in; empty when it is in none."""
        stops = {stop.digest: stop.name for stop in route(self.before[name], self.trees[name])}
        names = {digest_of(self.before[name]): "before", **stops}
        return names.get(digest_of(self.tree(name, which)), "")

    def applies(self, name):
        """Return how many applies a switch began since it was reset; one that was not heard is none."""

        async def work():
            return self.rack.journal.lines(name)

        lines = self.call(work())[self._marks[name] :]
        return sum(line["operation"] == "apply" and "revisions" in line["changed"] for line in lines)
