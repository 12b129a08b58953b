"""The BIOS attribute registry of an emulated machine and its dependency engine; it shares nothing with ``rackwright.redfish``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from rackwright.errors import TwinError

__all__ = ["Attribute", "Condition", "Dependency", "Registry", "State", "attribute", "registry"]

_DATA: Final = Path(__file__).with_name("data") / "bios.yaml"
_RANGE: Final = re.compile(r"\{(\d+)-(\d+)\}")
_BOUNDED: Final = re.compile(r"(text|int|password) (\d+)\.\.(\d+)(?: = (\d+))?")
_RULE: Final = re.compile(r"(\w+) (?:value (\S+)|(readonly|hidden)) if (.+)")
_ROUNDS: Final = 8
"""Forced values settle in two or three rounds; more would be a ring in the data."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One entry of the registry."""

    name: str
    type: str
    """``Enumeration``, ``String``, ``Integer`` or ``Password``."""
    values: tuple[str, ...] = ()
    low: int = 0
    """Least value, or length of a text."""
    high: int = 0
    default: Any = None
    read_only: bool = False
    hidden: bool = False
    fact: bool = False
    """The machine's own, e.g. its service tag: read-only and immutable."""
    menu: str = ""
    order: int = 0

    @property
    def title(self) -> str:
        """Return a printed name, made of the name's words."""
        return re.sub(r"(?<=[a-z])(?=[A-Z0-9])|(?<=[A-Z0-9])(?=[A-Z][a-z])", " ", self.name)


@dataclass(frozen=True, slots=True)
class Condition:
    """``attribute`` is (``EQU``) or is not (``NEQ``) ``value``."""

    attribute: str
    how: str
    value: str

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Tell whether it is so."""
        return (values.get(self.attribute) == self.value) == (self.how == "EQU")


@dataclass(frozen=True, slots=True)
class Dependency:
    """Where one of the conditions holds, ``attribute`` gets a property: a ``CurrentValue``, ``ReadOnly`` or ``Hidden``."""

    attribute: str
    prop: str
    value: Any
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Values with what depends on them settled."""

    values: dict[str, Any]
    read_only: frozenset[str]
    hidden: frozenset[str]


class Registry:
    """Attributes and dependencies of one BIOS version; equal machines share one."""

    def __init__(self, attributes: Iterable[Attribute], dependencies: Iterable[Dependency]) -> None:
        self.attributes = {one.name: one for one in attributes}
        self.dependencies = tuple(one for one in dependencies if one.attribute in self.attributes)

    def defaults(self) -> dict[str, Any]:
        """Return the factory's values, settled."""
        return self.settle({one.name: one.default for one in self.attributes.values()}).values

    def settle(self, values: Mapping[str, Any]) -> State:
        """Force what is forced, and say what is read-only and hidden then."""
        settled = dict(values)
        for _ in range(_ROUNDS):
            forced = {
                rule.attribute: rule.value
                for rule in self.dependencies
                if rule.prop == "CurrentValue" and any(one.holds(settled) for one in rule.conditions)
            }
            if all(settled.get(name) == value for name, value in forced.items()):
                break
            settled.update(forced)
        read_only = {one.name for one in self.attributes.values() if one.read_only or one.fact}
        hidden = {one.name for one in self.attributes.values() if one.hidden}
        for rule in self.dependencies:
            if rule.prop != "CurrentValue" and any(one.holds(settled) for one in rule.conditions):
                (read_only if rule.prop == "ReadOnly" else hidden).add(rule.attribute)
        return State(settled, frozenset(read_only), frozenset(hidden))

    def changed(self, adds: Iterable[Attribute], removes: Iterable[str]) -> Registry:
        """Return the registry of another BIOS version."""
        gone = set(removes)
        rows = {name: one for name, one in self.attributes.items() if name not in gone}
        rows.update((one.name, one) for one in adds)
        return Registry(rows.values(), self.dependencies)


def attribute(
    name: str, text: str, *, menu: str = "", order: int = 0, model: str = "", ports: tuple[str, ...] = ()
) -> Attribute:
    """Read one attribute from the short form of ``data/bios.yaml``. Raises :class:`TwinError` when it is none."""
    body, _, flags = (part.strip() for part in text.partition(";"))
    words = flags.split()
    hidden = "hidden" in words or (words[:1] == ["only"] and model not in words[1:])
    fact = body.startswith("fact ")
    match = _BOUNDED.fullmatch(body.removeprefix("fact "))
    row = Attribute(
        name, "Enumeration", hidden=hidden, read_only="readonly" in words, fact=fact, menu=menu, order=order
    )
    if match:
        kind, low, high, default = match.groups()
        typed = {"text": "String", "int": "Integer", "password": "Password"}[kind]
        start = (int(default) if default else None) if typed == "Integer" else None if typed == "Password" else ""
        return replace(row, type=typed, low=int(low), high=int(high), default=start)
    values = ports if body == "ports" else tuple(one.removesuffix("*") for one in body.split("|"))
    starred = [one.removesuffix("*") for one in body.split("|") if one.endswith("*")]
    if not values or (body != "ports" and len(starred) != 1):
        raise TwinError(f"no BIOS attribute: {name}: {text!r}")
    return replace(row, values=values, default=starred[0] if starred else values[0])


def _spread(text: str) -> Iterator[tuple[str, int]]:
    match = _RANGE.search(text)
    if match is None:
        yield text, 0
        return
    for number in range(int(match[1]), int(match[2]) + 1):
        yield text.replace(match[0], str(number)).replace("{}", str(number)), number


def _dependency(text: str) -> Dependency:
    match = _RULE.fullmatch(text)
    if match is None:
        raise TwinError(f"no BIOS dependency: {text!r}")
    target, value, word, conditions = match.groups()
    found = []
    for condition in conditions.split(" or "):
        name, how, values = condition.split(" ")
        found += [Condition(name, "EQU" if how == "=" else "NEQ", one) for one in values.split("|")]
    prop = {"readonly": "ReadOnly", "hidden": "Hidden"}.get(word, "CurrentValue")
    return Dependency(target, prop, value if value is not None else True, tuple(found))


@lru_cache(maxsize=1)
def _document() -> tuple[tuple[tuple[str, str, str], ...], tuple[Dependency, ...]]:
    document = yaml.load(_DATA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    rows = [
        (menu, name, text)
        for menu, entries in document["menus"].items()
        for pattern, text in entries.items()
        for name, _ in _spread(pattern)
    ]
    rules = [_dependency(line) for pattern in document["dependencies"] for line, _ in _spread(pattern)]
    return tuple(rows), tuple(rules)


@lru_cache(maxsize=64)
def registry(model: str, ports: tuple[str, ...]) -> Registry:
    """Return the registry of a server model whose NIC ports have these FQDDs."""
    rows, rules = _document()
    return Registry(
        [
            attribute(name, text, menu=menu, order=order, model=model, ports=ports or ("NIC.Embedded.1-1-1",))
            for order, (menu, name, text) in enumerate(rows, 1)
        ],
        rules,
    )
