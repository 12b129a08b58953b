"""Cages of one kind of leaf: which block of them serves what."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rackwright.catalog.models import Breakout, SwitchModel
from rackwright.plan.lock import NO_ROOM, Lock, recable
from rackwright.plan.model import End
from rackwright.plan.switch_model import PortKind
from rackwright.plan.wiring import PortState, PortUse, Wiring, cage_count, port_name

__all__ = ["Block", "Cages", "counted_port", "parse_port", "port_range", "ways_of"]


@lru_cache(maxsize=16)
def ways_of(mode: str) -> int:
    """Return how many ports a cage splits into by a mode (``2x``); ValueError for what is no mode."""
    return int(mode.removesuffix("x"))


class Block(NamedTuple):
    """A run of sub-ports: positions 0, 1, 2 ... lie cage after cage."""

    cage: int
    sub: int
    mode: str
    lanes: int
    step: int
    """2 where the split disables the neighbouring cage."""

    def place(self, position: int) -> tuple[int, int]:
        """Return (cage, sub-port) of a position; sub-port -1 where the cage is not split."""
        if not self.mode:
            return self.cage + position, -1
        cages, sub = divmod(self.sub + position, ways_of(self.mode))
        return self.cage + cages * self.step, sub

    def end(self, switch: str, position: int) -> End:
        """Return the end of a link at a position of a switch."""
        cage, sub = self.place(position)
        return End(switch, port_name(cage, sub), cage, sub)

    def use(
        self, position: int, kind: PortKind, speed: float, *, attach: int = -1, link: int = -1, node: str = "",
        bond: str = "", state: PortState = "used", rail: int = 0,
    ) -> PortUse:  # fmt: skip
        """Return the use of a position; the rest is as in :class:`PortUse`."""
        cage, sub = self.place(position)
        return PortUse(cage, sub, kind, self.mode, self.lanes, speed, attach, link, node, bond, state, rail)


def parse_port(text: str) -> tuple[int, int]:
    """Return (cage, sub-port) of ``swp25s1``; sub-port 0 of ``swp25``; ValueError otherwise."""
    cage, _, sub = text.removeprefix("swp").partition("s")
    return int(cage), int(sub or "0")


def counted_port(text: str) -> tuple[str, str]:
    """Return what stands before the last number of a foreign port's name, and that number; empty where it ends in none."""
    stem = text.rstrip("0123456789")
    return stem, text.removeprefix(stem)


def port_range(text: str) -> range:
    """Return the cages of ``swp12-27``."""
    first, _, last = text.removeprefix("swp").partition("-")
    return range(int(first), int(last or first) + 1)


class Cages(NamedTuple):
    """The cages of the leaves of one fabric: what is laid out lies on all of them alike."""

    fabric: str
    model: SwitchModel
    lock: Lock
    wiring: Wiring

    def pin(self, key: str, count: int, split: Breakout | None, at: str) -> None:
        """Hold the cages that an operator pinned, before anything else is given the next free ones."""
        cage, sub = parse_port(at)
        self.lock.hold(self._pool, f"{key}@{at}", cage - 1, _cages(split, sub + count))

    def block(self, key: str, count: int, split: Breakout | None, at: str | None = None) -> Block | None:
        """Return the block of ``count`` sub-ports that belongs to ``key`` on every leaf.

        ``at`` pins it (several pinned blocks may share a cage); otherwise it gets the next free cages and
        keeps them. None, after a problem, when the leaf has no room.
        """
        ways, step = (split.ways, 2 if split.disables_next else 1) if split else (1, 1)
        # A whole cage is no sub-port: NVUE knows swp5, not swp5s0, where the split is 1x.
        mode, lanes = (split.mode if ways > 1 else "", split.lanes_per_port) if split else ("", 0)
        total = cage_count(self.model)
        if at is not None:
            cage, sub = parse_port(at)
            cages = _cages(split, sub + count)
            if sub >= ways or (split is not None and split.cages == "odd" and cage % 2 == 0):
                why = (
                    f"swp{cage} takes no {mode}: only odd cages do" if sub < ways else f"swp{cage} has {ways} sub-ports"
                )
                self._wrong(f"{key} at {at}: {why}", "pin another port")
                return None
            self.pin(key, count, split, at)
            if cage - 1 + cages <= total:
                return Block(cage, sub, mode, lanes, step)
            self._wrong(
                f"{key} at {at} needs {cages} cages and runs past swp{total} of {self.model.name}",
                "start lower or attach less",
            )
            return None
        cages = _cages(split, count)
        first = self.lock.take(self._pool, key, size=cages, align=step, limit=total)
        if first == NO_ROOM:
            self._wrong(*self._no_room(key, cages, total))
            return None
        return Block(first + 1, 0, mode, lanes, step)

    @property
    def _pool(self) -> str:
        return f"{self.fabric}.cage"

    def _wrong(self, message: str, remedy: str) -> None:
        self.wiring.wrong(("fabrics", self.fabric), message, remedy)

    def _no_room(self, key: str, cages: int, total: int) -> tuple[str, str]:
        """Return what is wrong and what to do when a block finds no cages, or cannot grow where it stands."""
        pool = self.lock.view().get(self._pool, {})
        if key in pool:
            first, size = pool[key]
            where = f"swp{first + 1}-{first + size}" if size > 1 else f"swp{first + 1}"
            anew = recable(f"{self._pool}/{key}")
            return (
                f"{key} stands on {where} of each leaf of {self.fabric} and now needs {cages} cages; what follows is taken",
                f"keep to what was laid out, put what is new in an entry of its own, or {anew}",
            )
        free = total - sum(size for _, size in pool.values())
        return (
            f"{key} needs {cages} cages side by side on each leaf of {self.fabric}; {max(free, 0)} of {total} are free",
            "attach less to this fabric, set leaves.count: auto, or free what is gone with `rackwright plan --free`",
        )


def _cages(split: Breakout | None, ports: int) -> int:
    return split.cages_for(ports) if split else ports
