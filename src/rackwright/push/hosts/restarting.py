"""A host put through the restart that its stage asks for, once, and back: by its operating system, its power, or its adapters alone.

Whoever begins looks at the boot id first: an earlier life of this run may have asked already. A command that must not be
given twice is given only while the host still runs the boot that it ran before.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rackwright.drivers.redfish.model import Redfish
from rackwright.errors import DeviceRefused, DriverError, LostMidCommand
from rackwright.plan.stack_model import Reboot
from rackwright.push.bmc.boot import BootLimits, power_off, power_on
from rackwright.push.bmc.darkness import LIT_AGAIN, cutting, lit
from rackwright.push.contact import MAY_PASS, Halt
from rackwright.push.hosts.causes import AGAIN
from rackwright.push.hosts.contact import GOES_BY, Contact, halt_of

__all__ = ["Restart"]

_CONSOLE: Final = f"look at its console over its BMC; once it answers, {AGAIN.removeprefix('then ')}"
_STUCK: Final = f"see on the host what keeps it from going down ('systemctl list-jobs'), or restart it by hand; {AGAIN}"
_BY_HAND: Final = f"cycle its power by hand (off for ten seconds, then on); {AGAIN}"
_RESET_S: Final = 600.0
_RESET: Final = """\
set -e
for mac in {macs}; do
  for port in /sys/class/net/*; do
    [ "$(cat "$port/address")" = "$mac" ] && [ -e "$port/device" ] || continue
    mlxfwreset -d "$(basename "$(readlink -f "$port/device")")" -y reset
  done
done
"""
"""One adapter after the other, each found by its MAC (host-stack.md 2: ``mlxfwreset -d DEV reset``)."""


@dataclass
class Restart:
    """One restart of one host."""

    contact: Contact
    stage: str
    kind: Reboot
    before: str
    """Boot id before it was first asked for."""
    fresh: bool
    """No earlier life may have asked for it."""
    macs: tuple[str, ...]
    told: Callable[[str], None]
    folder: Path
    """Of the run."""
    against: Callable[[], Halt | None] = lambda: None
    """Asked right before the host goes down: what stands against it by now."""

    def go(self) -> Halt | None:
        """Restart the host and wait until it answers; return what stands in the way."""
        try:
            if self.kind == "none":
                return None
            if self.kind == "fwreset":
                return self._adapters()
            if not self.fresh and self._done_by_now():
                return None
            return self._warm() if self.kind == "warm" else self._cold()
        except DriverError as error:
            return halt_of(self.stage, error, touched=True)

    def _done_by_now(self) -> bool:
        """Give what an earlier life asked for time to show."""
        try:
            return self.contact.facts(self.contact.limits.heed_s).boot_id != self.before
        except GOES_BY:
            return False

    # --- by its operating system ---------------------------------------------------------------------

    def _warm(self) -> Halt | None:
        contact, limits = self.contact, self.contact.limits
        try:
            now = contact.facts().boot_id
        except GOES_BY:
            # It is on its way, or dead: that it is asked again would not help.
            return self._back(limits.boot_s)
        if self.before and now and now != self.before:
            # It runs another boot by now, which has what a restart would bring.
            return None
        if (halt := self.against()) is not None:
            return halt
        self.told("restarting the host")
        contact.ask(lambda session: session.restart())
        if self._goes_down():
            return self._back(limits.boot_s)
        cause = f"it does not go down within {limits.heed_s:g} s"
        return Halt(self.stage, cause, _STUCK, touched=True)

    def _goes_down(self) -> bool:
        """Wait until the boot from before lets nobody in any more; the session that it was told in is asked as long as it lasts."""
        contact, limits = self.contact, self.contact.limits
        until = contact.clock.now() + limits.heed_s
        while self._runs_on():
            if contact.clock.now() >= until:
                # Who is in may stay in although nobody else is let in by now: then it is on its way.
                contact.drop()
                return not self._runs_on()
            contact.clock.sleep(limits.poll_s)
        return True

    def _runs_on(self) -> bool:
        """Tell whether the boot from before still answers."""
        try:
            return self.contact.facts().boot_id == self.before
        except GOES_BY:
            return False

    def _back(self, patience_s: float) -> Halt | None:
        if self.contact.other_boot(self.before, patience_s):
            return None
        cause = f"it does not come back within {patience_s / 60:.3g} min after its restart"
        return Halt(self.stage, cause, _CONSOLE, touched=True)

    # --- by its power --------------------------------------------------------------------------------

    def _cold(self) -> Halt | None:
        contact, limits = self.contact, self.contact.limits
        try:
            session = contact.way.bmc(contact.device)
        except DriverError as error:
            cause = f"a power cycle is due, and its BMC cannot be reached: {error}"
            return Halt(self.stage, cause, _BY_HAND, touched=True)
        sessions = [session]
        try:
            if not self.fresh and session.power() != "Off" and contact.other_boot(self.before, limits.boot_s):
                return None
            if session.power() != "Off" and (halt := self.against()) is not None:
                return halt
            self.told("cycling the power of the host")
            contact.drop()
            cutting(self.folder, contact.device)
            try:
                self._insist(sessions, power_off, limits.heed_s)
                self._insist(sessions, power_on, limits.boot_s, (*MAY_PASS, DeviceRefused))
            except DriverError as error:
                return Halt(self.stage, f"{error}; its power was being cut, and it may be off", LIT_AGAIN, touched=True)
            lit(self.folder, contact.device)
        finally:
            for one in sessions:
                one.close()
        return self._back(limits.boot_s)

    def _insist(
        self, sessions: list[Redfish], word: Callable[..., None], patience_s: float,
        passing: tuple[type[DriverError], ...] = MAY_PASS,
    ) -> None:  # fmt: skip
        """Have the power as a word says. It is looked at before it is said: what broke off is said again by a fresh login, or the host stays dark."""
        contact, limits = self.contact, self.contact.limits
        bounds = BootLimits(power_s=limits.heed_s, graceful_s=limits.heed_s, poll_s=limits.poll_s)
        until = contact.clock.now() + patience_s
        while True:
            try:
                if not sessions:
                    sessions.append(contact.way.bmc(contact.device))
                return word(sessions[-1], contact.device, contact.clock, bounds)
            except passing:
                while sessions:
                    sessions.pop().close()
                if contact.clock.now() >= until:
                    raise
            contact.clock.sleep(limits.poll_s)

    # --- its adapters alone --------------------------------------------------------------------------

    def _adapters(self) -> Halt | None:
        contact = self.contact
        if (halt := self.against()) is not None:
            return halt
        self.told("resetting the adapters")
        # The way to the host may lead over one of them: no session from before it is used in it, and none behind it.
        contact.drop()
        script = _RESET.format(macs=" ".join(shlex.quote(mac) for mac in self.macs))
        try:
            said = contact.ask(lambda session: session.run(("sh", "-c", script), sudo=True, limit_s=_RESET_S))
        except LostMidCommand:
            # The way to the host may lead over one of them.
            contact.facts(contact.limits.heed_s)
            return None
        contact.drop()
        if said.status:
            cause = f"mlxfwreset: {(said.err or said.out).strip()[-300:]}"
            return Halt(self.stage, cause, _BY_HAND, touched=True)
        contact.facts(contact.limits.heed_s)
        return None
