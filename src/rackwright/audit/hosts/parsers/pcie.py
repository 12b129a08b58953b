"""What a host says of its PCIe tree, and what its kernel complained about: lspci, setpci, dmesg.

Every function takes what was printed, whatever that is, and never raises: None where it says nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rackwright.audit.hosts.parsers.trees import blocks

__all__ = ["Device", "Xid", "lspci", "narrow", "read_request", "register", "xids"]

_SLOT: Final = re.compile(
    r"^(?P<slot>(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) (?P<what>.*)$", re.MULTILINE | re.IGNORECASE
)  # fmt: skip
_PORT: Final = re.compile(r"\[0604\]|\bPCI bridge\b|^0604:", re.IGNORECASE)
_IDS: Final = re.compile(r"\[([0-9a-f]{4}):([0-9a-f]{4})\]|\s([0-9a-f]{4}):([0-9a-f]{4})\b", re.IGNORECASE)
_ACS: Final = re.compile(r"ACSCtl:\s*(.*)")
_MRRS: Final = re.compile(r"MaxReadReq\s+(\d+)\s*bytes")
_STATUS: Final = re.compile(r"LnkSta:\s*Speed\s+([\d.]+)GT/s(?:\s*\((\w+)\))?,\s*Width\s+x(\d+)(?:\s*\((\w+)\))?")
_ABLE: Final = re.compile(r"LnkCap:.*?Speed\s+([\d.]+)GT/s,\s*Width\s+x(\d+)")
_LIMITED: Final = re.compile(r"([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]):.*?available PCIe bandwidth, limited by .*", re.IGNORECASE)  # fmt: skip
_XID: Final = re.compile(r"NVRM: Xid \((?:PCI:)?([0-9a-f:.]+)\):\s*(\d+)(.*)", re.IGNORECASE)
_READ_REQUEST: Final = 128


class Device(NamedTuple):
    """One device of ``lspci -vvv``."""

    slot: str
    """With its domain: ``0000:1a:00.0``."""
    what: str
    vendor: str = ""
    """Four lower hex digits; empty without ``-n``."""
    model: str = ""
    bridge: bool = False
    acs: tuple[str, ...] | None = None
    """Flags of access control that are on; None: it has none, or it was not told (that takes root)."""
    read_request: int | None = None
    """Greatest read request in bytes."""
    speed: float | None = None
    """GT/s of the link as it is."""
    width: int | None = None
    best_speed: float | None = None
    best_width: int | None = None

    @property
    def downgraded(self) -> bool:
        """Tell whether its link is slower or narrower than the device can."""
        speed = self.speed is not None and self.best_speed is not None and self.speed < self.best_speed
        return speed or (self.width is not None and self.best_width is not None and self.width < self.best_width)


class Xid(NamedTuple):
    """One complaint of the GPU driver."""

    slot: str
    number: int
    text: str


def lspci(text: str) -> tuple[Device, ...] | None:
    """Return the devices of ``lspci -D -nn -vvv`` (pciutils); registers are told to root only."""
    return tuple(_device(head, body) for head, body in blocks(_SLOT, text)) or None


def _device(head: re.Match[str], body: str) -> Device:
    slot, what = head["slot"].lower(), head["what"].strip()
    ids = _IDS.search(what)
    vendor, model = ((ids[1] or ids[3]).lower(), (ids[2] or ids[4]).lower()) if ids else ("", "")
    acs, request = _ACS.search(body), _MRRS.search(body)
    status, able = _STATUS.search(body), _ABLE.search(body)
    return Device(
        slot=slot if slot.count(":") > 1 else f"0000:{slot}",
        what=what,
        vendor=vendor,
        model=model,
        bridge=bool(_PORT.search(what)),
        acs=tuple(word[:-1] for word in acs[1].split() if word.endswith("+")) if acs else None,
        read_request=int(request[1]) if request else None,
        speed=float(status[1]) if status else None,
        width=int(status[3]) if status else None,
        best_speed=float(able[1]) if able else None,
        best_width=int(able[2]) if able else None,
    )


def register(text: str) -> int | None:
    """Return the word that ``setpci -s SLOT REGISTER.w`` prints in hexadecimal digits."""
    word = text.strip()
    return int(word, 16) if re.fullmatch(r"[0-9a-f]{4}", word, re.IGNORECASE) else None


def read_request(text: str) -> int | None:
    """Return the greatest read request in bytes, of ``setpci -s SLOT CAP_EXP+08.w`` (PCIe: bits 12 to 14 of Device Control)."""
    word = register(text)
    return None if word is None else _READ_REQUEST << ((word >> 12) & 7)


def narrow(text: str) -> dict[str, str]:
    """Return what the kernel says of links that are slower than their device, by slot (``dmesg``: "limited by")."""
    return {found[1].lower(): found[0].strip() for found in _LIMITED.finditer(text)}


def xids(text: str) -> tuple[Xid, ...]:
    """Return the Xid errors of ``dmesg`` (NVIDIA driver: ``NVRM: Xid (PCI:0000:1b:00): 79, ...``)."""
    return tuple(Xid(found[1].lower(), int(found[2]), found[3].strip(" ,")) for found in _XID.finditer(text))
