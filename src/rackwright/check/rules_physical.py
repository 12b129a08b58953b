"""Ports, breakouts, lanes and speeds: items 8 to 12 of the validator list."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rackwright.check.hardware import Cage, Hardware
from rackwright.check.interfaces import Breakout, port_name
from rackwright.check.model import DiffRule, Fabric, FileRule
from rackwright.check.view import View
from rackwright.findings import Finding

__all__ = [
    "BreakoutNotAllowed",
    "BreakoutWithDependents",
    "FecAuto",
    "LanesExceeded",
    "LogicalPorts",
    "NeighbourCage",
    "PortAbsent",
    "SpeedExceedsLanes",
    "SpeedForced",
    "SplitParentUsed",
    "SubportWithoutBreakout",
    "gbps",
    "port_lanes",
    "ways",
]

_PORT_USES = ("ip", "bridge", "router", "evpn", "acl", "vlan")
"""Settings that make an interface a port of traffic; a split cage has none of its own."""

_SPEED = re.compile(r"(\d+)([MG])\Z")
_WAYS = re.compile(r"(\d)x")


def gbps(speed: object) -> float | None:
    """Read ``400G`` or ``10M`` in Gb/s; None for ``auto`` and what is no speed."""
    hit = _SPEED.match(str(speed))
    if hit is None:
        return None
    return int(hit[1]) if hit[2] == "G" else int(hit[1]) / 1000


def ways(split: Breakout | None) -> int:
    """Give the sub-ports a breakout makes: 0 without one (or disabled), and 2 for the old ``2x400G`` too."""
    if split is None:
        return 0
    if split.ways is not None:
        return split.ways if split.ways > 1 else 0
    # A mode of before 5.4 is a finding of its own; its sub-ports need not be reported one by one as well.
    hit = _WAYS.match(split.mode)
    return int(hit[1]) if hit else 0


def port_lanes(view: View, name: str) -> tuple[Cage, int] | None:
    """Give the cage and the lanes of a logical port; None when the model or the port is unknown.

    The port need not have a stanza of its own: a sub-port exists as soon as its cage is split.
    """
    port = port_name(name)
    cage = view.hardware.cages.get(port.cage) if view.hardware and port else None
    if cage is None or port is None:
        return None
    split = view.breakouts.get(port.cage)
    if port.sub is None or split is None:
        return cage, cage.lanes
    row = cage.breakouts.get(split.mode)
    return cage, split.lanes or (row.lanes_per_port if row else cage.lanes // max(1, ways(split)))


def _cages(view: View) -> Iterator[tuple[Hardware, Cage, Breakout]]:
    """Give each breakout with the cage it is on; a cage that the model lacks is PortAbsent's business."""
    facts = view.hardware
    if facts is None:
        return
    for split in view.breakouts.values():
        cage = facts.cages.get(split.cage)
        if cage is not None:
            yield facts, cage, split


class PortAbsent(FileRule):
    """Every front-panel port that is configured exists on the switch model.

    Passes: swp1-65 on an SN5600, swp1-52 on an SN2201, and their sub-ports. Fails: any other swp; NVUE
    accepts it and does nothing.
    """

    id = "NVUE-PORT-ABSENT"
    item = "nvue.md 8.8"
    title = "Port does not exist on this model"
    severity = "error"
    remedy = "remove the port, or correct its number or the model"
    source = "RN-4309876; nvue.md 3.2"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare the ports with the cages of the model."""
        facts = view.hardware
        if facts is None:
            return
        for group in (view.index.swps, view.index.subports):
            for entry in group.values():
                if entry.port is not None and entry.port.cage not in facts.cages:
                    yield self.fail(
                        view,
                        entry.path,
                        f"{entry.name} does not exist on {facts.name}",
                        expected=facts.ports,
                        actual=entry.name,
                    )


class SubportWithoutBreakout(FileRule):
    """Every sub-port that is configured is made by the breakout of its cage.

    Passes: swp1s0 and swp1s1 under ``breakout 2x``. Fails: a sub-port whose cage has no breakout, a
    smaller one, or is disabled; NVUE accepts it and the port never appears.
    """

    id = "NVUE-SUBPORT-WITHOUT-BREAKOUT"
    item = "nvue.md 8.9"
    title = "Sub-port without a breakout"
    severity = "error"
    remedy = "split the cage into enough sub-ports, or remove the sub-port"
    source = "RN-4309876; nvue.md 0.7"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare each cage's sub-ports with its breakout."""
        for cage, entries in view.index.subports_of.items():
            split = view.breakouts.get(cage)
            made = ways(split)
            for entry in entries:
                if entry.port is None or entry.port.sub is None or entry.port.sub < made:
                    continue
                said = f"{split.name} has breakout {split.mode}" if split else f"swp{cage} has no breakout"
                yield self.fail(
                    view,
                    entry.path,
                    f"{entry.name} is configured, but {said}",
                    expected=f"swp{cage} split into at least {entry.port.sub + 1}",
                    actual=split.mode if split else "no breakout",
                )


