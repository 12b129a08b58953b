"""Rows about what measures and benchmarks of hosts must reach."""

from __future__ import annotations

from typing import Literal

from rackwright.catalog.rows import Row

__all__ = ["Measure", "ThresholdRow"]

Measure = Literal["bit-errors", "rdma-write", "nccl-all-reduce", "nvbandwidth-host", "nvbandwidth-peer"]


class ThresholdRow(Row):
    """One limit; without ``least`` and ``most`` the measure is shown and judged by nothing."""

    measure: Measure
    unit: str
    least: float | None = None
    most: float | None = None
    gpus: tuple[str, ...] = ()
    """Keys of GPU models that it holds for; empty: all."""
    nodes: int | None = None
    """How many hosts take part; None: any number."""
    ranks: int | None = None
    """How many GPUs take part; None: any number."""
    size_bytes: int | None = None
    """Least size of the messages at which it holds; None: any."""
    for_gbps: float | None = None
    """Speed of the link that it is stated for in Gb/s; None: any."""
    severity: Literal["error", "warning"] = "error"
