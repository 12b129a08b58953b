"""One emulated BMC as its HTTP sees it: the machine with the sessions, faults and log around it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from rackwright.twin.bmc.machine.messages import worded
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.service.call import Call
from rackwright.twin.bmc.service.envelope import Answer, Denied, Notice, base, success
from rackwright.twin.bmc.service.faults import WireFaults
from rackwright.twin.bmc.service.sessions import Session, Sessions
from rackwright.twin.clock import TwinClock
from rackwright.twin.journal import Journal, Line

__all__ = ["PRIVILEGES", "Bmc"]

PRIVILEGES: Final[dict[str, frozenset[str]]] = {
    "Administrator": frozenset({"Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"}),
    "Operator": frozenset({"Login", "ConfigureSelf", "ConfigureComponents"}),
    "ReadOnly": frozenset({"Login", "ConfigureSelf"}),
    "None": frozenset(),
}
"""Role -> what it may, by DMTF's privilege registry."""

_NEEDS: Final = (
    ("/redfish/v1/AccountService", "ConfigureUsers"),
    ("/redfish/v1/SessionService", "ConfigureManager"),
    ("/redfish/v1/Managers", "ConfigureManager"),
    ("/redfish/v1/EventService", "ConfigureManager"),
    ("/redfish/v1/CertificateService", "ConfigureManager"),
)
"""Path -> privilege that a change below it needs; elsewhere ConfigureComponents."""


