"""A push to hosts as the durable engine runs it: waves, the work on one host, the gate behind a wave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from rackwright import assets, secrets
from rackwright.drivers.hosts.model import Event, Host, Play, Played
from rackwright.errors import DriverError
from rackwright.push.bmc.turns import UNGUARDED
from rackwright.push.hosts.contact import Contact, Way, asked, batches_of
from rackwright.push.hosts.order import Order, decode
from rackwright.push.hosts.procedure import Playbooks, Procedure
from rackwright.push.idle import Sessions
from rackwright.runs.model import GOOD, Context, Json, Outcome, Wave

__all__ = ["NAME", "VERSION", "PushHosts", "shipped"]

NAME: Final = "push-host"
VERSION: Final = "1"
"""Raised by hand whenever the steps of a host change their names or values."""

_MEND: Final = "mend the host that is named, or go on without it with --limit"


def shipped() -> Playbooks:
    """Return the playbooks that Rackwright brings. Raises :class:`~rackwright.errors.AssetsMissing` when they are not there."""
    folder = assets.folder("playbooks")
    verify = folder / "verify.yml"
    return Playbooks(folder / "site.yml", verify if verify.is_file() else None)


@dataclass
class PushHosts:
    """The program; what it needs of the world is given to it. ``jobs`` is how many hosts may ask for a play at once."""

    way: Way
    playbooks: Playbooks
    jobs: int = 1
    heard: Callable[[Event], None] | None = None
    """Is told what happens in the plays, beside what the journal tells; it is a line for every task of every host."""
    gather_s: float | None = None
    """How long the first who asks for a play waits for others; None: as the way has it."""
    idle: Sessions[Host] = field(default_factory=Sessions, repr=False)
    """Sessions that lie between two words to a host; that of a host ends with the work on it."""
    name: str = field(default=NAME, init=False)
    version: str = field(default=VERSION, init=False)

    def __post_init__(self) -> None:
        """Open the place where hosts that want the same meet."""
        self._batches = batches_of(self.way, self._play, self.jobs, self.gather_s)

    def waves(self, order: bytes) -> Sequence[Wave]:
        """Return the order's turns; where several hosts of one change, one goes ahead."""
        whole, found = decode(order), []
        for name, members in whole.waves:
            working = [member for member in members if whole.of[member].stages]
            found.append(Wave(name, members, working[0] if len(working) > 1 else ""))
        return found

    def device(self, context: Context, order: bytes, device: str) -> Outcome:
        """Bring one host to what is intended."""
        whole = decode(order)
        host = whole.of[device]
        known = {
            ref.path: secrets.resolve(ref, self.way.resolvers) for ref in secrets.references(host.variables)
        }  # fmt: skip
        contact = Contact(device, self.way, whole.limits, self.idle)
        try:
            return Procedure(contact, context, host, whole, self.playbooks, self._batches, known).run()
        finally:
            contact.drop()

    def gate(self, context: Context, order: bytes, wave: Wave, outcomes: Mapping[str, Outcome]) -> Outcome:
        """Open unless the canary failed, or a host of the wave was changed and does not answer: its partner must not go next."""
        canary = outcomes.get(wave.canary)
        if canary is not None and canary.state not in GOOD:
            cause = f"{wave.canary}, which went ahead, ended {canary.state}: {canary.cause}"
            return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_MEND)
        whole = decode(order)
        touched = [name for name, one in outcomes.items() if one.state != "unchanged" and whole.of[name].stages]
        silent = context.step("hosts that do not answer", lambda: self._silent(whole, touched))
        if wave.name == UNGUARDED:
            return Outcome(subject=wave.name, state="done", detail={"silent": silent} if silent else {})
        halted = [name for name in touched if outcomes[name].state not in GOOD and outcomes[name].stage != "look"]
        lost = list(dict.fromkeys((*silent, *halted)))
        if not lost:
            return Outcome(subject=wave.name, state="done")
        cause = f"not as intended, or not answering, since this push: {', '.join(lost)}"
        return Outcome(subject=wave.name, state="failed", stage="gate", cause=cause, remedy=_MEND)

    def _play(self, play: Play) -> Played:
        return self.way.play(play, heard=self.heard, ask=partial(asked, self.way.host, self.idle))

    def _silent(self, order: Order, names: Sequence[str]) -> Json:
        return [name for name in names if not self._answers(order, name)]

    def _answers(self, order: Order, device: str) -> bool:
        try:
            Contact(device, self.way, order.limits).facts()
        except DriverError:
            return False
        return True
