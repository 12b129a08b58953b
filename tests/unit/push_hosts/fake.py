"""A host in memory: its boots, its steps, its note that a restart is due; and plays as they would go on it."""

from __future__ import annotations

from pathlib import Path

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.hosts.model import Change, HostFacts, HostResult, Played, Said
from rackwright.errors import AuthRefused, LostMidCommand, Unreachable
from rackwright.push.hosts.order import HostOrder, Limits, Order, StageOrder
from rackwright.push.hosts.procedure import Playbooks
from rackwright.push.hosts.program import PushHosts
from tests.unit.push.fake import Clock, Journal, Moments

MAIN, VERIFY = Path("/books/site.yml"), Path("/books/verify.yml")
STAGES = (
    StageOrder(steps=("base", "kernel"), reboot="warm", asking={"kernel": "warm"}),
    StageOrder(steps=("ofed", "config"), reboot="cold", asking={"ofed": "warm", "config": "cold"}),
    StageOrder(steps=("runtime", "verify")),
)
NOTING = frozenset({"kernel", "ofed"})
BOOT_S = 60


class World:
    """One host, its BMC and its Ansible; each thing that happens is a moment at which it may strike."""

    def __init__(self, moments=None, *, tag="TAG0001"):
        self.clock = Clock()
        self.moments = moments or Moments()
        self.tag = tag
        self.boots = 1
        self.cold = 1
        """The boot that came after the last loss of power."""
        self.power = "On"
        self.up_at = 0.0
        self.note = 0
        self.installed: dict[str, int] = {}
        self.deeds: list[str] = []
        self.fails: dict[str, HostResult] = {}
        self.during: dict[str, object] = {}
        self.deaf = False
        self.dead = False
        self.state = Path("/nowhere")
        self.twin = False
        self.database = None
        self.answered = Path()
        self.resolvers = ()
        self.open: set[_Session] = set()
        self.logins = 0
        """Those that succeeded; ``looks``: all that were tried."""
        self.looks = 0
        self.shut_from = self.shut_until = float("inf")
        """Between them nobody is let in any more, and who is in stays in (pam_nologin)."""

    # --- its life ----------------------------------------------------------------------------

    def answers(self):
        return self.power == "On" and not self.dead and self.clock.now() >= self.up_at

    def boot(self):
        self.boots += 1
        self.up_at = self.clock.now() + BOOT_S

    def live(self, step):
        """Say whether a step is in force: what needs a restart was installed in an earlier boot, parameters before the last cold one."""
        if step not in self.installed:
            return False
        since = self.cold if step == "config" else self.boots
        return self.installed[step] < since or not (step in NOTING or step == "config")

    # --- how it is reached -------------------------------------------------------------------

    def host_endpoint(self, device):
        return Endpoint(device=device, host="192.0.2.1")

    def host(self, device):
        self.moments.pass_by("login")
        self.looks += 1
        if self.shut_from <= self.clock.now() < self.shut_until:
            raise AuthRefused(f"{device} lets nobody in", device=device)
        if not self.answers():
            raise Unreachable(f"{device} cannot be reached", device=device, remedy="see its cable")
        self.logins += 1
        return _Session(self)

    def bmc(self, _device):
        return _Bmc(self)

    def play(self, play, *, heard=None, ask=None):
        (target,) = play.targets
        if self.twin:
            ask(target.name, lambda session: session.feed("play", b"", limit_s=1))
        word = "prove" if play.playbook == VERIFY else "check" if play.check else "play"
        self.deeds.append(f"{word} {' '.join(target.steps)}")
        return Played(status="successful", hosts={target.name: self._played(target, word)})

    def _played(self, target, word):
        changes, done = [], []
        for step in target.steps:
            self.moments.pass_by(f"{word} {step}")
            if self.during.get(step):
                self.during.pop(step)(self)
            if not self.answers():
                return HostResult(
                    host=target.name, state="unreachable", role=step, task="Do", roles=(*done, step), done=tuple(done)
                )
            if step in self.fails and word != "prove":
                return self.fails[step]
            if word == "prove" and not self.live(step):
                text = f"{step} is not in force"
                return HostResult(
                    host=target.name, state="failed", role=step, task="Judge", message=text, done=tuple(done)
                )
            if word != "prove" and step not in self.installed:
                changes.append(Change(role=step, task="Install"))
            if word == "play" and step not in self.installed:
                self.installed[step] = self.boots
                self.note = self.boots if step in NOTING else self.note
            done.append(step)
        state = "changed" if changes else "ok"
        return HostResult(host=target.name, state=state, changes=tuple(changes), roles=tuple(done), done=tuple(done))


class _Session:
    def __init__(self, world):
        self.world = world
        self.boot = world.boots
        world.open.add(self)

    def see(self):
        """End with the boot that it began in."""
        if self.boot != self.world.boots or not self.world.answers():
            raise Unreachable("the session has ended; nothing was sent", device="gpu01", remedy="see its cable")

    def feed(self, _command, _stdin, *, limit_s):
        self.see()
        return b""

    def facts(self):
        self.see()
        world = self.world
        return HostFacts(
            hostname="gpu01",
            boot_id=f"boot-{world.boots}",
            service_tag=world.tag,
            restart_due=world.note == world.boots,
        )

    def restart(self):
        self.see()
        self.world.moments.pass_by("restart before")
        if not self.world.deaf:
            self.world.deeds.append("restart")
            self.world.boot()
        self.world.moments.pass_by("restart after")

    def run(self, command, *, sudo=False, limit_s=0):
        self.see()
        self.world.deeds.append("reset of adapters")
        if self.world.deaf:
            raise LostMidCommand("gone", device="gpu01")
        return Said(tuple(command), 0, "", "")

    def close(self):
        self.world.open.discard(self)


class _Bmc:
    def __init__(self, world):
        self.world = world

    def power(self):
        return self.world.power

    def reset(self, kind):
        world = self.world
        world.moments.pass_by(f"power {kind} before")
        if kind == "On" and world.power == "Off":
            world.power = "On"
            world.boot()
            world.cold = world.boots
        elif kind != "On":
            world.power = "Off"
        world.deeds.append(f"power {kind}")
        world.moments.pass_by(f"power {kind} after")

    def close(self):
        pass


class Bench:
    """The work on the host, in as many lives as it takes."""

    def __init__(self, folder, world=None, *, stages=STAGES, verify=VERIFY, drained_by=""):
        self.folder = Path(folder)
        self.world = world or World()
        self.world.answered = self.folder / "answered"
        host = HostOrder(device="gpu01", tag="TAG0001", stages=stages, macs=("02:00:00:00:00:01",))
        limits = Limits(login_s=120, blip_s=300, heed_s=120, boot_s=600, poll_s=5)
        self.order = Order(
            site="s", intent="i", hosts=(host,), waves=(("servers", ("gpu01",)),), drained_by=drained_by, limits=limits
        )
        self.playbooks = Playbooks(MAIN, verify)
        self.entries = {}

    def life(self):
        world = self.world
        self.journal = Journal(self.folder / "run", self.entries, world.moments)
        program = PushHosts(world, self.playbooks, gather_s=0)
        return program.device(self.journal, self.order.encoded(), "gpu01")

    def right(self):
        return all(self.world.live(step) for stage in STAGES for step in stage.steps)
