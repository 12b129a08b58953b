"""A switch in memory with commit-confirm, a timer, the breakout rule and masked secrets; and a journal in memory.

Every driver call and every journal write is a moment at which it can be cut off.
"""

import copy
import re
from pathlib import Path
from typing import Any

import msgspec

from rackwright.diff.changes import flatten, is_secret
from rackwright.drivers.nvue.model import Confirm, Facts
from rackwright.errors import DeviceRefused, Unreachable
from rackwright.nvue.emit import dump
from rackwright.nvue.tree import get, put


class Killed(BaseException):
    """kill -9, as far as one process can play it."""


class Moments:
    """Counts moments and strikes at one of them."""

    def __init__(self, strike=None, blow=Killed):
        self.count = 0
        self.strike = strike
        self.blow = blow
        self.names = []

    def pass_by(self, name):
        """Count one moment; raise when it is the one."""
        self.count += 1
        self.names.append(name)
        if self.count == self.strike:
            raise self.blow(name) if self.blow is Killed else self.blow(f"cut at {name}", device="be01")


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self):
        self.time = 0.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += max(seconds, 0.0)


def masked(tree):
    """Return a tree as `nv config show` prints it."""
    shown = {}
    for path, leaf in flatten(tree).items():
        put(shown, path, "*" if is_secret(path) else leaf)
    return shown


class Switch:
    """One switch; sessions are opened on it."""

    def __init__(self, applied, clock, *, name="be01", serial="X78DR64", cabled=()):
        self.applied = copy.deepcopy(applied)
        self.saved = copy.deepcopy(applied)
        self.clock = clock
        self.name = name
        self.serial = serial
        self.version = "5.12.1"
        self.cabled = set(cabled)
        self.far = {}
        """Other ends of cables: port -> (switch, port)."""
        self.dead = set()
        """Ports that stay down whatever is configured."""
        self.held = set()
        """Ports in protodown, as EVPN multihoming holds them."""
        self.dark_until = 0.0
        self.dark = 0.0
        """How long it cannot be reached after an apply."""
        self.after_apply = None
        """Called with the switch once an apply took place."""
        self.refusal = ""
        self.foreign_edit = None
        self.silent = False
        self.revisions = {}
        self.before = None
        self.deadline = 0.0
        self.moments = Moments()
        self.applies = 0
        self.history = []
        self.calls = []

    def tick(self):
        """Let the timer of an unconfirmed apply end."""
        if self.before is not None and self.clock.now() >= self.deadline:
            self.applied, self.before = self.before, None
            self.dark_until = 0.0
            self.history.append("timer")

    def connect(self, _device="be01"):
        """Open a session."""
        self.moments.pass_by("connect")
        self.tick()
        self.reachable()
        return Session(self)

    def reachable(self):
        if self.silent or self.clock.now() < self.dark_until:
            raise Unreachable("no route", device=self.name, remedy="see that it has power")

    def up(self):
        """Return the cabled ports that are up, as configured here and at the other end."""
        return {port for port in self.lit() if port not in self.far or self.far[port][1] in self.far[port][0].lit()}

    def lit(self):
        """Return the cabled ports that are up as configured here."""
        interfaces = self.applied.get("interface", {})
        found = set()
        for port in self.cabled - self.dead - self.held:
            split = re.fullmatch(r"(swp\d+)s\d+", port)
            if split and not get(self.applied, "interface", split[1], "link", "breakout"):
                continue
            state = get(interfaces, port, "link", "state", default={})
            if "up" in state:
                found.add(port)
        return found


