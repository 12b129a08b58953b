"""The page of limits names what the catalog does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from rackwright import catalog

CATALOG = catalog.load()
FIGURES = ("power_w", "height_u", "depth_mm", "power_supplies", "max_weight_kg", "outlets", "phases")
ROWS = [
    (kind, key)
    for kind in ("servers", "switches", "nics", "gpus", "racks", "pdus")
    for key, row in getattr(CATALOG, kind).items()
    if any(getattr(row, figure, 0) is None for figure in FIGURES)
]


def page(repository: Path) -> str:
    """Return the text of the page."""
    return (repository / "docs" / "limits.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("kind", "key"), ROWS)
def test_a_row_with_an_unknown_figure_is_named(repository: Path, kind: str, key: str) -> None:
    """What is null in the catalog is told to whoever relies on it."""
    assert f"`{key}`" in page(repository), f"{kind}.{key}"


def test_each_unpinned_component_is_named(repository: Path) -> None:
    """A component without a validated version is in the page."""
    loose = [row.key for row in CATALOG.releases["dell-nvidia-1.3"].components if row.version is None]
    assert [key for key in loose if f"`{key}`" not in page(repository)] == []
