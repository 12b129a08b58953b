"""How a BMC is set, compared with how it should be: passwords, accounts, time, certificate, lockdown.

The changes stand in the order in which they are made. Lockdown comes off first, where that was asked for, and on last:
in between, everything would be refused (redfish.md 2.1). Nothing here lifts it unasked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from rackwright.plan.controllers import BmcSettings
from rackwright.redfish.inventory import Resources

__all__ = [
    "LIFT",
    "LOCKDOWN",
    "LOCKED",
    "NTP_SERVERS",
    "SettingChange",
    "Settings",
    "attributes_of",
    "settings_changes",
]

Kind = Literal["unlock", "password", "account", "attribute", "certificate", "lock"]

LOCKDOWN: Final = "Lockdown.1.SystemLockdown"
NTP_SERVERS: Final = 3
"""Time servers that an iDRAC9 holds (NTPConfigGroup.1.NTP1 to NTP3 of both captured trees)."""

_ATTRIBUTES: Final = "/Oem/Dell/DellAttributes/iDRAC.Embedded.1"
_ACCOUNTS: Final = "/AccountService/Accounts/"
_CERTIFICATE: Final = "SecurityCertificate.1."
_UTC: Final = frozenset({"etc/utc", "etc/zulu", "utc", "zulu", "etc/uct", "uct", "etc/universal", "universal"})
"""Names of the tz database for one and the same zone."""
LOCKED: Final = "system lockdown is on: it refuses every change"
LIFT: Final = "write bmc: {lockdown: false} into the site file, or bmc: {lockdown: true} and lift it for this push with --lift-lockdown"


class SettingChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One setting that is to become another."""

    kind: Kind
    name: str
    """An attribute by its Dell name, ``account NAME``, ``password of NAME``, ``certificate``."""
    old: str
    new: str
    """A password is its reference, ``secret:NAME``."""
    role: str = ""
    """Of an account."""

    def __str__(self) -> str:
        """Print as a line of a changeset."""
        if self.kind in {"account", "password"}:
            return f"{'+' if self.kind == 'account' else '~'} {self.name}: {self.new}"
        return f"~ {self.name}: {self.old or '(empty)'} -> {self.new or '(empty)'}"

    @property
    def last(self) -> bool:
        """Tell whether it is made after everything else, BIOS and firmware too."""
        return self.kind == "lock"


