"""Management cables of servers (BMC, adapters' BMCs, LOM), proven by what the switches at their near ends see and have learned.

A blink does not reach them: the answer would come over the same switch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from rackwright.audit import Evidence, plugs
from rackwright.audit.cabling import EXCHANGED
from rackwright.audit.ledger import Proof
from rackwright.bringup import concerns, files
from rackwright.bringup.job import Job
from rackwright.findings import Finding

__all__ = ["LOOK", "Plugs", "of", "stood"]

LOOK: Final = "findings/cabling.json"
"""What the stage ``cabling`` found at all servers together; of one that it looked at alone, in a folder of that name."""
_FOLDER: Final = "/management"
"""What the folder of their evidence ends in."""


class Plugs:
    """One look at the management cables of some servers.

    ``look`` asks a switch; what it told a moment ago is used where not ``anew``. Where something is wrong, the switches are asked as well at which
    whom it names is planned, so that the repair is told from both holes.
    """

    def __init__(self, job: Job, names: Iterable[str], look: Callable[[str], Evidence], *, anew: bool = False) -> None:
        self.kept: list[str] = []
        """The files of the evidence."""
        self._job = job
        self._look = look
        self._anew = anew
        self._links = {name: job.world.managed[name] for name in names if name in job.world.managed}
        self._evidence: dict[str, Evidence] = {}
        self._ask(self._links)
        self._proof = self._judged() if self._links else Proof()
        if self._ask(self._concerned()):
            self._proof = self._judged()

    @property
    def standing(self) -> frozenset[str]:
        """Return the servers with a management cable that is where it is planned."""
        return self._proof.standing

    def found(self, told: Iterable[Finding], standing: Callable[[], Iterable[str]]) -> list[Finding]:
        """Return what is found; ``told`` is what was of the other cables, ``standing`` gives the servers whose places these prove.

        Servers that the other cables show in each other's places, too, are not told twice, unless it is a step among others.
        """
        if not any(map(_exchanged, self._proof.found)):
            return list(self._proof.found)
        twice = {one.path for one in told if _exchanged(one)}
        found = self._judged(standing()).found
        return [
            one for one in found if not (_exchanged(one) and one.path in twice and not one.remedy.startswith("step "))
        ]

    def _ask(self, servers: Iterable[str]) -> bool:
        """Ask the switches at which servers have their management cables, each once; say whether there was one more."""
        world, folder = self._job.world, self._job.context.folder
        wanted = {near.device for name in servers for near, _ in world.managed.get(name, ())} - self._evidence.keys()
        asked = sorted(name for name in wanted if name in world.way.endpoints)
        for name in asked:
            self._evidence[name], file = world.glances.of((folder, name), partial(self._seen, name), anew=self._anew)
            self.kept.append(file)
        return bool(asked)

    def _seen(self, name: str) -> tuple[Evidence, str]:
        told = self._look(name)
        return told, files.evidence(self._job.context.folder, f"{self._job.task.stage}{_FOLDER}", told)

    def _judged(self, standing: Iterable[str] = ()) -> Proof:
        world = self._job.world
        near = world.nearby.around(self._evidence)
        return plugs.judge(world.audited, self._evidence, self._links, near, standing)

    def _concerned(self) -> set[str]:
        world = self._job.world
        failed = (one for one in self._proof.found if one.status == "fail")
        return {name for one in failed for name in concerns.servers(one, world.peers, world.machines)}


def _exchanged(one: Finding) -> bool:
    return one.status == "fail" and one.path.partition(".")[0] == EXCHANGED


class _Stood(msgspec.Struct, frozen=True):
    """What is read here of a look at cables."""

    standing: tuple[str, ...] = ()


def stood(job: Job) -> frozenset[str]:
    """Return the servers that the stage ``cabling`` of this run found where they are planned, by cables that are no management cables."""
    looks = (job.context.folder / name for name in (LOOK, f"{LOOK.removesuffix('.json')}/{job.device}.json"))
    told = (msgspec.json.decode(path.read_bytes(), type=_Stood) for path in looks if path.is_file())
    return frozenset(name for one in told for name in one.standing)


def of(file: str) -> str:
    """Return the switch whose evidence about management cables is in a file; empty: it is other evidence."""
    folder, _, name = file.rpartition("/")
    return name.removesuffix(".json") if folder.endswith(_FOLDER) else ""
