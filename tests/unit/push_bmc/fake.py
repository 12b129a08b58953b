"""A server's BMC in memory: a queue of jobs, images that wait for a restart, a BMC that restarts itself; and what was really done.

Every driver call is a moment at which it can be cut off; commands have one before and one after they took place.
"""

from __future__ import annotations

import itertools

from rackwright.drivers.redfish.model import Host, Readiness
from rackwright.errors import DeviceRefused, LostMidCommand, Unreachable
from rackwright.redfish.inventory import Bios, Inventory, Job, Psu, Software
from tests.unit.push.fake import Moments

IDRAC, BIOS, CPLD, NIC = "iDRAC.Embedded.1-1", "BIOS.Setup.1-1", "CPLD.Embedded.1", "NIC.Slot.3-1"
OLD = {IDRAC: "7.10.30.00", BIOS: "2.5.4", CPLD: "1.5.0", NIC: "22.00.6"}
NAMES = {IDRAC: "idrac", BIOS: "bios", CPLD: "cpld", NIC: "nic"}
ATTRIBUTES = {"SysProfile": "PerfPerWattOptimizedDapc", "SriovGlobalEnable": "Disabled"}


class Server:
    """One server; sessions are opened on its BMC."""

    def __init__(self, clock, *, name="gpu01", tag="ABC1234"):
        self.clock = clock
        self.name = name
        self.tag = tag
        self.versions = dict(OLD)
        self.attributes = dict(ATTRIBUTES)
        self.pending = {}
        self.jobs = {}
        self.power = "On"
        self.lockdown = False
        self.psus = [Psu(fqdd=f"PSU.Slot.{n}", health="OK") for n in (1, 2)]
        self.ready_at = 0.0
        self.dark_until = 0.0
        self.reset_at = "2026-01-01T00:00:00"
        self.post_until = None
        self.sessions = 0
        self.deeds = []
        """(what, component or kind): what was really done."""
        self.moments = Moments()
        self.deaf = False
        """The operating system ignores what is asked gracefully."""
        self.starts_until = 0.0
        """Until then it is on its way up, and hears of nothing."""
        self.refusals = {}
        """Name of a call -> what it is refused with."""
        self.fails = {}
        """FQDD -> how its job ends instead of writing."""
        self.unchanged = set()
        """FQDDs whose job ends well and changes nothing until the power was cut."""
        self.waits_for_power = {}
        self.by_itself = {}
        """FQDD -> seconds after its image is there until the BMC begins to write it, whatever the host does."""
        self.stuck = set()
        self.cut = False
        """The last start of the host came after its auxiliary power was away."""
        self.resets = itertools.count(1)
        self.numbers = itertools.count(1001)

    # --- time ------------------------------------------------------------------------------------

    def tick(self):
        """Let happen what is due."""
        now = self.clock.now()
        for job in list(self.jobs.values()):
            if job["state"] == "waiting" and now >= job["starts"]:
                job |= {"state": "running", "until": now + 120}
            if job["state"] == "running" and now >= job["until"]:
                self._end(job)
        if self.post_until is not None and now >= self.post_until:
            self.post_until = None
            self.power = "On"
        if self.power == "PoweringOff" and now >= self.off_at:
            self.power = "Off"
            if self.then_on:
                self._start()

    def _start(self):
        """Have the host go through POST, in which what waits begins to run."""
        self.power, self.cut = "PoweringOn", False
        self.reset_at = f"2026-01-01T00:00:{next(self.resets):02d}"
        waiting = [job for job in self.jobs.values() if job["state"] == "scheduled" and job["fqdd"] not in self.stuck]
        for job in waiting:
            job |= {"state": "running", "until": self.clock.now() + 120}
        self.post_until = self.clock.now() + 180 + 60 * len(waiting)

    def _end(self, job):
        fqdd = job["fqdd"]
        if fqdd in self.fails:
            job |= {"state": "failed", "message_id": self.fails[fqdd], "message": "it failed"}
            return
        job |= {"state": "done", "message_id": "PR19", "message": "Job completed successfully."}
        if job["kind"] == "BIOSConfiguration":
            self.attributes |= self.pending
            self.pending = {}
            self.deeds.append(("bios", ",".join(sorted(job["value"]))))
            return
        self.deeds.append(("flash", fqdd))
        if fqdd in self.unchanged or (fqdd == CPLD and not self.cut):
            job["message_id"] = "SUP0545"
            self.waits_for_power[fqdd] = job["value"]
        else:
            self.versions[fqdd] = job["value"]
        if fqdd == IDRAC:
            self.deeds.append(("bmc-restart", ""))
            self.dark_until = self.clock.now() + 240

    # --- what sessions do ------------------------------------------------------------------------

    def connect(self, _device=""):
        """Open a session."""
        self.moments.pass_by("connect")
        self.tick()
        self.reachable()
        self.sessions += 1
        return Session(self)

    def reachable(self):
        if self.clock.now() < self.dark_until:
            raise Unreachable("connection refused", device=self.name, remedy="see that it has power")

    def add(self, kind, name, fqdd, value, *, now):
        """Put a job into the queue; what is applied at once runs."""
        number = f"JID_{next(self.numbers)}"
        until = self.clock.now() + 120
        self.jobs[number] = {
            "id": number, "kind": kind, "name": name, "fqdd": fqdd, "value": value,
            "state": "running" if now else "scheduled", "until": until, "message": "", "message_id": "",
        }  # fmt: skip
        if fqdd in self.by_itself:
            self.jobs[number] |= {"state": "waiting", "starts": self.clock.now() + self.by_itself[fqdd]}
        return number

    def tear(self):
        """Fail what the BMC is writing by itself: the power goes."""
        for job in self.jobs.values():
            if "starts" in job and job["state"] in ("waiting", "running"):
                job |= {"state": "failed", "message_id": "PR21", "message": "The job failed."}
                self.deeds.append(("torn", job["fqdd"]))

    def progress(self):
        return "OSBootStarted" if self.clock.now() < self.starts_until else ""

    def inventory(self):
        rows = tuple(
            Software(id=f"Installed-{fqdd}-{version}", uri="", name=NAMES[fqdd], version=version, fqdd=fqdd)
            for fqdd, version in self.versions.items()
        )
        return Inventory(
            service_tag=self.tag, software=rows, lockdown=self.lockdown, psus=tuple(self.psus), power=self.power,
            bios=Bios(attributes=dict(self.attributes), pending=dict(self.pending)),
        )  # fmt: skip

    def flashed(self):
        """Return how often each component was written."""
        done = [what for kind, what in self.deeds if kind == "flash"]
        return {what: done.count(what) for what in done}

    def restarts(self):
        """Return how often the host went down."""
        return [what for kind, what in self.deeds if kind in ("reset", "ac-cycle")]


