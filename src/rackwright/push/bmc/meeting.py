"""First contact with a BMC, and how it is set: never more wrong passwords than it bears, never locked out.

An iDRAC9 shuts an address out for a minute after three wrong passwords within a minute (``IPBlocking.1`` of both captured
trees). Two different ones are the most that is ever tried here, each once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from rackwright import secrets
from rackwright.diff.bmc.settings import LOCKDOWN, SettingChange, attributes_of
from rackwright.errors import AuthRefused, DeviceRefused, DeviceTimeout, DriverError, LostMidCommand, Unreachable
from rackwright.push.bmc.certificates import Authority, renew
from rackwright.secrets import Resolver, Secret, SecretRef

if TYPE_CHECKING:
    from rackwright.drivers.clock import Clock
    from rackwright.drivers.endpoint import Endpoint
    from rackwright.drivers.redfish.model import Redfish
    from rackwright.redfish.inventory import Resources

__all__ = ["FACTORY", "FIRST_A_PASSWORD", "Greeter", "Met", "Way", "apply_settings", "factory_password", "meet"]

FACTORY: Final = SecretRef("bmc_factory")
"""The secret that holds the password that the BMCs were delivered with."""
FIRST_A_PASSWORD: Final = frozenset({"SWC1908", "PasswordChangeRequired"})
"""The default password is still in use and must be changed: all else is refused until then (iDRAC-Redfish-Scripting 346, DSP0268)."""

_CALVIN: Final = "calvin"
"""Password of old orders (redfish.md 2.1), which every attacker knows."""
_UNSURE: Final = (LostMidCommand, DeviceTimeout, Unreachable)
_BACK_S: Final = 600
"""Longest that a BMC is waited for after something that may restart it: 3 to 8 minutes (redfish.md 5, row 13)."""
_FORGIVEN_S: Final = 61
"""After this a wrong password does not count any more (IPBlocking.1.FailWindow, 60 s in both captured trees)."""
_SHUT: Final = "wait a minute, since wrong passwords shut an address out, then look at it over its web page"


class Way(Protocol):
    """How BMCs are reached; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the BMCs live by."""

    @property
    def resolvers(self) -> tuple[Resolver, ...]:
        """Where secrets are looked for."""

    @property
    def state(self) -> Path:
        """``SITE/.rackwright``."""

    @property
    def database(self) -> str | None:
        """What keeps the journal, where that is not SQLite in the state folder."""

    @property
    def bmcs(self) -> Mapping[str, Endpoint]:
        """The BMCs and where they answer."""

    def bmc(self, device: str, *, patience_s: float = 0, password: Secret | None = None, user: str = "") -> Redfish:
        """Open a session with a BMC."""

    def repin(self, device: str, fingerprint: str) -> None:
        """Believe another certificate of a BMC from now on: one that we signed ourselves."""


class Met(NamedTuple):
    """A session, and whether it was the factory's password that opened it."""

    session: Redfish
    factory: bool
    told: Resources | None = None
    """How it is set, as it was read in this session, in which nothing was sent since; None: it was not read."""
    at: float = 0
    """When that was read, by the clock."""


def factory_password(resolvers: Sequence[Resolver], *, default: bool = False) -> Secret | None:
    """Return the secret ``bmc_factory``; without it the well-known default, where that may be tried, else None."""
    for resolver in resolvers:
        if (found := resolver.find(FACTORY.name)) is not None:
            return found
    return Secret(_CALVIN) if default else None


def meet(way: Way, device: str, *, factory: Secret | None = None, patience_s: float = 0) -> Met:
    """Open a session with the site's password, and where that is refused with the factory's, each tried once.

    Raises :class:`~rackwright.errors.AuthRefused` when neither opens it, or no factory's password is given.
    """
    try:
        return Met(way.bmc(device, patience_s=patience_s), factory=False)
    except AuthRefused as refused:
        if factory is None:
            remedy = f"is it new? give the password that it was delivered with as the secret {FACTORY.name}"
            raise AuthRefused(f"{refused}; {remedy}", device=device, remedy=remedy) from None
    try:
        return Met(way.bmc(device, patience_s=patience_s, password=factory), factory=True)
    except AuthRefused:
        text = f"{device} takes neither the site's password nor the one of the secret {FACTORY.name}; {_SHUT}"
        raise AuthRefused(text, device=device, remedy=_SHUT) from None


class Greeter:
    """Opens sessions as :func:`meet` does, and remembers whom the factory's password opened."""

    def __init__(self, way: Way, factory: Secret | None) -> None:
        self._way = way
        self._factory = factory
        self.fresh: set[str] = set()

    def __call__(self, device: str) -> Redfish:
        """Open a session with the BMC of a server."""
        met = meet(self._way, device, factory=self._factory)
        if met.factory:
            self.fresh.add(device)
        return met.session


