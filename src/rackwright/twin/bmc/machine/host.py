"""The host: power, POST with the jobs that run in it, what it boots; timings are [assumed] (redfish.md 2.2 power, 2.6 boot)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.refusal import Refusal

__all__ = ["MODES", "RESETS", "TARGETS", "Boot", "Host"]

RESETS: Final = (
    "On",
    "ForceOff",
    "ForceRestart",
    "GracefulRestart",
    "GracefulShutdown",
    "PushPowerButton",
    "Nmi",
    "PowerCycle",
)
"""What ComputerSystem.Reset takes [C]."""
TARGETS: Final = (
    "None",
    "Pxe",
    "Floppy",
    "Cd",
    "Hdd",
    "BiosSetup",
    "Utilities",
    "UefiTarget",
    "SDCard",
    "UefiHttp",
)
"""Targets of the boot override, on both captures [C]."""
MODES: Final = ("UEFI", "Legacy")
_WAYS: Final = ("Disabled", "Once", "Continuous")
_GRACEFUL: Final = frozenset({"GracefulShutdown", "GracefulRestart", "PushPowerButton"})
_PROGRESS: Final = {
    "off": "None",
    "post": "PrimaryProcessorInitializationStarted",
    "jobs": "SystemHardwareInitializationComplete",
    "starting-os": "OSBootStarted",
    "os": "OSRunning",
    "setup": "SetupEntered",
}
"""Phase -> BootProgress.LastState; ``OSRunning`` is captured, the others are DMTF's words."""


@dataclass(slots=True)
class Boot:
    """The boot override."""

    enabled: str = "Disabled"
    target: str = "None"
    mode: str = "UEFI"
    uri: str = ""
    """Of UefiHttp."""