class Session:
    """The driver's protocol over a switch in memory."""

    def __init__(self, switch):
        self.switch = switch
        self.open = True

    def _call(self, name, work):
        assert self.open, "a closed session was used"
        switch = self.switch
        switch.calls.append(name)
        switch.tick()
        switch.reachable()
        switch.moments.pass_by(f"{name} before")
        value = work()
        switch.moments.pass_by(f"{name} after")
        return value

    def facts(self):
        switch = self.switch
        hostname = get(switch.applied, "system", "hostname", default="cumulus")
        return self._call("facts", lambda: Facts(hostname=hostname, serial=switch.serial, version=switch.version))

    def running(self):
        return self._call("running", lambda: masked(self.switch.applied))

    def startup(self):
        return self._call("startup", lambda: masked(self.switch.saved))

    def stage(self, tree):
        def work():
            for path, leaf in flatten(tree).items():
                assert not (isinstance(leaf, dict) and leaf), f"a reference was sent: {path}"
                assert not (is_secret(path) and leaf == "*"), f"a mask was sent: {path}"
            revision = str(len(self.switch.revisions) + 1)
            self.switch.revisions[revision] = copy.deepcopy(tree)
            return revision

        return self._call("stage", work)

    def difference(self, revision):
        return self._call("difference", lambda: self._difference(revision))

    def _difference(self, revision):
        old, new = flatten(self.switch.applied), flatten(self.switch.revisions[revision])
        changed = {path: leaf for path, leaf in new.items() if path not in old or old[path] != leaf}
        gone = {path: leaf for path, leaf in old.items() if path not in new}
        parts = []
        for name, leaves in (("set", changed), ("unset", gone)):
            tree = {}
            for path, leaf in leaves.items():
                put(tree, path, leaf)
            if name == "set" and self.switch.foreign_edit:
                put(tree, self.switch.foreign_edit, "x")
            if tree:
                parts.append(dump(tree, model="", nos="").split("- set:")[1].join((f"- {name}:", "")))
        return "".join(parts)

    def apply(self, revision, *, confirm_s):
        def work():
            switch = self.switch
            if switch.refusal:
                raise DeviceRefused(switch.refusal, device=switch.name, remedy="mend it")
            new = switch.revisions[revision]
            self._breakout_rule(switch.applied, new)
            assert switch.before is None, "an apply under a running timer"
            switch.before, switch.applied = switch.applied, copy.deepcopy(new)
            switch.deadline = switch.clock.now() + confirm_s
            switch.dark_until = switch.clock.now() + switch.dark
            switch.applies += 1
            switch.history.append("apply")
            if switch.after_apply is not None:
                switch.after_apply(switch)

        self._call("apply", work)

    @staticmethod
    def _breakout_rule(old, new):
        """RN-3362113, and the guide's way to remove a breakout."""
        names = {*old.get("interface", {}), *new.get("interface", {})}
        for cage in names:
            was = get(old, "interface", cage, "link", "breakout")
            will = get(new, "interface", cage, "link", "breakout")
            if was == will:
                continue
            subs = [name for name in names if name.startswith(f"{cage}s")]
            if any(get(new, "interface", sub, "qos") != get(old, "interface", sub, "qos") for sub in subs):
                raise DeviceRefused("breakout and QoS in one apply", device="be01")
            if was and any(get(old, "interface", sub) for sub in subs):
                raise DeviceRefused("sub-ports are still configured", device="be01")

    def confirmation(self):
        def work():
            switch = self.switch
            if switch.before is None:
                return Confirm(state="none")
            return Confirm(state="waiting", revision="1", left_s=switch.deadline - switch.clock.now())

        return self._call("confirmation", work)

    def confirm(self):
        def work():
            switch = self.switch
            if switch.before is None:
                raise DeviceRefused("nothing waits", device=switch.name)
            switch.before = None
            switch.saved = copy.deepcopy(switch.applied)
            switch.history.append("confirm")

        self._call("confirm", work)

    def rollback(self):
        def work():
            switch = self.switch
            if switch.before is not None:
                switch.applied, switch.before = switch.before, None
                switch.history.append("rollback")

        self._call("rollback", work)

    def save(self):
        self._call("save", lambda: setattr(self.switch, "saved", copy.deepcopy(self.switch.applied)))

    def show(self, path, kind=Any):
        def work():
            switch = self.switch
            if path == "interface":
                up = switch.up()
                held = {"protodown": "enabled", "protodown-reason": "evpn-mh"}
                return {
                    port: {
                        "type": "swp",
                        "link": {"oper-status": "up" if port in up else "down"} | (held if port in switch.held else {}),
                    }
                    for port in switch.cabled
                }
            if path.startswith("vrf "):
                peers = get(switch.applied, *path.split(), default={})
                up = switch.up()
                return {peer: {"state": "established" if peer in up else "idle"} for peer in peers}
            if path in ("system", "platform"):
                return {}
            raise DeviceRefused("The requested item does not exist.", device=switch.name)

        return self._call(f"show {path}", lambda: msgspec.convert(work(), kind))

    def run(self, command):
        return self._call("run", lambda: f"said of {command}\n")

    def close(self):
        self.open = False


class Journal:
    """A context whose journal outlives it: give the same `entries` again to resume."""

    run_id = "20261126-210145-kdp"

    def __init__(self, folder, entries=None, moments=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.entries = {} if entries is None else entries
        self.moments = moments or Moments()
        self.events = []

    def step(self, name, work):
        if name in self.entries:
            return msgspec.json.decode(self.entries[name])
        value = msgspec.json.encode(work())
        self.moments.pass_by(f"journal {name} before")
        self.entries[name] = value
        self.moments.pass_by(f"journal {name} after")
        return msgspec.json.decode(value)

    def sleep(self, seconds):
        raise AssertionError("nothing waits between steps")

    def event(self, text, **fields):
        self.events.append((text, fields))

    def stop(self):
        """Ask to stop, as another process does."""
        (self.folder / "cancel").touch()

    def cancelled(self):
        return (self.folder / "cancel").exists()
