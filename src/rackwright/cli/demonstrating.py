"""What the demo does behind rendering: an emulated rack comes up broken, is brought up, mended, and brought up again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rackwright.cli import building
from rackwright.cli.talk import Talk
from rackwright.errors import RackwrightError, TwinError
from rackwright.secrets import variable

if TYPE_CHECKING:
    from rackwright.catalog.models import Catalog
    from rackwright.plan.model import Link, Plan

__all__ = ["FAULTS", "Planted", "Round", "demonstrated", "planted"]


class Planted(NamedTuple):
    """One thing that is wrong with the emulated rack."""

    word: str
    """How it is called on the command line."""
    devices: tuple[str, ...]
    """What it is wrong with."""
    told: str
    """What was planted, for whoever reads along."""
    mended: str
    """What a person at the rack does about it; empty: software does it."""
    fault: dict[str, Any] | None = None
    """The fault of the twin; None: the twin comes up so."""


@dataclass(frozen=True)
class Round:
    """One bring-up: how it ended."""

    code: int
    value: Any
    lines: tuple[str, ...]


def planted(words: Sequence[str], plan: Plan, catalog: Catalog) -> tuple[Planted, ...]:
    """Work out where faults are planted. Raises :class:`~rackwright.errors.TwinError` where a site has no place for one."""
    found = []
    for word in dict.fromkeys(words):
        made = FAULTS[word](plan, catalog)
        if made is None:
            raise TwinError(f"{plan.name} has nothing that {word} could be planted in: leave it out")
        found.append(made)
    return tuple(found)


def _swapped(plan: Plan, catalog: Catalog) -> Planted | None:  # noqa: ARG001 - the signature of all faults
    rails = frozenset(name for stage, members in plan.waves if stage == "backend" for name in members)
    pair = next(filter(_alike, combinations([one for one in plan.links if _is_rail(one, rails)], 2)), None)
    if pair is None:
        return None
    (one, other) = pair
    ends = [f"{link.a.device}:{link.a.port}" for link in pair]
    servers = f"{one.b.device} {one.b.port} and {other.b.device} {other.b.port}"
    return Planted(
        "swapped-cables",
        (one.b.device, other.b.device),
        f"the cables of {servers} are swapped at {' and '.join(ends)}",
        f"swaps the cables at {' and '.join(ends)}",
        {"kind": "swap-cables", "a": ends[0], "b": ends[1]},
    )


def _is_rail(link: Link, switches: frozenset[str]) -> bool:
    return link.kind == "host" and link.a.device in switches


def _alike(pair: tuple[Link, Link]) -> bool:
    """Tell whether two cables look alike to whoever plugs them: the same port of two servers, at one switch."""
    one, other = pair
    return one.a.device == other.a.device and one.b.port == other.b.port and one.b.device != other.b.device


def _last_with_gpus(plan: Plan, catalog: Catalog) -> str:
    servers = [
        one.name for one in plan.devices
        if one.role == "server" and (row := catalog.servers.get(one.model)) is not None and row.gpu_count
    ]  # fmt: skip
    return servers[-1] if servers else ""


def _lost(plan: Plan, catalog: Catalog) -> Planted | None:
    name = _last_with_gpus(plan, catalog)
    fault = {"kind": "gpu-lost", "device": name}
    return Planted(
        "lost-gpu", (name,), f"a GPU of {name} is not seen", f"seats the GPU of {name} anew", fault
    ) if name else None  # fmt: skip


def _old(plan: Plan, catalog: Catalog) -> Planted | None:
    name = _last_with_gpus(plan, catalog)
    return Planted("old-firmware", (name,), f"the firmware of {name} is a step behind", "") if name else None


FAULTS: Final[dict[str, Callable[[Plan, Catalog], Planted | None]]] = {
    "swapped-cables": _swapped,
    "lost-gpu": _lost,
    "old-firmware": _old,
}
"""Word of the command line -> where it is planted in a plan; None: nowhere."""


def _once(talk: Talk) -> Talk:
    """Return a talk that does not warn of the site again: that was done when it was rendered."""
    return replace(talk, quiet=True)


@contextmanager
def _served(talk: Talk, folder: Path) -> Iterator[None]:
    """Have ``rackwright serve`` beside it, for servers that boot an installer: with stand-ins for what Ubuntu's ISO brings."""
    from rackwright.cli.beside import served
    from rackwright.runs.folder import private

    state = folder / ".rackwright"
    boot = private(state / "twin" / "boot")
    for name in ("vmlinuz", "initrd", "bootx64.efi"):
        (boot / name).write_text("a stand-in: the emulated installer reads its command line alone\n")
    for stand_in in (state / "twin" / "secrets").iterdir():
        # What the twin made up for the site's secrets is what its servers are installed with.
        os.environ.setdefault(variable(stand_in.name), stand_in.read_text().strip())
    words = shlex.join(["--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--boot", str(boot)])
    with served(talk, folder, words, state):
        yield


@contextmanager
def _twin(talk: Talk, folder: Path, faults: Sequence[Planted], rate: float, *, keep: bool) -> Iterator[None]:
    """Have an emulated rack, broken as told; ``keep`` leaves it there."""
    from rackwright.cli.twins import count_bmcs, spec_of
    from rackwright.twin import process
    from rackwright.twin.bmc.standins import make_images

    opened, made = building.plan_site(_once(talk), folder)
    state = opened.file.parent / ".rackwright"
    old = tuple(name for one in faults if one.fault is None for name in one.devices)
    spec = spec_of(opened, made.plan, rate=rate, bmcs="planned", hosts="bare", old=old)
    process.down(state)
    process.detach(spec)
    try:
        make_images(opened.file.parent, opened.loaded.images, opened.loaded.catalog)
        talk.say(
            f"the twin is up: {len(made.plan.switches)} switches, {count_bmcs(made.plan, spec)} BMCs and their servers"
        )
        for one in faults:
            if one.fault is not None:
                process.request(state, {"op": "fault", **one.fault})
            talk.say(f"planted: {one.told}")
        yield
    finally:
        if not keep:
            process.down(state)


def demonstrated(
    talk: Talk, folder: Path, faults: Sequence[Planted], *, rate: float, jobs: int, keep: bool
) -> list[Round]:  # fmt: skip
    """Bring an emulated rack up that is broken; then mend it as a person would, and bring it up again.

    Where nothing is left for a person to do there is no second round.
    """
    from rackwright.twin import process

    rounds = []
    with _twin(talk, folder, faults, rate, keep=keep), _served(talk, folder):
        rounds.append(_brought_up(talk, folder, jobs))
        by_hand = [one for one in faults if one.mended]
        if by_hand and rounds[0].code:
            for line in rounds[0].lines:
                talk.say(line)
            for one in by_hand:
                talk.say(f"somebody at the rack {one.mended}")
            process.request(folder / ".rackwright", {"op": "clear", "ids": None})
            rounds.append(_brought_up(talk, folder, jobs))
    return rounds


def _brought_up(talk: Talk, folder: Path, jobs: int) -> Round:
    from rackwright.cli.brought import brought_up

    try:
        answer = brought_up(talk, folder, jobs=jobs)
    except RackwrightError as error:
        talk.error(f"error: {error}")
        return Round(1, {"error": str(error)}, ())
    return Round(answer.code, answer.data, tuple(answer.lines))
