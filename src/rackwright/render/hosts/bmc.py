"""What a BMC is to be brought to, to be reviewed offline: printing of a :class:`~rackwright.plan.machines.Machine`.

``bios.json`` lists the attributes that ``push --only bmc`` sets or that must not stand otherwise, ``firmware.json`` the version of
every component that the release or the site names. Which of them differ only the machine can tell: ``diff --only bmc``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final

import msgspec

from rackwright.plan.machines import Machine

__all__ = ["FILES"]

_encode = msgspec.json.encode


def _bios(machine: Machine) -> bytes:
    return _document(_of(machine) | {"profile": machine.bios_profile}, "attributes", machine.bios)


def _firmware(machine: Machine) -> bytes:
    return _document(_of(machine), "components", machine.firmware)


FILES: Final[Mapping[str, tuple[Callable[[Machine], bytes], Callable[[Machine], object]]]] = {
    "bios.json": (_bios, lambda machine: (_of(machine), machine.bios_profile, machine.bios)),
    "firmware.json": (_firmware, lambda machine: (_of(machine), machine.firmware)),
}
"""Name of a file below ``devices/NAME`` -> what prints it, and everything that it prints of a machine."""


def _of(machine: Machine) -> dict[str, object]:
    return {"device": machine.name, "model": machine.model, "service_tag": machine.service_tag}


def _document(head: Mapping[str, object], name: str, rows: Iterable[msgspec.Struct]) -> bytes:
    """Print a mapping with one list in it, a row a line, so that the difference of two builds is that of lines."""
    fields = [_encode(key) + b": " + _encode(value) for key, value in head.items()]
    lines = b",\n  ".join(map(_row, rows))
    listed = b"[\n  " + lines + b"\n ]" if lines else b"[]"
    return b"{\n " + b",\n ".join([*fields, _encode(name) + b": " + listed]) + b"\n}\n"


@lru_cache(maxsize=4096)
def _row(row: msgspec.Struct) -> bytes:
    # Whole, since a reader of another tool knows no defaults; servers of one group share nearly all of their rows.
    return _encode(msgspec.structs.asdict(row))
