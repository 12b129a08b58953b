"""The face of one switch: every cage in its place, what it is split into and where each port goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from rackwright.catalog.models import Catalog
from rackwright.nvue.ranges import expand_key
from rackwright.nvue.tree import natural_key
from rackwright.plan.cages import ways_of
from rackwright.plan.model import Cage, Port, Switch
from rackwright.render.cables import Cable
from rackwright.render.drawing import Box, Drawing, Text, attributes
from rackwright.render.slices import number

__all__ = ["cages_of", "faceplate", "port_rows"]

_CELL: Final = 34
_HEIGHT: Final = 46
_TOP: Final = 6
# NVIDIA numbers the cages of these switches column by column: odd above even.
_ROWS: Final = 2


def cages_of(switch: Switch, catalog: Catalog) -> list[int]:
    """Return the numbers of all cages, from the catalog; of a model that is not in it, the cages in use."""
    model = catalog.switches.get(switch.model)
    if model is None:
        return sorted({cage.number for cage in switch.cages} | {port.cage for port in switch.ports})
    return sorted(int(name.removeprefix("swp")) for group in model.port_groups for name in expand_key(group.ports))


def faceplate(switch: Switch, catalog: Catalog) -> Drawing:
    """Return the face of a switch; each port is a box with ``data-port``, ``data-kind`` and ``data-peer``."""
    numbers = cages_of(switch, catalog)
    cages = {cage.number: cage for cage in switch.cages}
    ports: dict[int, list[Port]] = {}
    for port in switch.ports:
        ports.setdefault(port.cage, []).append(port)
    boxes: list[Box] = []
    texts: list[Text] = []
    for place, cage in enumerate(numbers):
        x, y = place // _ROWS * _CELL, _TOP + place % _ROWS * (_HEIGHT + 4)
        boxes += _cell(x, y, cage, cages.get(cage), ports.get(cage, []))
        texts.append(Text(str(x + _CELL // 2 - 1), str(y + 11), str(cage), "cage"))
    width = -(-len(numbers) // _ROWS) * _CELL
    height = _TOP + _ROWS * (_HEIGHT + 4)
    return Drawing(
        width, height, f"Face of {switch.name}", (), tuple(boxes), tuple(texts), attributes(switch=switch.name)
    )


def _cell(x: int, y: int, number_: int, cage: Cage | None, ports: Sequence[Port]) -> list[Box]:
    blocked = cage is not None and cage.breakout == "disabled"
    kind = "cagebox blocked" if blocked else "cagebox"
    mode = cage.breakout if cage and not blocked else ""
    words = (
        "disabled, its neighbour is split by eight"
        if blocked
        else "not used"
        if not ports
        else f"{len(ports)} ports" + (f", split {mode}" if mode else "")
    )
    boxes = [Box(str(x), str(y), str(_CELL - 3), str(_HEIGHT), kind, f"cage {number_}: {words}", (), {})]
    if not ports:
        return boxes
    # As many fields as the cage is split into: what nothing is laid out for leaves its field bare.
    width = (_CELL - 5) / (ways_of(mode) if mode else 1)
    for port in sorted(ports, key=lambda port: port.sub):
        far = f" to {port.peer} {port.peer_port}".rstrip() if port.peer else ""
        title = f"{port.name}: {port.kind}{far}, {number(port.speed_gbps)}G"
        data = attributes(port=port.name, kind=port.kind, peer=port.peer)
        left = f"{x + 1 + max(port.sub, 0) * width:.1f}"
        boxes.append(
            Box(left, str(y + 15), f"{width - 1:.1f}", str(_HEIGHT - 17), f"port {port.kind}", title, (), data)
        )
    return boxes


def port_rows(switch: Switch, cables: Mapping[str, Cable]) -> list[tuple[str, ...]]:
    """Return the ports of a switch as rows of a table; ``cables`` are its cables by port.

    A row holds port, kind, speed, peer, port there, rail, label, part and length.
    """
    rows: list[tuple[str, ...]] = []
    for port in sorted(switch.ports, key=lambda port: natural_key(port.name)):
        cable = cables.get(port.name)
        rows.append(
            (
                port.name,
                port.kind,
                f"{number(port.speed_gbps)}G" if port.speed_gbps else "",
                port.peer,
                port.peer_port,
                str(port.rail or ""),
                cable.end if cable else "",
                cable.part if cable else "",
                f"{cable.length_m} m" if cable and cable.length_m else "",
            )
        )
    return rows
