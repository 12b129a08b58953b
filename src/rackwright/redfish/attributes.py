"""Attributes and dependencies of a BIOS attribute registry, read from its JSON.

The shape is DMTF's AttributeRegistry; what a vendor leaves out or writes wrongly is left out, never a crash.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

__all__ = ["Attribute", "Condition", "Dependency", "attribute", "dependency", "near", "value_names"]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "EQU": lambda is_, wants: is_ == wants,
    "NEQ": lambda is_, wants: is_ != wants,
    "GTR": lambda is_, wants: is_ > wants,
    "GEQ": lambda is_, wants: is_ >= wants,
    "LSS": lambda is_, wants: is_ < wants,
    "LEQ": lambda is_, wants: is_ <= wants,
}
_SAID = {"EQU": "is", "NEQ": "is not", "GTR": "is over", "GEQ": "is at least", "LSS": "is under", "LEQ": "is at most"}
_LEAST_ALIKE = 0.6
_PARTS = {"GrayOut": "ReadOnly", "Immutable": "ReadOnly"}
"""Parts that come to the same for who wants to write."""


class Attribute(msgspec.Struct, frozen=True, kw_only=True):
    """One BIOS attribute as the registry describes it."""

    name: str
    kind: str = "String"
    """``Enumeration``, ``Integer``, ``String``, ``Boolean`` or ``Password``."""
    title: str = ""
    values: tuple[Any, ...] = ()
    """The legal values of an enumeration, in the registry's order."""
    read_only: bool = False
    """As the registry has it; includes what dependencies do at the time of reading."""
    hidden: bool = False
    reset: bool = True
    """Whether it takes effect at the next reset of the host only."""
    low: int | None = None
    high: int | None = None
    step: int = 0
    shortest: int | None = None
    longest: int | None = None

    @property
    def secret(self) -> bool:
        """Tell whether it is a password."""
        return self.kind == "Password"

    def complaint(self, value: Any, *, values: Collection[Any] | None = None) -> tuple[str, str, str] | None:
        """Return kind, sentence and remedy when a value is not legal here; ``values`` replaces the enumeration's."""
        match self.kind:
            case "Enumeration":
                return self._enumerated(value, tuple(self.values if values is None else values))
            case "Integer":
                return self._integer(value)
            case "Boolean":
                return None if isinstance(value, bool) else self._mistyped(value, "true or false")
            case _:
                return self._text(value)

    def _mistyped(self, value: Any, wants: str) -> tuple[str, str, str]:
        return "type", f"{self.name} takes {wants}, not {value!r}", f"write {wants}"

    def _enumerated(self, value: Any, legal: tuple[Any, ...]) -> tuple[str, str, str] | None:
        if not legal or any(value == one and type(value) is type(one) for one in legal):
            return None
        choice = ", ".join(map(str, legal))
        close = near(str(value), [str(one) for one in legal])
        remedy = f"write {close}" if close else f"choose one of {choice}"
        if not isinstance(value, str):
            return "type", f"{self.name} takes one of {choice}, not {value!r}", remedy
        return "value", f"{self.name} has no value {value}, only {choice}", remedy

    def _integer(self, value: Any) -> tuple[str, str, str] | None:
        if isinstance(value, bool) or not isinstance(value, int):
            return self._mistyped(value, "a whole number")
        least, most = self.low, self.high
        if (least is not None and value < least) or (most is not None and value > most):
            span = f"{'any' if least is None else least} to {'any' if most is None else most}"
            return "range", f"{self.name} takes {span}, not {value}", f"choose a value from {span}"
        if self.step > 1 and (value - (least or 0)) % self.step:
            return (
                "range",
                f"{self.name} goes in steps of {self.step}, which {value} is not on",
                f"choose a multiple of {self.step} from {least or 0}",
            )
        return None

    def _text(self, value: Any) -> tuple[str, str, str] | None:
        if not isinstance(value, str):
            return self._mistyped(value, "text")
        least, most = self.shortest, self.longest
        if (least is not None and len(value) < least) or (most is not None and len(value) > most):
            span = f"{least or 0} to {'any' if most is None else most}"
            return "range", f"{self.name} takes {span} characters, not {len(value)}", "change its length"
        return None


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """``SysProfile.CurrentValue NEQ Custom``, and how it is tied to the ones before it."""

    attribute: str
    operator: str
    value: Any
    part: str = "CurrentValue"
    conjunction: bool = False
    """AND; Dell writes no term, which means OR."""

    def holds(self, actual: Any) -> bool:
        """Say whether it holds for a value; nothing holds for a value that is not known."""
        if actual is None:
            return False
        try:
            return _COMPARE[self.operator](actual, self.value)
        except TypeError:
            return False

    def __str__(self) -> str:
        """Print as ``SysProfile is not Custom``."""
        part = "" if self.part == "CurrentValue" else f".{self.part}"
        return f"{self.attribute}{part} {_SAID[self.operator]} {self.value}"


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """While its conditions hold, a part of an attribute has a value."""

    attribute: str
    part: str
    """``CurrentValue``, ``ReadOnly``, ``Hidden``, ``Value``, a bound, ..."""
    value: Any
    conditions: tuple[Condition, ...]

    def holds(self, look: Callable[[str, str], Any]) -> bool:
        """Say whether it is in force, where ``look(attribute, part)`` tells values; terms are taken from left to right."""
        result = False
        for place, condition in enumerate(self.conditions):
            this = condition.holds(look(condition.attribute, condition.part))
            result = this if place == 0 else (result and this if condition.conjunction else result or this)
        return result

    def why(self, look: Callable[[str, str], Any]) -> tuple[Condition, ...]:
        """Return the conditions that hold."""
        return tuple(one for one in self.conditions if one.holds(look(one.attribute, one.part)))


