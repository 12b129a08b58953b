"""``rackwright bringup``: the whole rack, from cartons to accepted, in one durable run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rackwright.cli.answer import Answer, verb
from rackwright.cli.consenting import Shown, agreed
from rackwright.cli.params import PLACE, given, program
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.cli.bringing import Wish
    from rackwright.runs import Graph

__all__ = ["command"]

_STEERING = ("pause", "go", "cancel", "retry", "skip", "approve", "refuse")


@verb("bringup")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--only", multiple=True, metavar="STAGES", help="Only these stages, with commas: oob,frontend.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--allow-disruption", is_flag=True, help="Interrupt links, sessions and hosts where that is needed.")
@click.option(
    "--resume", is_flag=True, help="Go on with the latest bring-up that was cut off; nothing is done where none was."
)
@click.option(
    "--gate", "gates", multiple=True, metavar="STAGE", help="Ask an operator before this stage; --approve answers."
)
@click.option("--proof", type=click.Choice(["blink", "lldp"]), default="blink", show_default=True,
              help="Prove cables of servers by ports that go down, or by what switches hear.")  # fmt: skip
@click.option("--restarts", type=click.IntRange(1), metavar="N",
              help="Servers that restart at once in a rack; if not told, what its PDUs bear.")  # fmt: skip
@click.option("--feeds", "images", type=click.IntRange(1), default=16, show_default=True, metavar="N",
              help="Servers that are fed with images at once.")  # fmt: skip
@click.option("--tries", type=click.IntRange(1), default=1, show_default=True, metavar="N",
              help="Begin a task so often whose device cannot be reached, before anything of it was changed.")  # fmt: skip
@click.option("--database", metavar="URL", envvar="RACKWRIGHT_DATABASE",
              help="Keep the journal in this PostgreSQL, where several workers help (or RACKWRIGHT_DATABASE).")  # fmt: skip
@click.option(
    "--reach", "tags", multiple=True, metavar="PATTERN=TAG", help="Only workers with this tag reach these devices."
)
@click.option("--tag", "own", multiple=True, metavar="TAG", help="What this process reaches, of --reach.")
@click.option("--allow-downgrade", is_flag=True, help="Bring in an older version where that is intended.")
@click.option("--lift-lockdown", is_flag=True, help="Lift a lockdown that the site asks for, meanwhile.")
@click.option("--factory-login", is_flag=True, help="Try the password that BMCs are delivered with, once.")
@click.option(
    "--drained-by", default="", callback=program, metavar="PROGRAM", help="Ask this program whether a host is drained."
)
@click.option("--install", "image", type=PLACE, metavar="IMAGE",
              help="Install this image first on switches that run another version of the NOS.")  # fmt: skip
@click.option(
    "--image-sha256",
    "sha256",
    default="",
    callback=given,
    metavar="HEX",
    help="What the image must have as its SHA-256.",
)
@click.option(
    "--installer", default="", metavar="MEDIUM", help="What bare servers are installed from: an ISO's URL, http or pxe."
)
@click.option("--wipe", multiple=True, metavar="NAME",
              help="With --installer: install this server, or all of a pattern, although a system has answered there.")  # fmt: skip
@click.option("--serve", "serve", default="", metavar="WORDS",
              help="Run 'rackwright serve' with these words beside it: '--http 10.10.0.5:80 --boot boot'.")  # fmt: skip
@click.option("--webhook", default="", metavar="URL", envvar="RACKWRIGHT_WEBHOOK",
              help="Post every event there as well (or RACKWRIGHT_WEBHOOK).")  # fmt: skip
@click.option("--sign", type=PLACE, metavar="KEY", help="Sign the record with this SSH key.")
@click.option("--status", is_flag=True, help="Tell where the latest bring-up is.")
@click.option("--pause", is_flag=True, help="Begin nothing more, until --go.")
@click.option("--go", is_flag=True, help="Go on after --pause.")
@click.option("--cancel", is_flag=True, help="End between steps.")
@click.option("--retry", multiple=True, metavar="NAME", help="Try a task or a device again that failed.")
@click.option("--skip", multiple=True, metavar="NAME", help="Leave a task or a device out, with a --reason.")
@click.option("--approve", multiple=True, metavar="STAGE", help="Answer a gate: go on.")
@click.option("--refuse", multiple=True, metavar="STAGE", help="Answer a gate: do not.")
@click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the record.")
@reaching
def command(
    talk: Talk, site: Path, yes: bool, allow_disruption: bool, resume: bool, database: str | None, own: tuple[str, ...],
    image: Path | None, sha256: str, webhook: str, serve: str, sign: Path | None, status: bool, reason: str, wanted: Wanted, **rest: Any,
) -> Answer:  # fmt: skip
    """Bring a whole site up, from cartons to accepted, in one durable run.

    Shows what would be done, and what it would change on each device that can be read, and with --yes does it: switches, BMCs, firmware, cables and hosts, each task reading its
    device first, so that what is as planned is left alone. One bad server stops nobody else; a gate says what it holds back. Cut off at any moment,
    --resume goes on. While it runs, another process steers it: --pause, --go, --cancel, --retry, --skip, --approve, --refuse.
    """
    from rackwright.cli import bringing, steering
    from rackwright.cli.beside import served
    from rackwright.cli.brought import End
    from rackwright.cli.foreseeing import shown
    from rackwright.cli.signing import tried
    from rackwright.drivers.reach import STATE, state_folder
    from rackwright.plan.workspace import site_file

    state = site_file(site).parent / STATE
    steer = {name: rest.pop(name) for name in _STEERING}
    if commands := steering.commands_of(steer, reason):
        return steering.told(talk, state, commands, database)
    if status:
        return steering.status(state, database)
    if sign:
        tried(sign)
    state_folder(state.parent)
    wish = _wish(bringing.Wish, rest)
    world = bringing.opened_world(talk, site, wanted)
    wish = bringing.with_installer(wish, world)
    if image:
        wish = bringing.with_image(wish, world, image, sha256)
    end = End(talk, world, webhook, sign, database, own)
    cut_off = end.cut_off() if resume else ""
    if resume and not cut_off:
        return end.nothing_cut_off()
    if resume:
        narrows = (wish.only, wish.gates, wish.restarts, wish.consent.wipe, wish.consent.drained_by, wanted.limit)
        end.refuse_narrower(cut_off, asked=any(narrows) or wish.consent.proof == "lldp")
        with served(talk, site, serve, state):
            answer = end.resumed(cut_off)
        if answer is not None:
            return answer
    else:
        end.tell_of_cut_off(bringing.words_of(wish, wanted))
    graph = bringing.graph_for(talk, world, wanted, wish)
    end.refuse_wider(cut_off, graph)
    look = partial(shown, talk, world, graph, wish.consent)
    refused = _consent(talk, graph, look, blinks=wish.consent.proof == "blink", yes=yes, allow=allow_disruption)
    if refused is not None:
        return refused
    with served(talk, site, serve, state):
        return end.begun(bringing.order_for(world, graph, wish, wanted), wanted.at_once())


def _wish(kind: type[Wish], rest: dict[str, Any]) -> Wish:
    from rackwright.bringup.order import Consent

    own = {name: rest.pop(name) for name in ("only", "gates", "restarts", "images", "tags")}
    own["restarts"] = own["restarts"] or 0
    return kind(**own, consent=Consent(**rest))


def _consent(
    talk: Talk,
    graph: Graph,
    look: Callable[[], tuple[list[str], dict[str, Any]]],
    *,
    blinks: bool,
    yes: bool,
    allow: bool,
) -> Answer | None:
    """Show what would be done; return what ends it here, or None when it may go on."""
    from rackwright.bringup.stages import interruptions
    from rackwright.report.bringups import graph_lines, graph_value

    lines, value = list(graph_lines(graph)), graph_value(graph)
    if not yes:
        # Who has said yes gets the same of each task, when it reads its device.
        foreseen, changes = look()
        lines, value = [*lines, "", *foreseen], value | changes
    does = () if allow else interruptions({task.stage for task in graph.tasks}, blinks=blinks)
    barred = f"this {', '.join(does)}; allow it with --allow-disruption" if does else ""
    return agreed(talk, Shown("begin?", lines, value, done="begun", barred=barred), yes=yes)