class SplitParentUsed(FileRule):
    """A cage that is split or disabled carries no traffic settings of its own.

    Passes: a split cage with link settings only. Fails: an address, bridge, routing, EVPN or ACL setting
    on it, membership in a bond, or a BGP neighbor over it.
    """

    id = "NVUE-SPLIT-PARENT-USED"
    item = "nvue.md 8.9"
    title = "Split or disabled cage used as a port"
    severity = "error"
    remedy = "move the setting to a sub-port, or remove the breakout"
    source = "nvue.md 8.9"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the cages whose own interface does not exist once the breakout is applied."""
        for split in view.breakouts.values():
            if split.ways == 1:
                continue
            entry = view.interfaces[split.name]
            used = [key for key in _PORT_USES if key in entry.tree]
            for key in used:
                yield self._used(view, split, (*entry.path, key), f"has {key} settings")
            for bond in view.bonds_of.get(split.name, ()):
                yield self._used(
                    view, split, ("interface", bond, "bond", "member", split.name), f"is a member of {bond}"
                )
        for neighbor in view.neighbors:
            hit = view.interfaces.get(neighbor.name)
            split_of = view.breakouts.get(hit.port.cage) if hit and hit.port and hit.port.sub is None else None
            if split_of is not None and split_of.ways != 1:
                yield self._used(view, split_of, neighbor.path, f"is a BGP neighbor in VRF {neighbor.vrf}")

    def _used(self, view: View, split: Breakout, path: tuple[str, ...], how: str) -> Finding:
        """Say how a split cage is used."""
        state = "disabled" if split.ways == 0 else f"split {split.mode}"
        return self.fail(view, path, f"{split.name} is {state} and {how}")


class BreakoutNotAllowed(FileRule):
    """Each breakout is one that its cage can do.

    Passes: 2x and 4x on the 64 OSFP cages of an SN5600, 8x on the odd ones, 2x and 4x on swp49-52 of an
    SN2201, ``disabled`` on any cage that splits. Fails: a breakout on swp65 or on a copper port, 8x on an
    even cage, a mode the cage does not have, two modes at once.
    """

    id = "NVUE-BREAKOUT-NOT-ALLOWED"
    item = "nvue.md 8.10"
    title = "Breakout is not possible on this cage"
    severity = "error"
    remedy = "choose a breakout that the cage has, or another cage"
    source = "nvue.md 3.2 (Switch Port Attributes)"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare each breakout with the catalog's row of its cage."""
        for facts, cage, split in _cages(view):
            if len(split.modes) > 1:
                yield self._not(
                    view, split, f"has {len(split.modes)} breakouts at once: {', '.join(split.modes)}", cage
                )
            elif not cage.splits:
                yield self._not(view, split, f"of {facts.name} cannot be split", cage)
            elif split.ways not in (0, 1, None) and split.mode not in cage.breakouts:
                yield self._not(view, split, f"of {facts.name} cannot do {split.mode}", cage)

    def _not(self, view: View, split: Breakout, why: str, cage: Cage) -> Finding:
        """Say why a breakout cannot be."""
        allowed = ", ".join(sorted(cage.breakouts)) if cage.splits else "no breakout"
        return self.fail(view, split.path, f"{split.name} {why}", expected=allowed, actual=", ".join(split.modes))


