"""Applying a revision: refusals, warnings, the time it takes, commit-confirm and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rackwright.twin.engine.accounts import Accounts
from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.refusals import Issue, illegal, refused
from rackwright.twin.engine.restarts import apply_seconds, restarted
from rackwright.twin.engine.revisions import DONE, Applying, Deed, Entry, Refused, Revision
from rackwright.twin.engine.trees import Tree, picked

if TYPE_CHECKING:
    from rackwright.twin.engine.switch import Identity

__all__ = ["Apply"]

_HOSTNAME = ("system", "hostname")


class Apply:
    """The part of a switch that changes what is applied."""

    who: Identity
    now: float
    applied: Tree
    applied_id: str
    startup: Tree
    accounts: Accounts
    revisions: dict[str, Revision]
    pending: dict[str, str]
    history: list[Entry]
    deeds: list[tuple[Deed, Tree]]
    """What was put in force, and how: by an apply, by going back from one, by a boot."""
    busy: Revision | None
    forced: str
    disk_full: bool
    nvued_up: bool
    lease_until: float | None
    changed: Callable[[], None]
    _before: tuple[Tree, str, frozenset[str]] | None
    at: Callable[[float, Callable[[], None]], None]
    install: Callable[[Tree, frozenset[str], Callable[[str], None]], None]
    next_due: Any

    def apply(self, revision: Revision, how: Applying) -> None:
        """Begin to apply a revision; its ``state`` tells how that goes on.

        Raises :class:`Refused` while another apply runs or waits to be confirmed.
        """
        if self.busy is not None:
            raise Refused(f"revision {self.busy.id} is being applied ({self.busy.state})", kind="busy")
        revision.how, revision.issues, revision.progress = how, (), ""
        revision.applies += 1
        issues = [Issue("", self.forced, "fault")] if self.forced else illegal(revision.tree, "5.12.1")
        issues = issues or refused(self.applied, revision.tree)
        self.forced = ""
        if issues:
            self._invalid(revision, tuple(issues))
            return
        self.busy = revision
        if self.warnings(revision) and not how.yes:
            revision.state, revision.asks = "ays", "warnings"
            revision.deadline = self.now + seconds("prompt")
            self._on_deadline(revision, lambda: self._abandoned(revision, "ays_fail"))
        else:
            self._start(revision)
        self.changed()

    def warnings(self, revision: Revision) -> list[str]:
        """List what is asked 'Are you sure?' about."""
        old, new = picked(self.applied, _HOSTNAME, "cumulus"), picked(revision.tree, _HOSTNAME, "cumulus")
        return [f"Warning: current hostname `{old}` will be replaced with `{new}`"] if old != new else []

    def answer(self, revision: Revision, *, yes: bool) -> None:
        """Answer what a revision waits for: a warning, or the confirmation of what is already in force.

        Raises :class:`Refused` when it waits for nothing.
        """
        asks, revision.asks, revision.deadline = revision.asks, "", 0
        if asks == "warnings":
            if yes:
                self._start(revision)
            else:
                self._abandoned(revision, "ays_fail")
        elif asks == "confirm":
            if yes:
                self._settle(revision)
            else:
                self._go_back(revision)
        else:
            raise Refused(f"revision {revision.id} waits for no answer", kind="state")
        self.changed()

    def waiting(self) -> Revision | None:
        """Return the revision that is in force and waits to be confirmed."""
        return self.busy if self.busy is not None and self.busy.asks == "confirm" else None

    def save(self) -> None:
        """Make what is applied the startup configuration. Raises :class:`Refused` with a full disk."""
        if self.disk_full:
            raise Refused("[Errno 28] No space left on device", kind="disk")
        if self.waiting():
            raise Refused("an apply waits to be confirmed", kind="busy")
        self.startup = self.applied
        held = self.revisions.get(self.applied_id)
        if held is not None:
            held.state = "applied_and_saved"
        self.changed()

    def abandon(self, reason: str) -> None:
        """End the apply in hand with nothing changed."""
        if self.busy is not None:
            self._invalid(self.busy, (Issue("", reason, "interrupted"),))
            self.busy = None

    def _start(self, revision: Revision) -> None:
        revision.state, revision.asks, revision.deadline = "apply", "", 0
        services = restarted(self.applied, revision.tree)
        turn = revision.applies

        def put_in_force() -> None:
            if self.busy is revision and revision.state == "apply" and revision.applies == turn:
                self.install(revision.tree, services, lambda error: self._in_force(revision, error))

        self.at(apply_seconds(services), put_in_force)

    def _in_force(self, revision: Revision, error: str) -> None:
        if error:
            self._invalid(revision, (Issue("", error),))
            self.busy = None
            return
        self._before = (self.applied, self.applied_id, self.accounts.broken)
        self._take(revision.tree, revision.id)
        self.deeds.append(("applied", revision.tree))
        self.accounts.broken = (self.accounts.broken - revision.cli_hashes) | revision.rest_hashes
        if revision.how.confirm_s is None:
            self._settle(revision)
            return
        revision.state = "ays" if revision.how.auto_confirm else "confirm"
        revision.asks, revision.deadline = "confirm", self.now + revision.how.confirm_s
        self._on_deadline(revision, lambda: self._go_back(revision))

    def _take(self, tree: Tree, name: str) -> None:
        was = "dhcp" in picked(self.applied, ("interface", "eth0", "ip", "address"), {})
        now = "dhcp" in picked(tree, ("interface", "eth0", "ip", "address"), {})
        if was and not now:
            self.lease_until = self.now + seconds("dhcp-lease")
            self.at(seconds("dhcp-lease"), lambda: None)
        elif now:
            self.lease_until = None
        self.applied, self.applied_id = tree, name
        self.accounts.follow(tree)

    def _settle(self, revision: Revision) -> None:
        autosave = picked(revision.tree, ("system", "config", "auto-save", "state"), "enabled") == "enabled"
        saved = autosave and not self.disk_full
        revision.state, revision.progress = ("applied_and_saved" if saved else "applied"), ""
        if saved:
            self.startup = self.applied
        for other in self.revisions.values():
            if other is not revision and other.state in DONE:
                other.state = "inactive"
        self.pending = {user: held for user, held in self.pending.items() if held != revision.id}
        self._record(revision)
        self.busy = self._before = None

    def _go_back(self, revision: Revision) -> None:
        if self._before is None:
            return
        tree, name, broken = self._before
        revision.asks, revision.deadline, revision.state = "", 0, "apply"
        revision.progress = "Rolling back"
        services = restarted(self.applied, tree)

        def back(_error: str) -> None:
            self._take(tree, name)
            self.deeds.append(("back", tree))
            self.accounts.broken = broken
            revision.state, revision.progress = "confirm_fail", "Not confirmed, rolled back"
            self._record(revision)
            self.busy = self._before = None

        self.at(apply_seconds(services), lambda: self.install(tree, services, back))

    def _on_deadline(self, revision: Revision, work: Callable[[], None]) -> None:
        deadline, turn = revision.deadline, revision.applies

        def look() -> None:
            if revision.deadline != deadline or revision.applies != turn:
                return
            if not self.nvued_up:
                self.at(1, look)
            else:
                work()

        self.at(max(0.0, deadline - self.now), look)

    def _abandoned(self, revision: Revision, state: str) -> None:
        revision.state, revision.asks, revision.deadline = state, "", 0
        revision.progress = "Aborted apply after warnings"
        revision.issues = (Issue("", "Timeout while waiting for client response", "client_timeout"),)
        self.busy = None

    def _invalid(self, revision: Revision, issues: tuple[Issue, ...]) -> None:
        revision.state, revision.issues, revision.progress = "invalid", issues, "Invalid config"
        self._record(revision)
        self.changed()

    def _record(self, revision: Revision) -> None:
        how = revision.how
        applied = f"rev_{revision.id}_apply_{revision.applies}"
        text = how.message or f"Config update by {how.user}"
        self.history.append(Entry(revision.id, revision.state, applied, self.now, how.via, how.user, text))
