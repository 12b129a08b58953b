"""A BMC in memory, for what is asked of one session: passwords, accounts, attributes, media, boot, power."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rackwright.drivers.redfish.model import Boot, Media
from rackwright.errors import AuthRefused, LostMidCommand
from rackwright.secrets import Secret

ATTRIBUTES = "/redfish/v1/Managers/iDRAC.Embedded.1/Oem/Dell/DellAttributes/iDRAC.Embedded.1"


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class Box:
    """The machine behind all sessions."""

    password: str = "as-delivered-1"
    attributes: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    deaf: set[str] = field(default_factory=set)
    """Attributes that it takes and does not change."""
    lose: list[tuple[str, bool]] = field(default_factory=list)
    """Operations whose answer is lost, each with whether it was done."""
    wrong: list[float] = field(default_factory=list)
    """When a wrong password came."""
    sessions: int = 0
    media: dict[str, str] = field(default_factory=lambda: {"CD": ""})
    boot: Boot = field(default_factory=Boot)
    power: str = "On"
    jobs: tuple[Any, ...] = ()
    bios: dict[str, Any] = field(default_factory=lambda: {"SecureBoot": "Disabled"})
    pending: dict[str, Any] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    hooks: dict[str, Callable[[Box], None]] = field(default_factory=dict)


class Way:
    """A way to one box."""

    def __init__(self, box: Box, secrets: dict[str, str]) -> None:
        self.box = box
        self.clock = Clock()
        self.secrets = secrets
        self.state = Path("/nowhere")
        self.bmcs = {}

    store = "file"

    @property
    def resolvers(self):
        return (self,)

    def find(self, name: str) -> Secret | None:
        return Secret(self.secrets[name]) if name in self.secrets else None

    def bmc(self, device, *, patience_s=0, password=None, user=""):
        shown = password.reveal() if password else self.secrets["bmc"]
        box = self.box
        now = self.clock.now()
        recent = [at for at in box.wrong if now - at < 60]
        if len(recent) >= 3 or shown != box.password:
            box.wrong.append(now)
            raise AuthRefused(f"{device} does not let root in", device=device)
        box.sessions += 1
        return Session(box, device)


class Session:
    """One session with a box."""

    def __init__(self, box: Box, device: str) -> None:
        self.box = box
        self.device = device
        self.open = True

    def _do(self, what: str, work: Callable[[], None]) -> None:
        assert self.open
        self.box.said.append(what)
        lost = next(((name, done) for name, done in self.box.lose if name == what), None)
        if lost is not None:
            self.box.lose.remove(lost)
        if lost is None or lost[1]:
            work()
        if lost is not None:
            raise LostMidCommand(f"{self.device}: the connection broke", device=self.device)

    def set_password(self, user, password):
        self._do("password", lambda: setattr(self.box, "password", password))

    def add_account(self, user, password, role="Administrator"):
        if self.box.accounts.get(user) != role:
            self._do("account", lambda: self.box.accounts.update({user: role}))

    def change_settings(self, attributes):
        kept = {name: value for name, value in attributes.items() if name not in self.box.deaf}
        self._do("attributes", lambda: self.box.attributes.update(kept))

    def read(self, topics):
        return {
            ATTRIBUTES: {"Attributes": dict(self.box.attributes)},
            "/redfish/v1/Systems/System.Embedded.1/Bios": {"Attributes": dict(self.box.bios)},
            "/redfish/v1/Systems/System.Embedded.1/Bios/Settings": {"Attributes": dict(self.box.pending)},
        }

    def close(self):
        if self.open:
            self.open = False
            self.box.sessions -= 1

    def media(self):
        return tuple(Media(name=name, image=image, inserted=bool(image)) for name, image in self.box.media.items())

    def insert(self, url):
        self._do("insert", lambda: self._hooked("insert", lambda: self.box.media.update({"CD": url})))
        return "CD"

    def eject(self):
        self._do("eject", lambda: self._hooked("eject", lambda: self.box.media.update({"CD": ""})))

    def boot(self):
        return self.box.boot

    def boot_once(self, target, *, uri=""):
        made = Boot(target=target, enabled="Once", mode="UEFI")
        self._do("boot", lambda: self._hooked("boot", lambda: setattr(self.box, "boot", made)))

    def jobs(self):
        return self.box.jobs

    def power(self):
        return self.box.power

    def reset(self, kind):
        after = {"On": "On", "ForceOff": "Off", "GracefulShutdown": "Off"}[kind]
        self._do(kind, lambda: self._hooked(kind, lambda: setattr(self.box, "power", after)))

    def stage_bios(self, attributes):
        self._do("bios", lambda: self.box.pending.update(attributes))
        return "JID_1"

    def _hooked(self, name: str, usual: Callable[[], Any]) -> None:
        hook = self.box.hooks.get(name)
        if hook is None:
            usual()
        else:
            hook(self.box)
