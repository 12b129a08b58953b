"""One bare server to an installed host: medium in, one boot of it, its installer listened to, the result looked at over SSH.

The seeds and the ear are ``rackwright serve``'s, another process; both see the same attempts (``drivers.hosts.installs``). Called again
after anything went wrong or was cut off, it looks first: an installer that is at work is listened to and not started anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.hosts.installs import Attempt, Installs
from rackwright.drivers.hosts.model import Host
from rackwright.drivers.hosts.progress import ProgressLimits, Verdict, Watch
from rackwright.drivers.redfish.model import Redfish
from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError, NoSession, Unreachable
from rackwright.push.bmc import boot
from rackwright.push.bmc.boot import BootLimits, Target
from rackwright.push.hosts.contact import GOES_BY, pause
from rackwright.render.hosts.autoinstall import MARKER, installation

__all__ = ["Installing", "Medium", "Standing", "Ways", "nobody"]

_GIVEN_UP: Final = "see what 'rackwright serve' said of it, and its console; then begin anew"
_MARKER: Final = "see /var/log/installer on the host; 'rackwright serve SITE --install' begins another attempt"


class Ways(Protocol):
    """How a server is reached, by its BMC and, once it is a host, over SSH; ``rackwright.drivers.reach.Reach`` is one."""

    @property
    def clock(self) -> Clock:
        """The clock that the servers live by."""

    def bmc(self, device: str) -> Redfish:
        """Open a session with the BMC of a server."""

    def host(self, device: str) -> Host:
        """Open a session with a host."""


class Standing(msgspec.Struct, frozen=True):
    """Who answers where a host should be."""

    state: Literal["ours", "other", "nobody"]
    """``other``: somebody answers, and it is no host on which an installation of ours came to its end, or it cannot be looked at."""
    said: str = ""


class Medium(msgspec.Struct, frozen=True):
    """What the installer is booted from."""

    target: Target
    """``Cd``, ``UefiHttp`` or ``Pxe``."""
    url: str = ""
    """Of the ISO for the virtual drive."""


@dataclass(frozen=True)
class Installing:
    """The installation of one server after another; nothing is shared between two but the attempts."""

    way: Ways
    installs: Installs
    medium: Medium
    limits: ProgressLimits = field(default_factory=ProgressLimits)
    boot_limits: BootLimits = field(default_factory=BootLimits)
    ready_s: float = 1800
    """From the installer's last word until the host lets us in."""
    poll_s: float = 5
    slowest_s: float = 20
    """Between two looks at a host that has been waited for for long."""
    forget: Callable[[str], None] | None = None
    """Forgets the pinned host key: a new installation has a new one."""

    def begin(self, device: str) -> int:
        """Begin an attempt and return its number; that of an installer which is at work, where one is.

        Raises :class:`~rackwright.errors.BootRefused` where its record cannot be read.
        """
        last = self.installs.attempt(device)
        if last is not None and last.stage == "given" and not self.installs.verdict(device).ended:
            return last.number
        return self.installs.arm(device).number

    def install(self, device: str, number: int) -> Verdict:
        """Install a server, whatever is on its disk, and wait for its installer's end; it is not looked at yet (:meth:`confirm`).

        ``number`` is the attempt (:meth:`begin`): one that has come further than armed, even to its end, is listened to and not booted again.
        A failure is a verdict, with a remedy; the machine is left as it is, so that its console can be read. Raises the errors of its BMC, and
        :class:`~rackwright.errors.DeviceRefused` where the attempt was given up meanwhile, and :class:`~rackwright.errors.BootRefused`
        for one that was armed too long ago: it would boot an installer that gets no seed.
        """
        last = self._attempt(device, number)
        if last.stage == "armed":
            self.installs.going(device)
            self._boot(device)
        verdict = self._listen(device, number, Watch(self.way.clock, self.limits, ago_s=self.installs.age_s(last)))
        self.installs.end(device, verdict.kind or verdict.state)
        if verdict.state == "rebooting":
            self._tidy(device)
        return verdict

    def confirm(self, device: str, service_tag: str) -> None:
        """Wait for the installed host and look whether it is this very installation, on this very machine.

        Raises :class:`~rackwright.errors.DeviceTimeout` where nobody lets us in, :class:`~rackwright.errors.DeviceRefused` for another system.
        """
        marker = self._patiently(device, lambda host: host.read(MARKER, sudo=True))
        wanted = {"host": device, "service_tag": service_tag, "installation": installation(self.installs.token(device))}
        found = _read(marker)
        wrong = [name for name, value in wanted.items() if found.get(name) != value]
        if wrong:
            text = f"{device} came up with a system of another installation: {', '.join(wrong)} of {MARKER} differ"
            raise DeviceRefused(f"{text}; {_MARKER}", device=device, remedy=_MARKER)

    def stands(self, device: str, service_tag: str) -> Standing:
        """Look who answers; only where nobody does may the disk be empty."""
        try:
            host = self.way.host(device)
        except DriverError as error:
            return Standing("nobody" if nobody(error) else "other", str(error))
        try:
            with closing(host):
                found = _read(host.read(MARKER, sudo=True))
        except DriverError as error:
            return Standing("other", str(error))
        if (found.get("host"), found.get("service_tag")) == (device, service_tag):
            return Standing("ours")
        return Standing("other", f"{device} answers with a system of another installation: see {MARKER} there")

    def _boot(self, device: str) -> None:
        clock, limits = self.way.clock, self.boot_limits
        with closing(self.way.bmc(device)) as session:
            boot.power_off(session, device, clock, limits)
            if self.medium.url:
                boot.insert(session, device, self.medium.url)
            boot.boot_from(session, device, self.medium.target)
            boot.power_on(session, device, clock, limits)
            boot.went_up(session, device, self.medium.target, clock, limits)

    def _listen(self, device: str, number: int, watch: Watch) -> Verdict:
        while True:
            last, verdict = self._attempt(device, number), watch.see(self.installs.verdict(device))
            if verdict.ended:
                return verdict
            if last.ended:
                raise _given_up(device, last.why)
            self.way.clock.sleep(self.poll_s)

    def _attempt(self, device: str, number: int) -> Attempt:
        last = self.installs.attempt(device)
        if last is None or last.number != number:
            raise _given_up(device, "another attempt was begun")
        return last

    def _tidy(self, device: str) -> None:
        if self.medium.url:
            with closing(self.way.bmc(device)) as session:
                boot.eject(session, device)
        if self.forget is not None:
            self.forget(device)

    def _patiently(self, device: str, question: Callable[[Host], str]) -> str:
        clock = self.way.clock
        begun = clock.now()
        while True:
            try:
                with closing(self.way.host(device)) as host:
                    return question(host)
            except DriverError as error:
                if not isinstance(error, GOES_BY):
                    raise
                if clock.now() >= begun + self.ready_s:
                    remedy = (
                        "see its console by the BMC: whether it booted its disk, and the address that it should have"
                    )
                    text = f"{device} said that it is installed and lets nobody in after {self.ready_s:g} s: {error}"
                    raise DeviceTimeout(f"{text}; {remedy}", device=device, remedy=remedy) from None
            pause(clock, begun, self.poll_s, self.slowest_s)


def nobody(error: DriverError) -> bool:
    """Say whether an error means that nobody is there: a system that hangs may still take a connection, and say no word over it."""
    return isinstance(error, Unreachable) and not isinstance(error, NoSession)


def _given_up(device: str, why: str) -> DeviceRefused:
    text = f"{device}: its attempt was ended meanwhile: {why}"
    return DeviceRefused(f"{text}; {_GIVEN_UP}", device=device, remedy=_GIVEN_UP)


def _read(marker: str) -> dict[str, object]:
    try:
        found = json.loads(marker)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
