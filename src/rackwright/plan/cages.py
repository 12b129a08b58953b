"""Cages of one kind of leaf: which block of them serves what."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rackwright.catalog.models import Breakout, SwitchModel
from rackwright.plan.lock import NO_ROOM, Lock
from rackwright.plan.model import End
from rackwright.plan.switch_model import PortKind
from rackwright.plan.wiring import PortState, PortUse, Wiring, cage_count, port_name

__all__ = ["Block", "block", "counted_port", "parse_port", "pin", "port_range", "ways_of"]


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

    def name(self, position: int) -> str:
        """Return NVUE's port name of a position."""
        return port_name(*self.place(position))

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


def pin(fabric: str, key: str, count: int, split: Breakout | None, lock: Lock, at: str) -> None:
    """Hold the cages that an operator pinned, before anything else is given the next free ones."""
    ways, step = (int(split.mode.removesuffix("x")), 2 if split.disables_next else 1) if split else (1, 1)
    cage, sub = parse_port(at)
    lock.hold(f"{fabric}.cage", f"{key}@{at}", cage - 1, -(-(sub + count) // ways) * step)


def block(
    fabric: str, key: str, count: int, split: Breakout | None, model: SwitchModel, lock: Lock, wiring: Wiring,
    at: str | None = None,
) -> Block | None:  # fmt: skip
    """Return the block of ``count`` sub-ports that belongs to ``key`` on every leaf of a fabric.

    ``at`` pins it (several pinned blocks may share a cage); otherwise it gets the next free cages and
    keeps them. None, after a problem, when the leaf has no room.
    """
    ways = int(split.mode.removesuffix("x")) if split else 1
    step = 2 if split and split.disables_next else 1
    # A whole cage is no sub-port: NVUE knows swp5, not swp5s0, where the split is 1x.
    mode, lanes = (split.mode if ways > 1 else "", split.lanes_per_port) if split else ("", 0)
    pool, total = f"{fabric}.cage", cage_count(model)
    if at is not None:
        cage, sub = parse_port(at)
        cages = -(-(sub + count) // ways) * step
        if sub >= ways or (split is not None and split.cages == "odd" and cage % 2 == 0):
            even = f"swp{cage} takes no {mode}: only odd cages do" if sub < ways else f"swp{cage} has {ways} sub-ports"
            wiring.wrong(("fabrics", fabric), f"{key} at {at}: {even}", "pin another port")
            return None
        pin(fabric, key, count, split, lock, at)
        if cage - 1 + cages <= total:
            return Block(cage, sub, mode, lanes, step)
        wiring.wrong(
            ("fabrics", fabric),
            f"{key} at {at} needs {cages} cages and runs past swp{total} of {model.name}",
            "start lower or attach less",
        )
        return None
    cages = -(-count // ways) * step
    first = lock.take(pool, key, size=cages, align=step, limit=total)
    if first == NO_ROOM:
        wiring.wrong(("fabrics", fabric), *_no_room(fabric, key, cages, total, lock))
        return None
    return Block(first + 1, 0, mode, lanes, step)


def _no_room(fabric: str, key: str, cages: int, total: int, lock: Lock) -> tuple[str, str]:
    """Return what is wrong and what to do when a block finds no cages, or cannot grow where it stands."""
    pool = lock.view().get(f"{fabric}.cage", {})
    if key in pool:
        first, size = pool[key]
        where = f"swp{first + 1}-{first + size}" if size > 1 else f"swp{first + 1}"
        return (
            f"{key} stands on {where} of each leaf of {fabric} and now needs {cages} cages; what follows is taken",
            "keep to what was laid out, put what is new in an entry of its own, or remove site.lock and recable",
        )
    free = total - sum(size for _, size in pool.values())
    return (
        f"{key} needs {cages} cages side by side on each leaf of {fabric}; {max(free, 0)} of {total} are free",
        "attach less to this fabric, set leaves.count: auto, or free what is gone with `rackwright plan --free`",
    )
