"""One BMC as the work on its server sees it: a session that is opened anew where it broke, and what is seen through it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.redfish.model import ALL, Host, Redfish, Topic
from rackwright.errors import AuthRefused, DeviceRefused, DriverError, RunError, Unreachable
from rackwright.push.bmc.order import Limits, ServerOrder
from rackwright.push.contact import MAY_PASS, Halt
from rackwright.redfish import reading
from rackwright.redfish.inventory import Inventory, Job, Resources

__all__ = [
    "AGAIN",
    "EVERYTHING",
    "FRESH_S",
    "Connect",
    "Contact",
    "Held",
    "Seen",
    "halt_of",
    "is_full",
    "packed",
    "version_of",
]

Connect = Callable[[str], Redfish]
"""Opens a new session with the BMC of the server of that name."""

T = TypeVar("T")

AGAIN: Final = "'rackwright push SITE --only bmc' reads the server anew and does what is left"
_BUSY: Final = frozenset(
    {"SYS518", "ServiceTemporarilyUnavailable", "SWC0700", "RAC0768", "RAC0218", "LC060", "RED113"}
)
"""Ids of messages by which a BMC says that it cannot just now (redfish.md 2.1 and 5)."""
_BUSY_STATUS: Final = frozenset({429, 500, 502, 503, 504})
"""A plain 500 too: an iDRAC that restarts its service answers so (redfish.md 2.5)."""
EVERYTHING: Final[frozenset[Topic]] = ALL - {"registry"}
"""What there is to keep of a server: what its BIOS could be set to is no state, and half of what its BMC tells."""
FRESH_S: Final = 300
"""For so long what was read in a session stands, where nothing was sent in it since."""
_NO_SESSION_LEFT: Final = "RAC0218"
_REGISTRY: Final = "RegistryEntries"
_CONDITIONS: Final[frozenset[Topic]] = frozenset({"supplies", "attributes"})
_UNSAID: Final = (AuthRefused, Unreachable)
"""With these nothing was sent, says the driver's protocol."""
_PAUSE_S: Final = 60.0
"""Between two logins that are refused: three wrong ones within a minute shut an address out (``IPBlocking.1``)."""


class Seen(NamedTuple):
    """What a BMC shows of its server at one moment."""

    inventory: Inventory
    jobs: tuple[Job, ...]
    power: str


class Held(NamedTuple):
    """A session that is open, and what was read in it of everything that a BMC tells."""

    session: Redfish
    told: bytes
    """As JSON: whoever works on hundreds of servers holds as much as came over the wire, not three times that as values."""
    inventory: Inventory
    at: float
    """When, by the clock."""


def packed(told: Resources) -> bytes:
    """Return what a BMC told as it is kept, but what only says what its BIOS could be set to."""
    return msgspec.json.encode(
        {uri: one for uri, one in told.items() if not (isinstance(one, dict) and _REGISTRY in one)}
    )


