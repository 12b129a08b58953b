"""What one change to a switch interrupts, told before anything is sent.

The classes are data (:data:`CLASSES`): a pattern of the path, what happens, why, and who says so.
A change that no class speaks of is ``none``: no source says that it interrupts traffic. This is
item 42 of the validator list (nvue.md 8.42); ``push`` asks for a flag and for commit-confirm on
everything that is not ``none``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal

from rackwright.nvue.tree import natural_key

__all__ = ["CLASSES", "CLEAR", "Disruption", "DisruptionClass", "DisruptionKind", "classify", "worst"]

Path = tuple[str, ...]
Tree = dict[str, Any]
ChangeKind = Literal["+", "~", "-"]

DisruptionKind = Literal["switchd-restart", "frr-restart", "port-flap", "management", "none"]
"""``switchd-restart``: every port resets; ``frr-restart``: every BGP session drops; ``port-flap``: the
named ports lose their link; ``management``: the way in may be lost."""

_LANES: Final = 8
"""Most ports that a cage is split into (nvue.md 3.2)."""

_RANK: dict[DisruptionKind, int] = {"none": 0, "port-flap": 1, "management": 2, "frr-restart": 3, "switchd-restart": 4}


@dataclass(frozen=True, slots=True)
class Disruption:
    """What a change interrupts; ``ports`` are the interfaces it touches, empty when it is all of them."""

    kind: DisruptionKind
    reason: str = ""
    source: str = ""
    ports: tuple[str, ...] = ()


CLEAR = Disruption("none")
"""Nothing that a source speaks of is interrupted."""


@dataclass(frozen=True, slots=True)
class DisruptionClass:
    """One row: ``pattern`` is a path with ``*`` for one key; a trailing ``**`` takes any rest, also none."""

    pattern: str
    kind: DisruptionKind
    reason: str
    source: str
    only: str = "+~-"
    """The kinds of change that the row speaks of."""

    def fits(self, path: Path) -> bool:
        """Tell whether the row speaks of a path; keys may hold dots (addresses), so keys are compared, not text."""
        fixed, length, open_end = _keys(self.pattern)
        if len(path) < length or (len(path) > length and not open_end):
            return False
        # A loop and no all(): a push of a rack asks this millions of times.
        for at, want in fixed:  # noqa: SIM110 - see above
            if path[at] != want:
                return False
        return True


_AR = "NVUE of 5.12 restarts switchd when adaptive routing changes, so every port resets"
_BGP = "turning BGP on or off or changing its ASN restarts FRR, so every session drops"
_CAGE = "splitting or joining a cage takes its ports and a disabled neighbour cage down"
_LINK = "the link renegotiates"
_DOWN = "an interface without its stanza or its admin state goes down"
_IN = "the way in to the switch changes"
_KERNEL = "Linux bonding driver documentation"
_REF = "nvue.md 0.8, 8.42; NVUE reference, Adaptive Routing"
_BOND = "the kernel takes a port down to move it into or out of a bond"

CLASSES: tuple[DisruptionClass, ...] = (
    DisruptionClass(
        "evpn.multihoming.enable",
        "switchd-restart",
        "turning EVPN multihoming on or off restarts switchd, so every port resets",
        "nvue.md 0.8, 8.42",
    ),
    DisruptionClass("router.adaptive-routing.**", "switchd-restart", _AR, _REF),
    DisruptionClass(
        "interface.*.router.adaptive-routing.**",
        "switchd-restart",
        _AR,
        "nvue.md 3.6, 8.42; NVUE reference, Adaptive Routing",
    ),
    DisruptionClass(
        "system.global.reserved.vlan.**",
        "switchd-restart",
        "switchd reads the reserved VLAN ranges only when it starts",
        "nvue.md 8.42, 3.1",
    ),
    DisruptionClass("router.bgp.enable", "frr-restart", _BGP, "nvue.md 0.8, 8.42"),
    DisruptionClass("router.bgp.autonomous-system", "frr-restart", _BGP, "nvue.md 0.8, 8.42"),
    DisruptionClass("vrf.*.router.bgp.enable", "frr-restart", _BGP, "nvue.md 0.8, 8.42"),
    DisruptionClass("vrf.*.router.bgp.autonomous-system", "frr-restart", _BGP, "nvue.md 0.8, 8.42"),
    DisruptionClass("interface.*.link.breakout.**", "port-flap", _CAGE, "nvue.md 3.2, 8.14, RN-3362113"),
    DisruptionClass("interface.eth0.**", "management", _IN, "nvue.md 8.42, 3.2"),
    DisruptionClass("vrf.mgmt.**", "management", _IN, "nvue.md 8.42"),
    DisruptionClass("system.control-plane.acl.**", "management", _IN, "nvue.md 8.42, 3.7"),
    DisruptionClass("system.ssh-server.**", "management", _IN, "nvue.md 8.39"),
    DisruptionClass("system.api.**", "management", _IN, "nvue.md 8.39"),
    DisruptionClass("system.aaa.authentication-order.**", "management", "who may log in changes", "nvue.md 8.39"),
    DisruptionClass("system.aaa.user.*.hashed-password", "management", "who may log in changes", "nvue.md 8.39", "~-"),
    DisruptionClass("system.aaa.user.*.password", "management", "who may log in changes", "nvue.md 8.39", "~-"),
    DisruptionClass("system.aaa.user.*.role", "management", "who may log in changes", "nvue.md 8.39", "~-"),
    DisruptionClass("system.aaa.user.*.ssh.**", "management", "who may log in changes", "nvue.md 8.39", "~-"),
    DisruptionClass("interface.*.link.speed", "port-flap", _LINK, "nvue.md 3.2, RN-3877516"),
    DisruptionClass("interface.*.link.auto-negotiate", "port-flap", _LINK, "nvue.md 3.2"),
    DisruptionClass("interface.*.link.fec", "port-flap", _LINK, "nvue.md 3.2"),
    DisruptionClass("interface.*.link.state.down.**", "port-flap", "the port is taken down", "nvue.md 3.2", "+~"),
    DisruptionClass("interface.*.link.state.up.**", "port-flap", _DOWN, "nvue.md 6.2, RN-4030380", "-"),
    DisruptionClass("interface.*.type", "port-flap", _DOWN, "nvue.md 6.2, RN-4030380", "-"),
    DisruptionClass("interface.*.bond.member.**", "port-flap", _BOND, _KERNEL),
    DisruptionClass("interface.*.bond.mode", "port-flap", "the bond is built anew", _KERNEL),
)
"""Every class; of two that fit, the one that interrupts more counts."""


def classify(path: Path, change_kind: ChangeKind, tree_before: Tree, tree_after: Tree) -> Disruption:
    """Tell what one changed leaf interrupts.

    ``path`` is the changed leaf of the expanded trees, ``change_kind`` is ``+`` (only after), ``~``
    or ``-`` (only before). The trees say what hangs on the path: the sub-ports of a cage, the
    members of a bond, where an ACL is bound.
    """
    # Ports are many and alike: a name that no row speaks of is left out, so that each question is asked once for all.
    alike = path if len(path) < 2 or path[1] in _NAMED else (path[0], "*", *path[2:])
    row = _worst_row(alike, change_kind)
    found = CLEAR
    if row is not None:
        found = Disruption(row.kind, row.reason, row.source, _ports(row, path, tree_before, tree_after))
    if path[:1] == ("acl",) and len(path) > 1 and _guards_the_way_in(path[1], tree_before, tree_after):
        return worst([found, Disruption("management", "this ACL stands before the control plane", "nvue.md 3.7, 8.42")])
    return found


def worst(items: list[Disruption]) -> Disruption:
    """Give the disruption that interrupts most, the first of equals; ``none`` for an empty list."""
    return max(items, key=lambda item: _RANK[item.kind], default=CLEAR)


_NAMED: Final = frozenset(key for row in CLASSES for key in row.pattern.split("."))
"""The keys that rows speak of."""


@lru_cache(maxsize=8192)
def _worst_row(path: Path, change_kind: ChangeKind) -> DisruptionClass | None:
    """Give the row that speaks of a change and interrupts most, the first of equals."""
    found = [row for row in _by_first().get(path[:1], ()) if change_kind in row.only and row.fits(path)]
    return max(found, key=lambda row: _RANK[row.kind], default=None)


@lru_cache(maxsize=1)
def _by_first() -> dict[Path, tuple[DisruptionClass, ...]]:
    """Sort the rows by the first key of their paths, which none leaves open."""
    found: dict[Path, tuple[DisruptionClass, ...]] = {}
    for row in CLASSES:
        first = (row.pattern.partition(".")[0],)
        found[first] = (*found.get(first, ()), row)
    return found


@lru_cache(maxsize=64)
def _keys(pattern: str) -> tuple[tuple[tuple[int, str], ...], int, bool]:
    """Return the keys that are not ``*``, the last first since it tells most, how many keys there are, and whether more may follow."""
    keys = pattern.removesuffix(".**").split(".")
    fixed = tuple((at, key) for at, key in enumerate(keys) if key != "*")
    return fixed[::-1], len(keys), pattern.endswith(".**")


def _ports(row: DisruptionClass, path: Path, before: Tree, after: Tree) -> tuple[str, ...]:
    """Name the interfaces that a change of a port or of a bond touches."""
    if row.kind != "port-flap":
        return ()
    name = path[1]
    if "breakout" in path:
        return _cage_ports(name, before, after)
    if path[2:4] == ("bond", "member") and len(path) > 4:
        return (path[4],)
    if path[2:4] == ("bond", "mode"):
        members = {*_at(before, "interface", name, "bond", "member"), *_at(after, "interface", name, "bond", "member")}
        return (name, *sorted(members, key=natural_key))
    return (name,)


def _cage_ports(name: str, before: Tree, after: Tree) -> tuple[str, ...]:
    """Name a cage, its sub-ports before and after, and the neighbour that the split shuts (nvue.md 3.2)."""
    old, new = _at(before, "interface"), _at(after, "interface")
    subs = {sub for sub in (f"{name}s{lane}" for lane in range(_LANES)) if sub in old or sub in new}
    modes = {*_at(before, "interface", name, "link", "breakout"), *_at(after, "interface", name, "link", "breakout")}
    number = name.removeprefix("swp")
    neighbour = f"swp{int(number) + 1}" if "8x" in modes and number.isdecimal() else ""
    shut = {neighbour} if neighbour in old or neighbour in new else set()
    return (name, *sorted(subs | shut, key=natural_key))


def _guards_the_way_in(acl: str, before: Tree, after: Tree) -> bool:
    """Tell whether an ACL is bound to the control plane, to eth0 or to the management VRF's interface."""
    for tree in (before, after):
        if acl in _at(tree, "system", "control-plane", "acl"):
            return True
        if any(acl in _at(tree, "interface", name, "acl") for name in ("eth0", "mgmt")):
            return True
    return False


def _at(tree: object, *path: str) -> Tree:
    """Give the mapping at a path, or an empty one."""
    for key in path:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}
