"""How the work on a server ends: nothing of ours waits in the queue by surprise, the host is as it was, and all is told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from rackwright.diff.bmc.settings import LIFT, LOCKED
from rackwright.errors import DriverError
from rackwright.push.bmc.activation import host_off, host_on, in_words
from rackwright.push.bmc.contact import AGAIN, Contact, Seen, version_of
from rackwright.push.bmc.keeping import Kept
from rackwright.push.bmc.model import Left, Step, Way
from rackwright.push.bmc.order import ServerOrder
from rackwright.push.bmc.sending import parts_off, settings_off
from rackwright.push.contact import Halt
from rackwright.redfish.inventory import Job
from rackwright.runs.model import Outcome, State

__all__ = ["ON", "End", "Finish", "locked", "outcome", "untouched", "wrong"]

ON: Final = "switch the host on over its BMC, and look at its console"
"""What is to be done about a host that is not on."""
_MAYBE_OFF: Final = "its host was on before, and may be off"


class End(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a server was left."""

    versions: dict[str, str] = {}
    """FQDD -> installed version."""
    attributes: dict[str, Any] = {}
    """BIOS attributes that are not as intended."""
    withdrawn: tuple[str, ...] = ()
    """Jobs that were taken out of the queue since the work stopped before their restart."""
    waiting: tuple[str, ...] = ()
    """Jobs of ours that still wait or run, in words."""
    power: str = ""
    found: str = ""
    """Power of the host before the first change."""
    trouble: str = ""
    dark: bool = False
    """The host was on before and may be off, and nobody can look."""


@dataclass
class Finish:
    """The last step of a server."""

    contact: Contact
    power: str
    """How the host was found."""
    jobs: Collection[str]
    """Our jobs."""
    halt: Halt | None
    told: Callable[[str], None]
    seen: Seen | None = None
    """What showed a moment ago that the last step came into force; None after anything else."""

    def go(self) -> End:
        """Take back what waits if the work stopped, see to the power, and look."""
        self.contact.restarted = True
        try:
            withdrawn = self._withdraw() if self.halt is not None else ()
            seen = self.seen or self.contact.look()
            trouble = ""
            if seen.power != self._wanted:
                trouble = self._power()
                seen = self.contact.look()
        except DriverError as error:
            known = self.halt is not None and str(error) in self.halt.cause
            trouble = "nor since" if known else f"it cannot be looked at since ({error})"
            dark = self.halt is not None and self.halt.touched and self._wanted == "On"
            return End(found=self.power, trouble=f"{trouble}; {_MAYBE_OFF}" if dark else trouble, dark=dark)
        now = seen.inventory.bios.attributes if seen.inventory.bios else {}
        order = self.contact.order
        return End(
            versions={part.fqdd: version_of(seen.inventory, part.fqdd) for part in order.parts},
            attributes={name: now.get(name) for name, value in order.attributes.items() if now.get(name) != value},
            withdrawn=withdrawn,
            waiting=tuple(in_words([job]) for job in seen.jobs if job.open and job.id in self.jobs),
            power=seen.power,
            found=self.power,
            trouble=trouble,
        )

    def _ours(self) -> list[Job]:
        return [job for job in self.contact.jobs() if job.id in self.jobs and job.open]

    def _withdraw(self) -> tuple[str, ...]:
        """Delete our jobs that wait for a restart: whoever restarts the host next would flash without knowing."""
        contact = self.contact
        # What runs is never cut off.
        contact.wait(contact.limits.job_s, lambda: not any(job.state == "running" for job in self._ours()))
        waiting = [job for job in self._ours() if job.state != "running"]
        for job in waiting:
            self.told(f"taking {job.id} ({job.name}) out of the queue")
            _delete(contact, job.id)
        left = {job.id for job in self._ours()}
        return tuple(job.id for job in waiting if job.id not in left)

    @property
    def _wanted(self) -> str:
        return "Off" if self.power in ("Off", "PoweringOff") else "On"

    def _power(self) -> str:
        """Bring the host's power to what it was; return in words that it could not be."""
        if self._wanted == "Off":
            return "" if host_off(self.contact) else "the host was off, and cannot be switched off again"
        return "" if host_on(self.contact) else "the host does not come on"


def _delete(contact: Contact, job: str) -> None:
    try:
        contact.say(lambda session: session.delete_job(job))
    except DriverError:
        # Said by what is still in the queue afterwards.
        contact.close()