@dataclass
class Contact:
    """The way to one BMC; one session at a time."""

    order: ServerOrder
    connect: Connect
    clock: Clock
    limits: Limits
    restarted: bool = False
    """The BMC may be on its way up because of us: it refuses logins for a while then (redfish.md 5, row 13)."""
    held: Held | None = field(default=None, repr=False)
    """The session in which the order was made a moment ago, to go on with."""
    told: Callable[[str], None] = field(default=lambda _: None, repr=False)
    """Tells whoever is watching what is waited for."""
    session: Redfish | None = field(default=None, init=False, repr=False)
    left: bool = field(default=False, init=False)
    """The work on the server is over, whatever a thread that was left in the middle of it still wants."""
    inventory_of: Callable[[Resources], Inventory] = field(default=reading.inventory, repr=False)

    def __post_init__(self) -> None:
        """Go on with the session that is there."""
        self.session = self.held.session if self.held else None

    @property
    def device(self) -> str:
        """Name of the server."""
        return self.order.device

    def close(self) -> None:
        """End the session at the BMC."""
        session, self.session = self.session, None
        if session is not None:
            session.close()

    def leave(self) -> None:
        """End the session for good, from any thread: a step that was left in the middle asks for nothing any more."""
        self.left = True
        self.close()

    def ask(self, question: Callable[[Redfish], T]) -> T:
        """Ask once; after an error of the wire the session is ended and not used again. Raises ``RunError`` once the work was left."""
        session = self._opened()
        try:
            return question(session)
        except (*MAY_PASS, AuthRefused):
            self.close()
            raise

    def _opened(self) -> Redfish:
        session = self.session
        if session is None and not self.left:
            session = self.session = self.connect(self.device)
        if session is None or self.left:
            self.close()
            raise RunError(f"the work on {self.device} was left in the middle of a step")
        return session

    def say(self, word: Callable[[Redfish], None]) -> None:
        """Say something once; an answer that was lost is no error, since what becomes of it is seen.

        A BMC that lets nobody in was told nothing: it is told once it does, and if it never does that is the error.
        """
        said = False

        def once(session: Redfish) -> None:
            nonlocal said
            said = True
            try:
                word(session)
            except _UNSAID:
                said = False
                raise

        try:
            self._again(once, lambda error: not said and self.passing(error))
        except DriverError as error:
            if not said or not self.passing(error):
                raise
            self.close()

    def patiently(self, question: Callable[[Redfish], T]) -> T:
        """Ask until there is an answer or the time is over; only for questions that change nothing."""
        return self._again(question, self.passing)

    def _again(self, ask: Callable[[Redfish], T], again: Callable[[DriverError], bool]) -> T:
        since, full = self.clock.now(), False
        while True:
            try:
                return self.ask(ask)
            except DriverError as error:
                if not full and is_full(error):
                    full = True
                    most = f"{self.limits.idle_s / 60:.0f} min"
                    self.told(
                        f"all sessions of its BMC are taken: waiting until one ends, idle ones do, at most {most}"
                    )
                if not again(error) or self.clock.now() - since >= self._patience_s(full=full):
                    raise
                self.clock.sleep(_PAUSE_S if isinstance(error, AuthRefused) else self.limits.poll_s)

    def _patience_s(self, *, full: bool) -> float:
        patience_s = self.limits.bmc_s if self.restarted else self.limits.login_s
        return max(patience_s, self.limits.idle_s) if full else patience_s

    def passing(self, error: DriverError) -> bool:
        """Tell whether an error may be over soon: the wire, a BMC that is busy or restarts."""
        if isinstance(error, AuthRefused):
            return self.restarted
        busy = isinstance(error, DeviceRefused) and (error.message_id in _BUSY or error.status in _BUSY_STATUS)
        return busy or isinstance(error, MAY_PASS)

    def jobs(self) -> tuple[Job, ...]:
        """Look at the queue, with patience."""
        return self.patiently(lambda session: session.jobs())

    def power(self) -> str:
        """Look whether the host is on, with patience."""
        return self.patiently(lambda session: session.power())

    def host(self) -> Host:
        """Look how far the host is, with patience."""
        return self.patiently(lambda session: session.host())

    def look(self) -> Seen:
        """Look at versions, settings, jobs and power, with patience.

        Versions only where the order brings some: the inventory of firmware is most of what there is to read.
        """
        topics: set[Topic] = {"bios"}
        if any(step.fqdds for step in self.order.steps):
            topics.add("firmware")

        def seen(session: Redfish) -> Seen:
            inventory = self.inventory_of(session.read(topics))
            return Seen(inventory, session.jobs(), inventory.power)

        return self.patiently(seen)

    def everything(self) -> Held:
        """Return everything that the BMC tells but what its BIOS could be set to, with patience.

        What the order was made of is as good, while it was read in this session and a moment ago: nothing was sent since.
        """
        held = self.held
        if held is None or held.session is not self.session or self.clock.now() - held.at > FRESH_S:
            held = self.held = self.patiently(self._everything)
        return held

    def _everything(self, session: Redfish) -> Held:
        told = session.read(EVERYTHING)
        return Held(session, packed(told), self.inventory_of(told), self.clock.now())

    def first(self) -> Seen:
        """Look for the first time, at everything; at the jobs in any case, which may be anybody's."""
        inventory = self.everything().inventory
        return Seen(inventory, self.jobs(), inventory.power)

    def conditions(self) -> Inventory:
        """Look at what a restart must not meet, lockdown and power supplies, with patience."""
        return self.inventory_of(self.patiently(lambda session: session.read(_CONDITIONS)))

    def wait(self, patience_s: float, over: Callable[[], bool]) -> bool:
        """Look until something is so; False when the time is over first."""
        since = self.clock.now()
        while not over():
            left_s = since + patience_s - self.clock.now()
            if left_s <= 0:
                return False
            self.pause(since, left_s)
        return True

    def pause(self, since: float, most_s: float = math.inf) -> None:
        """Let time pass between two looks: what has lasted for long is not over in a moment, and each look wakes the BMC up."""
        waited_s, limits = self.clock.now() - since, self.limits
        self.clock.sleep(min(max(waited_s, limits.poll_s), limits.longest_poll_s, most_s))


def is_full(error: DriverError) -> bool:
    """Tell whether a BMC let nobody in since all its sessions are taken; an idle one ends by itself, and is not ours to end."""
    return isinstance(error, DeviceRefused) and error.message_id == _NO_SESSION_LEFT


def halt_of(stage: str, error: DriverError, *, touched: bool = False) -> Halt:
    """Return what a driver's error means for the work on a server."""
    return Halt(stage, str(error), error.remedy or AGAIN, touched=touched, passing=error.passing and not touched)


def version_of(inventory: Inventory, fqdd: str) -> str:
    """Return the installed version of a component; empty where none is shown."""
    return next((row.version for row in inventory.software if row.fqdd == fqdd and row.status == "installed"), "")
