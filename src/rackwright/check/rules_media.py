"""What a cable can do: lanes and lane rate at both ends, media, plugs, reach, splitters.

Beyond the 43 items of the validator list. What is not known (a length, a reach) is said once as
skipped, with how many links it is.
"""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.interfaces import port_name
from rackwright.check.links import LinkEnd, ends
from rackwright.check.model import Cable, CablingRule, Fabric
from rackwright.findings import Finding, finding

__all__ = ["LaneRate", "MediaMismatch", "PlugMisfit", "Reach", "Splitter"]

CONVERTING = frozenset({"dr1", "fr1", "lr1"})
"""Single-lambda optics: one optical lane, whatever lanes the module has toward its port (site-format.md)."""

_PAIRS = {
    "dr1": {"dr1", "fr1", "dr4", "dr8"},
    "fr1": {"fr1", "dr1"},
    "dr4": {"dr4", "dr8", "dr1"},
    "sr4": {"sr4", "sr8"},
}
"""Optics that understand each other beside those of one name: a DR4 side splits into DR1, an SR8 into SR4."""

_FITS = {
    "osfp": {"osfp"},
    "qsfp-dd": {"qsfp-dd", "qsfp112", "qsfp56", "qsfp28"},
    "qsfp112": {"qsfp112", "qsfp56", "qsfp28"},
    "qsfp56": {"qsfp56", "qsfp28"},
    "qsfp28": {"qsfp28"},
    "sfp28": {"sfp28"},
    "rj45": {"rj45"},
}
"""Plugs that a port takes and can drive, by the port's connector."""


class LaneRate(CablingRule):
    """Both ends of a link run the same lanes at the same rate, and the cabling means the lanes that are configured.

    Passes: 400G as 4 x 100G at both ends; 100G as one 100G lane at an SN5600 and four 25G lanes at an SN2201
    over DR1 or FR1, whose module converts. Fails: a lane rate that an end cannot run, unequal lanes over
    copper or parallel optics, a plan of four lanes on a cage that the configuration splits into two.
    """

    id = "CABLE-LANE-RATE"
    item = "cabling: lane rate of both ends"
    title = "Lanes of the two ends do not match"
    severity = "error"
    remedy = "use a split or a cable that gives both ends the same lanes, or a single-lambda optic (DR1, FR1)"
    source = "nvue.md 3.2; site-format.md, what the planner must know"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the lanes of each link."""
        for cable in fabric.cables or ():
            if cable.speed_gbps is None:
                continue
            one, two = ends(fabric, cable)
            wrong = next((why for end in (one, two) if (why := _cannot(end, cable.speed_gbps))), None)
            if wrong is not None:
                yield self._at(wrong[0], cable, wrong[1])
            elif cable.media not in CONVERTING and one.lanes and two.lanes and one.lanes != two.lanes:
                yield self._at(one, cable, f"{one.name} has {one.lanes} lane(s), {two.name} has {two.lanes}")

    def _at(self, end: LinkEnd, cable: Cable, why: str) -> Finding:
        """Say what is wrong at one end."""
        place = end.view.device.place(end.path) if end.view else None
        return self.report(end.device, end.path, f"the link {cable.label}: {why}", actual=why, location=place)


def _cannot(end: LinkEnd, speed: float) -> tuple[LinkEnd, str] | None:
    """Say why an end cannot carry the link's speed; None when it can, or when it is not known."""
    if end.planned_lanes and end.lanes and end.planned_lanes != end.lanes and "rj45" not in (end.connector, end.plug):
        return end, f"the cabling means {end.planned_lanes} lane(s), {end.name} has {end.lanes}"
    lanes = end.lanes or end.planned_lanes
    if not lanes or not end.rates:
        return None
    rate = speed / lanes
    if rate > max(end.rates):
        return end, f"{speed:g}G over {lanes} lane(s) is {rate:g}G a lane, {end.name} runs at most {max(end.rates):g}G"
    return None


class MediaMismatch(CablingRule):
    """What sits at the two ends of a link speaks to each other.

    Passes: the same media at both ends, or a pair that is made for it (a DR4 that splits into DR1). Fails: SR4
    facing DR4, copper facing optics, RJ45 facing either.
    """

    id = "CABLE-MEDIA"
    item = "cabling: media of both ends"
    title = "Media of the two ends do not match"
    severity = "error"
    remedy = "put the same media at both ends"
    source = "validated-design.md, cables and optics"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the media of each link."""
        for cable in fabric.cables or ():
            one, two = cable.a_media or cable.media, cable.b_media or cable.media
            if one and two and one != two and two not in _PAIRS.get(one, ()) and one not in _PAIRS.get(two, ()):
                end = ends(fabric, cable)[0]
                yield self.report(
                    end.device,
                    end.path,
                    f"the link {cable.label} has {one} at one end and {two} at the other",
                    expected=one,
                    actual=two,
                )


class PlugMisfit(CablingRule):
    """The plug of the cable fits the port.

    Passes: OSFP in an OSFP cage, QSFP112, QSFP56 or QSFP28 in a QSFP112 port. Fails: a QSFP-DD plug in an OSFP
    cage, RJ45 in a QSFP28 port.
    """

    id = "CABLE-PLUG"
    item = "cabling: media of both ends"
    title = "Plug does not fit the port"
    severity = "error"
    remedy = "choose a part with the port's connector"
    source = "validated-design.md, cables and optics (the guide writes QSFP-DD for OSFP cages)"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare plug and port at each end."""
        for cable in fabric.cables or ():
            for end in ends(fabric, cable):
                fits = _FITS.get(end.connector)
                if fits is not None and end.plug and end.plug not in fits:
                    yield self.report(
                        end.device,
                        end.path,
                        f"{end.name} is {end.connector}; {cable.part or 'the cable'} has a {end.plug} plug",
                        expected=", ".join(sorted(fits)),
                        actual=end.plug,
                    )


