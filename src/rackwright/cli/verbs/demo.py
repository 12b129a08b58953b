"""``rackwright demo``: the main job, on a reference site, in a folder of its own."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from rackwright import check, report
from rackwright.cli import building, judging
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.cli.verbs.init import copy_site, reference_sites
from rackwright.errors import RenderError
from rackwright.plan.workspace import Planned
from rackwright.report.checks import check_value, summary
from rackwright.report.plans import plan_lines, plan_value

if TYPE_CHECKING:
    from rackwright.catalog.models import Catalog
    from rackwright.cli.demonstrating import Round

__all__ = ["command"]

_MARK: Final = ".rackwright-demo"
_SITE: Final = "xe9680-spectrum-x"
_RATE: Final = 240.0


class _Made(NamedTuple):
    """What the demo did, and where."""

    planned: Planned
    files: int
    fabric: check.Fabric
    result: check.Report
    catalog: Catalog


def _words(ctx: click.Context, param: click.Parameter, words: tuple[str, ...]) -> tuple[str, ...]:
    """Read what is to be planted; nobody said: everything."""
    from rackwright.cli.demonstrating import FAULTS

    if strange := next((word for word in words if word not in {*FAULTS, "none"}), ""):
        raise click.BadParameter(f"{strange!r} is none of {', '.join(FAULTS)} and none", ctx, param)
    return tuple(word for word in words or FAULTS if word != "none")


@verb("demo")
@click.option("--site", default=_SITE, show_default=True, metavar="SITE", help="Reference site to show.")
@click.option("--out", type=PLACE, default=Path("demo"), show_default=True, help="Folder to work in.")
@click.option("--fault", "faults", multiple=True, callback=_words, metavar="FAULT",
              help="Plant this in the emulated rack: swapped-cables, lost-gpu, old-firmware, or none; without it all three.")  # fmt: skip
@click.option("--render-only", is_flag=True, help="No emulated rack: only what is rendered and checked.")
@click.option("--rate", type=click.FloatRange(min=1), default=_RATE, show_default=True, metavar="R",
              help="Seconds of the emulated rack's clock in a real one.")  # fmt: skip
@click.option("--keep", is_flag=True, help="Leave the emulated rack there, to look around in.")
@click.option(
    "--open/--no-open", "opens", default=None, help="Open the report in a browser; without either, on a terminal."
)
def command(
    talk: Talk, site: str, out: Path, faults: tuple[str, ...], render_only: bool, rate: float, keep: bool,
    opens: bool | None,
) -> Answer:  # fmt: skip
    """Bring an emulated rack of a reference site up, from cartons to accepted, with faults planted in it.

    The site is copied to OUT/site, planned, rendered into OUT/build and checked. Then an emulated rack of it comes up on
    loopback, with two cables swapped, a GPU lost and one server's firmware old, and is brought up. What software cannot mend is told
    with what to do; the demo does it, as a person at the rack would, and goes on. A demo that lies there is run anew.
    """
    from rackwright.cli.demonstrating import demonstrated, planted
    from rackwright.drivers.reach import JOBS

    known = reference_sites()
    if site not in known:
        raise click.BadParameter(f"{site!r} is none of {', '.join(known)}", param_hint="--site")
    _make_room(out)
    copy_site(known[site], out / "site")
    made = _run(talk, out)
    value = {"out": str(out), "plan": plan_value(made.planned), "files": made.files, "check": check_value(made.result)}
    code, lines = judging.code_of(made.result), list(_lines(out, made, talk.seconds()))
    if render_only:
        return Answer(code, {**value, "seconds": round(talk.seconds(), 2)}, lines)
    wrong = planted(faults, made.planned.plan, made.catalog)
    for line in lines:
        talk.say(line)
    rounds = demonstrated(talk, out / "site", wrong, rate=rate, jobs=JOBS, keep=keep)
    value |= {"planted": [one._asdict() for one in wrong], "rounds": [one.value for one in rounds]}
    value["seconds"] = round(talk.seconds(), 2)
    _open(rounds[-1], sys.stdout.isatty() and not talk.as_json if opens is None else opens)
    end = [*rounds[-1].lines, *_left(out, keep=keep), f"{value['seconds']:.0f} s from a folder to here"]
    return Answer(rounds[-1].code or code, value, end, streamed=True)


def _open(last: Round, wanted: bool) -> None:
    """Open the page of the record in a browser; where there is none, its path is printed all the same."""
    record = last.value.get("record")
    if wanted and record:
        click.launch(str(Path(record).with_name("index.html").resolve()))


def _left(out: Path, *, keep: bool) -> Iterator[str]:
    """Say what is left of the emulated rack."""
    if keep:
        yield f"the emulated rack is still there: 'rackwright twin down {out / 'site'}' ends it"


def _make_room(out: Path) -> None:
    """Take away the site of an earlier demo, and its rack where one was killed or kept; a folder of anyone else's is refused."""
    from rackwright.twin import process

    if out.exists() and not (out / _MARK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise RenderError(f"{out} is there and is no demo of ours: choose another folder with --out")
    process.down(out / "site" / ".rackwright")
    shutil.rmtree(out / "site", ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    (out / _MARK).touch()


def _run(talk: Talk, out: Path) -> _Made:
    """Plan, render and check the copy, telling each step."""
    from nornir_tasks import Build
    from rackwright.render import read_manifest
    from rackwright.render.site_overlays import of_site

    site, planned = building.plan_site(talk, out / "site", keep=True)
    overlays = of_site(site.loaded.overlays, site.file.parent)
    build = Build(planned.plan, site.loaded.catalog, overlays, site.loaded)
    rendered = building.render_site(talk, build, read_manifest(out / "build"), frozenset(build.by_device), 1)
    done = building.written(talk, build.files, rendered, out / "build")
    talk.say(f"rendered: {report.count(len(build.files), 'file')}, {len(done.changed)} written")
    fabric = judging.of_build(out / "build")
    result = check.run(fabric)
    talk.say(f"checked: {summary(result)}")
    return _Made(planned, len(build.files), fabric, result, site.loaded.catalog)


def _lines(out: Path, made: _Made, seconds: float) -> Iterator[str]:
    """Print the plan, the verdict, and where to look."""
    yield from plan_lines(made.planned.plan)
    yield ""
    yield f"check      {summary(made.result)}"
    yield from (f"  {report.problem_line(item)}" for item in made.result.of("fail"))
    yield ""
    yield "where to look"
    yield from report.columns(("file", "what it is"), [(str(path), what) for path, what in _sights(out, made)])[1:]
    yield ""
    yield f"{made.files} files for {report.count(len(made.planned.plan.devices), 'device')} in {seconds:.1f} s"


def _sights(out: Path, made: _Made) -> Iterator[tuple[Path, str]]:
    """Name the files that a reader wants first, those that are there."""
    build = out / "build"
    first = next(iter(made.planned.plan.switches)).name
    host = next((host.name for host in made.planned.plan.hosts), "")
    for path, what in (
        (out / "site" / "site.yaml", "what was asked for"),
        (out / "site" / "site.lock", "what was allocated"),
        (build / "docs" / "design.html", "the design document, for a browser"),
        (build / "docs" / "design.md", "the same, as Markdown"),
        (build / "devices" / first / "startup.yaml", "the configuration of a switch"),
        (build / "devices" / host / "netplan.yaml", "the network of a server"),
        (build / "cabling.csv", "every link"),
        (build / "bom.csv", "what to order"),
    ):
        if path.is_file():
            yield path, what
