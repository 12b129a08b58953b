"""The script that a switch runs on its first boot (nvue.md 4.3)."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rackwright.plan.model import Switch
from rackwright.render.printing import Printer

__all__ = ["image_name", "script"]

TEMPLATE = "ztp/ztp.sh.j2"


def script(switch: Switch, *, serial: str = "", templates: Path | None = None) -> str:
    """Return ``ztp.sh`` of a switch: ASCII, Unix line ends, nothing secret in it.

    ``serial`` is the serial number that nodes.csv gives (the check is left out where it is empty);
    ``templates`` a folder of the site whose ``ztp/ztp.sh.j2`` stands in for ours. The script fetches
    ``startup.yaml`` from the folder of its own URL (DHCP option 239) or of ``RACKWRIGHT_URL`` and, where
    the version differs, the NOS image from ``/images`` of the same server, as ONIE does.
    """
    text = (
        _printer(templates)
        .print(
            TEMPLATE,
            name=switch.name,
            nos=switch.nos,
            serial=serial,
            image=image_name(switch.nos),
            static=bool(switch.management),
        )
        .decode()
    )
    return text if text.endswith("\n") else text + "\n"


def image_name(nos: str) -> str:
    """Return the file name of the NOS image for Spectrum switches, as NVIDIA names it (``...-mlx-amd64.bin``)."""
    return f"cumulus-linux-{nos}-mlx-amd64.bin"


@lru_cache(maxsize=8)
def _printer(templates: Path | None) -> Printer:
    # One for all switches: compiling the template costs more than printing it a hundred times.
    return Printer(templates)
