"""What one change to a switch interrupts, told before anything is sent.

What each change interrupts, and what is known to interrupt nothing, is a table (:mod:`rackwright.diff.classes`). What no
row speaks of is ``unknown``, which is not ``none``. This is item 42 of the validator list (nvue.md 8.42); ``push`` asks
for a flag and for commit-confirm on everything that is not ``none``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

from rackwright.diff.classes import CLASSES, NEW, UNKNOWN, DisruptionClass, DisruptionKind, Newcomer
from rackwright.nvue.tree import get, natural_key

__all__ = ["CLEAR", "Disruption", "DisruptionKind", "Trees", "classify", "worst"]

Path = tuple[str, ...]
Tree = dict[str, Any]
ChangeKind = Literal["+", "~", "-"]

_LANES: Final = 8
"""Most ports that a cage is split into (nvue.md 3.2)."""

_RANK: Final[dict[DisruptionKind, int]] = {
    "none": 0,
    "unknown": 1,
    "port-flap": 2,
    "traffic-loss": 3,
    "session-reset": 4,
    "management": 5,
    "frr-restart": 6,
    "switchd-restart": 7,
}


@dataclass(frozen=True, slots=True)
class Disruption:
    """What a change interrupts; ``ports`` are the interfaces it touches, empty when it is all of them."""

    kind: DisruptionKind
    reason: str = ""
    source: str = ""
    ports: tuple[str, ...] = ()


CLEAR: Final = Disruption("none")
"""It is known that nothing is interrupted."""

_BEFORE_THE_CONTROL_PLANE: Final = Disruption(
    "management", "this ACL stands before the control plane", "nvue.md 3.7, 8.42"
)


@dataclass(frozen=True)
class Trees:
    """The expanded trees that changes lie between: they say what is new, what is unused, and what hangs on a path."""

    before: Tree
    after: Tree
    _carriers: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def is_free(self, path: Path, change: ChangeKind, newcomers: tuple[tuple[int, Newcomer], ...]) -> bool:
        """Tell whether a change touches only what was not there, or is shut."""
        for depth, row in newcomers:
            if row.port:
                return change == "+" and self._unused(path[depth - 1])
        if path[0] == "interface" and len(path) > 1 and path[1] in self._shut:
            return True
        return change == "+" and any(self._absent(path[:depth], beside=row.beside) for depth, row in newcomers)

    def only_presence(self, path: Path) -> bool:
        """Tell whether a path is there before and after, once empty and once not: it neither comes nor goes."""
        # The side that most often has nothing there is asked first.
        will = get(self.after, *path)
        was = get(self.before, *path) if isinstance(will, dict) else None
        return isinstance(was, dict) and bool(was) != bool(will)

    def carriers(self, vlan: str) -> tuple[str, ...]:
        """Name the ports that carry a VLAN before the change."""
        if vlan not in self._carriers:
            ports = [name for name, item in _at(self.before, "interface").items() if _carries(item, vlan)]
            self._carriers[vlan] = tuple(sorted(ports, key=natural_key))
        return self._carriers[vlan]

    @cached_property
    def _named(self) -> frozenset[str]:
        """Ports that a bond or a session uses, whether they have a stanza or not."""
        found: set[str] = set()
        for item in _at(self.before, "interface").values():
            found.update(_at(item, "bond", "member"))
        for vrf in _at(self.before, "vrf").values():
            found.update(_at(vrf, "router", "bgp", "neighbor"))
        return frozenset(found)

    def _absent(self, top: Path, *, beside: bool) -> bool:
        if get(self.before, *top) is not None or (beside and not _at(self.before, *top[:-1])):
            return False
        return top[0] != "interface" or len(top) > 2 or top[1] not in self._named

    def _unused(self, port: str) -> bool:
        return port in self._shut or self._absent(("interface", port), beside=False)

    @cached_property
    def _shut(self) -> frozenset[str]:
        """Interfaces that are admin down before the change."""
        ports = _at(self.before, "interface").items()
        return frozenset(name for name, item in ports if "down" in _at(item, "link", "state"))


def classify(path: Path, change: ChangeKind, trees: Trees) -> Disruption:
    """Tell what one changed leaf interrupts.

    ``path`` is the changed leaf of the expanded trees, ``change`` is ``+`` (only after), ``~`` or ``-`` (only before).
    """
    state = _state(path)
    if path[0] == "acl" and len(path) > 1 and _guards_the_way_in(path[1], trees):
        return _BEFORE_THE_CONTROL_PLANE
    found = state.always.get(change)
    if found is None:
        found = state.rest[change]
        if found.kind == "none" or trees.is_free(path, change, state.newcomers) or trees.only_presence(path):
            return CLEAR
    ports = _ports(found.kind, path, trees)
    return Disruption(found.kind, found.reason, found.source, ports) if ports else found


def worst(items: list[Disruption]) -> Disruption:
    """Give the disruption that interrupts most, the first of equals; ``none`` for an empty list."""
    return max(items, key=lambda item: _RANK[item.kind], default=CLEAR)


# --- the table as a machine that reads a path key by key --------------------------------------------------------------

_Row = DisruptionClass | Newcomer
_Open = tuple[tuple[int, tuple[str, ...], bool, _Row], ...]
"""How many keys of each row were read, its keys, whether more may follow, and the row."""


@dataclass(frozen=True, slots=True)
class _State:
    """What the rows say of the keys read so far, and where the next key leads; ``other`` is None where it leads nowhere else."""

    next: dict[str, _State]
    other: _State | None
    always: dict[str, Disruption]
    rest: dict[str, Disruption]
    newcomers: tuple[tuple[int, Newcomer], ...]


def _state(path: Path) -> _State:
    state = _start()
    for key in path:
        after = state.next.get(key, state.other)
        if after is None:
            break
        state = after
    return state


@lru_cache(maxsize=1)
def _start() -> _State:
    rows: list[tuple[int, tuple[str, ...], bool, _Row]] = [(0, row.keys, row.open_end, row) for row in CLASSES]
    rows += [(0, tuple(row.pattern.split(".")), True, row) for row in NEW]
    return _made(tuple(rows))


@lru_cache(maxsize=4096)
def _made(rows: _Open) -> _State:
    """Build the state in which these rows are open; each key read brings a row on, ends it, or stays behind its end."""
    on = [(at, keys) for at, keys, _, _ in rows if at < len(keys)]
    literal = {keys[at] for at, keys in on} - {"*"}
    ended = [row for at, keys, _, row in rows if at == len(keys)]
    stays = not on and all(end for _, _, end, _ in rows)
    return _State(
        next={key: _made(_read(rows, key)) for key in literal},
        other=None if stays else _made(_read(rows, "*")),
        always=_said([row for row in ended if isinstance(row, DisruptionClass) and row.always]),
        rest=_said([UNKNOWN, *(row for row in ended if isinstance(row, DisruptionClass) and not row.always)]),
        newcomers=tuple((len(keys), row) for at, keys, _, row in rows if at == len(keys) and isinstance(row, Newcomer)),
    )


def _read(rows: _Open, key: str) -> _Open:
    behind = [row for row in rows if row[0] == len(row[1]) and row[2]]
    on = [(at + 1, keys, end, row) for at, keys, end, row in rows if at < len(keys) and keys[at] in ("*", key)]
    return (*behind, *on)


def _said(rows: list[DisruptionClass]) -> dict[str, Disruption]:
    """Say for each kind of change which row counts: of those for always the worst, of others the one that says most."""
    found = {}
    for change in "+~-":
        row = max((row for row in rows if change in row.only), key=_weight, default=None)
        if row is not None:
            found[change] = Disruption(row.kind, row.reason, row.source)
    return found


def _weight(row: DisruptionClass) -> tuple[int, int, int]:
    if row is UNKNOWN:
        return (0, 0, 0)
    rank = _RANK[row.kind] if row.always else 0
    return (rank, len(row.keys), sum(key != "*" for key in row.keys))


# --- whom it hits -------------------------------------------------------------------------------------------------------


def _ports(kind: DisruptionKind, path: Path, trees: Trees) -> tuple[str, ...]:
    """Name the interfaces that a change of a port, a bond, a session or a VLAN touches; empty: all, or none can be named."""
    if kind in ("switchd-restart", "frr-restart", "management") or len(path) < 2:
        return ()
    if path[0] == "interface":
        return _ports_of(path, trees)
    if path[0] == "vrf" and path[2:5] == ("router", "bgp", "neighbor") and len(path) > 5:
        return (path[5],) if path[5] in _at(trees.before, "interface") else ()
    if path[0] == "bridge" and path[3:4] == ("vlan",) and len(path) > 4:
        return trees.carriers(path[4])
    return ()


def _ports_of(path: Path, trees: Trees) -> tuple[str, ...]:
    name = path[1]
    if path[2:4] == ("link", "breakout"):
        return _cage_ports(name, trees)
    if path[2:4] == ("bond", "member") and len(path) > 4:
        return (path[4],)
    if path[2:4] == ("bond", "mode"):
        members = {*_at(trees.before, *path[:2], "bond", "member"), *_at(trees.after, *path[:2], "bond", "member")}
        return (name, *sorted(members, key=natural_key))
    stanza = _at(trees.before, "interface", name)
    if stanza.get("type") == "svi" or "vlan" in stanza:
        return trees.carriers(str(stanza.get("vlan", name.removeprefix("vlan"))))
    return () if name == "lo" else (name,)


def _cage_ports(name: str, trees: Trees) -> tuple[str, ...]:
    """Name a cage, its sub-ports before and after, and the neighbour that the split shuts (nvue.md 3.2)."""
    old, new = _at(trees.before, "interface"), _at(trees.after, "interface")
    subs = {sub for sub in (f"{name}s{lane}" for lane in range(_LANES)) if sub in old or sub in new}
    modes = {*_at(old, name, "link", "breakout"), *_at(new, name, "link", "breakout")}
    number = name.removeprefix("swp")
    neighbour = f"swp{int(number) + 1}" if "8x" in modes and number.isdecimal() else ""
    shut = {neighbour} if neighbour in old or neighbour in new else set()
    return (name, *sorted(subs | shut, key=natural_key))


def _carries(item: object, vlan: str) -> bool:
    """Tell whether a port is in a VLAN; a bridge port without a list is in all (nvue.md 3.2)."""
    for domain in _at(item, "bridge", "domain").values():
        own = str(get(domain, "access", default=get(domain, "untagged", default="")))
        listed = _at(domain, "vlan")
        if own == vlan or vlan in listed or "all" in listed or ("access" not in domain and not listed):
            return True
    return False


def _guards_the_way_in(acl: str, trees: Trees) -> bool:
    """Tell whether an ACL is bound to the control plane, to eth0 or to the management VRF's interface."""
    for tree in (trees.before, trees.after):
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
