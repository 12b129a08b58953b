"""Orders for one server, and the work on it over the fake BMC and a journal in memory."""

from __future__ import annotations

import hashlib

from rackwright.catalog.images import Image
from rackwright.diff.bmc.model import BiosChange
from rackwright.push.bmc.contact import Contact
from rackwright.push.bmc.model import SETTINGS, Step, Way
from rackwright.push.bmc.order import Limits, Order, Part, ServerOrder
from rackwright.push.bmc.procedure import Procedure
from tests.unit.push.fake import Clock, Journal
from tests.unit.push_bmc.fake import BIOS, CPLD, IDRAC, NIC, OLD, Server, inventory_of

NEW = {IDRAC: "7.20.60.50", BIOS: "2.7.4", CPLD: "1.6.0", NIC: "23.10.4"}
WANTED = {"SysProfile": "PerfOptimized", "SriovGlobalEnable": "Enabled"}
KEYS = {IDRAC: "idrac", BIOS: "bios", CPLD: "cpld", NIC: "nic"}
EVENTS = {
    "none": "none",
    "bmc-restart": "none",
    "host-reboot": "restart",
    "host-power-cycle": "cycle",
    "ac-cycle": "ac",
}
ALL = (IDRAC, BIOS, NIC, "settings", CPLD)


def image(folder, fqdd):
    """Write the image of a component and return its row."""
    path = folder / f"{KEYS[fqdd]}.exe"
    path.write_text(f"{fqdd} {NEW[fqdd]}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Image(component=KEYS[fqdd], version=NEW[fqdd], file=path.name, sha256=digest)


def steps_of(folder, what, cpld_at="reset"):
    """Return the steps of a way: the iDRAC first, then all that shares a restart, then the CPLD with its power cycle."""
    steps, group = [], 1
    if IDRAC in what:
        steps.append(
            Step(
                kind="install",
                group=0,
                component="idrac",
                fqdds=(IDRAC,),
                image=image(folder, IDRAC),
                activation="bmc-restart",
                at="now",
            )
        )
    shared = [one for one in what if one in (BIOS, NIC, "settings")]
    for one in shared:
        if one == "settings":
            changes = tuple(BiosChange(attribute=name, old="", new=value) for name, value in WANTED.items())
            steps.append(Step(kind="settings", group=1, component=SETTINGS, changes=changes))
        else:
            steps.append(Step(kind="stage", group=1, component=KEYS[one], fqdds=(one,), image=image(folder, one)))
    if shared:
        steps.append(Step(kind="restart", group=1, activation="host-reboot"))
        group = 2
    if CPLD in what:
        there = {"fqdds": (CPLD,), "image": image(folder, CPLD), "at": cpld_at}
        steps.append(Step(kind="stage", group=group, component="cpld", **there))
        steps.append(Step(kind="restart", group=group, activation="ac-cycle"))
    return tuple(steps)


def order_of(folder, what=ALL, *, limits=None, device="gpu01", cpld_at="reset", **more):
    """Return an order for one server."""
    steps = steps_of(folder, what, cpld_at)
    restarts = sum(step.kind == "restart" for step in steps)
    parts = tuple(
        Part(component=KEYS[one], fqdd=one, before=OLD[one], wanted=NEW[one]) for one in what if one != "settings"
    )
    server = ServerOrder(
        device=device, tag="ABC1234", way=Way(machine=device, steps=steps, restarts=restarts), parts=parts,
        bios={"SysProfile": "PerfPerWattOptimizedDapc", "SriovGlobalEnable": "Disabled"} if "settings" in what else {},
    )  # fmt: skip
    return Order(
        site="x", intent="1", folder=str(folder), servers=(server,), waves=(("servers", (device,)),), events=EVENTS,
        limits=limits or Limits(), **more,
    )  # fmt: skip


class Bench:
    """One server, one order and as many lives of the work on it as a test wants."""

    def __init__(self, folder, what=ALL, **more):
        self.folder = folder
        self.clock = Clock()
        self.server = Server(self.clock)
        self.order = order_of(folder, what, **more)
        self.entries = {}

    def life(self, moments=None):
        """Work on the server once, going on from the journal."""
        contact = Contact(
            self.order.servers[0], self.server.connect, self.clock, self.order.limits, inventory_of=inventory_of
        )
        self.journal = Journal(self.folder / "run", self.entries, moments)
        if moments is not None:
            self.server.moments = moments
        return Procedure(contact, self.journal, self.order).run()

    def right(self):
        """Tell whether everything is as intended."""
        server = self.server
        parts = {part.fqdd: part.wanted for part in self.order.servers[0].parts}
        wanted = dict(self.order.servers[0].attributes)
        return all(server.versions[fqdd] == version for fqdd, version in parts.items()) and all(
            server.attributes[name] == value for name, value in wanted.items()
        )
