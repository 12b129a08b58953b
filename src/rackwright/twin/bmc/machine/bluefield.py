"""The BMC of a BlueField-3 (captured tree BF-24.10-10; redfish.md 2.5): its inventory, one update at a time, what comes into force when."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rackwright.errors import TwinError
from rackwright.twin.bmc.machine.accounts import FACTORY_PASSWORD, Accounts
from rackwright.twin.bmc.machine.bench import Bench, Timings
from rackwright.twin.bmc.machine.controller import SESSION_TIMEOUT_S, Controller
from rackwright.twin.bmc.machine.endings import close, ending, mark
from rackwright.twin.bmc.machine.hardware import Nic
from rackwright.twin.bmc.machine.image import Image, parse
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.schedule import Clock, Schedule
from rackwright.twin.faults import Fault, Faults

__all__ = ["Bluefield", "Card", "DpuFirmware", "Member"]

_BUSY: Final = 30
_MINUTES: Final = {"BMC_Firmware": 5, "Bluefield_FW_ERoT": 5, "DPU_OS": 25}
"""An update takes 3 to 40 minutes (Mellanox/dpu-update, redfish.md 2.5); which takes how long is [assumed]."""
_ROWS: Final = (
    ("BMC_Firmware", "Software Inventory", "BF-24.10-10", True, "0x0018"),
    ("Bluefield_FW_ERoT", "Software Inventory", "00.02.0182.0000_n02", True, "0xFF00"),
    ("DPU_ATF", "ATF image", "v2.2(release):4.9.0-25-g0ce57e322", False, "0"),
    ("DPU_BSP", "BSP image", "4.9.0.13378", False, "0"),
    ("DPU_NIC", "NIC image", "32.43.1014", False, "0"),
    ("DPU_OFED", "OFED image", "MLNX_OFED_LINUX-24.10-0.6.8", False, "0"),
    ("DPU_OS", "OS image", "bf-bundle-2.9.0-90_24.10_ubuntu-22.04_prod", True, "0"),
    ("DPU_UEFI", "UEFI image", "4.9.0-46-g7e3911bd4d", False, "0"),
    ("golden_image_arm", "ARM golden image", "version not available", True, ""),
    ("golden_image_config", "Config golden image", "version not available", True, ""),
    ("golden_image_nic", "NIC golden image", "version not available", True, ""),
)
"""Ids, versions and flags as captured."""


@dataclass(frozen=True, slots=True)
class Card:
    """What the BMC tells of itself."""

    name: str
    model: str
    service_tag: str
    serial: str
    part: str
    bmc_mac: str
    nic: Nic


@dataclass(slots=True)
class Member:
    """One member of the inventory."""

    id: str
    name: str
    version: str
    updateable: bool
    software_id: str
    staged: str = ""


class DpuFirmware:
    """The update service: images in one at a time (``StageAndActivate``), tasks."""

    def __init__(self, bench: Bench, queue: Queue, bmc: Controller, versions: Mapping[str, str]) -> None:
        self._bench, self._queue, self._bmc = bench, queue, bmc
        self.members = {row[0]: Member(*row) for row in _ROWS}
        for key, version in versions.items():
            # An iDRAC's row of the card and the card's own BMC tell of one firmware.
            name = "DPU_NIC" if key == "bluefield-firmware" else key
            if name in self.members:
                self.members[name].version = version

    def inventory(self) -> list[Member]:
        """Return the members of the inventory."""
        return list(self.members.values())

    def upload(self, data: bytes, filename: str, apply_time: str = "Immediate", targets: Sequence[str] = ()) -> Job:
        """Take an image whole; returns its task. Raises :class:`Refusal`."""
        job = self.start(filename, apply_time, targets)
        return self.deliver(job.id, data)

    def start(self, filename: str, apply_time: str = "Immediate", targets: Sequence[str] = ()) -> Job:  # noqa: ARG002 - as an iDRAC's
        """Make the task that fetches an image. Raises :class:`Refusal`: another update runs, or another time than at once is wanted."""
        hit = self._bench.met("update")
        if apply_time != "Immediate":
            raise Refusal(400, "Base.PropertyValueNotInList", [apply_time, "@Redfish.OperationApplyTime"])
        if self._queue.open():
            raise Refusal(503, "Base.ServiceTemporarilyUnavailable", [_BUSY], retry_after_s=_BUSY)
        job = self._queue.add("FirmwareUpdate", "Firmware Update", delayed=False)
        mark(job, hit, self._bench.now())
        job.facts["target"] = targets[0] if targets else ""
        job.state, job.started, job.percent = "Running", self._bench.now(), 0
        return job

    def deliver(self, job: str, data: bytes) -> Job:
        """Give a task the bytes of its image."""
        found = self._queue.find(job)
        image = parse(data)
        member = self._member(image, found.facts["target"]) if image else None
        if image is None or member is None or not image.signed:
            self._queue.end(found, "Failed", "Update.VerificationFailed", found.name)
            return found
        hit = self._bench.met("flash")
        ending(found, hit)
        found.target, found.name = member.id, f"Firmware Update: {member.id}"
        self._bench.deed("flash", member.id, image.version)
        self._bench.schedule.after(60 * _MINUTES[member.id], lambda: self._finish(found, member, image))
        return found

    def lose(self, job: str, message_id: str = "Update.TransferFailed") -> None:
        """Say that the image could not be fetched."""
        self._queue.end(self._queue.find(job), "Failed", message_id)

    def _member(self, image: Image, target: str) -> Member | None:
        fitting = [one for one in self.members.values() if one.id in _MINUTES and target in ("", one.id)]
        return next((one for one in fitting if any(fnmatch.fnmatchcase(one.id, text) for text in image.fqdds)), None)

    def _finish(self, job: Job, member: Member, image: Image) -> None:
        if not job.open:
            return
        if job.facts.get("ending") in {"fail", "timeout", "errors"}:
            close(self._queue, job)
            return
        self._queue.end(job, "Completed", "Update.UpdateSuccessful", member.id)
        if job.facts.get("ending") == "silent":
            return
        member.staged = image.version
        for name, version in image.carries.items():
            if name in self.members:
                self.members[name].staged = version
        if member.id == "BMC_Firmware":
            self._bmc.restart(updated=True)
        elif member.id == "DPU_OS":
            self._bring_in(name for name in (member.id, *image.carries) if name != "DPU_NIC")

    def _bring_in(self, names: Iterable[str]) -> None:
        for name in names:
            one = self.members.get(name)
            if one is not None and one.staged:
                one.version, one.staged = one.staged, ""
                self._bench.deed("activate", one.id, one.version)

    def interrupted(self) -> None:
        """Tear what is being written when the BMC goes down."""
        for job in self._queue.open():
            self._bench.deed("torn", job.target, job.id)
            self._queue.end(job, "Failed", "PR21")

    def restarted(self) -> None:
        """Take the BMC's own new version into force."""
        self._bring_in(["BMC_Firmware"])

    def flash_from_host(self, version: str) -> None:
        """Stage what the host's own tools write into the card; in force after a power cycle of the host."""
        self.members["DPU_NIC"].staged = version

    def host_power_cycled(self) -> None:
        """Take into force what waits for a power cycle of the host: the NIC's firmware and the root of trust (redfish.md 0 item 4)."""
        self._bring_in(["DPU_NIC", "Bluefield_FW_ERoT"])


