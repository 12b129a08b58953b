"""What is to be installed where: which switches run another version than planned, and the order of a run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Literal

import msgspec

from rackwright.drivers.nvue.model import Facts
from rackwright.errors import RunChanged
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan
from rackwright.push.apart import apart_from
from rackwright.push.impact import Interrupts
from rackwright.push.sending import refuse_open_secrets
from rackwright.runs.model import Apart

__all__ = ["Image", "InstallLimits", "InstallOrder", "Target", "decode", "make_install"]


class Image(msgspec.Struct, frozen=True):
    """An image of the NOS as it lies here."""

    path: str
    sha256: str
    nos: str
    """The version that the switches are to run."""


class InstallLimits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long things may take, in seconds of the run's clock."""

    back_s: float = 3600
    """From the reboot until the new NOS lets us in; the image is written meanwhile."""
    login_s: float = 180
    poll_s: float = 10


class Target(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One switch that is to get the image."""

    device: str
    model: str
    serial: str = ""
    """As planned; empty: not known."""
    runs: str
    """Version that it runs now."""
    intended: Tree
    """What it is to boot with, secrets as references."""
    behind: tuple[str, ...] = ()
    """Who is cabled to it."""


class InstallOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """An installation, whole."""

    schema: Literal[1] = 1
    site: str
    image: Image
    targets: tuple[Target, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...]
    limits: InstallLimits = InstallLimits()
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""

    @cached_property
    def of(self) -> Mapping[str, Target]:
        """The targets by name."""
        return {target.device: target for target in self.targets}

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


def make_install(
    plan: Plan, facts: Mapping[str, Facts], intended: Mapping[str, Tree], image: Image, limits: InstallLimits
) -> InstallOrder:
    """Put together which switches are to get the image: those that run another version than their plan.

    Raises :class:`~rackwright.errors.SecretUnresolved` where a secret stands in the open in what is intended.
    """
    serials = {device.name: device.serial for device in plan.devices}
    links = Interrupts(plan).links
    targets = []
    for switch in plan.switches:
        name, found = switch.name, facts.get(switch.name)
        if found is None or not found.version or found.version == switch.nos:
            continue
        refuse_open_secrets(name, intended[name])
        ends = ({link.a.device, link.b.device} - {name} for link in links[name].values())
        behind = tuple(sorted(set().union(*ends)))
        targets.append(
            Target(
                device=name,
                model=switch.model,
                serial=serials.get(name, ""),
                runs=found.version,
                intended=intended[name],
                behind=behind,
            )
        )
    names = frozenset(target.device for target in targets)
    waves = tuple((stage, tuple(name for name in members if name in names)) for stage, members in plan.waves)
    met = tuple((stage, members) for stage, members in waves if members)
    apart = apart_from(plan, names)
    return InstallOrder(site=plan.name, image=image, targets=tuple(targets), waves=met, limits=limits, apart=apart)


@lru_cache(maxsize=2)
def decode(data: bytes) -> InstallOrder:
    """Read the bytes of an order. Raises :class:`~rackwright.errors.RunChanged` when they are of another version."""
    try:
        return msgspec.json.decode(data, type=InstallOrder)
    except msgspec.MsgspecError as error:
        raise RunChanged(f"this run was ordered by another version ({error}): start anew, it reads first") from None
