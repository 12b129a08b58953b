"""Server configuration profiles: export, preview and import of attributes, as jobs (redfish.md 2.6); in JSON, without secrets."""

from __future__ import annotations

import json
from typing import Any

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.bios import FQDD, Bios
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.settings import GROUPS, Settings

__all__ = ["Profiles"]


class Profiles:
    """The profile of one server."""

    def __init__(
        self, bench: Bench, queue: Queue, bios: Bios, settings: Settings, *, model: str, service_tag: str
    ) -> None:
        self._bench, self._queue, self._bios, self._settings = bench, queue, bios, settings
        self._model, self._tag = model, service_tag

    def text(self, targets: tuple[str, ...] = ("ALL",)) -> str:
        """Return the profile. Passwords are left out."""
        parts: list[dict[str, Any]] = []
        if "ALL" in targets or "BIOS" in targets:
            shown = {name: value for name, value in self._bios.attributes().items() if value is not None}
            parts.append({"FQDD": FQDD, "Attributes": _listed(shown)})
        if "ALL" in targets or "IDRAC" in targets:
            parts += [
                {"FQDD": f"{group}.Embedded.1", "Attributes": _listed(self._settings.group(group))} for group in GROUPS
            ]
        about = {"Model": self._model, "ServiceTag": self._tag, "TimeStamp": self._bench.date(), "Components": parts}
        return json.dumps({"SystemConfiguration": about}, indent=1)

    def export(self, targets: tuple[str, ...] = ("ALL",)) -> Job:
        """Start an export; the job's ``output`` holds the profile when it has ended.

        Raises :class:`Refusal` LC068 while attributes are pending or a configuration job is open.
        """
        self._bench.met("export")
        self._check_idle()
        job = self._queue.add("ExportConfiguration", "Export: Server Configuration Profile", delayed=False)

        def done() -> None:
            if job.open:
                job.output = self.text(targets)
                self._queue.end(job, "Completed", "SYS043")

        self._begin(job)
        self._bench.schedule.after(self._bench.timings.profile, done)
        return job

    def preview(self, text: str) -> Job:
        """Say what an import would do; only whether it would be taken at all. Raises :class:`Refusal`."""
        self._bench.met("import")
        self._check_idle()
        wanted, _ = self._read(text)
        job = self._queue.add("SystemConfigurationPreview", "Preview: Server Configuration Profile", delayed=False)

        def done() -> None:
            if not job.open:
                return
            try:
                self._bios.check(wanted)
            except Refusal as refusal:
                self._queue.end(job, "Failed", refusal.message_id, *refusal.message_args)
            else:
                self._queue.end(job, "Completed", "SYS081")

        self._begin(job)
        self._bench.schedule.after(self._bench.timings.profile, done)
        return job

    def take(self, text: str) -> Job:
        """Import a profile: the iDRAC's attributes at once, BIOS attributes as a configuration job for the next reset.

        A real one restarts the host by itself where it is told to; this one leaves that to the caller [assumed]. Raises :class:`Refusal`.
        """
        self._bench.met("import")
        self._settings.check_unlocked("LC087")
        self._check_idle()
        wanted, groups = self._read(text)
        for group, attributes in groups.items():
            self._settings.change(group, attributes)
        changed = {name: value for name, value in wanted.items() if self._bios.values.get(name) != value}
        if changed:
            staged = self._bios.stage(changed, "OnReset")
            if staged.job:
                return self._queue.find(staged.job)
        job = self._queue.add("ImportConfiguration", "Import: Server Configuration Profile", delayed=False)
        self._queue.end(job, "Completed", "SYS054")
        return job

    def _begin(self, job: Job) -> None:
        job.state, job.message_id, job.args, job.percent = "Running", "PR20", (), 10
        job.started = self._bench.now()

    def _check_idle(self) -> None:
        self._bench.check_settled()
        if self._bios.pending or self._queue.open(FQDD):
            raise Refusal(400, "LC068")

    @staticmethod
    def _read(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Return the BIOS attributes of a profile and the iDRAC's by group. Raises :class:`Refusal` when it cannot be read."""
        try:
            parts = json.loads(text)["SystemConfiguration"]["Components"]
            found = {part["FQDD"]: {row["Name"]: row["Value"] for row in part["Attributes"]} for part in parts}
        except (ValueError, KeyError, TypeError):
            raise Refusal(400, "SYS405") from None
        groups = {group: found[f"{group}.Embedded.1"] for group in GROUPS if f"{group}.Embedded.1" in found}
        return found.get(FQDD, {}), groups


def _listed(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"Name": name, "Value": value, "Set On Import": "True"} for name, value in values.items()]
