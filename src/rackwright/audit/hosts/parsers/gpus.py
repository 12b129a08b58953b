"""What nvidia-smi says of GPUs, as XML (``-q -x``) or as text (``-q``), and of their NVLinks.

Every function takes what was printed, whatever that is, and never raises: None where it says nothing.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from rackwright.audit.hosts.parsers.trees import Tree, blocks, indented, xml

__all__ = ["Gpu", "Gpus", "NvLink", "nvidia_smi", "nvlinks"]

_NUMBER: Final = re.compile(r"\d+")
_GPU: Final = re.compile(r"^GPU (\d+):", re.MULTILINE)
_LINK: Final = re.compile(r"^\s+Link (\d+):\s*(.+?)\s*$", re.MULTILINE)


class Gpu(NamedTuple):
    """One GPU; a figure that is not told is None, a word empty."""

    slot: str
    name: str
    uncorrected: int | None
    """Uncorrectable memory errors since the driver was loaded."""
    remap_pending: str
    """``Yes``, ``No``."""
    remap_failure: str
    repair_pending: str
    fabric: str
    """``Completed``, ``In Progress``, ``N/A``."""
    fabric_status: str
    """``Success``."""
    recovery: str
    """What the driver asks for: ``None``, ``Reset``, ``Reboot``, ``Drain P2P``."""
    width: int | None
    """Lanes of its PCIe link."""
    best_width: int | None
    generation: int | None
    best_generation: int | None
    slowed: tuple[str, ...] = ()
    """Hardware reasons for which its clocks are low."""


class Gpus(NamedTuple):
    """All GPUs, and the driver that told of them."""

    driver: str
    attached: int | None
    gpus: tuple[Gpu, ...]


class NvLink(NamedTuple):
    """One NVLink of a GPU."""

    gpu: int
    link: int
    up: bool
    told: str


def nvidia_smi(text: str) -> Gpus | None:
    """Return what ``nvidia-smi -q -x`` or ``nvidia-smi -q`` tells."""
    tree = xml(text) if "<nvidia_smi_log" in text else indented(text)
    if tree is None or not tree.find("driver_version"):
        return None
    gpus = tuple(_gpu(node) for node in tree.all("gpu"))
    return Gpus(tree.find("driver_version"), _int(tree.find("attached_gpus")), gpus)


def _gpu(node: Tree) -> Gpu:
    ecc, rows = node.under("ecc_errors"), node.under("remapped_rows")
    link = node.under("pci", "gpu_link_info")
    return Gpu(
        slot=node.name.lower(),
        name=node.find("product_name"),
        uncorrected=_uncorrected(ecc.under("volatile")),
        remap_pending=rows.find("remapped_row_pending") or rows.find("pending"),
        remap_failure=rows.find("remapped_row_failure") or rows.find("remapping_failure_occurred"),
        repair_pending=ecc.find("channel_repair_pending"),
        fabric=node.under("fabric").find("state"),
        fabric_status=node.under("fabric").find("status"),
        recovery=node.find("gpu_recovery_action"),
        width=_int(link.under("link_widths", "link_width").find("current_link_width", "current")),
        best_width=_int(link.under("link_widths", "link_width").find("max_link_width", "max")),
        generation=_int(link.under("pcie_gen", "pcie_generation").find("current_link_gen", "current")),
        best_generation=_int(link.under("pcie_gen", "pcie_generation").find("max_link_gen", "max")),
        slowed=_slowed(node),
    )


def _uncorrected(node: Tree) -> int | None:
    """Add up the uncorrectable errors, which are told whole or by kind (``sram_uncorrectable_parity``)."""
    leaves = {name: _int(value) for name, value in node.leaves() if "uncorrect" in name}
    figures = [value for value in leaves.values() if value is not None]
    return sum(figures) if figures else None


def _slowed(node: Tree) -> tuple[str, ...]:
    reasons = node.under("clocks_event_reasons", "clocks_throttle_reasons")
    return tuple(name for name, value in reasons.leaves() if value == "Active" and re.search(r"hw_(?:slowdown|thermal|power_brake)", name))  # fmt: skip


def nvlinks(text: str) -> tuple[NvLink, ...] | None:
    """Return the links of ``nvidia-smi nvlink --status``: ``Link 0: 26.562 GB/s``, or ``<inactive>``."""
    found = [
        NvLink(int(head[1]), int(number), "inactive" not in told.lower() and bool(_NUMBER.match(told)), told)
        for head, body in blocks(_GPU, text)
        for number, told in _LINK.findall(body)
    ]
    return tuple(found) or None


def _int(text: str) -> int | None:
    found = _NUMBER.match(text)
    return int(found[0]) if found else None
