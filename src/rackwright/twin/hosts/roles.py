"""Roles as data: what each one does to an operating system, task by task, and what its proof looks at.

A row is a role of ``playbooks/roles``; names of tasks are that role's. Times are [assumed]. A change is a change whether the role
is run or only tried (check mode): both run the same rows, the latter on a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

from rackwright.twin.hosts import effects, proofs
from rackwright.twin.hosts.effects import Done
from rackwright.twin.hosts.system import System

__all__ = ["ROLES", "Role"]

Told: TypeAlias = Mapping[str, Any]
Effect: TypeAlias = Callable[[System, Told], Iterator[Done]]
Proof: TypeAlias = Callable[[System, Told], Iterator[Done]]


@dataclass(frozen=True, slots=True)
class Role:
    """One role."""

    does: tuple[Effect, ...]
    proves: tuple[Proof, ...] = ()
    took_s: float = 5.0
    """Of the twin's clock, when there is something to do."""


def _packages(step: str, *, restart: bool = False) -> Effect:
    return partial(effects.packages, step, restart)


def _service(unit: str) -> Effect:
    return partial(effects.service, unit)


def _runs(unit: str, step: str) -> Proof:
    return partial(proofs.runs, unit, step)


def _file(task: str, path: str, keys: tuple[str, ...]) -> Effect:
    return partial(effects.file, task, path, keys)


def _everything(system: System, told: Told) -> Iterator[Done]:
    """Prove every step of the host, but for a trial."""
    for step in () if system.trial else told["steps"]:
        for proof in ROLES[step].proves if step in ROLES else ():
            yield from proof(system, told)


_KERNEL: Final = (proofs.kernel,)
_OFED: Final = (proofs.ofed,)

ROLES: Final[Mapping[str, Role]] = {
    "preflight": Role((effects.preflight,), took_s=2),
    "mirror": Role(
        (
            _file("Write how apt fetches", "/etc/apt/apt.conf.d/90rackwright", ("mirror.proxy",)),
            _file("Write the preferences", "/etc/apt/preferences.d/rackwright", ("pins",)),
            _file("Write the sources", effects.SOURCES, ("mirror.sources",)),
        ),
        (proofs.sources,),
        took_s=20,
    ),
    "base": Role(
        (
            _packages("base"),
            _file("Have nothing upgraded by itself", effects.NO_UPGRADES, ()),
        ),
        (proofs.no_upgrades,),
        took_s=15,
    ),
    "time": Role(
        (
            _packages("time"),
            _file("Write the time servers", "/etc/chrony/sources.d/rackwright.sources", ("time.ntp",)),
            _file("Set the time zone", "/etc/localtime", ("time.timezone",)),
            _service("chrony"),
        ),
        (_runs("chrony", "time"),),
        took_s=15,
    ),
    "lldp": Role(
        (
            _packages("lldp"),
            _file("Write what is told to neighbours", "/etc/lldpd.d/rackwright.conf", ()),
            _service("lldpd"),
        ),
        (_runs("lldpd", "lldp"),),
        took_s=15,
    ),
    "kernel": Role((_packages("kernel", restart=True),), _KERNEL, took_s=60),
    "tuning": Role(
        (
            effects.sysctl,
            _file("Write the environment", "/etc/profile.d/rackwright.sh", ("environment",)),
            effects.cmdline,
            _file("Write what every boot sets on PCIe", effects.PCIE, ("pcie",)),
            _service("rackwright-pcie"),
        ),
        (proofs.tuning,),
        took_s=10,
    ),
    "containerd": Role(
        (_packages("containerd"), _service("containerd")), (_runs("containerd", "containerd"),), took_s=30
    ),
    "ofed": Role(
        (
            effects.needs("See that the kernel is in force", *_KERNEL),
            _packages("ofed", restart=True),
            _service("openibd"),
        ),
        _OFED,
        took_s=300,
    ),
    "bluefield_firmware": Role((effects.firmware,), (proofs.firmware,), took_s=120),
    "bluefield_config": Role((effects.parameters,), (proofs.parameters,), took_s=20),
    "bluefield_runtime": Role(
        (effects.needs("See that the parameters are live", proofs.parameters), effects.runtime),
        (proofs.runtime,),
        took_s=15,
    ),
    "gpu_driver": Role(
        (
            effects.needs("See that the kernel is in force", *_KERNEL),
            effects.needs("See that OFED is there", *_OFED, owner="ofed"),
            _packages("gpu_driver", restart=True),
        ),
        (proofs.driver,),
        took_s=180,
    ),
    "fabric_manager": Role(
        (
            effects.needs("See that the driver is in force", proofs.driver),
            _packages("fabric_manager"),
            _service("nvidia-fabricmanager"),
        ),
        (proofs.fabric_manager,),
        took_s=20,
    ),
    "peermem": Role((effects.peermem,), (proofs.peermem,), took_s=5),
    "dcgm": Role((_packages("dcgm"), _service("nvidia-dcgm")), (_runs("nvidia-dcgm", "dcgm"),), took_s=30),
    "verify": Role((_everything,), took_s=10),
}
"""Role -> what it does."""
