"""``rackwright twin``: the emulated rack comes up, is looked at, broken and taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from rackwright.cli import building
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk
from rackwright.plan.workspace import site_file

__all__ = ["command"]


@click.group("twin")
def command() -> None:
    """Run an emulated rack of the site on loopback: real SSH, nv, NVUE API, Redfish, and hosts.

    Verbs that reach devices go to it with --twin.
    """


def _state(site: Path) -> Path:
    return site_file(site).parent / ".rackwright"


@verb("up")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--detach", is_flag=True, help="Return when every device answers; 'twin down' ends it.")
@click.option("--rate", type=click.FloatRange(min=0.01), default=60.0, show_default=True, metavar="R",
              help="Seconds of the twin's clock in a real one.")  # fmt: skip
@click.option("--latency", type=click.FloatRange(min=0), default=0.0, metavar="MS",
              help="Delay of everything that is sent, each way.")  # fmt: skip
@click.option("--startup", type=PLACE, metavar="FILE|DIR",
              help="Configuration to come up with: a startup.yaml for all, or a build folder; else the factory's.")  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="GLOB", help="Let only these switches and BMCs answer; may be given again."
)
@click.option("--dataplane", type=click.Choice(["emulated", "frr", "frr-guest"]), default="emulated", show_default=True,
              help="What stands behind them: computed state, real FRR in namespaces, or in a guest.")  # fmt: skip
@click.option("--bmcs", type=click.Choice(["behind", "planned", "none"]), default="behind", show_default=True,
              help="BMCs with firmware a step behind the plan, with the planned one, or none.")  # fmt: skip
@click.option("--old", multiple=True, metavar="GLOB",
              help="With --bmcs planned: these servers' firmware is a step behind all the same; may be given again.")  # fmt: skip
@click.option("--no-bmcs", is_flag=True, help="As --bmcs none.")
@click.option("--hosts", type=click.Choice(["bare", "installed", "none"]), default="bare", show_default=True,
              help="Servers with an empty disk, with a fresh Ubuntu, or without any operating system.")  # fmt: skip
@click.option("--installed", is_flag=True, help="As --hosts installed.")
def _up(
    talk: Talk, site: Path, detach: bool, rate: float, latency: float, startup: Path | None, only: tuple[str, ...],
    dataplane: str, bmcs: Literal["behind", "planned", "none"], no_bmcs: bool, hosts: Literal["bare", "installed", "none"],
    installed: bool, old: tuple[str, ...],
) -> Answer:  # fmt: skip
    """Bring the emulated rack of a site up.

    Its switches and BMCs are factory-fresh and cabled as planned, its servers bare unless told otherwise. Where they answer stands in
    SITE/.rackwright/twin.json.
    """
    from rackwright.cli.twins import count_bmcs, spec_of
    from rackwright.twin import process
    from rackwright.twin.bmc.standins import make_images, stand_ins

    opened, planned = building.plan_site(talk, site)
    spec = spec_of(
        opened, planned.plan, rate=rate, latency_ms=latency, kind=dataplane, startup=startup, only=only,
        bmcs="none" if no_bmcs else bmcs, hosts="installed" if installed else hosts, old=old,
    )  # fmt: skip
    count = len(spec.only) if spec.only is not None else len(planned.plan.switches)
    servers = count_bmcs(planned.plan, spec)
    beside = f" and {servers} BMCs" if servers else ""
    images = opened.loaded.images if servers else ()
    stand_ins(images, opened.loaded.catalog)  # what is wrong with them is told before anything is up

    def ready() -> None:
        make_images(opened.file.parent, images, opened.loaded.catalog)
        talk.say(
            f"the twin is up: {count} switches{beside} in {talk.seconds():.1f} s, {rate:g} s of its clock in a second"
        )

    if detach:
        pid = process.detach(spec)
        ready()
        return Answer(data={"pid": pid, "switches": count, "bmcs": servers, "seconds": round(talk.seconds(), 2)})
    process.run(spec, ready)
    return Answer(data={"switches": count, "bmcs": servers})


@verb("status")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
def _status(talk: Talk, site: Path) -> Answer:  # noqa: ARG001 - every verb takes the talk
    """Tell how each switch, each BMC and each host of the twin stands."""
    from rackwright import report
    from rackwright.twin import process

    value = process.request(_state(site), {"op": "status"})
    rows = [_row(name, one) for name, one in value["devices"].items()]
    heads = ("switch", "address", "version", "revision", "state")
    faults = [f"fault {rule['id']}: {rule['kind']} at {rule['at']} on {rule['device']}" for rule in value["faults"]]
    bmcs = [_bmc_row(name, one) for name, one in value["bmcs"].items()]
    shown = report.columns(("BMC", "address", "version", "BIOS", "power", "state"), bmcs) if bmcs else ()
    systems = [(name, *(one[key] for key in ("host", "kernel", "state"))) for name, one in value["hosts"].items()]
    hosts = report.columns(("host", "address", "kernel", "state"), systems) if systems else ()
    return Answer(data=value, lines=[*report.columns(heads, rows), *shown, *hosts, *faults])


def _bmc_row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    words = [one["state"], *one.get("jobs", ()), f"{one['sessions']} sessions" if one["sessions"] else ""]
    told = [one.get(key, "") for key in ("host", "version", "bios", "power")]
    return name, *told, ", ".join(word for word in words if word)


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    words = [
        "" if one["powered"] else "off",
        "" if one["ssh"] or not one["powered"] else "no SSH",
        "" if one["nvued"] or not one["powered"] else "no nvued",
        f"{one['busy']} ({one['confirm_left_s']:.0f} s left)" if one["confirm_left_s"] else one["busy"],
        "" if one["saved"] else "not saved",
    ]
    return name, one["host"], one["version"], one["revision"], ", ".join(word for word in words if word) or "up"


@verb("fault")
@click.argument("site", type=PLACE)
@click.argument("kind", metavar="KIND")
@click.argument("ends", nargs=-1, metavar="[DEVICE:PORT]...")
@click.option("--device", default="*", metavar="GLOB", help="On these switches or BMCs.")
@click.option("--at", "operation", default="", metavar="OPERATION", help="Wait for this operation.")
@click.option("--when", type=click.Choice(["before", "during", "after"]), help="Before, during or after its effect.")
@click.option("--nth", type=click.IntRange(min=1), default=1, help="The first occurrence that it hits.")
@click.option("--count", type=click.IntRange(min=0), default=1, help="How many it hits; 0 for all from then on.")
@click.option("--duration", type=click.FloatRange(min=0), metavar="S", help="Seconds of the twin's clock.")
@click.option("--value", default="", metavar="TEXT", help="Version, serial number, reason or message id.")
@click.option(
    "--command", "prefix", default="", metavar="TEXT", help="Only commands that begin so, or 'METHOD PATH' of a BMC."
)
def _fault(
    talk: Talk, site: Path, kind: str, ends: tuple[str, ...], device: str, operation: str, when: str | None, nth: int,
    count: int, duration: float | None, value: str, prefix: str,
) -> Answer:  # fmt: skip
    """Make something go wrong: cut-link, swap-cables, refuse-apply, stall, drop, crash-nvued, reboot and others.

    Operations of a switch: connect, stage, diff, apply, confirm, refuse, confirm-status, save, show, detach, sftp,
    reboot, run. BMCs have kinds and operations of their own (docs/twin.md): busy, bmc-dead, stuck, fail, lockdown and others.
    """
    from rackwright.twin import process

    row: dict[str, Any] = {
        "kind": kind, "device": device, "at": operation, "nth": nth, "count": count, "duration": duration,
        "value": value, "command": prefix, "a": ends[0] if ends else "", "b": ends[1] if len(ends) > 1 else "",
    }  # fmt: skip
    if when:
        row["when"] = when
    answer = process.request(_state(site), {"op": "fault", **row})
    talk.say(f"fault {answer['id']} is set" if answer["id"] else "done")
    return Answer(data=answer)


@verb("clear")
@click.argument("site", type=PLACE)
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
def _clear(talk: Talk, site: Path, ids: tuple[int, ...]) -> Answer:
    """Take faults away; without an ID all, and what they did to cables, disks, images and serial numbers."""
    from rackwright.twin import process

    answer = process.request(_state(site), {"op": "clear", "ids": list(ids) or None})
    gone, mended = answer["cleared"], answer["mended"]
    told = "1 fault is gone" if gone == 1 else f"{gone} faults are gone"
    talk.say(f"{told}, {len(mended)} mended: {', '.join(mended)}" if mended else told)
    return Answer(data=answer)


@verb("log")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--device", default="", metavar="NAME", help="Only of this device.")
def _log(talk: Talk, site: Path, device: str) -> Answer:  # noqa: ARG001 - every verb takes the talk
    """Tell what each switch and BMC was asked and what that changed, never with a secret."""
    from rackwright.twin import process

    lines = process.request(_state(site), {"op": "log", "device": device})["lines"]
    shown = (
        f"{line['at']:10.3f} {line['device']} {line['wire']} {line['user']} {line['command']} -> {line['result']}"
        + (f" [{', '.join(line['changed'])}]" if line["changed"] else "")
        for line in lines
    )
    return Answer(data=lines, lines=shown)


@verb("down")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
def _down(talk: Talk, site: Path) -> Answer:
    """Take the twin down; nothing is left of it."""
    from rackwright.twin import process

    there = process.down(_state(site))
    talk.say("the twin is down" if there else "no twin was up")
    return Answer(data={"was_up": there})


for _one in (_up, _status, _fault, _clear, _log, _down):
    command.add_command(_one)
