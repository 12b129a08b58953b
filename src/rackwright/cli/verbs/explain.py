"""``rackwright explain``: where a rendered value comes from."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import click

from rackwright import intent, report
from rackwright.cli import building
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.render import switch_tree
from rackwright.render.site_overlays import of_site
from rackwright.render.slices import Slices
from rackwright.report.explain import default_lines, explain_below, explain_lines, find_path
from rackwright.report.facts import fact_lines, facts

__all__ = ["command"]


@verb("explain")
@click.argument("site", type=PLACE, metavar="SITE")
@click.argument("device", required=False)
@click.argument("path", nargs=-1)
@click.option("--defaults", is_flag=True, help="List every key of a site file with its type, default and meaning.")
def command(talk: Talk, site: Path, device: str | None, path: tuple[str, ...], defaults: bool) -> Answer:
    """Tell where a rendered value comes from.

    explain SITE DEVICE lists what the plan says of a device. With an NVUE PATH (interface swp1s0 link mtu)
    it tells the value, the object of the plan, the key of the site file with its place, the lock and the
    house style behind it. explain SITE --defaults lists every key that a site file can hold.
    """
    if defaults:
        return Answer(data=[_row(row) for row in intent.defaults()], lines=default_lines())
    if device is None:
        raise click.UsageError("say which device, or --defaults for every key of a site file")
    opened, planned = building.plan_site(talk, site)
    plan = planned.plan
    slices = Slices(plan)
    if device not in slices.device:
        near = get_close_matches(device, slices.device, 3) or list(slices.device)[:8]
        raise click.BadParameter(f"no device is called {device!r}; there is {report.some(near)}", param_hint="DEVICE")
    switch = slices.switch.get(device)
    if switch is None or not path:
        found = facts(slices, device)
        ports = tuple(port for port in found.ports if not path or set(path) & {port.port, port.interface})
        if path and not ports:
            names = [port.port for port in found.ports]
            raise click.BadParameter(
                f"{device} has no port {' '.join(path)!r}; it has {report.some(names, 16)}", param_hint="PATH"
            )
        shown = type(found)(device, found.head, ports)
        return Answer(data=shown, lines=fact_lines(shown))
    tree = switch_tree(switch, of_site(opened.loaded.overlays, opened.file.parent))
    answers = explain_below(plan, opened.loaded, planned.lock, switch, tree, find_path(tree, path, device))
    return Answer(data=answers, lines=(line for answer in answers for line in explain_lines(answer)))


def _row(row: object) -> dict[str, str]:
    return {name: getattr(row, name) for name in ("path", "type", "default", "help")}
