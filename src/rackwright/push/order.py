"""The order of a push: everything a run needs, as bytes that lie in its folder; no secret is in it.

It stands on its own: a run that is resumed next week does not ask what the site says by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from rackwright.errors import RunChanged
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Plan, Switch
from rackwright.push.apart import apart_from
from rackwright.push.basis import Basis
from rackwright.push.changeset import Changeset, DeviceChanges
from rackwright.push.sending import refuse_open_secrets
from rackwright.runs.model import Apart

__all__ = [
    "CONFIRM_S",
    "DeviceOrder",
    "Limits",
    "Neighbours",
    "Order",
    "anew",
    "decode",
    "joined",
    "make_order",
    "together",
]

CONFIRM_S: Final = 600
"""Time to confirm in s: NVUE's own default (NVUE reference, nv config apply)."""


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How long things may take, in seconds of the run's clock."""

    confirm_s: int = CONFIRM_S
    """After it a switch goes back by itself."""
    settle_s: float = 300
    """For links and sessions to come back: a switch that restarts holds its Ethernet segments down for 180 s
    (evpn.multihoming.startup-delay, nvue.md 3.4)."""
    login_s: float = 180
    """For a switch to let us in again after an apply."""
    margin_s: float = 60
    """Between our last word and the switch's timer, and after the timer until the switch is looked at."""
    gate_s: float = 300
    """For links and sessions between finished switches."""
    poll_s: float = 10


class Neighbours(msgspec.Struct, frozen=True, omit_defaults=True):
    """What two switches should have between them: a link, or a BGP session from the first one's view."""

    kind: Literal["link", "session"]
    a: str
    a_name: str
    """Port, or BGP neighbour."""
    b: str
    b_name: str = ""
    """Port; empty for a session."""
    vrf: str = ""
    needs: tuple[str, ...] = ()
    """One of these must be finished first; empty: none. A switch holds its Ethernet segments down while none of its
    multihoming uplinks is up (nvue.md 3.4)."""


class DeviceOrder(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one switch is to become."""

    changes: DeviceChanges
    intended: Tree
    nos: str
    serial: str = ""
    group: str = ""
    """Name of the fabrics that are cabled together and its own is one of."""
    again: bool = False
    """It is looked at again although there is nothing to do: it was shown a while ago."""

    @property
    def work(self) -> bool:
        """Tell whether there is anything to do."""
        return bool(self.changes.steps) or self.changes.unsaved or self.changes.lease


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, dict=True):
    """A push, whole."""

    schema: Literal[1] = 1
    site: str
    intent: str
    devices: tuple[DeviceOrder, ...]
    waves: tuple[tuple[str, tuple[str, ...]], ...]
    neighbours: tuple[Neighbours, ...] = ()
    limits: Limits = Limits()
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""
    basis: Basis | None = None
    """What it was made of; None: not kept."""

    @cached_property
    def of(self) -> Mapping[str, DeviceOrder]:
        """The devices by name."""
        return {order.changes.device: order for order in self.devices}

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


def make_order(
    changeset: Changeset,
    intended: Mapping[str, Tree],
    plan: Plan,
    limits: Limits,
    *,
    groups: Mapping[str, str] | None = None,
) -> Order:
    """Put together what a run needs of a changeset and the plan.

    ``groups``: what :func:`joined` says of the plan, where somebody asks for one order after the other.
    Raises :class:`~rackwright.errors.SecretUnresolved` where a secret stands in the open in what is intended.
    """
    serials = {device.name: device.serial for device in plan.devices}
    versions = {switch.name: switch.nos for switch in plan.switches}
    groups = joined(plan) if groups is None else groups
    devices = []
    for changes in changeset.devices:
        name = changes.device
        refuse_open_secrets(name, intended[name])
        devices.append(
            DeviceOrder(
                changes=changes,
                intended=intended[name],
                nos=versions[name],
                serial=serials.get(name, ""),
                group=groups[name],
            )
        )
    made = together(changeset.site, changeset.intent, devices, plan, limits)
    return replace(made, apart=apart_from(plan, made.of))


def anew(order: Order) -> Order:
    """Return an order whose switches are all looked at, those too that have nothing before them: they were shown a while ago."""
    return replace(order, devices=tuple(replace(one, again=not one.work) for one in order.devices))


def together(site: str, intent: str, devices: Iterable[DeviceOrder], plan: Plan, limits: Limits) -> Order:
    """Return the order of devices, in the plan's waves and with what they should have between them."""
    found = tuple(devices)
    names = frozenset(order.changes.device for order in found)
    waves = tuple((stage, tuple(name for name in members if name in names)) for stage, members in plan.waves)
    return Order(
        site=site,
        intent=intent,
        devices=found,
        waves=tuple((stage, members) for stage, members in waves if members),
        neighbours=tuple(_neighbours(plan, names)),
        limits=limits,
    )


def joined(plan: Plan) -> Mapping[str, str]:
    """Name for each switch the fabrics that its own hangs together with, those included that are not pushed to."""
    names = {switch.name for switch in plan.switches}
    fabrics = {device.name: device.fabric for device in plan.devices if device.name in names}
    groups = {fabric: fabric for fabric in fabrics.values()}
    for link in plan.links:
        if link.kind != "management" and link.a.device in names and link.b.device in names:
            one, other = groups[fabrics[link.a.device]], groups[fabrics[link.b.device]]
            groups = {fabric: one if group == other else group for fabric, group in groups.items()}
    return {name: groups[fabric] for name, fabric in fabrics.items()}


def _neighbours(plan: Plan, names: frozenset[str]) -> Iterable[Neighbours]:
    if len(names) < 2:
        return
    segments = {(one.name, port) for one in plan.switches for bond in one.bonds if bond.es_id for port in bond.members}
    above = {one.name: tuple(dict.fromkeys(_uplinks(one))) for one in plan.switches}
    for link in plan.links:
        # A management link has proven itself by letting us in.
        if link.kind != "management" and link.a.device in names and link.b.device in names:
            ends = (link.a, link.b)
            needs = tuple(name for end in ends if (end.device, end.port) in segments for name in above[end.device])
            yield Neighbours("link", link.a.device, link.a.port, link.b.device, link.b.port, needs=needs)
    for switch in plan.switches:
        for vrf in switch.vrfs if switch.name in names else ():
            for neighbour in vrf.bgp.neighbors if vrf.bgp else ():
                if neighbour.peer in names:
                    yield Neighbours("session", switch.name, neighbour.name, neighbour.peer, vrf=vrf.name)


def _uplinks(switch: Switch) -> Iterable[str]:
    return (port.peer for port in switch.ports if port.multihoming_uplink and port.peer)


@lru_cache(maxsize=2)
def decode(data: bytes) -> Order:
    """Read the bytes of an order; the last ones are kept, since every device of a run asks.

    Raises :class:`~rackwright.errors.RunChanged` when they are of another version.
    """
    try:
        return msgspec.json.decode(data, type=Order)
    except msgspec.MsgspecError as error:
        raise RunChanged(
            f"this run was ordered by another version ({error}): start a new push, it reads first"
        ) from None
