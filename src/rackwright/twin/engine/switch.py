"""One emulated switch as a state machine: time and effects go in and out as values, it touches nothing.

Whoever drives it calls :meth:`Switch.tick` with the clock, carries out what lies in ``effects``, and reports the
outcome of an :class:`Install` with :meth:`Switch.installed`.
"""

from __future__ import annotations

import hashlib
import heapq
import itertools
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from rackwright.twin.engine.accounts import Accounts
from rackwright.twin.engine.applying import Apply
from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.editing import Editing
from rackwright.twin.engine.factory import factory
from rackwright.twin.engine.revisions import Deed, Entry, Refused, Revision
from rackwright.twin.engine.trees import Tree, picked

__all__ = ["FirstBoot", "Identity", "Install", "Power", "Switch", "digest"]


@dataclass(frozen=True)
class Identity:
    """Who a switch is."""

    name: str
    model: str
    serial: str
    mac: str
    """Base MAC address."""
    management: str = ""
    """Planned address of eth0 with prefix length; empty: by DHCP."""
    nos: str = "5.12.1"
    """Version of the image that it runs."""


@dataclass(frozen=True)
class Install:
    """The data plane is to take a configuration over."""

    tree: Tree
    restarted: frozenset[str]


@dataclass(frozen=True)
class Power:
    """The data plane is to know that the switch went down or came up."""

    on: bool


@dataclass(frozen=True)
class FirstBoot:
    """A switch boots for the first time after an installation: ``script`` is what ZTP finds, empty for DHCP's."""

    script: str


def digest(tree: Tree) -> str:
    """Return a digest of a configuration that does not depend on the order of keys."""
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


