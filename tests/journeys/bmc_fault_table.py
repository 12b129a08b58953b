"""The faults of a BMC (redfish.md 5), the moments at which each is planted in a push to one server, and what becomes of it.

A moment is an operation of the twin and for which time it occurs in the push; ``update`` 1 to 4 are the images of iDRAC,
BIOS, adapter and CPLD, ``power`` 1 and 2 the restarts for the second and third of them, and for the fourth. ``.``: the push
gets over it and ends as intended; else the stage that the report names.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FAULTS", "Case", "Planted", "cases"]

IDRAC, BIOS, NIC, CPLD, SET, ONE, TWO, LOOK = (
    "install idrac", "stage bios", "stage cx6dx-firmware", "stage cpld", "BIOS settings 1", "restart 1", "restart 2", "look",
)  # fmt: skip


class Planted(NamedTuple):
    """A fault, as the twin is told of it, and what it makes of a push at each moment."""

    name: str
    rows: str
    """Of the list in redfish.md 5."""
    rule: dict
    ends: dict
    cause: str = ""
    """What the report says, as a pattern."""
    again: frozenset = frozenset()
    """Components whose job failed, so that the operator's next push writes them once more."""
    lift: bool = False
    """Lockdown is lifted by hand before the push that goes on."""


class Case(NamedTuple):
    """A fault at one moment."""

    fault: Planted
    at: str
    stage: str

    @property
    def name(self):
        """Name the case."""
        return f"{self.fault.name} at {self.at or 'once'}"


def over(*moments):
    """Return moments at which a push gets over a fault."""
    return dict.fromkeys(moments, ".")


_WORDS = (
    "login",
    "ready",
    "export",
    "update 1",
    "update 2",
    "update 4",
    "bios-stage 1",
    "power 1",
    "power 2",
    "read 1",
    "read 40",
)
_SENT = ("update 1", "update 2", "update 3", "update 4", "bios-stage 1", "power 1", "power 2", "export")
_TIMES = (
    "login",
    "ready",
    "update 1",
    "update 2",
    "bios-stage 1",
    "power 1",
    "power 2",
    "flash 1",
    "flash 2",
    "bios-run 1",
)
_LATER = {"flash 1": IDRAC, "flash 2": ONE, "flash 3": ONE, "flash 4": TWO}
_WROTE = frozenset({"iDRAC.Embedded.1-1", "BIOS.Setup.1-1", "NIC.Slot.1-1-1", "NIC.Slot.1-2-1", "CPLD.Embedded.1"})

