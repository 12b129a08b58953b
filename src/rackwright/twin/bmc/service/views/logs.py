"""The logs of an iDRAC: Lifecycle log, system event log, list of faults (R750 tree)."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.bmc.machine.bench import LogEntry
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.views.shape import MANAGER, collection, head, link

__all__ = ["PAGE", "entries", "entry", "service", "services"]

_PATH = f"{MANAGER}/LogServices"
_LOGS: Final = {
    "Sel": ("SEL Log Service", "SEL", 1024),
    "Lclog": ("LifeCycle Controller Log Service", "OEM", 500_000),
    "FaultList": ("FaultListEntries", "SEL", 500_000),
}
PAGE: Final = 50
"""Entries in one page of a log [assumed]."""
_SEVERITY: Final = {"Informational": "OK"}


def services(bmc: Bmc) -> dict[str, Any]:  # noqa: ARG001 - every resource takes the BMC
    """List the logs."""
    paths = [f"{_PATH}/{name}" for name in _LOGS]
    return collection(_PATH, "LogServiceCollection", "Log Service Collection", paths)


def service(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """Show one log."""
    if key not in _LOGS:
        return None
    name, kind, most = _LOGS[key]
    return {
        **head(f"{_PATH}/{key}", "LogService", "v1_4_0", key, name),
        "DateTime": bmc.machine.bench.date(),
        "Entries": link(f"{_PATH}/{key}/Entries"),
        "LogEntryType": kind,
        "MaxNumberOfRecords": most,
        "OverWritePolicy": "WrapsWhenFull",
        "ServiceEnabled": True,
    }


def _lines(bmc: Bmc, key: str) -> list[LogEntry] | None:
    bench = bmc.machine.bench
    if key not in _LOGS:
        return None
    found = {"Sel": bench.event_log, "Lclog": bench.lifecycle_log, "FaultList": []}[key]
    return list(reversed(found))


def entries(bmc: Bmc, key: str) -> dict[str, Any] | None:
    """List the entries of a log, whole and the newest first."""
    lines = _lines(bmc, key)
    if lines is None:
        return None
    return collection(
        f"{_PATH}/{key}/Entries", "LogEntryCollection", "Log Entry Collection", [_entry(bmc, key, one) for one in lines]
    )


def entry(bmc: Bmc, key: str, number: str) -> dict[str, Any] | None:
    """Show an entry of a log."""
    found = next((one for one in _lines(bmc, key) or () if str(one.number) == number), None)
    return None if found is None else _entry(bmc, key, found)


def _entry(bmc: Bmc, key: str, one: LogEntry) -> dict[str, Any]:
    return {
        **head(
            f"{_PATH}/{key}/Entries/{one.number}", "LogEntry", "v1_15_0", str(one.number), f"Log Entry {one.number}"
        ),
        "Created": bmc.machine.bench.date(one.at),
        "EntryType": "Oem" if key == "Lclog" else "SEL",
        "Message": one.text,
        "MessageArgs": list(one.args),
        "MessageArgs@odata.count": len(one.args),
        "MessageId": bmc.prefixed(one.message_id) if one.message_id else "",
        "Severity": _SEVERITY.get(one.severity, one.severity),
        **({"OemRecordFormat": "Dell"} if key == "Lclog" else {}),
    }