class Settings(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one BMC has before it."""

    changes: tuple[SettingChange, ...] = ()
    """In the order in which they are made."""
    problems: tuple[str, ...] = ()
    """Why they may not be made, each with what to do."""
    notes: tuple[str, ...] = ()
    """What this BMC does not offer."""
    locked: bool = False
    """Lockdown is on and stays on, so that nothing of the server can be changed."""


def settings_changes(
    resources: Resources, wanted: BmcSettings, *, factory: bool = False, authority: str = "", lift: bool = False,
    work: bool = False,
) -> Settings:  # fmt: skip
    """Compare how a BMC is set with how it should be.

    ``factory``: it still takes the password that it was delivered with. ``authority``: common name of the site's
    authority; empty where its key is not given. ``lift``: lockdown that the site file wants on may be off meanwhile.
    ``work``: firmware or BIOS settings of the server are to be changed too.
    """
    attributes = attributes_of(resources)
    made = _Compared(wanted, attributes, resources, authority)
    changes = (
        *made.password(factory=factory),
        *made.account(),
        *made.time(),
        *made.certificate(),
    )
    locked = attributes.get(LOCKDOWN) == "Enabled"
    before, after, problem = _lockdown(wanted.lockdown, locked=locked, work=work or bool(changes), lift=lift)
    if wanted.lockdown is not None and LOCKDOWN not in attributes:
        made.notes.append("it tells of no lockdown: none is set")
        before = after = ()
    return Settings((*before, *changes, *after), (*made.problems, *problem), tuple(made.notes), bool(problem))


def attributes_of(resources: Resources) -> Mapping[str, Any]:
    """Return the attributes of an iDRAC by their Dell names; empty for another BMC."""
    for uri, body in resources.items():
        if uri.endswith(_ATTRIBUTES) and isinstance(body, Mapping):
            found = body.get("Attributes")
            return found if isinstance(found, Mapping) else {}
    return {}


def _lockdown(
    wanted: bool | None, *, locked: bool, work: bool, lift: bool
) -> tuple[tuple[SettingChange, ...], tuple[SettingChange, ...], tuple[str, ...]]:
    """Return what comes first, what comes last, and why nothing may be done."""
    off = SettingChange("unlock", LOCKDOWN, "Enabled", "Disabled")
    on = SettingChange("lock", LOCKDOWN, "Disabled", "Enabled")
    if locked and wanted is False:
        return (off,), (), ()
    if locked and work:
        # Only where the site file says that it belongs on: a push that was cut off in between would leave it off for good.
        return ((off,), (on,), ()) if lift and wanted else ((), (), (f"{LOCKED}; {LIFT}",))
    return (), (on,) if wanted and not locked else (), ()


class _Compared:
    """The work of one comparison."""

    def __init__(
        self, wanted: BmcSettings, attributes: Mapping[str, Any], resources: Resources, authority: str
    ) -> None:
        self.wanted = wanted
        self.attributes = attributes
        self.resources = resources
        self.authority = authority
        self.problems: list[str] = []
        self.notes: list[str] = []

    def password(self, *, factory: bool) -> Iterator[SettingChange]:
        if factory:
            user = self.wanted.user
            yield SettingChange("password", f"password of {user}", "as delivered", self.wanted.password)

    def account(self) -> Iterator[SettingChange]:
        user = self.wanted.service_user
        accounts = [body for uri, body in self.resources.items() if _ACCOUNTS in uri and isinstance(body, Mapping)]
        if not user:
            return
        if not accounts:
            self.notes.append(f"it tells of no accounts: whether {user} is one of them is not known")
            return
        there = next((body for body in accounts if body.get("UserName") == user), {})
        role = there.get("RoleId") if there.get("Enabled") else ""
        if role != self.wanted.service_role:
            new = self.wanted.service_password
            yield SettingChange("account", f"account {user}", str(role or ""), new, self.wanted.service_role)

    def time(self) -> Iterator[SettingChange]:
        if not self.attributes:
            self.notes.append("it has no attributes of an iDRAC: time servers and time zone are left as they are")
            return
        servers = self.wanted.ntp[:NTP_SERVERS]
        if len(self.wanted.ntp) > NTP_SERVERS:
            self.notes.append(
                f"it holds {NTP_SERVERS} time servers: {', '.join(self.wanted.ntp[NTP_SERVERS:])} left out"
            )
        if servers:
            yield from self._attribute("NTPConfigGroup.1.NTPEnable", "Enabled")
            for number in range(NTP_SERVERS):
                server = servers[number] if number < len(servers) else ""
                yield from self._attribute(f"NTPConfigGroup.1.NTP{number + 1}", server)
        zone = self.wanted.timezone
        if zone and not _same_zone(str(self.attributes.get("Time.1.Timezone", zone)), zone):
            yield from self._attribute("Time.1.Timezone", zone)

    def _attribute(self, name: str, value: str) -> Iterator[SettingChange]:
        if name not in self.attributes:
            self.notes.append(f"it has no attribute {name}")
        elif (old := str(self.attributes[name] or "")) != value:
            yield SettingChange("attribute", name, old, value)

    def certificate(self) -> Iterator[SettingChange]:
        if not self.wanted.signed:
            return
        if not self.authority:
            remedy = "put its key into the secret bmc_ca_key and its certificate into .rackwright/bmc-ca.pem"
            self.problems.append(f"a signed certificate is asked for and the site's authority is not there; {remedy}")
            return
        if f"{_CERTIFICATE}IssuerCommonName" not in self.attributes:
            self.notes.append("it does not tell who issued its certificate: it keeps it")
            return
        issuer = str(self.attributes[f"{_CERTIFICATE}IssuerCommonName"] or "")
        state = str(self.attributes.get(f"{_CERTIFICATE}ExpiryState") or "Valid")
        if issuer != self.authority or state != "Valid":
            old = f"issued by {issuer or '(unknown)'}" + ("" if state == "Valid" else f", {state}")
            yield SettingChange("certificate", "certificate", old, f"issued by {self.authority}")


def _same_zone(one: str, two: str) -> bool:
    one, two = one.lower(), two.lower()
    return one == two or (one in _UTC and two in _UTC)
