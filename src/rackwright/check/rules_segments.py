"""Ethernet segments against the cabling: one segment is one host (item 21 of the validator list)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rackwright.check.agreement import outliers
from rackwright.check.interfaces import section
from rackwright.check.model import CablingRule, Fabric
from rackwright.check.view import View
from rackwright.findings import Finding

__all__ = ["SegmentTwoHosts"]

Place = tuple[str, str]
"""A switch and one of its bonds."""


class SegmentTwoHosts(CablingRule):
    """An Ethernet segment is the bonds of one host, whichever leaf pair it hangs on.

    Passes: every switch that has a segment is cabled to the same device by it. Fails: two devices behind
    one segment, as when each leaf pair counts its local ids anew with one MAC: EVPN then takes all of
    these switches for the ways to one host, and sends it the frames of another. (Two bonds of one switch
    in one segment are NVUE-SEGMENT-IDENTITY.)
    """

    id = "NVUE-SEGMENT-TWO-HOSTS"
    item = "nvue.md 8.21"
    title = "Ethernet segment of two hosts"
    severity = "error"
    remedy = "give each leaf pair a segment MAC of its own, or local ids that no other pair has"
    source = "nvue.md 8.21, 3.4 (same MAC and local id for one server, unique otherwise)"
    needs = ("cables", "peers")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare what is behind each segment, switch by switch."""
        segments: dict[str, dict[Place, str]] = {}
        for view in fabric.views.values():
            for (name, esi), far in _behind(fabric, view).items():
                segments.setdefault(esi, {})[view.name, name] = far
        for esi, behind in segments.items():
            hosts = sorted(set(behind.values()))
            for switch, bond in outliers(behind):
                view = fabric.views[switch]
                segment = view.segments[bond]
                key = "identifier" if segment.identifier else "local-id"
                yield self.fail(
                    view,
                    (*segment.path, key),
                    f"segment {esi} is {behind[switch, bond]} on {bond} here, and {len(hosts) - 1} other host(s) elsewhere",
                    expected="one host behind a segment",
                    actual=", ".join(hosts[:4]),
                    evidence=tuple(f"{place[0]}:{place[1]} {far}" for place, far in sorted(behind.items())[:12]),
                )


def _behind(fabric: Fabric, view: View) -> Mapping[tuple[str, str], str]:
    """Give the device behind each segment of a switch, by (bond, segment); one that two bonds share is left out."""
    found: dict[tuple[str, str], str] = {}
    taken: dict[str, int] = {}
    common = str(section(view.multihoming, "segment").get("mac-address", ""))
    for name, segment in view.segments.items():
        bond = view.bonds.get(name)
        esi = segment.esi or (f"{common.lower()}/{segment.local_id}" if common and segment.local_id else "")
        if not segment.enabled or not esi or bond is None:
            continue
        taken[esi] = taken.get(esi, 0) + 1
        far = {end[0] for member in bond.members if (end := fabric.far_ends.get((view.name, member)))}
        if len(far) == 1:
            found[name, esi] = min(far)
    return {key: far for key, far in found.items() if taken[key[1]] == 1}
