"""The query of a GET: ``only``, ``$filter``, ``$skip``, ``$top``, ``$expand``, ``$select``, in this order (DSP0266)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rackwright.twin.bmc.service.envelope import Denied, base

__all__ = ["Query", "apply", "parse"]

_EXPAND: Final = re.compile(r"([*.~])(?:\(\$levels=(\d+)\))?")
_TERM: Final = re.compile(r"\s*([\w@./]+)\s+(eq|ne|gt|ge|lt|le)\s+('(?:[^']|'')*'|[-\w.:+]+)\s*")
_KNOWN: Final = frozenset({"$expand", "$select", "$filter", "$skip", "$top", "only"})
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for beyond the resource itself."""

    expand: str = ""
    """``*``, ``.`` or ``~``; empty: nothing."""
    levels: int = 1
    select: tuple[str, ...] = ()
    filter: str = ""
    skip: int = 0
    top: int | None = None
    only: bool = False


def parse(given: Mapping[str, str], *, levels: int) -> Query:
    """Read a query string; ``levels`` is how deep the service expands.

    Raises :class:`~rackwright.twin.bmc.service.envelope.Denied` 501 for a ``$`` word that is not known, 400 for a wrong value.
    """
    for word in given:
        if word.startswith("$") and word not in _KNOWN:
            raise Denied(501, base("QueryParameterUnsupported", word))
    if given.get("only"):
        raise Denied(400, base("QueryParameterValueFormatError", given["only"], "only"))
    expand, depth = "", 1
    if "$expand" in given:
        found = _EXPAND.fullmatch(given["$expand"])
        if found is None or not 1 <= int(found[2] or 1) <= levels:
            raise Denied(400, base("QueryParameterValueFormatError", given["$expand"], "$expand"))
        expand, depth = found[1], int(found[2] or 1)
    select = tuple(one.strip() for one in given.get("$select", "").split(",") if one.strip())
    if "$select" in given and not select:
        raise Denied(400, base("QueryParameterValueFormatError", "", "$select"))
    return Query(
        expand=expand,
        levels=depth,
        select=select,
        filter=given.get("$filter", ""),
        skip=_number(given, "$skip") or 0,
        top=_number(given, "$top"),
        only="only" in given,
    )


def _number(given: Mapping[str, str], word: str) -> int | None:
    if word not in given:
        return None
    if not given[word].isdigit():
        raise Denied(400, base("QueryParameterValueFormatError", given[word], word))
    return int(given[word])


def apply(body: dict[str, Any], query: Query, read: Callable[[str], dict[str, Any] | None]) -> dict[str, Any]:
    """Return the resource as the query wants it; ``read`` gets what a link leads to, None for nothing."""
    found = dict(body)
    members = found.get("Members")
    if query.only:
        if not isinstance(members, list):
            raise Denied(400, base("QueryNotSupportedOnResource"))
        if len(members) == 1:
            found = dict(read(members[0]["@odata.id"]) or found)
    elif isinstance(members, list):
        found = _members(found, members, query, read)
    elif query.filter or query.skip or query.top is not None:
        raise Denied(400, base("QueryNotSupportedOnResource"))
    if query.expand:
        found = _expanded(found, query, query.levels, read)
    return _selected(found, query.select) if query.select else found


def _members(
    found: dict[str, Any], members: list[Any], query: Query, read: Callable[[str], dict[str, Any] | None]
) -> dict[str, Any]:
    kept = members
    if query.filter:
        holds = _condition(query.filter)
        kept = [one for one in members if holds(read(one["@odata.id"]) or one if len(one) == 1 else one)]
    kept = kept[query.skip :]
    if query.top is not None:
        kept = kept[: query.top]
    count = len(kept) if query.filter else found.get("Members@odata.count", len(members))
    return {**found, "Members": kept, "Members@odata.count": count} if kept is not members else found


# --- $filter ------------------------------------------------------------------------------------------


def _condition(text: str) -> Callable[[dict[str, Any]], bool]:
    """Read terms that are joined by ``and`` and ``or``, without brackets."""
    ways = []
    for part in re.split(r"\s+or\s+", text):
        terms = [_term(one, text) for one in re.split(r"\s+and\s+", part)]
        ways.append(terms)
    return lambda body: any(all(term(body) for term in terms) for terms in ways)


def _term(text: str, whole: str) -> Callable[[dict[str, Any]], bool]:
    found = _TERM.fullmatch(text)
    if found is None:
        raise Denied(400, base("QueryParameterValueFormatError", whole, "$filter"))
    path, compare, literal = found[1].split("/"), _COMPARE[found[2]], found[3]

    def holds(body: dict[str, Any]) -> bool:
        value: Any = body
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        try:
            return compare(value, _literal(literal, value))
        except TypeError:
            return False

    return holds


def _literal(text: str, like: Any) -> Any:
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    words = {"true": True, "false": False, "null": None}
    if text in words:
        return words[text]
    if isinstance(like, str):
        return text
    try:
        return float(text)
    except ValueError:
        return text


# --- $expand and $select ------------------------------------------------------------------------------


def _expanded(
    body: dict[str, Any], query: Query, levels: int, read: Callable[[str], dict[str, Any] | None]
) -> dict[str, Any]:
    inside, outside = query.expand in "*~", query.expand in "*."

    def deeper(value: Any, linked: bool) -> Any:
        if isinstance(value, list):
            return [deeper(one, linked) for one in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and "@odata.id" in value:
            if not (inside if linked else outside):
                return value
            got = read(value["@odata.id"])
            if got is None:
                return value
            return _expanded(got, query, levels - 1, read) if levels > 1 else got
        return {key: deeper(one, linked or key == "Links") for key, one in value.items()}

    whole: dict[str, Any] = {key: deeper(one, key == "Links") for key, one in body.items()}
    return whole


def _selected(body: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    if isinstance(body.get("Members"), list) and not any(name.partition("/")[0] in body for name in names):
        members = [_selected(one, names) if len(one) > 1 else one for one in body["Members"]]
        return {**body, "Members": members}
    kept = {key: value for key, value in body.items() if key.startswith("@odata.")}
    for name in names:
        _copy(body, kept, name.split("/"))
    return kept


def _copy(source: dict[str, Any], target: dict[str, Any], path: list[str]) -> None:
    head, *rest = path
    if head not in source:
        return
    if rest and isinstance(source[head], dict):
        inner = target.setdefault(head, {})
        _copy(source[head], inner, rest)
    else:
        target[head] = source[head]
