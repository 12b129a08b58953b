"""Cages of one kind of leaf: which block of them serves what."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rackwright.catalog.models import Breakout, SwitchModel
from rackwright.plan.lock import NO_ROOM, Lock, recable
from rackwright.plan.model import End
from rackwright.plan.switch_model import PortKind
from rackwright.plan.wiring import PortState, PortUse, Wiring, cage_count, port_name

__all__ = ["Block", "Cages", "Run", "counted_port", "parse_port", "port_range", "runs", "ways_of"]


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
    room: int = 0
    """Positions of this run where the block goes on elsewhere."""
    beyond: Block | None = None
    """Where it goes on."""

    def place(self, position: int) -> tuple[int, int]:
        """Return (cage, sub-port) of a position; sub-port -1 where the cage is not split."""
        if self.beyond is not None and position >= self.room:
            return self.beyond.place(position - self.room)
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


def port_range(text: str) -> tuple[int, ...]:
    """Return the cages of ``swp12-27`` or ``swp1,swp3-5``."""
    cages: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().removeprefix("swp").partition("-")
        cages += range(int(first), int(last or first) + 1)
    return tuple(cages)


class Run(NamedTuple):
    """One word of a pin: ``swp28-43`` ends, as does every word but the last; ``swp46`` at its end goes as far as needed."""

    word: str
    cage: int
    sub: int
    last: int
    """Last cage; 0: none is given."""

    def room(self, split: Breakout | None) -> int:
        """Return how many ports it holds; 0: as many as needed."""
        step = 2 if split and split.disables_next else 1
        return len(range(self.cage, self.last + 1, step)) * (split.ways if split else 1) - self.sub if self.last else 0


def runs(at: str) -> tuple[Run, ...]:
    """Return the runs of a pin such as ``swp28-43,swp46``, in order; ValueError for what is none."""
    words = [part.strip() for part in at.split(",")]
    found = []
    for number, word in enumerate(words, 1):
        first, _, last = word.partition("-")
        cage, sub = parse_port(first)
        found.append(Run(word, cage, sub, int(last) if last else cage if number < len(words) else 0))
    return tuple(found)


class Cages(NamedTuple):
    """The cages of the leaves of one fabric: what is laid out lies on all of them alike."""

    fabric: str
    model: SwitchModel
    lock: Lock
    wiring: Wiring

    def pin(self, key: str, count: int, split: Breakout | None, at: str) -> None:
        """Hold the cages that an operator pinned, before anything else is given the next free ones."""
        for run, ports in _shares(at, count, split):
            self.lock.hold(self._pool, f"{key}@{run.word}", run.cage - 1, _cages(split, run.sub + ports))

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
            self.pin(key, count, split, at)
            block: Block | None = None
            for run, ports in reversed(_shares(at, count, split)):
                if self._misplaced(key, run, ports, split):
                    return None
                block = Block(run.cage, run.sub, mode, lanes, step, run.room(split) if block else 0, block)
            return block
        cages = _cages(split, count)
        first = self.lock.take(self._pool, key, size=cages, align=step, limit=total)
        if first == NO_ROOM:
            self._wrong(*self._no_room(key, cages, total))
            return None
        return Block(first + 1, 0, mode, lanes, step)

    def _misplaced(self, key: str, run: Run, ports: int, split: Breakout | None) -> bool:
        """Report a run that no such block can lie on; say whether it is one."""
        ways, cages = split.ways if split else 1, _cages(split, run.sub + ports)
        if split is not None and split.cages == "odd" and run.cage % 2 == 0:
            self._wrong(
                f"{key} at {run.word}: swp{run.cage} takes no {split.mode}: only odd cages do", "pin another port"
            )
        elif run.sub >= ways:
            self._wrong(f"{key} at {run.word}: swp{run.cage} has {ways} sub-ports", "pin another port")
        elif run.last and ports > run.room(split):
            self._wrong(
                f"{key} at {run.word} needs {ports} ports there and finds {max(run.room(split), 0)}",
                "end the pin later, leave its end out, or add another run: `at: swp28-43,swp46`",
            )
        elif run.cage - 1 + cages > cage_count(self.model):
            self._wrong(
                f"{key} at {run.word} needs {cages} cages and runs past swp{cage_count(self.model)} of {self.model.name}",
                "start lower or attach less",
            )
        else:
            return False
        return True

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


def _shares(at: str, count: int, split: Breakout | None) -> list[tuple[Run, int]]:
    """Return the runs of a pin that ``count`` ports reach, with the ports on each; the last one has all that is left."""
    found = runs(at)
    shares: list[tuple[Run, int]] = []
    for number, run in enumerate(found, 1):
        room = run.room(split)
        ports = min(count, room) if room > 0 and number < len(found) else count
        shares.append((run, ports))
        count -= ports
        if count <= 0:
            break
    return shares


def _cages(split: Breakout | None, ports: int) -> int:
    return split.cages_for(ports) if split else ports
