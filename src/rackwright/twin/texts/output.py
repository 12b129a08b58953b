"""Writing configurations as ``nv`` does: YAML with bare ``on``, commands, JSON."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from rackwright.twin.engine import Identity
from rackwright.twin.engine.ranges import order, regrouped
from rackwright.twin.engine.trees import Difference, Tree, flat

__all__ = ["as_commands", "as_json", "difference_text", "document", "header", "shown", "to_yaml"]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./$][A-Za-z0-9_./$:@%+=,() -]*")
_NUMBER: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Final = frozenset({"null", "~", "true", "false", ""})


def header(who: Identity) -> Tree:
    """Return the head of an export (Config-Commands, example of ``nv config show``)."""
    return {
        "model": who.model,
        "nvue-api-version": "nvue_v1",
        "rev-id": 1.0,
        "version": f"Cumulus Linux {who.nos}",
    }


def document(who: Identity, tree: Mapping[str, Any]) -> str:
    """Return a whole export."""
    return to_yaml([{"header": header(who)}, {"set": _sorted(regrouped(tree))}])


def to_yaml(value: Any) -> str:
    """Write a value; on, off and MAC addresses stand bare, as in NVIDIA's exports (nvue.md 6, pitfall 1)."""
    if isinstance(value, list):
        return "".join(f"- {key}:{_rest(below, 4)}" for item in value for key, below in item.items())
    return "".join(_entries(value, 0)) if value else "{}\n"


def _entries(tree: Mapping[str, Any], indent: int) -> Iterator[str]:
    for key, value in tree.items():
        yield f"{' ' * indent}{_scalar(key)}:{_rest(value, indent + 2)}"


def _rest(value: Any, indent: int) -> str:
    if isinstance(value, Mapping):
        return f"\n{''.join(_entries(value, indent))}" if value else " {}\n"
    return "\n" if value is None else f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    bare = _PLAIN.fullmatch(value) and not _NUMBER.fullmatch(value) and value.lower() not in _WORDS
    if bare and ": " not in value and " #" not in value and value[-1] not in ": ":
        return value
    if "\n" in value or not value.isprintable():
        return json.dumps(value)
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def _sorted(tree: Mapping[str, Any]) -> Tree:
    return {
        key: _sorted(value) if isinstance(value, Mapping) else value
        for key, value in sorted(tree.items(), key=lambda entry: order(entry[0]))
    }


def as_commands(tree: Mapping[str, Any], verb: str = "set") -> str:
    """Return a tree as ``nv set`` or ``nv unset`` commands, ranges grouped."""
    lines = []
    for path, value in flat(_sorted(regrouped(tree))):
        words = [*path, *([] if value is None or value == {} else [str(value)])]
        lines.append(f"nv {verb} {' '.join(shlex.quote(word) for word in words)}\n")
    return "".join(lines)


def as_json(value: Any) -> str:
    """Return a value as JSON, indented as ``nv`` does."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n"


def shown(who: Identity, tree: Mapping[str, Any], form: str) -> str:
    """Return a configuration in the form of ``-o``."""
    if form == "commands":
        return as_commands(tree)
    if form == "json":
        return as_json([{"header": header(who)}, {"set": _sorted(regrouped(tree))}])
    return document(who, tree)


def difference_text(step: Difference, form: str) -> str:
    """Return a difference in the form of ``-o``; nothing when there is none."""
    if not step:
        return ""
    if form == "commands":
        return as_commands(step.unset, "unset") + as_commands(step.set)
    parts = [{name: _sorted(regrouped(tree))} for name, tree in (("unset", step.unset), ("set", step.set)) if tree]
    return as_json(parts) if form == "json" else to_yaml(parts)