def wrong(contact: Contact, steps: Iterable[Step], seen: Seen) -> str:
    """Name what is not as intended of some steps."""
    found = []
    for step in steps:
        wanted = step.image.version if step.image else ""
        if step.kind == "settings":
            off = settings_off(contact, step, seen)
            found += [f"BIOS attribute {name} is {now!r}, not {new!r}" for name, (now, new) in off.items()]
        for fqdd, now in parts_off(contact, step, seen).items():
            found.append(f"{step.component} ({fqdd}) is at {now or 'no version'}, not at {wanted or 'what was wanted'}")
    return "; ".join(found) or "jobs are still open"


def untouched(device: str, way: Way) -> Outcome:
    """Return the outcome of a server with nothing to do; what is refused or left to others is told."""
    if not way.refused:
        return Outcome(subject=device, state="unchanged", detail=_left(way.left))
    cause = "; ".join(refusal.message for refusal in way.refused)
    remedy = way.refused[0].remedy
    return Outcome(subject=device, state="failed", stage="plan", cause=cause, remedy=remedy, detail=_left(way.left))


def locked(device: str) -> Outcome:
    """Return the outcome of a server whose lockdown is on and may not be lifted: nothing of it is changed."""
    return Outcome(subject=device, state="failed", stage="plan", cause=LOCKED, remedy=LIFT)


def _left(left: Iterable[Left]) -> dict[str, Any]:
    told = [one.message or f"{one.component} of {', '.join(one.subjects)} is left to {one.backend}" for one in left]
    return {"left": told} if told else {}


def outcome(order: ServerOrder, halt: Halt | None, saved: Kept | None, end: End | None) -> Outcome:
    """Put together how a server ended: what is at which version, what waits, what to do."""
    detail = _left(order.way.left)
    if saved is not None:
        detail |= {"profile": saved.profile, "inventory": saved.inventory}
    if end is not None:
        detail |= {
            "components": _components(order, end),
            "restarts": order.way.restarts,
            "power": end.power,
            "found": end.found,
        }
        detail |= {key: list(value) for key, value in (("waiting", end.waiting), ("withdrawn", end.withdrawn)) if value}
    refused = "; ".join(refusal.message for refusal in order.way.refused)
    state: State = "done"
    stage, cause, remedy = "", "", ""
    if halt is not None:
        detail |= {"passing": True} if halt.passing else {}
        state, stage, cause, remedy = halt.state, halt.stage, f"{halt.cause}{_half_way(order, end)}", halt.remedy
        if end is not None and end.dark:
            # Whoever reads it anew takes a host that is off for one that is meant to be, unless its power was cut.
            remedy = f"{ON}; then {remedy or AGAIN}"
    elif end is not None and end.trouble:
        state, stage, cause, remedy = "failed", "end", end.trouble, ON
    elif refused:
        state, stage, cause, remedy = "failed", "plan", refused, order.way.refused[0].remedy
    return Outcome(
        subject=order.device,
        state=state,
        stage=stage,
        cause=cause,
        remedy=remedy or (AGAIN if cause else ""),
        detail=detail,
    )


def _components(order: ServerOrder, end: End) -> dict[str, Any]:
    return {
        part.fqdd: {
            "component": part.component, "before": part.before, "now": end.versions.get(part.fqdd, ""), "wanted": part.wanted,
            "right": part.right(end.versions.get(part.fqdd, "")),
        }
        for part in order.parts
    }  # fmt: skip


def _half_way(order: ServerOrder, end: End | None) -> str:
    """Say where a server stands whose work stopped: nothing of it may be left to guess."""
    if end is None:
        return ""
    if not end.versions and end.trouble:
        return f"; {end.trouble}"
    now = [(part, end.versions.get(part.fqdd, "")) for part in order.parts]
    done = dict.fromkeys(f"{part.component} {version}" for part, version in now if part.right(version))
    left = dict.fromkeys(f"{part.component} {version or '?'}" for part, version in now if not part.right(version))
    words = [f"as intended: {', '.join(done)}"] if done else []
    words += [f"as before: {', '.join(left)}"] if left else []
    words += [f"{len(end.attributes)} BIOS attributes are not set"] if end.attributes else []
    words += [f"taken out of the queue: {', '.join(end.withdrawn)}"] if end.withdrawn else []
    words += [f"still in the queue: {', '.join(end.waiting)}"] if end.waiting else []
    words += [end.trouble] if end.trouble else []
    return f"; {'; '.join(words)}" if words else ""