class Host:
    """The server that the BMC looks after."""

    def __init__(self, bench: Bench, queue: Queue) -> None:
        self._bench = bench
        self._queue = queue
        self.on = True
        self.phase = "os"
        self.boot = Boot()
        self.booted = "Hdd"
        """What it booted last: a target, with the image where there was one."""
        self.reset_at = bench.now()
        self._event: int | None = None
        self._running: Job | None = None
        self._life = 0
        """Rises with each loss of power and each reset: what was under way in an older life must not go on."""
        self.cold: Callable[[], None] = lambda: None
        """Called when the host was without power and gets it back."""
        self.past_post: Callable[[], None] = lambda: None
        """Called when jobs have run and the host goes on to boot."""
        self.medium: Callable[[], str] = lambda: ""
        """Image in the virtual CD drive; empty: none."""
        self.on_boot: Callable[[str, str], None] | None = None
        """Called with target and image when an operating system or installer starts; whoever emulates hosts hooks in here."""
        self.on_down: Callable[[], None] | None = None
        """Called when what runs on it ends: power is lost, or it is reset."""
        self.ac_wanted: Callable[[], bool] = lambda: False
        """Whether a job asks for a virtual AC cycle now."""
        self.ac_cycle_now: Callable[[], None] = lambda: None

    @property
    def power(self) -> str:
        """Return PowerState."""
        return "On" if self.on else "Off"

    @property
    def progress(self) -> str:
        """Return BootProgress.LastState."""
        return _PROGRESS[self.phase]

    @property
    def server_status(self) -> str:
        """Return ServerStatus of GetRemoteServicesAPIStatus."""
        return "PoweredOff" if not self.on else "InPOST" if self.phase in {"post", "jobs"} else "OutOfPOST"

    def reset(self, kind: str) -> None:
        """Do ComputerSystem.Reset.

        Raises :class:`Refusal`: 400 for a kind that is none, 409 when the host is in that state already (row 35; the message is [assumed]).
        """
        if kind not in RESETS:
            raise Refusal(
                400, "Base.ActionParameterValueNotInList", [kind, "ResetType", "ComputerSystem.Reset"], ["#/ResetType"]
            )
        if self.on == (kind == "On") and kind != "PushPowerButton":
            raise Refusal(
                409, "Base.ActionNotSupported", [f"ResetType {kind} in power state {self.power}"], ["#/ResetType"]
            )
        life = self._life
        hit = self._bench.met("power")
        if self._life != life:
            return
        self._bench.deed("reset", kind)
        if kind in _GRACEFUL and self.on:
            if self.phase == "os" and "deaf-os" not in hit:
                self._bench.log("RAC0705")
                away = self.power_off if kind != "GracefulRestart" else self.restart
                self._later(self._bench.timings.shutdown, away)
        elif kind in {"On", "PushPowerButton"}:
            self._bench.log("RAC0701")
            self.power_on()
        elif kind == "ForceOff":
            self._bench.log("RAC0704")
            self.power_off()
        elif kind == "ForceRestart":
            self._bench.log("RAC0703")
            self.restart()
        elif kind == "PowerCycle":
            self._bench.log("RAC0702")
            self.cycle()

    def restart(self) -> None:
        """Restart without loss of power."""
        self._break_off()
        self._start()

    def cycle(self) -> None:
        """Take the power away and give it back."""
        self.power_off()
        self._later(self._bench.timings.off, self.power_on)

    def power_off(self) -> None:
        """Be off at once; a job that runs in POST is torn."""
        self._break_off()
        self.on, self.phase = False, "off"
        self._bench.deed("power-off")
        self._bench.event("System power is off.")

    def power_on(self) -> None:
        """Get power and start."""
        if self.on:
            return
        self.on = True
        self._bench.deed("power-on")
        self._bench.event("System power is on.")
        life = self._life
        self.cold()
        if self._life == life:
            self._start()

    def _start(self) -> None:
        self.phase = "post"
        self.reset_at = self._bench.now()
        self._bench.deed("post")
        self._later(self._bench.timings.post, self._next_job)

    def _break_off(self) -> None:
        self._life += 1
        if self._event is not None:
            self._bench.schedule.cancel(self._event)
            self._event = None
        if self.on_down is not None:
            self.on_down()
        torn, self._running = self._running, None
        if torn is not None and torn.open:
            self._bench.deed("torn", torn.target, torn.id)
            torn.facts["torn"] = "yes"
            self._queue.end(torn, "Failed", "PR21")
            if torn.finish is not None:
                torn.finish(torn)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        if self._event is not None:
            self._bench.schedule.cancel(self._event)

        def due() -> None:
            self._event = None
            action()

        self._event = self._bench.schedule.after(seconds, due)

    def _next_job(self) -> None:
        waiting = self._queue.due()
        if not waiting:
            self._leave_post()
            return
        self.phase = "jobs"
        job = waiting[0]
        if self._bench.locked():
            self._queue.end(job, "Failed", "JCP041")
            self._next_job()
            return
        self._running = job
        job.state, job.message_id, job.args, job.percent = "Running", "PR20", (), 1
        job.started = self._bench.now()
        assert job.run is not None  # noqa: S101 - due() gives only jobs with something to do
        life = self._life
        seconds = job.run(job)
        if self._life != life:
            return

        def done() -> None:
            self._running = None
            if job.finish is not None and job.open:
                job.finish(job)
            if self._life == life:
                self._next_job()

        self._later(seconds, done)

    def _leave_post(self) -> None:
        if self.ac_wanted():
            self.ac_cycle_now()
            return
        life = self._life
        self.past_post()
        if self._life != life:
            return
        if self.phase == "jobs":
            # Jobs end in a restart of the host of their own [assumed]; it is part of theirs and no reset that anybody asked for.
            self.phase = "post"
            self._later(self._bench.timings.post, self._leave_post)
            return
        hit = self._bench.met("boot")
        if self._life != life:
            return
        target, image = self._pick(ignored=hit.get("boot-ignored"))
        self.booted = f"{target} {image}".strip()
        self._bench.deed("boot", target, image)
        if target == "BiosSetup":
            self.phase = "setup"
            return
        self.phase = "starting-os"
        self._later(self._bench.timings.os_boot, lambda: self._run(target, image))

    def _pick(self, ignored: object) -> tuple[str, str]:
        """Choose what to boot; an override that says Once is used up. A CD without a medium falls through to the disk."""
        boot = self.boot
        target = boot.target if boot.enabled != "Disabled" and boot.target != "None" else "Hdd"
        stays = ignored is not None and getattr(ignored, "value", "") == "stays"
        image = self.medium() if target == "Cd" else boot.uri if target == "UefiHttp" else ""
        if boot.enabled == "Once" and not stays:
            self.boot = Boot(mode=boot.mode)
        if ignored is not None or (target == "Cd" and not image):
            return "Hdd", ""
        return target, image

    def _run(self, target: str, image: str) -> None:
        self.phase = "os"
        if self.on_boot is not None:
            self.on_boot(target, image)

    def set_boot(
        self, *, enabled: str | None = None, target: str | None = None, mode: str | None = None, uri: str | None = None
    ) -> None:
        """PATCH of the system's Boot. Raises :class:`Refusal` for a value that is not allowed.

        Whether a real one makes a job of it differs (redfish.md 2.6); this one sets it at once, and refuses while a BIOS job waits.
        """
        self._bench.met("boot-set")
        for value, allowed, name in ((enabled, _WAYS, "Enabled"), (target, TARGETS, "Target"), (mode, MODES, "Mode")):
            if value is not None and value not in allowed:
                place = f"BootSourceOverride{name}"
                raise Refusal(400, "SYS426", [value, place], [f"#/Boot/{place}"])
        if self._queue.open(kind="BIOSConfiguration"):
            raise Refusal(400, "SYS011")
        boot = self.boot
        wanted = target if target is not None else boot.target
        way = (
            enabled
            if enabled is not None
            else ("Once" if target not in (None, "None") and boot.enabled == "Disabled" else boot.enabled)
        )
        self.boot = Boot(
            way, "None" if way == "Disabled" else wanted, mode or boot.mode, uri if uri is not None else boot.uri
        )
        self._bench.deed("boot-set", self.boot.target, self.boot.enabled)
