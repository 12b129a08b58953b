"""nodes.csv edited: named cells get their values, and every other byte stays as it was.

Comments, order, blanks, quotes, line ends and columns that we do not know are the operator's. A cell that says something else
is a conflict, unless the caller says that it is to be replaced.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from rackwright.intent.nodes import cells, normal_mac

__all__ = ["TAG", "CellChange", "Conflict", "Edited", "edit"]

TAG = "service_tag"
"""The column of service tags and serial numbers; every other one is a port's, with its MAC address."""
_NAMES = ("name", "position")


@dataclass(frozen=True)
class CellChange:
    """One cell that gets a value."""

    name: str
    column: str
    old: str
    new: str


@dataclass(frozen=True)
class Conflict:
    """A value that has no place: its cell says something else, or another row has it."""

    name: str
    column: str
    wanted: str
    there: str
    """What the cell says; empty where another row has the value."""
    line: int
    owner: str = ""
    """Name and column of who has the value."""


@dataclass(frozen=True)
class Edited:
    """The new text, what it changes, and what was left as it was."""

    text: str
    changes: tuple[CellChange, ...]
    conflicts: tuple[Conflict, ...]


def edit(text: str, wishes: Mapping[str, Mapping[str, str]], *, replace: bool = False) -> Edited:
    """Return ``text`` with ``wishes`` (name -> column -> value) in their cells; an empty value empties a cell.

    Rows and columns that are not there are added, at the end. With ``replace`` a cell that says something else is no conflict.
    """
    table = _Table(text)
    changes: list[CellChange] = []
    conflicts: list[Conflict] = []
    for name, wanted in wishes.items():
        for column, value in wanted.items():
            old = table.get(name, column)
            if _same(column, old, value):
                continue
            owner = table.owner(column, value, name) if value else None
            if owner is not None:
                conflicts.append(Conflict(name, column, value, "", owner[0], owner[1]))
            elif old and not replace:
                conflicts.append(Conflict(name, column, value, old, table.line(name)))
            else:
                table.put(name, column, value)
                changes.append(CellChange(name, column, old, value))
    return Edited(table.text(), tuple(changes), tuple(conflicts))


def _same(column: str, one: str, two: str) -> bool:
    return _key(column, one) == _key(column, two)


def _key(column: str, value: str) -> str:
    """Return what is equal for equal values; tags and addresses never meet."""
    return f"tag {value.upper()}" if column == TAG else normal_mac(value) or value


class _Table:
    """The lines of the file, raw, and where each row and column is."""

    def __init__(self, text: str) -> None:
        self._bom = "\ufeff" if text.startswith("\ufeff") else ""
        self._lines = text.removeprefix("\ufeff").splitlines(keepends=True)
        self._end = "\r\n" if any(line.endswith("\r\n") for line in self._lines) else "\n"
        filled = [number for number, line in enumerate(self._lines) if line.strip(", \t\r\n")]
        if not filled:
            self._lines, filled = [f"name,{TAG}{self._end}"], [0]
        self._head = filled[0]
        self._columns = [_bare(raw) for raw in cells(_body(self._lines[self._head]))]
        self._rows: dict[str, int] = {}
        named = next((self._columns.index(one) for one in _NAMES if one in self._columns), 0)
        for number in filled[1:]:
            row = [_bare(raw) for raw in cells(_body(self._lines[number]))]
            if not row[0].startswith("#") and len(row) > named:
                self._rows.setdefault(row[named], number)
        self._named = named
        self._owners: dict[str, tuple[str, str]] = {}
        for name in self._rows:
            for column, raw in zip(self._columns, self._raw(name), strict=False):
                if column not in _NAMES and raw.strip():
                    self._owners.setdefault(_key(column, _bare(raw)), (name, column))

    def get(self, name: str, column: str) -> str:
        """Return what a cell says; empty where there is none."""
        row = self._raw(name)
        at = self._columns.index(column) if column in self._columns else len(row)
        return _bare(row[at]) if at < len(row) else ""

    def line(self, name: str) -> int:
        """Return the number of a row's line."""
        return self._rows.get(name, self._head) + 1

    def owner(self, column: str, value: str, but: str) -> tuple[int, str] | None:
        """Return the line of another row that has a value, and which cell it is: no two machines have the same."""
        name, other = self._owners.get(_key(column, value), (but, ""))
        return None if name == but else (self.line(name), f"{name} {other}")

    def put(self, name: str, column: str, value: str) -> None:
        """Put a value into a cell; the blanks around what was there stay."""
        if column not in self._columns:
            self._columns.append(column)
            self._append(self._head, [column])
        if name not in self._rows:
            if self._lines and not self._lines[-1].endswith(("\n", "\r")):
                self._lines[-1] += self._end
            self._lines.append("," * self._named + name + self._end)
            self._rows[name] = len(self._lines) - 1
        at = self._columns.index(column)
        row = self._raw(name)
        self._append(self._rows[name], [""] * (at + 1 - len(row)))
        row = self._raw(name)
        bare = row[at].strip()
        head = row[at].partition(bare)[0] if bare else ""
        tail = row[at][len(head) + len(bare) :] if bare else ""
        row[at] = head + value + tail
        number = self._rows[name]
        self._lines[number] = ",".join(row) + _ending(self._lines[number])
        self._owners.pop(_key(column, bare), None)
        if value:
            self._owners[_key(column, value)] = (name, column)

    def text(self) -> str:
        """Return the file."""
        return self._bom + "".join(self._lines)

    def _raw(self, name: str) -> list[str]:
        return list(cells(_body(self._lines[self._rows[name]]))) if name in self._rows else []

    def _append(self, number: int, more: list[str]) -> None:
        if more:
            line = self._lines[number]
            self._lines[number] = ",".join([_body(line), *more]) + _ending(line)


def _body(line: str) -> str:
    return line.rstrip("\r\n")


def _ending(line: str) -> str:
    return line[len(_body(line)) :]


def _bare(raw: str) -> str:
    return (next(csv.reader([raw.strip()]), [""]) or [""])[0].strip()