class Bluefield:
    """The BMC of one BlueField-3."""

    kind = "bluefield"

    def __init__(
        self,
        name: str,
        nic: Nic,
        clock: Clock,
        faults: Faults,
        *,
        versions: Mapping[str, str] | None = None,
        user: str = "root",
        password: str = FACTORY_PASSWORD,
        timings: Timings | None = None,
    ) -> None:
        self.hardware = Card(name, nic.model, nic.serial, nic.serial, nic.part, nic.bmc_mac, nic)
        self.user = user
        self.bench = bench = Bench(name, Schedule(clock), faults, timings or Timings(), utc_offset_minutes=0)
        self.queue = Queue(bench, numbered=True)
        self.bmc = Controller(bench)
        self.accounts = Accounts(bench, user, password)
        self.firmware = DpuFirmware(bench, self.queue, self.bmc, versions or {})
        self.tells_health = True
        self.bmc.back = self.firmware.restarted
        self.bmc.going = self.firmware.interrupted
        bench.strike = self.strike

    def tick(self) -> None:
        """Catch up with the clock; call it before looking."""
        self.bench.schedule.advance()

    def next_due(self) -> float | None:
        """Return when something is next due by the clock; ``None``: nothing is."""
        due = [at for at in (self.bench.schedule.next(), self.bmc.next_change()) if at is not None]
        return min(due, default=None)

    @property
    def service_tag(self) -> str:
        """Return the serial number of the card."""
        return self.hardware.serial

    @property
    def power(self) -> str:
        """Return PowerState."""
        return "On"

    @property
    def bmc_version(self) -> str:
        """Return the version of the BMC."""
        return self.firmware.members["BMC_Firmware"].version

    @property
    def bios_version(self) -> str:
        """Return the version of the DPU's UEFI."""
        return self.firmware.members["DPU_UEFI"].version

    @property
    def registry_prefix(self) -> str:
        """Return the name of its message registry [assumed]."""
        return "OpenBMC.0.4"

    @property
    def most_sessions(self) -> int:
        """Return how many sessions there may be at once [assumed]."""
        return 64

    @property
    def session_timeout_s(self) -> int:
        """Return after how many seconds an idle session ends [C]."""
        return SESSION_TIMEOUT_S

    def open_jobs(self) -> list[Job]:
        """Return the tasks that may still do something."""
        return self.queue.open()

    def admit(self, method: str, path: str) -> None:
        """Let every request in: it knows no lockdown."""

    def restart_bmc(self) -> None:
        """Manager.Reset."""
        self.bmc.restart()

    def strike(self, fault: Fault) -> None:
        """Do at once what a fault without an operation does. Raises :class:`TwinError` where it cannot."""
        if fault.kind == "clock-off":
            self.bench.clock_offset = float(fault.value or 7200)
        elif fault.kind == "no-health":
            self.tells_health = False
        elif not self.bmc.strike(fault):
            raise TwinError(f"{fault.kind} is nothing that the BMC of a BlueField can suffer")

    def mend(self) -> list[str]:
        """Undo what faults did; returns what was undone."""
        self.bmc.mend()
        mended = ["clock"] if self.bench.clock_offset else []
        self.bench.clock_offset, self.tells_health = 0.0, True
        return mended
