"""What ``audit`` and ``snapshot`` do with the operating systems of servers: who is meant, and what they tell."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from rackwright import audit
from rackwright.audit import hosts
from rackwright.cli.reaching import Wanted, reach
from rackwright.cli.talk import Talk
from rackwright.errors import Unreachable
from rackwright.plan.workspace import Planned, Workspace
from rackwright.render import ansible
from rackwright.render.slices import Slices
from rackwright.report.words import count

if TYPE_CHECKING:
    from rackwright.drivers.reach import Reach

__all__ = ["Systems", "benched", "bundled", "held", "keep", "looked", "there"]


@dataclass(frozen=True)
class Systems:
    """The hosts of a planned site, and how they are reached."""

    opened: Workspace
    planned: Planned

    @cached_property
    def wanted(self) -> dict[str, hosts.Wanted]:
        """Return every host as it should be."""
        return hosts.hosts(self.planned.plan, self.opened.loaded.require(), self.opened.loaded.catalog)

    def way(self, names: Sequence[str], wanted: Wanted) -> Reach:
        """Return how some hosts are reached; raises :class:`~rackwright.errors.TwinError` when the twin is asked for and is not up."""
        plan, site = self.planned.plan, self.opened.loaded.require()
        facts, _ = ansible.inventory(Slices(plan), names)
        addresses = {name: str(facts.get(name, {}).get("ansible_host", "")) for name in names}
        folder = self.opened.file.parent
        return reach(plan, folder, replace(wanted, limit=()), hosts=addresses, host_user=site.hosts.user)


def looked(talk: Talk, systems: Systems, names: Sequence[str], way: Reach) -> dict[str, audit.Evidence]:
    """Ask the hosts that are meant, through Nornir; return the evidence of each, also of those that cannot be reached."""
    import nornir_tasks

    taken = datetime.now(UTC).isoformat(timespec="seconds")
    asked = [name for name in names if name in way.hosts]
    found = {
        name: audit.unreached(name, Unreachable(way.hosts_astray.get(name, "it is not known where it answers"), device=name), taken)
        for name in names if name not in way.hosts
    }  # fmt: skip
    if asked:
        # Nornir logs a failure with its traceback; ours is told once, as a sentence.
        logging.getLogger("nornir").addHandler(logging.NullHandler())
        nornir = nornir_tasks.nornir_of_bmcs(asked, way.jobs, talk.counter("asked", len(asked)))
        catalog = systems.opened.loaded.catalog
        results = nornir.run(
            task=nornir_tasks.ask_host, way=way, wanted=systems.wanted, catalog=catalog, taken=taken
        )  # fmt: skip
        found |= {name: _result(result) for name, result in results.items()}
    talk.say(f"asked {count(len(asked), 'host')} in {talk.seconds():.1f} s")
    return found


def benched(
    talk: Talk, systems: Systems, evidence: Mapping[str, audit.Evidence], way: Reach, level: int
) -> dict[str, audit.Evidence]:
    """Run the benchmarks on the hosts that could be asked, and return the evidence with what they said."""
    import nornir_tasks
    from rackwright.audit.hosts import running

    names = [name for name, one in evidence.items() if not one.error]
    rounds = running.pairs(systems.wanted, evidence, names)
    time = running.minutes(systems.wanted, names, rounds, level)
    talk.say(f"loading {count(len(names), 'host')} with benchmarks, which takes about {time} min")
    found: dict[str, list[audit.Answer]] = {name: [] for name in names}
    if names:
        nornir = nornir_tasks.nornir_of_bmcs(names, min(way.jobs, len(names)), talk.counter("measured", len(names)))
        for name, result in nornir.run(
            task=nornir_tasks.bench_host, way=way, wanted=systems.wanted, level=level
        ).items():
            found[name] += _result(result)
    for some in rounds:
        pairs = {pair.one: pair for pair in some}
        nornir = nornir_tasks.nornir_of_bmcs(list(pairs), len(pairs), talk.counter("pairs measured", len(pairs)))
        for result in nornir.run(task=nornir_tasks.bench_pair, way=way, pairs=pairs).values():
            for name, answers in _result(result).items():
                found[name] += answers
    return {
        name: msgspec.structs.replace(one, answers=(*one.answers, *found.get(name, ())))
        for name, one in evidence.items()
    }


def bundled(talk: Talk, systems: Systems, names: Sequence[str], way: Reach, folder: Path) -> None:
    """Fetch the support bundles of some hosts into the folder of the evidence."""
    import nornir_tasks

    if not names:
        return
    place = folder / hosts.FOLDER
    nornir = nornir_tasks.nornir_of_bmcs(names, min(way.jobs, len(names)), talk.counter("bundled", len(names)))
    results = nornir.run(task=nornir_tasks.bundle_host, way=way, wanted=systems.wanted, folder=place)
    fetched = sorted(name for name, result in results.items() if _result(result))
    talk.say(f"support bundles of {', '.join(fetched) or 'no host'} in {place}")


def _result(result: Any) -> Any:
    if result.exception is not None:
        raise result.exception
    return result[0].result


def keep(folder: Path, evidence: Iterable[audit.Evidence]) -> None:
    """Keep what hosts told, in a folder of their own: a host has the name of its BMC."""
    audit.write(folder / hosts.FOLDER, evidence)


def there(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the hosts of which a folder holds anything, without reading it; the only one meant, where it is that host's own."""
    wanted = list(names)
    found = [name for name in wanted if (folder / hosts.FOLDER / f"{name}.json").is_file() or _collected(folder, name)]
    if not found and len(wanted) == 1 and hosts.is_collected(folder, deep=False):
        return wanted
    return found


def held(systems: Systems, folder: Path, names: Iterable[str]) -> dict[str, audit.Evidence]:
    """Return what a folder holds of some hosts: ``hosts/NAME.json``, or files by command in ``hosts/NAME/`` or ``NAME/``.

    Raises :class:`~rackwright.errors.DocumentError` when a file is no evidence.
    """
    wanted, catalog = list(names), systems.opened.loaded.catalog
    found: dict[str, audit.Evidence] = dict(audit.read(folder / hosts.FOLDER, wanted))
    for name in wanted:
        place = _collected(folder, name)
        if place is None and len(wanted) == 1 and hosts.is_collected(folder, deep=False):
            place = folder
        if place is not None:
            found[name] = _merged(found.get(name), hosts.read_folder(place, systems.wanted[name], catalog))
    return found


def _collected(folder: Path, name: str) -> Path | None:
    places = (folder / hosts.FOLDER / name, folder / name)
    return next((place for place in places if hosts.is_collected(place)), None)


def _merged(asked: audit.Evidence | None, files: audit.Evidence) -> audit.Evidence:
    """Lay files beside what was asked: what was told over SSH stays, files tell what was not."""
    if asked is None or asked.error:
        return files
    answers: Mapping[str, audit.Answer] = {
        answer.question: answer for answer in (*files.answers, *asked.answers) if not answer.error
    }
    failed = [answer for answer in asked.answers if answer.question not in answers]
    return audit.Evidence(asked.device, asked.taken, answers=(*answers.values(), *failed))
