"""Stable numbers: what was once given to a key stays with it.

The lock is a table of pools; a pool maps a key to the first index it holds and how many. Nothing that
stands is moved: a new key takes the lowest free run; a key that is no longer asked for keeps its
place until :meth:`Lock.freed` is called on request. Beside the numbers stand the wishes that cables were
laid out by, so that a later wish can be held against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["Lock", "LockFile", "Wish", "recable"]

Wish = Mapping[str, Any]
"""Keys of one section of the site file, as JSON values."""

NO_ROOM = -1


def recable(*held: str) -> str:
    """Return the consent to lay anew what a lock holds, each a pool or ``pool/key``; what else it holds stays."""
    return f"take {' and '.join((', '.join(held[:-1]), held[-1]) if held[1:] else held)} out of site.lock and take the recabling"


class LockFile(msgspec.Struct, frozen=True):
    """What ``site.lock`` holds: pool -> key -> (first index, size); section -> what its cables were laid out by."""

    version: int = 1
    pools: dict[str, dict[str, tuple[int, int]]] = msgspec.field(default_factory=dict)
    wishes: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


class Lock:
    """Gives indexes out; remembers what was asked for in this run."""

    def __init__(self, kept: LockFile | None = None) -> None:
        """Start from what is kept on disk, or from nothing."""
        pools = kept.pools if kept else {}
        self._kept = {pool: dict(entries) for pool, entries in pools.items()}
        self._used: dict[str, set[int]] = {}
        self._asked: dict[str, set[str]] = {}
        self._cursor: dict[str, int] = {}
        self._wishes: dict[str, Wish] = dict(kept.wishes) if kept else {}
        self._former = dict(self._wishes)
        self._wished: set[str] = set()
        self.changed = False
        for pool, entries in self._kept.items():
            used = self._used.setdefault(pool, set())
            for first, size in entries.values():
                used.update(range(first, first + size))

    def take(self, pool: str, key: str, *, size: int = 1, align: int = 1, limit: int = 0) -> int:
        """Return the first of ``size`` indexes that belong to ``key``, counted from 0.

        ``align`` makes a new run start at a multiple of it. With ``limit`` the run must end before it.
        A run that must grow keeps its place. -1: there is no room (what stands is never moved).
        """
        self._asked.setdefault(pool, set()).add(key)
        held = self._kept.get(pool, {}).get(key)
        if held is not None and held[1] >= size:
            return held[0]
        used = self._used.setdefault(pool, set())
        if held is not None:
            tail = range(held[0] + held[1], held[0] + size)
            if not used.isdisjoint(tail) or (limit and held[0] + size > limit):
                return NO_ROOM
            return self._give(pool, key, held[0], size)
        first = self._free_run(pool, used, size, align)
        if limit and first + size > limit:
            return NO_ROOM
        return self._give(pool, key, first, size)

    def hold(self, pool: str, key: str, first: int, size: int = 1) -> None:
        """Mark a run that the operator pinned, so that nothing else is laid over it."""
        self._asked.setdefault(pool, set()).add(key)
        if self._kept.get(pool, {}).get(key) != (first, size):
            self._give(pool, key, first, size)

    def keep(self, pool: str, key: str, value: int) -> int:
        """Return the number that ``key`` had at first; ``value`` when it is new.

        For shapes (a width, a chunk size) that must not follow later growth.
        """
        self._asked.setdefault(pool, set()).add(key)
        entries = self._kept.setdefault(pool, {})
        if key not in entries:
            entries[key] = (value, 0)
            self.changed = True
        return entries[key][0]

    def holds(self, pool: str, key: str) -> bool:
        """Say whether ``key`` has an index, from this run or from before."""
        return key in self._kept.get(pool, ())

    def former(self, section: str) -> Wish:
        """Return what a section was laid out by before this run; empty when it is new."""
        return self._former.get(section, {})

    @property
    def wished(self) -> frozenset[str]:
        """The sections that something was laid out by in this run."""
        return frozenset(self._wished)

    def laid_by(self, section: str, wish: Wish) -> Wish | None:
        """Note what the cables of a section (``fabrics.backend``) are laid out by; return what they were before."""
        before = self._wishes.get(section)
        self._wished.add(section)
        if before != wish:
            self._wishes[section] = wish
            self.changed = True
        return before

    def freed(self) -> Lock:
        """Return a lock without the keys that nothing asked for in this run."""
        pools = {
            pool: {key: run for key, run in entries.items() if key in self._asked.get(pool, ())}
            for pool, entries in self._kept.items()
        }
        wishes = {section: dict(wish) for section, wish in self._wishes.items() if section in self._wished}
        fresh = Lock(LockFile(pools={pool: entries for pool, entries in pools.items() if entries}, wishes=wishes))
        fresh.changed = fresh.file() != self.file()
        return fresh

    def unused(self) -> tuple[str, ...]:
        """Return ``pool/key`` of everything held that nothing asked for."""
        return (
            *(
                f"{pool}/{key}"
                for pool, entries in sorted(self._kept.items())
                for key in sorted(entries)
                if key not in self._asked.get(pool, ())
            ),
            *(f"wishes/{section}" for section in sorted(self._wishes) if section not in self._wished),
        )

    def file(self) -> LockFile:
        """Return what is to be written to ``site.lock``."""
        return LockFile(
            pools={pool: dict(sorted(entries.items())) for pool, entries in sorted(self._kept.items())},
            wishes={section: dict(wish) for section, wish in sorted(self._wishes.items())},
        )

    def view(self) -> Mapping[str, Mapping[str, tuple[int, int]]]:
        """Return the pools as they stand."""
        return self._kept

    def _give(self, pool: str, key: str, first: int, size: int) -> int:
        self._kept.setdefault(pool, {})[key] = (first, size)
        self._used.setdefault(pool, set()).update(range(first, first + size))
        self.changed = True
        return first

    def _free_run(self, pool: str, used: set[int], size: int, align: int) -> int:
        # The cursor only moves over what is surely taken, so singles stay linear over a whole plan.
        start = self._cursor.get(pool, 0)
        while start in used:
            start += 1
        self._cursor[pool] = start
        if size == align == 1:
            return start
        first = -(-start // align) * align
        while any(first + step in used for step in range(size)):
            first += align
        return first
