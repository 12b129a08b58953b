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


class _Entry(msgspec.Struct, frozen=True):
    sha256: str = ""


class _Manifest(msgspec.Struct, frozen=True):
    """What is needed of ``manifest.json``; the render side owns its shape."""

    files: dict[str, _Entry]


def builds(running: FilePath, intended: FilePath) -> tuple[DeviceDiff, ...]:
    """Compare the switch configurations of two build folders; switches without a difference are left out.

    A file with the same digest in both manifests is not read. Raises
    :class:`~rackwright.errors.DocumentError` when a folder is no build or a file cannot be read.
    """
    one, two = _digests(running), _digests(intended)
    found = []
    for device in sorted({*one, *two}, key=natural_key):
        if one.get(device) == two.get(device):
            continue
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
    digests = _digests(build)
    if name not in digests:
        known = ", ".join(sorted(digests, key=natural_key)) or "none"
        said = f"the switch {name!r}" if name else "a switch without a hostname in its export"
        raise DocumentError(f"{build} has no configuration of {said}: name one of its switches ({known})")
    return DeviceDiff(name, between(running, _tree_of(build, name, digests)))


def read(path: FilePath) -> Tree:
    """Read an NVUE document and return its tree, ranges expanded.

    Raises :class:`~rackwright.errors.DocumentError` with every problem when it cannot be read as one.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror}): give a startup.yaml or an export") from error
    found = document.read(text, str(path))
    # Contradicting ranges are for `check` to tell; NVUE takes the later one, and so does the tree.
    problems = [item for item in found.problems if item.check != "nvue-overlap"]
    if problems:
        raise DocumentError(f"{path} is no NVUE configuration: {problems[0]}", problems)
    return found.tree


def _digests(build: FilePath) -> dict[str, str]:
    """Return the digest of each switch's startup.yaml by the name of the switch."""
    try:
        manifest = msgspec.json.decode((build / "manifest.json").read_bytes(), type=_Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise DocumentError(f"{build} is no build folder (manifest.json: {error}): run 'rackwright render'") from error
    found = {}
    for path, entry in manifest.files.items():
        match path.split("/"):
            case ["devices", device, name] if name == _STARTUP:
                found[device] = entry.sha256
    return found


def _tree_of(build: FilePath, device: str, digests: dict[str, str]) -> Tree:
    return read(build / "devices" / device / _STARTUP) if device in digests else {}
