"""A cabling table that a user brings, as cables that rules can judge: our own ``cabling.csv``, or its first four columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from rackwright.check import Cable
from rackwright.errors import DocumentError
from rackwright.intent.nodes import foreign_separator

__all__ = ["read_cabling"]

_ENDS: Final = ("a_device", "a_port", "b_device", "b_port")


def read_cabling(path: Path) -> tuple[Cable, ...]:
    """Read the links of a CSV with the columns ``a_device,a_port,b_device,b_port`` and any of ``cabling.csv``'s.

    Raises :class:`~rackwright.errors.DocumentError` with the line of what cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}; give a readable CSV file") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: is no UTF-8 text; save it as UTF-8 CSV") from error
    rows = csv.DictReader(io.StringIO(text), restkey="more", restval="")
    missing = [name for name in _ENDS if name not in (rows.fieldnames or ())]
    mark = foreign_separator(text.partition("\n")[0]) if missing else ""
    if mark:
        raise DocumentError(
            f"{path}:1:1: the cells stand apart by {mark}; save it as CSV with commas: {','.join(_ENDS)}"
        )
    if missing:
        raise DocumentError(f"{path}:1:1: no column {', '.join(missing)}; the first line must name {','.join(_ENDS)}")
    return tuple(_cable(path, rows.line_num, row) for row in rows)


def _cable(path: Path, line: int, row: dict[str, str]) -> Cable:
    empty = [name for name in _ENDS if not row[name].strip()]
    if empty:
        raise DocumentError(f"{path}:{line}:1: no {', '.join(empty)}; a link has a device and a port at both ends")
    try:
        return Cable(
            a_device=row["a_device"].strip(),
            a_port=row["a_port"].strip(),
            b_device=row["b_device"].strip(),
            b_port=row["b_port"].strip(),
            part=row.get("part", ""),
            media=row.get("media", ""),
            length_m=_number(row, "length_m"),
            speed_gbps=_number(row, "speed_gbps"),
            assembly=row.get("assembly", ""),
            optional=row.get("kind", "") == "external",
        )
    except ValueError as error:
        raise DocumentError(f"{path}:{line}:1: {error}; write a plain number or leave the cell empty") from error


def _number(row: dict[str, str], name: str) -> float | None:
    text = row.get(name, "")
    return float(text) if text else None
