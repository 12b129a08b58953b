"""What ``push --only bmc`` does between its options and its answer: shown, agreed to, run, and told how it ended."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from rackwright.cli import servers
from rackwright.cli.answer import Answer
from rackwright.cli.consenting import Shown, about, agreed, gone_on, refuse_narrower
from rackwright.cli.resuming import refuse_other_site
from rackwright.cli.settling import settled
from rackwright.cli.talk import Talk
from rackwright.cli.watching import ended, watch, with_unread

if TYPE_CHECKING:
    from rackwright.cli.servers import Aim
    from rackwright.push.bmc.changeset import Changeset
    from rackwright.runs import Outcome, Report

__all__ = ["RESTARTS", "Consent", "renewed"]

RESTARTS: Final = "this restarts hosts; drain them and allow it with --allow-disruption"
"""What bars a push that was asked for without that flag."""


@dataclass(frozen=True)
class Consent:
    """What the operator agreed to beforehand."""

    yes: bool = False
    disruption: bool = False
    resume: bool = False
    changes: Path | None = None
    """A changeset that was reviewed."""
    drained_by: str = ""


def renewed(talk: Talk, aim: Aim, consent: Consent) -> Answer:
    """Bring servers to their firmware, BIOS settings and settings of the BMC, or show what would be done."""
    if consent.resume and (answer := _resumed(talk, aim)) is not None:
        return answer
    found = _compared(talk, aim, consent)
    refused = _asked(talk, aim, found, consent)
    if refused is not None:
        return refused
    heard = watch(talk)
    barred = _locked(found)
    open_ = _only(found, (one.device for one in found.servers if one.device not in barred))
    failed = settled(talk, aim.way, open_, aim.settling, "first", heard)
    if any(outcome.state == "cancelled" for outcome in failed.values()):
        _say_unlocked(talk, found, ())
        return _answer(talk, found, None, _not_begun(open_) | failed | barred)
    failed |= barred
    report = _run(talk, aim, _only(found, (one.device for one in found.servers if one.device not in failed)), consent)
    well = _ended_well(found, report, failed)
    failed |= settled(talk, aim.way, _only(found, well), aim.settling, "last", heard)
    _say_unlocked(talk, found, well - failed.keys())
    return _answer(talk, found, report, failed)


def _locked(found: Changeset) -> dict[str, Outcome]:
    """Return the outcomes of servers whose lockdown may not be lifted: they are left out, and the others go on."""
    from rackwright.push.bmc.ending import locked

    return {one.device: locked(one.device) for one in found.servers if one.settings.locked}


def _not_begun(found: Changeset) -> dict[str, Outcome]:
    """Return the outcomes of servers that had more than settings before them when the operator stopped the push at those."""
    from rackwright.runs.model import STOPPED, Outcome

    more = (one for one in found.servers if one.work or any(change.last for change in one.settings.changes))
    return {one.device: Outcome(subject=one.device, state="cancelled", cause=STOPPED) for one in more}


def _only(found: Changeset, names: Iterable[str]) -> Changeset:
    """Return what is before some servers."""
    meant = frozenset(names)
    return msgspec.structs.replace(found, servers=tuple(one for one in found.servers if one.device in meant))


def _ended_well(found: Changeset, report: Report | None, failed: Mapping[str, Outcome]) -> frozenset[str]:
    """Return the servers on which everything but what comes last is done; nobody where the operator has stopped the push."""
    from rackwright.runs.model import GOOD

    if report is not None and report.state == "cancelled":
        return frozenset()
    outcomes = {**(report.outcomes if report else {}), **failed}
    names = (one.device for one in found.servers)
    return frozenset(name for name in names if name not in outcomes or outcomes[name].state in GOOD)


def _say_unlocked(talk: Talk, found: Changeset, well: Collection[str]) -> None:
    """Say which BMCs are not locked, since that comes last; one whose lockdown was lifted was locked before."""
    from rackwright.report.words import some

    meant = [one.device for one in found.servers if any(change.last for change in one.settings.changes)]
    if names := [name for name in meant if name not in well]:
        talk.error(f"{some(names)}: lockdown is not on: it comes last, and not everything else is done; push again")


def _compared(talk: Talk, aim: Aim, consent: Consent) -> Changeset:
    from rackwright.push.bmc.changeset import load, refuse_stale
    from rackwright.push.bmc.submitting import interrupted

    kept = load(consent.changes) if consent.changes else None
    former = about(aim.way.state, interrupted(aim.way.state, aim.way.database)) if consent.resume else ()
    found = servers.compared(talk, aim, [server.device for server in kept.servers] if kept else former)
    if kept:
        refuse_stale(kept, found)
    return found


def _run(talk: Talk, aim: Aim, found: Changeset, consent: Consent) -> Report | None:
    from rackwright.push.bmc.order import make_order
    from rackwright.push.bmc.submitting import submit

    if not any(server.work for server in found.servers):
        return None
    order = make_order(found, aim.plan, aim.catalog, aim.folder, drained_by=consent.drained_by)
    order = msgspec.structs.replace(order, basis=aim.basis(order.of))
    return submit(order, aim.way, jobs=aim.way.jobs, on_event=watch(talk))


def _asked(talk: Talk, aim: Aim, found: Changeset, consent: Consent) -> Answer | None:
    """Show what would change; return what ends the push here, or None when it may go on."""
    from rackwright.report.pushes import unread_lines
    from rackwright.report.servers import left_lines, rack_line, refused_lines, server_lines, server_value, what_differs

    for line in (*unread_lines(found.unread), *refused_lines(found)):
        talk.error(line)
    for line in left_lines(found):
        talk.say(line)
    talk.say(what_differs(found))
    if not found.changed:
        return _answer(talk, found, None)
    jobs = aim.way.jobs
    value = server_value(found, aim.plan, jobs)
    talk.say(rack_line(found, aim.plan, jobs))
    restarts = any(server.way.restarts for server in found.changed if not server.settings.locked)
    shown = Shown(
        "push this?", list(server_lines(found)), value, unread=bool(found.unread),
        barred=RESTARTS if restarts and not consent.disruption else "",
    )  # fmt: skip
    return agreed(talk, shown, yes=consent.yes)


def _resumed(talk: Talk, aim: Aim) -> Answer | None:
    """Go on with the latest push that was cut off; None when only a new one can."""
    from rackwright.push.bmc.submitting import interrupted, resume

    run = interrupted(aim.way.state, aim.way.database)
    refuse_narrower(aim.way.state, run, aim.machines, {*aim.way.bmcs, *aim.way.bmcs_astray})
    refuse_other_site(talk, aim.way, run, aim.basis)
    report = gone_on(talk, "push to BMCs", run, lambda run, heard: resume(run, aim.way, on_event=heard))
    if report is None:
        return None
    worked = [name for name in report.outcomes if (wanted := aim.settling.wanted.get(name)) and wanted.lockdown]
    if report.state != "done" or not worked:
        return _answer(talk, None, report)
    # Lockdown comes after everything else, and the run that was cut off did not come so far. Of others nothing was shown.
    found = servers.compared(talk, aim, worked)
    return _answer(talk, found, report, settled(talk, aim.way, found, aim.settling, "last", watch(talk)))


def _answer(
    talk: Talk, found: Changeset | None, report: Report | None, failed: Mapping[str, Outcome] | None = None
) -> Answer:
    """Tell how every server ended; who could not be read failed alone, and so did the ``failed`` whose settings were not made."""
    outcomes = _outcomes(found, report, failed or {})
    return ended(talk, report, outcomes, behind="comes after it")


def _outcomes(found: Changeset | None, report: Report | None, failed: Mapping[str, Outcome]) -> list[Outcome]:
    from rackwright.push.bmc.ending import untouched

    known = {**(report.outcomes if report else {}), **failed}
    well = _ended_well(found, report, failed) if found else frozenset()
    for server in found.servers if found else ():
        outcome = known.setdefault(server.device, untouched(server.device, server.way))
        made = any(server.device in well or not one.last for one in server.settings.changes)
        if outcome.state == "unchanged" and made:
            known[server.device] = msgspec.structs.replace(outcome, state="done")
    return with_unread(known, found.unread if found else ())
