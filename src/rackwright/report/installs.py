"""Installations of the NOS as text."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.push.installs.order import InstallOrder
from rackwright.report.words import count, some

__all__ = ["install_lines", "what_installs"]


def what_installs(order: InstallOrder) -> str:
    """Say in a line what is to be installed."""
    image = order.image
    return (
        f"{count(len(order.targets), 'switch')} to get Cumulus Linux {image.nos} "
        f"from {image.path.rpartition('/')[2]} (SHA-256 {image.sha256})"
    )


def install_lines(order: InstallOrder) -> Iterator[str]:
    """Tell what an installation does to each switch, and who is behind it."""
    for target in order.targets:
        serial = f", serial {target.serial}" if target.serial else ""
        yield f"~ {target.device}{serial}: Cumulus Linux {target.runs} -> {order.image.nos}"
        yield f"! {target.device}: it reboots twice, all of its links are down meanwhile, all on its disk goes"
        if target.behind:
            yield f"! {target.device}: cabled to it are {count(len(target.behind), 'device')} ({some(target.behind, 4)})"
