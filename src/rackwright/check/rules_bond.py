"""Bond members: item 15 of the validator list."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.interfaces import port_name
from rackwright.check.model import Fabric, FileRule
from rackwright.check.rules_physical import gbps, port_lanes, ways
from rackwright.check.view import View
from rackwright.findings import Finding

__all__ = ["BondMemberConfigured", "BondMemberMissing", "BondMemberSpeeds", "BondMemberTwice"]

_OWN = ("ip", "bridge", "router", "evpn", "vlan", "bond")
"""What a bond carries and its members must not."""


class BondMemberMissing(FileRule):
    """Every member of a bond exists, and a bond has members.

    Passes: members that are ports of the model or sub-ports that a breakout makes. Fails: a bond without
    members, a member that the switch does not have, a sub-port without its breakout, a bond or SVI as member.
    """

    id = "NVUE-BOND-MEMBER-MISSING"
    item = "nvue.md 8.15"
    title = "Bond member does not exist"
    severity = "error"
    remedy = "name an existing port, or split its cage"
    source = "nvue.md 8.15, RN-4309876"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every member of every bond."""
        for name, bond in view.bonds.items():
            path = ("interface", name, "bond", "member")
            if not bond.members:
                yield self.fail(view, path, f"{name} has no member", expected="at least one member", actual="none")
            for member in bond.members:
                why = _absent(view, member)
                if why:
                    yield self.fail(view, (*path, member), f"{name} has member {member}, {why}", actual=member)


def _absent(view: View, member: str) -> str:
    """Say why a member cannot be there; empty when it can."""
    port = port_name(member)
    if port is None:
        known = view.interfaces.get(member)
        if known is None:
            return "which is no interface of this switch"
        return f"which is a {known.role}" if known.role in ("bond", "svi", "loopback") else ""
    facts = view.hardware
    if facts is not None and port.cage not in facts.cages:
        return f"which {facts.name} does not have"
    if port.sub is not None and port.sub >= ways(view.breakouts.get(port.cage)):
        return f"but {port.parent} is not split into {port.sub + 1}"
    return ""


class BondMemberTwice(FileRule):
    """A port is a member of one bond.

    Passes: each port in at most one bond. Fails: a port that two bonds claim.
    """

    id = "NVUE-BOND-MEMBER-TWICE"
    item = "nvue.md 8.15"
    title = "Port is a member of two bonds"
    severity = "error"
    remedy = "leave the port in one bond"
    source = "nvue.md 8.15"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at who claims each member."""
        for member, bonds in view.bonds_of.items():
            for bond in bonds[1:]:
                yield self.fail(
                    view,
                    ("interface", bond, "bond", "member", member),
                    f"{member} is a member of {' and '.join(bonds)}",
                    expected=f"a member of {bonds[0]} only",
                    actual=", ".join(bonds),
                )


class BondMemberConfigured(FileRule):
    """A bond member has no traffic settings of its own.

    Passes: link and QoS settings on a member. Fails: an address, VRF, bridge, routing or EVPN setting on it;
    the bond carries those.
    """

    id = "NVUE-BOND-MEMBER-CONFIGURED"
    item = "nvue.md 8.15"
    title = "Bond member has settings of its own"
    severity = "error"
    remedy = "move the setting to the bond"
    source = "nvue.md 8.15"
    needs = ("interfaces",)

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the entry of every member."""
        for member, bonds in view.bonds_of.items():
            entry = view.interfaces.get(member)
            if entry is None or entry.role not in ("swp", "sub-port", "eth"):
                continue
            for key in _OWN:
                # Adaptive routing on a member is item 35's finding, with the reason why it does nothing there.
                if key in entry.tree and not (key == "router" and set(entry.tree[key]) <= {"adaptive-routing"}):
                    yield self.fail(
                        view,
                        (*entry.path, key),
                        f"{member} is a member of {bonds[0]} and has {key} settings of its own",
                    )


class BondMemberSpeeds(FileRule):
    """All members of a bond have one speed.

    Passes: members of equal lanes and equal `link speed`. Fails: a 400G and a 200G sub-port in one bond, or
    different speeds set.
    """

    id = "NVUE-BOND-MEMBER-SPEEDS"
    item = "nvue.md 8.15"
    title = "Bond members differ in speed"
    severity = "error"
    remedy = "use ports of one speed in a bond"
    source = "nvue.md 8.15"
    needs = ("interfaces", "model")

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Compare the speeds of each bond's members with the first one's."""
        for name, bond in view.bonds.items():
            if len(bond.members) < 2:
                continue
            speeds = {member: speed for member in bond.members if (speed := _speed(view, member)) is not None}
            first = next(iter(speeds.values()), None)
            for member, speed in speeds.items():
                if speed != first:
                    yield self.fail(
                        view,
                        ("interface", name, "bond", "member", member),
                        f"{name} bonds ports of {', '.join(f'{port} {rate:g}G' for port, rate in speeds.items())}",
                        expected=f"{first:g}G",
                        actual=f"{speed:g}G",
                    )


def _speed(view: View, name: str) -> float | None:
    """Give the speed that a port is set to, else the greatest that its lanes carry."""
    stated = gbps(view.index.links.get(name, {}).get("speed"))
    if stated is not None:
        return stated
    facts = port_lanes(view, name)
    return facts[0].lane_gbps * facts[1] if facts else None