def attribute(raw: Any) -> Attribute | None:
    """Read one entry of ``RegistryEntries.Attributes``; None when it has no name."""
    if not isinstance(raw, Mapping) or not isinstance(name := raw.get("AttributeName"), str) or not name:
        return None
    return Attribute(
        name=name,
        kind=raw["Type"] if isinstance(raw.get("Type"), str) else "String",
        title=raw["DisplayName"] if isinstance(raw.get("DisplayName"), str) else "",
        values=value_names(raw.get("Value")),
        read_only=raw.get("ReadOnly") is True or raw.get("Immutable") is True or raw.get("GrayOut") is True,
        hidden=raw.get("Hidden") is True,
        reset=raw.get("ResetRequired") is not False,
        low=_number(raw.get("LowerBound")),
        high=_number(raw.get("UpperBound")),
        step=_number(raw.get("ScalarIncrement")) or 0,
        shortest=_number(raw.get("MinLength")),
        longest=_number(raw.get("MaxLength")),
    )


def dependency(raw: Any) -> Dependency | None:
    """Read one entry of ``RegistryEntries.Dependencies``; None when it is no ``Map`` or lacks a part."""
    inner = raw.get("Dependency") if isinstance(raw, Mapping) else None
    if not isinstance(inner, Mapping) or raw.get("Type", "Map") != "Map":
        return None
    target, part = inner.get("MapToAttribute"), inner.get("MapToProperty")
    found = inner.get("MapFrom")
    conditions = tuple(_condition(one) for one in found) if isinstance(found, list) else ()
    if not isinstance(target, str) or not isinstance(part, str) or not conditions or None in conditions:
        return None
    value = value_names(inner.get("MapToValue")) if part == "Value" else inner.get("MapToValue")
    return Dependency(
        attribute=target, part=_PARTS.get(part, part), value=value, conditions=tuple(c for c in conditions if c)
    )


def near(name: str, names: Collection[str]) -> str:
    """Return the known name that a misspelt one probably means, or nothing."""
    folded = {one.lower(): one for one in names}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=_LEAST_ALIKE)
    return folded[close[0]] if close else ""


def value_names(raw: Any) -> tuple[Any, ...]:
    """Return the names of a list of values; some vendors list bare values."""
    if not isinstance(raw, list):
        return ()
    names = (one.get("ValueName") if isinstance(one, Mapping) else one for one in raw)
    return tuple(one for one in names if isinstance(one, (str, int)))


def _condition(raw: Any) -> Condition | None:
    """Read one ``MapFrom``."""
    if not isinstance(raw, Mapping):
        return None
    name, operator = raw.get("MapFromAttribute"), raw.get("MapFromCondition", "EQU")
    if not isinstance(name, str) or operator not in _COMPARE:
        return None
    part = raw.get("MapFromProperty") or "CurrentValue"
    return Condition(
        attribute=name,
        operator=operator,
        value=raw.get("MapFromValue"),
        part=_PARTS.get(str(part), str(part)),
        conjunction=raw.get("MapTerms") == "AND",
    )


def _number(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None
