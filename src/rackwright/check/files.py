"""Reading the NVUE files a user brings, as a fabric to be checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path as FilePath

from rackwright.check.hardware import Cage, from_switch, shipped
from rackwright.check.interfaces import Breakout, index
from rackwright.check.model import Device, Fabric, Tree
from rackwright.errors import DocumentError
from rackwright.nvue import document
from rackwright.nvue.tree import get

__all__ = ["guess_model", "load_files", "load_text"]


def load_files(
    paths: Iterable[str | FilePath], nos: str = "5.12.1", model: str | Mapping[str, str] | None = None
) -> Fabric:
    """Read NVUE files (YAML or JSON: startup files, ``nv config show`` exports, bare trees).

    ``model`` is one catalog key for all, or keys by device name or file name. Without it the model is
    what the header says or the only one that can do the file's breakouts; else it stays unknown.
    Raises :class:`DocumentError` when a file cannot be opened; what is wrong *in* a file is reported.
    """
    devices: dict[str, Device] = {}
    for path in map(FilePath, paths):
        try:
            text = path.read_bytes()
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise DocumentError(f"{path}: cannot be read: {why}; give a readable NVUE file") from error
        device = load_text(text, str(path), nos, model)
        # Two files of one hostname are two devices to look at: a copied hostname is itself a finding.
        name = device.name if device.name not in devices else f"{device.name}@{path}"
        devices[name] = device if name == device.name else _renamed(device, name)
    return Fabric(devices)


def load_text(text: str | bytes, source: str, nos: str, model: str | Mapping[str, str] | None = None) -> Device:
    """Read one NVUE document; the device is named by its hostname, else by its file."""
    read = document.read(text, source)
    stem = FilePath(source).name.partition(".")[0]
    hostname = get(read.tree, "system", "hostname")
    name = hostname if isinstance(hostname, str) and hostname else stem
    stated = (
        model if isinstance(model, str) or model is None else model.get(name) or model.get(stem) or model.get(source)
    )
    return Device(
        name,
        read.tree,
        stated or guess_model(read.header, read.tree),
        nos,
        source,
        read.marks,
        tuple(read.overlaps),
        read.raw,
        problems=tuple(item for item in read.problems if item.check != "nvue-overlap"),
    )


def guess_model(header: Mapping[str, object], tree: Tree) -> str | None:
    """Tell the model from the header, or from breakouts that one model of the catalog alone can do.

    Port numbers are no evidence: NVIDIA's own export for an SN2201 configures swp61.
    """
    stated = str(header.get("model", "")).lower()
    if stated in shipped():
        return stated
    splits = index(tree).breakouts
    if not splits:
        return None
    able = [key for key, row in shipped().items() if _can(splits, from_switch(row).cages)]
    return able[0] if len(able) == 1 else None


def _can(splits: Mapping[int, Breakout], cages: Mapping[int, Cage]) -> bool:
    """Tell whether a model can do every breakout of a file."""
    known = [(split, cages.get(number)) for number, split in splits.items()]
    return all(
        cage is not None and cage.splits and (split.mode in cage.breakouts or split.ways == 0) for split, cage in known
    )


def _renamed(device: Device, name: str) -> Device:
    """Copy a device under another name."""
    return replace(device, name=name)
