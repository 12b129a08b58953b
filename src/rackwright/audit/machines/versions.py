"""The firmware that BMCs told in a look, a version a component: what a record keeps of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from rackwright.audit.evidence import UNKNOWN
from rackwright.audit.machines.model import MachineLook, MachineView
from rackwright.redfish import versions as forms

__all__ = ["versions"]

_BMC: Final = "BMC"
_BIOS: Final = "BIOS"
_GENERAL: Final = {"idrac": _BMC, "bios": _BIOS}
"""Components that every server has, and that its BMC tells outside of its firmware inventory too."""


class _Row(NamedTuple):
    name: str
    part: str
    """Which of several; empty: there is one."""
    version: str


def versions(look: MachineLook) -> dict[str, str]:
    """Return component -> version as the BMCs of a look told; ``not known`` where one does not tell, or could not be asked.

    Components are called as the release calls them, else as the BMC does. Those of one name and version are one entry that names its
    parts: ``BlueField-3 firmware (b3140h-1, b3140h-2)``. What the BMC on an adapter told is called by its name.
    """
    found: dict[str, str] = {}
    for view in look.views.values():
        before = f"{view.adapter or view.name}: " if view.card else ""
        found |= {f"{before}{name}": version for name, version in _of(view).items()}
    return found


def _of(view: MachineView) -> dict[str, str]:
    if not view.reached:
        return {_BMC: UNKNOWN} if view.card else {_BMC: UNKNOWN, _BIOS: UNKNOWN}
    parts: dict[tuple[str, str], list[str]] = {}
    for row in _rows(view):
        parts.setdefault((row.name, row.version), []).append(row.part)
    found: dict[str, str] = {}
    for (name, version), seen in parts.items():
        called = _called(name, seen)
        # Rows that nothing tells apart are told together.
        found[called] = f"{found[called]}, {version}" if called in found else version
    return found


def _called(name: str, parts: list[str]) -> str:
    named = ", ".join(dict.fromkeys(part for part in parts if part))
    return f"{name} ({named})" if named else name


def _rows(view: MachineView) -> Iterator[_Row]:
    told = view.inventory
    judged: set[str] = set()
    general = {"idrac": told.bmc_version} if view.card else {"idrac": told.bmc_version, "bios": told.bios_version}
    # A card's BMC is not judged by the rows of the server, and what it calls BIOS or BMC is its own.
    for state in () if view.card else view.firmware:
        judged.add(state.evidence)
        found = state.found if forms.told(state.found) else general.get(state.key, "")
        general.pop(state.key, None)
        yield _Row(state.name, "" if state.subject == state.key else state.subject, _known(found))
    for key, version in general.items():
        yield _Row(_GENERAL[key], "", _known(version))
    rows = [row for row in told.software if row.status == "installed" and row.uri not in judged]
    names = [row.name or row.id for row in rows]
    for row, name in zip(rows, names, strict=True):
        yield _Row(name, row.fqdd if names.count(name) > 1 else "", _known(row.version))
    seen = {row.fqdd for row in told.software if row.status == "installed"}
    yield from (
        _Row(gpu.model or "GPU", gpu.fqdd, gpu.firmware) for gpu in told.gpus if gpu.firmware and gpu.fqdd not in seen
    )


def _known(version: str) -> str:
    return version if forms.told(version) else UNKNOWN
