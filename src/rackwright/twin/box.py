"""A switch of the twin with everything around its engine: files, data plane, faults, log, the clock's alarms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from rackwright.twin.clock import TwinClock
from rackwright.twin.dataplane import DataPlane
from rackwright.twin.engine import Applying, FirstBoot, Identity, Install, Power, Refused, Revision, Switch
from rackwright.twin.engine.trees import Tree
from rackwright.twin.faults import Fault, Faults, When
from rackwright.twin.files import Files
from rackwright.twin.journal import Journal, Line
from rackwright.twin.live import live_files

__all__ = ["Box", "Dropped"]

_FOREVER = 1e9
_PRINTED = 6


class Dropped(Exception):
    """The connection is to be cut (a fault)."""


class Box:
    """One emulated switch as its servers see it."""

    def __init__(
        self, who: Identity, plane: DataPlane, clock: TwinClock, faults: Faults, journal: Journal, startup: Tree | None
    ) -> None:
        self.plane = plane
        self.clock = clock
        self.faults = faults
        self.journal = journal
        self.switch = Switch(who, clock.now(), startup)
        self.switch.changed = self._wake
        self.files = Files(live_files(self), clock.now)
        self.reach: Callable[[bool, bool], Awaitable[None]] | None = None
        """Told whether SSH and the API are to answer, whenever that may have changed."""
        self.first_boot: Callable[[Box, str], Awaitable[None]] | None = None
        """Runs ZTP (part S): gets the script that the installation staged, empty when DHCP is to name one."""
        self.recable: Callable[[Fault], None] | None = None
        """Moves the cables of the rack, for a fault of cables that waits for an operation."""
        self._lock = asyncio.Lock()
        self._moved = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._due: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._printed: dict[tuple[int, str], tuple[Tree, str]] = {}

    @property
    def name(self) -> str:
        """Return the planned name, which faults and the log use, whatever the hostname is."""
        return self.switch.who.name

    # --- time and effects ----------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let happen what is due, carry out its effects, and set the alarm for what comes next."""
        async with self._lock:
            while not self._closed:
                self.switch.tick(self.clock.now())
                if not self.switch.effects:
                    break
                await self._carry_out(self.switch.effects.popleft())
            if self.reach is not None and not self._closed:
                await self.reach(*self.switch.answers())
            self._set_alarm()

    def _tell_identity(self) -> None:
        """Have a data plane that shows version and serial number show those that the switch has."""
        for name, value in (("set_version", self.switch.who.nos), ("set_serial", self.switch.who.serial)):
            tell = getattr(self.plane, name, None)
            if tell is not None:
                tell(self.name, value)

    async def _carry_out(self, effect: Install | Power | FirstBoot) -> None:
        if isinstance(effect, FirstBoot):
            if self.first_boot is not None:
                self.spawn(self.first_boot(self, effect.script))
            return
        if isinstance(effect, Power):
            self._tell_identity()
            await self._call(lambda: self.plane.power(self.name, on=effect.on))
            return
        error = ""
        try:
            await self._call(lambda: self.plane.applied(self.name, effect.tree, effect.restarted))
        except RuntimeError as refusal:
            error = str(refusal) or type(refusal).__name__
        self.switch.installed(error)

    async def _call(self, work: Callable[[], None]) -> None:
        if self.plane.slow:
            await asyncio.to_thread(work)
        else:
            work()

    def _set_alarm(self) -> None:
        due = None if self._closed else self.switch.next_due()
        if self._alarm is not None and due == self._due:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._due = None, due
        if due is not None:
            wait = self.clock.real(max(0.0, due - self.clock.now())) + 0.0005
            self._alarm = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.spawn(self.settle())

    def spawn(self, work: Awaitable[None]) -> None:
        """Run something beside; it ends with the twin."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()

    async def until(self, there: Callable[[], bool]) -> None:
        """Wait until something is so."""
        while not there():
            moved = self._moved
            await self.settle()
            if there():
                return
            await moved.wait()

    async def sleep(self, seconds: float) -> None:
        """Let emulated seconds pass."""
        await asyncio.sleep(self.clock.real(seconds))

    async def close(self) -> None:
        """Stop the alarms."""
        self._closed = True
        if self._alarm is not None:
            self._alarm.cancel()
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- operations that both wires share ------------------------------------------------------------

    async def gate(self, operation: str, when: When, command: str = "") -> None:
        """Let the faults of an operation act. Raises :class:`Dropped` or :class:`Refused` where one says so."""
        for fault in self.faults.hits(self.name, operation, when, command):
            if when != "during":
                await self.settle()
            await self.strike(fault, operation)

    async def gates(self, operation: str, command: str = "") -> None:
        """Let the faults act that are set for during and after an operation whose effect is there at once."""
        await self.gate(operation, "during", command)
        await self.gate(operation, "after", command)

    async def strike(self, fault: Fault, operation: str = "") -> None:
        """Do what a fault does."""
        switch = self.switch
        if fault.kind == "stall":
            await self.settle()
            await self.sleep(_FOREVER if fault.duration is None else fault.duration)
        elif fault.kind == "drop":
            raise Dropped
        elif fault.kind in ("refuse", "refuse-auth"):
            if operation == "apply":
                switch.forced = fault.value or "refused by a fault of the twin"
            else:
                raise Refused(fault.value or "refused by a fault of the twin", kind="fault")
        else:
            await self._break(fault)

    async def _break(self, fault: Fault) -> None:
        switch = self.switch
        if fault.kind == "crash-nvued":
            after = 15.0 if fault.duration is None else fault.duration
            switch.crash_nvued(after or None)
        elif fault.kind == "reboot":
            self.reboot()
        elif fault.kind == "lose-management":
            switch.lose_management(_FOREVER if fault.duration is None else fault.duration)
        elif fault.kind == "full-disk":
            switch.disk_full = self.files.full = True
        elif fault.kind == "wrong-version":
            switch.who = replace(switch.who, nos=fault.value or "5.9.2")
        elif fault.kind == "wrong-serial":
            switch.who = replace(switch.who, serial=fault.value or "WRONG0001")
        elif self.recable is not None:
            self.recable(fault)
        self._tell_identity()
        await self.settle()

    async def mend(self, who: Identity) -> list[str]:
        """Undo what faults did: the disk has room, image and serial number are those of the plan, management is there.

        Returns the names of what was otherwise.
        """
        switch = self.switch
        dead = not switch.nvued_up and switch.powered and switch.ssh_up
        amiss = {
            "full-disk": switch.disk_full,
            "wrong-version": switch.who.nos != who.nos,
            "wrong-serial": switch.who.serial != who.serial,
            "lose-management": switch.lost_until > switch.now,
            "crash-nvued": dead,
        }
        switch.disk_full = self.files.full = False
        switch.who = replace(switch.who, nos=who.nos, serial=who.serial)
        switch.lost_until = 0
        switch.nvued_up = switch.nvued_up or dead
        self._tell_identity()
        await self.settle()
        return [name for name, there in amiss.items() if there]

    def reboot(self) -> None:
        """Reboot; a staged image empties the disk."""
        if self.switch.image_staged:
            self.files.clear()
            self.files.full = False
        self.switch.reboot()
        self.spawn(self.settle())

    async def apply(self, revision: Revision, how: Applying) -> None:
        """Begin an apply, faults included; returns once it is under way, waits or was refused."""
        await self.gate("apply", "before")
        self.switch.require_nvued()
        self.switch.apply(revision, how)
        try:
            # Before time goes on: at a high rate the apply would be over by then.
            await self.gate("apply", "during")
        finally:
            await self.settle()

    def printed(self, tree: Tree, form: str, make: Callable[[], str]) -> str:
        """Return a configuration as it was printed before, or print it."""
        held = self._printed.get((id(tree), form))
        if held is None or held[0] is not tree:
            if len(self._printed) >= _PRINTED:
                self._printed.pop(next(iter(self._printed)))
            held = self._printed[id(tree), form] = (tree, make())
        return held[1]

    def log(self, wire: str, user: str, operation: str, command: str, result: str, before: tuple[Any, ...]) -> None:
        """Write down what was asked and what has changed since ``before``, a :meth:`marks` taken then."""
        names = ("applied", "startup", "revisions", "power")
        changed = tuple(name for name, old, new in zip(names, before, self.marks(), strict=True) if old != new)
        self.journal.add(Line(round(self.clock.now(), 3), self.name, wire, user, operation, command, result, changed))

    def marks(self) -> tuple[Any, ...]:
        """Return what tells whether a part of the state is still the same."""
        switch = self.switch
        states = tuple((name, held.state, id(held.tree)) for name, held in switch.revisions.items())
        return id(switch.applied), id(switch.startup), states, (switch.powered, switch.boots)
