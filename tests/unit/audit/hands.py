"""A hall with cables in it, what a blink and LLDP see of them, and hands that do what is printed and know no more."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from rackwright.audit import blinks
from rackwright.audit.cabling import Block, Port, Sight, Wiring, blink
from rackwright.findings import Finding

_STEP = re.compile(r"step \d+ of \d+: ")
_HOLE = r"[\w-]+ [\w.-]+"
_TWO = rf"({_HOLE}) with ([\w.-]+(?: [\w.-]+)?)"
_SPLIT = re.compile(rf"swap {_TWO}: the ends of the split cable, that is {_TWO}")
_OTHER = re.compile(rf"swap {_TWO}(?:: the ends of the split cable, that is | \(or, at the other ends, ){_TWO}")
_SWAP = re.compile(rf"swap {_TWO}")
_WHOLE = re.compile(rf"swap {_TWO}: the whole plug or module")
_MOVE = re.compile(rf"move the plug in ({_HOLE}) to ([\w.-]+(?: [\w.-]+)?)( \(free it first if it is taken\))?$")
_PLUG = re.compile(rf"plug in the cable ([\w.-]+) \(({_HOLE}) to ({_HOLE})\), or replace it")
_PULL = re.compile(rf"pull the cable from ({_HOLE}) to ({_HOLE})$")
_FOLLOW = re.compile(rf"follow the cable from ({_HOLE}), and put it into ({_HOLE})(?: \(free it first: [^)]*\))?$")
_DEVICES = re.compile(r"exchange ([\w-]+) and ([\w-]+): put each")
_LOOK = re.compile(r"look at ([\w-]+): its power")

_FAR = re.compile(rf"follow the cable from ({_HOLE}); see that ({_HOLE}) has one")

Cable = list[Port | None]


def _hole(text: str, near: Port | None = None) -> Port:
    device, _, name = text.rpartition(" ")
    return Port(device or (near.device if near else ""), name)


def _pair(one: str, two: str) -> tuple[Port, Port]:
    near = _hole(one)
    return near, _hole(two, near)


@dataclass
class Hall:
    """Cables with two plugs each; a cable has light where its two holes are planned for the same speed and lanes."""

    wiring: Wiring
    cables: list[Cable] = field(default_factory=list)
    dead: set[int] = field(default_factory=set)
    standing: frozenset[str] = frozenset()
    """Servers whose management cables prove that they stand where they are planned."""
    yonder: bool = False
    """Whether the other ends are swapped, where they are offered."""
    unknown: set[Port] = field(default_factory=set)
    """Ends of links that were told as not known."""

    def plug(self, hole: Port) -> tuple[int, int] | None:
        return next(((at, end) for at, two in enumerate(self.cables) for end in (0, 1) if two[end] == hole), None)

    def far(self, hole: Port) -> Port | None:
        """Return where the light from a hole arrives."""
        plug = self.plug(hole)
        if plug is None or plug[0] in self.dead:
            return None
        other = self.cables[plug[0]][1 - plug[1]]
        makes = self.wiring.makes
        fits = other in makes and hole in makes and makes[hole][:2] == makes[other][:2]
        return other if fits else None

    def exchange(self, one: Port, two: Port) -> None:
        sides = {self.wiring.kinds[port.device].startswith("server") for port in (one, two)}
        assert len(sides) == 1, f"{one} and {two} take different plugs"
        first, second = self.plug(one), self.plug(two)
        for plug, hole in ((first, two), (second, one)):
            if plug:
                self.cables[plug[0]][plug[1]] = hole

    def looked(self, pairs: list[tuple[Port, Port]], between: list[Port]) -> list[Finding]:
        """Return what is found by a blink of the links (switch port, network port) and by LLDP between the switches."""
        switches = {*between, *(near for near, _ in pairs)}

        def hears(port: Port) -> Sight:
            far = self.far(port)
            return Sight(far is not None, (far,) if far in switches else ())

        heard = {near: hears(near) for near, _ in pairs if hears(near).neighbours}
        plan = blink.code(near for near, _ in pairs if near not in heard)
        before = {far: self.far(far) is not None for _, far in pairs}
        turns = tuple(
            {far: self.far(far) is not None and self.far(far) not in down for _, far in pairs}
            for down in map(plan.down, range(plan.rounds))
        )
        lights = blink.Lights({port: self.far(port) is not None for port in plan.numbers}, before, turns, before)
        ahead = {port: hears(port) for port in between}
        down = frozenset(
            (one, two) for one, two in self.wiring.links.items()
            if one in ahead and one < two and not hears(one).up and not hears(two).up
        )  # fmt: skip
        seen = blinks.Blinked(
            self.wiring,
            plan,
            lights,
            asked=frozenset(pairs),
            heard=heard,
            between=ahead,
            down=down,
            standing=self.standing,
        )
        return [one for one in blinks.judge(seen).found if one.status not in {"pass", "skipped"}]

    # --- hands ----------------------------------------------------------------------------------

    def do(self, finding: Finding) -> None:
        """Do what is printed. Asserts that a plug is where one is taken out, and none where one is put in."""
        left = finding.message.partition("; nobody sees ")[2].partition(", which are left over")[0]
        self.unknown |= {_hole(end) for pair in left.split(", ") if pair for end in pair.split(" to ")}
        self._do(_STEP.sub("", finding.remedy, count=1))

    def _do(self, text: str) -> None:
        for pattern, way in (
            (_WHOLE, self._whole), (_OTHER if self.yonder else _SPLIT, lambda found: self._swap(_pair(found[3], found[4]))),
            (_SWAP, lambda found: self._swap(_pair(found[1], found[2]))), (_MOVE, self._move), (_PLUG, self._missing),
            (_FOLLOW, self._follow), (_DEVICES, self._devices), (_LOOK, self._look), (_PULL, self._pull), (_FAR, self._far),
        ):  # fmt: skip
            if found := pattern.match(text):
                way(found)
                return
        raise AssertionError(text)

    def _whole(self, found: re.Match[str]) -> None:
        for pair in zip(*map(self._cage, _pair(found[1], found[2])), strict=True):
            self.exchange(*pair)

    def _move(self, found: re.Match[str]) -> None:
        one, two = _pair(found[1], found[2])
        if found[3]:
            self._free(two)
        assert self.plug(one) is not None, f"nothing to be moved: {found[0]}"
        assert self.plug(two) is None, f"into a hole that is taken: {found[0]}"
        self.exchange(one, two)

    def _missing(self, found: re.Match[str]) -> None:
        ways = {port for port, part in self.wiring.parts.items() if part == found[1] and not self.far(port)}
        self.unknown |= {_hole(found[2]), _hole(found[3]), *ways}

    def _devices(self, found: re.Match[str]) -> None:
        for name in sorted({port.name for port in self.wiring.links if port.device in (found[1], found[2])}):
            self.exchange(Port(found[1], name), Port(found[2], name))

    def _look(self, found: re.Match[str]) -> None:
        ends = [port for port in self.wiring.links if port.device == found[1]]
        self.unknown |= {end for port in ends for end in (port, self.wiring.links[port])}

    def _pull(self, found: re.Match[str]) -> None:
        self._free(_hole(found[1]))
        self._free(_hole(found[2]))

    def _far(self, found: re.Match[str]) -> None:
        self.unknown |= {_hole(found[1]), _hole(found[2])}

    def _swap(self, holes: tuple[Port, Port]) -> None:
        one, two = holes
        assert all(map(self.plug, (one, two))), f"nothing to be swapped in {one} or {two}"
        self.exchange(one, two)

    def _free(self, hole: Port) -> None:
        if plug := self.plug(hole):
            self.cables[plug[0]][plug[1]] = None

    def _follow(self, found: re.Match[str]) -> None:
        far, near = _hole(found[1]), _hole(found[2])
        plug = self.plug(far)
        assert plug is not None
        self._free(near)
        self.cables[plug[0]][1 - plug[1]] = near

    def _cage(self, port: Port) -> tuple[Port, ...]:
        blocks: list[Block] = [
            block for there in self.wiring.places.values() for block, _ in there
            if (block.device, block.name) == (port.device, port.name)
        ]  # fmt: skip
        return blocks[0].ports
