"""Changesets of hosts as text: what would change where, in which restarts, and where a look ahead ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rackwright.documents import canonical_json
from rackwright.push.hosts.changeset import Changeset, HostChanges
from rackwright.report.words import count, some

__all__ = ["host_lines", "problem_lines", "restarts_of", "what_differs"]

_MOST: Final = 12
"""Lines of one difference that are shown; the changeset has it whole."""


def what_differs(changeset: Changeset) -> str:
    """Say in a line how much a push would change."""
    changed, total = changeset.changed, len(changeset.hosts)
    verb = "differs" if len(changed) == 1 else "differ"
    parts = [f"{count(len(changed), 'host')} of {total} {verb}"] if changed else []
    parts += ["no difference"] if total and not changed else []
    restarts = sum(len(host.restarts) for host in changed)
    parts += [f"at most {count(restarts, 'restart')}"] if restarts else []
    parts += [f"{count(len(changeset.unread), 'host')} could not be read"] if changeset.unread else []
    return ", ".join(parts) or "no host"


def problem_lines(changeset: Changeset) -> Iterator[str]:
    """Say of each host where the look ahead ended, and what to do."""
    for host in changeset.hosts:
        if host.problem is not None:
            yield f"{host.device}: {host.problem.role}: {host.problem.cause.strip()}; {host.problem.remedy}"


def host_lines(changeset: Changeset, most: int = _MOST) -> Iterator[str]:
    """Print what would change: hosts that change alike once, with their names and their restarts; ``most`` lines a difference."""
    for hosts in _groups(changeset.changed):
        first, number = hosts[0], len(hosts)
        alike = f"{count(number, 'host')} alike: " if number > 1 else ""
        names = some([host.device for host in hosts], 32)
        yield f"{alike}{names} ({restarts_of(first)}{' each' if number > 1 and first.restarts else ''})"
        if first.unproven:
            yield f"  ~ {first.unproven}"
        for change in first.changes:
            yield f"  ~ {change.role}: {change.task}"
            lines = change.difference.splitlines()
            yield from (f"      {line}" for line in lines[:most])
            if len(lines) > most:
                yield f"      ... {len(lines) - most} more lines"
        yield ""


def restarts_of(host: HostChanges) -> str:
    """Say which restarts of a host a push takes at most."""
    words = {"fwreset": "reset of adapters", "warm": "restart", "cold": "power cycle"}
    counted = {word: sum(one == word for one in host.restarts) for word in words}
    return ", ".join(count(number, words[word]) for word, number in counted.items() if number) or "no restart"


def _groups(changed: Sequence[HostChanges]) -> Iterator[list[HostChanges]]:
    found: dict[bytes, list[HostChanges]] = {}
    for host in changed:
        rows = [[change.role, change.task, change.difference] for change in host.changes]
        found.setdefault(canonical_json([rows, host.restarts, host.unproven]), []).append(host)
    yield from found.values()