class NeighbourCage(FileRule):
    """The cage after one that is split 8x is disabled.

    Passes: ``swp55 breakout 8x`` with ``swp56 breakout disabled``. Fails: the next cage says anything else
    or nothing; its lanes are taken.
    """

    id = "NVUE-NEIGHBOUR-CAGE"
    item = "nvue.md 8.10"
    title = "Cage beside an 8x split is not disabled"
    severity = "error"
    remedy = "set `link breakout disabled` on the neighbouring cage and take everything else off it"
    source = "nvue.md 3.2 (Switch Port Attributes; NVIDIA ERA exports)"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the neighbour of each split that takes its lanes."""
        for _, cage, split in _cages(view):
            row = cage.breakouts.get(split.mode)
            if row is None or not row.disables_next:
                continue
            beside = view.breakouts.get(split.cage + 1)
            if beside is None or beside.ways != 0:
                name = f"swp{split.cage + 1}"
                said = f"has breakout {beside.mode}" if beside else "is not disabled"
                yield self.fail(
                    view,
                    ("interface", name, "link", "breakout"),
                    f"{split.name} is split {split.mode}, but {name} {said}",
                    expected="disabled",
                    actual=beside.mode if beside else "no breakout",
                )


class LanesExceeded(FileRule):
    """Sub-ports times lanes fit the cage.

    Passes: 2x with 4 lanes, 4x with 2 or 1, 8x with 1 on an 8-lane cage. Fails: more lanes than the cage has.
    """

    id = "NVUE-LANES-EXCEEDED"
    item = "nvue.md 8.11"
    title = "Breakout wants more lanes than the cage has"
    severity = "error"
    remedy = "lower lanes-per-port or the number of sub-ports"
    source = "nvue.md 3.2 (Switch Port Attributes)"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Multiply and compare."""
        for _, cage, split in _cages(view):
            if split.lanes is not None and split.ways and split.ways * split.lanes > cage.lanes:
                yield self.fail(
                    view,
                    (*split.path, "lanes-per-port"),
                    f"{split.name}: {split.mode} of {split.lanes} lanes are {split.ways * split.lanes} lanes",
                    expected=f"at most {cage.lanes} lanes",
                    actual=f"{split.ways * split.lanes} lanes",
                )


class SpeedExceedsLanes(FileRule):
    """A speed that is set fits the lanes of its port.

    Passes: 400G on a 4-lane sub-port of 100G lanes. Fails: 400G on the 2 lanes of a 4x split, anything over
    100G on an SN2201.
    """

    id = "NVUE-SPEED-EXCEEDS-LANES"
    item = "nvue.md 8.11"
    title = "Speed is more than the lanes carry"
    severity = "error"
    remedy = "lower the speed, or split the cage into fewer ports"
    source = "nvue.md 3.2, 8.11"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare each speed that is set with lanes times the lane rate."""
        for name, link in view.index.links.items():
            speed = gbps(link.get("speed"))
            facts = port_lanes(view, name) if speed is not None else None
            if facts is None or speed is None:
                continue
            cage, lanes = facts
            most = lanes * cage.lane_gbps
            if speed > most:
                yield self.fail(
                    view,
                    ("interface", name, "link", "speed"),
                    f"{name} has {lanes} lane(s) of {cage.lane_gbps}G and is set to {link['speed']}",
                    expected=f"at most {most}G",
                    actual=str(link["speed"]),
                )


class LogicalPorts(FileRule):
    """The switch has no more logical ports than its ASIC can keep.

    Passes: 64 cages split 4x on an SN5600 (256). Fails: more than the catalog's limit, counting a cage
    without a breakout as one and a disabled one as none.
    """

    id = "NVUE-LOGICAL-PORTS"
    item = "nvue.md 8.11"
    title = "More logical ports than the switch can have"
    severity = "error"
    remedy = "split fewer cages, or disable those that are not used"
    source = "nvue.md 3.2 (Switch Port Attributes)"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Count the ports that the cages give."""
        facts = view.hardware
        if facts is None or not view.breakouts:
            return
        total = sum(_ports_of(view.breakouts.get(number)) for number in facts.cages)
        if total > facts.max_logical_ports:
            yield self.fail(
                view,
                ("interface",),
                f"the breakouts make {total} logical ports",
                expected=f"at most {facts.max_logical_ports}",
                actual=str(total),
                evidence=tuple(f"{split.name} {split.mode}" for split in view.breakouts.values() if ways(split) > 1),
            )