def apply_settings(
    way: Way, device: str, session: Redfish, changes: Sequence[SettingChange], *, factory: Secret | None = None
) -> Redfish:
    """Make changes in their order and look that they are made; return the session to go on with, a new one after a new password.

    ``session`` is closed where another is returned, or when it goes wrong. ``factory`` is the password that opened it, where it
    was the factory's. Raises :class:`~rackwright.errors.DeviceRefused` for a value that was taken and did not change, and the
    driver's errors; whether a password changed is looked up, and the login that works is never given away.
    """
    work = _Work(way, device, session, factory)
    try:
        work.make(tuple(changes))
    except DriverError:
        work.session.close()
        raise
    return work.session


class _Work:
    """Settings of one BMC on their way."""

    def __init__(self, way: Way, device: str, session: Redfish, factory: Secret | None) -> None:
        self.way = way
        self.device = device
        self.session = session
        self.factory = factory

    def make(self, changes: tuple[SettingChange, ...]) -> None:
        for change in changes:
            if change.kind == "password":
                self._password(change)
            elif change.kind == "account":
                self._account(change)
            elif change.kind == "certificate":
                self._certificate()
            elif change.kind in {"unlock", "lock"}:
                self._attributes({change.name: change.new})
            elif change is next(one for one in changes if one.kind == "attribute"):
                self._attributes({one.name: one.new for one in changes if one.kind == "attribute"})

    def _secret(self, reference: str) -> Secret:
        return secrets.resolve(secrets.parse(reference), self.way.resolvers)

    # --- passwords ---------------------------------------------------------------------------------------------------

    def _password(self, change: SettingChange) -> None:
        """Change it; when it is not known whether that came through, the new login is tried, then the old one."""
        new, user = self._secret(change.new), change.name.removeprefix("password of ")
        for number in range(2):
            if number:
                # What was refused so far must not count any more when the next one may be.
                self.way.clock.sleep(_FORGIVEN_S)
            # A session that ended before (AuthRefused) did nothing; what follows finds that out.
            with contextlib.suppress(*_UNSURE, AuthRefused):
                self.session.set_password(user, new.reveal())
            self.session.close()
            if (session := self._open(new, patience_s=_BACK_S)) is not None:
                self.session = session
                return
            # The new one is refused: it was not taken, and the old one must still open it.
            old = self._open(self.factory, patience_s=_BACK_S) if self.factory is not None else None
            if old is None:
                raise AuthRefused(
                    f"{self.device} takes neither the new password nor the old one; {_SHUT}",
                    device=self.device,
                    remedy=_SHUT,
                )
            self.session = old
        self.session.close()
        remedy = "look at its log and its rules for passwords: length, kinds of characters"
        raise DeviceRefused(f"{self.device} kept its old password, twice; {remedy}", device=self.device, remedy=remedy)

    def _open(self, password: Secret, *, patience_s: float) -> Redfish | None:
        try:
            return self.way.bmc(self.device, patience_s=patience_s, password=password)
        except AuthRefused:
            return None

    def _account(self, change: SettingChange) -> None:
        user, secret = change.name.removeprefix("account "), self._secret(change.new)
        try:
            self.session.add_account(user, secret.reveal(), change.role)
        except _UNSURE:
            # Making it is looked up by the driver before it is made: asking again makes no second one.
            self._again()
            self.session.add_account(user, secret.reveal(), change.role)

    # --- attributes --------------------------------------------------------------------------------------------------

    def _attributes(self, wanted: dict[str, str]) -> None:
        """Set attributes in one request, and read them back; setting one twice is the same as once."""
        try:
            self.session.change_settings(wanted)
        except _UNSURE:
            self._again()
        wrong = self._differing(wanted)
        if wrong:
            self.session.change_settings({name: wanted[name] for name in wrong})
            wrong = self._differing(wanted)
        if not wrong:
            return
        name, found = next(iter(wrong.items()))
        remedy = "look at its lifecycle log; a value may be none of those that it knows"
        if name == LOCKDOWN:
            remedy = "see in its lifecycle log why, its licence too, or take lockdown out of the site file"
        text = f"{self.device} took {name} = {wanted[name]!r} and still has {found!r}; {remedy}"
        raise DeviceRefused(text, device=self.device, remedy=remedy)

    def _differing(self, wanted: dict[str, str]) -> dict[str, str]:
        found = attributes_of(self.session.read({"attributes"}))
        return {name: str(found.get(name)) for name, value in wanted.items() if str(found.get(name) or "") != value}

    def _again(self) -> None:
        """Log in anew after a connection that broke."""
        self.session.close()
        self.session = self.way.bmc(self.device, patience_s=_BACK_S)

    # --- certificate -------------------------------------------------------------------------------------------------

    def _certificate(self) -> None:
        renew(self.session, self.device, Authority.of(self.way.state, self.way.resolvers), self.way)
        self._again()
