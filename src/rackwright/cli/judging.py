"""What a check is made over: a planned site, a build folder, or NVUE files that a user brings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rackwright import catalog
from rackwright.catalog.models import Catalog
from rackwright.check import Fabric, Report, load_files
from rackwright.check.files import load_text
from rackwright.check.planned import of_plan
from rackwright.cli.answer import ERROR, FINDINGS, FINE, worst
from rackwright.cli.building import plan_of_build
from rackwright.cli.cabling import read_cabling
from rackwright.errors import DocumentError
from rackwright.plan.model import Plan
from rackwright.render import Overlays, switch_tree

__all__ = ["code_of", "of_build", "of_files", "of_site"]

_SUFFIXES = {".yaml", ".yml", ".json"}


def of_site(plan: Plan, rows: Catalog, overlays: Overlays) -> Fabric:
    """Render every switch of a plan in memory and join it with what the plan knows."""
    return of_plan(plan, {switch.name: switch_tree(switch, overlays) for switch in plan.switches}, rows)


def of_build(folder: Path) -> Fabric:
    """Read a build folder back: its plan, and the startup files as they lie there.

    Raises :class:`~rackwright.errors.DocumentError` when a file of the build cannot be read.
    """
    plan = plan_of_build(folder)
    found = {}
    for switch in plan.switches:
        path = folder / "devices" / switch.name / "startup.yaml"
        if path.is_file():
            found[switch.name] = load_text(path.read_bytes(), str(path), switch.nos, switch.model)
    fabric = of_plan(plan, {name: device.tree for name, device in found.items()}, catalog.load())
    # What the plan says of a device stays; the text adds its places and what could not be read.
    read = {
        name: replace(found[name], name=name, model=device.model, switch=device.switch) if name in found else device
        for name, device in fabric.devices.items()
    }
    return replace(fabric, devices=read)


def of_files(paths: Iterable[Path], nos: str, models: Iterable[str], cabling: Path | None) -> Fabric:
    """Read NVUE files; a folder means the files in it. ``models`` are ``sn5600``, or ``leaf01=sn5600`` each."""
    files = [file for path in paths for file in _files(path)]
    named = dict(word.split("=", 1) for word in models if "=" in word)
    every = [word for word in models if "=" not in word]
    fabric = load_files(files, nos, {**dict.fromkeys(_names(files), every[-1]), **named} if every else named or None)
    return replace(fabric, cables=read_cabling(cabling)) if cabling else fabric


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    if (path / "manifest.json").is_file():
        return sorted(path.glob("devices/*/startup.yaml"))
    found = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES and file.is_file())
    if not found:
        raise DocumentError(f"{path} holds no .yaml or .json file; name the files, or the folder that holds them")
    return found


def _names(files: Iterable[Path]) -> Iterable[str]:
    return (str(file) for file in files)


def code_of(report: Report) -> int:
    """Return the exit code of a report: nothing could be said (1), something is wrong (4), else 0; notes do not count."""
    unknown = any(item.status == "error" for item in report.findings)
    wrong = any(item.status == "fail" and item.severity != "info" for item in report.findings)
    return worst(ERROR if unknown else FINE, FINDINGS if wrong else FINE)
