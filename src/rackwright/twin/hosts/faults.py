"""What goes wrong with an operating system, as rules: on which host, at which operation, how often."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rackwright.errors import TwinError
from rackwright.twin.faults import Fault

__all__ = ["AT_ONCE", "FAULTS", "OPERATIONS", "read_host_fault"]

OPERATIONS: Final = {
    "host-boot": "an operating system or an installer starts",
    "host-play": "a play comes in",
    "host-install": "an installer begins",
}
"""What a fault may wait for."""

AT_ONCE: Final = {
    "package-refused": "packages that VALUE names (a pattern) cannot be installed; A is what apt says",
}
"""Faults that need no operation."""

_WAITING: Final = {
    "no-boot": ("it does not come up: no operating system answers", "host-boot"),
    "drop": (
        "the connection is cut before a play, or during it behind the first role that changed something; at host-play",
        "host-play",
    ),
    "crash": ("the host resets itself behind the first role of a play that changed something", "host-play"),
    "fail": ("the installer gives up at step VALUE; at host-install", "host-install"),
    "stall": ("the installer says nothing more; at host-install", "host-install"),
}

_OWN: Final = ("package-refused", "no-boot", "crash")
"""Kinds that no switch and no BMC knows."""

FAULTS: Final = {**AT_ONCE, **{name: words for name, (words, _) in _WAITING.items()}}
"""Every kind of fault of a host."""


def read_host_fault(row: Any) -> Fault | None:
    """Read a fault of a host from a JSON value; None where it is meant for others.

    Raises :class:`~rackwright.errors.TwinError` when it is none.
    """
    kind, at = str(row.get("kind") or ""), str(row.get("at") or "")
    own = kind in _OWN or at in OPERATIONS
    if not own:
        return None
    try:
        fault = msgspec.convert(row, Fault)
    except msgspec.ValidationError as error:
        raise TwinError(f"no fault: {error}; see 'rackwright twin fault --help'") from None
    if kind not in FAULTS:
        raise TwinError(f"no fault of a host is called {kind!r}: use one of {', '.join(FAULTS)}")
    if kind == "crash":
        fault.when = "during"
    if kind in _WAITING:
        fault.at = fault.at or _WAITING[kind][1]
        if fault.at != _WAITING[kind][1]:
            raise TwinError(f"{kind} of a host waits for {_WAITING[kind][1]}")
    return fault
