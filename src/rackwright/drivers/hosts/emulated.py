"""A play on hosts of the twin: what is to be played goes over each host's own SSH as JSON, and its events come back so.

Ansible cannot run there: an emulated host has no Python and no files. What a role does to one is the twin's table; playbooks
themselves are proven on real roots. Secrets are not sent.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from rackwright.drivers.hosts.collecting import Collector
from rackwright.drivers.hosts.events import Told
from rackwright.drivers.hosts.model import Ask, Heard, HostResult, Play, Played, Target
from rackwright.errors import DeviceRefused, DriverError, LostMidCommand

__all__ = ["COMMAND", "play"]

COMMAND: Final = "rackwright-twin-play"
"""The one program of an emulated host that no real one has."""
_AT_ONCE: Final = 8


def play(play: Play, ask: Ask, *, heard: Heard | None = None) -> Played:
    """Play on each target and return how it came out; a host that cannot be reached is a value, not an error."""
    begun = time.monotonic()
    lock = threading.Lock()

    def tell(event: Any) -> None:
        with lock:
            if heard is not None and event is not None:
                heard(event)

    def one(target: Target) -> HostResult:
        collector = Collector({target.name: target.steps})
        for told in _events(play, target, ask):
            tell(collector.take(told))
        return collector.results()[target.name]

    with ThreadPoolExecutor(max(1, min(_AT_ONCE, len(play.targets))), thread_name_prefix="twin-play") as threads:
        found = dict(zip((target.name for target in play.targets), threads.map(one, play.targets), strict=True))
    status: Any = "successful" if all(result.well for result in found.values()) else "failed"
    return Played(status=status, hosts=found, seconds=time.monotonic() - begun)


def _events(play: Play, target: Target, ask: Ask) -> list[Told]:
    what = {
        "host": target.name,
        "playbook": play.playbook.stem,
        "check": play.check,
        "steps": target.steps,
        "variables": target.variables,
    }
    try:
        told, limit_s = msgspec.json.encode(what), play.settings.job_s
        out = ask(target.name, lambda session: session.feed(COMMAND, told, limit_s=limit_s))
        return [msgspec.json.decode(line, type=Told) for line in out.splitlines() if line.strip()]
    except LostMidCommand:
        return []
    except msgspec.MsgspecError as error:
        raise DeviceRefused(f"{target.name}: the twin answers no events: {error}", device=target.name) from None
    except DriverError as error:
        return [Told(kind="unreachable", host=target.name, text=str(error))]
