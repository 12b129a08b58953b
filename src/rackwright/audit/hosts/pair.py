"""Checks of a pair of BCM head nodes: what each says of itself and of the other."""

from __future__ import annotations

import re
from typing import ClassVar, Final, NamedTuple

from rackwright.audit.hosts.model import HostCheck, HostView
from rackwright.audit.hosts.questions import FAILOVER
from rackwright.audit.ledger import Ledger

__all__ = ["HeadPair", "Sight", "cmha_status"]

_MODE: Final = re.compile(r"^Node Status:\s*running in (\w+)", re.MULTILINE)
_ARROW: Final = re.compile(r"^(\S+?)(\*?)\s*->\s*(\S+?)(\*?)\s*$")
_RESULT: Final = re.compile(r"^(\w+)\s*\[\s*(\w+)\s*\]")


class Sight(NamedTuple):
    """What one head node finds when it looks at the other."""

    looks: str
    at: str
    active: tuple[str, ...]
    """Which of the two it takes for active."""
    results: dict[str, str]
    """``mysql``, ``ping``, ``failoverping``, ``status`` -> ``OK`` or ``FAILED``."""


def cmha_status(text: str) -> tuple[str, tuple[Sight, ...]] | None:
    """Return the mode (``active``, ``passive``) and both sights of ``cmha status``; None where it says nothing of the kind.

    The form is that of the BCM 11 Administrator Manual, 15.2.2 and 15.4.2.
    """
    mode = _MODE.search(text)
    sights: list[Sight] = []
    for line in text.splitlines():
        if arrow := _ARROW.match(line.strip()):
            active = tuple(name for name, star in ((arrow[1], arrow[2]), (arrow[3], arrow[4])) if star)
            sights.append(Sight(arrow[1], arrow[3], active, {}))
        elif sights and (result := _RESULT.match(line.strip())):
            sights[-1].results[result[1]] = result[2]
    return (mode[1], tuple(sights)) if mode and sights else None


class HeadPair(HostCheck):
    """Two head nodes of Base Command Manager see each other, agree who is active, and have one database.

    Passes when each finds the other well, with one active. Fails on a failed look, on none or two active ones, and where a head node has
    another name than planned. An error where ``cmha`` does not answer. Versions of the two are skipped: no source shows what they print.
    """

    id = "HOST-BCM-PAIR"
    title = "the two head nodes of Base Command Manager stand in for each other"
    remedy = "cmha status on both; wait some minutes, then look at the failover network, MySQL and cmdaemon of the one that failed"
    source = "BCM 11 Administrator Manual 15.2.2, 15.4.2 (cmha status)"
    asks: ClassVar[tuple[str, ...]] = (FAILOVER,)

    def applies(self, view: HostView) -> bool:
        """Only head nodes that are planned as a pair."""
        return len(view.stack.pair) > 1

    def judge(self, view: HostView, ledger: Ledger) -> None:
        """Enter who looks, who is active, and each result."""
        _, sights = view.read(FAILOVER, cmha_status)
        planned, seen = sorted(view.stack.pair), sorted(sight.looks for sight in sights)
        if seen == planned:
            ledger.right("heads")
        else:
            message = f"{', '.join(seen)} look at each other, and {', '.join(planned)} are planned"
            ledger.wrong("heads", message, expected=", ".join(planned), actual=", ".join(seen))
        active = sorted({name for sight in sights for name in sight.active})
        if len(active) == 1:
            ledger.right("active")
        else:
            message = f"{' and '.join(active) or 'none'} of the head nodes is active, and one must be"
            ledger.wrong("active", message, expected="1", actual=str(len(active)))
        for sight in sights:
            for what, result in sorted(sight.results.items()):
                if result == "OK":
                    ledger.right(f"{sight.looks}.{what}")
                else:
                    message = f"{sight.looks} looks at {sight.at}: {what} {result}"
                    ledger.wrong(f"{sight.looks}.{what}", message, expected="OK", actual=result)
        ledger.skip("versions of the two are not compared: no source shows what BCM prints", path="version")
