"""BIOS settings: what is in force, what is pending, the job that brings one to the other (redfish.md 2.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from rackwright.twin.bmc.machine.bench import Bench
from rackwright.twin.bmc.machine.endings import close, ending, mark
from rackwright.twin.bmc.machine.jobs import Job, Queue
from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.machine.registry import Attribute, Registry, State
from rackwright.twin.faults import Fault

__all__ = ["APPLY_TIMES", "FQDD", "SETTINGS_URI", "Bios", "Staged"]

FQDD: Final = "BIOS.Setup.1-1"
SETTINGS_URI: Final = "/redfish/v1/Systems/System.Embedded.1/Bios/Settings"
APPLY_TIMES: Final = ("OnReset", "AtMaintenanceWindowStart", "InMaintenanceWindowOnReset")
"""What the Settings resource says it supports: no Immediate [C]. The twin does ``OnReset`` and refuses the two windows."""


class Staged(NamedTuple):
    """How a PATCH of Bios/Settings was answered."""

    status: int
    """202 with a job, 200 without."""
    job: str = ""


class Bios:
    """The BIOS of one machine."""

    def __init__(self, bench: Bench, queue: Queue, registry: Registry, facts: Mapping[str, Any]) -> None:
        self._bench = bench
        self._queue = queue
        self.registry = registry
        self.values: dict[str, Any] = registry.settle({**registry.defaults(), **facts}).values
        self.pending: dict[str, Any] = {}
        self.reset_wanted = False
        """Bios.ResetBios: the defaults come at the next boot."""
        self._early: dict[str, Any] = {}
        self._drop: set[str] = set()
        self._settled: tuple[object, State] | None = None

    def attributes(self) -> dict[str, Any]:
        """Return what Bios.Attributes shows: no hidden ones; with a fault, what is pending already (row 25)."""
        state = self.registry.settle({**self.values, **self._early}) if self._early else self.state()
        return {
            name: None if row.type == "Password" else state.values.get(name, row.default)
            for name, row in self.registry.attributes.items()
            if name not in state.hidden
        }

    def state(self) -> State:
        """Return the values in force, settled; kept, since they are read far more often than they change."""
        if self._settled is None or self._settled[0] is not self.values:
            self._settled = (self.values, self.registry.settle(self.values))
        return self._settled[1]

    def stage(self, wanted: Mapping[str, Any], apply_time: str | None = None) -> Staged:
        """PATCH of Bios/Settings.

        Without an apply time it is only staged (200). Identical to what is pending: 200, no job. Raises :class:`Refusal`:
        an open job (SYS011, RAC0679), an attribute that cannot be set (SYS429, SYS427, SYS424, SYS425, SYS426, SYS410, SYS444).
        """
        hit = self._bench.met("bios-stage")
        if apply_time is not None and apply_time != "OnReset":
            known = apply_time in APPLY_TIMES
            code = "Base.NotImplemented" if known else "Base.PropertyValueNotInList"
            raise Refusal(501 if known else 400, code, [apply_time, "ApplyTime"], ["#/@Redfish.SettingsApplyTime"])
        if not wanted:
            raise Refusal(400, "SYS428", ["Attributes"], ["#/Attributes"])
        self._bench.check_settled()
        self.check(wanted)
        if all(self.pending.get(name, self.values.get(name)) == value for name, value in wanted.items()):
            return Staged(200)
        self._check_free()
        self.pending = {**self.pending, **wanted}
        self._bench.deed("bios-stage", ",".join(sorted(wanted)))
        if "early-pending" in hit:
            self._early = dict(self.pending)
        if apply_time is None or "only-staged" in hit:
            return Staged(200)
        job = self._job(hit)
        return Staged(200) if "no-location" in hit else Staged(202, job.id)

    def create_job(self) -> Job:
        """POST of a job for what is staged. Raises :class:`Refusal` where one exists (SYS011) or nothing is staged (BIOS008)."""
        hit = self._bench.met("bios-job")
        self._bench.check_settled()
        self._check_free()
        if not self.pending:
            raise Refusal(400, "BIOS008")
        return self._job(hit)

    def clear(self) -> None:
        """ClearPending. Raises :class:`Refusal` where a job exists (BIOS011) or nothing is pending (RAC1035)."""
        self._bench.met("bios-clear")
        if self._queue.open(FQDD, "BIOSConfiguration"):
            raise Refusal(400, "BIOS011")
        if not self.pending:
            raise Refusal(400, "RAC1035")
        self.pending = {}
        self._early = {}

    def reset_to_defaults(self) -> None:
        """Bios.ResetBios: at the next boot."""
        self.reset_wanted = True

    def _check_free(self) -> None:
        for job in self._queue.open(FQDD, "BIOSConfiguration"):
            raise Refusal(400, "RAC0679" if job.state == "Running" else "SYS011")

    def check(self, wanted: Mapping[str, Any]) -> None:
        """Raise :class:`Refusal` for the first attribute that cannot be set, judged under the values as they would be."""
        state = self.registry.settle({**self.values, **self.pending, **wanted})
        for name, value in wanted.items():
            related = [f"#/Attributes/{name}"]
            row = self.registry.attributes.get(name)
            if row is None or row.hidden:
                raise Refusal(400, "SYS429", [name], related)
            if row.read_only or row.fact:
                raise Refusal(400, "SYS427", [name], related)
            fault = _fault(row, value)
            if fault:
                raise Refusal(400, fault, [value, name], related)
            if name in state.hidden:
                raise Refusal(400, "SYS444", [], related)
            if name in state.read_only:
                raise Refusal(400, "SYS410", [], related)

    def _job(self, hit: Mapping[str, Fault]) -> Job:
        job = self._queue.add(
            "BIOSConfiguration",
            f"Configure: {FQDD}",
            target=FQDD,
            settings_uri=SETTINGS_URI,
            run=self._run,
            finish=self._finish,
        )
        mark(job, hit, self._bench.now())
        self._queue.schedule(job)
        return job

    def _run(self, job: Job) -> float:
        hit = self._bench.met("bios-run")
        ending(job, hit)
        self._drop = {hit["partial"].value} if "partial" in hit else set()
        return self._bench.timings.configuring

    def _finish(self, job: Job) -> None:
        wanted, self.pending, self._early = self.pending, {}, {}
        if "deleted" in job.facts or "torn" in job.facts:
            return
        if job.facts.get("ending") in {"fail", "timeout"}:
            close(self._queue, job)
            return
        missing = {name for name in wanted if name not in self.registry.attributes}
        dropped = missing | self._drop | ({job.facts["left"]} if job.facts.get("left") else set())
        future = {**self.values, **{name: value for name, value in wanted.items() if name not in dropped}}
        if "WorkloadProfile" in wanted and future.get("SysProfile") != "Custom":
            # dellemc #1072: success, and no change.
            dropped.add("WorkloadProfile")
        self._take({name: value for name, value in wanted.items() if name not in dropped})
        if missing:
            job.facts["ending"] = "errors"
        close(self._queue, job)

    def _take(self, wanted: Mapping[str, Any]) -> None:
        before = self.values
        self.values = self.registry.settle({**self.values, **wanted}).values
        for name, value in self.values.items():
            if before.get(name) != value:
                self._bench.deed(
                    "bios", name, str(value) if self.registry.attributes[name].type != "Password" else "set"
                )

    def booted(self) -> None:
        """Do what waits for the end of POST: the defaults of Bios.ResetBios."""
        if self.reset_wanted:
            self.reset_wanted = False
            facts = {name: self.values[name] for name, row in self.registry.attributes.items() if row.fact}
            self._take({**self.registry.defaults(), **facts})
            self._bench.deed("bios-defaults")

    def renew(self, version: str, adds: Iterable[Attribute], removes: Iterable[str]) -> None:
        """Take another BIOS version: its registry, with the defaults of what is new."""
        self.registry = self.registry.changed(adds, removes)
        defaults = {name: row.default for name, row in self.registry.attributes.items() if name not in self.values}
        kept = {name: value for name, value in self.values.items() if name in self.registry.attributes}
        self.values = self.registry.settle({**defaults, **kept, "SystemBiosVersion": version}).values

    def note(self, fact: str, value: str) -> None:
        """Write down one of the machine's own facts."""
        self.values = {**self.values, fact: value}

    def restore(self, names: Iterable[str]) -> None:
        """Put attributes back to their defaults, as a new BIOS does with what it changes."""
        self._take({name: self.registry.attributes[name].default for name in names if name in self.registry.attributes})


def _fault(row: Attribute, value: Any) -> str:
    """Return the message id for a value that an attribute does not take; empty when it does."""
    if isinstance(value, bool) or (row.type == "Integer") != isinstance(value, int) or not isinstance(value, str | int):
        return "SYS424"
    if row.type == "Enumeration":
        return "" if value in row.values else "SYS426"
    size = value if isinstance(value, int) else len(value)
    return "" if row.low <= size <= row.high else "SYS425"
