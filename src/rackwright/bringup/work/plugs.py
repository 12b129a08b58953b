"""Management cables of servers (BMC, adapters' BMCs, LOM), proven by what the switches at their near ends see and have learned.

A blink does not reach them: the answer would come over the same switch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from rackwright.audit import Evidence, plugs
from rackwright.bringup import concerns, files
from rackwright.bringup.job import Job
from rackwright.findings import Finding

__all__ = ["of", "proven"]

_FOLDER: Final = "/management"
"""What the folder of their evidence ends in."""


def proven(
    job: Job, names: Sequence[str], look: Callable[[str], Evidence], *, anew: bool = False
) -> tuple[list[Finding], list[str]]:
    """Return what is found about the management cables of servers, and the files of the evidence.

    ``look`` asks a switch; what it told a moment ago is used where not ``anew``. Where something is wrong, the switches are asked as well at which
    whom it names is planned, so that the repair is told from both holes.
    """
    world = job.world
    links = {name: world.managed[name] for name in names if name in world.managed}
    evidence: dict[str, Evidence] = {}
    kept: list[str] = []

    def seen(name: str) -> tuple[Evidence, str]:
        told = look(name)
        return told, files.evidence(job.context.folder, f"{job.task.stage}{_FOLDER}", told)

    def judged(servers: Iterable[str]) -> list[Finding]:
        wanted = {near.device for name in servers for near, _ in world.managed.get(name, ())} - evidence.keys()
        for name in sorted(wanted & world.way.endpoints.keys()):
            key = job.context.folder, name
            evidence[name], file = world.glances.of(key, partial(seen, name), anew=anew)
            kept.append(file)
        return list(plugs.judge(world.audited, evidence, links, world.nearby.around(evidence)))

    if not links:
        return [], []
    found = judged(links)
    others = {
        name for one in found if one.status == "fail" for name in concerns.servers(one, world.peers, world.machines)
    }
    if any(near.device not in evidence for name in others for near, _ in world.managed.get(name, ())):
        found = judged(others)
    return found, kept


def of(file: str) -> str:
    """Return the switch whose evidence about management cables is in a file; empty: it is other evidence."""
    folder, _, name = file.rpartition("/")
    return name.removesuffix(".json") if folder.endswith(_FOLDER) else ""
