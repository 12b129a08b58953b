"""What a bring-up would change, device by device, before anything is begun: a summary, and the whole text for a file.

What cannot be known yet is told of each device, with the reason; whoever is in neither list is not looked at by the run.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from rackwright.nvue.tree import Tree
from rackwright.push.bmc.changeset import Changeset as Servers
from rackwright.push.bmc.changeset import ServerChanges
from rackwright.push.changeset import Changeset as Switches
from rackwright.push.changeset import DeviceChanges, Unread
from rackwright.push.hosts.changeset import Changeset as Hosts
from rackwright.report.hosts import host_lines, problem_lines, restarts_of
from rackwright.report.pushes import behind, changeset_lines, secret_lines
from rackwright.report.servers import left_lines, refused_lines, server_lines, takes
from rackwright.report.words import columns, count, some

__all__ = [
    "Foresight",
    "Row",
    "Unknown",
    "foresight_lines",
    "foresight_value",
    "rows",
    "unknown",
    "whole_lines",
]

_NAMES: Final = 6
_SILENT: Final = 16
"""Names of silent devices that a line shows; the file has each of them with its reason."""
_HEAD: Final = ("device", "what", "changes", "interrupts")
_PLANNED: Final = "as planned"
_AT: Final = re.compile(r"\bat [0-9a-fA-F.:]+(?: port \d+)?(?=[:;, ])")
"""An address, which tells devices apart that are silent alike."""


@dataclass(frozen=True)
class Foresight:
    """What was found before a bring-up."""

    switches: Switches
    servers: Servers
    hosts: Hosts
    behind: Mapping[str, str] = field(default_factory=dict)
    """Server -> switch that its BMC is cabled to."""
    asides: tuple[str, ...] = ()
    """What else the run will do, that no changeset holds."""
    trees: Mapping[str, Tree] = field(default_factory=dict)
    """What is intended of switches to which secrets are sent that nobody can compare."""
    bare: str = ""
    """What becomes of a server on which no operating system answers."""
    hung: Mapping[str, str] = field(default_factory=dict)
    """The same for servers on which one has answered before."""


class Row(NamedTuple):
    """What one device has before it, on one line."""

    device: str
    what: str
    """``switch``, ``BMC`` or ``host``."""
    changes: str
    interrupts: str = ""


class Unknown(NamedTuple):
    """Why it cannot be told yet what a device has before it."""

    device: str
    what: str
    why: str


def rows(found: Foresight) -> Iterator[Row]:
    """Yield a line for every device that was read, also for those that are as planned."""
    for switch in found.switches.devices:
        yield _switch(switch)
    for server in found.servers.servers:
        yield _server(server)
    for host in found.hosts.hosts:
        number = len(host.changes)
        text = count(number, "change") if number else host.unproven or ("steps to prove" if host.stages else _PLANNED)
        yield Row(host.device, "host", text, restarts_of(host) if host.restarts else "")


def _switch(device: DeviceChanges) -> Row:
    if not device.steps:
        return Row(device.device, "switch", "to be saved" if device.unsaved else _PLANNED)
    applies = count(len(device.steps), "apply", "applies")
    told = [", ".join(dict.fromkeys(item.kind for item in device.impact.interruptions))]
    told += [f"behind it {words}"] if (words := behind(device.impact)) else []
    text = f"{count(len(device.changes), 'change')} in {applies}"
    return Row(device.device, "switch", text, "; ".join(filter(None, told)))


def _server(server: ServerChanges) -> Row:
    settings = sum(len(step.changes) for step in server.way.steps)
    parts = [count(len(server.settings.changes), "setting")] if server.settings.changes else []
    images = sum(step.image is not None for step in server.way.steps)
    parts += [count(images, "firmware image")] if images else []
    parts += ["power on again"] if server.left_off else []
    parts += [count(settings, "BIOS setting")] if settings else []
    refusals = len(server.way.refused) + len(server.settings.problems)
    parts += [f"{refusals} that cannot be brought"] if refusals else []
    return Row(
        server.device, "BMC", ", ".join(parts) or (_PLANNED if not server.way.steps else "restarts that are due"),
        takes(server) if server.way.steps else "",
    )  # fmt: skip


def unknown(found: Foresight) -> Iterator[Unknown]:
    """Yield each device of which it cannot be told yet what it has before it."""
    dark = {one.device for one in found.switches.unread}
    changed = {one.device for one in found.switches.changed}
    for one in found.switches.unread:
        yield Unknown(one.device, "switch", f"{_said(one)}; it is read when its turn comes")
    for one in found.servers.unread:
        at = found.behind.get(one.device, "")
        state = "cannot be read either" if at in dark else "is still to be configured" if at in changed else ""
        yield Unknown(one.device, "BMC", _said(one) + (f"; it is behind {at}, which {state}" if state else ""))
    for server in found.servers.servers:
        if server.settings.changes and not server.bios.known and not server.firmware:
            why = "it tells nothing of firmware and BIOS before its password is changed"
            yield Unknown(server.device, "BMC", why)
    for one in found.hosts.unread:
        then = found.hung.get(one.device, found.bare)
        yield Unknown(one.device, "host", f"{_said(one)}; {then}" if then else _said(one))
    for host in found.hosts.hosts:
        if host.problem is not None:
            why = f"the look ahead ends in {host.problem.role}: {host.problem.cause.strip()}"
            yield Unknown(host.device, "host", f"{why}; {host.problem.remedy}")


def _said(one: Unread) -> str:
    return one.cause if not one.remedy or one.remedy in one.cause else f"{one.cause}; {one.remedy}"


def foresight_lines(found: Foresight) -> Iterator[str]:
    """Print the summary: devices with the same before them on one line, then what cannot be known yet, each with its reason."""
    alike: dict[Row, list[str]] = {}
    for row in rows(found):
        alike.setdefault(row._replace(device=""), []).append(row.device)
    table = [row._replace(device=some(names, _NAMES)) for row, names in alike.items()]
    yield from columns(_HEAD, table, indent="")
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in unknown(found):
        why = _AT.sub("at its address", one.why.replace(one.device, "*"))
        reasons.setdefault((one.what, why), []).append(one.device)
    for (what, why), names in reasons.items():
        shown = why.replace("*", names[0] if len(names) == 1 else "each")
        yield f"not known yet: {what} of {some(names, _SILENT)}: {shown}"
    yield from found.asides
    yield _sum(found)


def _sum(found: Foresight) -> str:
    numbers = Counter("planned" if row.changes == _PLANNED else "changed" for row in rows(found))
    late = len({(one.device, one.what) for one in unknown(found)})
    return f"{numbers['changed']} to be changed, {numbers['planned']} as planned, {late} not known yet"


def whole_lines(found: Foresight) -> Iterator[str]:
    """Print everything: the summary, then each change as ``diff --against running`` shows it, nothing cut short."""
    yield from foresight_lines(found)
    late = [f"{one.what} of {one.device}: {one.why}" for one in unknown(found)]
    for title, lines in (
        ("not known yet", tuple(late)),
        ("switches", (*changeset_lines(found.switches), *secret_lines(found.switches, found.trees))),
        ("BMCs, firmware and BIOS", (*server_lines(found.servers), *left_lines(found.servers),
                                     *refused_lines(found.servers))),
        ("hosts", (*host_lines(found.hosts, most=sys.maxsize), *problem_lines(found.hosts))),
    ):  # fmt: skip
        if lines:
            yield from ("", f"--- {title} ---", "", *lines)


def foresight_value(found: Foresight, file: str) -> dict[str, Any]:
    """Return the same for JSON, with the name of the file that has all of it."""
    return {
        "devices": [row._asdict() for row in rows(found)],
        "unknown": [one._asdict() for one in unknown(found)],
        "asides": list(found.asides),
        "file": file,
    }
