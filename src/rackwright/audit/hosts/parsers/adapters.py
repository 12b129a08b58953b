"""What the tools of NVIDIA's adapters say: MFT (flint, mlxfwmanager, mlxconfig), rdma-core, and the scripts of OFED.

Every function takes what was printed, whatever that is, and never raises: None where it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = [
    "Burnt",
    "Card",
    "Parameter",
    "Qos",
    "RdmaPort",
    "adapter_firmware",
    "cma_roce_tos",
    "cnp_dscp",
    "driver_firmware",
    "flint",
    "ibdev2netdev",
    "ibv_devinfo",
    "mlnx_qos",
    "mlxconfig",
    "mlxfwmanager",
    "pci_of_rdma",
]

_FLINT: Final = re.compile(r"^(FW Version|FW Version\(Running\)|PSID|Base MAC|Product Version):\s+(\S+)", re.MULTILINE)
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+")
_CARD: Final = re.compile(r"^\s*(Device Type|Part Number|PSID|PCI Device Name|Base MAC|FW):?\s+(\S+)", re.MULTILINE)
_NETDEV: Final = re.compile(r"^(?:\S+\s+)?(?P<rdma>\w+_\w+)\s.*?\bport\s+(?P<port>\d+)\s.*?==>\s+(?P<net>\S+)\s+\((?P<state>\w+)\)", re.MULTILINE)  # fmt: skip
_PCI: Final = re.compile(r"^([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s+(\w+_\w+)\s", re.MULTILINE)
_PARAMETER: Final = re.compile(
    r"^(?P<mark>[*\s]*?)\s{2,}(?P<name>[A-Z][A-Z0-9_]+(?:\[\d+(?:\.\.\d+)?\])?)\s+(?P<values>\S.*)$"
)
_VALUE: Final = re.compile(r"\((0x[0-9a-fA-F]+|\d+)\)$")
_PRIORITIES: Final = 8


class Burnt(NamedTuple):
    """Firmware of an adapter: what is on its flash, what runs."""

    flash: str
    running: str
    psid: str = ""
    mac: str = ""

    @property
    def pending(self) -> bool:
        """Tell whether another version waits for a power cycle."""
        return self.flash != self.running


class Card(NamedTuple):
    """One device of ``mlxfwmanager --query``."""

    device: str
    psid: str
    part: str
    mac: str
    firmware: str


class RdmaPort(NamedTuple):
    """One port of ``ibv_devinfo``."""

    device: str
    port: int
    firmware: str
    state: str
    """``PORT_ACTIVE``."""
    layer: str
    """``Ethernet``."""
    psid: str = ""


class Parameter(NamedTuple):
    """One row of ``mlxconfig -e q``: values as their numbers where there are any, else as printed."""

    current: str
    next: str

    @property
    def pending(self) -> bool:
        """Tell whether the next start brings another value."""
        return self.current != self.next


class Qos(NamedTuple):
    """What ``mlnx_qos -i IF`` tells."""

    trust: str
    pfc: tuple[bool, ...]
    """By priority."""
    dscp: dict[int, int]
    """DSCP -> priority; empty where it is not told."""


def flint(text: str) -> Burnt | None:
    """Return what ``flint -d DEVICE q`` tells; the running version is a line of its own only where it is another one."""
    fields: dict[str, str] = dict(_FLINT.findall(text))
    flash = fields.get("FW Version") or fields.get("FW Version(Running)", "")
    if not _VERSION.fullmatch(flash):
        return None
    running = fields.get("FW Version(Running)", flash)
    return Burnt(flash, running, fields.get("PSID", ""), _colons(fields.get("Base MAC", "")))


def driver_firmware(text: str) -> str | None:
    """Return the running firmware of ``ethtool -i IF``: ``firmware-version: 32.44.1036 (MT_...)``."""
    found = re.search(r"^firmware-version:\s+(\d+\.\d+\.\d+)\b", text, re.MULTILINE)
    return found[1] if found else None


def adapter_firmware(text: str) -> str | None:
    """Return the running firmware, of ``flint q`` or ``ethtool -i``."""
    burnt = flint(text)
    return burnt.running if burnt else driver_firmware(text)


def mlxfwmanager(text: str) -> tuple[Card, ...] | None:
    """Return the devices of ``mlxfwmanager --query``."""
    found = []
    for block in re.split(r"^Device #\d+:", text, flags=re.MULTILINE)[1:]:
        fields = dict(_CARD.findall(block))
        if fields.get("PCI Device Name"):
            found.append(
                Card(
                    fields["PCI Device Name"], fields.get("PSID", ""), fields.get("Part Number", ""),
                    _colons(fields.get("Base MAC", "")), fields.get("FW", ""),
                )
            )  # fmt: skip
    return tuple(found) or None


def ibdev2netdev(text: str) -> dict[str, str] | None:
    """Return the RDMA device of each network interface, of ``ibdev2netdev`` with or without ``-v``."""
    return {row["net"]: row["rdma"] for row in _NETDEV.finditer(text)} or None


def ibv_devinfo(text: str) -> tuple[RdmaPort, ...] | None:
    """Return the ports of ``ibv_devinfo``."""
    found: list[RdmaPort] = []
    for block in re.split(r"^hca_id:\s*", text, flags=re.MULTILINE)[1:]:
        head, *ports = re.split(r"^\s*port:\s*", block, flags=re.MULTILINE)
        device, fields = head.split("\n")[0].strip(), _fields(head)
        for port in ports:
            number, own = port.split("\n")[0].strip(), _fields(port)
            if device and number.isdigit():
                state = own.get("state", "").split(" ")[0]
                layer = own.get("link_layer", "")
                found.append(
                    RdmaPort(device, int(number), fields.get("fw_ver", ""), state, layer, fields.get("board_id", ""))
                )
    return tuple(found) or None


def mlxconfig(text: str) -> dict[str, Parameter] | None:
    """Return the parameters of ``mlxconfig -d DEVICE -e q``: default, current, next boot; without ``-e`` there is no current one."""
    found: dict[str, Parameter] = {}
    columns: tuple[str, ...] = ()
    for line in text.splitlines():
        if line.lstrip().startswith("Configurations:"):
            columns = tuple(re.split(r"\s{2,}", line.strip())[1:])
            continue
        row = _PARAMETER.match(line)
        values = re.split(r"\s{2,}", row["values"].strip()) if row else []
        if row and columns and len(values) == len(columns) and {"Current", "Next Boot"} <= set(columns):
            by = dict(zip(columns, (_number(value) for value in values), strict=True))
            found[row["name"]] = Parameter(by["Current"], by["Next Boot"])
    return found or None


def mlnx_qos(text: str) -> Qos | None:
    """Return trust, PFC and the priorities of DSCPs of ``mlnx_qos -i IF``."""
    trust = re.search(r"^Priority trust state:\s*(\w+)", text, re.MULTILINE)
    pfc = re.search(r"^PFC configuration:.*?^\s+enabled\s+((?:[01]\s+){7}[01])\s*$", text, re.MULTILINE | re.DOTALL)
    if not trust or not pfc:
        return None
    flags = tuple(word == "1" for word in pfc[1].split())
    return Qos(trust[1].lower(), flags, dict(_dscps(text))) if len(flags) == _PRIORITIES else None


def _dscps(text: str) -> Iterator[tuple[int, int]]:
    for priority, listed in re.findall(r"^\s*prio:(\d)\s+dscp:([\d,]+)", text, re.MULTILINE):
        yield from ((int(word), int(priority)) for word in listed.split(",") if word)


def cma_roce_tos(text: str) -> int | None:
    """Return the traffic class byte that ``cma_roce_tos -d DEVICE`` prints."""
    word = text.strip().split("\n")[-1].strip()
    return int(word) if re.fullmatch(r"\d{1,3}", word) else None


def cnp_dscp(text: str) -> int | None:
    """Return what ``/sys/class/net/IF/ecn/roce_np/cnp_dscp`` holds."""
    word = text.strip()
    return int(word) if re.fullmatch(r"\d{1,2}", word) else None


def pci_of_rdma(text: str) -> dict[str, str] | None:
    """Return the PCI address of each RDMA device, of ``ibdev2netdev -v``."""
    return {rdma: pci for pci, rdma in _PCI.findall(text)} or None


def _fields(text: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _number(text: str) -> str:
    """Return the number of a value: ``1`` of ``True(1)``, ``2`` of ``ETH(2)``, ``255`` of ``0xff``; else the text."""
    found = _VALUE.search(text)
    word = found[1] if found else text.strip()
    return str(int(word, 16)) if re.fullmatch(r"0x[0-9a-fA-F]+", word) else word


def _colons(text: str) -> str:
    word = text.lower().replace(":", "")
    return ":".join(word[at : at + 2] for at in range(0, 12, 2)) if re.fullmatch(r"[0-9a-f]{12}", word) else ""
