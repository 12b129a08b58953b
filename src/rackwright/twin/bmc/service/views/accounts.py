"""Accounts, roles and sessions (R750 tree)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.bmc.service.bmc import PRIVILEGES, Bmc
from rackwright.twin.bmc.service.views.shape import ROOT, collection, head, link, status

__all__ = [
    "SESSIONS",
    "account",
    "account_service",
    "accounts",
    "role",
    "roles",
    "session",
    "session_service",
    "sessions",
]

_ACCOUNTS = f"{ROOT}/AccountService/Accounts"
_ROLES = f"{ROOT}/AccountService/Roles"
SESSIONS: Final = f"{ROOT}/SessionService/Sessions"


def account_service(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """Show AccountService."""
    path = f"{ROOT}/AccountService"
    return {
        **head(path, "AccountService", "v1_13_0", "RemoteAccountService", "Account Service"),
        "AccountLockoutCounterResetAfter": 0,
        "AccountLockoutDuration": 0,
        "AccountLockoutThreshold": 0,
        "Accounts": link(_ACCOUNTS),
        "LocalAccountAuth": "Fallback",
        "MaxPasswordLength": 127,
        "MinPasswordLength": 0,
        "Roles": link(_ROLES),
        "ServiceEnabled": True,
        "Status": status(),
    }


def accounts(bmc: Bmc) -> dict[str, Any]:
    """List the accounts: an iDRAC has sixteen places, the first of which is never used."""
    paths = [f"{_ACCOUNTS}/{one.id}" for one in bmc.machine.accounts.all()]
    return collection(_ACCOUNTS, "ManagerAccountCollection", "Accounts Collection", paths)


def account(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show an account; its password is never told."""
    one = next((each for each in bmc.machine.accounts.all() if each.id == key), None)
    if one is None:
        return None
    return {
        **head(f"{_ACCOUNTS}/{key}", "ManagerAccount", "v1_10_0", key, "User Account"),
        "AccountTypes": [
            "Redfish",
            "SNMP",
            "OEM",
            "HostConsole",
            "ManagerConsole",
            "IPMI",
            "KVMIP",
            "VirtualMedia",
            "WebUI",
        ],
        "Enabled": one.enabled,
        "Links": {"Role": link(f"{_ROLES}/{one.role}")},
        "Locked": False,
        "Password": None,
        "PasswordChangeRequired": False,
        "RoleId": one.role,
        "UserName": one.user,
    }


def roles(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - as above
    """List the roles."""
    return collection(_ROLES, "RoleCollection", "Roles Collection", [f"{_ROLES}/{name}" for name in PRIVILEGES])


def role(bmc: Bmc, key: str) -> dict[str, Any] | None:  # noqa: ARG001 - as above
    """Show a role."""
    if key not in PRIVILEGES:
        return None
    may = sorted(PRIVILEGES[key])
    return {
        **head(f"{_ROLES}/{key}", "Role", "v1_3_1", key, "User Role", f"{key} User Role"),
        "AssignedPrivileges": may,
        "AssignedPrivileges@odata.count": len(may),
        "IsPredefined": True,
        "RoleId": key,
    }


def session_service(bmc: Bmc) -> dict[str, Any]:
    """Show SessionService."""
    return {
        **head(f"{ROOT}/SessionService", "SessionService", "v1_1_8", "SessionService", "Session Service"),
        "ServiceEnabled": True,
        "SessionTimeout": bmc.session_timeout_s,
        "Sessions": link(SESSIONS),
    }


def sessions(bmc: Bmc) -> dict[str, Any]:
    """List the sessions."""
    paths = [f"{SESSIONS}/{one.id}" for one in bmc.sessions]
    return collection(SESSIONS, "SessionCollection", "Session Collection", paths)


def session(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show a session."""
    one = bmc.sessions.get(key)
    if one is None:
        return None
    return {
        **head(f"{SESSIONS}/{key}", "Session", "v1_6_0", key, "User Session"),
        "ClientOriginIPAddress": one.origin,
        "CreatedTime": bmc.machine.bench.date(one.created),
        "Password": None,
        "SessionType": "Redfish",
        "UserName": one.user,
    }
