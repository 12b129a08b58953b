"""Transceivers and the quality of links."""

from __future__ import annotations

from typing import Any, Final

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.state.cabling import Plug, Quality
from rackwright.twin.state.hardware import Cage, cages, port_numbers
from rackwright.twin.state.optics import brief, detail, flat, phy_detail
from rackwright.twin.state.shows.view import Show, View

__all__ = ["SHOWS", "every", "of_interface", "one", "phy"]

_SUB_PORTS: Final = 8
"""The finest split of any cage (nvue.md 3.2: 8x)."""


def _plugs(view: View) -> dict[int, tuple[Cage, Plug]]:
    """Return the first plug of each cage that has a module, by cage; RJ45 ports have none."""
    found: dict[int, tuple[Cage, Plug]] = {}
    for number in sorted(cages(view.machine.model)):
        try:
            found[number] = _plug(view, number)
        except KeyError:
            continue
    return found


def _plug(view: View, number: int) -> tuple[Cage, Plug]:
    """Return a cage and the first plug in it; raises KeyError where there is no module."""
    cage = cages(view.machine.model)[number]
    plugged = view.fabric.plugs.plugged
    names = (f"swp{number}", *(f"swp{number}s{sub}" for sub in range(_SUB_PORTS)))
    for plug in filter(None, (plugged.get((view.name, name)) for name in names)):
        if cage.connector != "rj45" and plug.wire.module[plug.side]:
            return cage, plug
    raise KeyError(number)


def _lit(view: View, plug: Plug) -> bool:
    """Tell whether light comes in: the cable is whole and the other side has a module and power."""
    other = plug.other
    if plug.wire.broken or other is None or not plug.wire.module[1 - plug.side]:
        return False
    machine = view.fabric.machines.get(other[0])
    return machine.power.line.at(view.now) if machine else view.fabric.plugs.sockets[other].alive


def every(view: View) -> dict[str, Any]:
    """Return ``nv show platform transceiver``: cages only."""
    return {f"swp{number}": brief(plug, cage) for number, (cage, plug) in _plugs(view).items()}


def one(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show platform transceiver swpN``; raises KeyError for an empty cage and for a sub-port."""
    numbers = port_numbers(name)
    if numbers is None or numbers[1] >= 0:
        raise KeyError(name)
    cage, plug = _plug(view, numbers[0])
    return detail(plug, cage, lit=_lit(view, plug))


def of_interface(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show interface X transceiver``; raises KeyError where none is plugged."""
    numbers = port_numbers(name)
    if numbers is None or name not in view.machine.ports:
        raise KeyError(name)
    cage, first = _plug(view, numbers[0])
    own = view.fabric.plugs.plugged.get((view.name, name), first)
    port = view.machine.ports[name]
    begin = max(0, port.sub) * port.lanes
    return flat(own, cage, range(begin + 1, begin + port.lanes + 1), lit=_lit(view, own))


def phy(view: View, name: str) -> dict[str, Any]:
    """Return ``nv show interface X link phy-detail``.

    Spectrum-1 does not have it (Interface reference); a BASE-T port has no lanes to speak of.
    """
    if name not in view.machine.ports:
        raise KeyError(name)
    if view.machine.model.asic == "spectrum1":
        raise NotEmulated(f"nv show interface {name} link phy-detail: Spectrum-1 does not support it")
    plug = view.fabric.plugs.plugged.get((view.name, name))
    line = view.layer1.port_line(view.name, name)
    up = line.at(view.now)
    lanes = view.machine.ports[name].lanes
    if plug is None:
        return phy_detail(_DARK, lanes, 0, 0)
    gbps = view.layer1.verdict(view.name, name).gbps if up else 0
    return phy_detail(plug.wire.quality[plug.side], lanes, gbps, view.age(line) if up else 0)


_DARK = Quality(raw_ber=0)
"""Nothing comes in, so nothing is wrong with it."""

SHOWS: dict[tuple[str, ...], Show] = {
    ("platform", "transceiver"): every,
    ("platform", "transceiver", "*"): one,
    ("interface", "*", "transceiver"): of_interface,
    ("interface", "*", "link", "phy-detail"): phy,
}
