"""Place words of a rack: ``gpu[1-4]@2``, ``fe@30``, ``gpu[*4]@2``, and the devices that they mean.

A word is ``WHAT@UNIT``: what stands from that unit upwards, one above the other. WHAT is a group, the
stem of switch names (``fe`` of fe01, fe02), or a device; in brackets the numbers in it. For racks given
by a range the numbers run on rack after rack: ``gpu[1-4]@2`` under ``r[001-256]`` puts 1-4 into r001,
5-8 into r002. ``gpu[*4]@2`` says the same without a first number: the next four that no word took before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from rackwright.intent.models import Fabric, Site
from rackwright.intent.ranges import expand
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device
from rackwright.plan.nodes import group_names

__all__ = ["Named", "Names", "Slot", "Word", "WordFault", "parse"]

_WORD = re.compile(r"(?P<what>[^@]+)@(?P<unit>[0-9]+)")
_NUMBERED = re.compile(r"(?P<stem>[^\[\]]+)\[(?P<inside>[0-9,\-]+|\*[0-9]+)\]")
_DIGITS = re.compile(r"[0-9]+$")


class WordFault(ValueError):
    """A place word that means nothing here; the message says what is wrong, ``remedy`` what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        """Keep both halves of what the user is told."""
        super().__init__(message)
        self.remedy = remedy


@dataclass(frozen=True)
class Word:
    """A place word, taken apart."""

    text: str
    what: str
    """Group, stem or device, without brackets."""
    unit: int
    numbers: tuple[int, ...] = ()
    """Numbers in the brackets; empty: none were written."""
    each: int = 0
    """``[*4]``: how many a rack; 0: not this form."""


@dataclass(frozen=True)
class Slot:
    """One device, or the room of one that does not stand (yet, or no more)."""

    name: str
    model: str
    stands: bool = True
    machine: str = ""
    """Name that the machine has, or will have, where it does not stand."""


@dataclass
class Named:
    """What a group or a stem holds, by number."""

    slots: dict[int, Slot] = field(default_factory=dict)
    cursor: int = 1
    """First number that no word took so far."""
    kept: frozenset[int] = frozenset()
    """Numbers that ``[*n]`` once gave a place: they have it still."""


def parse(text: str) -> Word:
    """Return a place word; raises WordFault when it has not the shape ``WHAT@UNIT``."""
    found = _WORD.fullmatch(text.strip())
    if not found or int(found["unit"]) < 1:
        raise WordFault(f"{text!r} is not a place", "write WHAT@UNIT, e.g. gpu[1-4]@2: from unit 2 upwards")
    what, unit = found["what"], int(found["unit"])
    numbered = _NUMBERED.fullmatch(what)
    if not numbered:
        return Word(text, what, unit)
    inside = numbered["inside"]
    if inside.startswith("*"):
        return Word(text, numbered["stem"], unit, each=int(inside[1:]))
    try:
        numbers = tuple(int(number) for number in expand(f"[{inside}]"))
    except ValueError as error:
        raise WordFault(str(error), "write a rising range such as [1-4] or [1,3,5-8]") from error
    return Word(text, numbered["stem"], unit, numbers)


