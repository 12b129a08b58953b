"""Which rows of an inventory are the firmware of which component.

Components are known by what they are (Dell's number, PCI ids, FQDD), never by the URI, which holds the version and changes with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

from rackwright.catalog.firmware import FirmwareKind
from rackwright.plan.machines import Adapter, Machine
from rackwright.redfish.inventory import Inventory, Nic, Software

__all__ = ["Match", "matches"]

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")


class Match(NamedTuple):
    """One row, or an adapter's own word for its firmware, and whose it is."""

    subject: str
    """Adapter of the plan; empty: the server's own component, or an adapter that could not be told."""
    fqdd: str
    version: str
    evidence: str
    printed: str
    """The component's name as the BMC prints it."""
    port: int = 0
    """Number of the port that the row is about; 0: the whole adapter."""


def matches(machine: Machine, kind: FirmwareKind, adapters: Sequence[str], told: Inventory) -> tuple[Match, ...]:
    """Return the rows that hold the firmware of a kind; for adapters only of those named."""
    rows = [row for row in told.software if row.status == "installed" and _is(kind, row)]
    if not kind.nics:
        return tuple(Match("", row.fqdd, row.version, row.uri, row.name) for row in _shortest(rows))
    cards = [card for card in machine.adapters if card.nic in kind.nics]
    placed = _placed(cards, kind, told)
    found = [_at(row, placed) for row in rows]
    seen = {match.fqdd for match in found}
    for nic, card in placed:
        # An adapter tells its version itself; some BMCs have no row of their inventory for it.
        if nic.firmware and not any(fqdd == nic.fqdd or _below(fqdd, nic) for fqdd in seen):
            found.append(Match(card.name if card else "", nic.fqdd, nic.firmware, nic.fqdd, nic.model))
    found = _by_rest(found, cards)
    return tuple(match for match in found if match.subject in adapters or not match.subject)


def _is(kind: FirmwareKind, row: Software) -> bool:
    """Say whether a row is of a kind: by Dell's number, by PCI ids, or else by FQDD and printed name, as far as the kind tells them."""
    if row.software_id and row.software_id in kind.software_ids:
        return True
    ids = ":".join(row.pci)
    if row.pci[0] and kind.pci:
        return any(ids == wanted or ids.startswith(f"{wanted}:") for wanted in kind.pci)
    if kind.fqdds and not _fits(row.fqdd, kind.fqdds):
        return False
    if not kind.names:
        return bool(kind.fqdds)
    return any(fnmatchcase(row.name.lower(), pattern.lower()) for pattern in kind.names)


@lru_cache(1 << 14)
def _fits(fqdd: str, patterns: tuple[str, ...]) -> bool:
    """Say whether one of the patterns means an FQDD; machines are alike, and a rack asks this a hundred thousand times."""
    return any(fnmatchcase(fqdd, pattern) for pattern in patterns)


def _shortest(rows: Sequence[Software]) -> Iterator[Software]:
    """Yield the rows of distinct components: a BMC may list one of them twice."""
    seen: set[tuple[str, str]] = set()
    for row in rows:
        if (row.fqdd, row.version) not in seen:
            seen.add((row.fqdd, row.version))
            yield row


def _placed(cards: Sequence[Adapter], kind: FirmwareKind, told: Inventory) -> list[tuple[Nic, Adapter | None]]:
    """Return the adapters of the machine that carry a kind, each with the planned one that it is.

    Where neither MAC nor slot tells, the ordering number does: the first planned one of that model which nobody else is.
    """
    sure = [(nic, next((card for card in cards if _is_card(nic, card)), None)) for nic in told.nics]
    taken = {card.name for _, card in sure if card is not None}
    found: list[tuple[Nic, Adapter | None]] = []
    for nic, known in sure:
        card = known or next((card for card in cards if _may_be(nic, card) and card.name not in taken), None)
        if card is not None:
            taken.add(card.name)
        if card is not None or _carries(nic, kind, cards):
            found.append((nic, card))
    return found


def _is_card(nic: Nic, card: Adapter) -> bool:
    """Say whether an adapter is the planned one: by its MAC addresses, by its slot where no MAC is planned."""
    planned = {port.mac for port in card.ports if port.mac}
    real = {mac for port in nic.ports for mac in port.macs}
    if planned:
        return bool(planned & real)
    return card.slot is not None and nic.slot == card.slot


def _may_be(nic: Nic, card: Adapter) -> bool:
    """Say whether an adapter has the model of a planned one of which neither MAC nor slot is known."""
    unknown = card.slot is None and not any(port.mac for port in card.ports)
    return unknown and bool(nic.part) and nic.part in card.parts


def _carries(nic: Nic, kind: FirmwareKind, cards: Sequence[Adapter]) -> bool:
    parts = {part for card in cards for part in card.parts}
    if nic.part and nic.part in parts:
        return True
    return ":".join(nic.pci[:2]) in kind.pci


def _at(row: Software, placed: Sequence[tuple[Nic, Adapter | None]]) -> Match:
    macs = {mac.lower() for mac in _MAC.findall(row.name)}
    for nic, card in placed:
        port = next((port.number for port in nic.ports if port.fqdd == row.fqdd or macs & set(port.macs)), 0)
        if card is not None and (port or _below(row.fqdd, nic) or row.fqdd == nic.fqdd):
            return Match(card.name, row.fqdd, row.version, row.uri, row.name, port)
    return Match("", row.fqdd, row.version, row.uri, row.name)


def _below(fqdd: str, nic: Nic) -> bool:
    """Say whether an FQDD is that of a port or a function of an adapter."""
    return any(fqdd == port.fqdd for port in nic.ports) or fqdd.startswith(f"{nic.fqdd}-")


def _by_rest(found: list[Match], cards: Sequence[Adapter]) -> list[Match]:
    """Give rows without an adapter the ones that are left, in order, when there are as many of them as of rows."""
    taken = {match.subject for match in found}
    left = [card.name for card in cards if card.name not in taken]
    open_rows = [at for at, match in enumerate(found) if not match.subject]
    if left and len(left) == len(open_rows):
        for at, name in zip(open_rows, left, strict=True):
            found[at] = found[at]._replace(subject=name)
    return found
