"""A tiny image format of the twin's own, in the place of Dell's packages, which nobody may copy.

A file is the line ``RACKWRIGHT-TWIN-IMAGE 1``, one line of JSON (:class:`Image`), and padding. Any other file is no image to the twin.
It says plainly what it is, so that nobody takes it for firmware.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

__all__ = ["MAGIC", "BiosChange", "Image", "dump", "parse"]

MAGIC: Final = b"RACKWRIGHT-TWIN-IMAGE 1\n"
_LONGEST: Final = 64 * 1024


class BiosChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a BIOS image changes of the attributes."""

    adds: dict[str, str] = {}
    """New attributes in the short form of ``data/bios.yaml``: ``{"PcieResizBar": "Enabled|Disabled*"}``."""
    removes: tuple[str, ...] = ()
    resets: tuple[str, ...] = ()
    """Attributes that the new BIOS sets to their defaults at its first boot, after the jobs of that boot [assumed]."""


class Image(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an image is for and what it does."""

    version: str
    software_ids: tuple[str, ...] = ()
    """Dell's numbers of the kind of component, ``159``."""
    fqdds: tuple[str, ...] = ()
    """Patterns of FQDDs, for components whose number is 0 or not known."""
    pci: tuple[str, ...] = ()
    """``VENDOR:DEVICE`` or all four ids."""
    models: tuple[str, ...] = ()
    """Catalog keys of the servers that it is for; empty: all."""
    name: str = ""
    released: str = "2025-06-01T00:00:00Z"
    signed: bool = True
    needs: dict[str, str] = {}
    """Least versions of other components: ``{"bios": "2.1.0"}`` or ``cpld``; an iDRAC knows messages for these two only."""
    bios: BiosChange | None = None
    carries: dict[str, str] = {}
    """What else a BlueField bundle brings: members of the DPU BMC's inventory and their versions."""


def dump(image: Image, *, size: int = 4096) -> bytes:
    """Return the file of an image, padded to ``size`` bytes at least."""
    head = MAGIC + msgspec.json.encode(image) + b"\n"
    seed = hashlib.sha256(head).digest()
    lacking = max(0, size - len(head))
    return head + (seed * (lacking // len(seed) + 1))[:lacking]


def parse(data: bytes) -> Image | None:
    """Read an image; ``None`` when the file is none."""
    if not data.startswith(MAGIC):
        return None
    line = data[len(MAGIC) : len(MAGIC) + _LONGEST].split(b"\n", 1)[0]
    try:
        return msgspec.json.decode(line, type=Image)
    except msgspec.DecodeError:
        return None