class Bmc:
    """Everything about one BMC that is not its machine."""

    def __init__(
        self, name: str, kind: str, make: Callable[[], Any], clock: TwinClock, faults: WireFaults, journal: Journal
    ) -> None:
        self.name = name
        self.kind = kind
        """``idrac`` or ``bluefield``."""
        self._make = make
        self.clock = clock
        self.faults = faults
        self.sessions = Sessions()
        self.subscriptions: dict[str, Mapping[str, Any]] = {}
        self.requests: Counter[str] = Counter()
        """How often each method came."""
        self.changed: Callable[[], None] | None = None
        """Told after every request that may have changed something, so that its listener follows."""
        self.shown: Callable[[], Path] | None = None
        """Returns the file of the certificate and key that it shows."""
        self.spawn: Callable[[Awaitable[None]], None] | None = None
        """Runs something beside; it ends with the twin."""
        self._journal = journal
        self._generation = 1

    @cached_property
    def machine(self) -> Any:
        """The machine, made when somebody asks for the first time: a thousand that nobody asks cost next to nothing."""
        return self._make()

    @property
    def made(self) -> bool:
        """Tell whether somebody has asked for it yet."""
        return "machine" in self.__dict__

    @property
    def levels(self) -> int:
        """Return how deep ``$expand`` goes: 1 on an iDRAC, 6 on a BlueField's BMC (captured trees)."""
        return 6 if self.kind == "bluefield" else 1

    # --- time -----------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Catch up with the clock; sessions of before a restart are gone."""
        self.machine.tick()
        if self._generation != self.machine.bmc.generation:
            self._generation = self.machine.bmc.generation
            self.sessions.clear()
        if len(self.sessions):
            self.sessions.expire(self.clock.now(), time.monotonic(), self.session_timeout_s)

    def moved(self) -> None:
        """Tell whoever listens that something may have changed."""
        if self.changed is not None:
            self.changed()

    def beside(self, work: Awaitable[None]) -> None:
        """Run something beside what is asked."""
        assert self.spawn is not None  # noqa: S101 - the fleet gives every BMC a way to
        self.spawn(work)

    # --- who may --------------------------------------------------------------------------------------

    @property
    def session_timeout_s(self) -> int:
        """Return how long an unused session lasts, in seconds of the twin's clock."""
        return int(self.machine.session_timeout_s)

    def session(self, token: str) -> Session | None:
        """Return the session of a token."""
        return self.sessions.use(token, self.clock.now(), time.monotonic())

    def login(self, user: str, password: str, origin: str) -> Session:
        """Open a session. Raises :class:`Refusal` 503 when there are too many, :class:`Denied` 401 for a wrong login."""
        self.machine.bench.met("login")
        if not self.opens(user, password):
            raise Denied(401, base("AccessDenied", "/redfish/v1/SessionService/Sessions"))
        now, real = self.clock.now(), time.monotonic()
        if len(self.sessions) >= self.machine.most_sessions:
            # Who waits for one waits by the twin's clock: the patience with those that merely compute ends here.
            self.sessions.expire(now, real, self.session_timeout_s, least_s=0)
        if len(self.sessions) >= self.machine.most_sessions:
            raise Refusal(503, "RAC0218")
        return self.sessions.open(user, origin, now, real)

    def forget(self, token: str) -> None:
        """End the session of a token, if there is one."""
        found = self.session(token)
        if found is not None:
            self.sessions.end(found)

    def opens(self, user: str, password: str) -> bool:
        """Tell whether a login is right."""
        return bool(self.machine.accounts.opens(user, password))

    def require(self, call: Call) -> None:
        """Hold what a user wants against what he may. Raises :class:`Denied` 403."""
        if not call.user:
            return
        may = PRIVILEGES[self.machine.accounts.role(call.user)]
        if call.method in ("GET", "HEAD"):
            needed = "Login"
        else:
            needed = next((name for path, name in _NEEDS if call.path.startswith(path)), "ConfigureComponents")
        own = "ConfigureSelf" in may and self._own(call)
        if needed not in may and not own:
            raise Denied(403, base("InsufficientPrivilege"))

    def _own(self, call: Call) -> bool:
        """Tell whether somebody changes his own password or ends his own session."""
        if call.method == "DELETE":
            found = self.sessions.get(call.path.rpartition("/")[2])
            return (
                call.path.startswith("/redfish/v1/SessionService/Sessions/")
                and found is not None
                and found.user == call.user
            )
        own = self.machine.accounts.path(call.user)
        return call.method == "PATCH" and call.path == own and set(call.object()) <= {"Password"}

    def certificate(self) -> dict[str, Any]:
        """Tell of the certificate that is shown: whose it is, who signed it, how long it holds."""
        from cryptography import x509

        if self.shown is None:
            return {}
        shown = x509.load_pem_x509_certificate(self.shown().read_bytes())
        names = {"Subject": shown.subject, "Issuer": shown.issuer}
        common = x509.NameOID.COMMON_NAME
        told = {key: {"CommonName": str(name.get_attributes_for_oid(common)[0].value)} for key, name in names.items()}
        return {
            **told,
            "SerialNumber": f"{shown.serial_number:X}",
            "ValidNotAfter": shown.not_valid_after_utc.isoformat(),
            "ValidNotBefore": shown.not_valid_before_utc.isoformat(),
        }

    # --- words ----------------------------------------------------------------------------------------

    def prefixed(self, message_id: str) -> str:
        """Return a message id with its registry, which iDRACs spell differently from release to release (redfish.md 5)."""
        return f"{self.machine.registry_prefix}.{message_id}"

    def told(self, refusal: Refusal) -> Denied:
        """Put a refusal of the machine into the words of the wire."""
        name = refusal.message_id
        after = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
        if name.startswith("Base."):
            notice = base(name.rpartition(".")[2], *refusal.message_args, related=refusal.related)
            return Denied(refusal.status, notice, headers=after)
        return Denied(refusal.status, self.notice(name, *refusal.message_args, related=refusal.related), headers=after)

    def notice(self, name: str, *args: str, related: tuple[str, ...] = ()) -> Notice:
        """Return one of the machine's own messages."""
        severity, text, remedy = worded(name, args)
        severity = "OK" if severity == "Informational" else severity
        return Notice(self.prefixed(name), text, args, severity, remedy, related)

    def done(self, name: str = "SYS413", status: int = 200) -> Answer:
        """Return the success that an iDRAC tells in words."""
        return Answer(status, success(self.notice(name)))

    def status(self, health: str = "OK", *, rollup: bool = False) -> dict[str, Any]:
        """Return the Status of a part; null where a fault keeps the BMC from telling health (row 30)."""
        known = self.machine.tells_health
        told = {"Health": health if known else None, "State": "Enabled" if known else None}
        return {**told, "HealthRollup": told["Health"]} if rollup else told

    # --- the books ------------------------------------------------------------------------------------

    def count(self, method: str) -> None:
        """Count a request."""
        self.requests[method] += 1

    def log(self, user: str, operation: str, told: str, result: str) -> None:
        """Write down what was asked; bodies, and so secrets, are never written."""
        self._journal.add(Line(self.clock.now(), self.name, "redfish", user, operation, told, result))
