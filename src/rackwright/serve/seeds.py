"""What is served to a host that is to be installed: who it is, its seed with open places, its boot script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rackwright.errors import RenderError, ServeError

__all__ = ["FILES", "PLACES", "Media", "Places", "Seed", "filled", "media_of"]

FILES: Final = ("meta-data", "user-data", "vendor-data", "network-config")
"""What cloud-init asks for, in its order; a seed without the last two is one."""

PLACES: Final = ("progress", "token", "ca")
"""What a seed leaves open, as ``@progress@``: the address of the receiver, the token of the attempt, the CA's certificate."""


@dataclass(frozen=True)
class Places:
    """What is put in a seed's places for one answer."""

    progress: str
    token: str
    ca: str


@dataclass(frozen=True)
class Seed:
    """Everything that one host may have."""

    device: str
    tag: str
    """Service tag; empty: nodes.csv has none, and the host cannot be told from another."""
    macs: frozenset[str]
    files: Mapping[str, str] = field(repr=False)
    """File name -> text with open places."""
    more: str = ""
    """Further words for its kernel."""


@dataclass(frozen=True)
class Media:
    """The files of a network boot."""

    folder: Path
    kernel: str = "vmlinuz"
    initrd: str = "initrd"
    iso: str = ""
    """The live server's image that the initrd fetches; empty: the initrd needs none."""


def filled(seed: Seed, name: str, places: Places) -> str:
    """Return one file of a seed with its places filled in.

    Raises :class:`~rackwright.errors.RenderError` where the user-data has no place for the receiver: nobody would know how it went.
    """
    text = seed.files[name]
    if name == "user-data" and "@progress@" not in text:
        raise RenderError(f"the user-data of {seed.device} has no @progress@: its installer would report to nobody")
    # JSON's escapes are YAML's inside double quotes, which is where a certificate of several lines stands.
    for word, value in (("progress", places.progress), ("token", places.token), ("ca", json.dumps(places.ca)[1:-1])):
        text = text.replace(f"@{word}@", value)
    return text


def media_of(folder: Path, names: Iterable[str] = ()) -> Media:
    """Return the files of a network boot in ``folder``: kernel, initrd, what firmware fetches, and the one ISO where there is one.

    Raises :class:`~rackwright.errors.ServeError` for what is missing, and for two ISOs.
    """
    if not folder.is_dir():
        raise ServeError(f"{folder} is no folder: name that of kernel, initrd and {', '.join(names) or 'boot file'}")
    missing = [name for name in ("vmlinuz", "initrd", *names) if not (folder / name).is_file()]
    if missing:
        raise ServeError(
            f"{folder} has no {', '.join(missing)}: kernel and initrd come from casper/ of the ISO, "
            "the boot file is iPXE's for UEFI (package ipxe), as bootx64.efi"
        )
    images = sorted(path.name for path in folder.glob("*.iso"))
    if len(images) > 1:
        raise ServeError(
            f"{folder} has {len(images)} ISOs ({', '.join(images)}): leave the one that kernel and initrd are of"
        )
    return Media(folder, iso=images[0] if images else "")