class Names:
    """Finds devices by group and number, by switch stem and number, and by name."""

    def __init__(self, site: Site, devices: Sequence[Device], lock: Lock) -> None:
        """Index the devices once; looking up costs nothing that grows with the site."""
        self._lock = lock
        # PDUs hang beside the units; what is external stands in racks of others, and may be named like a stem.
        self._devices = {device.name: device for device in devices if device.role not in ("pdu", "external")}
        self._named: dict[str, Named] = {}
        self._rooms: dict[str, Slot] = {}
        self._add_groups(site)
        self._add_stems()
        # The leaves of a scale-out fabric stand as its machines do: before the first one there are none to place.
        self._to_come = {name for fabric in site.fabrics.values() for name in _stems(fabric)} - set(self._named)

    def _add_groups(self, site: Site) -> None:
        for key, group in site.groups.items():
            # Room is kept for machines up to max and for absent ones: what is theirs stays theirs.
            names = group_names(key, group, self._lock)
            named = zip_longest(range(1, group.target + 1), names[: group.target], fillvalue="")
            rooms = {int(n): Slot(f"{key} {n}", group.model, False, name) for n, name in named}
            self._named[key] = Named(rooms)
            self._rooms |= {slot.machine: slot for slot in rooms.values() if slot.machine}
        for device in self._devices.values():
            if device.role in ("server", "storage") and device.group in self._named:
                self._named[device.group].slots[device.index] = Slot(device.name, device.model)

    def _add_stems(self) -> None:
        groups = set(self._named)
        for device in self._devices.values():
            number = _DIGITS.search(device.name)
            stem = device.name[: number.start()] if number else ""
            if device.role in ("server", "storage") or not number or stem in groups:
                continue
            self._named.setdefault(stem, Named()).slots[int(number[0])] = Slot(device.name, device.model)

    def meant(self, word: Word, rack: str, ordinal: int, racks: int) -> list[Slot]:
        """Return what a word puts into a rack, number ``ordinal`` (from 0) of a range of ``racks`` racks.

        Numbers past the end are an error in a single rack and simply end the row in a range. Raises
        WordFault.
        """
        named = self._named.get(word.what)
        if word.what in self._to_come:
            return []
        if word.each:
            return self._next(word, self._known(word, named), rack, racks)
        if word.numbers and named:
            return _numbered(word, named, ordinal, racks)
        if named and word.what not in self._devices:
            return self._whole(word, named, racks)
        return self._by_name(word)

    def _known(self, word: Word, named: Named | None) -> Named:
        if named is None:
            raise WordFault(f"{word.text}: there is no group and no switch stem {word.what}", self._hint())
        return named

    def _next(self, word: Word, named: Named, rack: str, racks: int) -> list[Slot]:
        pool = f"place.{word.what}"
        held = self._lock.view().get(pool, {})
        if held and not named.kept:
            named.kept = frozenset(number for number, _ in held.values())
        found: list[Slot] = []
        for place in range(word.each):
            key = f"{rack}@{word.unit}.{place}"
            number = self._lock.keep(pool, key, held[key][0]) if key in held else _free(named)
            if number:
                self._lock.keep(pool, key, number)
                found += [named.slots[number]] if number in named.slots else []
        if racks == 1 and len(found) < word.each:
            raise WordFault(
                f"{word.text} asks for {word.each}, {len(found)} of {word.what} are left",
                f"write {word.what}[*{len(found)}] or raise the group's max" if found else "take the word out",
            )
        return found

    @staticmethod
    def _whole(word: Word, named: Named, racks: int) -> list[Slot]:
        if racks > 1:
            raise WordFault(
                f"{word.text} does not say how many of {word.what} each of the {racks} racks holds",
                f"write {word.what}[*1]@{word.unit} for one a rack",
            )
        last = max((number for number, slot in named.slots.items() if slot.stands), default=0)
        named.cursor = max(named.cursor, last + 1)
        # Up to the last one that stands: room is kept for absent ones below it, or those above would sink.
        return [named.slots[number] for number in sorted(named.slots) if number <= last]

    def _by_name(self, word: Word) -> list[Slot]:
        body = word.text.strip().rpartition("@")[0]
        try:
            names = expand(body)
        except ValueError as error:
            raise WordFault(str(error), "write a rising range such as [1-4] or [01-04]") from error
        unknown = [name for name in names if name not in self._devices and name not in self._rooms]
        if unknown:
            raise WordFault(f"{word.text}: there is no device, group or switch stem {unknown[0]}", self._hint())
        return [Slot(name, self._devices[name].model) if name in self._devices else self._rooms[name] for name in names]

    def _hint(self) -> str:
        known = ", ".join(sorted(self._named)[:12])
        return f"use a device name or one of {known}" if known else "declare the group first"


def _stems(fabric: Fabric) -> tuple[str, str, str]:
    """Return what the names of leaves, spines and super-spines begin with."""
    low = fabric.leaves.name
    return low, fabric.spines.name or f"{low}-spine", fabric.superspines.name or f"{low}-super"


def _free(named: Named) -> int:
    """Return the next number that no word took and none holds from before; 0 when there is none."""
    last = max(named.slots, default=0)
    while named.cursor <= last:
        named.cursor += 1
        if named.cursor - 1 in named.slots and named.cursor - 1 not in named.kept:
            return named.cursor - 1
    return 0


def _numbered(word: Word, named: Named, ordinal: int, racks: int) -> list[Slot]:
    step = (max(word.numbers) - min(word.numbers) + 1) * ordinal
    wanted = [number + step for number in word.numbers]
    named.cursor = max(named.cursor, max(wanted) + 1)
    missing = [number for number in wanted if number not in named.slots]
    if missing and racks == 1:
        last = max(named.slots, default=0)
        raise WordFault(
            f"{word.text} names {word.what} {missing[0]}, there are {last} (up to max)",
            f"write numbers from 1 to {last}, or raise the count or max of {word.what}",
        )
    return [named.slots[number] for number in wanted if number in named.slots]
