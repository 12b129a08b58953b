"""Validation errors of pydantic as problems in our own words, each at its place in the file."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from rackwright.catalog.shape import ANY, fields, models_at
from rackwright.documents import Marked, Path
from rackwright.findings import Problem, problem

__all__ = ["known_keys", "nearest", "shown", "translate"]

_Error = Mapping[str, Any]


def shown(value: Any) -> str:
    """Print what the operator wrote, short enough for a sentence."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return str(value).lower()
    text = "empty" if value is None or value == "" else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a remedy that names the nearest known words, or all of them when none is near."""
    words = sorted(set(known))
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not words:
        return "there is none: define it first, or remove this"
    listed = ", ".join(words[:12]) + (", ..." if len(words) > 12 else "")
    return f"use one of: {listed}"


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the keys that a mapping at ``path`` may hold."""
    found = models_at(model, path)
    return tuple(info.alias or name for kind in found for name, info in kind.model_fields.items() if not info.exclude)


def translate(
    error: ValidationError,
    marked: Marked,
    model: type[BaseModel],
    *,
    check: str,
    base: Path = (),
    hide: Collection[str] = (),
) -> list[Problem]:
    """Turn every validation error into one problem, located in ``marked``.

    ``base`` is the place of the validated value in the document. Errors of the branches of one
    union come out as one problem that names all that would be right. Values of keys in ``hide`` are
    never repeated.
    """
    grouped: dict[Path, list[_Error]] = defaultdict(list)
    for entry in error.errors(include_url=False):
        grouped[(*base, *_path(entry, marked, base))].append(entry)
    problems = []
    for path, entries in grouped.items():
        if _is_shadowed(path, entries, grouped):
            continue
        message, remedy = _said(path, entries, marked, model, base, hide)
        located = marked.at(*path) if entries[0]["type"] in ("missing", "extra_forbidden") else marked.value_at(*path)
        problems.append(problem(check, message, remedy=remedy, location=located, path=[str(part) for part in path]))
    return problems


def _path(entry: _Error, marked: Marked, base: Path) -> Path:
    """Return the way to the value; pydantic's names of union branches are no part of it."""
    value = marked.value
    for part in base:
        value = value[part]
    found: list[str | int] = []
    for at, part in enumerate(entry["loc"]):
        if _holds(value, part):
            value = value[part]
        elif not (entry["type"] == "missing" and at == len(entry["loc"]) - 1):
            continue
        found.append(part)
    return tuple(found)


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, dict):
        return part in value and part != "[key]"
    return isinstance(value, list) and isinstance(part, int) and part < len(value)


def _is_shadowed(path: Path, entries: list[_Error], grouped: Mapping[Path, list[_Error]]) -> bool:
    """Say whether a branch of the same union got further, so that its own error says more."""
    deeper = any(len(other) > len(path) and other[: len(path)] == path for other in grouped)
    return deeper and all(entry["type"] not in ("extra_forbidden", "missing") for entry in entries)


def _said(
    path: Path, entries: list[_Error], marked: Marked, model: type[BaseModel], base: Path, hide: Collection[str]
) -> tuple[str, str]:
    first = entries[0]
    inside = path[len(base) :]
    name = str(path[-1]) if path else "the file"
    if first["type"] == "extra_forbidden":
        return f"unknown key {name!r}", _unknown(name, inside, model)
    if first["type"] == "missing":
        return f"{name!r} is missing", f"add {name!r}"
    wants = list(dict.fromkeys(_want(entry) for entry in entries))
    where = f"{path[-2]}[{name}]" if len(path) > 1 and isinstance(path[-1], int) else name
    if name in hide:
        return f"{where} does not hold a reference to a secret", "write secret:NAME"
    written = marked.texts.get(path) or shown(first["input"])
    return f"{where} is {written}, expected {' or '.join(wants)}", _cure(first)


def _unknown(name: str, path: Path, model: type[BaseModel]) -> str:
    here = known_keys(model, path[:-1])
    elsewhere = [".".join(row.place) or "the top" for row in fields(model) if row.key == name]
    # A key that is right in another place is seldom a slip of the pen for one that is far from it.
    close = difflib.get_close_matches(name, here, n=1, cutoff=0.8 if elsewhere else 0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if elsewhere:
        places = list(dict.fromkeys(place.replace(ANY, "NAME") for place in elsewhere))
        return f"it belongs in {', '.join(places[:4])}"
    return f"remove it; known here: {', '.join(sorted(here))}" if here else "remove it"


_WANTS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "int_type": lambda _: "a whole number",
    "int_parsing": lambda _: "a whole number",
    "int_from_float": lambda _: "a whole number",
    "float_type": lambda _: "a number",
    "string_type": lambda _: "text",
    "bool_type": lambda _: "true or false",
    "list_type": lambda _: "a list",
    "tuple_type": lambda _: "a list",
    "frozen_set_type": lambda _: "a list",
    "dict_type": lambda _: "a mapping",
    "model_type": lambda _: "a mapping",
    "model_attributes_type": lambda _: "a mapping",
    "none_required": lambda _: "nothing",
    "literal_error": lambda ctx: ("one of " if " or " in ctx["expected"] else "") + ctx["expected"],
    "greater_than_equal": lambda ctx: f"at least {ctx['ge']}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']}",
    "string_too_short": lambda ctx: f"at least {ctx['min_length']} character",
    "string_too_long": lambda ctx: f"at most {ctx['max_length']} characters",
}


def _want(entry: _Error) -> str:
    make = _WANTS.get(entry["type"])
    return make(entry.get("ctx", {})).replace("'", "") if make else entry["msg"][:1].lower() + entry["msg"][1:]


_BOUNDS: Final = ("greater_than_equal", "less_than_equal", "string_too_short", "string_too_long")
_CURES: Final[Mapping[str, str]] = {
    "string_type": "write it in quotes",
    "bool_type": "write true or false without quotes",
    "int_type": "write a whole number without quotes",
    "list_type": "write it as a list: [a, b]",
    "tuple_type": "write it as a list: [a, b]",
    "dict_type": "write it as a mapping: {key: value}",
    "model_type": "write it as a mapping: {key: value}",
    "model_attributes_type": "write it as a mapping: {key: value}",
}


def _cure(entry: _Error) -> str:
    kind = entry["type"]
    if kind == "literal_error" and isinstance(entry["input"], str):
        allowed = [word.strip("' ") for word in entry["ctx"]["expected"].replace(" or ", ", ").split(",")]
        return nearest(entry["input"], allowed)
    if kind in _BOUNDS:
        return f"use {_want(entry)}"
    if kind == "string_type" and isinstance(entry["input"], (list, dict)):
        return "write one word"
    return _CURES.get(kind, "correct the value")
