"""A Cumulus switch through the NVUE API; it changes everything but passwords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, Final, NoReturn

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue import words
from rackwright.drivers.nvue.guards import insist_unmasked
from rackwright.drivers.nvue.http import Api
from rackwright.drivers.nvue.model import Confirm, Facts
from rackwright.drivers.nvue.patching import PasswordWouldChange, difference_text, patches
from rackwright.drivers.nvue.settling import settled
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DeviceTimeout, DriverError, LostMidCommand, NotCarried, Unreachable
from rackwright.nvue.tree import Tree

__all__ = ["NvueRest"]

_YES: Final = {"ays": "ays_yes"}
_CONFIRM: Final = {
    "ays": {"state": "apply", "auto-prompt": _YES},
    "confirm": {"state": "confirm_yes", "auto-prompt": _YES},
}
"""How a waiting revision is confirmed: in ``ays`` as NVIDIA's nv-config-manager does, in ``confirm`` as a deployer of 5.x does."""
_REFUSE: Final = {"ays": {"state": "ays_no"}, "confirm": {"state": "confirm_no"}}
"""How it is refused: the answer no to what it waits for [inferred from ``nv config apply --confirm-no``]."""


class NvueRest:
    """One session with the API of one switch; see :class:`rackwright.drivers.nvue.model.Nvue`."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, clock: Clock, limits: Limits) -> None:
        self.device = endpoint.device
        self._clock = clock
        self._limits = limits
        self._api = Api(endpoint, login=login, trust=trust, clock=clock, limits=limits)
        with ExitStack() as unless_in:
            unless_in.callback(self._api.close)
            # The API knows no login: the first request is one, so that a wrong password is told here.
            self._about = self._object("system")
            unless_in.pop_all()

    def facts(self) -> Facts:
        """Read who answers; the API tells no boot id."""
        hardware = self._object("platform")
        return Facts(
            hostname=str(self._about.get("hostname", "")),
            version=str(self._about.get("product-release", "")),
            model=str(hardware.get("product-name", "")),
            serial=str(hardware.get("serial-number", "")),
            base_mac=str(hardware.get("system-mac", "")),
        )

    def running(self) -> Tree:
        """Read the applied configuration."""
        return self._configuration("applied")

    def startup(self) -> Tree:
        """Read what the switch would boot with."""
        return self._configuration("startup")

    def stage(self, tree: Tree) -> str:
        """Make a revision of what is applied and patch it into the tree: first what goes, then what comes.

        Raises ``DeviceRefused`` when a password would change, since the API must not be sent one (RN-3341214).
        """
        try:
            payloads = patches(self.running(), tree)
        except PasswordWouldChange as change:
            remedy = "use --transport ssh"
            raise DeviceRefused(
                f"{self.device}: the password of {change.user} would change, and the API breaks those (RN-3341214): {remedy}",
                device=self.device,
                remedy=remedy,
            ) from None
        for payload in payloads:
            insist_unmasked(self.device, payload)
        try:
            revision = self._new_revision()
            for payload in payloads:
                if payload:
                    self._api.send("PATCH", (), {"rev": revision}, payload, again=True)
        except DeviceRefused as error:
            raise DeviceRefused(words.scrubbed(str(error), tree), device=self.device) from None
        return revision

    def alter(self, change: Tree) -> str:
        """Make a revision of what is applied and patch a part of a tree into it."""
        insist_unmasked(self.device, change)
        revision = self._new_revision()
        self._api.send("PATCH", (), {"rev": revision}, change, again=True)
        return revision

    def difference(self, revision: str) -> str:
        """Return what ``nv config diff`` would; each direction is one request, since one alone tells additions only (nvue.md 4.1)."""
        added = self._api.get(rev=revision, diff="applied", filled="false")
        removed = self._api.get(rev="applied", diff=revision, filled="false")
        return difference_text(added, removed)

    def apply(self, revision: str, *, confirm_s: int) -> None:
        """Apply a staged revision with commit-confirm, and ask until it waits."""
        order = {
            "state": "apply",
            "auto-prompt": {**_YES, "confirm": "confirm_yes"},
            "state-controls": {"confirm": confirm_s},
        }
        self._api.send("PATCH", ("revision", revision), {}, order)
        self._until(revision, words.WAITING | words.APPLIED, confirm_s)

    def confirmation(self) -> Confirm:
        """Tell whether an apply waits to be confirmed; the API does not tell how long. One on its way is waited for."""
        states = settled(self.device, self._states, self._clock, self._limits)
        waiting = next((name for name, state in states.items() if state in words.WAITING), None)
        return Confirm(state="none") if waiting is None else Confirm(state="waiting", revision=waiting)

    def confirm(self) -> None:
        """Confirm the waiting apply."""
        waiting = self.confirmation()
        if waiting.state == "none":
            raise DeviceRefused(f"{self.device}: no apply waits to be confirmed", device=self.device)
        self._answer(waiting.revision, _CONFIRM)
        self._until(waiting.revision, words.APPLIED, 0)

    def rollback(self) -> None:
        """Refuse the waiting apply now; nothing when none waits."""
        waiting = self.confirmation()
        if waiting.state == "waiting":
            self._answer(waiting.revision, _REFUSE)
            self._until(waiting.revision, frozenset(), 0, failing=True)

    def save(self) -> None:
        """Make the applied configuration the startup one."""
        self._api.send("PATCH", ("revision", "applied"), {}, {"state": "save", "auto-prompt": _YES}, again=True)

    def show(self, path: str, kind: Any = Any) -> Any:
        """Return the operational state at a path as a value of a type, as ``nv show PATH -o json`` does."""
        parts = [part for part in path.replace("/", " ").split() if not part.startswith("--")]
        views = dict(part[2:].split("=", 1) for part in path.split() if part.startswith("--") and "=" in part)
        found = self._api.get(*parts, rev="operational", **views)
        try:
            return msgspec.convert(found, kind)
        except msgspec.ValidationError:
            self._senseless(f"GET /{'/'.join(parts)}")

    def shows(self, paths: Sequence[str]) -> dict[str, Any]:
        """Return the values of many paths, or why there is none; over the one connection, one after the other."""
        found: dict[str, Any] = {}
        broken: DriverError | None = None
        for path in paths:
            try:
                found[path] = broken or self.show(path)
            except DeviceRefused as refusal:
                found[path] = refusal
            except DriverError as error:
                found[path] = broken = error
        return found

    def run(self, command: str) -> str:
        """Refuse: the API runs no Linux commands."""
        remedy = "use --transport ssh"
        raise NotCarried(
            f"{self.device}: the API does not run {command!r}: {remedy}", device=self.device, remedy=remedy
        )

    def close(self) -> None:
        """End the session; never raises."""
        self._api.close()

    # --- revisions ------------------------------------------------------------------------------------------------

    def _new_revision(self) -> str:
        made = self._api.send("POST", ("revision",), {}, again=True)
        if not isinstance(made, dict) or len(made) != 1:
            self._senseless("POST /revision")
        return str(next(iter(made)))

    def _states(self) -> dict[str, str]:
        found = self._api.get("revision")
        if not isinstance(found, dict):
            self._senseless("GET /revision")
        return words.states(found)

    def _answer(self, revision: str, answers: Mapping[str, Any]) -> None:
        state = str(self._revision(revision).get("state"))
        if state not in answers:
            raise DeviceRefused(
                f"{self.device}: revision {revision} is {state}: it waits for nothing", device=self.device
            )
        self._api.send("PATCH", ("revision", revision), {}, answers[state])

    def _until(self, revision: str, wanted: frozenset[str], confirm_s: float, *, failing: bool = False) -> None:
        """Ask for a revision's state until it is one of the wanted, exactly.

        While it is being applied the management port may go away for a moment: that is asked again, until the switch would
        have gone back by itself. ``failing``: any end is the wanted one.
        """
        end = self._clock.now() + max(self._limits.settle_s, confirm_s)
        while True:
            state, issues = self._look(revision, self._clock.now() + max(confirm_s, self._limits.boot_s))
            if state in wanted:
                return
            if state not in words.ON_ITS_WAY | words.WAITING:
                if failing:
                    return
                raise DeviceRefused(f"{self.device}: revision {revision} is {state}{issues}", device=self.device)
            if self._clock.now() > end:
                raise DeviceTimeout(f"{self.device}: revision {revision} is still {state}", device=self.device)
            self._clock.sleep(self._limits.pause_s)

    def _look(self, revision: str, until: float) -> tuple[str, str]:
        while True:
            try:
                found = self._revision(revision)
            except (Unreachable, LostMidCommand, DeviceTimeout) as error:
                if self._clock.now() > until:
                    raise self._vanished(revision, error) from None
                self._clock.sleep(self._limits.pause_s)
                continue
            return str(found.get("state", "")), _issues(found)

    def _vanished(self, revision: str, error: DriverError) -> LostMidCommand:
        return LostMidCommand(
            f"{self.device} went away while revision {revision} was being applied ({error}): look at it before anything else",
            device=self.device,
            remedy="look at the device before sending it again",
        )

    def _revision(self, revision: str) -> Mapping[str, Any]:
        found = self._api.get("revision", revision)
        if not isinstance(found, dict):
            self._senseless(f"GET /revision/{revision}")
        return found

    def _configuration(self, revision: str) -> Tree:
        try:
            return words.configuration(self._api.get(rev=revision, filled="false"))
        except ValueError:
            self._senseless(f"GET /?rev={revision}")

    def _object(self, path: str) -> Mapping[str, Any]:
        found = self.show(path)
        if not isinstance(found, dict):
            self._senseless(f"GET /{path}")
        return found

    def _senseless(self, what: str) -> NoReturn:
        raise DeviceRefused(f"{self.device} answers {what} with something else", device=self.device)


def _issues(revision: Mapping[str, Any]) -> str:
    """Return what NVUE says is wrong (``transition.issue.*.message``, nvue.md 4.1)."""
    issues = (revision.get("transition") or {}).get("issue") or {}
    found = [str(issue["message"]) for issue in issues.values() if isinstance(issue, dict) and issue.get("message")]
    return f": {'; '.join(found)}" if found else ""
