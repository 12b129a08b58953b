"""Accounts of a BMC: sixteen places, ``root`` in the second (redfish.md 2.1 Credentials; the R750 tree shows 16 accounts)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["FACTORY_PASSWORD", "PLACES", "ROLES", "Account", "Accounts"]

PLACES: Final = 16
ROLES: Final = ("Administrator", "Operator", "ReadOnly", "None")
FACTORY_PASSWORD: Final = "calvin"  # noqa: S105 - the well-known one that a factory-fresh iDRAC of old orders has
_NAMES: Final = {"UserName": "user", "Password": "password", "RoleId": "role", "Enabled": "enabled"}
_LONGEST: Final = 127
"""MaxPasswordLength [C]."""


@dataclass(slots=True)
class Account:
    """One place."""

    id: str
    user: str = ""
    role: str = "None"
    enabled: bool = False
    password: str = ""

    def __repr__(self) -> str:
        """Show no password."""
        return f"Account({self.id!r}, {self.user!r}, {self.role!r})"


class Accounts:
    """The accounts of one BMC."""

    def __init__(self, bench: Bench, user: str = "root", password: str = FACTORY_PASSWORD) -> None:
        self._bench = bench
        self._places = [Account(str(place)) for place in range(1, PLACES + 1)]
        first = self._places[1]
        first.user, first.password, first.role, first.enabled = user, password, "Administrator", True

    def all(self) -> list[Account]:
        """Return every place, empty ones too."""
        return list(self._places)

    def opens(self, user: str, password: str) -> bool:
        """Tell whether a login is right."""
        return self.who(user, password) is not None

    def role(self, user: str) -> str:
        """Return the role of a user; ``None`` for one that is not there."""
        return next((one.role for one in self._places if one.user == user and user and one.enabled), "None")

    def path(self, user: str) -> str:
        """Return the resource of a user's account; empty: there is none."""
        return next(
            (f"/redfish/v1/AccountService/Accounts/{one.id}" for one in self._places if one.user == user and user), ""
        )

    def find(self, account: str) -> Account:
        """Return a place by its id. Raises :class:`Refusal` 404."""
        for one in self._places:
            if one.id == account:
                return one
        raise Refusal(404, "SYS403", [account])

    def who(self, user: str, password: str) -> Account | None:
        """Return the account that a login opens; ``None``: none."""
        for one in self._places:
            if (
                one.user == user
                and one.user
                and one.enabled
                and hmac.compare_digest(one.password.encode(), password.encode())
            ):
                return one
        return None

    def change(self, account: str, wanted: Mapping[str, Any]) -> Account:
        """PATCH of an account by Redfish's names, also of an empty place: that is how an iDRAC makes one. Raises :class:`Refusal`."""
        self._bench.met("account-set")
        found = self.find(account)
        for name, value in wanted.items():
            if name not in _NAMES:
                raise Refusal(400, "SYS429", [name], [f"#/{name}"])
            if not isinstance(value, bool if name == "Enabled" else str):
                raise Refusal(400, "SYS424", ["********", name], [f"#/{name}"])
        if found.id == "1":
            raise Refusal(400, "SYS427", ["UserName"], ["#/UserName"])
        self._check(found, wanted.get("UserName"), wanted.get("Password"), wanted.get("RoleId"))
        for name, value in wanted.items():
            setattr(found, _NAMES[name], value)
        if not found.user:
            found.password, found.role, found.enabled = "", "None", False
        self._bench.deed("account", found.user or f"place {found.id}", "password" if "Password" in wanted else "")
        return found

    def add(self, user: str, password: str, role: str = "Administrator") -> Account:
        """POST of an account: the first empty place. Raises :class:`Refusal`."""
        free = next((one for one in self._places[1:] if not one.user), None)
        if free is None:
            raise Refusal(400, "Base.CreateLimitReachedForResource")
        return self.change(free.id, {"UserName": user, "Password": password, "RoleId": role, "Enabled": True})

    def delete(self, account: str) -> None:
        """Empty a place. Raises :class:`Refusal` for the last administrator, so that nobody is locked out [assumed]."""
        found = self.find(account)
        others = [
            one for one in self._places if one is not found and one.user and one.enabled and one.role == "Administrator"
        ]
        if not others:
            raise Refusal(400, "SYS409")
        self.change(account, {"UserName": ""})

    def _check(self, found: Account, user: str | None, password: str | None, role: str | None) -> None:
        if user and any(one.user == user and one is not found for one in self._places):
            raise Refusal(400, "RAC1016", [], ["#/UserName"])
        if password is not None and not 0 < len(password) <= _LONGEST:
            raise Refusal(400, "SYS425", ["********", "Password"], ["#/Password"])
        if role is not None and role not in ROLES:
            raise Refusal(400, "SYS426", [role, "RoleId"], ["#/RoleId"])
