"""Images and attributes handed to a BMC exactly once, whatever became of the answer.

Nothing is sent before the version, the settings and the job queue were looked at. A job that was not there before the
first try carries what was sent: it is taken up, never sent a second time. Only when an answer was lost, and for a while
neither a job nor the version shows that the BMC heard, is it said once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from rackwright.errors import DeviceRefused, DriverError, Unreachable
from rackwright.push.bmc.activation import ended_badly, in_words, ready
from rackwright.push.bmc.contact import AGAIN, Contact, Seen, halt_of, version_of
from rackwright.push.bmc.images import wrong_image
from rackwright.push.bmc.model import Step
from rackwright.push.bmc.remedies import remedy_of
from rackwright.push.contact import Halt
from rackwright.redfish.inventory import Job
from rackwright.redfish.versions import same

__all__ = ["FLASH", "SETTINGS_JOB", "Sender", "Sent", "parts_off", "settings_off", "settled"]

FLASH: Final = "FirmwareUpdate"
SETTINGS_JOB: Final = "BIOSConfiguration"
"""Dell's types of job, as far as they matter here (redfish.md 2.2)."""

_TRIES: Final = 2
_BUSY: Final = 20
"""Times that a BMC may be busy, or end the session, before anything was sent."""
_STUCK: Final = frozenset({"PR30"})
"""A job that says this stays Scheduled for ever (redfish.md 2.3, item 6)."""
_SERVER_ERROR: Final = 500
_RIGHT: Final = frozenset({"SUP029"})
"""Nothing to do: it is installed already (redfish.md 5, row 27)."""
_THERE: Final = frozenset({"RED014", "SUP031"})
"""A job for this component is in the queue (row 26)."""


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one thing that was to be handed over, as the journal keeps it."""

    job: str = ""
    """The job that carries it; empty: there is nothing to do."""
    halt: Halt | None = None


class _Said(NamedTuple):
    """What came of saying it once."""

    sent: Sent | None
    """None: whether it was heard, or how it stands, must be looked up."""
    last: str = ""
    unsure: bool = False
    """The BMC may have heard it."""


@dataclass
class Sender:
    """Hands one step's image or attributes to the BMC."""

    contact: Contact
    stage: str
    step: Step
    folder: Path
    """The site's folder, below which the files of images lie."""
    known: Collection[str]
    """Ids of the jobs that were there before the first try, and those of earlier steps."""
    fresh: bool
    """No earlier life may have sent it."""
    told: Callable[[str], None]

    def send(self) -> Sent:
        """Bring it to the BMC once, or find that it is there; wait until it lies there as it should."""
        if self.step.staged:
            return Sent(job=self.step.job)
        halt = self._room() or ready(self.contact, self.stage)
        sent = Sent(halt=halt) if halt else self._sent()
        return self._arrived(sent) if sent.job and self.step.at == "reset" else sent

    def _sent(self) -> Sent:
        clock, limits = self.contact.clock, self.contact.limits
        tries, last, until = 0, "", 0.0 if self.fresh else clock.now() + limits.heed_s
        busy = 0
        while True:
            try:
                seen = self.contact.look()
            except DriverError as error:
                return Sent(halt=halt_of(self.stage, error, touched=bool(tries) or not self.fresh))
            if (found := self._found(seen)) is not None:
                return found
            if clock.now() < until:
                clock.sleep(limits.poll_s)
                continue
            if tries >= _TRIES or busy >= _BUSY:
                cause = f"{self._name}: neither a job nor the inventory shows what was sent ({last})"
                return Sent(halt=Halt(self.stage, cause, AGAIN, touched=True))
            said = self._once()
            if said.sent is not None:
                return said.sent
            tries, busy, last = tries + said.unsure, busy + (not said.unsure), said.last
            until = clock.now() + (limits.heed_s if said.unsure else limits.poll_s)

    def _room(self) -> Halt | None:
        """Take settings out that wait and do not hold everything: two jobs cannot wait for one BIOS."""
        old = self.step.job if self.step.kind == "settings" and not self.step.staged else ""
        try:
            if old and any(job.id == old and job.open for job in self.contact.jobs()):
                self.told(f"taking {old} out of the queue, whose settings are staged anew")
                self.contact.say(lambda session: session.delete_job(old))
        except DriverError as error:
            return halt_of(self.stage, error, touched=True)
        return None

    @property
    def _name(self) -> str:
        return "BIOS settings" if self.step.kind == "settings" else self.step.component

    def _found(self, seen: Seen) -> Sent | None:
        """Return what shows that it needs not be sent: it is right already, or a job carries it."""
        kind = SETTINGS_JOB if self.step.kind == "settings" else FLASH
        ours = [job for job in seen.jobs if job.id not in self.known and job.kind == kind]
        if ours:
            return Sent(job=max(ours, key=lambda job: (len(job.id), job.id)).id)
        return Sent() if settled(self.contact, self.step, seen) else None

    def _arrived(self, sent: Sent) -> Sent:
        """Wait until an image was fetched and found good, or settings were taken: a bad one must not cost a restart."""
        found: list[Job] = []

        def over() -> bool:
            found[:] = [job for job in self.contact.jobs() if job.id == sent.job]
            return not any(job.state in ("running", "waiting") for job in found)

        try:
            self.contact.wait(self.contact.limits.arrive_s, over)
        except DriverError as error:
            return Sent(sent.job, halt_of(self.stage, error, touched=True))
        if bad := [*ended_badly(found), *(job for job in found if job.open and job.message_id in _STUCK)]:
            words = in_words(bad)
            return Sent(sent.job, Halt(self.stage, f"{self._name}: {words}", remedy_of(words), touched=True))
        return sent

    def _once(self) -> _Said:
        """Say it once."""
        try:
            job = self._say()
        except DeviceRefused as error:
            return self._refused(error)
        except DriverError as error:
            self.contact.close()
            return _Said(None, str(error), unsure=not isinstance(error, Unreachable))
        return _Said(Sent(job=job)) if job else _Said(None, "the BMC named no job", unsure=True)

    def _say(self) -> str:
        step = self.step
        if step.kind == "settings":
            attributes: Mapping[str, Any] = {change.attribute: change.new for change in step.changes}
            self.told(f"staging {len(attributes)} BIOS attributes")
            return self.contact.ask(lambda session: session.stage_bios(attributes))
        image = step.image
        if image is None:
            raise DriverError(f"{self.contact.device}: {step.component} has no image")
        self.told(f"sending {image.id}")
        if image.file:
            path = self.folder / image.file
            if wrong := wrong_image(path, image.sha256):
                raise DeviceRefused(wrong, device=self.contact.device, remedy="put the right file there and push again")
            return self.contact.ask(lambda session: session.push_image(path, at=step.at))
        return self.contact.ask(lambda session: session.pull_image(image.url, at=step.at))

    def _refused(self, error: DeviceRefused) -> _Said:
        """Tell what a refusal means."""
        if self.contact.passing(error):
            return _Said(None, str(error), unsure=error.status == _SERVER_ERROR)
        if error.message_id in _THERE:
            return _Said(None, str(error), unsure=True)
        if error.message_id in _RIGHT:
            # Whether it is the wanted version that is there already is verified like all else.
            return _Said(Sent())
        halt = Halt(self.stage, f"{self._name}: {error}", error.remedy or remedy_of(str(error)), touched=True)
        return _Said(Sent(halt=halt))


def settled(contact: Contact, step: Step, seen: Seen) -> bool:
    """Tell whether what a step brings is in force."""
    if step.kind == "settings":
        return not settings_off(contact, step, seen)
    return bool(step.fqdds) and not parts_off(contact, step, seen)


def parts_off(contact: Contact, step: Step, seen: Seen) -> dict[str, str]:
    """Return FQDD -> version of what a step's image should have changed and has not."""
    image, found = step.image, {}
    for fqdd in step.fqdds:
        now, part = version_of(seen.inventory, fqdd), contact.order.of.get(fqdd)
        # An image on the way to the wanted one is right too, and so is the wanted one itself.
        good = (image is not None and any(same(now, one) for one in (image.version, *image.equal))) or (
            part is not None and part.right(now)
        )
        if not good:
            found[fqdd] = now
    return found


def settings_off(contact: Contact, step: Step, seen: Seen) -> dict[str, tuple[Any, Any]]:
    """Return attribute -> (value, wanted value) of what a step should have set, or have brought along, and has not."""
    now = seen.inventory.bios.attributes if seen.inventory.bios else {}
    wanted = {change.attribute: change.new for change in step.changes} | contact.order.implied
    return {name: (now.get(name), value) for name, value in wanted.items() if now.get(name) != value}
