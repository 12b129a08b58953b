"""What benchmarks say: perftest's ib_write_bw, nccl-tests, dcgmi diag, nvbandwidth.

Every function takes what was printed, whatever that is, and never raises: None where it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rackwright.audit.hosts.parsers.trees import read_json

__all__ = ["Bandwidth", "Collective", "Diagnosed", "WriteRate", "dcgmi_diag", "ib_write_bw", "nccl", "nvbandwidth"]

_UNIT: Final = re.compile(r"BW average\[(Gb/sec|MB/sec|MiB/sec)\]", re.IGNORECASE)
_PER_GBPS: Final = {"gb/sec": 1.0, "mb/sec": 8 * 1024 * 1024 / 1e9, "mib/sec": 8 * 1024 * 1024 / 1e9}
"""perftest's MB is 2^20 bytes (perftest: ``format_factor``)."""
_WRITE_FIELDS: Final = 5
_RANK: Final = re.compile(r"^#\s*Rank\s+\d+\s.*?\bon\s+(\S+)\s+device\s+\S+\s+\[\S+\]\s*(.*)$", re.MULTILINE)
_ROW: Final = re.compile(r"^\s+(\d+)\s+(\d+)\s+\w+\s+\w+\s+-?\d+\s+(.*)$", re.MULTILINE)
_AVERAGE: Final = re.compile(r"^#\s*Avg bus bandwidth\s*:\s*([\d.]+)", re.MULTILINE)
_OUT_OF_PLACE: Final = 2
_WRONG: Final = 3


class WriteRate(NamedTuple):
    """Result of ``ib_write_bw``."""

    device: str
    """RDMA device of this end."""
    gbps: float
    """Least average among the sizes that were measured."""
    size_bytes: int
    cuda: bool
    """The memory was that of a GPU."""


class Collective(NamedTuple):
    """Result of a program of nccl-tests."""

    hosts: tuple[str, ...]
    ranks: int
    size_bytes: int
    """The largest that was measured."""
    busbw_gb: float
    """Bus bandwidth in GB/s at that size, the better of in place and out of place."""
    average_gb: float | None
    wrong: int
    """Values that came out wrong."""
    gpu: str
    """Model of the GPUs, as its ranks name it."""


class Diagnosed(NamedTuple):
    """One test of ``dcgmi diag -j``."""

    test: str
    status: str
    """``Pass``, ``Fail``, ``Warn``, ``Skip``: the worst of its results."""
    warnings: tuple[str, ...]


class Bandwidth(NamedTuple):
    """One test case of ``nvbandwidth -j``."""

    name: str
    status: str
    least_gb: float | None
    """Least of its matrix in GB/s; None: it measured none."""


def ib_write_bw(text: str) -> WriteRate | None:
    """Return the result of ``ib_write_bw``, with ``--report_gbits`` or without (perftest)."""
    unit = _UNIT.search(text)
    rows = (
        [words for line in text[unit.end() :].splitlines() if len(words := line.split()) >= _WRITE_FIELDS]
        if unit
        else []
    )
    figures = [(int(row[0]), float(row[3])) for row in rows if row[0].isdigit() and _is_number(row[3])]
    if not unit or not figures:
        return None
    rates = [(average * _PER_GBPS[unit[1].lower()], size) for size, average in figures]
    device = re.search(r"\bDevice\s*:\s*(\S+)", text)
    rate, size = min(rates)
    cuda = re.search(r"\bCUDA\b|use_cuda|cuMemAlloc", text) is not None
    return WriteRate(device[1] if device else "", rate, size, cuda)


def nccl(text: str) -> Collective | None:
    """Return the result of ``all_reduce_perf`` and its like (nccl-tests): the row of the largest size."""
    rows = [(int(row[1]), row[3].split()) for row in _ROW.finditer(text)]
    figures = [(size, words) for size, words in rows if len(words) > _OUT_OF_PLACE and _is_number(words[_OUT_OF_PLACE])]
    if not figures:
        return None
    size, words = max(figures, key=lambda row: row[0])
    halves = [words[at : at + 4] for at in range(0, len(words), 4)]
    busbw = max(
        float(half[_OUT_OF_PLACE]) for half in halves if len(half) > _OUT_OF_PLACE and _is_number(half[_OUT_OF_PLACE])
    )
    ranks = _RANK.findall(text)
    average = _AVERAGE.search(text)
    wrong = sum(int(float(half[_WRONG])) for _, row in figures for half in _halves(row) if _is_number(half[_WRONG]))
    gpu = ranks[0][1].strip() if ranks else ""
    hosts = tuple(dict.fromkeys(host for host, _ in ranks))
    return Collective(hosts, len(ranks), size, busbw, float(average[1]) if average else None, wrong, gpu)


def _halves(words: list[str]) -> Iterator[list[str]]:
    yield from (words[at : at + 4] for at in range(0, len(words), 4) if len(words) >= at + 4)


def dcgmi_diag(text: str) -> tuple[Diagnosed, ...] | None:
    """Return the tests of ``dcgmi diag -r N -j``, of DCGM 3 (``DCGM GPU Diagnostic``) and 4 (``DCGM Diagnostic``)."""
    value = read_json(text)
    groups = [one for key, one in value.items() if key.startswith("DCGM")] if isinstance(value, dict) else []
    found = [
        _diagnosed(test)
        for group in _maps(groups)
        for category in _maps(group.get("test_categories"))
        for test in _maps(category.get("tests"))
    ]
    return tuple(found) or None


def _diagnosed(test: Mapping[str, Any]) -> Diagnosed:
    rows = [*_maps(test.get("results")), *_maps(test.get("test_summary"))]
    states = [str(row.get("status", "")) for row in rows]
    order = ("fail", "warn", "pass", "skip")
    status = next((state for word in order for state in states if state.lower().startswith(word)), "")
    warnings = [_warning(one) for row in rows for one in _several(row.get("warnings", row.get("warning")))]
    return Diagnosed(str(test.get("name", "")), status, tuple(word for word in warnings if word))


def _warning(value: Any) -> str:
    return str(value.get("warning", "")) if isinstance(value, dict) else str(value or "")


def nvbandwidth(text: str) -> tuple[Bandwidth, ...] | None:
    """Return the test cases of ``nvbandwidth -j``."""
    value = read_json(text)
    body = value.get("nvbandwidth") if isinstance(value, dict) else None
    cases = list(_maps(body.get("testcases"))) if isinstance(body, dict) else []
    return tuple(_bandwidth(case) for case in cases) or None


def _bandwidth(case: Mapping[str, Any]) -> Bandwidth:
    rows = [row if isinstance(row, list) else [row] for row in _several(case.get("bandwidth_matrix"))]
    cells = [float(cell) for row in rows for cell in row if _is_number(str(cell))]
    return Bandwidth(str(case.get("name", "")), str(case.get("status", "")), min(cells) if cells else None)


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (one for one in _several(value) if isinstance(one, dict))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(?:\.\d+)?(?:e[+-]?\d+)?", text, re.IGNORECASE) is not None
