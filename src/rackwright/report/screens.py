"""The board as lines for a terminal: spans of text and colour, cut to the width; nothing is said by colour alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from rackwright.report.board import Board, DeviceView, seconds_of
from rackwright.report.estimates import Estimate, about
from rackwright.report.marks import COLOURS, ENDED, SIGNS, WORST_FIRST, Mark, letters
from rackwright.report.words import count, tally
from rackwright.runs.model import GOOD

__all__ = ["Line", "Span", "legend", "progress", "remaining", "screen", "text_of"]

Span: TypeAlias = tuple[str, str]
"""A text and its colour; empty: none."""
Line: TypeAlias = list[Span]

_COUNTED: Final[dict[Mark, str]] = {
    "running": "at work", "asks": "asking", "failed": "failed", "skipped": "skipped",
    "cancelled": "cancelled",
}  # fmt: skip
_FOOT_LINES: Final = 2
_LEAST_WORK: Final = 4
_NAME: Final = 18
_TELLING_S: Final = 60.0
"""What a lower bound must be, in s, to be worth telling."""
_FEW: Final = 4
"""Of so many failed devices it is said what to do, too; of more there is room for the causes alone."""


def text_of(line: Iterable[Span]) -> str:
    """Return the text of a line."""
    return "".join(text for text, _ in line)


def remaining(estimate: Estimate) -> str:
    """Say how long a run still takes, and what is not in that; where too little was measured, that it is not known yet."""
    unmeasured, seconds = len(estimate.unmeasured), estimate.seconds
    lacks = [f"{unmeasured} of {count(estimate.stages, 'stage')} not measured"] if unmeasured else []
    lacks += ["an operator is asked"] if estimate.asks else []
    # A lower bound that most of the work is not in, or that is over in a moment, is taken for the time that it takes.
    if lacks and (seconds < _TELLING_S or 2 * unmeasured > estimate.stages):
        return f"time to go not known yet: {', '.join(lacks)}"
    time = f"{'at least' if lacks else 'about'} {about(seconds)} to go" if seconds >= 1 else "about to end"
    return time + (f" ({', '.join(lacks)})" if lacks else "")


def progress(board: Board) -> str:
    """Count the tasks: ``14 of 224 tasks, 3 at work, 1 failed``; what is left out was not done, and is counted apart."""
    by: Counter[Mark] = Counter()
    for counts in board.counts.values():
        by.update(counts)
    if board.state in ENDED:
        return tally(by.elements(), len(board.tasks))
    ended = sum(by[mark] for mark in ENDED - {"skipped", "cancelled"})
    parts = [f"{ended} of {len(board.tasks)} tasks"]
    parts += [f"{by[mark]} {word}" for mark, word in _COUNTED.items() if by[mark]]
    return ", ".join(parts)


def screen(board: Board, estimate: Estimate, *, width: int, height: int, now: float) -> list[Line]:
    """Return what fits on a terminal of that size: how far it is, every device or every rack, what is at work, what waits."""
    head, blank = [part for line in _head(board, estimate, now) for part in _wrapped(line, width)], [("", "")]
    lines: list[Line] = [*_cut(head, max(2, height // 3), "more"), blank]
    body = height - len(lines) - _FOOT_LINES
    views = board.devices()
    rows = list(_device_rows(board, views, width))
    if len(rows) > body - _LEAST_WORK:
        rows = list(_rack_rows(board, views, width))
    rows = _cut(rows, max(2, body - _LEAST_WORK), "more racks")
    lines += rows
    rest = _cut(list(_happening(board, views, now, width)), max(0, height - len(lines) - _FOOT_LINES), "more")
    lines += [*rest, [(legend(width), "bright_black")]]
    return [_fit(line, width) for line in lines]


def _head(board: Board, estimate: Estimate, now: float) -> list[Line]:
    begun = seconds_of(board.begun) if board.begun else now
    ended = board.state in ENDED
    passed = about((seconds_of(board.at) if ended else now) - begun)
    title = " ".join(filter(None, (board.site, board.run)))
    end = "" if ended else f", {remaining(estimate)}"
    return [
        [(f"{title}  " if title else "", "bold"), (board.state, COLOURS[board.state]), (f"  {passed} gone{end}", "")],
        [(progress(board), "")],
    ]


def _wrapped(line: Line, width: int) -> list[Line]:
    """Break a line between words where it is longer than the width."""
    found: list[Line] = [[]]
    for text, colour in line:
        for word in re.findall(r"\s*\S+|\s+$", text):
            if found[-1] and len(text_of(found[-1])) + len(word.rstrip()) > width:
                found.append([])
            found[-1].append((word if found[-1] else word.lstrip(), colour))
    return found


def _shown(board: Board, cell: int, width: int) -> tuple[str, ...]:
    """Return the stages that there is room for: those that all are through go first, then the last ones."""
    stages = list(board.stages)
    while len(stages) > 1 and _NAME + cell * len(stages) > width:
        first = board.counts[stages[0]]
        stages.pop(0 if sum(first[mark] for mark in GOOD) == first.total() else -1)
    return tuple(stages)


def _heading(board: Board, stages: Sequence[str], cell: int) -> Iterator[Line]:
    """Yield the letters of the stages, before them those that there is no room for."""
    if left := [letters(stage) for stage in board.stages if stage not in stages]:
        yield [(f"  ... {len(left)} more: {' '.join(left)}", "bright_black")]
    yield [(" " * _NAME, ""), *((letters(stage).rjust(cell), "bold") for stage in stages)]


def _device_rows(board: Board, views: dict[str, DeviceView], width: int) -> Iterator[Line]:
    """Yield a row a device: one sign a stage, then what it does or why it failed."""
    stages = _shown(board, 3, width)
    yield from _heading(board, stages, 3)
    for rack in board.racks:
        if rack.name:
            yield [(f"{rack.name}", "bold")]
        for stand in rack.stands:
            view = views[stand.device]
            marks = _by_stage(view)
            cells = [_cell(marks.get(stage), 3) for stage in stages]
            room = width - _NAME - 3 * len(stages) - 2
            text = view.text if view.state in {"failed", "running", "asks", "waiting"} and room > 12 else ""
            yield [
                (f"  {view.name}"[:_NAME].ljust(_NAME), ""),
                *cells,
                (f"  {text}"[: max(0, room)], COLOURS[view.state]),
            ]


def _by_stage(view: DeviceView) -> dict[str, Mark]:
    """Return the state of each stage of a device: where it has several tasks, the one that says most."""
    found: dict[str, Mark] = {}
    for stage, mark in view.tasks:
        if stage not in found or WORST_FIRST[mark] < WORST_FIRST[found[stage]]:
            found[stage] = mark
    return found


def _cell(mark: Mark | None, wide: int) -> Span:
    return (SIGNS[mark].rjust(wide), COLOURS[mark]) if mark else (" " * wide, "")


def _rack_rows(board: Board, views: dict[str, DeviceView], width: int) -> Iterator[Line]:
    """Yield a row a rack: how many of its devices are through each stage, with the sign that says most."""
    cell = 7 if width >= _NAME + 7 * len(board.stages) else 3
    stages = _shown(board, cell, width)
    yield from _heading(board, stages, cell)
    for rack in board.racks:
        by: dict[str, list[Mark]] = {}
        for stand in rack.stands:
            for stage, mark in views[stand.device].tasks:
                by.setdefault(stage, []).append(mark)
        name = rack.name or "in no rack"
        yield [(name[: _NAME - 1].ljust(_NAME), ""), *(_sum(by.get(stage), cell) for stage in stages)]


def _sum(marks: Sequence[Mark] | None, wide: int) -> Span:
    if not marks:
        return (" " * wide, "")
    worst = min(marks, key=WORST_FIRST.__getitem__)
    good = sum(mark in GOOD for mark in marks)
    figures = f"{good}/{len(marks)}" if wide > 3 and good < len(marks) else ""
    return (f"{figures}{SIGNS[worst]}".rjust(wide), COLOURS[worst])


def _happening(board: Board, views: dict[str, DeviceView], now: float, width: int) -> Iterator[Line]:
    """Yield what needs a person, what failed, what waits for what, and what is at work."""
    yield [("", "")]
    for notice in board.notices if board.state not in ENDED else ():
        yield [(f"{notice.at[11:19]} {' '.join(filter(None, (notice.subject, notice.text)))}", "bold")]
    gates = board.gates()
    for gate in gates:
        if gate.state == "asks":
            yield [(f"? {gate.name}: {gate.question} (--approve or --refuse {gate.name})", COLOURS["asks"])]
    failed = [view for view in views.values() if view.state == "failed"]
    for view in failed:
        yield [(f"! {view.name} at {view.stage}: {view.text}", COLOURS["failed"])]
        for remedy in view.remedy.splitlines() if len(failed) <= _FEW else ():
            yield from ([("    ", ""), *line] for line in _wrapped([(remedy, "")], width - 4))
    for gate in gates:
        if gate.state in {"waiting", "pending"} and gate.waits_for and gate.holds:
            more = f" and {gate.waits_for - 1} more" if gate.waits_for > 1 else ""
            yield [(f": {gate.name} waits for {gate.first}{more}; {count(gate.holds, 'task')} behind it", "")]
    for view in views.values():
        if view.state == "running":
            yield [(f"> {view.name} {_at_work(board, view, now)}", COLOURS["running"])]


def _at_work(board: Board, view: DeviceView, now: float) -> str:
    task = next(one for one in board.of_device[view.name] if board.mark(one.name) == "running")
    since = about(max(0.0, now - board.begun_at(task.name)))
    return f"{view.stage} {since}{': ' + view.text if view.text else ''}"


def _cut(lines: list[Line], most: int, what: str) -> list[Line]:
    """Keep as many lines as there is room for, and say how many are left out."""
    if len(lines) <= most:
        return lines
    kept = lines[: max(0, most - 1)]
    return [*kept, [(f"  ... {len(lines) - len(kept)} {what}", "bright_black")]] if most else []


def _fit(line: Line, width: int) -> Line:
    """Cut a line to the width."""
    found, left = [], width
    for text, colour in line:
        if left <= 0:
            break
        found.append((text[:left], colour))
        left -= len(text)
    return found


def legend(width: int) -> str:
    """Return what the signs mean, as many as fit."""
    parts = [
        f"{SIGNS[mark]} {mark}" for mark in ("done", "unchanged", "running", "waiting", "failed", "skipped", "asks")
    ]
    most = next((n for n in range(len(parts), 0, -1) if len("  ".join(parts[:n])) <= width), 0)
    return "  ".join(parts[:most])
