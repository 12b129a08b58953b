"""What the head node of Base Command Manager is told, as commands of ``cmsh``, and what people do beside it.

Two files of commands: one adds, and may meet what is there already; one sets, and ends at the first error. So both may be run again.
Sources of each word are in ``docs/design/bcm.md``.
"""

from __future__ import annotations

from typing import Final

from rackwright.plan.bcm import Cluster
from rackwright.render.printing import Printer

__all__ = ["FILES", "bcm_file"]

FILES: Final = ("objects.cmsh", "settings.cmsh", "readme.md")
"""Files below ``bcm/``, in the order in which they are used."""
_BOND: Final = "miimon=100 lacp_rate=fast xmit_hash_policy=layer3+4"
"""Options of a bond as netplan.yaml has them for hosts that Rackwright installs."""


def bcm_file(cluster: Cluster, site: str, name: str, printer: Printer) -> bytes:
    """Print one of :data:`FILES`; raises :class:`~rackwright.errors.RenderError` where a template of the site fails."""
    images = sorted({category.image for category in cluster.categories})
    lacking: dict[str, list[str]] = {}
    for node in cluster.nodes:
        for word in node.lacks:
            lacking.setdefault(word, []).append(node.name)
    told = {"images": images, "bond": _BOND, "lacking": lacking}
    return printer.print(f"bcm/{name}.j2", cluster=cluster, name=site, **told)
