"""Two build folders compared device by device, or one against what a switch exported."""

from __future__ import annotations

from pathlib import Path as FilePath

import msgspec

from rackwright.diff.changes import Change, between
from rackwright.errors import DocumentError
from rackwright.nvue import document
from rackwright.nvue.tree import Tree, get, natural_key

__all__ = ["DeviceDiff", "builds", "exported", "read"]

_STARTUP = "startup.yaml"


class DeviceDiff(msgspec.Struct, frozen=True):
    """What differs on one switch; ``only`` says which side has it, where one side alone does."""

    device: str
    changes: tuple[Change, ...]
    only: str = ""
    """``running``: it is taken away; ``intended``: it is new; empty: both have it."""


class _Manifest(msgspec.Struct, frozen=True):
    """What is needed of ``manifest.json``; the render side owns its shape."""

    files: dict[str, object]


def builds(running: FilePath, intended: FilePath) -> tuple[DeviceDiff, ...]:
    """Compare the switch configurations of two build folders; switches without a difference are left out.

    The files themselves are compared, not the digests of the manifests: somebody may have edited one. Raises
    :class:`~rackwright.errors.DocumentError` when a folder is no build or a file cannot be read.
    """
    one, two = _switches(running), _switches(intended)
    found = []
    for device in sorted({*one, *two}, key=natural_key):
        if device in one and device in two and _bytes(_startup(running, device)) == _bytes(_startup(intended, device)):
            continue  # equal text needs no parsing
        changes = between(_tree_of(running, device, one), _tree_of(intended, device, two))
        only = "intended" if device not in one else "running" if device not in two else ""
        if changes or only:
            found.append(DeviceDiff(device, changes, only))
    return tuple(found)


def exported(build: FilePath, export: FilePath, device: str = "") -> DeviceDiff:
    """Compare what a switch exported (running) with what a build intends for it.

    The switch is the one that the export names as its hostname, unless ``device`` says which. Raises
    :class:`~rackwright.errors.DocumentError` when the build has no such switch.
    """
    running = read(export)
    name = device or str(get(running, "system", "hostname", default=""))
    switches = _switches(build)
    if name not in switches:
        known = ", ".join(sorted(switches, key=natural_key)) or "none"
        said = f"the switch {name!r}" if name else "a switch without a hostname in its export"
        raise DocumentError(f"{build} has no configuration of {said}: name one of its switches ({known})")
    return DeviceDiff(name, between(running, _tree_of(build, name, switches)))


def read(path: FilePath) -> Tree:
    """Read an NVUE document and return its tree, ranges expanded.

    Raises :class:`~rackwright.errors.DocumentError` with every problem when it cannot be read as one.
    """
    found = document.read(_bytes(path), str(path))
    # Contradicting ranges are for `check` to tell; NVUE takes the later one, and so does the tree.
    problems = [item for item in found.problems if item.check != "nvue-overlap"]
    if problems:
        raise DocumentError(f"{path} is no NVUE configuration: {problems[0]}", problems)
    return found.tree


def _bytes(path: FilePath) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror}): give a startup.yaml or an export") from error


def _startup(build: FilePath, device: str) -> FilePath:
    return build / "devices" / device / _STARTUP


def _switches(build: FilePath) -> frozenset[str]:
    """Return the names of the switches that a build has a startup.yaml of."""
    try:
        manifest = msgspec.json.decode((build / "manifest.json").read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise DocumentError(f"{build} is no build folder (manifest.json: {error}): run 'rackwright render'") from error
    parts = [path.split("/") for path in manifest.files]
    return frozenset(words[1] for words in parts if len(words) == 3 and (words[0], words[2]) == ("devices", _STARTUP))


def _tree_of(build: FilePath, device: str, switches: frozenset[str]) -> Tree:
    return read(_startup(build, device)) if device in switches else {}
