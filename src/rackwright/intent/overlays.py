"""Overlays: NVUE patches that a site lays over rendered switches, by site, role or device.

``SITE/overlays/site.yaml``, ``role-leaf.yaml`` and ``device-be01.yaml`` hold ``set:``, an NVUE tree
(range keys allowed, ``null`` removes), and ``unset:``, a list of paths as words
(``interface swp1 link mtu``) or as lists of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any, Final, Literal

import msgspec

from rackwright import secrets
from rackwright.catalog.faults import nearest, shown
from rackwright.documents import Marked, Path, read
from rackwright.errors import SecretUnresolved
from rackwright.findings import Location, Problem, Severity, problem
from rackwright.intent.context import Context

__all__ = ["SWITCH_ROLES", "Overlay", "read_overlays"]

SWITCH_ROLES: Final = ("leaf", "spine", "superspine", "oob")
_NAME = re.compile(r"(?P<scope>site|role|device)(?:-(?P<name>.+))?")
_NAMES: Final = "call it site.yaml, role-leaf.yaml or device-be01.yaml"
_SECRETS: Final = frozenset({"password", "hashed-password", "secret", "auth-key", "priv-key", "key-secret"})

Tree = dict[str, Any]


class Overlay(msgspec.Struct, frozen=True):
    """One patch file.

    ``patch`` is an NVUE tree in which ``None`` removes; what ``unset`` names is in it as ``None``.
    ``removals`` are the paths of ``unset`` alone.
    """

    scope: Literal["site", "role", "device"]
    name: str
    """Role or device; empty for the site."""
    patch: Tree
    removals: tuple[tuple[str, ...], ...]
    source: str
    """The file."""
    marks: Marked

    def locate(self, *path: str) -> Location:
        """Find where the patch says something about an NVUE path."""
        return self.marks.at("set", *path)


def read_overlays(folder: FilePath, context: Context) -> tuple[Overlay, ...]:
    """Return the overlays of a folder in the order of file names; none when there is no folder."""
    found = []
    other = folder.with_name(folder.name.removesuffix("s"))
    if other.is_dir():
        message = f"nothing is read from {other.name}/"
        context.problems.append(
            _wrong(
                Location(str(other)),
                message,
                f"overlays lie in {folder.name}/: move what is meant there",
                severity="warning",
            )
        )
    for file in sorted(folder.iterdir()) if folder.is_dir() else []:
        if file.name.startswith(".") or file.suffix == ".md":
            continue
        if file.is_dir() or file.suffix not in (".yaml", ".yml"):
            message = f"{file.name!r} is no overlay: only YAML files that lie in {folder.name}/ itself are read"
            context.problems.append(_wrong(Location(str(file)), message, _NAMES, severity="warning"))
            continue
        overlay = _overlay(file, context)
        if overlay is not None:
            found.append(overlay)
    return tuple(found)


def _overlay(file: FilePath, context: Context) -> Overlay | None:
    marked = read(file)
    problems = list(marked.problems)
    named = _NAME.fullmatch(file.stem)
    if named is None or (named["scope"] == "site") == bool(named["name"]):
        message = f"{file.name!r} names neither the site, a role nor a device"
        problems.append(_wrong(Location(marked.source, 1, 1), message, _NAMES))
    else:
        problems += _target(named["scope"], named["name"] or "", marked, context)
    patch, removals = _patch(marked, problems)
    context.problems += problems
    if named is None or marked.value is None:
        return None
    scope: Any = named["scope"]
    return Overlay(scope, named["name"] or "", patch, removals, marked.source, marked)


def _wrong(place: Location, message: str, remedy: str, path: Path = (), *, severity: Severity = "error") -> Problem:
    words = [str(part) for part in path]
    return problem(
        "intent.overlay", message, remedy=remedy, location=place, path=words, subject=place.file, severity=severity
    )


def _target(scope: str, name: str, marked: Marked, context: Context) -> Iterator[Problem]:
    place = Location(marked.source, 1, 1)
    if scope == "role" and name not in SWITCH_ROLES:
        yield _wrong(place, f"{name!r} is no role of a switch", nearest(name, SWITCH_ROLES))
    if scope == "device" and not context.is_switch(name):
        yield _wrong(place, f"{name!r} is no switch of this site", nearest(name, context.switch_stems))


def _patch(marked: Marked, problems: list[Problem]) -> tuple[Tree, tuple[tuple[str, ...], ...]]:
    value = marked.value if isinstance(marked.value, dict) else {}
    strangers = [key for key in value if key not in ("set", "unset")]
    problems += [
        _wrong(marked.at(key), f"unknown key {key!r}", nearest(key, ("set", "unset")), (key,)) for key in strangers
    ]
    tree = value.get("set", {})
    if not isinstance(tree, dict):
        problems.append(_wrong(marked.value_at("set"), "set holds no tree", "write key: value below it", ("set",)))
        tree = {}
    problems += _leaves(tree, ("set",), marked)
    removals = tuple(_removals(value.get("unset", []), marked, problems))
    for removal in removals:
        _remove(tree, removal, marked, problems)
    return tree, removals


def _leaves(tree: Tree, path: Path, marked: Marked) -> Iterator[Problem]:
    """Report what no leaf of an NVUE tree can be, and secrets written out."""
    for key, value in tree.items():
        here = (*path, key)
        place = marked.value_at(*here)
        if key in _SECRETS and not (isinstance(value, dict) and not secrets.is_mapping(value)):
            if not _refers(value):
                remedy = "write secret:NAME and keep the value in the environment, a file or a vault"
                yield _wrong(place, f"{key!r} does not hold a reference to a secret", remedy, here)
        elif isinstance(value, dict):
            yield from _leaves(value, here, marked)
        elif isinstance(value, bool):
            yield _wrong(place, f"{key} is {shown(value)}, which NVUE does not have", "write on or off", here)
        elif isinstance(value, list):
            yield _wrong(
                place, f"{key} is a list, which NVUE does not have", "write each item as a key: ITEM: {}", here
            )


def _refers(value: object) -> bool:
    try:
        secrets.parse(value)
    except SecretUnresolved:
        return False
    return True


def _removals(listed: Any, marked: Marked, problems: list[Problem]) -> Iterator[tuple[str, ...]]:
    if not isinstance(listed, list):
        problems.append(_wrong(marked.value_at("unset"), "unset holds no list", "write - interface swp1 link mtu"))
        return
    for at, item in enumerate(listed):
        words = item.split() if isinstance(item, str) else item
        spelt = isinstance(words, list) and words and all(isinstance(word, str) for word in words)
        # Nothing at the top of a configuration has a dot in its name: this is a path as findings show it.
        if spelt and "." not in words[0]:
            yield tuple(words)
        else:
            example = " ".join(words[0].split(".")) if spelt else "interface swp1 link mtu"
            remedy = f"write its words: {example}"
            problems.append(_wrong(marked.value_at("unset", at), f"{shown(item)} is no path", remedy, ("unset", at)))


def _remove(tree: Tree, path: tuple[str, ...], marked: Marked, problems: list[Problem]) -> None:
    """Put ``None`` at a path of the tree, unless the tree sets something there."""
    node: Any = tree
    for word in path[:-1]:
        node = node.setdefault(word, {})
        if not isinstance(node, dict):
            break
    if not isinstance(node, dict) or path[-1] in node:
        message = f"{' '.join(path)} is both set and unset"
        problems.append(_wrong(marked.at("unset"), message, "keep one of the two", ("unset",)))
        return
    node[path[-1]] = None
