"""Changing one's own password at a prompt; NVUE takes it over (Config-Commands: "Password sync for user: cumulus")."""

from __future__ import annotations

from rackwright.twin.engine.accounts import hashed
from rackwright.twin.engine.trees import laid_over
from rackwright.twin.shell import Login, Result

__all__ = ["change"]

_LEAST = 8


async def change(session: Login) -> Result:
    """Ask for the present and twice for a new password, as passwd does."""
    switch, user = session.box.switch, session.user
    present = await session.ask("Current password: ", False)
    if present is None or not switch.accounts.opens(user, present):
        return Result(10, "", "passwd: Authentication token manipulation error\npasswd: password unchanged\n")
    new = await session.ask("New password: ", False)
    again = await session.ask("Retype new password: ", False)
    if not new or new != again:
        return Result(10, "", "Sorry, passwords do not match.\npasswd: password unchanged\n")
    if new == present or len(new) < _LEAST:
        return Result(10, "", "BAD PASSWORD\npasswd: password unchanged\n")
    leaf = {"system": {"aaa": {"user": {user: {"hashed-password": hashed(new)}}}}}
    switch.applied = laid_over(switch.applied, leaf)
    switch.startup = laid_over(switch.startup, leaf)
    switch.accounts.follow(switch.applied)
    switch.accounts.broken -= {user}
    return Result(0, "passwd: password updated successfully\n")
