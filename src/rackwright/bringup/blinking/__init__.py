"""Blink: prove by switch ports that go down and Redfish links that follow that every host cable is where it is planned.

    findings, standing = blinking.blink(reach, plan, {"gpu01", "gpu02"})

Ports are turned down by a commit-confirm that is never confirmed, and refused at the end of each round: whoever is killed
in the middle has changed nothing that the switch does not take back by itself. See ``docs/design/blink.md``.
"""

from __future__ import annotations

from rackwright.bringup.blinking.rounds import LEFT, Patience, blink

__all__ = ["LEFT", "Patience", "blink"]
