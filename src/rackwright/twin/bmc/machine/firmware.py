"""The update service of an iDRAC: images in, jobs, what is flashed and when it comes into force (redfish.md 2.5, 5 rows 26 to 29)."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from typing import Final

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.bios import Bios
from rackwright.twin.bmc.machine.controller import Controller
from rackwright.twin.bmc.machine.endings import close, ending, mark
from rackwright.twin.bmc.machine.host import Host
from rackwright.twin.bmc.machine.image import Image, parse
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.registry import attribute
from rackwright.twin.bmc.machine.software import Activation, Component, Row, lower, rows

__all__ = ["APPLY_TIMES", "Firmware"]

APPLY_TIMES: Final = ("Immediate", "OnReset", "OnStartUpdateRequest")
"""[C]; the twin does the first two: ``Immediate`` restarts the host where that is needed, ``OnReset`` waits for somebody to
(DeviceFirmwareMultipartUploadREDFISH.py of dell/iDRAC-Redfish-Scripting)."""
_ENDINGS: Final = (".exe", ".d9", ".d10", ".pm", ".d7", ".efi", ".bin64")
_IDRAC: Final = "iDRAC.Embedded.1-1"
_LC: Final = "USC.Embedded.1:LC.Embedded.1"
_BY_HAND: Final = {"power": "SUP0544", "ac": "SUP0545"}
_LEVELS: Final = {"bios": ("BIOS.Setup.1-1", "RED147"), "cpld": ("CPLD.Embedded.1", "RED145")}


class Firmware:
    """Components with their versions, and the jobs that change them."""

    def __init__(
        self,
        bench: Bench,
        queue: Queue,
        found: dict[str, Component],
        *,
        model: str,
        host: Host,
        bmc: Controller,
        bios: Bios,
    ) -> None:
        self._bench, self._queue, self._host, self._bmc, self._bios = bench, queue, host, bmc, bios
        self._model = model
        self.components = found
        self.available: dict[str, tuple[Image, Component]] = {}
        """Images pushed to HttpPushUri and not installed yet, by their ``Available-`` id (two-step update of old builds)."""
        self.downgrades = True
        """Whether a lower version may be installed at all."""
        self.full = False
        """A fault says that there is no room."""
        self._images: dict[str, tuple[Image, list[Component]]] = {}
        self._resets: tuple[str, ...] = ()
        self._self_cycle = False

    def inventory(self) -> list[Row]:
        """Return the members of the firmware inventory."""
        found = list(rows(self.components))
        for name, (image, component) in self.available.items():
            found.append(Row(name, "AvailableForInstallation", image.version, component))
        return found

    def row(self, key: str) -> Row | None:
        """Return one member of it; its id ends with the component's FQDD."""
        part = self.components.get(key.rpartition("__")[2])
        named = rows({part.fqdd: part}) if part is not None else ()
        return next((one for one in named if one.id == key), None) or next(
            (one for one in self.inventory() if one.id == key), None
        )

    def upload(self, data: bytes, filename: str, apply_time: str = "Immediate", targets: Sequence[str] = ()) -> Job:
        """Multipart upload: an image comes in whole; returns its job. Raises :class:`Refusal`."""
        job = self.start(filename, apply_time, targets)
        return self._deliver(job, data, uploaded=True)

    def start(self, filename: str, apply_time: str = "Immediate", targets: Sequence[str] = ()) -> Job:
        """SimpleUpdate: make the job that fetches an image; :meth:`deliver` or :meth:`lose` says how that went.

        Raises :class:`Refusal`: extension (SYS434), more targets than one (SYS442), no room (SUP0540), full queue (JCP014), iDRAC update running
        (JCP048), Lifecycle Controller not settled (LC060).
        """
        hit = self._bench.met("update")
        self._bmc.check_lifecycle()
        if not filename.lower().endswith(_ENDINGS):
            raise Refusal(400, "SYS434", [filename])
        if len(targets) > 1:
            raise Refusal(400, "SYS442", [], ["#/Targets"])
        if apply_time not in APPLY_TIMES:
            raise Refusal(400, "Base.PropertyValueNotInList", [apply_time, "@Redfish.OperationApplyTime"])
        if apply_time == "OnStartUpdateRequest":
            raise Refusal(501, "Base.NotImplemented", [apply_time])
        if self.full:
            raise Refusal(400, "SUP0540")
        job = self._queue.add("FirmwareUpdate", "Firmware Update", run=self._run, finish=self._finish)
        mark(job, hit, self._bench.now())
        job.facts.update(apply=apply_time, targets=",".join(targets))
        job.state, job.message_id, job.args = "Downloading", "PR20", ()
        job.started = self._bench.now()
        return job

    def deliver(self, job: str, data: bytes) -> Job:
        """Give a SimpleUpdate's job the bytes that were fetched."""
        return self._deliver(self._queue.find(job), data, uploaded=False)

    def lose(self, job: str, message_id: str = "RED132") -> None:
        """Say that the image could not be fetched."""
        self._queue.end(self._queue.find(job), "Failed", message_id)

    def push(self, data: bytes, filename: str) -> str:
        """Take an image to HttpPushUri and keep it as ``Available-``; returns its id. Raises :class:`Refusal`."""
        self._bench.met("update")
        if not filename.lower().endswith(_ENDINGS):
            raise Refusal(400, "SYS434", [filename])
        image = parse(data)
        matching = self._matching(image, "") if image else []
        if image is None or not matching:
            raise Refusal(400, "RED097")
        name = f"Available-{matching[0].software_id}-{image.version}__{matching[0].fqdd}"
        self.available[name] = (image, matching[0])
        return name

    def install(self, row: str, apply_time: str = "Immediate") -> Job:
        """SimpleUpdate of an ``Available-`` or ``Previous-`` member: no fetching. Raises :class:`Refusal`."""
        for one in self.inventory():
            if one.id == row and one.status != "Installed":
                image, _ = self.available.pop(row, (Image(version=one.version, fqdds=(one.component.fqdd,)), None))
                job = self.start("kept.exe", apply_time, [one.component.fqdd])
                return self._accept(job, image, uploaded=True)
        raise Refusal(404, "SYS403", [row])

    def _deliver(self, job: Job, data: bytes, *, uploaded: bool) -> Job:
        image = parse(data)
        if image is None:
            return self._turn_down(job, "SUP0519", job.name, uploaded=False)
        return self._accept(job, image, uploaded=uploaded)

    def _accept(self, job: Job, image: Image, *, uploaded: bool) -> Job:
        matching = self._matching(image, job.facts["targets"])
        clash = self._clash(job, matching)
        if clash:
            return self._turn_down(job, clash, uploaded=uploaded)
        first = matching[0] if matching else None
        job.target = first.fqdd if first else ""
        job.name = f"Firmware Update: {first.name}" if first else "Firmware Update"
        if first is not None and first.fqdd == _IDRAC:
            job.facts["updates-bmc"] = "yes"
        self._images[job.id] = (image, matching)
        self._bench.deed("image", job.target, image.version)
        self._bench.schedule.after(self._bench.timings.downloading, lambda: self._downloaded(job))
        return job

    def _turn_down(self, job: Job, message_id: str, *args: object, uploaded: bool) -> Job:
        """Refuse an image that came with the request; fail the job of one that was fetched."""
        if uploaded:
            job.state, job.finish = "Failed", None
            self._queue.delete_quietly(job.id)
            raise Refusal(400, message_id, args)
        self._queue.end(job, "Failed", message_id, *args)
        return job

    def _matching(self, image: Image, target: str) -> list[Component]:
        wanted = target.rsplit("__", 1)[-1]
        return [one for one in self.components.values() if _is_for(image, one) and wanted in ("", one.fqdd)]

    def _clash(self, job: Job, matching: Sequence[Component]) -> str:
        """Return the message id for an image that cannot wait beside the jobs that are open."""
        others = [one for one in self._queue.open(kind="FirmwareUpdate") if one is not job and one.target]
        fqdds = {one.fqdd for one in matching}
        if any(component.fqdd in fqdds for other in others for component in self._images[other.id][1]):
            return "RED014"
        alone = any(one.alone for one in matching)
        waiting_alone = any(component.alone for other in others for component in self._images[other.id][1])
        return "RED149" if others and (alone or waiting_alone) else ""

    def _downloaded(self, job: Job) -> None:
        if not job.open:
            return
        image, matching = self._images[job.id]
        fault, args = self._examine(image, matching)
        if fault:
            self._queue.end(job, "Failed", fault, *args)
            return
        job.state, job.message_id, job.args = "Downloaded", "RED002", ()
        if self._at_once(matching[0]):
            job.delayed = False
            self._bench.schedule.after(self._bench.timings.scheduling, lambda: self._write(job))
            return
        self._queue.schedule(job)
        if job.facts["apply"] == "Immediate" and not job.stuck:
            self._bench.schedule.after(self._bench.timings.scheduling * 2, self._restart_host)

    @staticmethod
    def _at_once(component: Component) -> bool:
        """Tell whether it is written while the host runs: what needs no host, and the GPU baseboard [assumed]."""
        return component.activation in {"none", "bmc"} or (component.activation == "ac" and not component.alone)

    def _restart_host(self) -> None:
        self._host.restart() if self._host.on else self._host.power_on()
        self._bench.deed("reset", "by-update")

    def _examine(self, image: Image, matching: Sequence[Component]) -> tuple[str, tuple[str, ...]]:
        """Return the message id for an image that may not be installed, with its arguments."""
        if not image.signed:
            return "RED007", ()
        if image.models and self._model not in image.models:
            return "RED098", ()
        if not matching or not matching[0].updates_here:
            return "RED097", ()
        for component in matching:
            if lower(image.version, component.floor) or (
                not self.downgrades and lower(image.version, component.version)
            ):
                return "RED103", ()
        for level, wanted in image.needs.items():
            fqdd, message_id = _LEVELS[level]
            if lower(self.components[fqdd].version, wanted):
                return message_id, (matching[0].name,)
        return "", ()

    def _run(self, job: Job) -> float:
        """Begin to write; returns the seconds that it takes."""
        image, matching = self._images[job.id]
        hit = self._bench.met("flash")
        if not job.open:
            return 0
        ending(job, hit)
        if matching[0].key == "gpu-baseboard" and self._bios.values.get("UsbManagedPort") == "Off":
            # KB 000308105, told by others (redfish.md 2.4): it fails without a word.
            job.facts.setdefault("ending", "silent")
        for one in matching:
            self._bench.deed("flash", one.fqdd, image.version)
        return 60 * matching[0].minutes

    def _write(self, job: Job) -> None:
        if not job.open:
            return
        if job.stuck:
            job.state, job.message_id, job.args, job.percent = "Scheduled", "PR30", (), 1
            return
        job.state, job.message_id, job.args, job.percent = "Running", "PR20", (), 1
        seconds = self._run(job)
        if job.open:
            self._bench.schedule.after(seconds, lambda: self._finish(job))

    def interrupted(self) -> None:
        """Tear what the iDRAC itself is fetching or writing when it goes down; what waits for the host goes on waiting."""
        for job in self._queue.open(kind="FirmwareUpdate"):
            own = bool(job.facts.get("updates-bmc"))
            written = own and bool(self.components[_IDRAC].staged)
            if not written and (job.state == "Downloading" or (job.state == "Running" and not job.delayed)):
                self._bench.deed("torn", job.target, job.id)
                self._queue.end(job, "Failed", "RED108" if own else "PR21")

    def _finish(self, job: Job) -> None:
        if "deleted" in job.facts or "torn" in job.facts or not job.open:
            return
        image, matching = self._images[job.id]
        how = job.facts.get("ending", "")
        if how in {"fail", "timeout"}:
            close(self._queue, job)
            return
        if how == "silent":
            self._queue.end(job, "Completed", "RED001")
            return
        when = _when(job, matching[0])
        for one in matching:
            one.staged, one.staged_when = image.version, when
        if when == "bmc":
            job.percent = 90
            self._bmc.restart(updated=True)
            return
        if when in {"none", "host"}:
            self._bring_in(matching)
        own = when == "ac" and matching[0].alone and how != "late"
        self._self_cycle = self._self_cycle or own
        said = "" if own else _BY_HAND.get(when, "")
        if how == "errors":
            close(self._queue, job)
        else:
            self._queue.end(job, "Completed", said or "RED001", *([matching[0].name] if said else []))

    def _bring_in(self, found: Sequence[Component]) -> None:
        """Put what is staged into force."""
        for one in found:
            if not one.staged:
                continue
            self._bench.met("activate")
            if one.keeps_former and one.staged != one.version:
                one.former = one.version
            one.version, one.staged = one.staged, ""
            self._bench.deed("activate", one.fqdd, one.version)
            if one.fqdd == _IDRAC:
                self.components[_LC].version = one.version
            elif one.key == "bios":
                self._new_bios(one)
            elif one.key == "cpld":
                self._bios.note("SystemCpldVersion", one.version)

    def _new_bios(self, component: Component) -> None:
        image = next((image for image, found in reversed(self._images.values()) if component in found), None)
        change = image.bios if image else None
        adds = [attribute(name, text) for name, text in change.adds.items()] if change else []
        self._bios.renew(component.version, adds, change.removes if change else ())
        self._resets = change.resets if change else ()

    def past_post(self) -> None:
        """Do what a new BIOS does at the end of its first POST: set what it changes to the defaults [assumed]."""
        resets, self._resets = self._resets, ()
        self._bios.restore(resets)

    def restarted(self) -> None:
        """Take the iDRAC's own new version into force, and end its job."""
        self._bring_in([self.components[_IDRAC]])
        for job in self._queue.open(kind="FirmwareUpdate"):
            if job.facts.get("updates-bmc") and job.state == "Running":
                self._queue.end(job, "Completed", "RED001")

    def cold_boot(self) -> None:
        """Take into force what waits for a cold boot of the host."""
        self._bring_in([one for one in self.components.values() if one.staged_when == "power"])

    def flash_from_host(self, fqdd: str, version: str) -> None:
        """Stage what the host's own tools write into an adapter; in force after a cold boot of the host (Mellanox/dpu-update PR 97).

        Raises ``KeyError`` for a component that is none.
        """
        one = self.components[fqdd]
        one.staged, one.staged_when = version, "power"
        self._bench.deed("flash", fqdd, version)

    def without_power(self, *, host_was_off: bool) -> None:
        """Take into force what waits for an AC cycle.

        The GPU baseboard of an XE9680 wants the host shut down before (redfish.md 2.5, KB 000355295, told by others).
        """
        waiting = [one for one in self.components.values() if one.staged_when in {"ac", "power"}]
        self._bring_in([one for one in waiting if one.key != "gpu-baseboard" or host_was_off])
        self._self_cycle = False

    @property
    def wants_cycle(self) -> bool:
        """Tell whether a CPLD was written, after which the machine does a virtual AC cycle by itself (Dell's script says so)."""
        return self._self_cycle


def _when(job: Job, component: Component) -> Activation:
    """Return what puts a component in force; a fault makes it later (row 28)."""
    if job.facts.get("ending") == "late":
        return "power" if job.facts.get("left") == "power" else "ac"
    return component.activation


def _is_for(image: Image, component: Component) -> bool:
    if component.software_id in image.software_ids and component.software_id != "0":
        return True
    if any(fnmatch.fnmatchcase(component.fqdd, pattern) for pattern in image.fqdds):
        return True
    own = ":".join(component.pci)
    return bool(component.pci[0]) and any(own == ids or own.startswith(f"{ids}:") for ids in image.pci)
