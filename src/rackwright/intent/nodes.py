"""nodes.csv: service tags and MAC addresses of machines by name.

The first line names the columns: ``name`` (or ``position``), ``service_tag``, and one column a port
for MAC addresses: ``bmc``, ``eth0``, ``mgmt``, ``lom1``, ``b3140h-1``, ``b3220l-1.2``,
``b3220l-1.bmc``, or an operating system name of the group. Empty cells say nothing. A byte order
mark, CRLF and blanks around cells are tolerated; MAC addresses may be written with ``:``, ``-``,
``.`` or nothing and come out as ``aa:bb:cc:dd:ee:ff``.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import NamedTuple

from rackwright.catalog.faults import nearest
from rackwright.findings import Location, Problem, problem
from rackwright.intent.context import Context
from rackwright.intent.models import NodeRow
from rackwright.intent.ranges import expand
from rackwright.nvue.tree import natural_key

__all__ = ["cells", "foreign_separator", "normal_mac", "read_nodes"]

_FORMS = re.compile(
    r"(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2})|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}|[0-9A-Fa-f]{12}"
)
_TAG = re.compile(r"[A-Za-z0-9-]{1,32}")
_PDU = re.compile(r"-pdu[1-9][0-9]*$")
_HOST_NAME = re.compile(r"(?:eth|en|em|ib)[A-Za-z0-9]+")
_NAMES = ("name", "position")
_FOREIGN = ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"))
"""What other programs part cells by, as Excel does where the comma is the decimal sign."""


class _Cell(NamedTuple):
    text: str
    place: Location


def normal_mac(text: str) -> str | None:
    """Return a MAC address as ``aa:bb:cc:dd:ee:ff``; None for what is none, is zero or means a group."""
    if not _FORMS.fullmatch(text):
        return None
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    if int(digits, 16) == 0 or int(digits[:2], 16) & 1:
        return None
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def read_nodes(file: FilePath, context: Context, told: str | None = None) -> tuple[NodeRow, ...]:
    """Return the rows of nodes.csv; what is wrong goes to the context's problems. ``told`` is what it is to say, before it is written."""
    try:
        text = file.read_bytes().decode("utf-8-sig") if told is None else told.removeprefix("\ufeff")
    except FileNotFoundError:
        context.wrong("reference", ("site", "nodes"), f"there is no file {file.name!r}", "write it, or remove nodes")
        return ()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file.name!r} cannot be read ({type(error).__name__})"
        context.wrong("reference", ("site", "nodes"), message, "save it as UTF-8 text that you may read")
        return ()
    reader = _Reader(str(file), context)
    return tuple(reader.rows(text))


