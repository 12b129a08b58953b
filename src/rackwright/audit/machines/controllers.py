"""How BMCs themselves are set: password, time, TLS, lockdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from rackwright.audit.ledger import Ledger
from rackwright.audit.machines.evidence import LOGIN
from rackwright.audit.machines.model import MachineView, ServerCheck
from rackwright.diff.bmc.settings import LOCKDOWN, attributes_of
from rackwright.plan.controllers import BmcSettings

__all__ = ["BmcAccounts", "BmcLockdown", "BmcTime", "BmcTls"]

_NTP: Final = "NTPConfigGroup.1."
_CERTIFICATE: Final = "SecurityCertificate.1."
_OLD_TLS: Final = ("1.0", "1.1", "ssl")
_SERVERS: Final = 3
"""Time servers that an iDRAC9 holds."""


def _wanted(view: MachineView) -> BmcSettings | None:
    return view.look.settings.get(view.name)


def _bodies(view: MachineView, part: str) -> Iterator[Mapping[str, Any]]:
    """Yield the resources below a path."""
    for uri, body in view.resources.items():
        if part in uri and isinstance(body, Mapping):
            yield body


class BmcAccounts(ServerCheck):
    """No account has the password that it was delivered with, and the site's accounts are there.

    Passes when the login and the accounts show no factory password. Fails on one that must be changed or is known to be the factory's, and
    on a service account that is missing or has another role. Skipped where nothing is told.
    """

    id = "BMC-ACCOUNTS"
    title = "no factory password is left, and the site's accounts are there"
    remedy = "rackwright push --only bmc sets the site's password (the secret of access.bmc)"
    source = "ManagerAccount (Redfish); redfish.md 2.1: calvin is a finding"
    asks: ClassVar[tuple[str, ...]] = ("AccountService/Accounts",)
    domain = "settings"
    cards = True

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look at the login and at each account."""
        wanted, login = _wanted(view), view.resources.get(LOGIN)
        if isinstance(login, Mapping):
            if login.get("factory"):
                ledger.wrong("password", f"{login.get('user') or 'its administrator'} has the factory's password")
            else:
                ledger.right("account")
        accounts = [body for body in _bodies(view, "/AccountService/Accounts/") if body.get("Enabled")]
        for account in accounts:
            user = str(account.get("UserName") or account.get("Id"))
            if account.get("PasswordChangeRequired"):
                ledger.wrong(f"password of {user}", f"the password of {user} is to be changed and was not")
            else:
                ledger.right("account")
        if wanted and wanted.service_user and accounts:
            self._service(wanted, accounts, ledger)
        if ledger.empty:
            ledger.skip("it does not tell its accounts")

    def _service(self, wanted: BmcSettings, accounts: list[Mapping[str, Any]], ledger: Ledger) -> None:
        role = next((body.get("RoleId") for body in accounts if body.get("UserName") == wanted.service_user), None)
        if role is None:
            ledger.wrong("service account", f"there is no account {wanted.service_user}", expected=wanted.service_role)
        elif role != wanted.service_role:
            message = f"{wanted.service_user} is {role}, not {wanted.service_role}"
            ledger.wrong("service account", message, expected=wanted.service_role, actual=str(role))
        else:
            ledger.right("account")


