"""A host that was lost in the middle of a play: whether it restarted, died, or was only cut off, is seen by its boot id."""

from __future__ import annotations

from typing import Final

from rackwright.drivers.hosts.model import HostResult
from rackwright.errors import DriverError, IdentityChanged
from rackwright.push.contact import Halt
from rackwright.push.hosts.causes import AGAIN, Kind
from rackwright.push.hosts.contact import GOES_BY, Contact, halt_of

__all__ = ["lost", "unasked"]

_CONSOLE: Final = f"look at its power and its console over its BMC; once it answers, {AGAIN.removeprefix('then ')}"
_WHY: Final = f"see why it restarted (its Lifecycle log, 'journalctl -b -1 -e'); {AGAIN}"
_WAY: Final = f"see the way to it (cable, switch, load of the host); {AGAIN}"


def lost(contact: Contact, result: HostResult, before: str, first: str) -> tuple[Kind, Halt]:
    """Return what became of a host; ``before`` is the boot that ran when the play began, empty where that is not known.

    ``first`` is the step that the play began with, for a host of which nothing was told.
    """
    role = result.role or (result.roles[-1] if result.roles else first)
    where = _where(result, role)
    try:
        now = contact.facts(contact.limits.blip_s).boot_id
    except IdentityChanged as error:
        return "died", halt_of(role, error, touched=True)
    except GOES_BY:
        return "died", Halt(role, f"it died {where}, and does not answer since", _CONSOLE, touched=True)
    except DriverError as error:
        return "unreachable", halt_of(role, error, touched=True)
    if before and now != before:
        return "restarted", Halt(role, f"it restarted by itself {where}", _WHY, touched=True)
    said = f" ({_first(result.message)})" if result.message else ""
    return "cut-off", Halt(role, f"it was cut off {where}, and answers again{said}", _WAY, touched=True)


def unasked(steps: tuple[str, ...], before: str, now: str, *, watched: bool) -> Halt | None:
    """Return the halt of a host that restarted in the middle of a play and was back before the next task: nothing else shows it.

    ``watched``: this process has played all the while; otherwise the run was cut off meanwhile.
    """
    if not before or not now or before == now:
        return None
    when = "quickly enough that no task failed" if watched else "or while this run was cut off"
    said = f"it restarted by itself during {', '.join(steps)}, {when}"
    return Halt(steps[-1], said, _WHY, touched=True)


def _where(result: HostResult, role: str) -> str:
    """Say at which task of which role it was lost, or between which two roles."""
    done = f", after {', '.join(result.done)}" if result.done else ""
    task = f" at {result.task!r}" if result.task else ""
    if result.role and result.role not in result.roles and result.done:
        return f"between the roles {result.done[-1]} and {result.role}"
    unsure = "" if result.role or result.roles else ", or behind it: nothing was told of it"
    return f"in the role {role}{task}{done}{unsure}"


def _first(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]