class _Reader:
    """Reads the lines and remembers what was seen, to find what is there twice."""

    def __init__(self, source: str, context: Context) -> None:
        self.source, self.context = source, context
        self.names: dict[str, Location] = {}
        self.tags: dict[str, Location] = {}
        self.macs: dict[str, Location] = {}
        self.ports: dict[str, frozenset[str]] = {}
        self.strangers: set[str] = set()

    def wrong(self, place: Location, message: str, remedy: str) -> None:
        """Keep a problem at a place of the file."""
        found: Problem = problem("intent.nodes", message, remedy=remedy, location=place, path=["site", "nodes"])
        self.context.problems.append(found)

    def rows(self, text: str) -> Iterator[NodeRow]:
        """Yield the rows that are right."""
        lines = [self._cells(number, line) for number, line in enumerate(text.splitlines(), 1)]
        filled = [cells for cells in lines if any(cell.text for cell in cells)]
        if not filled:
            self.wrong(Location(self.source, 1, 1), "the file is empty", "write name,service_tag,bmc in its first line")
            return
        mark = foreign_separator(text.splitlines()[filled[0][0].place.line - 1])
        if mark:
            message = f"the cells stand apart by {mark}, and CSV is read with commas"
            self.wrong(filled[0][0].place, message, "save it as CSV with commas: name,service_tag,bmc")
            return
        columns = self._columns(filled[0])
        if columns is None:
            return
        for cells in filled[1:]:
            if cells[0].text.startswith("#"):
                continue
            row = self._row(columns, cells)
            if row is not None:
                yield row

    def _cells(self, number: int, line: str) -> list[_Cell]:
        found: list[_Cell] = []
        column = 1
        for raw in cells(line):
            blank = len(raw) - len(raw.lstrip())
            bare = next(csv.reader([raw.strip()]), [""]) or [""]
            found.append(_Cell(bare[0].strip(), Location(self.source, number, column + blank)))
            column += len(raw) + 1
        return found

    def _columns(self, cells: list[_Cell]) -> list[str] | None:
        columns = [cell.text for cell in cells]
        if not set(_NAMES) & set(columns):
            self.wrong(cells[0].place, "no column is called name", "write name,service_tag,bmc in the first line")
            return None
        for at, cell in enumerate(cells):
            if cell.text in columns[:at] or (cell.text in _NAMES and set(_NAMES) & set(columns[:at])):
                self.wrong(cell.place, f"column {cell.text!r} is there twice", "keep one of the two")
            elif cell.text not in (*_NAMES, "service_tag") and not self._is_port(cell.text):
                self.strangers.add(cell.text)
                if self.context.names_machines:
                    known = ["name", "service_tag", "bmc", "eth0", "mgmt", *self._all_ports()]
                    self.wrong(cell.place, f"{cell.text!r} is no column", nearest(cell.text, known))
        return columns

    def _all_ports(self) -> list[str]:
        found = {name for group in self.context.site.groups for name in self._ports(group)}
        return sorted(found, key=natural_key)

    def _is_port(self, name: str) -> bool:
        return name in ("bmc", "eth0", "mgmt") or bool(_HOST_NAME.fullmatch(name)) or name in self._all_ports()

    def _row(self, columns: list[str], cells: list[_Cell]) -> NodeRow | None:
        if len(cells) > len(columns):
            message = f"{len(cells)} cells under {len(columns)} columns"
            self.wrong(cells[len(columns)].place, message, "remove what is too much, or quote a cell with a comma")
            return None
        by_column = dict(zip(columns, cells, strict=False))
        name = by_column.get("name") or by_column.get("position")
        if name is None or not name.text:
            self.wrong(cells[0].place, "the row names no machine", "fill the name column")
            return None
        if self.context.names_machines and not self._stands(name.text):
            near = [*list(self.context.machines)[:2000], *self.context.switch_stems]
            self.wrong(name.place, f"{name.text!r} is no machine, switch or PDU of this site", nearest(name.text, near))
        self._once(self.names, name.text, name.place, f"{name.text} has a row")
        tag = by_column.get("service_tag")
        if tag is not None and tag.text:
            if not _TAG.fullmatch(tag.text):
                self.wrong(tag.place, f"{tag.text!r} is no service tag", "use letters, digits and '-'")
            self._once(self.tags, tag.text.upper(), tag.place, f"service tag {tag.text} is given")
        macs = self._macs(name.text, by_column)
        return NodeRow(name=name.text, service_tag=tag.text if tag else "", macs=macs, line=name.place.line)

    def _macs(self, name: str, by_column: dict[str, _Cell]) -> tuple[tuple[str, str], ...]:
        found: list[tuple[str, str]] = []
        for column, cell in by_column.items():
            if column in (*_NAMES, "service_tag", *self.strangers) or not cell.text:
                continue
            mac = normal_mac(cell.text)
            if not self._has(name, column):
                message = f"{name} has no port {column!r}"
                self.wrong(cell.place, message, "empty the cell, or correct the row's name")
            if mac is None:
                self.wrong(cell.place, f"{cell.text!r} is no MAC address of a port", "write it as 02:00:00:aa:bb:cc")
                continue
            self._once(self.macs, mac, cell.place, f"MAC address {mac} is given")
            found.append((column, mac))
        return tuple(found)

    def _has(self, name: str, column: str) -> bool:
        """Say whether a thing has a port of that name; of a stranger nothing is known."""
        group = self.context.machines.get(name)
        if group is None:
            return column == ("mgmt" if _PDU.search(name) else "eth0") or not self._stands(name)
        if not self.context.names_machines:
            return True
        return column == "bmc" or column in self._ports(group) or bool(_HOST_NAME.fullmatch(column))

    def _ports(self, group: str) -> frozenset[str]:
        """Return the ports of a group's machines, worked out once."""
        if group not in self.ports:
            names = _interfaces(self.context.site.groups[group].interfaces)
            for nic in self.context.nics(group):
                row = self.context.catalog.nics.get(nic)
                for adapter in range(1, self.context.adapters(group, nic) + 1):
                    names.update(_ports_of(nic, adapter, row.ports if row else 1))
                if row and row.kind == "lom":
                    names.update(f"lom{number}" for number in range(1, row.ports + 1))
            self.ports[group] = frozenset(names)
        return self.ports[group]

    def _once(self, seen: dict[str, Location], key: str, place: Location, what: str) -> None:
        first = seen.setdefault(key, place)
        if first != place:
            self.wrong(place, f"{what} twice, first on line {first.line}", "correct one of the two")

    def _stands(self, name: str) -> bool:
        context = self.context
        return name in context.machines or context.is_switch(name) or _PDU.sub("", name) in context.rack_names


def cells(line: str) -> Iterator[str]:
    """Yield the raw cells of one line, quotes and blanks included."""
    start, quoted = 0, False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == "," and not quoted:
            yield line[start:at]
            start = at + 1
    yield line[start:]


def foreign_separator(line: str) -> str:
    """Return what parts the cells of the first line of a CSV, in words, where it is no comma; else nothing."""
    return next((words for mark, words in _FOREIGN if mark in line and "," not in line), "")


def _ports_of(nic: str, adapter: int, ports: int) -> list[str]:
    names = [f"{nic}-{adapter}"] if ports == 1 else [f"{nic}-{adapter}.{port}" for port in range(1, ports + 1)]
    return [*names, f"{nic}-{adapter}.bmc"]


def _interfaces(listed: dict[str, tuple[str, ...] | str]) -> set[str]:
    found: set[str] = set()
    for names in listed.values():
        for name in [names] if isinstance(names, str) else names:
            try:
                found.update(expand(name))
            except ValueError:
                continue  # told where the site file lists it
    return found
