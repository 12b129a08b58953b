"""The limit of the catalog that fits a measure of a host."""

from __future__ import annotations

from rackwright.catalog.models import Catalog
from rackwright.catalog.thresholds import Measure, ThresholdRow

__all__ = ["limit"]


def limit(
    catalog: Catalog, measure: Measure, *, gpu: str = "", nodes: int = 0, ranks: int = 0, size_bytes: int = 0, gbps: float = 0
) -> ThresholdRow | None:  # fmt: skip
    """Return the row for a measure under its conditions, the most special one; None: none fits."""
    rows = [
        row
        for row in catalog.thresholds.values()
        if row.measure == measure
        and (not row.gpus or gpu in row.gpus)
        and row.nodes in (None, nodes)
        and row.ranks in (None, ranks)
        and (row.size_bytes is None or size_bytes >= row.size_bytes)
        and row.for_gbps in (None, gbps)
    ]
    return max(
        rows, key=lambda row: (bool(row.gpus), row.nodes is not None, row.ranks is not None, row.key), default=None
    )
