"""What goes wrong on the wire between a client and an emulated BMC (redfish.md 5); what goes wrong in the machine is the machine's."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection
from typing import Any, Final

import msgspec

from rackwright.errors import TwinError
from rackwright.twin.bmc.machine import faults as machine
from rackwright.twin.faults import Fault, Faults

__all__ = ["OPERATIONS", "WIRE", "WireFaults", "operation_of", "read"]

OPERATIONS: Final = {
    "request": "any request, before it is looked at",
    "read": "GET and HEAD",
    "write": "any request but a reading one or a session's",
    "logout": "DELETE of a session",
    **{name: told for name, told in machine.OPERATIONS.items() if name != "request"},
}
"""What a wire fault may wait for: what the request is, whether or not the machine would do it."""

WIRE: Final = {
    **machine.WIRE,
    "drop": "the connection is cut: before the effect, or with when=after behind it (rows 7, 13)",
    "stall": "the effect at once, the answer DURATION s of the twin's clock later, or never (rows 8, 37)",
    "truncate": "half of the body, then the connection is cut (row 15)",
    "garbage": "half of the body as if it were all of it (row 15)",
    "too-many": "429; VALUE is what Retry-After says, none without (row 16)",
    "drip": "the body comes a byte every half second of the twin's clock (row 17)",
    "redirect": "308, or A, to host VALUE; without VALUE to the same path with a slash behind it (row 18)",
    "no-expand": "VALUE, 501 without, to $expand (row 31)",
    "paged": "collections come in pages of VALUE members, 2 without (row 31)",
    "etag": "412 to a write with If-Match (row 32)",
    "bad-certificate": "the certificate is VALUE: expired, self-signed, wrong-name; at once (row 19)",
    "unauthorized": "401, and the session is gone (row 4)",
    "needs-etag": "400 SYS404 to a PATCH without If-Match (row 32)",
    "answer-busy": "503 SYS518 once, VALUE is what Retry-After says; none without (row 1)",
    "answer-not-ready": "400 SWC0700 once, although the request is right (row 2)",
}
"""Kinds of wire faults; every one waits for an operation, ``request`` if none is given."""

AT_ONCE: Final = frozenset({"bad-certificate"})
"""Wire faults that are there without a request."""

_SPOILS: Final = frozenset({"stall", "drip", "truncate", "garbage", "empty", "paged"})
"""Kinds that let the effect happen and spoil the answer; the others come before it, unless they say when."""

_JOBS: Final = "/Oem/Dell/Jobs"
_PATHS: Final = (
    ("Settings/Actions/Oem/DellManager.ClearPending", "bios-clear"),
    ("/Bios/Settings", "bios-stage"),
    ("DellJobService.CreateRebootJob", "reboot-job"),
    ("DellJobService.DeleteJobQueue", "job-delete"),
    ("/UpdateService", "update"),
    ("Manager.Reset", "bmc-restart"),
    ("ExtendedReset", "ac-cycle"),
    (".Reset", "power"),
    ("InsertMedia", "media-insert"),
    ("EjectMedia", "media-eject"),
    ("/AccountService/Accounts", "account-set"),
    ("DellAttributes", "attributes-set"),
    ("ExportSystemConfiguration", "export"),
    ("ImportSystemConfiguration", "import"),
    ("Certificate", "certificate"),
    ("GetRemoteServicesAPIStatus", "ready"),
)
"""What a request that changes something is, by what its path holds; the first that fits."""


def operation_of(method: str, path: str) -> str:
    """Name what a request does."""
    if method in ("GET", "HEAD"):
        return "read"
    if path.startswith("/redfish/v1/SessionService/Sessions"):
        return "logout" if method == "DELETE" else "login"
    if "/Jobs" in path:
        return "job-delete" if method == "DELETE" else "bios-job"
    if method == "PATCH" and path.count("/") == 4 and "/Systems/" in path:
        return "boot-set"
    return next((name for part, name in _PATHS if part in path), "write")


def read(row: Any) -> Fault | None:
    """Read a fault of the wire from a JSON value; None when its kind is not one.

    Raises :class:`~rackwright.errors.TwinError` when it is one and is wrong.
    """
    kind = row.get("kind") if isinstance(row, dict) else None
    if kind not in WIRE:
        return None
    try:
        fault = msgspec.convert(row, Fault)
    except msgspec.ValidationError as error:
        raise TwinError(f"no fault: {error}; see 'rackwright twin fault --help'") from None
    if fault.kind in AT_ONCE:
        return fault
    fault.at = fault.at or "request"
    if fault.at not in OPERATIONS:
        raise TwinError(f"no operation of a BMC is called {fault.at!r}: use one of {', '.join(OPERATIONS)}")
    return fault


class WireFaults(Faults):
    """The wire faults that are set."""

    def struck(self, device: str, operation: str, kinds: Collection[str], command: str, *, late: bool) -> Fault | None:
        """Return the first rule that hits, and count it for all; ``late``: after the effect.

        ``kinds`` are those that this request can suffer from at this moment, so that none is used up in vain.
        """
        if not self._rules:
            return None
        names = {"request", operation} | (set() if operation in ("login", "logout", "read") else {"write"})
        hit: Fault | None = None
        for rule in self._rules:
            after = rule.kind in _SPOILS or rule.when != "before"
            if rule.kind not in kinds or rule.at not in names or after != late:
                continue
            if not fnmatch.fnmatchcase(device, rule.device) or not command.startswith(rule.command):
                continue
            self._met[rule.id, device] += 1
            met = self._met[rule.id, device]
            if hit is None and met >= rule.nth and (rule.count == 0 or met < rule.nth + rule.count):
                hit = rule
        return hit
