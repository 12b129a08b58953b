"""``rackwright push``: what is planned goes to the switches, shown first, and in waves."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from msgspec import structs

from rackwright.cli.answer import Answer, verb
from rackwright.cli.consenting import Shown, about, agreed, gone_on, left_behind, nothing_cut_off, refuse_narrower
from rackwright.cli.params import PLACE, given, program
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk
from rackwright.cli.watching import ended, watch, with_unread
from rackwright.push.changeset import Changeset, load, refuse_stale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rackwright.cli.pushing import Aim
    from rackwright.runs import Outcome, Report

__all__ = ["command", "push"]

_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LEAST_S: Final = 180
_SHOWN_S: Final = 5.0
"""Longest that a question may stand without a new look at the switches that had nothing before them: others push too."""
_RUNS: Final = {
    "switch": ("push", "push", "install"),
    "bmc": ("push to BMCs", "push-bmc", "bmc-settings"),
    "host": ("push to hosts", "push-host", "install-host"),
}
"""Domain -> what its push is called, the program of it, and what may go before it as a run of its own."""


def _seconds(ctx: click.Context, param: click.Parameter, text: str) -> int:
    """Read a time with its unit, as NVUE takes it."""
    found = re.fullmatch(r"(\d+)([smh])", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no time with a unit: write 10m, 300s or 1h", ctx, param)
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds < _LEAST_S:
        raise click.BadParameter(f"{text} is too short to look at a switch in: give {_LEAST_S}s or more", ctx, param)
    return seconds


@verb("push")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--only", type=click.Choice(["switch", "bmc", "host"]), default="switch", show_default=True,
              help="Push to switches, firmware and BIOS settings to BMCs, or software to hosts.")  # fmt: skip
@click.option(
    "--changes", type=PLACE, metavar="FILE", help="Push this changeset and nothing else; a stale one is refused."
)
@click.option(
    "--build", "folder", type=PLACE, metavar="OUT", help="Push what this build folder holds, e.g. a former one."
)
@click.option("--install", "image", type=PLACE, metavar="IMAGE",
              help="Install this image first where another version of the NOS runs.")  # fmt: skip
@click.option(
    "--image-sha256", default="", callback=given, metavar="HEX", help="What the image must have as its SHA-256."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--allow-disruption",
    is_flag=True,
    help="Push what interrupts links, sessions or the way in, or is not known to be harmless, too.",
)
@click.option(
    "--confirm-within",
    callback=_seconds,
    default="10m",
    show_default=True,
    metavar="TIME",
    help="After it a switch goes back by itself.",
)
@click.option("--allow-downgrade", is_flag=True, help="Servers: bring in an older version where that is intended.")
@click.option("--drained-by", default="", callback=program, metavar="PROGRAM",
              help="Servers: ask this program, with the server's name, whether its host is drained.")  # fmt: skip
@click.option("--lift-lockdown", is_flag=True, help="Servers: lift a lockdown that the site asks for, meanwhile.")
@click.option("--factory-login", is_flag=True, help="Servers: try the password that BMCs are delivered with, once.")
@click.option("--database", metavar="URL", envvar="RACKWRIGHT_DATABASE",
              help="Keep the journal in this PostgreSQL, as a bring-up with it does (or RACKWRIGHT_DATABASE).")  # fmt: skip
@click.option("--installer", default="", metavar="MEDIUM",
              help="Hosts: install bare servers first, from an ISO's URL, or over the network: http, pxe. Needs serve.")  # fmt: skip
@click.option("--wipe", multiple=True, metavar="NAME",
              help="With --installer: install this server, or all of a pattern, although a system has answered there.")  # fmt: skip
@click.option(
    "--resume", is_flag=True, help="Go on with the latest push that was cut off; nothing is done where none was."
)
@reaching
def command(
    talk: Talk, site: Path, only: str, changes: Path | None, folder: Path | None, image: Path | None, image_sha256: str,
    yes: bool, allow_disruption: bool, confirm_within: int, installer: str, wipe: tuple[str, ...], resume: bool, database: str | None,
    wanted: Wanted, **servers: Any,
) -> Answer:  # fmt: skip
    """Bring switches, BMCs (--only bmc) or hosts (--only host) to what is planned.

    Reads what runs, shows what would change and what that interrupts, and asks. Then goes wave by wave, one switch
    ahead of each: apply, log in afresh, look that it runs what was sent and that nothing is down that was up, confirm.
    A switch that is not confirmed goes back by itself. Cut off at any point, every switch is as it was, split as
    planned, or as planned; run it again to go on.

    With --only bmc: settings of the BMC, firmware and BIOS with the fewest restarts. Each image is sent once, whatever
    breaks; what counts is what the BMC shows afterwards, not how a job ended.

    With --only host: drivers, firmware of adapters and agents by the playbooks, stage by stage in the validated order,
    with the restarts between stages, each proven before the next begins.
    """
    from rackwright.cli import hosts, pushing
    from rackwright.cli.bare import bared, wiping
    from rackwright.cli.installing import Wish, installed
    from rackwright.cli.renewing import Consent
    from rackwright.cli.stacking import stacked

    _only_for(only, switch={"build": folder, "install": image}, host={"installer": installer, "wipe": wipe})
    _only_for(only, switch={"confirm_within": _is_given("confirm_within"), "image_sha256": image_sha256})
    _refuse_digest_alone(image, image_sha256)
    wanted = replace(wanted, database=database)
    if changes:
        _alone(installer=installer, install=image, resume=resume)
    if resume:
        if (answer := _nothing_cut_off(talk, site, only, database)) is not None:
            return answer
        asked = {"build": folder, "image": image, "confirm_s": confirm_within, "drained_by": servers["drained_by"]}
        folder = _as_begun(site, only, database, jobs=wanted.jobs, **asked)
    if only == "host":
        consent = Consent(yes, allow_disruption, resume, changes, servers.pop("drained_by"))
        _only_with("bmc", servers)
        met = hosts.aimed(talk, site, wanted)
        named = wiping(installer, wipe, met.way.hosts)
        if installer and (answer := bared(talk, met, installer, named, yes=yes, allow=allow_disruption)) is not None:
            return answer
        return stacked(talk, met, consent)
    if only == "bmc":
        return _servers(talk, site, wanted, changes, yes=yes, disruption=allow_disruption, resume=resume, **servers)
    _only_with("bmc", servers)
    aim = pushing.aimed(talk, site, wanted, folder)
    if resume and (answer := _resumed(talk, aim)) is not None:
        return answer
    wish = Wish(image, image_sha256, yes, allow_disruption) if image else None
    if wish and (answer := installed(talk, aim, wish, watch(talk))) is not None:
        return answer
    kept = load(changes) if changes else None
    names = _about(aim) if resume else ()
    return push(
        talk, aim, kept, names, yes=yes, allow=allow_disruption, confirm_s=confirm_within, jobs=wanted.at_once()
    )


def _nothing_cut_off(talk: Talk, site: Path, only: str, database: str | None) -> Answer | None:
    """Return what ends a push that was to go on where none of its domain was cut off; None where one was."""
    from rackwright import runs

    state = _state(site)
    what, *programs = _RUNS[only]
    runs.refuse_other_database(state, database=database)
    # What goes before the push itself is not gone on with: it looks, and begins anew.
    if any(runs.cut_off(state, name, database=database) for name in programs):
        return None
    known = runs.listed(state, database=database) if state.is_dir() else []
    ours = [one for one in known if one.program in programs]
    held = next((one for one in ours if one.holder), None)
    if held is None and (left := runs.left_over(state, programs[0], database=database)):
        raise left_behind(*left)
    nothing_cut_off(talk, what, held or next((one for one in ours if one.program == programs[0]), None))
    return ended(talk, None, (), behind="hangs on it")


def _as_begun(site: Path, only: str, database: str | None, **asked: Any) -> Path | None:
    """Refuse what the push that was cut off could not heed; return the build folder that it pushes."""
    from rackwright import runs
    from rackwright.cli.resuming import Asked, build_of, refuse_otherwise

    state = _state(site)
    found = runs.cut_off(state, _RUNS[only][1], database=database)
    run = found.run if found else ""
    asked["confirm_s"] = asked["confirm_s"] if _is_given("confirm_within") else None
    refuse_otherwise(state, run, Asked(**asked))
    return build_of(state, run) if run else asked["build"]


def _state(site: Path) -> Path:
    from rackwright.drivers.reach import STATE
    from rackwright.plan.workspace import site_file

    return site_file(site).parent / STATE


def _is_given(option: str) -> bool:
    """Tell whether an option stands on the command line, or is as usual."""
    return click.get_current_context().get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


def _alone(**given: Any) -> None:
    """Refuse what would be done beside a changeset that was reviewed, and before it is even read."""
    if wrong := next((name for name, value in given.items() if value), ""):
        raise click.UsageError(
            f"--changes pushes what was reviewed and nothing else: give --{wrong} in a push of its own"
        )


def _refuse_digest_alone(image: Path | None, sha256: str) -> None:
    """Refuse the digest of an image that is not named."""
    if sha256 and not image:
        raise click.UsageError("--image-sha256 goes with --install IMAGE")


def _only_for(only: str, **domains: Mapping[str, Any]) -> None:
    """Refuse options of another domain than what is pushed to."""
    for domain, options in domains.items():
        if domain != only:
            _only_with(domain, dict(options))


def _only_with(domain: str, given: dict[str, Any]) -> None:
    """Refuse options that mean something elsewhere."""
    wrong = next((name for name, value in given.items() if value), "")
    if wrong:
        raise click.UsageError(f"--{wrong.replace('_', '-')} goes with --only {domain}")


def _servers(
    talk: Talk, site: Path, wanted: Wanted, changes: Path | None, *, yes: bool, disruption: bool, resume: bool,
    allow_downgrade: bool, drained_by: str, lift_lockdown: bool, factory_login: bool,
) -> Answer:  # fmt: skip
    """Push to the BMCs of servers."""
    from rackwright.cli.renewing import Consent, renewed
    from rackwright.cli.servers import aimed

    aim = aimed(talk, site, wanted, allow_downgrade=allow_downgrade, lift=lift_lockdown, factory=factory_login)
    return renewed(talk, aim, Consent(yes, disruption, resume, changes, drained_by))


def push(
    talk: Talk, aim: Aim, kept: Changeset | None, names: Sequence[str] = (), *, yes: bool, allow: bool, confirm_s: int,
    jobs: int,
) -> Answer:  # fmt: skip
    """Compare, ask and push; ``kept`` is a changeset that was reviewed before, ``names`` the only switches that are meant (empty: all)."""
    from rackwright.cli import pushing
    from rackwright.push.order import Limits, anew, make_order
    from rackwright.push.submitting import submit

    found = pushing.compared(talk, aim, [device.device for device in kept.devices] if kept else names)
    if kept:
        refuse_stale(kept, found)
    shown = time.monotonic()
    refused = _consent(talk, aim, found, yes=yes, allow=allow)
    if refused is not None:
        return refused
    order = make_order(found, aim.trees, aim.plan, Limits(confirm_s=confirm_s))
    order = structs.replace(order, basis=aim.basis(order.of))
    if time.monotonic() - shown > _SHOWN_S:
        order = anew(order)
    if not any(device.work for device in order.devices):
        return _answer(talk, found, None)
    report = submit(order, aim.way, jobs=jobs, on_event=watch(talk))
    return _answer(talk, found, report)


def _consent(talk: Talk, aim: Aim, found: Changeset, *, yes: bool, allow: bool) -> Answer | None:
    """Show what would change; return what ends the push here, or None when it may go on."""
    from rackwright.cli import pushing
    from rackwright.report.pushes import changeset_lines, impact_lines, secret_lines, unread_lines, what_changes

    for line in unread_lines(found.unread):
        talk.error(line)
    talk.say(what_changes(found))
    if not pushing.has_work(found):
        return None
    for line in secret_lines(found, pushing.unseen(aim)):
        talk.error(line)
    disruptive = [] if allow else [device for device in found.changed if device.impact]
    shown = Shown(
        "push this?", list(changeset_lines(found, colour=True)), found, unread=bool(found.unread),
        barred="this interrupts what is named above; allow it with --allow-disruption" if disruptive else "",
        because=[line for device in disruptive for line in impact_lines(device)],
    )  # fmt: skip
    return agreed(talk, shown, yes=yes)


def _about(aim: Aim) -> Sequence[str]:
    """Return the switches of the push that was cut off and cannot go on; none where none was."""
    from rackwright.push.submitting import interrupted

    return about(aim.way.state, interrupted(aim.way.state, aim.way.database))


def _resumed(talk: Talk, aim: Aim) -> Answer | None:
    """Go on with the latest push that was cut off; None when only a new one can."""
    from rackwright.cli.resuming import refuse_other_site
    from rackwright.push.submitting import interrupted, resume

    run = interrupted(aim.way.state, aim.way.database)
    refuse_narrower(aim.way.state, run, [one.name for one in aim.plan.switches], {*aim.way.endpoints, *aim.way.astray})
    refuse_other_site(talk, aim.way, run, aim.basis)
    report = gone_on(talk, "push", run, lambda run, heard: resume(run, aim.way, on_event=heard))
    return _answer(talk, None, report) if report else None


def _answer(talk: Talk, found: Changeset | None, report: Report | None) -> Answer:
    """Tell how every switch ended; who could not be read failed alone."""
    return ended(talk, report, _outcomes(found, report), behind="hangs on it")


def _outcomes(found: Changeset | None, report: Report | None) -> list[Outcome]:
    from rackwright.runs import Outcome

    known = dict(report.outcomes) if report else {}
    for device in found.devices if found else ():
        known.setdefault(device.device, Outcome(subject=device.device, state="unchanged"))
    return with_unread(known, found.unread if found else ())
