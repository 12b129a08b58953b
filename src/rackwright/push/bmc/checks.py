"""What must be so before the first change to a server, each check by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rackwright.diff.bmc.settings import LIFT, LOCKED
from rackwright.push.bmc.activation import in_words
from rackwright.push.bmc.contact import AGAIN, Contact, Seen, version_of
from rackwright.push.bmc.images import wrong_image
from rackwright.push.bmc.order import Order, ServerOrder
from rackwright.push.contact import Halt
from rackwright.push.draining import busy
from rackwright.push.identity import CABLING, stranger
from rackwright.redfish.inventory import Inventory
from rackwright.redfish.versions import same

__all__ = ["against_restart", "objection", "undrained"]

_STAGE: Final = "look"
_FINE: Final = frozenset({"", "OK", "Unknown"})
_LOST: Final = ("degraded", "lost", "nonredundant", "not redundant", "failed")
_DRAIN: Final = "drain the host, then push again"
_WAIT: Final = "let it end, or delete it over the web page of the BMC; then push again"


def against_restart(stage: str, inventory: Inventory) -> Halt | None:
    """Return what has come up since the first look and would have the waiting jobs fail; None when they may run."""
    found = next(_conditions(inventory), None)
    return Halt(stage, f"{found[0]}: {found[1]}", found[2], touched=True) if found else None


def undrained(stage: str, order: Order, device: str) -> Halt | None:
    """Return that the host is not drained, as the operator's program says; None when it is, or nobody is to be asked."""
    said = busy(order.drained_by, device) if order.drained_by else ""
    return Halt(stage, f"drained: {said}", _DRAIN, touched=True) if said else None


def objection(contact: Contact, seen: Seen, order: Order) -> Halt | None:
    """Return the first check that is not met; None when the server may be changed."""
    for name, cause, remedy in _objections(contact, seen, order):
        return Halt(_STAGE, f"{name}: {cause}", remedy)
    return None


def _objections(contact: Contact, seen: Seen, order: Order) -> Iterator[tuple[str, str, str]]:
    inventory, server = seen.inventory, contact.order
    if another := stranger(inventory.service_tag, server.tag):
        yield "identity", another, CABLING
    yield from _conditions(inventory)
    ours = {step.job for step in server.steps if step.job}
    if foreign := [job for job in seen.jobs if job.open and job.id not in ours]:
        yield "jobs", f"the queue holds what is not ours: {in_words(foreign)}", _WAIT
    if strange := _foreign_settings(server, inventory):
        yield "jobs", f"BIOS settings of somebody else wait for a restart: {', '.join(strange)}", _WAIT
    if moved := _moved(contact, inventory):
        yield "state", moved, AGAIN
    folder = Path(order.folder)
    for step in server.steps:
        image = step.image if not step.staged else None
        if image is not None and image.file and (wrong := wrong_image(folder / image.file, image.sha256)):
            yield "images", wrong, "put the right file there, or mend its row in the images file, and push again"
    if order.drained_by and server.way.restarts and (said := busy(order.drained_by, server.device)):
        yield "drained", said, _DRAIN


def _conditions(inventory: Inventory) -> Iterator[tuple[str, str, str]]:
    if inventory.lockdown:
        yield "lockdown", LOCKED, LIFT
    if weak := _power(inventory):
        yield "power supplies", weak, "mend the supply or its feed: a flash that loses power ends a board"
    if dark := _dark(inventory):
        yield "power supplies", f"they cannot be looked at: {dark}", "see that the BMC tells of them, then push again"


def _foreign_settings(server: ServerOrder, inventory: Inventory) -> list[str]:
    """Name the attributes that wait and are not, or not so, among those of this push."""
    pending = inventory.bios.pending if inventory.bios else {}
    meant = {**server.implied, **server.attributes}
    return sorted(name for name, value in pending.items() if meant.get(name, pending) != value)


def _power(inventory: Inventory) -> str:
    """Say in words that a power supply is gone or ill; supplies that are not told are no reason."""
    ill = [psu.fqdd for psu in inventory.psus if not psu.present or psu.health not in _FINE]
    if ill:
        return f"{', '.join(ill)} is not well"
    word = inventory.psu_redundancy.lower()
    return f"redundancy is {inventory.psu_redundancy}" if any(lost in word for lost in _LOST) else ""


def _dark(inventory: Inventory) -> str:
    """Return why none is told, where the BMC has some to tell of and did not: that is no word about them."""
    return "" if inventory.psus else next((one for one in inventory.untold if "/Power" in one), "")


def _moved(contact: Contact, inventory: Inventory) -> str:
    """Say which component or attribute is neither as it was when the push was shown, nor as it is to be."""
    for part in contact.order.parts:
        now = version_of(inventory, part.fqdd)
        hops = [step.image.version for step in contact.order.steps if step.image and part.fqdd in step.fqdds]
        if not part.known(now) and not any(same(now, hop) for hop in hops):
            return f"{part.component} ({part.fqdd}) is at {now or 'no version'}, and was at {part.before} when the push was shown"
    now_set = inventory.bios.attributes if inventory.bios else {}
    for name, old in contact.order.bios.items():
        if now_set.get(name) not in (old, contact.order.attributes.get(name)):
            return f"the BIOS attribute {name} is {now_set.get(name)!r}, and was {old!r} when the push was shown"
    return ""
