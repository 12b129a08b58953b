"""Our changes held against the switch's own diff, before anything is applied.

The switch words its diff in its own way, so only what is touched is compared: the section, and in it the thing
(``interface swp1s0``, ``vrf default``). A second writer's edits in our revision, or a part of ours that did not
arrive, show there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rackwright import documents
from rackwright.diff import Change
from rackwright.diff.changes import flatten, is_secret
from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Path, natural_key

__all__ = ["disagreement"]

_PARTS: Final = ("set", "unset")
_MOST: Final = 4


def disagreement(changes: Iterable[Change], text: str) -> str:
    """Return, in words, where the switch's diff is another than ours; empty where they agree.

    ``text`` is what ``nv config diff`` prints: YAML or JSON with the parts ``set`` and ``unset``. A secret has no say:
    the switch sees values where we see masks.
    """
    steps = tuple(changes)
    if not text.strip():
        return "the switch sees no difference where we see one" if steps else ""
    marked = documents.load(text, "nv config diff", top="any")
    if marked.problems:
        return f"the switch's own diff cannot be read ({marked.problems[0].message})"
    paths = tuple(_paths(marked.value))
    theirs = {path[:2] for path in paths if not is_secret(path)}
    seen = {path[:2] for path in paths}
    foreign = theirs - {change.path[:2] for change in steps} - {change.path[:1] for change in steps}
    lost = {change.path[:2] for change in steps if not is_secret(change.path) and not _told(change.path, seen)}
    said = [_words("would also change", foreign), _words("does not see our change of", lost)]
    return "; ".join(f"the switch {words}" for words in said if words)


def _told(path: Path, seen: set[Path]) -> bool:
    return path[:2] in seen or path[:1] in seen


def _paths(value: Any) -> Iterator[Path]:
    """Yield every path that a diff names, whether it is set or unset there."""
    for part in value if isinstance(value, list) else [value]:
        if not isinstance(part, Mapping):
            continue
        trees = [part[name] for name in _PARTS if name in part] or [part]
        for tree in trees:
            yield from flatten(expand(tree)) if isinstance(tree, Mapping) else ()


def _words(what: str, things: Iterable[Path]) -> str:
    listed = sorted(things, key=lambda thing: tuple(natural_key(key) for key in thing))
    more = f" and {len(listed) - _MOST} more" if len(listed) > _MOST else ""
    return f"{what} {', '.join(' '.join(thing) for thing in listed[:_MOST])}{more}" if listed else ""
