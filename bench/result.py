"""One line of the bench: ours, the other, how they compare, what is asked for, and whether it holds."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Result", "line"]


class Result(NamedTuple):
    """One measurement; ``figure`` is held against ``target``, and is None when nothing could be measured."""

    part: str
    what: str
    ours: str
    other: str
    figure: float | None
    unit: str
    """``x`` for a ratio, otherwise the unit of the figure."""
    target: float | None
    least: bool = False
    """The target is a lower bound."""
    note: str = ""

    @property
    def passed(self) -> bool:
        """Tell whether the target is met; a line without a target is for comparison only."""
        if self.target is None:
            return True
        if self.figure is None:
            return False
        return self.figure >= self.target if self.least else self.figure <= self.target


def line(result: Result) -> str:
    """Print a result in columns."""
    figure = "-" if result.figure is None else f"{result.figure:.4g} {result.unit}"
    target = "" if result.target is None else f"{'>=' if result.least else '<='} {result.target:g}"
    verdict = "" if result.target is None else "pass" if result.passed else "FAIL"
    text = (
        f"{result.part:<7} {result.what:<44} {result.ours:>13} {result.other:>13} {figure:>11} {target:>8}  {verdict}"
    )
    return f"{text.rstrip()}\n        {result.note}" if result.note else text.rstrip()
