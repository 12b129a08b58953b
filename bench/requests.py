"""How many requests had to wait one for another, counted from the log of a twin, and the time that they cannot do without.

Each takes one round trip at least. A login and an upload are more of them than the log has lines (docs/design/drivers.md
counts them); the figures here are the lower ones, so the ideal is not made too easy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

__all__ = ["LOGIN", "UPLOAD", "Wave", "ideal_audit", "ideal_push", "sessions"]

LOGIN: Final = 6
"""Round trips from the first packet of TCP to the first command's channel."""
UPLOAD: Final = 4
"""Round trips of a file by SFTP in a session that had none yet: channel, subsystem, version and file."""
_APART: Final = 0.7
"""Share of a round trip by which two requests lie apart of which one waited for the other."""


class Wave(NamedTuple):
    """Switches that may be set together; with a canary one goes ahead."""

    devices: tuple[str, ...]
    canary: str = ""


def sessions(lines: Iterable[Mapping[str, Any]], round_trip: float) -> dict[str, list[int]]:
    """Return the sequential requests of each session of each switch, from a log of few switches that did not compete.

    ``round_trip`` is in seconds of the log's clock. What came at the same time counts once.
    """
    found: dict[str, list[int]] = {}
    last: dict[str, float] = {}
    for line in sorted(lines, key=lambda line: line["at"]):
        device, operation = str(line["device"]), line["operation"]
        of = found.setdefault(device, [])
        if operation == "connect":
            of.append(LOGIN)
            last[device] = line["at"]
            continue
        if not of:
            of.append(0)
        if line["at"] - last.get(device, -round_trip) >= _APART * round_trip:
            of[-1] += UPLOAD if operation == "sftp" else 1
            last[device] = line["at"]
    return found


def ideal_audit(requests: Mapping[str, int], jobs: int, round_trip_s: float) -> float:
    """Return the seconds that asking takes when nothing but the way takes time: all switches share ``jobs`` workers."""
    return round_trip_s * max(sum(requests.values()) / jobs, *requests.values())


def ideal_push(
    read: Mapping[str, int], pushed: Mapping[str, int], waves: Sequence[Wave], jobs: int, round_trip_s: float
) -> float:
    """Return the same for a push: everything is read, then wave waits for wave, and the rest of a wave for its canary."""
    trips = ideal_audit(read, jobs, 1.0)
    for wave in waves:
        rest = {name: pushed[name] for name in wave.devices if name != wave.canary}
        trips += pushed.get(wave.canary, 0) + (ideal_audit(rest, jobs, 1.0) if rest else 0)
    return trips * round_trip_s
