"""The files of an emulated switch that are computed when they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rackwright.twin.texts.output import document

if TYPE_CHECKING:
    from rackwright.twin.box import Box

__all__ = ["live_files"]


def live_files(box: Box) -> Mapping[str, Callable[[], tuple[str, int]]]:
    """Return the files that are computed when they are read, with their mode."""

    def release() -> str:
        return box.switch.who.nos

    return {
        "/etc/hostname": lambda: (f"{box.switch.applied.get('system', {}).get('hostname', 'cumulus')}\n", 0o644),
        "/etc/os-release": lambda: (
            f'NAME="Cumulus Linux"\nVERSION_ID={release()}\nVERSION="Cumulus Linux {release()}"\nID=cumulus-linux\n',
            0o644,
        ),
        "/etc/lsb-release": lambda: (
            f'DISTRIB_ID="Cumulus Linux"\nDISTRIB_RELEASE={release()}\nDISTRIB_DESCRIPTION="Cumulus Linux {release()}"\n',
            0o644,
        ),
        "/proc/sys/kernel/random/boot_id": lambda: (f"{box.switch.boot_id}\n", 0o444),
        "/etc/nvue.d/startup.yaml": lambda: (document(box.switch.who, box.switch.startup), 0o640),
    }
