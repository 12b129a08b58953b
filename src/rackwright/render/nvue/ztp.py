"""The script that a switch runs on its first boot (nvue.md 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rackwright.errors import RenderError
from rackwright.plan.model import Switch
from rackwright.render.printing import printer

__all__ = ["PLACES", "filled", "image_name", "script"]

TEMPLATE = "ztp/ztp.sh.j2"

PLACES: Final = ("image_sha256", "server", "address", "token", "ca")
"""What the rendered file leaves open, as ``@token@``: it is filled in for one boot, when a switch asks for it."""


def script(switch: Switch, *, serial: str = "", templates: Path | None = None) -> str:
    """Return ``ztp.sh`` of a switch: ASCII, Unix line ends, nothing secret in it.

    ``serial`` is the serial number that nodes.csv gives (the check is left out where it is empty);
    ``templates`` a folder of the site whose ``ztp/ztp.sh.j2`` stands in for ours. The script fetches ``startup.yaml`` and, where the
    version differs, the NOS image from the server that sent it, over TLS; who that is stands in its :data:`PLACES`.
    """
    text = (
        printer(templates)
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


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a script with its places filled in.

    Raises :class:`~rackwright.errors.RenderError` where a site's own template lacks one: it could fetch nothing.
    """
    for name in PLACES:
        place = f"@{name}@"
        if place not in text:
            raise RenderError(f"the first-boot script has no {place}: give it one in SITE/templates/{TEMPLATE}")
        text = text.replace(place, values[name])
    return text


def image_name(nos: str) -> str:
    """Return the file name of the NOS image for Spectrum switches, as NVIDIA names it (``...-mlx-amd64.bin``)."""
    return f"cumulus-linux-{nos}-mlx-amd64.bin"
