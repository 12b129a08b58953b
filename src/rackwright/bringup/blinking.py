"""Blink: prove by switch ports that go down and Redfish links that follow that every host cable is where it is planned.

    findings = blinking.blink(reach, plan, {"gpu01", "gpu02"})

Ports are turned down by a commit-confirm that is never confirmed, and refused at the end of each round: whoever is killed
in the middle has changed nothing that the switch does not take back by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from rackwright.drivers.reach import Reach
from rackwright.findings import Finding
from rackwright.plan.model import Plan

__all__ = ["blink"]


def blink(
    way: Reach,
    plan: Plan,
    hosts: Collection[str],
    *,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """Blink the switch ports of the host links of these servers, and judge their cables.

    ``way`` must reach the switches at the near ends and the BMCs of the servers; what it does not reach is told as an error
    of the links that hang on it, never as a pass. ``say`` hears a line a round. Every port is back when it returns, or
    a finding says which is not. Links to switches that carry BMCs are not blinked: the answer comes over them.
    """
    raise NotImplementedError((way, plan, hosts, say))