class BmcTime(ServerCheck):
    """The BMC takes its time from time servers: those of the site, where it names some.

    Passes when NTP is on and asks them. Fails when it is off, or asks others: logs and certificates are worth little then. Skipped where
    the BMC does not tell.
    """

    id = "BMC-TIME"
    title = "BMCs take their time from the site's time servers"
    remedy = "rackwright push --only bmc sets services.ntp"
    source = "NTPConfigGroup of an iDRAC, ManagerNetworkProtocol.NTP (Redfish); redfish.md 2.1"
    asks: ClassVar[tuple[str, ...]] = ("Managers/*/DellAttributes", "Managers/*/NetworkProtocol")
    domain = "settings"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look whether it is on, then whom it asks."""
        wanted, told = _wanted(view), _ntp(view)
        if told is None:
            ledger.skip("it does not tell whether it keeps time by NTP")
            return
        on, servers = told
        expected = list(wanted.ntp[:_SERVERS]) if wanted else []
        if not on:
            ledger.wrong("ntp", "NTP is off", expected=", ".join(expected) or "on", actual="off", severity="warning")
        elif expected and servers != expected:
            actual = ", ".join(servers) or "nobody"
            ledger.wrong("servers", f"it asks {actual} for the time, not {', '.join(expected)}",
                         expected=", ".join(expected), actual=actual, severity="warning")  # fmt: skip
        else:
            ledger.right("setting")


def _ntp(view: MachineView) -> tuple[bool, list[str]] | None:
    attributes = attributes_of(view.resources)
    if f"{_NTP}NTPEnable" in attributes:
        servers = [str(attributes.get(f"{_NTP}NTP{number}") or "") for number in range(1, _SERVERS + 1)]
        return attributes[f"{_NTP}NTPEnable"] == "Enabled", [server for server in servers if server]
    for body in _bodies(view, "/NetworkProtocol"):
        ntp = body.get("NTP")
        if isinstance(ntp, Mapping) and isinstance(ntp.get("ProtocolEnabled"), bool):
            return bool(ntp["ProtocolEnabled"]), [str(server) for server in ntp.get("NTPServers") or () if server]
    return None


class BmcTls(ServerCheck):
    """The BMC speaks TLS 1.2 or newer, with a certificate that is valid and of the site's authority where the site wants that.

    Passes then. Fails on older TLS, on a certificate that is not valid, and on one that signed itself where a signed one is wanted.
    Skipped where the BMC does not tell.
    """

    id = "BMC-TLS"
    title = "BMCs speak TLS 1.2 or newer with a valid certificate"
    remedy = (
        "set WebServer.1.TLSProtocol to TLS 1.2 and higher; rackwright push --only bmc puts a signed certificate in"
    )
    source = "WebServer and SecurityCertificate of an iDRAC (redfish.md 2.1)"
    asks: ClassVar[tuple[str, ...]] = ("Managers/*/DellAttributes",)
    domain = "settings"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Look at the protocol and at the certificate."""
        attributes, wanted = attributes_of(view.resources), _wanted(view)
        protocol = str(attributes.get("WebServer.1.TLSProtocol") or "")
        state = str(attributes.get(f"{_CERTIFICATE}ExpiryState") or "")
        issuer, subject = (str(attributes.get(f"{_CERTIFICATE}{who}CommonName") or "") for who in ("Issuer", "Subject"))
        if protocol and any(old in protocol.lower() for old in _OLD_TLS):
            ledger.wrong(
                "protocol", f"it speaks {protocol}", expected="TLS 1.2 and Higher", actual=protocol, severity="warning"
            )
        elif protocol:
            ledger.right("setting")
        if state and state != "Valid":
            ledger.wrong("certificate", f"its certificate is {state}", expected="Valid", actual=state)
        elif wanted and wanted.signed and issuer and issuer == subject:
            ledger.wrong("certificate", "its certificate is signed by itself", actual=issuer)
        elif state:
            ledger.right("setting")
        if ledger.empty:
            ledger.skip("it does not tell its TLS settings")


class BmcLockdown(ServerCheck):
    """System lockdown is on or off as the site says.

    Passes when it is as wished, or off where nothing is said. Fails otherwise; where nothing is said and it is on, that is a note, since a push
    would be refused. Skipped where the BMC does not tell.
    """

    id = "BMC-LOCKDOWN"
    title = "system lockdown is as the site says"
    remedy = "rackwright push --only bmc sets it last"
    source = "Lockdown.1.SystemLockdown of an iDRAC (redfish.md 2.1)"
    asks: ClassVar[tuple[str, ...]] = ("Managers/*/DellAttributes",)
    domain = "settings"

    def judge(self, view: MachineView, ledger: Ledger) -> None:
        """Compare it."""
        told, wanted = view.inventory.lockdown, _wanted(view)
        if told is None:
            told = {"Enabled": True, "Disabled": False}.get(str(attributes_of(view.resources).get(LOCKDOWN)))
        wish = wanted.lockdown if wanted else None
        if told is None:
            ledger.skip("it tells of no lockdown")
        elif wish is None and told:
            ledger.wrong("lockdown", "system lockdown is on: the BMC refuses every change", actual="on", severity="info",
                         remedy="rackwright push --only bmc --lift-lockdown lifts it for one push; or say bmc: {lockdown: true} in the site")  # fmt: skip
        elif wish is not None and wish != told:
            expected, actual = ("on" if flag else "off" for flag in (wish, told))
            ledger.wrong("lockdown", f"system lockdown is {actual}, not {expected}", expected=expected, actual=actual)
        else:
            ledger.right("setting")
