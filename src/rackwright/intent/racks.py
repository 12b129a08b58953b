"""Rules over racks: models, feeds, and what is placed where."""

from __future__ import annotations

import re

from rackwright.catalog.faults import nearest
from rackwright.documents import Path
from rackwright.intent.context import Context
from rackwright.intent.models import RackIntent

__all__ = ["check"]

_PLACE = re.compile(r"(?P<what>[^@\s]+)@(?P<unit>[0-9]+)")
_COUNTED = re.compile(r"\[\*[1-9][0-9]*\]$")
_BRACKET = re.compile(r"\[[^\]]*\]$")


def check(context: Context) -> None:
    """Report what is wrong with the racks."""
    owners: dict[str, str] = {}
    for key, rack in context.site.racks.items():
        place: Path = ("racks", key)
        for name in context.expand(place, key, at_key=True):
            other = owners.setdefault(name, key)
            if other != key:
                message = f"the rack {name} is meant by {other!r} and by {key!r}"
                context.wrong("name", place, message, "let the two ranges not meet", at_key=True)
                break
        _power(context, place, rack)
        height = 0
        if context.known((*place, "model"), rack.model, context.catalog.racks, "rack of the catalog"):
            height = context.catalog.racks[rack.model].height_u
        for at, text in enumerate(rack.place):
            _placed(context, (*place, "place", at), text, height)


def _power(context: Context, place: Path, rack: RackIntent) -> None:
    if rack.pdu is not None:
        context.known((*place, "pdu"), rack.pdu, context.catalog.pdus, "PDU of the catalog")
        if not rack.feeds and context.lacks(*place, "feeds"):
            context.wrong("value", (*place, "pdu"), "no feed is given for the PDUs", "add feeds: [a, b], one a PDU")
    elif rack.feeds:
        message = "feeds are given, and no PDU hangs on them"
        context.wrong("value", (*place, "feeds"), message, "add pdu: MODEL, or remove feeds")
    enough = {"one-pdu": len(rack.feeds), "one-feed": len(set(rack.feeds))}
    if enough.get(rack.survive, 2) < 2 and context.lacks(*place, "feeds"):
        message = f"survive: {rack.survive} takes two of them at least; there is {enough[rack.survive]}"
        context.wrong("value", (*place, "survive"), message, "add to feeds, or write survive: none")


def _placed(context: Context, path: Path, text: str, height: int) -> None:
    found = _PLACE.fullmatch(text)
    if not found:
        remedy = "write WHAT@UNIT, e.g. gpu[1-4]@2: from unit 2 upwards"
        context.wrong("value", path, f"{text!r} is not a place", remedy)
        return
    unit, what = int(found["unit"]), found["what"]
    if unit < 1 or (height and unit > height):
        message = f"unit {unit} is outside the rack of {height} units"
        context.wrong("value", path, message, f"use 1 to {height}" if height else "count from 1")
    stem = what
    if _COUNTED.search(what):
        stem = _COUNTED.sub("", what)
    elif "[" in what or "]" in what:
        if not context.expand(path, what):
            return
        stem = _BRACKET.sub("", what)
    known = (*context.keys("groups"), *context.switch_stems)
    if not all(isinstance(context.written("fabrics", key, "leaves", "name"), str) for key in context.keys("fabrics")):
        return  # a fabric whose switches have no name is told of; whose stem this is cannot be known
    if stem not in known and not context.is_stem(stem) and what not in context.machines and not context.is_switch(what):
        context.wrong("reference", path, f"{stem!r} is no group, switch or machine of this site", nearest(stem, known))
