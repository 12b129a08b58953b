"""A Cumulus switch through its ``nv`` command, over SSH and SFTP; works where the API is off."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from rackwright.drivers.clock import Clock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import lost
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue import words
from rackwright.drivers.nvue.guards import insist_reading, insist_unmasked
from rackwright.drivers.nvue.lines import several
from rackwright.drivers.nvue.model import Confirm, Facts
from rackwright.drivers.nvue.session import Said, Session
from rackwright.drivers.nvue.settling import settled
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DriverError
from rackwright.nvue import emit
from rackwright.nvue.tree import Tree

__all__ = ["NvueSsh"]

_BOOT_ID: Final = "cat /proc/sys/kernel/random/boot_id"
_SWEEP: Final = "find . -maxdepth 1 -name '.rackwright-*.yaml' -mmin +60 -delete"
"""Removes uploads that a killed push of more than an hour ago left behind."""

_LONGEST: Final = 2000
"""Characters of the switch's own words that an error repeats."""

_NVUED: Final = "restart nvued on the switch ('sudo systemctl restart nvued'), or reboot it"

_FACTS: Final = ("nv show system -o json", f"nv show platform -o json && {_BOOT_ID}")
"""What costs the switch no time shares a line with what does: a command costs us as much as its answer."""
_UUID: Final = 36
"""Characters of a boot id."""


