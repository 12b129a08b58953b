"""What comes of a disk when it is booted: kernel, modules, services, what every boot sets anew; and a fresh disk."""

from __future__ import annotations

import uuid
from typing import Final

from rackwright.plan.model import HostNetwork
from rackwright.twin.hosts.archive import FRESH, driver_of, kernel_of, ofed_of
from rackwright.twin.hosts.system import Boot, Card, Disk

__all__ = ["PEERMEM", "SERVICES", "booted", "fresh"]

PEERMEM: Final = "/etc/modules-load.d/rackwright-peermem.conf"
"""The file that has peer memory loaded at every boot."""
SERVICES: Final = {
    "chrony": "chrony",
    "lldpd": "lldpd",
    "nvidia-fabricmanager": "nvidia-fabricmanager-",
    "nvidia-dcgm": "datacenter-gpu-manager-4-cuda12",
    "containerd": "containerd.io",
}
"""Unit -> package, or the beginning of its name."""


def fresh(name: str, network: HostNetwork) -> Disk:
    """Return the disk of a host that was installed a moment ago."""
    return Disk(name=name, packages=dict(FRESH), network=network)


def booted(disk: Disk, cards: dict[str, Card], now: float, *, cold: bool) -> Boot:
    """Return what runs after a boot; a ``cold`` one restarts the adapters too."""
    if cold:
        for card in cards.values():
            card.start()
    boot = Boot(
        id=str(uuid.uuid4()),
        since=now,
        kernel=kernel_of(disk.packages),
        cmdline=disk.cmdline,
        active={unit for unit in disk.enabled if _there(unit, disk)},
        sysctl=dict(disk.sysctl),
        runtime=disk.runtime,
    )
    boot.modules = {"mlx5_core", "mlx5_ib", "ib_core"} | ({"mlx_compat"} if ofed_of(disk.packages) else set())
    if any(module == "nvidia" and kernel == boot.kernel for module, _, kernel in disk.built):
        boot.driver = driver_of(disk.packages)
        boot.modules.add("nvidia")
        if PEERMEM in disk.files:
            boot.modules.add("nvidia_peermem")
    return boot


def _there(unit: str, disk: Disk) -> bool:
    package = SERVICES.get(unit, "")
    return not package or any(
        name == package or (package.endswith("-") and name.startswith(package)) for name in disk.packages
    )
