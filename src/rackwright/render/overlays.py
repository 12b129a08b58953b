"""What a site lays over the rendered switches: NVUE patches by device, role or site, and templates of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from rackwright.documents import canonical_json
from rackwright.plan.model import Switch
from rackwright.render.hosts.overlays import HostOverlays

__all__ = ["Overlay", "Overlays"]

Scope = Literal["site", "role", "device"]

# The narrower comes later and so wins.
_ORDER: Final[dict[Scope, int]] = {"site": 0, "role": 1, "device": 2}


class Overlay(msgspec.Struct, frozen=True):
    """One patch: an NVUE tree for every switch, for those of one role, or for one device."""

    scope: Scope
    name: str
    """Role or device; empty for the site."""
    patch: Mapping[str, Any]
    source: str = ""
    """File it was read from, for ``explain``."""


@dataclass(frozen=True, slots=True)
class Overlays:
    """All overlays of a site."""

    patches: tuple[Overlay, ...] = ()
    templates: Path | None = field(default=None)
    """Folder whose templates stand in for ours."""
    hosts: HostOverlays = field(default_factory=HostOverlays)
    """What is laid over the autoinstall of hosts."""

    def of(self, switch: Switch) -> tuple[Mapping[str, Any], ...]:
        """Return the patches for one switch, the widest scope first."""
        names: dict[Scope, str] = {"site": "", "role": switch.role, "device": switch.name}
        found = [overlay for overlay in self.patches if overlay.name == names[overlay.scope]]
        return tuple(overlay.patch for overlay in sorted(found, key=lambda overlay: _ORDER[overlay.scope]))

    def digest(self, switch: Switch) -> str:
        """Return a text that is equal exactly when the same patches apply."""
        patches = self.of(switch)
        return canonical_json(list(patches)).decode() if patches else ""
