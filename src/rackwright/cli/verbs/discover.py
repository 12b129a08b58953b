"""``rackwright discover``: which machine is where, into nodes.csv."""

from __future__ import annotations

import ipaddress
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rackwright.cli import building, noting
from rackwright.cli.answer import DIFFERENCE, ERROR, FINDINGS, FINE, Answer, verb, worst
from rackwright.cli.params import PLACE
from rackwright.cli.reaching import Wanted, reach, reaching
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.audit.discovery import Discovery, Lease, Seen
    from rackwright.intent.node_edits import Edited
    from rackwright.plan.workspace import Planned, Workspace

__all__ = ["command"]

MOST: Final = 4096
"""Addresses that one call asks at most: a wrong prefix is no scan of a company's network."""
PROBE_S: Final = 10
"""Longest that one address is given: a busy iDRAC answers its root in seconds."""


def _addresses(ctx: click.Context, param: click.Parameter, ranges: tuple[str, ...]) -> tuple[str, ...]:
    """Return every address of the prefixes."""
    found: dict[str, None] = {}
    for text in ranges:
        try:
            network = ipaddress.ip_network(text)
        except ValueError:
            raise click.BadParameter(f"{text!r} is no prefix: write 10.10.0.0/24", ctx, param) from None
        if network.num_addresses > MOST:
            raise click.BadParameter(f"{text} has more than {MOST} addresses: name smaller ones", ctx, param)
        found |= dict.fromkeys(map(str, network.hosts()))
    if len(found) > MOST:
        raise click.BadParameter(f"{len(found)} addresses are more than {MOST}: ask them in parts", ctx, param)
    return tuple(found)


@verb("discover")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--leases", "files", type=PLACE, multiple=True, metavar="FILE",
              help="Leases of dnsmasq, or of Kea as CSV; may be given again.")  # fmt: skip
@click.option("--bmc-prefix", default="idrac-", show_default=True, metavar="TEXT",
              help="What stands before the service tag in a BMC's hostname; empty: it has none.")  # fmt: skip
@click.option("--bmc-range", "ranges", multiple=True, callback=_addresses, metavar="PREFIX",
              help="Ask the BMCs on these addresses (10.10.0.0/24) instead of the switches; may be given again.")  # fmt: skip
@click.option("--bmc-port", type=click.IntRange(1, 65535), default=443, show_default=True, metavar="PORT",
              help="Where the BMCs of --bmc-range answer.")  # fmt: skip
@click.option("--yes", is_flag=True, help="Write what was found.")
@reaching
def command(
    talk: Talk, site: Path, files: tuple[Path, ...], bmc_prefix: str, ranges: tuple[str, ...], bmc_port: int, yes: bool,
    wanted: Wanted,
) -> Answer:  # fmt: skip
    """Find out which machine is where, and fill nodes.csv.

    Asks the switches for themselves, for what they learned and heard at their ports, and takes the leases of a DHCP
    server; all is matched with the planned cabling. Shows what nodes.csv would say and writes it with --yes. What it
    says already is never overwritten: a difference is a finding, and so is what cannot be told. Nothing is changed on
    any switch. With --bmc-range the BMCs there are asked for what they tell anybody, without a login. Exit code 3 when there is something to write, 4 with findings, 1 when a switch could not be asked.
    """
    from rackwright.audit.discovery import discovered
    from rackwright.intent.node_edits import edit

    if ranges and (wanted.twin or wanted.limit or files):
        raise click.UsageError(
            "--bmc-range asks the addresses that it names: --twin, --limit and --leases have no place there"
        )
    opened, planned = building.plan_site(talk, site)
    path = noting.nodes_file(opened)
    before = noting.nodes_text(path)
    unasked: dict[str, str] = {}
    if ranges:
        found = _controllers(talk, planned, ranges, bmc_port, wanted)
    else:
        seen, unasked = _seen(talk, opened, planned, wanted)
        found = discovered(planned.plan, seen, _leases(files), prefix=bmc_prefix)
    edited = edit(before, found.wishes)
    if yes and edited.changes:
        noting.write_nodes(opened, path, before, edited)
        talk.say(f"{path} is written")
    elif edited.changes:
        talk.say("nothing is written: run it again with --yes")
    code = worst(
        DIFFERENCE if edited.changes and not yes else FINE,
        FINDINGS if edited.conflicts or found.unclear else FINE,
        ERROR if unasked else FINE,
    )
    return Answer(code, _value(found, edited, unasked), _lines(found, edited, unasked, str(path)))