def _ports_of(split: Breakout | None) -> int:
    """Count the logical ports of one cage."""
    if split is None:
        return 1
    return split.ways if split.ways is not None else ways(split)


class SpeedForced(FileRule):
    """No speed is forced on a PAM4 link between NVIDIA devices.

    Passes: no ``link speed``, ``auto``, or a speed whose lanes run NRZ (25G and below). Fails: a speed on
    PAM4 lanes, where it turns auto-negotiation off and the link stays down. With the cabling given, a
    port toward a foreign device (one that is neither a switch nor a known NIC) is left alone.
    """

    id = "NVUE-SPEED-FORCED"
    item = "nvue.md 8.12"
    title = "Speed forced on a PAM4 link"
    severity = "warning"
    remedy = "remove `link speed` (and `auto-negotiate off`); both ends negotiate"
    source = "RN-3877516, RN-3347538; nvue.md 0.5"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every port with a speed or without auto-negotiation."""
        for name, link in view.index.links.items():
            key = "speed" if gbps(link.get("speed")) is not None else "auto-negotiate"
            if (key == "auto-negotiate" and link.get(key) != "off") or not _pam4(view, name, link):
                continue
            far = fabric.far_ends.get((view.name, name))
            if far is not None and far[0] not in fabric.devices and fabric.far_host(view.name, name) is None:
                continue
            yield self.fail(
                view,
                ("interface", name, "link", key),
                f"{name} runs PAM4 lanes and has {key} {link[key]}",
                expected="auto-negotiation",
                actual=f"{key} {link[key]}",
            )


def _pam4(view: View, name: str, link: dict[str, object]) -> bool:
    """Tell whether a port runs PAM4 lanes: the cage can, and the speed is more than 25G a lane."""
    facts = port_lanes(view, name)
    if facts is None or facts[0].modulation != "pam4":
        return False
    speed = gbps(link.get("speed"))
    return speed is None or speed / facts[1] > 25


class FecAuto(FileRule):
    """``fec auto`` is not written; it is the default, and written it flaps the link on every reload.

    Passes: no ``link fec``, or another value. Fails: ``link fec auto``.
    """

    id = "NVUE-FEC-AUTO"
    item = "nvue.md 8.12"
    title = "FEC auto is set explicitly"
    severity = "warning"
    remedy = "remove `link fec`; auto is the default"
    source = "nvue.md 3.2 (Switch Port Attributes)"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every link setting."""
        for name, link in view.index.links.items():
            if link.get("fec") == "auto":
                yield self.fail(view, ("interface", name, "link", "fec"), f"{name} sets fec auto", actual="auto")


class BreakoutWithDependents(DiffRule):
    """A breakout is not changed in one apply with what stands on its sub-ports.

    Passes: breakouts alone first, then the rest. Fails: both in one revision, which NVUE refuses. A file
    cannot show it: ``diff`` orders the two steps.
    """

    id = "DIFF-BREAKOUT-WITH-DEPENDENTS"
    item = "nvue.md 8.14"
    title = "Breakout and its sub-ports change in one apply"
    severity = "error"
    remedy = "apply the breakouts first, then the rest"
    source = "RN-3362113"