FAULTS = (
    Planted("drop", "7", {"kind": "drop", "when": "before"}, over(*_WORDS)),
    Planted("drop in it", "7", {"kind": "drop", "when": "during"}, over(*_SENT)),
    Planted("drop after it", "7", {"kind": "drop", "when": "after"}, over(*_SENT)),
    Planted("stall", "8", {"kind": "stall"}, over("login", "export", "update 1", "update 2", "bios-stage 1", "power 1", "read 30")),
    Planted("busy", "1", {"kind": "busy", "duration": 120}, over(*_TIMES)),
    Planted("busy once", "1", {"kind": "answer-busy", "value": "5"}, over(*_WORDS)),
    Planted("not ready", "2", {"kind": "not-ready", "duration": 120}, over(*_TIMES)),
    Planted("sessions full", "3", {"kind": "refuse", "value": "RAC0218", "a": "503"}, over("login")),
    Planted("session gone", "4", {"kind": "unauthorized"}, over("update 1", "update 2", "bios-stage 1", "power 1", "read 20")),
    Planted("sessions end", "4", {"kind": "expire-sessions"}, over(*_TIMES)),
    Planted("somebody's BIOS job", "5, 38", {"kind": "refuse", "value": "SYS011"}, {"bios-stage 1": SET}, "SYS011"),
    Planted("no location", "6", {"kind": "no-location"}, over("bios-stage 1")),
    Planted("only staged", "6", {"kind": "only-staged"}, over("bios-stage 1")),
    Planted("stuck job", "9", {"kind": "stuck"},
            {"update 1": IDRAC, "update 2": BIOS, "update 4": CPLD, "bios-stage 1": SET}, r"PR30"),
    Planted("job out of time", "9", {"kind": "timeout"}, {**_LATER, "bios-run 1": ONE}, r"JCP052", _WROTE),
    Planted("errors", "10", {"kind": "errors"}, {"flash 2": ONE, "flash 3": ONE, "flash 4": TWO, "bios-run 1": ONE}, r"PR31"),
    Planted("failed job", "10", {"kind": "fail"}, {**_LATER, "bios-run 1": ONE}, r"PR21", _WROTE),
    Planted("odd job", "11", {"kind": "odd-job", "value": "UserIntervention"}, over("update 2", "update 4", "bios-stage 1")),
    Planted("new job", "11", {"kind": "odd-job", "value": "New"}, over("update 1", "update 2", "bios-stage 1")),
    Planted("task late", "12", {"kind": "task-late", "duration": 60}, over("update 1", "update 2", "bios-stage 1")),
    Planted("task gone", "12", {"kind": "task-gone"}, over("update 1", "update 2", "bios-stage 1")),
    Planted("BMC restarts", "13", {"kind": "bmc-restart"}, over(*(one for one in _TIMES if one != "flash 1"))),
    Planted("BMC restarts in its own flash", "13", {"kind": "bmc-restart"}, {"flash 1": IDRAC}, "RED108", _WROTE),
    Planted("BMC back late", "13", {"kind": "bmc-lost", "duration": 900}, over("bmc-restart 1")),
    Planted("BMC never back", "14", {"kind": "bmc-lost"}, {"bmc-restart 1": IDRAC}, "idrac: the BMC did not come back"),
    Planted("truncated", "15", {"kind": "truncate"}, over("update 1", "update 2", "bios-stage 1", "power 1", "read 20")),
    Planted("no JSON", "15", {"kind": "garbage"}, over("update 1", "update 2", "bios-stage 1", "power 1", "read 20")),
    Planted("HTML", "15", {"kind": "html"}, over("update 1", "update 2", "bios-stage 1", "power 1", "read 20")),
    Planted("empty", "15", {"kind": "empty"}, over("update 2", "bios-stage 1", "read 20")),
    Planted("too many", "16", {"kind": "too-many"}, over(*_WORDS)),
    Planted("redirect", "18", {"kind": "redirect", "value": "https://127.0.0.9:1/redfish/v1"}, {"update 2": BIOS}, "another host"),
    Planted("certificate", "19", {"kind": "bad-certificate", "value": "self-signed"}, {"": LOOK}, "certificate"),
    Planted("read-only", "20", {"kind": "refuse", "value": "SYS427"}, {"bios-stage 1": SET}, "SYS427"),
    Planted("partial", "21", {"kind": "partial", "value": "SysProfile"}, {"bios-run 1": ONE}, "BIOS attribute SysProfile is"),
    Planted("lockdown", "22", {"kind": "lockdown"},
            {"ready": LOOK, "export": IDRAC, "update 1": BIOS, "bios-stage 1": ONE, "flash 4": "."}, r"[Ll]ockdown", lift=True),
    Planted("LC busy", "23", {"kind": "lc-busy", "duration": 300}, over(*_TIMES)),
    Planted("LC never ready", "23", {"kind": "lc-busy"}, {"ready": LOOK, "export": IDRAC, "update 2": BIOS, "power 1": ONE},
            "does not become ready|LC060"),
    Planted("early pending", "25", {"kind": "early-pending"}, over("bios-stage 1")),
    *(Planted(f"image {word}", "26", {"kind": "refuse", "value": word}, {"update 1": IDRAC, "update 2": BIOS, "update 4": CPLD}, word)
      for word in ("RED097", "RED007", "RED103", "SUP0540", "JCP014")),
    Planted("full", "26", {"kind": "full"}, {"ready": IDRAC, "update 2": BIOS}, "SUP0540"),
    Planted("nothing to do", "27", {"kind": "refuse", "value": "SUP029"}, {"update 1": IDRAC, "update 2": ONE}, r"is at [\d.]+, not at"),
    Planted("silent", "28", {"kind": "silent"}, _LATER, r"is at [\d.]+, not at", _WROTE),
    Planted("late", "28", {"kind": "late"}, {"flash 2": ONE, "flash 3": ONE, "flash 4": "."}, "SUP0545"),
    Planted("vanished", "29", {"kind": "vanish"}, over("read 15")),
    Planted("odd version", "30", {"kind": "odd-version", "a": "BIOS.Setup.1-1", "value": "NotAvailable"}, {"": LOOK}, "state: bios"),
    Planted("no health", "30", {"kind": "no-health"}, over("")),
    Planted("no expand", "31", {"kind": "no-expand", "count": 0}, over("read 1")),
    Planted("pages", "31", {"kind": "paged", "value": "2", "count": 0}, over("read 1")),
    Planted("ETag", "32", {"kind": "etag"}, over("bios-stage 1")),
    Planted("needs ETag", "32", {"kind": "needs-etag", "count": 0}, over("bios-stage 1")),
    Planted("deaf system", "35", {"kind": "deaf-os"}, over("power 1", "power 2")),
    Planted("clock off", "36", {"kind": "clock-off", "value": "36000"}, over("")),
    Planted("BMC dead a while", "37", {"kind": "bmc-dead", "duration": 300}, over(*_TIMES)),
    Planted("BMC dead", "37", {"kind": "bmc-dead"}, {"ready": LOOK, "update 2": BIOS, "power 1": ONE}, "cannot be reached"),
    Planted("power lost", "", {"kind": "power-loss", "duration": 60}, over("update 1", "update 2", "bios-stage 1", "power 1")),
    Planted("power lost in flash", "", {"kind": "power-loss", "duration": 60}, {"flash 2": ONE}, "PR21", _WROTE),
    Planted("supply lost", "", {"kind": "psu-lost", "value": "PSU.Slot.1"}, {"ready": LOOK, "bios-stage 1": ONE}, "power supplies: PSU"),
    Planted("other machine", "", {"kind": "swap-machine", "value": "OTHER99"}, {"": LOOK}, "identity: service tag OTHER99"),
)  # fmt: skip


def cases():
    """Return every fault at each of its moments."""
    return [Case(fault, at, stage) for fault in FAULTS for at, stage in fault.ends.items()]