def inventory_of(resources):
    """Take the inventory out of what the fake reads."""
    return resources["inventory"]


class Session:
    """The driver's protocol over a server in memory."""

    def __init__(self, server):
        self.server = server
        self.open = True

    def _call(self, name, work):
        assert self.open, "a closed session was used"
        server = self.server
        server.tick()
        server.reachable()
        if name in server.refusals:
            raise server.refusals[name]
        server.moments.pass_by(f"{name} before")
        value = work()
        server.moments.pass_by(f"{name} after")
        return value

    def read(self, topics=()):
        return self._call("read", lambda: {"inventory": self.server.inventory()})

    def readiness(self):
        return self._call(
            "readiness", lambda: Readiness(ready=self.server.clock.now() >= self.server.ready_at, said="LC060")
        )

    def jobs(self):
        keys = ("id", "kind", "name", "state", "message", "message_id")
        return self._call(
            "jobs", lambda: tuple(Job(**{key: job[key] for key in keys}) for job in self.server.jobs.values())
        )

    def stage_bios(self, attributes):
        def work():
            server = self.server
            assert not any(
                job["kind"] == "BIOSConfiguration" and job["state"] in ("scheduled", "running")
                for job in server.jobs.values()
            ), "staged twice"
            server.pending = dict(attributes)
            return server.add("BIOSConfiguration", "BIOS settings", "", dict(attributes), now=False)

        return self._call("stage_bios", work)

    def delete_job(self, job):
        def work():
            gone = self.server.jobs.pop(job)
            assert gone["state"] != "running"
            if gone["kind"] == "BIOSConfiguration":
                self.server.pending = {}

        self._call("delete_job", work)

    def push_image(self, image, *, at="now"):
        def work():
            fqdd, version = image.read_text().split()
            return self.server.add("FirmwareUpdate", f"Firmware Update: {NAMES[fqdd]}", fqdd, version, now=at == "now")

        return self._call("push_image", work)

    def host(self):
        return self._call(
            "host",
            lambda: Host(power=self.server.power, reset_at=self.server.reset_at, progress=self.server.progress()),
        )

    def power(self):
        return self._call("power", lambda: self.server.power)

    def reset(self, kind):
        def work():
            server = self.server
            graceful = kind.startswith("Graceful")
            if (kind == "On") == (server.power == "On") and not kind.endswith("Restart"):
                return
            if graceful and (server.deaf or server.progress()):
                return
            if kind != "On":
                server.deeds.append(("reset", kind))
            server.then_on = kind.endswith("Restart")
            if kind == "On":
                server._start()
            else:
                server.power, server.off_at = "PoweringOff", server.clock.now() + (60 if graceful else 0)
            server.tick()

        self._call(f"reset {kind}", work)

    def ac_cycle(self):
        def work():
            server = self.server
            server.tear()
            server.deeds.append(("ac-cycle", ""))
            server.versions |= server.waits_for_power
            server.waits_for_power = {}
            server.dark_until = server.clock.now() + 240
            server._start()
            server.cut = True

        self._call("ac_cycle", work)

    def export_profile(self):
        return self._call("export_profile", lambda: "<SystemConfiguration/>")

    def close(self):
        if self.open:
            self.server.sessions -= 1
        self.open = False


LOST = LostMidCommand("the connection broke", device="gpu01")
REFUSED = DeviceRefused("no", device="gpu01", message_id="SYS446")
