"""What goes wrong on a BMC, as rules: the list of redfish.md 5, each for a device, an operation and its n-th occurrence."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rackwright.errors import TwinError
from rackwright.twin.faults import Fault

__all__ = ["AT_ONCE", "FAULTS", "OPERATIONS", "WIRE", "read_fault"]

OPERATIONS: Final = {
    "request": "any request over the wire, before it is looked at (wire faults)",
    "login": "POST of a session, or basic auth",
    "bios-stage": "PATCH of Bios/Settings",
    "bios-job": "POST of a job for what is staged",
    "bios-clear": "ClearPending",
    "bios-run": "a BIOS configuration job begins in POST",
    "update": "SimpleUpdate or multipart upload comes in",
    "flash": "an update job begins to write",
    "activate": "flashed firmware comes into force",
    "job-delete": "DELETE of a job, DeleteJobQueue",
    "reboot-job": "CreateRebootJob",
    "power": "ComputerSystem.Reset",
    "ac-cycle": "DellOemChassis.ExtendedReset",
    "boot": "the host comes out of POST and picks what to boot",
    "bmc-restart": "the BMC restarts, asked or by its own update",
    "boot-set": "PATCH of the boot override",
    "media-insert": "InsertMedia",
    "media-eject": "EjectMedia",
    "attributes-set": "PATCH of DellAttributes",
    "account-set": "PATCH or POST of an account",
    "export": "export of the configuration profile",
    "import": "import of a configuration profile, or its preview",
    "certificate": "CSR or import of a certificate",
    "ready": "GetRemoteServicesAPIStatus",
}
"""What a fault may wait for."""

AT_ONCE: Final = {
    "busy": "503 SYS518 for DURATION s (row 1); VALUE is what Retry-After says, 'none' leaves it out",
    "not-ready": "400 SWC0700 for DURATION s (row 2)",
    "expire-sessions": "every session ends now (row 4)",
    "bmc-dead": "the BMC does not answer for DURATION s, or for good (rows 14 and 37)",
    "bmc-restart": "the BMC restarts now (row 13)",
    "lockdown": "System Lockdown is enabled (row 22)",
    "lc-busy": "the Lifecycle Controller is not ready for DURATION s, or for good (row 23)",
    "clock-off": "the BMC's clock is off by VALUE s (row 36)",
    "odd-version": "component A shows version VALUE (row 30)",
    "no-health": "Status is null everywhere (row 30)",
    "power-loss": "the server loses its power for DURATION s: the host is off, what runs in POST is torn, the BMC restarts",
    "psu-lost": "power supply VALUE is gone",
    "gpu-lost": "GPU VALUE, or the last one, is not seen by the server any more",
    "full": "there is no room for images (row 26 SUP0540)",
    "queue-full": "the queue holds as many jobs as it may (row 26 JCP014)",
    "link-down": "port A has no link",
    "swap-machine": "the service tag is VALUE: another machine stands here",
}
"""Faults that need no operation; with ``at`` they wait for one all the same."""

_WAITING: Final = {
    "refuse": "the operation is refused with message id VALUE and HTTP status A (400 without) (rows 3, 5, 20, 22, 26, 27, 32, 33)",
    "no-location": "staged and a job made, but the answer tells none (row 6); at bios-stage",
    "only-staged": "staged, and no job made although one was asked for (row 6); at bios-stage",
    "early-pending": "Bios shows what is staged before the job has run (row 25); at bios-stage",
    "stuck": "the job stays Scheduled with PR30 at 1 % for good (row 9); at bios-stage, bios-job, update",
    "timeout": "the job ends Completed, Critical, JCP052, 100 %, and nothing was done (row 9); at bios-run, flash",
    "errors": "the job ends CompletedWithErrors, PR31; VALUE names what was left out (row 10); at bios-run, flash",
    "fail": "the job fails with message id VALUE, PR21 without (rows 10, 26); at bios-run, flash",
    "partial": "attribute VALUE does not change although the job succeeds (row 21); at bios-run",
    "odd-job": "the job shows state VALUE, no percent, no messages, until it has ended (row 11); at bios-stage, update",
    "task-late": "the job's task is 404 for DURATION s after its making (row 12); at bios-stage, update",
    "task-gone": "the job's task is 404 for good (row 12); at bios-stage, update",
    "late": "the job succeeds, the version comes with the next AC power cycle (SUP0545), or with VALUE power at a cold boot (SUP0544) (row 28); at flash",
    "silent": "the job succeeds and the version never changes (row 28); at flash",
    "bmc-lost": "the BMC does not come back, for DURATION s or for good (row 14); at bmc-restart",
    "deaf-os": "the operating system ignores a graceful request (row 35); at power",
    "boot-ignored": "the host boots its disk; VALUE is 'stays' (the override stays Once) or 'resets' (row 34); at boot",
    "not-inserted": "204, and the medium is not in (row 33); at media-insert",
}

WIRE: Final = {
    "drop": "the connection is cut: before the effect, during or after it (rows 7, 8)",
    "stall": "the answer comes DURATION s late, or never (rows 8, 37)",
    "truncate": "the body ends early (row 15)",
    "garbage": "the body is no JSON (row 15)",
    "html": "500 with HTML (row 15)",
    "empty": "200 with nothing (row 15)",
    "too-many": "429 (row 16)",
    "drip": "a byte every half second (row 17)",
    "redirect": "30x to VALUE (row 18)",
    "no-expand": "$expand is answered 501 (row 31)",
    "paged": "collections come in pages of VALUE (row 31)",
    "etag": "412 on the next If-Match (row 32)",
    "vanish": "a member of a collection is 404 (row 29)",
    "bad-certificate": "the certificate is VALUE: expired, self-signed, wrong-name (row 19)",
}
"""What the wire half does; the machine knows them by name only."""

FAULTS: Final = {**AT_ONCE, **_WAITING, **WIRE}
"""Every kind of fault of a BMC."""


def read_fault(row: Any) -> Fault:
    """Read a fault of a BMC from a JSON value. Raises :class:`~rackwright.errors.TwinError` when it is none."""
    try:
        fault = msgspec.convert(row, Fault)
    except msgspec.ValidationError as error:
        raise TwinError(f"no fault: {error}; see 'rackwright twin fault --help'") from None
    if fault.kind not in FAULTS:
        raise TwinError(f"no fault of a BMC is called {fault.kind!r}: use one of {', '.join(FAULTS)}")
    if fault.at and fault.at not in OPERATIONS:
        raise TwinError(f"no operation of a BMC is called {fault.at!r}: use one of {', '.join(OPERATIONS)}")
    if not fault.at and fault.kind in _WAITING:
        raise TwinError(f"{fault.kind} waits for an operation: give 'at', one of {', '.join(OPERATIONS)}")
    if not fault.at and fault.kind in WIRE:
        fault.at = "request"
    return fault
