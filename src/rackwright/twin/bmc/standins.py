"""Files for the emulated rack in the place of the vendor's update packages that a site lists and that are not there.

Only images whose path lies in the twin's own folder are made: nothing that could be taken for a real package is written anywhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from rackwright.catalog.images import Image as Listed
from rackwright.catalog.models import Catalog
from rackwright.errors import DocumentError
from rackwright.twin.bmc.machine.image import BiosChange, Image, dump

__all__ = ["FOLDER", "make_images", "stand_in", "stand_ins"]

FOLDER: Final = ".rackwright/twin/images/"
"""Below the site's folder; what git ignores and ``init`` does not copy."""
_FQDDS: Final[Mapping[str, tuple[str, ...]]] = {
    "gpu-baseboard": ("GPU.Baseboard.*",),
    "boss": ("AHCI.Slot.*",),
    "perc": ("RAID.Slot.*", "RAID.Integrated.*", "RAID.SL.*"),
}
"""Kinds that the twin's inventory knows by FQDD alone (``software.py``)."""
_SIZE: Final = 64 * 1024


def stand_in(listed: Listed, catalog: Catalog) -> bytes:
    """Return the file that stands for an image; the same bytes for the same entry. Raises ``KeyError`` for an unknown component."""
    kind = catalog.firmware[listed.component]
    changed = tuple(name for name in listed.changes or () if name != "*")
    return dump(
        Image(
            version=listed.version,
            software_ids=kind.software_ids,
            fqdds=_FQDDS.get(kind.key, () if kind.software_ids or kind.pci else kind.fqdds),
            pci=kind.pci,
            models=tuple(model for model in listed.models if model in catalog.servers),
            name=f"stand-in for {kind.name}",
            needs=dict(listed.needs),
            bios=BiosChange(resets=changed) if changed and kind.key == "bios" else None,
        ),
        size=_SIZE,
    )


def stand_ins(images: Iterable[Listed], catalog: Catalog) -> dict[str, bytes]:
    """Return the files of the images that a site lists in the twin's folder, by their path below the site's.

    Raises ``DocumentError`` where the site gives another SHA-256 than that of the stand-in.
    """
    found: dict[str, bytes] = {}
    for image in images:
        if not image.file.startswith(FOLDER):
            continue
        data = stand_in(image, catalog)
        digest = hashlib.sha256(data).hexdigest()
        if image.sha256 and image.sha256 != digest:
            raise DocumentError(
                f"{image.source}: the stand-in for {image.file} has the SHA-256 {digest}, not the one here"
            )
        found[image.file] = data
    return found


def make_images(folder: Path, images: Iterable[Listed], catalog: Catalog) -> tuple[Path, ...]:
    """Write the stand-ins of a site where they are not there, or are others; return the files.

    A twin empties its folder when it begins and ends: they are made once it is up. Raises as :func:`stand_ins`.
    """
    made = []
    for file, data in stand_ins(images, catalog).items():
        path = folder / file
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(data)
        made.append(path)
    return tuple(made)
