"""Facts as data: models of hardware, cables, validated releases and house styles.

``load()`` gives every row; a site's own YAML files add to it or replace rows. A file holds kinds of
rows, each a mapping from key to row::

    switches:
      sn5610: {like: sn5600, name: NVIDIA SN5610, source: our lab}
    releases:
      site-2026: {extends: dell-nvidia-1.3, name: Ours, source: lab, components: [{key: bios, version: 2.6.3}]}
"""

from __future__ import annotations

from collections.abc import Iterable

from rackwright.catalog.loading import collect, load
from rackwright.catalog.models import CableModel, Catalog, Release

__all__ = ["Catalog", "cables_for", "collect", "load", "operating_systems"]


def cables_for(catalog: Catalog, media: str, connectors: tuple[str, str], gbps: float) -> tuple[CableModel, ...]:
    """Return the parts of a medium that join two connectors and carry a link of ``gbps`` Gb/s.

    The A end is the first connector. A straight part carries several slower links on its lanes. The
    part whose way is nearest to the speed comes first.
    """
    fitting: Iterable[CableModel] = (
        row
        for row in catalog.cables.values()
        if row.media == media and (row.a_connector, row.b_connector) == connectors and row.way_gbps >= gbps
    )
    return tuple(sorted(fitting, key=lambda row: (row.way_gbps, row.key)))


def operating_systems(release: Release) -> tuple[str, ...]:
    """Return the words that ``hosts.os`` may be for a release, e.g. ``ubuntu-24.04``."""
    return tuple(
        f"{row.key}-{row.version}" for row in release.components if row.version and row.key in ("ubuntu", "rhel")
    )
