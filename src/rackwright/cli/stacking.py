"""What ``push --only host`` does between its options and its answer: shown, agreed to, run, and told how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from rackwright.cli import hosts
from rackwright.cli.answer import DIFFERENCE, ERROR, FINE, Answer, worst
from rackwright.cli.consenting import Shown, about, agreed, gone_on, refuse_narrower
from rackwright.cli.renewing import RESTARTS, Consent
from rackwright.cli.resuming import refuse_other_site
from rackwright.cli.talk import Talk
from rackwright.cli.watching import ended, watch, with_unread

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rackwright.cli.hosts import Aim
    from rackwright.drivers.hosts.model import Event
    from rackwright.push.hosts.changeset import Changeset
    from rackwright.runs import Outcome, Report

__all__ = ["stacked", "told"]


def told(talk: Talk, aim: Aim, out: Path | None) -> Answer:
    """Tell what a push would do; who cannot be read makes it an error."""
    from rackwright.report.hosts import host_lines, problem_lines, what_differs
    from rackwright.report.pushes import unread_lines

    found = hosts.compared(talk, aim)
    for line in (*unread_lines(found.unread), *problem_lines(found)):
        talk.error(line)
    talk.say(what_differs(found))
    if out:
        out.write_bytes(found.encoded())
    code = worst(ERROR if found.unread else FINE, DIFFERENCE if found.changed else FINE)
    return Answer(code, found, list(host_lines(found)))


def stacked(talk: Talk, aim: Aim, consent: Consent) -> Answer:
    """Bring hosts to the software that is planned, or show what would be done."""
    if consent.resume and (answer := _resumed(talk, aim)) is not None:
        return answer
    found = _compared(talk, aim, consent)
    refused = _asked(talk, found, consent)
    return _answer(talk, found, _run(talk, aim, found, consent)) if refused is None else refused


def _compared(talk: Talk, aim: Aim, consent: Consent) -> Changeset:
    from rackwright.push.hosts.changeset import load, refuse_stale
    from rackwright.push.hosts.submitting import interrupted

    kept = load(consent.changes) if consent.changes else None
    former = about(aim.way.state, interrupted(aim.way.state, aim.way.database)) if consent.resume else ()
    found = hosts.compared(talk, aim, [host.device for host in kept.hosts] if kept else former)
    if kept:
        refuse_stale(kept, found)
    return found


def _run(talk: Talk, aim: Aim, found: Changeset, consent: Consent) -> Report | None:
    from rackwright.push.hosts.order import make_order
    from rackwright.push.hosts.reading import host_order
    from rackwright.push.hosts.submitting import submit

    if not found.changed:
        return None
    work = [host_order(one, aim.variables[one.device], aim.stacks[one.device]) for one in found.hosts]
    order = structs.replace(
        make_order(aim.plan, work, drained_by=consent.drained_by), basis=aim.basis([one.device for one in work])
    )
    return submit(order, aim.way, jobs=aim.way.jobs, on_event=watch(talk), heard=_play(talk))


def _play(talk: Talk) -> Callable[[Event], None]:
    """Return what says how plays go on: what changes and what goes wrong, and to the curious every task."""

    def heard(event: Event) -> None:
        where = f"{event.role}: {event.task}" if event.role else event.task
        if event.kind in ("changed", "failed", "unreachable"):
            first = event.text.partition("\n")[0]
            talk.say(f"{event.host}: {event.kind} {where}{f' ({first})' if first else ''}")
        elif event.kind == "task":
            talk.detail(where)

    return heard


def _asked(talk: Talk, found: Changeset, consent: Consent) -> Answer | None:
    """Show what would change; return what ends the push here, or None when it may go on."""
    from rackwright.report.hosts import host_lines, problem_lines, what_differs
    from rackwright.report.pushes import unread_lines

    for line in (*unread_lines(found.unread), *problem_lines(found)):
        talk.error(line)
    talk.say(what_differs(found))
    if not found.changed:
        return _answer(talk, found, None)
    restarts = any(host.restarts for host in found.changed)
    shown = Shown(
        "push this?", list(host_lines(found)), found, unread=bool(found.unread),
        barred=RESTARTS if restarts and not consent.disruption else "",
    )  # fmt: skip
    return agreed(talk, shown, yes=consent.yes)


def _resumed(talk: Talk, aim: Aim) -> Answer | None:
    """Go on with the latest push that was cut off; None when only a new one can."""
    from rackwright.push.hosts.submitting import interrupted, resume

    run = interrupted(aim.way.state, aim.way.database)
    refuse_narrower(aim.way.state, run, aim.stacks, {*aim.way.hosts, *aim.way.hosts_astray})
    refuse_other_site(talk, aim.way, run, aim.basis)
    report = gone_on(
        talk, "push to hosts", run, lambda run, heard: resume(run, aim.way, jobs=aim.way.jobs, on_event=heard)
    )
    return _answer(talk, None, report) if report else None


def _answer(talk: Talk, found: Changeset | None, report: Report | None) -> Answer:
    """Tell how every host ended; who could not be read failed alone."""
    outcomes = _outcomes(found, report)
    return ended(talk, report, outcomes, behind="comes after it")


def _outcomes(found: Changeset | None, report: Report | None) -> list[Outcome]:
    from rackwright.runs import Outcome

    known = dict(report.outcomes) if report else {}
    for host in found.hosts if found else ():
        known.setdefault(host.device, Outcome(subject=host.device, state="unchanged"))
    return with_unread(known, found.unread if found else ())
