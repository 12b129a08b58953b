"""Reading: libyaml's composer under the YAML 1.2 core schema, with the place of every node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any, Final, Literal, TypeAlias

import msgspec
import yaml
from yaml._yaml import CParser

from rackwright.errors import DocumentError
from rackwright.findings import Location, Problem, problem

__all__ = ["Marked", "Path", "Top", "load", "read"]

Path: TypeAlias = tuple[str | int, ...]
"""The way to a node: mapping keys as text, list positions from 0."""

Top = Literal["mapping", "list", "any"]
"""What a document may be at its top."""

MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 100
MAX_ALIASED: Final = 100_000
MAX_DIGITS: Final = 18

_EMPTY: Final[Mapping[Any, Any]] = {}
_CHECK: Final = "document"


class Marked(msgspec.Struct, frozen=True):
    """A document's value, and where in the file each node and key stands.

    ``value`` is made of dict, list, str, int, float, bool and None; it is None where the text
    cannot be read at all. ``texts`` keeps what was typed for each scalar that is no string, so
    that a service tag ``4E12345`` or a version ``7.10`` can be had back.
    """

    value: Any
    source: str
    marks: Mapping[Path, Location] = _EMPTY
    key_marks: Mapping[Path, Location] = _EMPTY
    texts: Mapping[Path, str] = _EMPTY
    problems: tuple[Problem, ...] = ()

    def at(self, *path: str | int) -> Location:
        """Find where the key at ``path`` stands, or its nearest parent that is there."""
        for end in range(len(path), -1, -1):
            place = self.key_marks.get(path[:end]) or self.marks.get(path[:end])
            if place is not None:
                return place
        return Location(self.source)

    def value_at(self, *path: str | int) -> Location:
        """Find where the value at ``path`` starts, or its nearest parent that is there."""
        return self.marks.get(path) or self.at(*path)


def read(path: FilePath, *, top: Top = "mapping", source: str | None = None) -> Marked:
    """Read a YAML or JSON file; what is wrong comes back as problems, never as a traceback.

    ``source`` is the name that locations carry (default: the path as given). Raises
    :class:`DocumentError` when the file itself cannot be read.
    """
    name = str(path) if source is None else source
    try:
        data = path.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DocumentError(f"{name}: cannot be read: {why}; give a readable file") from error
    return load(data, name, top=top)


def load(text: str | bytes, source: str, *, top: Top = "mapping") -> Marked:
    """Read one YAML 1.2 (or JSON) document with the place of each node.

    Everything that is wrong is in ``problems``: syntax, duplicate keys, tags, merge keys, alias
    bombs, more than one document, an empty file, another top than ``top``.
    """
    decoded = _decode(text, source)
    if not isinstance(decoded, str):
        return Marked(None, source, problems=(decoded,))
    bad = _UNPRINTABLE.search(decoded)
    if bad:
        place = _place(source, decoded, bad.start())
        found = _wrong(
            place, f"control character U+{ord(bad[0]):04X} in the text", "remove it; the file must be plain text"
        )
        return Marked(None, source, problems=(found,))
    try:
        node = _compose(decoded)
    except (yaml.MarkedYAMLError, _TooDeep) as error:
        return Marked(None, source, problems=(_syntax(error, source, decoded),))
    if node is None:
        found = _wrong(Location(source, 1, 1), "the file is empty", f"write a {_TOP_WORDS[top]} in it")
        return Marked(None, source, problems=(found,))
    return _build(node, source, top)


# --- text --------------------------------------------------------------------------------------

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_TOP_WORDS: Final = {"mapping": "mapping (key: value)", "list": "list (- item)", "any": "document"}


def _wrong(place: Location, message: str, remedy: str, path: Path = ()) -> Problem:
    return problem(
        _CHECK, message, remedy=remedy, location=place, path=[str(part) for part in path], subject=place.file
    )


def _place(source: str, text: str, offset: int) -> Location:
    return Location(source, text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1)


def _decode(text: str | bytes, source: str) -> str | Problem:
    if len(text) > MAX_BYTES:
        return _wrong(Location(source), f"the file is over {MAX_BYTES >> 20} MiB", "split it")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        good = text[: error.start].decode("utf-8", "replace")
        place = _place(source, good, len(good))
        return _wrong(place, f"byte 0x{text[error.start]:02x} is not UTF-8", "save the file as UTF-8")


# --- compose -----------------------------------------------------------------------------------

_INT: Final = re.compile(r"[-+]?[0-9]+")
_BASED: Final = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[Mapping[str, tuple[str, bool | float | None]]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", False)),
    **{sign + word: ("float", float(sign + "inf")) for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
    **{word: ("float", float("nan")) for word in (".nan", ".NaN", ".NAN")},
}
_TAG: Final = "tag:yaml.org,2002:"
_SCALARS: Final = ("str", "null", "bool", "int", "float")


def _plain_tag(value: str) -> str:
    """Name the YAML 1.2 core type of a plain scalar (yaml.org 1.2.2, 10.3.2)."""
    if value in _WORDS:
        return _WORDS[value][0]
    if value[0] not in "+-.0123456789":
        return "str"
    if _INT.fullmatch(value) or _BASED.fullmatch(value):
        return "int"
    return "float" if _FLOAT.fullmatch(value) else "str"


class _TooDeep(Exception):
    """Raised inside the composer, whose recursion in C would otherwise end in a crash."""

    def __init__(self, line: int, column: int) -> None:
        super().__init__(f"more than {MAX_DEPTH} levels deep")
        self.line, self.column = line, column


class _Composer(CParser):
    """libyaml's composer with the core schema's resolver and a bound on depth."""

    def __init__(self, text: str) -> None:
        CParser.__init__(self, text)
        self.depth = 0

    def resolve(self, kind: type[yaml.Node], value: str | None, implicit: Any) -> str:
        """Give a scalar without a tag its type; called by libyaml's composer."""
        if kind is yaml.ScalarNode:
            return _plain_tag(value or "") if implicit[0] else "str"
        return "map" if kind is yaml.MappingNode else "seq"

    def descend_resolver(self, parent: yaml.Node | None, _index: Any) -> None:
        """Count one level down."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            mark = parent.start_mark if parent is not None else None
            raise _TooDeep(mark.line if mark else 0, mark.column if mark else 0)

    def ascend_resolver(self) -> None:
        """Count one level up."""
        self.depth -= 1


def _compose(text: str) -> yaml.Node | None:
    composer = _Composer(text)
    try:
        node: yaml.Node | None = composer.get_single_node()
    finally:
        composer.dispose()
    return node


_REMEDIES: Final = (
    ("tab character", "indent with spaces, never with tabs"),
    ("another document", "keep one document in a file: remove the second '---'"),
    ("undefined alias", "define the anchor (&name) before its alias (*name), or quote the '*'"),
    ("duplicate anchor", "give each anchor its own name"),
    ("quoted scalar", "close the quote"),
    ("mapping values are not allowed", "quote the value, or put the key on its own line"),
    ("could not find expected ':'", "put ': ' after the key and check the indentation"),
    ("flow", "close the bracket or brace, and put commas between the items"),
    ("cannot start any token", "quote the value"),
    ("block", "align the line with its neighbours"),
)


def _syntax(error: yaml.MarkedYAMLError | _TooDeep, source: str, text: str) -> Problem:
    if isinstance(error, _TooDeep):
        return _wrong(Location(source, error.line + 1, error.column + 1), str(error), "nest less")
    mark = error.problem_mark or error.context_mark
    place = Location(source, mark.line + 1, mark.column + 1) if mark else Location(source)
    said = " ".join(str(part) for part in (error.context, error.problem) if part)
    line = "".join(text.split("\n")[mark.line : mark.line + 1]) if mark else ""
    if mark and line[mark.column : mark.column + 1] == "\t":
        said = "a tab character where indentation or a value belongs"
    remedy = next((cure for word, cure in _REMEDIES if word in said), "check indentation, quotes and brackets here")
    return _wrong(place, f"not YAML: {said}", remedy)


# --- construct ---------------------------------------------------------------------------------


class _Refused(Exception):
    """Raised to stop construction at once; carries the problem."""

    def __init__(self, found: Problem) -> None:
        super().__init__(found.message)
        self.found = found


def _build(node: yaml.Node, source: str, top: Top) -> Marked:
    builder = _Builder(source)
    try:
        value = builder.node(node, (), False)
    except _Refused as refused:
        return Marked(None, source, problems=(*builder.problems, refused.found))
    kind = "mapping" if isinstance(value, dict) else "list" if isinstance(value, list) else "scalar"
    if top not in ("any", kind):
        remedy = f"start with a {_TOP_WORDS[top]}"
        builder.problems.append(_wrong(builder.place(node), f"the file holds a {kind} at its top", remedy))
    return Marked(value, source, builder.marks, builder.key_marks, builder.texts, tuple(builder.problems))


class _Builder:
    """Turns composed nodes into plain values; keeps marks and collects problems."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.marks: dict[Path, Location] = {}
        self.key_marks: dict[Path, Location] = {}
        self.texts: dict[Path, str] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._aliased = 0

    def place(self, node: yaml.Node) -> Location:
        """Locate a node."""
        mark = node.start_mark
        return Location(self.source, mark.line + 1, mark.column + 1)

    def node(self, node: yaml.Node, path: Path, aliased: bool) -> Any:
        """Build the value of one node; ``aliased`` when an alias led here or above."""
        self.marks[path] = self.place(node)
        if isinstance(node, yaml.ScalarNode):
            self._count(node, path, aliased)
            return self._scalar(node, path)
        name = id(node)
        if name in self._open:
            raise _Refused(_wrong(self.place(node), "an alias holds itself", "write the value out", path))
        aliased = aliased or name in self._seen
        self._count(node, path, aliased)
        self._seen.add(name)
        self._open.add(name)
        if isinstance(node, yaml.MappingNode):
            self._tag(node, path, "map")
            value: Any = self._mapping(node, path, aliased)
        else:
            self._tag(node, path, "seq")
            value = [self.node(item, (*path, index), aliased) for index, item in enumerate(node.value)]
        self._open.discard(name)
        return value

    def _count(self, node: yaml.Node, path: Path, aliased: bool) -> None:
        self._aliased += aliased
        if self._aliased > MAX_ALIASED:
            message = f"aliases expand to more than {MAX_ALIASED} nodes"
            raise _Refused(_wrong(self.place(node), message, "write the values out instead of aliasing aliases", path))

    def _tag(self, node: yaml.Node, path: Path, want: str) -> None:
        if node.tag not in (want, _TAG + want):
            self.problems.append(
                _wrong(self.place(node), f"tag {_shown(node.tag)} is not supported", "remove it", path)
            )

    def _mapping(self, node: yaml.MappingNode, path: Path, aliased: bool) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if key in value:
                first, again = self.key_marks[here], self.place(key_node)
                message = f"key {key!r} is given twice, first on line {first.line}, column {first.column}"
                self.problems.append(_wrong(again, message, "keep one of the two", here))
                continue
            self.key_marks[here] = self.place(key_node)
            value[key] = self.node(value_node, here, aliased)
        return value

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        place = self.place(node)
        if not isinstance(node, yaml.ScalarNode):
            self.problems.append(
                _wrong(place, "a key that is itself a list or mapping", "use a plain word as key", path)
            )
            return None
        if node.value == "<<" and not node.style:
            remedy = "write the keys out: YAML 1.2 has no merge keys and readers differ"
            self.problems.append(_wrong(place, "merge key '<<' is not supported", remedy, path))
            return None
        if node.tag.removeprefix(_TAG) not in _SCALARS:
            self.problems.append(_wrong(place, f"tag {_shown(node.tag)} is not supported", "remove it", path))
        return str(node.value)

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        text: str = node.value
        tag = node.tag.removeprefix(_TAG)
        if tag == "str":
            return text
        self.texts[path] = text
        if tag not in _SCALARS:
            self.problems.append(
                _wrong(self.place(node), f"tag {_shown(node.tag)} is not supported", "remove it", path)
            )
            return text
        if tag != _plain_tag(text):
            message = f"{text!r} is no {tag}"
            self.problems.append(_wrong(self.place(node), message, "remove the tag or correct the value", path))
            return text
        if tag == "int" and len(text.lstrip("+-0ox")) > MAX_DIGITS:
            message = f"a number of more than {MAX_DIGITS} digits"
            self.problems.append(_wrong(self.place(node), message, "quote it if it is a name", path))
            return text
        return _number(text, tag)


def _shown(tag: str) -> str:
    return "!!" + tag.removeprefix(_TAG) if tag.startswith(_TAG) else tag


def _number(text: str, tag: str) -> bool | int | float | None:
    if text in _WORDS:
        return _WORDS[text][1]
    if tag == "float":
        return float(text)
    return int(text, 0) if _BASED.fullmatch(text) else int(text)
