"""The order of a push to hosts: everything that a run needs, as bytes that lie in its folder; no secret is in it, only names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final, Literal

import msgspec

from rackwright.documents import canonical_json, digest
from rackwright.errors import RunChanged
from rackwright.plan.model import Plan
from rackwright.plan.stack_model import HostStack, Reboot
from rackwright.push.apart import apart_from
from rackwright.push.basis import Basis
from rackwright.push.bmc.turns import turns
from rackwright.runs.model import Apart

__all__ = ["HostOrder", "Limits", "Order", "StageOrder", "decode", "make_order", "stages_of"]

_STRENGTH: Final[Mapping[Reboot, int]] = {"none": 0, "fwreset": 1, "warm": 2, "cold": 3}
_OTHER: Final = "start a new push, it reads first"


class StageOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Steps that are played together, and the restart that puts them in force."""

    steps: tuple[str, ...]
    reboot: Reboot = "none"
    asking: dict[str, Reboot] = {}
    """Step -> the restart that may put it in force; steps that need none are not in it."""

    def restart(self, changed: Sequence[str], *, noted: bool) -> Reboot:
        """Return the restart that is due: what only power brings by what changed, a warm one by what the host has ``noted``.

        Both an adapter's reset and a warm restart take a power cycle: a warm restart does not reset adapters.
        """
        wanted = {self.asking[step] for step in changed if step in self.asking} - {"warm"}
        wanted |= {"warm"} if noted else set()
        if {"fwreset", "warm"} <= wanted:
            return "cold"
        return max(wanted, key=lambda word: _STRENGTH[word], default="none")


class HostOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """What one host is to become."""

    device: str
    tag: str = ""
    """Service tag of the plan; empty: not known."""
    stages: tuple[StageOrder, ...] = ()
    """Those that are to be played; none where the host is as intended."""
    variables: dict[str, Any] = {}
    """What the playbooks are told."""
    macs: tuple[str, ...] = ()
    """Of its BlueField adapters, for a reset of the adapters alone."""


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long things may take, in seconds of the run's clock."""

    login_s: float = 300
    """For a host to let us in before its first step."""
    blip_s: float = 300
    """For a host that was lost in the middle of a play to answer again, so that a restart is told from a death."""
    heed_s: float = 300
    """For a host to go down once it was asked to restart; services may take their time to stop."""
    boot_s: float = 2400
    """For a host to answer after it was restarted: a server with eight GPUs takes ten minutes to its first boot device."""
    poll_s: float = 5
    """Between two looks at a host that is waited for, at first."""
    slowest_s: float = 20
    """Between two looks after a long wait: the pause is a tenth of what was waited, and grows up to this."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """A push, whole."""

    schema: Literal[1] = 1
    site: str
    intent: str
    hosts: tuple[HostOrder, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...]
    drained_by: str = ""
    """Program that is asked, with the host's name, whether it is drained; empty: the operator's word stands."""
    limits: Limits = Limits()
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""
    basis: Basis | None = None
    """What it was made of; None: not kept."""

    @cached_property
    def of(self) -> Mapping[str, HostOrder]:
        """The hosts by name."""
        return {host.device: host for host in self.hosts}

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


def stages_of(stack: HostStack) -> tuple[StageOrder, ...]:
    """Return the stages of a host's stack as they are worked on."""
    asks: dict[str, Reboot] = {step.name: step.reboot for step in stack.steps if step.reboot != "none"}
    return tuple(
        StageOrder(
            steps=stage.steps, reboot=stage.reboot, asking={name: asks[name] for name in stage.steps if name in asks}
        )
        for stage in stack.stages
    )


def make_order(
    plan: Plan, hosts: Sequence[HostOrder], *, drained_by: str = "", limits: Limits | None = None
) -> Order:  # fmt: skip
    """Put together what a run needs; the waves never hold two members of a role that has to answer all the time."""
    names = [host.device for host in hosts]
    return Order(
        site=plan.name,
        intent=digest(canonical_json([plan.digest, [msgspec.to_builtins(host) for host in hosts]])),
        hosts=tuple(hosts),
        waves=turns(plan, names),
        drained_by=drained_by,
        limits=limits or Limits(),
        apart=apart_from(plan, names),
    )


@lru_cache(maxsize=2)
def decode(data: bytes) -> Order:
    """Read the bytes of an order; the last ones are kept, since every host of a run asks.

    Raises :class:`~rackwright.errors.RunChanged` when they are of another version.
    """
    try:
        return msgspec.json.decode(data, type=Order)
    except msgspec.MsgspecError as error:
        raise RunChanged(f"this run was ordered by another version ({error}): {_OTHER}") from None
