"""Ports of switches turned down for a moment: by an apply that waits to be confirmed and never is."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import msgspec

from rackwright import diff
from rackwright.audit.cabling import Port
from rackwright.drivers.nvue.model import Nvue
from rackwright.drivers.reach import Reach
from rackwright.errors import DriverError
from rackwright.nvue.tree import Tree, get, merge

__all__ = ["Failed", "Switches", "held", "light"]

_BOOT_S: Final = 300.0
"""Time on the clock during which a switch that went away is called again: it may be restarting."""
_MARGIN_S: Final = 60.0
"""Time on the clock after the timer's end within which a switch has gone back by itself."""


_SHOWN: Final = 8


class Failed(Exception):
    """A switch could not do its part of a round, so that the round says nothing."""

    def __init__(self, switch: str, why: str, *, late: bool = False) -> None:
        super().__init__(f"{switch}: {why}")
        self.switch = switch
        self.why = why
        self.late = late
        """Nothing is wrong with the switch: its ports were back before all was looked at."""


class Switches:
    """The switches whose ports blink; what is done to them is undone in :meth:`back`."""

    def __init__(self, way: Reach, threads: ThreadPoolExecutor) -> None:
        self._way = way
        self._threads = threads
        self._sessions: dict[str, Nvue] = {}
        self._running: dict[str, Tree] = {}
        self._touched: set[str] = set()
        self.stuck: dict[str, str] = {}
        """Switches that were not brought back to what they ran before, with the reason."""
        self._confirm_s = 0
        self._down: frozenset[Port] = frozenset()

    def open(self, ports: Mapping[str, Collection[str]]) -> dict[str, str]:
        """Log in to switches (name -> its ports that blink) and remember what they run; returns who cannot be used and why."""
        found = self._threads.map(lambda item: self._open(*item), ports.items())
        return {name: why for name, why in zip(ports, found, strict=True) if why}

    def _open(self, name: str, ports: Collection[str]) -> str:
        try:
            session = self._sessions[name] = self._way.connect(name)
            if session.confirmation().state == "waiting" and not self._undone(session, ports):
                return "an apply of somebody else waits to be confirmed there"
            self._running[name] = session.running()
        except DriverError as error:
            return str(error)
        return ""

    @staticmethod
    def _undone(session: Nvue, ports: Collection[str]) -> bool:
        """Refuse the apply that waits when it is that of a blink that was killed: nothing but link states of these ports."""
        running, startup = session.running(), session.startup()
        changed = [change.path for change in diff.between(running, startup)]
        ours = all(
            path[:1] == ("interface",) and path[1] in ports and path[2:4] == ("link", "state") for path in changed
        )
        if changed and ours:
            session.rollback()
        return bool(changed) and ours

    def drop(self, name: str) -> None:
        """Leave a switch out from now on."""
        session = self._sessions.pop(name, None)
        if session is not None:
            session.close()

    def close(self) -> None:
        """End every session."""
        for session in self._sessions.values():
            session.close()

    def shown(self) -> dict[str, Any]:
        """Return what each switch shows of its interfaces. Raises :class:`Failed`."""
        return dict(self._each(self._sessions, lambda _, session: session.show("interface")))

    def down(self, ports: Collection[Port], confirm_s: int) -> None:
        """Turn ports down until :meth:`back`, for ``confirm_s`` of the switches' time at the most. Raises :class:`Failed`."""
        by: dict[str, Tree] = defaultdict(dict)
        for port in ports:
            by[port.device] = merge(by[port.device], {"interface": {port.name: {"link": {"state": {"down": {}}}}}})
        self._confirm_s = confirm_s
        self._down = frozenset(ports)
        self._touched.update(by)
        self._each(by, lambda name, session: session.apply(session.alter(by[name]), confirm_s=confirm_s))

    def held(self) -> None:
        """Make sure that the ports were down, and that no switch has taken them back meanwhile. Raises :class:`Failed`."""
        for name, (waits, shown) in self._each(self._touched, self._standing):
            if not waits:
                raise Failed(name, "it took its ports back before all links were looked at", late=True)
            lit = [port.name for port in sorted(self._down) if port.device == name and light(shown, port.name)]
            if lit:
                raise Failed(name, f"{', '.join(lit[:_SHOWN])} did not go down though it was told to")

    @staticmethod
    def _standing(_: str, session: Nvue) -> tuple[bool, Any]:
        shown = session.show("interface")
        return session.confirmation().state == "waiting", shown

    def back(self) -> dict[str, str]:
        """Bring every port back; returns the switches that do not run what they ran before, with the reason."""
        names = sorted(self._touched)
        found = zip(names, self._threads.map(self._back, names), strict=True)
        failed = {name: why for name, why in found if why}
        self._touched.clear()
        self.stuck |= failed
        return failed

    def _back(self, name: str) -> str:
        try:
            (self._sessions.get(name) or self._again(name)).rollback()
        except DriverError:
            try:
                self._again(name).rollback()
            except DriverError as error:
                return self._by_itself(name, error)
        return self._as_before(name)

    def _again(self, name: str) -> Nvue:
        with contextlib.suppress(KeyError):
            self._sessions[name].close()
        session = self._sessions[name] = self._way.connect(name, patience_s=_BOOT_S)
        return session

    def _by_itself(self, name: str, error: DriverError) -> str:
        """Wait for the timer of a switch that cannot be told."""
        self._way.clock.sleep(self._confirm_s + _MARGIN_S)
        try:
            self._again(name)
        except DriverError:
            return f"it could not be asked to bring its ports back, and does not answer: {error}"
        return self._as_before(name)

    def _as_before(self, name: str) -> str:
        try:
            runs, ran = self._sessions[name].running(), self._running[name]
        except DriverError as error:
            return str(error)
        # Nearly always, and looking at it leaf by leaf takes many times as long.
        if msgspec.json.encode(runs) == msgspec.json.encode(ran):
            return ""
        changes = diff.between(runs, ran)
        return f"it does not run what it ran before: {changes[0]}" if changes else ""

    def _each(self, names: Iterable[str], work: Callable[[str, Nvue], Any]) -> list[tuple[str, Any]]:
        """Do something at every switch at the same time. Raises :class:`Failed` for the first that cannot, when all have ended."""
        asked = sorted(names)
        done = [(name, self._threads.submit(work, name, self._sessions[name])) for name in asked]
        errors = [(name, error) for name, one in done if (error := one.exception()) is not None]
        for name, error in errors:
            if not isinstance(error, DriverError):
                raise error
            raise Failed(name, str(error))
        return [(name, one.result()) for name, one in done]


def light(interfaces: Any, port: str) -> bool | None:
    """Tell whether a port is up, by what its switch shows of its interfaces; None: it does not tell."""
    row = interfaces.get(port) if isinstance(interfaces, dict) else None
    status = get(row, "link", "oper-status") if isinstance(row, dict) else None
    return {"up": True, "down": False}.get(status) if isinstance(status, str) else None


def held(interfaces: Any, port: str) -> str:
    """Return why a switch itself holds a port down (protodown), by what it shows of its interfaces; empty: it does not."""
    row = interfaces.get(port) if isinstance(interfaces, dict) else None
    if not isinstance(row, dict) or get(row, "link", "protodown") not in ("enabled", "on"):
        return ""
    return str(get(row, "link", "protodown-reason", default="no reason given"))