class Switch(Apply, Editing):
    """A switch: power, image, nvued, revisions, what is applied and what it would boot with."""

    def __init__(self, who: Identity, now: float, startup: Tree | None = None) -> None:
        self.who = who
        self.now = now
        self.startup: Tree = factory() if startup is None else startup
        self.applied: Tree = self.startup
        self.applied_id = "startup"
        self.accounts = Accounts(self.applied)
        self.revisions: dict[str, Revision] = {}
        self.pending: dict[str, str] = {}
        self.history: list[Entry] = []
        self.deeds: list[tuple[Deed, Tree]] = []
        self.effects: deque[Install | Power | FirstBoot] = deque()
        self.changed: Callable[[], None] = lambda: None
        """Called after anything a client may wait for has changed."""
        self._numbers = itertools.count(1)
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._turn = itertools.count()
        self._after_install: Callable[[str], None] | None = None
        self.busy: Revision | None = None
        self._before: tuple[Tree, str, frozenset[str]] | None = None
        self.forced: str = ""
        """A reason for which the next apply is refused (a fault)."""
        self.disk_full = False
        self.powered = True
        self.ssh_up = True
        self.nvued_up = True
        self.boots = 1
        self.booted_at = now
        self.image_staged: tuple[str, Tree | None, str] | None = None
        self.lease_until: float | None = None
        self.lost_until: float = 0
        """Management is lost until then (a fault)."""
        self.effects.append(Install(self.applied, frozenset()))
        self._after_install = lambda _error: None

    # --- time --------------------------------------------------------------------------------------

    def at(self, after_s: float, work: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        heapq.heappush(self._agenda, (self.now + after_s, next(self._turn), work))

    def next_due(self) -> float | None:
        """Return when something is to happen next; None: nothing is."""
        if self._after_install is not None:
            return None
        return self._agenda[0][0] if self._agenda else None

    def tick(self, now: float) -> None:
        """Let everything happen that is due; stops where an effect must be carried out first."""
        while self._after_install is None and self._agenda and self._agenda[0][0] <= now:
            due, _, work = heapq.heappop(self._agenda)
            self.now = max(self.now, due)
            work()
            self.changed()
        if self._after_install is None:
            self.now = max(self.now, now)

    def installed(self, error: str = "") -> None:
        """Report how the last :class:`Install` went; ``error`` is the reason why the data plane refused."""
        after, self._after_install = self._after_install, None
        if after is not None:
            after(error)
        self.changed()

    def install(self, tree: Tree, restarted: frozenset[str], after: Callable[[str], None]) -> None:
        """Ask for a configuration to be taken over, and go on when that is done."""
        self._after_install = after
        self.effects.append(Install(tree, restarted))

    # --- power, image, daemon ------------------------------------------------------------------------

    @property
    def boot_id(self) -> str:
        """Return what /proc/sys/kernel/random/boot_id holds: another with each boot."""
        text = hashlib.md5(f"{self.who.serial}:{self.boots}".encode(), usedforsecurity=False).hexdigest()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def reboot(self) -> None:
        """Go down now; come up with the startup configuration, or with a staged image."""
        if not self.powered:
            return
        self.powered = self.ssh_up = self.nvued_up = False
        self._agenda.clear()
        self._after_install = None
        self.busy = self._before = None
        self.lost_until = 0
        self.revisions.clear()
        self.pending.clear()
        self.effects.clear()
        self.effects.append(Power(on=False))
        self.at(seconds("shutdown") + (seconds("install") if self.image_staged else 0), self._power_on)
        self.changed()

    def _power_on(self) -> None:
        script: str | None = None
        if self.image_staged:
            image, tree, script = self.image_staged
            self.image_staged = None
            self.who = replace(self.who, nos=image)
            self.startup = factory() if tree is None else tree
            self.disk_full = False
            self.accounts.broken = frozenset()
        self.powered = True
        self.boots += 1
        self.booted_at = self.now
        self.applied, self.applied_id = self.startup, "startup"
        self.deeds.append(("boot", self.startup))
        self.accounts.follow(self.applied)
        self.lease_until = None
        self.effects.append(Power(on=True))
        self.at(seconds("boot-ssh"), self._ssh_answers)
        self.at(seconds("boot-nvued"), lambda: self._nvued_answers(script))

    def _ssh_answers(self) -> None:
        self.ssh_up = True

    def _nvued_answers(self, script: str | None) -> None:
        def up(_error: str) -> None:
            self.nvued_up = True
            if script is not None:
                self.effects.append(FirstBoot(script))

        self.install(self.applied, frozenset(), up)

    def stage_image(self, image: str, tree: Tree | None, script: str) -> None:
        """Have the next reboot install an image: with a startup configuration, or the factory's, and a first-boot script."""
        self.image_staged = (image, tree, script)

    def crash_nvued(self, restart_s: float | None) -> None:
        """Kill nvued; systemd brings it back after so many s, or never."""
        self.nvued_up = False
        if self.busy is not None and self.busy.state == "apply" and self._after_install is None:
            self.abandon("nvued died in the apply")
        if restart_s is not None:
            self.at(restart_s, self._nvued_back)
        self.changed()

    def _nvued_back(self) -> None:
        self.nvued_up = True

    # --- what answers --------------------------------------------------------------------------------

    def answers(self) -> tuple[bool, bool]:
        """Tell whether SSH and the API can be reached over the management network."""
        there = self.powered and self.ssh_up and self.now >= self.lost_until and self._eth0_is_right()
        ssh = there and picked(self.applied, ("system", "ssh-server", "state"), "enabled") == "enabled"
        api = there and picked(self.applied, ("system", "api", "state"), "enabled") == "enabled"
        return ssh, api

    def _eth0_is_right(self) -> bool:
        ip = picked(self.applied, ("interface", "eth0", "ip"), {})
        addresses = ip.get("address", {})
        if ip.get("vrf") != "mgmt":
            return False
        if "dhcp" in addresses:
            return True
        if self.lease_until is not None and self.now >= self.lease_until:
            return False
        return self.who.management in addresses if self.who.management else bool(addresses)

    def end_lease(self) -> None:
        """Give the DHCP lease back (``dhclient -r``)."""
        self.lease_until = None

    def lose_management(self, for_s: float) -> None:
        """Let nobody in for so many s (a fault)."""
        self.lost_until = self.now + for_s
        self.at(for_s, lambda: None)
        self.changed()

    def require_nvued(self) -> None:
        """Raise :class:`Refused` when nvued does not answer."""
        if not self.nvued_up:
            raise Refused("Could not connect to nvued", kind="down")

    def tree_of(self, name: str, user: str = "") -> Tree:
        """Return the configuration of ``applied``, ``startup``, ``empty``, ``pending`` or of a revision.

        Raises :class:`Refused` for a name that is none.
        """
        if name == "pending":
            held = self.pending.get(user)
            return self.applied if held is None else self.revisions[held].tree
        named: dict[str, Tree] = {"applied": self.applied, "startup": self.startup, "empty": {}}
        if name in named:
            return named[name]
        return self.revision(name).tree
