"""Forms that tools print: JSON with words around it, XML without a document type's tricks, lines indented below one another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

__all__ = ["Tree", "blocks", "indented", "read_json", "xml"]

_DEEPEST: Final = 40
_GPU: Final = re.compile(r"^\s*GPU ([0-9a-fA-F]{8}:\S+)\s*$")
_LINE: Final = re.compile(r"^\s*(?P<name>[^:]+?)\s*(?:\s:\s?(?P<value>.*))?$")


@dataclass
class Tree:
    """A node: its kind in lower case with underscores, a name where it has one, its text, and what is below it."""

    kind: str
    name: str = ""
    text: str = ""
    below: list[Tree] = field(default_factory=list)

    def under(self, *kinds: str) -> Tree:
        """Go down by kinds, each of which is passed over where it is not there."""
        node = self
        for kind in kinds:
            node = next((one for one in node.below if one.kind == kind), node)
        return node if node is not self else Tree("")

    def find(self, *kinds: str) -> str:
        """Return the text of the first of some kinds that is there; empty: none is, or it is not applicable."""
        text = next((one.text for kind in kinds for one in self.below if one.kind == kind), "")
        return "" if text in {"N/A", "[N/A]"} else text

    def all(self, kind: str) -> Iterator[Tree]:
        """Yield every node of a kind below this one."""
        return (one for one in self.below if one.kind == kind)

    def leaves(self) -> Iterator[tuple[str, str]]:
        """Yield (kind, text) of everything below that holds a text."""
        for one in self.below:
            if one.below:
                yield from one.leaves()
            elif one.text:
                yield one.kind, one.text


def xml(text: str) -> Tree | None:
    """Read XML into its outermost element; None when it is none, or declares entities, which no such output does."""
    start = text.find("<?xml")
    builder = _Builder()
    try:
        builder.parser.Parse(text[max(start, 0) :].encode(), True)
    except (expat.ExpatError, _RefusedError, UnicodeError):
        return None
    return builder.root.below[0] if builder.root.below else None


class _RefusedError(Exception):
    pass


class _Builder:
    def __init__(self) -> None:
        self.root = Tree("")
        self._open = [self.root]
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.EntityDeclHandler = self._refuse

    def _start(self, kind: str, attributes: dict[str, str]) -> None:
        if len(self._open) > _DEEPEST:
            raise _RefusedError
        node = Tree(kind, attributes.get("id", ""))
        self._open[-1].below.append(node)
        self._open.append(node)

    def _end(self, _kind: str) -> None:
        node = self._open.pop()
        node.text = "" if node.below else node.text.strip()

    def _data(self, text: str) -> None:
        self._open[-1].text += text

    def _refuse(self, *_declared: object) -> None:
        raise _RefusedError


def indented(text: str) -> Tree | None:
    """Read lines ``Name : value`` that are indented below one another, as ``nvidia-smi -q`` prints them."""
    root = Tree("")
    levels: list[tuple[int, Tree]] = [(-1, root)]
    for line in text.splitlines():
        row, gpu = _LINE.match(line), _GPU.match(line)
        if not line.strip() or not (row or gpu) or line.lstrip().startswith("="):
            continue
        room = len(line.expandtabs(4)) - len(line.expandtabs(4).lstrip())
        node = (
            Tree("gpu", gpu[1]) if gpu else Tree(_kind(row["name"]), "", (row["value"] or "").strip()) if row else root
        )
        while levels[-1][0] >= room:
            levels.pop()
        levels[-1][1].below.append(node)
        levels.append((room, node))
    return root if root.below else None


def _kind(words: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def read_json(text: str) -> Any:
    """Return the first JSON object or list of a text; words before or behind it (a warning of the tool) are passed over."""
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=-1)
    if start < 0:
        return None
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def blocks(head: re.Pattern[str], text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Yield every head of a text with what stands behind it, up to the next one."""
    heads = list(head.finditer(text))
    for at, found in enumerate(heads):
        end = heads[at + 1].start() if at + 1 < len(heads) else len(text)
        yield found, text[found.end() : end]
