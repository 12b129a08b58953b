"""What is served to a host that is to be installed: who it is, and its seed, made for one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rackwright.errors import ServeError

if TYPE_CHECKING:
    from rackwright.plan.install import Install
    from rackwright.plan.model import Plan
    from rackwright.render import Overlays
    from rackwright.render.hosts.autoinstall import Report

__all__ = ["Media", "Seed", "media_of", "seeds"]


@dataclass(frozen=True)
class Seed:
    """Everything that one host may have."""

    install: Install
    macs: frozenset[str] = frozenset()
    """Every MAC address that nodes.csv gives it; empty: none is known."""
    laid: Mapping[str, Any] | None = field(default=None, repr=False)
    """What the site lays over its ``autoinstall``."""
    templates: Path | None = None
    more: str = ""
    """Further words for its installer's kernel."""

    @property
    def device(self) -> str:
        """Return its name."""
        return self.install.name

    @property
    def tag(self) -> str:
        """Return its service tag; empty: nodes.csv has none, and it cannot be told from another."""
        return self.install.service_tag

    def files(self, report: Report) -> Mapping[str, bytes]:
        """Return its seed by file name, for the wire and never for a file.

        Raises :class:`~rackwright.errors.RenderError` for a host of which too little is known to install it.
        """
        from rackwright.render.hosts.autoinstall import seed

        return seed(self.install, report, laid=self.laid, templates=self.templates)


@dataclass(frozen=True)
class Media:
    """The files of a network boot."""

    folder: Path
    kernel: str = "vmlinuz"
    initrd: str = "initrd"
    iso: str = ""
    """The live server's image that the initrd fetches; empty: the initrd needs none."""


def seeds(plan: Plan, found: Iterable[Install], overlays: Overlays) -> dict[str, Seed]:
    """Return what is served to each host that Rackwright installs; ``found`` is :func:`rackwright.plan.install.installs`'s."""
    macs = {device.name: frozenset(mac.lower() for _, mac in device.macs if mac) for device in plan.devices}
    return {
        one.name: Seed(one, macs.get(one.name, frozenset()), overlays.hosts.of(one), overlays.templates)
        for one in found
    }


def media_of(folder: Path, names: Iterable[str] = ()) -> Media:
    """Return the files of a network boot in ``folder``: kernel, initrd, the further ``names``, and the one ISO where there is one.

    Raises :class:`~rackwright.errors.ServeError` for what is missing, and for two ISOs.
    """
    missing = [name for name in ("vmlinuz", "initrd", *names) if not (folder / name).is_file()]
    if missing:
        raise ServeError(
            f"{folder} has no {', '.join(missing)}: kernel and initrd lie in casper/ of the ISO, "
            "bootx64.efi is iPXE's program for UEFI (ipxe.efi of the package ipxe)"
        )
    images = sorted(path.name for path in folder.glob("*.iso"))
    if len(images) > 1:
        raise ServeError(f"{folder} has {len(images)} ISOs ({', '.join(images)}): leave the one that the kernel is of")
    return Media(folder, iso=images[0] if images else "")
