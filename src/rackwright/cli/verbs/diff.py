"""``rackwright diff``: two builds, or a build and what switches exported."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from rackwright import diff
from rackwright.cli.answer import DIFFERENCE, ERROR, FINE, Answer, verb, worst
from rackwright.cli.params import OUT, PLACE
from rackwright.cli.reaching import Wanted, reaching
from rackwright.cli.talk import Talk
from rackwright.errors import DocumentError
from rackwright.render import read_manifest
from rackwright.report.changes import change_lines, change_value, command_lines, difference

__all__ = ["command"]


@verb("diff")
@click.argument("first", type=PLACE, metavar="A")
@click.argument("second", type=PLACE, required=False, metavar="[B]")
@click.option("--running", "exports", type=PLACE, multiple=True, metavar="FILE",
              help="Compare build A with what a switch exported; may be given again.")  # fmt: skip
@click.argument("more", type=PLACE, nargs=-1, metavar="")
@click.option("--device", default="", metavar="NAME", help="The switch of a single --running file without a hostname.")
@click.option("--commands", is_flag=True, help="Print nv set and nv unset commands.")
@click.option(
    "--against", type=click.Choice(["running"]), help="Compare what the switches of site A run with its plan."
)
@click.option("--only", type=click.Choice(["switch", "bmc", "host"]), default="switch", show_default=True,
              help="With --against: look at switches, at firmware and BIOS settings of servers, or at hosts.")  # fmt: skip
@click.option("-o", "out", type=OUT, metavar="FILE", help="With --against: keep the changeset, for push --changes.")
@reaching
def command(
    talk: Talk, first: Path, second: Path | None, exports: tuple[Path, ...], more: tuple[Path, ...], device: str,
    commands: bool, against: str | None, only: str, out: Path | None, wanted: Wanted,
) -> Answer:  # fmt: skip
    """Compare two builds, a build with what a switch exported, or a site with what its switches run.

    diff A B tells what leads from build A to build B. diff OUT --running FILE... tells what leads from
    the exported configurations (nv config show -o yaml) to the build; each is matched by its hostname.
    diff SITE --against running reads the switches and tells what a push would change and interrupt; with --only bmc
    it reads the BMCs of servers and tells what firmware and BIOS settings a push would bring, in how many restarts;
    with --only host what the playbooks would change (--check --diff), and what that restarts.
    Secrets that an export masks are no difference. Exit code 3 when there is one.
    """
    if against or only != "switch":
        if second or exports or more or device or commands:
            raise click.UsageError("--against running goes with a site alone")
        return {"bmc": _servers, "host": _hosts, "switch": _running}[only](talk, first, out, wanted)
    if out or wanted != Wanted():
        raise click.UsageError("-o and the options of reaching switches go with --against running")
    _refuse_files(first, *(() if exports else (second,)))
    files: list[tuple[str, str]] = []
    if exports:
        listed = [*exports, *(path for path in (second, *more) if path is not None)]
        if device and len(listed) > 1:
            raise click.UsageError("--device names the switch of one --running file; give the files one at a time")
        found = [diff.exported(first, path, device) for path in listed]
        switches = tuple(entry for entry in found if entry.changes)
    elif second is None:
        raise click.UsageError("compare with what? give a second build, or --running FILE")
    elif more or device:
        raise click.UsageError("two builds are compared; --device goes with --running")
    else:
        files = _others(_digests(first), _digests(second))
        switches = diff.builds(first, second)
    talk.say(difference(switches, files))
    # click takes colours away again where stdout is no terminal or NO_COLOR is set.
    lines = command_lines(switches) if commands else change_lines(switches, files, colour=True)
    return Answer(DIFFERENCE if switches or files else FINE, change_value(switches, files), lines)


def _running(talk: Talk, site: Path, out: Path | None, wanted: Wanted) -> Answer:
    """Read the switches of a site and tell what a push would do; who cannot be read makes it an error."""
    from rackwright.cli import pushing
    from rackwright.report.pushes import changeset_lines, secret_lines, unread_lines, what_changes

    aim = pushing.aimed(talk, site, wanted)
    found = pushing.compared(talk, aim)
    for line in unread_lines(found.unread):
        talk.error(line)
    talk.say(what_changes(found))
    for line in secret_lines(found, pushing.unseen(aim)):
        talk.error(line)
    if out:
        out.write_bytes(found.encoded())
    code = worst(ERROR if found.unread else FINE, DIFFERENCE if pushing.has_work(found) else FINE)
    return Answer(code, found, changeset_lines(found, colour=True))


def _servers(talk: Talk, site: Path, out: Path | None, wanted: Wanted) -> Answer:
    """Read the BMCs of a site and tell what a push would do; who cannot be read makes it an error."""
    from rackwright.cli import servers
    from rackwright.report.pushes import unread_lines
    from rackwright.report.servers import left_lines, rack_line, refused_lines, server_lines, server_value, what_differs

    aim = servers.aimed(talk, site, wanted)
    found = servers.compared(talk, aim)
    for line in (*unread_lines(found.unread), *refused_lines(found)):
        talk.error(line)
    talk.say(what_differs(found))
    if out:
        out.write_bytes(found.encoded())
    jobs = aim.way.jobs
    told = [rack_line(found, aim.plan, jobs)] if found.changed else []
    lines = [*server_lines(found), *left_lines(found), *told]
    code = worst(ERROR if found.unread else FINE, DIFFERENCE if found.changed or found.refused else FINE)
    return Answer(code, server_value(found, aim.plan, jobs), lines)


def _hosts(talk: Talk, site: Path, out: Path | None, wanted: Wanted) -> Answer:
    """Look at the hosts of a site and tell what a push would do."""
    from rackwright.cli import hosts, stacking

    return stacking.told(talk, hosts.aimed(talk, site, wanted), out)


def _refuse_files(*builds: Path | None) -> None:
    """Refuse a file where a build folder belongs, and say what files are compared with."""
    for path in builds:
        if path is not None and path.is_file():
            raise click.UsageError(
                f"{path} is a file; two build folders are compared (rackwright diff A B), "
                f"or a build and what a switch exported (rackwright diff OUT --running {path})"
            )


def _digests(folder: Path) -> dict[str, str]:
    """Return path -> digest of the files of a build as they lie there, edited or not; what is gone is not in it.

    Left out is what is compared otherwise: commands.txt says what startup.yaml says, plan.json is the sum of all.
    """
    manifest = read_manifest(folder)
    if not manifest.files:
        raise DocumentError(f"{folder} is no build folder (no manifest.json): run 'rackwright render'")
    told = ("/startup.yaml", "/commands.txt", "plan.json")
    files = {path: folder / path for path in manifest.files if not path.endswith(told)}
    return {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in files.items() if file.is_file()}


def _others(one: dict[str, str], two: dict[str, str]) -> list[tuple[str, str]]:
    """Return the files that differ and are no switch configuration, with ``+ ~ -``."""
    paths = sorted(path for path in {*one, *two} if one.get(path) != two.get(path))
    return [(path, "+" if path not in one else "-" if path not in two else "~") for path in paths]
