"""What Dell's own files say of update packages: ``package.xml`` of one, ``Catalog.xml`` of many.

Both name the components by Dell's numbers or PCI ids and the systems by their printed names; the rows of the catalog say which
kind of component and which server model those are. What no row recognises is left out, and counted.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import NamedTuple

from rackwright.catalog.firmware import FirmwareKind
from rackwright.catalog.images import Image
from rackwright.catalog.models import Catalog
from rackwright.documents.markup import Element

__all__ = ["DellFile", "images"]

_HEX_SHA256 = 64


class DellFile(NamedTuple):
    """What one of Dell's files came to."""

    images: tuple[Image, ...]
    strangers: int
    """Packages that no row recognises, or for systems that are no row."""


def images(root: Element, catalog: Catalog, *, source: str, folder: str = "", file: str = "") -> DellFile:
    """Return the images that a file tells of.

    ``folder`` is where its relative paths begin, below the site's folder; ``file`` is the package itself, for a ``package.xml``,
    whose own path names the file at Dell's.
    """
    base = root.get("baseLocation", "").strip().rstrip("/")
    listed = [root] if root.tag == "SoftwareComponent" else list(root.iter("SoftwareComponent"))
    found: list[Image] = []
    strangers = 0
    for at, package in enumerate(listed, 1):
        made = list(_of(package, catalog, _Place(f"{source}: package {at}", folder, file, base)))
        strangers += not made
        found += made
    return DellFile(tuple(found), strangers)


class _Place(NamedTuple):
    source: str
    folder: str
    file: str
    base: str


def _of(package: Element, catalog: Catalog, place: _Place) -> Iterator[Image]:
    version = package.get("vendorVersion", "").strip()
    models = _models(package, catalog)
    kinds = dict.fromkeys(_kinds(package, catalog))
    if not version or models is None:
        return
    path = package.get("path", "").strip().replace("\\", "/")
    file = place.file or (posixpath.normpath(posixpath.join(place.folder, path)) if path else "")
    for kind in kinds:
        yield Image(
            component=kind, version=version, models=models, file=file, url=_url(place.base, path), sha256=_sha256(package),
            needs=(), source=place.source,
        )  # fmt: skip


def _url(base: str, path: str) -> str:
    if not base or not path:
        return ""
    return f"{base if '://' in base else f'https://{base}'}/{path.lstrip('/')}"


def _sha256(package: Element) -> str:
    """Return the SHA-256, which newer files carry beside ``hashMD5``; that one alone is no proof of anything."""
    for entry in package.iter("Hash"):
        text = (entry.text or "").strip().lower()
        if entry.get("algorithm", "").upper().replace("-", "") == "SHA256" and len(text) == _HEX_SHA256:
            return text
    return ""


def _models(package: Element, catalog: Catalog) -> tuple[str, ...] | None:
    """Return the server models that it is for; empty where it names no system, None where it names only strangers."""
    printed = {
        _flat("".join(name.itertext()))
        for model in package.findall("./SupportedSystems//Model")
        for name in model.iter("Display")
    }
    if not printed:
        return ()
    known = {key: _flat(row.name.rpartition(" ")[2]) for key, row in catalog.servers.items()}
    found = tuple(key for key, word in known.items() if any(_means(name, word) for name in printed))
    return found or None


def _means(printed: str, word: str) -> bool:
    return printed == word or printed.endswith(f" {word}")


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _kinds(package: Element, catalog: Catalog) -> Iterator[str]:
    for device in package.findall("./SupportedDevices/Device"):
        number = device.get("componentID", "")
        ids = {_pci(entry) for entry in device.iter("PCIInfo")}
        name = _flat("".join(text for entry in device.findall("./Display") for text in entry.itertext()))
        for key, kind in catalog.firmware.items():
            if _is(kind, number, ids, name):
                yield key


def _is(kind: FirmwareKind, number: str, ids: set[str], name: str) -> bool:
    if kind.software_ids and number in kind.software_ids:
        return True
    if any(found == wanted or found.startswith(f"{wanted}:") for wanted in kind.pci for found in ids):
        return True
    return any(fnmatchcase(name, pattern.lower()) for pattern in kind.names)


def _pci(entry: Element) -> str:
    words = [entry.get(word, "").upper() for word in ("vendorID", "deviceID", "subVendorID", "subDeviceID")]
    return ":".join(word for word in words if word)