class Reach(CablingRule):
    """No cable is longer than its part reaches; the legs of a splitter are all within it.

    Passes: a 2 m run over a DAC of at most 3 m. Fails: a run longer than the longest that the part is made in. A
    link whose length or reach is not known is skipped, and counted.
    """

    id = "CABLE-REACH"
    item = "cabling: splitter reach"
    title = "Cable does not reach"
    severity = "error"
    remedy = "move the ends nearer to each other, or use a medium that reaches (AOC, optics)"
    source = "catalog: lengths of the part"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare length and reach of each link."""
        unknown = []
        for cable in fabric.cables or ():
            if cable.length_m is None or cable.reach_m is None:
                unknown.append(cable.label)
            elif cable.length_m > cable.reach_m:
                end = ends(fabric, cable)[0]
                yield self.report(
                    end.device,
                    end.path,
                    f"the link {cable.label} needs {cable.length_m:g} m; {cable.part or cable.media} reaches {cable.reach_m:g} m",
                    expected=f"at most {cable.reach_m:g} m",
                    actual=f"{cable.length_m:g} m",
                )
        if unknown:
            yield finding(
                self.id,
                "fabric",
                f"{self.title}: not judged for {len(unknown)} link(s), length or reach is not known",
                remedy="give the rack positions of both ends, and the lengths of the part in the catalog",
                status="skipped",
                severity="info",
                evidence=unknown[:20],
                source=self.source,
            )


class Splitter(CablingRule):
    """The links of one splitter leave one cage, go to no more cages than it has ends, and are of one length.

    Passes: swp1s0 and swp1s1 over one part of two ends. Fails: the common end in two cages, more far cages than
    ends, legs that are planned with different lengths.
    """

    id = "CABLE-SPLITTER"
    item = "cabling: splitter reach"
    title = "Splitter is used as no splitter can be"
    severity = "error"
    remedy = "plan one part for each cage, with an end for each link"
    source = "site-format.md, what the planner must know"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Look at the links of each assembly together."""
        parts: dict[str, list[Cable]] = {}
        for cable in fabric.cables or ():
            if cable.assembly:
                parts.setdefault(cable.assembly, []).append(cable)
        for name, legs in parts.items():
            misuse = _misuse(legs)
            if misuse is not None:
                leg, why = misuse
                end = ends(fabric, leg)[0]
                yield self.report(end.device, end.path, f"assembly {name}: {why}", actual=why, evidence=_labels(legs))


def _misuse(legs: list[Cable]) -> tuple[Cable, str] | None:
    """Say how the legs of one part contradict each other, and at which leg; None when they do not."""
    near = [_cage(leg.a_device, leg.a_port) for leg in legs]
    far = [_cage(leg.b_device, leg.b_port) for leg in legs]
    most = legs[0].ways
    if len(set(near)) > 1 and len(set(far)) > 1:
        cages = " and ".join(sorted({f"{device}:{cage}" for device, cage in near}))
        return legs[_odd(near)], f"its common end is in {cages}"
    # A straight part carries several slower links between two cages: what counts is the cages at its far side.
    spread = max(len(set(near)), len(set(far)))
    if most is not None and spread > most:
        return legs[-1], f"it goes to {spread} cages and has {most} end(s)"
    lengths = [leg.length_m for leg in legs]
    if len(set(lengths)) > 1:
        odd = _odd(lengths)
        return legs[odd], f"a leg of {lengths[odd]} m beside one of {lengths[0 if odd else 1]} m"
    return None


def _odd(values: list[tuple[str, str]] | list[float | None]) -> int:
    """Give the position of the value that is rarest; the last of those."""
    counts = [list(values).count(value) for value in values]
    return max(place for place, count in enumerate(counts) if count == min(counts))


def _cage(device: str, port: str) -> tuple[str, str]:
    """Give the cage that a port is in."""
    name = port_name(port)
    return device, name.parent if name else port


def _labels(legs: list[Cable]) -> tuple[str, ...]:
    """Name the links of a part."""
    return tuple(leg.label for leg in legs)
