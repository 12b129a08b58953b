"""What a set of changes interrupts: ports, and through the plan's links the servers, GPUs and rails behind them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from rackwright.diff import Change
from rackwright.plan.model import Link, Plan

__all__ = ["Impact", "Interruption", "Interrupts", "impact_of"]

_SUB_PORT: Final = re.compile(r"(swp\d+)s\d+")
_EVERY_PORT: Final = frozenset({"switchd-restart", "frr-restart"})
_EVERY_PORT_UNLESS_NAMED: Final = frozenset({"session-reset", "traffic-loss"})


class Interruption(msgspec.Struct, frozen=True, omit_defaults=True):
    """One kind of interruption; ``ports`` are empty where it is every port, or none can be named (``management``, ``unknown``)."""

    kind: str
    reasons: tuple[str, ...]
    ports: tuple[str, ...] = ()


class Impact(msgspec.Struct, frozen=True, omit_defaults=True):
    """What pushing to one switch interrupts, the worst first; empty: it is known that nothing is."""

    interruptions: tuple[Interruption, ...] = ()
    hosts: tuple[str, ...] = ()
    """Servers and storage nodes behind the ports."""
    gpus: tuple[str, ...] = ()
    """``server/rail`` of each GPU whose own link is among them."""
    rails: tuple[int, ...] = ()
    fabric_links: int = 0
    """Links to other switches."""

    def __bool__(self) -> bool:
        return bool(self.interruptions)


@dataclass(frozen=True)
class Interrupts:
    """The plan's links by switch port, looked up once for all switches."""

    plan: Plan

    @cached_property
    def links(self) -> dict[str, dict[str, Link]]:
        """Links of each switch by its port."""
        found: dict[str, dict[str, Link]] = {switch.name: {} for switch in self.plan.switches}
        for link in self.plan.links:
            for end in (link.a, link.b):
                if end.device in found:
                    found[end.device][end.port] = link
        return found

    @cached_property
    def members(self) -> dict[str, dict[str, tuple[str, ...]]]:
        """Members of the bonds of each switch."""
        return {switch.name: {bond.name: bond.members for bond in switch.bonds} for switch in self.plan.switches}

    @cached_property
    def hosts(self) -> frozenset[str]:
        """Everything that is a host."""
        return frozenset(device.name for device in self.plan.devices if device.role in ("server", "storage"))


_RANK: Final = (
    "switchd-restart", "frr-restart", "management", "session-reset", "traffic-loss", "port-flap", "unknown",
)  # fmt: skip


def impact_of(device: str, changes: Iterable[Change], interrupts: Interrupts) -> Impact:
    """Tell what changes to one switch interrupt, and who is behind it."""
    by: dict[str, list[Change]] = {}
    for change in changes:
        if change.disruption.kind != "none":
            by.setdefault(change.disruption.kind, []).append(change)
    kinds = sorted(by, key=_RANK.index)
    found = tuple(_interruption(kind, by[kind]) for kind in kinds)
    links = interrupts.links.get(device, {})
    touched = set(links) if any(map(_everywhere, found)) else _ports(device, found, interrupts)
    behind = [link for port, link in links.items() if touched & {port, _cage(port)}]
    return _behind(device, found, behind, interrupts.hosts)


def _cage(port: str) -> str:
    found = _SUB_PORT.fullmatch(port)
    return found[1] if found else port


def _everywhere(item: Interruption) -> bool:
    return item.kind in _EVERY_PORT or (item.kind in _EVERY_PORT_UNLESS_NAMED and not item.ports)


def _interruption(kind: str, changes: Sequence[Change]) -> Interruption:
    reasons = tuple(dict.fromkeys(change.disruption.reason for change in changes))
    if kind in _EVERY_PORT_UNLESS_NAMED and not all(change.disruption.ports for change in changes):
        return Interruption(kind, reasons)
    ports = dict.fromkeys(port for change in changes for port in change.disruption.ports)
    return Interruption(kind, reasons, tuple(ports))


def _ports(device: str, found: Iterable[Interruption], interrupts: Interrupts) -> set[str]:
    members = interrupts.members.get(device, {})
    named = {port for item in found for port in item.ports}
    return named.union(*(members.get(name, ()) for name in named))


def _behind(device: str, found: tuple[Interruption, ...], links: Iterable[Link], hosts: frozenset[str]) -> Impact:
    behind: dict[str, None] = {}
    gpus: dict[str, None] = {}
    rails: set[int] = set()
    fabric = 0
    for link in links:
        other = link.b.device if link.a.device == device else link.a.device
        if other not in hosts:
            fabric += link.kind not in ("pdu", "external")
            continue
        behind[other] = None
        if link.rail:
            gpus[f"{other}/{link.rail}"] = None
            rails.add(link.rail)
    return Impact(found, tuple(behind), tuple(gpus), tuple(sorted(rails)), fabric)
