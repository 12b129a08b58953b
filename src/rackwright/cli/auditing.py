"""What ``audit`` does between its options and its answer: evidence from switches or a folder, then the verdict."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from rackwright import audit
from rackwright.cli import building
from rackwright.cli.reaching import Wanted, reach
from rackwright.cli.talk import Talk
from rackwright.drivers.reach import STATE
from rackwright.errors import DocumentError
from rackwright.findings import Finding
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Switch

if TYPE_CHECKING:
    from nornir_tasks import Build
    from rackwright.drivers.reach import Reach

__all__ = ["Asked", "audited"]

LAST: Final = "evidence"
"""Folder in the site's state that holds the last look."""


@dataclass(frozen=True)
class Asked:
    """What an audit is to look at."""

    checks: tuple[str, ...] = ()
    limits: audit.Limits = field(default_factory=audit.Limits)
    keep: Path | None = None
    snapshot: Path | None = None


def audited(talk: Talk, folder: Path, wanted: Wanted, asked: Asked) -> tuple[Finding, ...]:
    """Look at the switches of a site, or at a snapshot of them, and judge; the look is kept as the last one."""
    from nornir_tasks import Build
    from rackwright.render import switch_tree
    from rackwright.render.site_overlays import of_site

    opened, planned = building.plan_site(talk, folder)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    site = opened.file.parent
    build = Build(planned.plan, opened.loaded.catalog, of_site(opened.loaded.overlays, site))
    names = [switch.name for switch in planned.plan.switches]
    meant = building.chosen(names, wanted.limit) if wanted.limit else frozenset(names)
    # A twin's last look goes when the twin goes, and is never compared with that of real switches.
    last = site / STATE / "twin" / LAST if wanted.twin else site / STATE / LAST
    before = audit.read(last, meant)
    if asked.snapshot is None:
        evidence = _looked(talk, build, reach(planned.plan, site, wanted), asked.checks)
        audit.write(last, _merged(before, evidence))
    else:
        evidence = _kept(asked.snapshot, meant)
    if asked.keep:
        audit.write(asked.keep, evidence.values())
    trees: dict[str, Tree] = {}

    def rendered(switch: Switch) -> Tree:
        if switch.name not in trees:
            trees[switch.name] = switch_tree(switch, build.overlays)
        return trees[switch.name]

    return audit.judge(
        planned.plan, evidence, catalog=opened.loaded.catalog, intended=rendered,
        before=before, limits=asked.limits, names=meant, checks=asked.checks,
    )  # fmt: skip


def _looked(talk: Talk, build: Build, way: Reach, checks: Sequence[str]) -> dict[str, audit.Evidence]:
    """Ask the switches through Nornir, as many at the same time as ``--jobs`` says."""
    import nornir_tasks
    from rackwright.errors import Unreachable

    taken = datetime.now(UTC).isoformat(timespec="seconds")
    found = {
        name: audit.unreached(name, Unreachable(why, device=name, remedy=""), taken) for name, why in way.astray.items()
    }
    names = list(way.endpoints)
    if names:
        # Nornir logs a failure with its traceback; ours is told once, as a sentence.
        logging.getLogger("nornir").addHandler(logging.NullHandler())
        runner = nornir_tasks.CompleteThreads(names, way.jobs, talk.counter("asked", len(names)))
        hosts = nornir_tasks.nornir_of(build).filter(filter_func=lambda host: host.name in way.endpoints)
        results = hosts.with_runner(runner).run(task=nornir_tasks.ask_nvue, way=way, checks=checks, taken=taken)
        for name, result in results.items():
            if result.exception is not None:
                raise result.exception
            found[name] = result[0].result
    questions = sum(len(item.answers) for item in found.values())
    talk.say(f"asked {questions} questions of {len(names)} switches in {talk.seconds():.1f} s")
    return found


def _kept(folder: Path, meant: frozenset[str]) -> dict[str, audit.Evidence]:
    found = dict(audit.read(folder, meant))
    if not found:
        raise DocumentError(f"{folder} holds no evidence of these switches: take it with 'rackwright audit --keep'")
    return found


def _merged(before: Mapping[str, audit.Evidence], now: Mapping[str, audit.Evidence]) -> list[audit.Evidence]:
    """Return what the last look is from here on: a switch that did not answer, or was asked less, keeps what it said."""
    kept = []
    for name, item in now.items():
        answers = {answer.question: answer for answer in (before[name].answers if name in before else ())}
        answers |= {answer.question: answer for answer in item.answers if not answer.error}
        if not item.error:
            kept.append(msgspec.structs.replace(item, answers=tuple(answers.values())))
    return kept
