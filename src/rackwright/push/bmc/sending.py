"""Images and attributes handed to a BMC exactly once, whatever became of the answer.

Nothing is sent before the version, the settings and the job queue were looked at. A job that was not there before the
first try carries what was sent: it is taken up, never sent a second time. Only when an answer was lost, and for a while
neither a job nor the version shows that the BMC heard, is it said once more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.errors import DeviceRefused, DriverError
from rackwright.push.bmc.contact import AGAIN, Contact, Seen, halt_of, version_of
from rackwright.push.bmc.images import wrong_image
from rackwright.push.bmc.model import Step
from rackwright.push.contact import Halt
from rackwright.redfish.versions import same

__all__ = ["FLASH", "SETTINGS_JOB", "Sender", "Sent", "parts_off", "settings_off", "settled"]

FLASH: Final = "FirmwareUpdate"
SETTINGS_JOB: Final = "BIOSConfiguration"
"""Dell's types of job, as far as they matter here (redfish.md 2.2)."""

_TRIES: Final = 2
_RIGHT: Final = frozenset({"SUP029"})
"""Nothing to do: it is installed already (redfish.md 5, row 27)."""
_THERE: Final = frozenset({"RED014", "SUP031"})
"""A job for this component is in the queue (row 26)."""


class Sent(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one thing that was to be handed over, as the journal keeps it."""

    job: str = ""
    """The job that carries it; empty: there is nothing to do."""
    halt: Halt | None = None


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
        """Bring it to the BMC once, or find that it is there."""
        if halt := self._room():
            return Sent(halt=halt)
        tries, until, last = 0, 0.0 if self.fresh else self._until(), ""
        while True:
            try:
                seen = self.contact.look()
            except DriverError as error:
                return Sent(halt=halt_of(self.stage, error, touched=bool(tries) or not self.fresh))
            if (found := self._found(seen)) is not None:
                return found
            if self.contact.clock.now() < until:
                self.contact.clock.sleep(self.contact.limits.poll_s)
                continue
            if tries >= _TRIES:
                cause = f"{self._name}: sent {tries} times, and neither a job nor the inventory shows it ({last})"
                return Sent(halt=Halt(self.stage, cause, AGAIN, touched=True))
            tries += 1
            sent, last = self._once()
            if sent is not None:
                return sent
            until = self._until()

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

    def _until(self) -> float:
        return self.contact.clock.now() + self.contact.limits.heed_s

    @property
    def _name(self) -> str:
        return "BIOS settings" if self.step.kind == "settings" else self.step.component

    def _found(self, seen: Seen) -> Sent | None:
        """Return what shows that it needs not be sent: it is right already, or a job carries it."""
        kind = SETTINGS_JOB if self.step.kind == "settings" else FLASH
        ours = [job for job in seen.jobs if job.id not in self.known and job.kind == kind]
        if self.step.staged:
            ours = [job for job in seen.jobs if job.id == self.step.job] or ours
        if ours:
            return Sent(job=ours[-1].id)
        return Sent() if settled(self.contact, self.step, seen) else None

    def _once(self) -> tuple[Sent | None, str]:
        """Say it once; None: whether it was heard must be looked up."""
        try:
            job = self._say()
        except DeviceRefused as error:
            return self._refused(error), str(error)
        except DriverError as error:
            self.contact.close()
            return None, str(error)
        return (Sent(job=job), "") if job else (None, "the BMC named no job")

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

    def _refused(self, error: DeviceRefused) -> Sent | None:
        """Tell what a refusal means; None: what it speaks of is to be looked up."""
        if error.message_id in _THERE or self.contact.passing(error):
            return None
        if error.message_id in _RIGHT:
            # Whether it is the wanted version that is there already is verified like all else.
            return Sent()
        halt = halt_of(self.stage, error, touched=True)
        return Sent(halt=msgspec.structs.replace(halt, cause=f"{self._name}: {halt.cause}"))


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
