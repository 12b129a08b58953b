"""``rackwright replace``: another machine takes the place of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rackwright.cli import building, noting
from rackwright.cli.answer import ERROR, FINDINGS, FINE, Answer, verb, worst
from rackwright.cli.consenting import Shown, agreed
from rackwright.cli.params import PLACE, given
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk
from rackwright.intent.node_edits import TAG, edit

if TYPE_CHECKING:
    from rackwright.findings import Finding
    from rackwright.intent.node_edits import Edited
    from rackwright.plan.model import Device, Plan
    from rackwright.plan.workspace import Workspace

__all__ = ["command"]

SETTLE_S: Final = 300
"""Longest that a new switch is given to come up: multihoming starts after 180 s (nvue.md 3.4), sessions after that."""
AGAIN_S: Final = 20

_SWITCHES = frozenset({"leaf", "spine", "superspine", "oob"})


def _macs(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """Read ``PORT=MAC`` pairs."""
    from rackwright.intent.nodes import normal_mac

    found: dict[str, str] = {}
    for text in texts:
        port, equals, mac = text.partition("=")
        normal = normal_mac(mac)
        if not equals or not port or normal is None:
            raise click.BadParameter(f"{text!r} is no PORT=MAC: write eth0=02:00:00:aa:bb:cc", ctx, param)
        found[port] = normal
    return found


@verb("replace")
@click.argument("site", type=PLACE, metavar="DIR")
@click.argument("device", metavar="DEVICE")
@click.option("--serial", required=True, metavar="NEW", help="Serial number or service tag of the new machine.")
@click.option("--mac", "macs", callback=_macs, multiple=True, metavar="PORT=MAC",
              help="MAC address of one of its ports, e.g. eth0=...; may be given again.")  # fmt: skip
@click.option("--install", "image", type=PLACE, metavar="IMAGE", help="Install this image where another version runs.")
@click.option(
    "--image-sha256", default="", callback=given, metavar="HEX", help="What the image must have as its SHA-256."
)
@click.option("--record-only", is_flag=True, help="Write it down and stop: its first boot ('serve') brings the rest.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--allow-disruption",
    is_flag=True,
    help="Push what interrupts links, sessions or the way in, or is not known to be harmless, too.",
)
@reaching
def command(
    talk: Talk, site: Path, device: str, serial: str, macs: dict[str, str], image: Path | None, image_sha256: str,
    record_only: bool, yes: bool, allow_disruption: bool, wanted: Wanted,
) -> Answer:  # fmt: skip
    """Put another machine in the place of a switch.

    Shows what nodes.csv will say, and asks. The former machine's MAC addresses, pins and first boot are forgotten, here
    and nowhere else. Then the new one gets NOS and configuration, as with push, and is audited.
    """
    if not serial.strip():
        raise click.BadParameter("is empty; read it off the new machine's label", param_hint="--serial")
    if wanted.limit:
        raise click.UsageError("replace is about one device; --limit has no place here")
    opened, planned = building.plan_site(talk, site)
    there = next((one for one in planned.plan.devices if one.name == device), None)
    if there is None or there.role not in _SWITCHES:
        raise click.BadParameter(f"no switch is called {device!r}", param_hint="DEVICE")
    limited = changed(wanted, limit=(device,))
    forget = partial(_forget, talk, planned.plan, opened.file.parent, device, limited)
    noted = _noted(talk, opened, there, {TAG: serial, **macs}, forget, yes=yes)
    if noted.code or record_only:
        return noted
    pushed = _pushed(talk, site, limited, image, image_sha256, yes=yes, allow=allow_disruption)
    if pushed.code:
        return Answer(pushed.code, {"nodes": noted.data, "push": pushed.data}, [*noted.lines, *pushed.lines])
    audit = _audited(talk, site, limited)
    data = {"nodes": noted.data, "push": pushed.data, "audit": audit.data}
    return Answer(worst(pushed.code, audit.code), data, [*noted.lines, *pushed.lines, *audit.lines])


def _noted(
    talk: Talk, opened: Workspace, there: Device, new: dict[str, str], forget: Callable[[], None], *, yes: bool
) -> Answer:
    """Write the new machine into nodes.csv, once it was shown and agreed to, and forget the former one."""
    from rackwright.report.nodes import change_lines, conflict_lines, edit_value

    path = noting.nodes_file(opened)
    before = noting.nodes_text(path)
    # The new machine has none of the former one's addresses; what is not told now, discover finds.
    edited = edit(before, {there.name: {**dict.fromkeys(dict(there.macs), ""), **new}}, replace=True)
    another = any(change.column == TAG for change in edited.changes)
    if not another and not edited.conflicts:
        # It is written down already; what is told of it now may be new.
        edited = edit(before, {there.name: new}, replace=True)
    if not edited.changes and not edited.conflicts:
        talk.say(f"{path} has this machine already")
        return Answer(FINE, edit_value(edited))
    lines = tuple(change_lines(edited.changes))
    if edited.conflicts:
        for line in conflict_lines(edited.conflicts, str(path)):
            talk.error(line)
        return Answer(ERROR, edit_value(edited), lines)
    gone = f"! {there.name}: the former machine's host key, certificate and first boot are forgotten"
    refused = _consent(talk, edited, (*lines, gone) if another else lines, yes=yes)
    if refused is not None:
        return refused
    # First: were it the other way round, a kill in between would leave a machine that is written down and not believed.
    noting.write_nodes(opened, path, before, edited, forget if another else None)
    talk.say(f"{path} is written")
    return Answer(FINE, edit_value(edited), lines)


def _consent(talk: Talk, edited: Edited, lines: tuple[str, ...], *, yes: bool) -> Answer | None:
    from rackwright.report.nodes import edit_value

    shown = Shown("is another machine in its place?", lines, edit_value(edited), done="written", grave=True)
    return agreed(talk, shown, yes=yes)


def _forget(talk: Talk, plan: Plan, site: Path, device: str, wanted: Wanted) -> None:
    """Drop what was known of the former machine: pins, and that it was provisioned."""
    from rackwright.cli.reaching import reach
    from rackwright.serve.tokens import Tokens

    way = reach(plan, site, wanted)
    if device in way.endpoints and way.forget(device):
        talk.say(f"{device}: its pins are forgotten")
    served = way.state / "serve"
    if served.is_dir() and Tokens(served).forget(device):
        talk.say(f"{device}: may boot for the first time again")


def _pushed(
    talk: Talk, site: Path, wanted: Wanted, image: Path | None, sha256: str, *, yes: bool, allow: bool
) -> Answer:
    """Bring the new machine to what is planned, as push does."""
    from rackwright.cli import pushing
    from rackwright.cli.installing import Wish, installed
    from rackwright.cli.verbs.push import push
    from rackwright.cli.watching import watch
    from rackwright.push.order import CONFIRM_S

    aim = pushing.aimed(talk, site, wanted)
    heard: Callable[[Any], None] = watch(talk)
    if image and (answer := installed(talk, aim, Wish(image, sha256, yes, allow), heard)) is not None:
        return answer
    return push(talk, aim, None, yes=yes, allow=allow, confirm_s=CONFIRM_S, jobs=wanted.at_once())


def _audited(talk: Talk, site: Path, wanted: Wanted) -> Answer:
    """Audit the switch; while something is not up yet it is looked at again, since multihoming starts late."""
    from rackwright.cli.auditing import Asked, audited
    from rackwright.cli.pushing import aimed
    from rackwright.report.audits import audit_lines, audit_value

    clock = aimed(talk, site, wanted).way.clock
    end = clock.now() + SETTLE_S
    while (code := _verdict(findings := audited(talk, site, wanted, Asked()))) and clock.now() < end:
        talk.say(
            "not everything is as planned yet: EVPN multihoming holds its ports for minutes after a start; looking again"
        )
        clock.sleep(AGAIN_S)
    return Answer(code, audit_value(findings), tuple(audit_lines(findings)))


def _verdict(findings: tuple[Finding, ...]) -> int:
    wrong = any(item.status == "fail" and item.severity != "info" for item in findings)
    unknown = any(item.status == "error" for item in findings)
    return worst(ERROR if unknown else FINE, FINDINGS if wrong else FINE)
