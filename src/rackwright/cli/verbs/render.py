"""``rackwright render``: every configuration into a build folder, through the Nornir door."""

from __future__ import annotations

from pathlib import Path

import click

from rackwright import report
from rackwright.cli import building
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.plan import workspace

__all__ = ["command"]


@verb("render")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--out", type=PLACE, required=True, help="Build folder; only what changed is written.")
@click.option("--limit", multiple=True, metavar="NAME", help="Only these devices (be01, be*); may be given again.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes; more pay for thousands of devices only.",
)
@click.option("--locked", is_flag=True, help="Take a change of site.lock for an error (for CI).")
def command(talk: Talk, site: Path, out: Path, limit: tuple[str, ...], jobs: int, locked: bool) -> Answer:
    """Write every configuration of a site into a build folder.

    Switches get startup.yaml, commands.txt and ztp.sh, servers netplan.yaml, vars.yaml, bios.json and firmware.json; beside them
    lie cabling, labels, bill of materials, DHCP, DNS and the documents. Files that are not of the build any more are removed;
    files of others are never touched. The site is planned first, and its lock kept.
    """
    from nornir_tasks import Build
    from rackwright.plan.install import installs_of
    from rackwright.render import read_manifest
    from rackwright.render.site_overlays import of_site

    own = site if site.is_dir() else site.parent
    if out.resolve() == own.resolve():
        raise click.BadParameter(f"{out} is the site itself; name a folder of its own, e.g. build", param_hint="--out")
    if (out / workspace.FILE).exists():
        raise click.BadParameter(
            f"{out} is the folder of another site ({workspace.FILE}); name a folder of its own, e.g. {out / 'build'}",
            param_hint="--out",
        )
    opened, planned = building.plan_site(talk, site, locked=locked, keep=not locked)
    overlays = of_site(opened.loaded.overlays, opened.file.parent)
    build = Build(planned.plan, opened.loaded.catalog, overlays, opened.loaded)
    hosts = installs_of(planned.plan, opened.loaded) if overlays.hosts.patches else ()
    for patch in overlays.hosts.unused(hosts):
        talk.say(f"{patch.source}: no host takes this file; name a group or host that Rackwright installs")
    known = read_manifest(out)
    names = frozenset(build.by_device)
    files = list(build.files)
    if limit:
        names = building.chosen(names, limit)
        files = building.limited(files, names, known, out)
    done = building.written(talk, files, building.render_site(talk, build, known, names, jobs), out)
    talk.say(
        f"{out}: {report.count(len(done.changed), 'file')} written, {len(done.unchanged)} unchanged, "
        f"{len(done.removed)} removed, in {talk.seconds():.1f} s"
    )
    value = {"out": str(out), "changed": done.changed, "unchanged": len(done.unchanged), "removed": done.removed}
    lines = [*(f"~ {path}" for path in done.changed), *(f"- {path}" for path in done.removed)]
    return Answer(data=value, lines=lines)