def _controllers(talk: Talk, planned: Planned, hosts: tuple[str, ...], port: int, wanted: Wanted) -> Discovery:
    """Ask every address of the ranges for its service root."""
    from rackwright.audit.discovery import controllers
    from rackwright.drivers.redfish.probing import probed

    count = talk.counter("asked", len(hosts))
    roots = probed(((host, port) for host in hosts), jobs=wanted.at_once(), seconds=PROBE_S, heard=count)
    return controllers(planned.plan, roots)


def _leases(files: tuple[Path, ...]) -> list[Lease]:
    from rackwright.audit.discovery import read_leases

    return [lease for file in files for lease in read_leases(noting.nodes_text(file), str(file))]


def _seen(talk: Talk, opened: Workspace, planned: Planned, wanted: Wanted) -> tuple[list[Seen], dict[str, str]]:
    """Ask the switches through Nornir; return what they show, and why others could not be asked."""
    import nornir_tasks
    from rackwright.audit.discovery import Seen
    from rackwright.render.site_overlays import of_site

    folder = opened.file.parent
    build = nornir_tasks.Build(planned.plan, opened.loaded.catalog, of_site(opened.loaded.overlays, folder))
    way = reach(planned.plan, folder, wanted)
    names = list(way.endpoints)
    if not names:
        return [], dict(way.astray)
    # Nornir logs a failure with its traceback; ours is told once, as a sentence.
    logging.getLogger("nornir").addHandler(logging.NullHandler())
    runner = nornir_tasks.CompleteThreads(names, way.jobs, talk.counter("asked", len(names)))
    hosts = nornir_tasks.nornir_of(build).filter(filter_func=lambda host: host.name in frozenset(names))
    results = hosts.with_runner(runner).run(task=nornir_tasks.look_nvue, way=way)
    answers = {name: results[name][0].result for name in names}
    seen = [answer for answer in answers.values() if isinstance(answer, Seen)]
    unasked = {name: str(answer) for name, answer in answers.items() if not isinstance(answer, Seen)}
    return seen, {**way.astray, **unasked}


def _lines(found: Discovery, edited: Edited, unasked: dict[str, str], path: str) -> list[str]:
    from rackwright.report.nodes import change_lines, conflict_lines
    from rackwright.report.words import count, some

    changes = change_lines(edited.changes, found.sources)
    unclear = [f"{one.place}: {one.text}; {one.remedy}" for one in found.unclear]
    lines = [*changes, *conflict_lines(edited.conflicts, path), *unclear]
    lines += [f"{name} could not be asked: {why}" for name, why in unasked.items()]
    if found.silent:
        lines.append(f"nothing seen at {count(len(found.silent), 'place')} ({some(found.silent, 6)})")
    same = sum(map(len, found.wishes.values())) - len(edited.changes) - len(edited.conflicts)
    lines.append(
        f"{len(edited.changes)} new, {same} as nodes.csv says, {len(edited.conflicts)} otherwise, "
        f"{len(found.unclear)} unclear"
    )
    return lines


def _value(found: Discovery, edited: Edited, unasked: dict[str, str]) -> dict[str, Any]:
    from rackwright.report.nodes import edit_value

    unclear = [{"place": one.place, "text": one.text, "remedy": one.remedy} for one in found.unclear]
    return {**edit_value(edited), "unclear": unclear, "silent": list(found.silent), "unasked": unasked}