class NvueSsh:
    """One SSH session with one switch; see :class:`rackwright.drivers.nvue.model.Nvue`."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, clock: Clock, limits: Limits) -> None:
        self.device = endpoint.device
        self._clock = clock
        self._limits = limits
        self._facts: Facts | None = None
        self._session = Session(endpoint, login=login, trust=trust, limits=limits)

    def facts(self) -> Facts:
        """Read who answers, in two round trips."""
        system, platform = self._patiently(_FACTS)
        # Only an answer that is whole has the boot id behind it.
        told = platform.out.rstrip() if platform.status == 0 else b""
        about = self._value(system)
        hardware = self._value(msgspec.structs.replace(platform, out=told[:-_UUID]) if told else platform)
        self._facts = Facts(
            hostname=str(about.get("hostname", "")),
            version=str(about.get("product-release", "")),
            model=str(hardware.get("product-name", "")),
            serial=str(hardware.get("serial-number", "")),
            base_mac=str(hardware.get("system-mac", "")),
            boot_id=told[-_UUID:].decode(errors="replace"),
        )
        return self._facts

    def running(self) -> Tree:
        """Read the applied configuration."""
        return self._configuration("nv config show -o json")

    def startup(self) -> Tree:
        """Read what the switch would boot with."""
        return self._configuration("nv config show -r startup -o json")

    def stage(self, tree: Tree) -> str:
        """Upload the tree into a private file, replace the pending revision by it, and remove the file."""
        return self._upload(tree, "replace")

    def alter(self, change: Tree) -> str:
        """Upload a part of a tree and lay it over what is applied, as ``nv set`` of each of its leaves would."""
        return self._upload(change, "patch")

    def _upload(self, tree: Tree, how: str) -> str:
        insist_unmasked(self.device, tree)
        facts = self._facts or self.facts()
        name = f".rackwright-{secrets.token_hex(8)}.yaml"
        uploaded = self._session.put(name, emit.dump(tree, model=facts.model, nos=facts.version).encode())
        # What is left of earlier edits is detached while the file travels; that there was none is no failure.
        tidied = self._session.start(f"nv config detach; {_SWEEP}")
        try:
            uploaded()
            tidied()
            said = self._change(f"nv config {how} {name}", tree)
        finally:
            self._remove(name)
        return words.revision_id(said.text) or "pending"

    def difference(self, revision: str) -> str:
        """Return NVUE's diff from applied to a staged revision; its exit status says only whether there is one."""
        said = self._patiently([f"nv config diff applied {revision}"])[0]
        if said.err.strip() and not said.out.strip():
            raise self._refused(said, {})
        return said.out.decode(errors="replace").strip()

    def apply(self, revision: str, *, confirm_s: int) -> None:
        """Apply a staged revision with commit-confirm.

        The time is given with its unit: a bare number would be minutes (nvue.md 4.2).
        """
        chosen = "" if revision == "pending" else f" {revision}"
        self._change(f"nv config apply{chosen} -y --confirm {confirm_s}s", {}, limit_s=self._limits.apply_s)

    def confirmation(self) -> Confirm:
        """Tell whether an apply waits to be confirmed; one that is on its way is waited for."""
        states = settled(self.device, self._states, self._clock, self._limits)
        waiting = next((name for name, state in states.items() if state in words.WAITING), None)
        if waiting is None:
            return Confirm(state="none")
        left = self._session.run("nv config apply --confirm-status")
        return Confirm(state="waiting", revision=waiting, left_s=words.seconds_left(left.text))

    def confirm(self) -> None:
        """Confirm the waiting apply."""
        self._change("nv config apply --confirm-yes", {}, limit_s=self._limits.apply_s)

    def rollback(self) -> None:
        """Refuse the waiting apply now; nothing when none waits."""
        if self.confirmation().state == "waiting":
            self._change("nv config apply --confirm-no", {}, limit_s=self._limits.apply_s)

    def save(self) -> None:
        """Make the applied configuration the startup one."""
        self._change("nv config save", {})

    def show(self, path: str, kind: Any = Any) -> Any:
        """Return ``nv show PATH -o json`` as a value of a type."""
        return self._json(self._patiently([_show(path)])[0], kind)

    def shows(self, paths: Sequence[str]) -> dict[str, Any]:
        """Return the values of many paths, or why there is none; some dozens of commands share a line, and four lines run at a time."""
        found: dict[str, Any] = {}
        left = {_show(path): path for path in paths}
        until = self._clock.now() + self._limits.boot_s
        while left:
            said = several(self._session, tuple(left))
            late = self._clock.now() >= until
            early = {} if late else {command: left[command] for command in left if _not_ready(said[command])}
            found |= {left[command]: self._value_or_error(said[command]) for command in left if command not in early}
            left = early
            if left:
                self._clock.sleep(self._limits.pause_s)
        return {path: found[path] for path in paths}

    def _value_or_error(self, said: Said | DriverError) -> Any:
        try:
            return said if isinstance(said, DriverError) else self._json(said)
        except DriverError as error:
            return error

    def run(self, command: str) -> str:
        """Return the stdout of a read-only Linux command."""
        insist_reading(self.device, command)
        said = self._session.run(command)
        if said.status != 0:
            raise self._refused(said, {})
        return said.out.decode(errors="replace")

    @property
    def session(self) -> Session:
        """Return the session below, for what no ``nv`` command does."""
        return self._session

    def close(self) -> None:
        """End the session; never raises."""
        self._session.close()

    def _states(self) -> dict[str, str]:
        return words.states(self._value(self._patiently(["nv config revision -o json"])[0]))

    def _configuration(self, command: str) -> Tree:
        said = self._patiently([command])[0]
        try:
            return words.configuration(self._json(said))
        except ValueError:
            raise DeviceRefused(
                f"{self.device} answers {command!r} with no configuration", device=self.device
            ) from None

    def _patiently(self, commands: Sequence[str]) -> list[Said]:
        """Run commands that only read, again while nvued does not answer yet after a boot."""
        until = self._clock.now() + self._limits.boot_s
        while True:
            said = self._session.together(commands)
            waiting = next((one for one in said if words.not_ready(one.text)), None)
            if waiting is None:
                return said
            if self._clock.now() >= until:
                raise self._refused(waiting, {})
            self._clock.sleep(self._limits.pause_s)

    def _change(self, command: str, tree: Mapping[str, Any], *, limit_s: float = 0) -> Said:
        """Run a command that changes something; it is sent again only when nvued did not hear it."""
        until = self._clock.now() + self._limits.boot_s
        while True:
            said = self._session.run(command, limit_s=limit_s)
            if not words.failed(said.status, said.text):
                return said
            if not words.not_ready(said.text):
                if "Could not connect to nvued" in said.text:
                    raise lost(self.device, command)
                raise self._refused(said, tree)
            if self._clock.now() >= until:
                raise self._refused(said, tree)
            self._clock.sleep(self._limits.pause_s)

    def _value(self, said: Said) -> dict[str, Any]:
        value = self._json(said)
        if not isinstance(value, dict):
            raise DeviceRefused(f"{self.device} answers {said.command!r} with no object", device=self.device)
        return value

    def _json(self, said: Said, kind: Any = Any) -> Any:
        if said.status != 0:
            raise self._refused(said, {})
        try:
            return words.json_value(said.out, kind)
        except ValueError:
            raise DeviceRefused(
                f"{self.device} answers {said.command!r} with what is no JSON of its kind", device=self.device
            ) from None

    def _refused(self, said: Said, tree: Mapping[str, Any]) -> DeviceRefused:
        text = words.scrubbed(" ".join(said.text.split()), tree)[:_LONGEST] or f"exit status {said.status}"
        remedy = _NVUED if words.not_ready(said.text) else ""
        return DeviceRefused(f"{self.device} refuses {said.command!r}: {text}", device=self.device, remedy=remedy)

    def _remove(self, name: str) -> None:
        """Remove the uploaded file, also on the way out of an error, which is told instead of a second one."""
        with contextlib.suppress(DriverError):
            self._session.remove(name)


def _show(path: str) -> str:
    return f"nv show {' '.join(path.replace('/', ' ').split())} -o json"


def _not_ready(said: Said | DriverError) -> bool:
    return isinstance(said, Said) and words.not_ready(said.text)
