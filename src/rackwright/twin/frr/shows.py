"""State read back from FRR, the kernel and lldpd, in the shapes of ``nv show -o json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr.lab import Cell

__all__ = ["show"]


def show(cell: Cell, tree: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """Return the state at a path; raises :class:`~rackwright.twin.dataplane.NotEmulated` for what is not translated."""
    raise NotEmulated(f"{' '.join(path)}: not read back from the data plane of {cell.name} ({len(tree)} objects)")
