"""Reading the YAML that ``nv config patch`` and ``replace`` take, as nvued does: by YAML 1.2, where ``on`` is a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import yaml

from rackwright.twin.engine.trees import Tree
from rackwright.twin.texts import plain

__all__ = ["Parsed", "Unreadable", "read_document"]


class Unreadable(Exception):
    """The file is no NVUE configuration."""


class Parsed(NamedTuple):
    """What a file sets and unsets, ranges as written."""

    tree: Tree
    unset: Tree


class _Loader(yaml.CSafeLoader):
    """PyYAML under the rules of YAML 1.2."""


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("tag:yaml.org,2002:bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("tag:yaml.org,2002:int", r"[-+]?[0-9]+", "-+0123456789"),
    ("tag:yaml.org,2002:float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
    ("tag:yaml.org,2002:null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(f"^(?:{_pattern})$"), list(_first))


def read_document(text: str, name: str) -> Parsed:
    """Read a file: a list of ``header``, ``set`` and ``unset``, or one of these mappings.

    Raises :class:`Unreadable` with a sentence.
    """
    value = plain.read(text)
    if value is None:
        value = _whole(text, name)
    parts: dict[str, Any] = {}
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping) or not set(item) <= {"header", "set", "unset"}:
            raise Unreadable(f"{name} holds no list of 'set' and 'unset'")
        parts.update(item)
    if not {"set", "unset"} & set(parts):
        raise Unreadable(f"{name} holds no list of 'set' and 'unset'")
    return Parsed(_tree(parts.get("set")), _tree(parts.get("unset")))


def _whole(text: str, name: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of the safe loader
    except (yaml.YAMLError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise Unreadable(f"{name} is not valid YAML: {first}") from None


def _tree(value: Any) -> Tree:
    """Make every key a text, as it is in JSON."""
    if not isinstance(value, Mapping):
        return {}
    return {
        key if isinstance(key, str) else str(key): _tree(below) if isinstance(below, Mapping) else below
        for key, below in value.items()
    }
