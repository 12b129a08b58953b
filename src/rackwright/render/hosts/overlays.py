"""What a site lays over the ``autoinstall`` of its hosts: ``SITE/autoinstall/{site,group-GROUP,host-NAME}.yaml``.

Each file holds the value of ``autoinstall`` or a part of it: mappings are joined, lists are replaced, ``null`` takes away. The narrower
comes later and so wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.catalog.faults import nearest
from rackwright.documents import Marked, canonical_json, read
from rackwright.errors import RenderError
from rackwright.findings import Location, Problem, problem
from rackwright.plan.install import Install
from rackwright.render.hosts.laying import lay

__all__ = ["FOLDER", "HostOverlay", "HostOverlays", "read_host_overlays"]

FOLDER: Final = "autoinstall"
"""Folder of a site that holds the files."""
_NAME: Final = re.compile(r"(?P<scope>site|group|host)(?:-(?P<name>.+))?")
_NAMES: Final = "call it site.yaml, group-gpu.yaml or host-gpu01.yaml"
_ORDER: Final = {"site": 0, "group": 1, "host": 2}


class HostOverlay(msgspec.Struct, frozen=True):
    """One file."""

    scope: str
    """``site``, ``group`` or ``host``."""
    name: str
    patch: Mapping[str, Any]
    source: str


@dataclass(frozen=True, slots=True)
class HostOverlays:
    """All files of a site."""

    patches: tuple[HostOverlay, ...] = ()

    def of(self, install: Install) -> Mapping[str, Any]:
        """Return what is laid over one host's ``autoinstall``; empty: nothing."""
        names = {"site": "", "group": install.group, "host": install.name}
        found: dict[str, Any] = {}
        for patch in sorted(self.patches, key=lambda one: _ORDER[one.scope]):
            if patch.name == names[patch.scope]:
                found = _joined(found, patch.patch)
        return found

    def digest(self, install: Install) -> str:
        """Return a text that is equal exactly when the same is laid over a host."""
        found = self.of(install)
        return canonical_json(found).decode() if found else ""

    def unused(self, installs: Iterable[Install]) -> tuple[HostOverlay, ...]:
        """Return the files that no host takes, for the user to hear of."""
        every = list(installs)
        known = {"site": {""}, "group": {one.group for one in every}, "host": {one.name for one in every}}
        return tuple(patch for patch in self.patches if patch.name not in known[patch.scope])


def read_host_overlays(folder: Path) -> HostOverlays:
    """Return the files of ``folder``, none where it is not there.

    Raises :class:`~rackwright.errors.RenderError` with everything that is wrong in them, each with its place.
    """
    problems: list[Problem] = []
    found: list[HostOverlay] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or path.suffix == ".md":
            continue
        named = _NAME.fullmatch(path.stem)
        if path.suffix not in (".yaml", ".yml") or named is None or (named["scope"] == "site") == bool(named["name"]):
            problems.append(
                _wrong(Location(str(path)), f"{path.name!r} names neither the site, a group nor a host", _NAMES)
            )
            continue
        marked = read(path)
        problems += _problems(marked)
        if isinstance(marked.value, dict):
            found.append(HostOverlay(named["scope"], named["name"] or "", marked.value, str(path)))
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise RenderError(f"{problems[0]}{more}", tuple(problems))
    return HostOverlays(tuple(found))


def _problems(marked: Marked) -> list[Problem]:
    """Return what is wrong with one file by its shape; what it leaves out, the host's own seed has."""
    from rackwright.render.hosts.model import AUTOINSTALL, CHECK
    from rackwright.render.hosts.shapes import judge

    found = [*marked.problems]
    if not isinstance(marked.value, dict):
        return found or [_wrong(marked.at(), "it holds no mapping", "write keys of autoinstall")]
    if "autoinstall" in marked.value:
        known = nearest("autoinstall", AUTOINSTALL.known)
        return [
            _wrong(
                marked.at("autoinstall"), "the file is the value of autoinstall already", f"move its keys up; {known}"
            )
        ]
    for fault in judge(marked.value, AUTOINSTALL, partial=True):
        path = [str(part) for part in fault.path]
        found.append(problem(CHECK, fault.message, remedy=fault.remedy, location=marked.at(*fault.path), path=path))
    return found


def _wrong(place: Location, message: str, remedy: str) -> Problem:
    return problem("render.autoinstall", message, remedy=remedy, location=place, subject=place.file)


def _joined(below: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Join two patches: a ``null`` must stay, to take away what comes below both."""
    kept = {key: value for key, value in over.items() if value is None}
    return lay(below, over) | kept
