"""The moments of a push, the faults that are planted at each, and what then becomes of the push.

A fault has one letter a moment, in the order of ``MOMENTS``: where the push fails, or ``.``: it gets over the fault by
itself, or never meets it, and ends as planned; ``-``: cannot occur there, for the reason beside it.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["FAULTS", "MOMENTS", "STAGES", "Moment", "Planted", "cases"]


class Moment(NamedTuple):
    """A moment of a push: what the switch is asked then, and for which time since the push began."""

    name: str
    at: str
    nth: int = 1
    command: str = ""


STAGES = {"r": "read", "l": "look", "b": "breakouts", "p": "planned", "s": "save"}
"""Letter -> the stage that the report names."""

MOMENTS = (
    Moment("read", "show", 1, "nv config show"),
    Moment("connect", "connect", 1),
    Moment("look and backup", "show", 1, "nv config show"),
    Moment("who", "show", 1, "nv show system"),
    Moment("what is up", "show", 1, "nv show interface"),
    Moment("upload", "sftp", 1),
    Moment("stage breakouts", "stage", 1),
    Moment("diff", "diff", 1),
    Moment("apply breakouts", "apply", 1),
    Moment("login after breakouts", "connect", 2),
    Moment("confirm-status", "confirm-status", 1, "nv config apply --confirm-status"),
    Moment("examine breakouts", "show", 2, "nv show interface"),
    Moment("confirm breakouts", "confirm", 1),
    Moment("stage planned", "stage", 2),
    Moment("apply planned", "apply", 2),
    Moment("login after planned", "connect", 3),
    Moment("examine planned", "show", 3, "nv show interface"),
    Moment("confirm planned", "confirm", 2),
    Moment("save", "save", 1),
    Moment("verify", "show", 1, "nv config show -r startup"),
)


class Planted(NamedTuple):
    """A fault, as the twin is told of it, and what it makes of a push at each moment."""

    name: str
    rule: dict
    ends: str
    cause: str = ""
    """What the report says, as a pattern."""
    why: str = ""
    """Of the dots and dashes."""


_AT_ONCE = "what only reads has nothing under way: the same as before it"
_GOES_ON = "looked up and gone on with"

# fmt: off
FAULTS = (
    Planted("swap-cables", {"kind": "swap-cables", "a": "{device}:swp1s0", "b": "{device}:swp2s0"},
            "....................", "", "every link stays up, so a push goes on; the audit names the swap"),
    Planted("cut-link", {"kind": "cut-link", "a": "{device}:swp1s0"},
            ".....bbbbbbbppppp...", r"down since the apply: swp1s0",
            "down before the first look it is nothing that the push took down, nor is it after the last"),
    Planted("refuse", {"kind": "refuse", "value": "planted reason"},
            "rllllbbbbb.b.pppp.ss", r"planted reason|does not let cumulus in", "asked once more"),
    Planted("stall", {"kind": "stall"},
            "rllll....bb....p...s", r"gave no answer to", _GOES_ON),
    Planted("drop", {"kind": "drop", "when": "before"},
            "r...................", r"the connection broke", _GOES_ON),
    Planted("drop in it", {"kind": "drop", "when": "during"},
            "-----..-.---..---..-", "", f"{_GOES_ON}; {_AT_ONCE}"),
    Planted("drop after it", {"kind": "drop", "when": "after"},
            "-----..-.---..---..-", "", f"{_GOES_ON}; {_AT_ONCE}"),
    Planted("crash-nvued", {"kind": "crash-nvued", "when": "before"},
            "....................", "", "it is back within the patience of the driver"),
    Planted("crash-nvued in it", {"kind": "crash-nvued", "when": "during"},
            "-----..-b---..p--..-", r"nvued died in the apply", f"{_GOES_ON}; {_AT_ONCE}"),
    Planted("crash-nvued for good", {"kind": "crash-nvued", "when": "before", "duration": 0},
            "rllllbbbbbbbbpppppss", r"Could not connect to nvued"),
    Planted("wrong-version", {"kind": "wrong-version", "value": "5.9.2"},
            "llllbbbbbbbppppp....", r"it runs Cumulus Linux 5\.9\.2, the configuration is for 5\.12\.1",
            "nobody asks for it again before the confirm"),
    Planted("wrong-serial", {"kind": "wrong-serial", "value": "WRONG0001"},
            "llllbbbbbbbppppp....", r"serial WRONG0001 answers where MT\d+ is planned",
            "nobody asks for it again before the confirm"),
    Planted("full-disk", {"kind": "full-disk"},
            "bbbbbbbpppppppsssss.", r"No space left on device", "nothing is written any more"),
    Planted("reboot", {"kind": "reboot", "when": "before"},
            "r...................", r"the connection broke|cannot be reached", "it comes up as before and gets a second try"),
    Planted("reboot in it", {"kind": "reboot", "when": "during"},
            "-----..-.---..---..-", "", f"it comes up as before and gets a second try; {_AT_ONCE}"),
    Planted("lose-management", {"kind": "lose-management"},
            "rllllbbbbbbbbpppppss", r"connection refused|the connection broke"),
    Planted("refuse-auth", {"kind": "refuse-auth", "count": 0},
            "-l-------b-----p----", r"does not let cumulus in", "a login is refused when somebody logs in"),
)
# fmt: on


def cases(fault):
    """Return the moments at which a fault can occur, each with its letter."""
    return [(moment, letter) for moment, letter in zip(MOMENTS, fault.ends, strict=True) if letter != "-"]
