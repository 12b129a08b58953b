"""What a check is made over: a planned site, a build folder, or NVUE files that a user brings."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from rackwright import catalog
from rackwright.catalog.models import Catalog
from rackwright.check import Cable, Fabric, HostEnd, Report, load_files, netplans
from rackwright.check.files import load_text
from rackwright.check.planned import of_plan
from rackwright.cli.answer import ERROR, FINDINGS, FINE, worst
from rackwright.cli.building import plan_of_build
from rackwright.cli.cabling import read_cabling
from rackwright.errors import DocumentError
from rackwright.plan.model import Plan
from rackwright.render import Overlays, switch_tree
from rackwright.render.folder import read_manifest

__all__ = ["code_of", "of_build", "of_files", "of_site"]

_SUFFIXES = {".yaml", ".yml", ".json"}


def of_site(plan: Plan, rows: Catalog, overlays: Overlays) -> Fabric:
    """Render every switch of a plan in memory and join it with what the plan knows."""
    return of_plan(plan, {switch.name: switch_tree(switch, overlays) for switch in plan.switches}, rows)


def of_build(folder: Path) -> Fabric:
    """Read a build folder back: its plan, and the startup files, netplans and the cabling as they lie there.

    Raises :class:`~rackwright.errors.DocumentError` when a file of the build cannot be read.
    """
    plan = plan_of_build(folder)
    found = {}
    for switch in plan.switches:
        path = folder / "devices" / switch.name / "startup.yaml"
        if path.is_file():
            found[switch.name] = load_text(path.read_bytes(), str(path), switch.nos, switch.model)
    fabric = of_plan(plan, {name: device.tree for name, device in found.items()}, catalog.load())
    fabric = replace(fabric, hosts=_with_netplans(folder, plan, fabric), cables=_as_cabled(folder, fabric))
    # What the plan says of a device stays; the text adds its places and what could not be read.
    read = {
        name: replace(found[name], name=name, model=device.model, switch=device.switch) if name in found else device
        for name, device in fabric.devices.items()
    }
    return replace(fabric, devices=read)


def _with_netplans(folder: Path, plan: Plan, fabric: Fabric) -> Mapping[tuple[str, str], HostEnd]:
    """Give the host ends with the addresses and MTUs that the netplans of a build say; without a file nothing is known of one."""
    ends = dict(fabric.hosts)
    written = read_manifest(folder).files
    for net in plan.hosts:
        name = f"devices/{net.name}/netplan.yaml"
        path, entry = folder / name, written.get(name)
        text = _bytes_of(path)
        # What was rendered of this plan, and is as it was written, says what the plan says.
        if entry is not None and hashlib.sha256(text).hexdigest() == entry.sha256:
            continue
        network = netplans.network_of(text, str(path)) if text else {}
        for item in net.interfaces:
            end = ends.get((net.name, item.port))
            if end is not None and not item.vlan:
                stated = netplans.addresses_of(network, item.name, item.bond)
                mtu = netplans.mtu_of(network, item.name, item.bond)
                ends[net.name, item.port] = replace(end, addresses=stated, mtu_bytes=mtu)
    return ends


def _bytes_of(path: Path) -> bytes:
    """Read a file of a build; empty when it is not there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}; render the site again") from error


def _as_cabled(folder: Path, fabric: Fabric) -> tuple[Cable, ...] | None:
    """Give the links of a build's ``cabling.csv``, each with what the plan knows of its part; without it the plan's."""
    path = folder / "cabling.csv"
    if not path.is_file():
        return fabric.cables
    known = {cable.ends: cable for cable in fabric.cables or ()}
    return tuple(_part_of(row, known.get(row.ends) or known.get(row.ends[::-1])) for row in read_cabling(path))


def _part_of(row: Cable, planned: Cable | None) -> Cable:
    """Give a link of the table: reach, plugs and ways are those of the planned part, where it is still that part."""
    if planned is None or planned.part != row.part:
        return row
    stated = {name: getattr(row, name) for name in ("media", "length_m", "speed_gbps", "assembly", "optional")}
    same = all(getattr(planned, name) == value for name, value in stated.items())
    return planned if same else replace(planned, **stated)


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
