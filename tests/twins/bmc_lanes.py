"""Servers of one kind behind emulated BMCs, in a thread of this process; each is a lane that can be pushed to again and again."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections import Counter
from pathlib import Path

import msgspec

from rackwright.catalog.models import Catalog
from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits as WireLimits
from rackwright.drivers.login import Login
from rackwright.drivers.reach import Reach
from rackwright.drivers.trust import Trust
from rackwright.plan import workspace
from rackwright.plan.machines import machines
from rackwright.push.bmc.changeset import Changeset, Unread
from rackwright.push.bmc.order import Limits, make_order
from rackwright.push.bmc.program import PushBmc
from rackwright.push.bmc.reading import Planner, survey
from rackwright.runs import Outcome
from rackwright.secrets import Environment, variable
from rackwright.twin import process
from rackwright.twin.bmc.service.plans import Bmcs, planned
from rackwright.twin.bmc.standins import make_images
from rackwright.twin.rack import Rack, Wish
from tests.unit.push.fake import Journal

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "of-the-bmc-lanes"
LANES = ("mgmt01", "mgmt02", "mgmt03", "mgmt04")
"""PowerEdge R660: an install, two images and settings that share a restart, and a CPLD that stands alone."""

LIMITS = Limits(login_s=12000, ready_s=6000, bmc_s=12000, verify_s=1500, arrive_s=6000, boot_s=3000, poll_s=20)
"""As long as it takes on a busy machine: the clock of these BMCs runs 1500 times as fast as ours."""


class BmcLanes:
    """The BMCs, and pushes to one server of them."""

    def __init__(self, folder: Path, *, rate: float = 1500.0, names=LANES, limits=None) -> None:
        self.folder = folder
        self.names = names
        self.limits = limits or LIMITS
        ignored = shutil.ignore_patterns(".rackwright")
        self.site = Path(shutil.copytree(ROOT / "inventory" / "xe9680-spectrum-x", folder / "site", ignore=ignored))
        opened = workspace.open_site(self.site)
        self.plan = workspace.planned(opened).plan
        intent, self.catalog = opened.loaded.require(), opened.loaded.catalog
        self.machines = {one.name: one for one in machines(self.plan, intent, self.catalog)}
        self.state = self.site / ".rackwright"
        self.state.mkdir(mode=0o700)
        self.listed = opened.loaded.images
        self.planner = Planner(self.catalog, self.plan.release, self.listed)
        wanted = Bmcs(site=intent.model_dump_json(), catalog=_json(self.catalog), only=frozenset(names))
        self.planned = planned(self.plan, wanted, PASSWORD)
        self.rack = Rack(self.plan, self.state / "twin", Wish(rate=rate, only=frozenset(), bmcs=self.planned))
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda *_: None)
        self._thread = threading.Thread(target=self._loop.run_forever, name="bmcs", daemon=True)

    def __enter__(self):
        self._thread.start()
        self.call(self.rack.start())
        make_images(self.site, self.listed, self.catalog)
        twin = self.state / "twin"
        self.way = Reach(
            endpoints={}, astray={}, state=self.state, login=Login(None),
            trust=Trust(twin, ca=twin / "ca.pem"),
            resolvers=(Environment({variable("bmc"): PASSWORD}),),
            clock=ScaledClock(self.rack.wish.rate),
            limits=WireLimits(connect_s=2, login_s=2, answer_s=1, upload_s=2, settle_s=1800),
            twin=True,
            bmcs={one["device"]: msgspec.convert(one, Endpoint) for one in self.fleet.endpoints()},
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        self.call(self.rack.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def fleet(self):
        return self.rack.fleet

    def call(self, work):
        """Run a coroutine in the loop of the BMCs."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def _ask(self, work):
        async def asked():
            return work()

        return self.call(asked())

    # --- one lane --------------------------------------------------------------------------------

    def described(self):
        """Write what the command needs to find these BMCs as the twin of the site."""
        secret = self.state / "twin" / "secrets" / "bmc"
        secret.parent.mkdir(mode=0o700, exist_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(PASSWORD)
        spec = process.Spec(plan=self.plan, state=str(self.state), rate=self.rack.wish.rate)
        (self.state / "twin.json").write_bytes(process._description(spec, self.rack, self.state / "none"))

    def reset(self, name):
        """Have a server be as it was delivered, its BMC without sessions, jobs and faults."""

        def work():
            self._forget(name)
            bmc = self.fleet.bmcs[name]
            bmc.__dict__.pop("machine", None)
            bmc.sessions.clear()
            bmc._generation = bmc.machine.bmc.generation
            self.fleet._follow(name)

        self._ask(work)
        self._until_there(name)

    def _forget(self, name):
        for faults in (self.fleet.wire, self.fleet.faults):
            faults.clear([rule.id for rule in faults.rules() if rule.device == name])

    def plant(self, name, **fault):
        """Set a fault for a server."""
        self._ask(lambda: self.fleet.fault({"device": name, **fault}))

    def mend(self, name, *, lift=False):
        """Take the faults of a server away and what they did: what a remedy asks for."""

        def work():
            self._forget(name)
            machine = self.fleet.bmcs[name].machine
            machine.mend()
            if lift:
                machine.settings.put("Lockdown.1.SystemLockdown", "Disabled")
            self.fleet.listeners[name].use()
            self.fleet._follow(name)

        self._ask(work)
        self._until_there(name)

    def _until_there(self, name):
        def there():
            self.fleet._follow(name)
            return self.fleet.bmcs[name].machine.bmc.state != "dark" and self.fleet.listeners[name].open

        while not self._ask(there):
            self.way.clock.sleep(30)

    def read(self, name):
        """Read a server as the command does."""
        return survey(self.machines[name], self.way.bmc, self.way.clock, self.planner, lambda *_: None)

    def order(self, found):
        """Return the order of a push to the server that was read."""
        changeset = Changeset.of(self.plan.name, self.plan.digest, [found])
        return make_order(changeset, self.plan, self.catalog, self.site, limits=self.limits)

    def push(self, name, found=None, context=None):
        """Push to one server; what the command would report is returned."""
        found = found or self.read(name)
        if isinstance(found, Unread):
            return Outcome(subject=name, state="failed", stage="read", cause=found.cause, remedy=found.remedy)
        context = context or Journal(self.folder / "runs" / name)
        return PushBmc(self.way.bmc, self.way.clock).device(context, self.order(found).encoded(), name)

    # --- past everything that is under test ------------------------------------------------------

    def told(self, name):
        """Return everything of one BMC."""
        return self._ask(lambda: self.fleet.whole(name))

    def flashed(self, name):
        """Return how often each component was written."""
        return dict(Counter(deed["what"] for deed in self.told(name)["deeds"] if deed["kind"] == "flash"))

    def images(self, name):
        """Return the components whose image came in, in order."""
        return [deed["what"] for deed in self.told(name)["deeds"] if deed["kind"] == "image"]

    def torn(self, name):
        """Return what was cut off while it was written."""
        return [deed["what"] for deed in self.told(name)["deeds"] if deed["kind"] == "torn"]

    def sessions(self, name):
        """Return how many sessions are open."""
        return self.told(name)["sessions"]

    def power(self, name):
        return self.told(name)["power"]

    def restarts(self, name):
        """Return how often the host was restarted or cycled."""
        return [
            f"{deed['kind']} {deed['what']}"
            for deed in self.told(name)["deeds"]
            if deed["kind"] in ("reset", "ac-cycle")
        ]

    def right(self, name):
        """Tell whether nothing differs any more; what is left to others is no matter.

        Read up to three times: minutes of the twin are milliseconds, and beside other load one look may come too late.
        """
        looks = (self.read(name) for _ in range(3))
        found = next((found for found in looks if not isinstance(found, Unread)), None)
        return found is not None and not found.way.steps and not found.way.refused


def _json(catalog: Catalog) -> str:
    return catalog.model_dump_json()
