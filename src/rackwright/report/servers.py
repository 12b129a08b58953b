"""Changesets of servers, and how a push to their BMCs ended, as text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from rackwright.documents import canonical_json
from rackwright.plan.model import Plan
from rackwright.push.bmc.changeset import Changeset, ServerChanges
from rackwright.push.bmc.model import Step
from rackwright.push.bmc.turns import turns
from rackwright.push.bmc.way import RackSum, rack
from rackwright.report.words import count, some

__all__ = ["costs", "left_lines", "rack_line", "refused_lines", "server_lines", "server_value", "takes", "what_differs"]


class _Alike(NamedTuple):
    """Servers that change alike; the first one stands for all."""

    devices: tuple[str, ...]
    first: ServerChanges


def what_differs(changeset: Changeset) -> str:
    """Say in a line how much a push would change."""
    changed, total = changeset.changed, len(changeset.servers)
    verb = "differs" if len(changed) == 1 else "differ"
    parts = [f"{count(len(changed), 'server')} of {total} {verb}"] if changed else []
    parts += ["no difference"] if total and not changed else []
    parts += [f"something of {count(len(changeset.refused), 'server')} cannot be brought"] if changeset.refused else []
    left = sum(bool(server.way.left) for server in changeset.servers)
    parts += [f"something of {count(left, 'server')} is left to others"] if left else []
    parts += [f"{count(len(changeset.unread), 'server')} could not be read"] if changeset.unread else []
    return ", ".join(parts) or "no server"


def costs(changeset: Changeset, plan: Plan, jobs: int) -> RackSum:
    """Add up what the servers of a changeset take, in the turns of a push, ``jobs`` at a time."""
    ways = {server.device: server.way for server in changeset.changed}
    # Who is as intended has its turn too, which then takes nothing.
    listed = turns(plan, [server.device for server in changeset.servers])
    return rack([[ways[name] for name in names if name in ways] for _, names in listed], jobs)


def rack_line(changeset: Changeset, plan: Plan, jobs: int) -> str:
    """Say in a line what a push takes: restarts, power cycles, time."""
    total = costs(changeset, plan, jobs)
    cycles = f" ({total.ac_cycles} of them with an AC cycle)" if total.ac_cycles else ""
    # Of one alone there is nothing to be said of turns, and of who goes ahead.
    how = (
        f" in {count(total.turns, 'turn')}, with {jobs} at once behind one that goes ahead" if total.servers > 1 else ""
    )
    return (
        f"{count(total.servers, 'server')}: {count(total.restarts, 'restart')} of hosts{cycles}, at most {total.most_restarts} of one; "
        f"{count(total.bmc_restarts, 'restart')} of BMCs; about {total.minutes:.0f} min{how}"
    )


def server_lines(changeset: Changeset) -> Iterator[str]:
    """Print what would change: servers that change alike once, with their names and what each takes."""
    for group in _groups(changeset.changed):
        number = len(group.devices)
        alike = f"{count(number, 'server')} alike: " if number > 1 else ""
        yield f"{alike}{some(group.devices, 32)} ({takes(group.first)}{' each' if number > 1 else ''})"
        if group.first.left_off:
            yield f"~ power: off since run {group.first.left_off} was cut off while it had its power cut -> on"
        yield from (f"{change} (BMC)" for change in group.first.settings.changes)
        for step in group.first.way.steps:
            yield from _step_lines(step, group.first)
        yield ""


def _groups(changed: Sequence[ServerChanges]) -> Iterator[_Alike]:
    found: dict[bytes, list[ServerChanges]] = {}
    for server in changed:
        steps = [_plain(step) for step in server.way.steps]
        alike = canonical_json(msgspec.to_builtins((server.model, steps, server.settings.changes, server.left_off)))
        found.setdefault(alike, []).append(server)
    for servers in found.values():
        yield _Alike(tuple(server.device for server in servers), servers[0])


def _plain(step: Step) -> Step:
    # Two jobs of two servers have two ids, and carry the same.
    return msgspec.structs.replace(step, job="")


def takes(server: ServerChanges) -> str:
    """Say what a push of firmware and BIOS takes a server."""
    way = server.way
    cycles = f", {way.ac_cycles} with an AC cycle" if way.ac_cycles else ""
    bmc = f", {count(way.bmc_restarts, 'restart')} of the BMC" if way.bmc_restarts else ""
    return f"{count(way.restarts, 'restart')} of the host{cycles}{bmc}, about {way.minutes:.0f} min"


def _step_lines(step: Step, server: ServerChanges) -> Iterator[str]:
    if step.kind == "restart":
        yield f"! restart {step.group} ({step.activation}): {step.why}"
        return
    waits = " (waits at the BMC already)" if step.staged else ""
    if step.kind == "settings":
        for change in step.changes:
            why = f"  # {change.reason}" if change.reason else ""
            yield f"~ BIOS {change.attribute}: {change.old} -> {change.new}{waits}{why}"
        return
    found = {state.fqdd: state for state in server.firmware}
    before = dict.fromkeys(found[fqdd].found for fqdd in step.fqdds if fqdd in found)
    version = step.image.version if step.image else "what waits"
    many = f" on {len(step.fqdds)}" if len(step.fqdds) > 1 else ""
    name = step.image.file.rpartition("/")[2] or step.image.url if step.image else ""
    yield f"~ {step.component}{many}: {', '.join(before)} -> {version}{waits}{f'  # {name}' if name else ''}"


def refused_lines(changeset: Changeset) -> Iterator[str]:
    """Tell what cannot be brought to what is intended, why, and what to do; what servers share once."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for server in changeset.refused:
        yield from (f"{server.device}: BMC: {problem}" for problem in server.settings.problems)
        for refusal in server.way.refused:
            message = refusal.message.replace(server.device, "*")
            found.setdefault((refusal.component, message, refusal.remedy), []).append(server.device)
    for (component, message, remedy), devices in found.items():
        yield f"{some(devices)}: {component}: {message.replace('*', devices[0] if len(devices) == 1 else 'each')}; {remedy}"


def left_lines(changeset: Changeset) -> Iterator[str]:
    """Tell what is left to another back-end, the same of several servers once."""
    found: dict[str, list[str]] = {}
    for server in changeset.servers:
        for left in server.way.left:
            found.setdefault(left.message, []).append(f"{server.device} ({some(left.subjects, 2)})")
    for message, devices in found.items():
        yield f"{some(devices, 4)}: {message}"


def server_value(changeset: Changeset, plan: Plan, jobs: int) -> dict[str, Any]:
    """Return a changeset for JSON, with what it takes the rack."""
    value: dict[str, Any] = msgspec.to_builtins(changeset)
    return value | {"rack": msgspec.to_builtins(costs(changeset, plan, jobs))}
