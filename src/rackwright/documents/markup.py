"""XML of others, read without what makes XML dangerous: no document type, no entities, a bound on size and depth.

Dell's files need none of these; whoever plants them gets an error instead of a billion laughs or a file of this machine.
"""

from __future__ import annotations

from typing import Any, Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from rackwright.errors import DocumentError

__all__ = ["Element", "read_markup"]

MAX_BYTES: Final = 256 * 1024 * 1024
"""Dell's whole catalogue is some 60 MB as UTF-16."""
MAX_DEPTH: Final = 64


class _Builder:
    """Puts the tree together and refuses what must not be in it."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tree = TreeBuilder()
        self._depth = 0

    def start(self, name: str, attributes: list[str]) -> None:
        """Open an element."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise DocumentError(f"{self._source}: elements are nested deeper than {MAX_DEPTH}")
        pairs = dict(zip(attributes[::2], attributes[1::2], strict=True))
        self._tree.start(name, pairs)

    def end(self, name: str) -> None:
        """Close an element."""
        self._depth -= 1
        self._tree.end(name)

    def text(self, data: str) -> None:
        """Add text."""
        self._tree.data(data)

    def doctype(self, *_: Any) -> None:
        """Refuse a document type, and with it every entity."""
        raise DocumentError(
            f"{self._source}: it declares a document type, which no file of Dell's does and which is not read"
        )

    def close(self) -> Element:
        """Return the root."""
        return self._tree.close()


def read_markup(data: bytes, source: str) -> Element:
    """Return the root of an XML document; names lose their namespace.

    Raises DocumentError with the place of a mistake, for a document type, and for what is too large or too deep.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"{source}: {len(data)} bytes are more than {MAX_BYTES}")
    builder = _Builder(source)
    parser = expat.ParserCreate(namespace_separator="}")
    parser.ordered_attributes = True
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: builder.start(
        _bare(name), [_bare(word) if at % 2 == 0 else word for at, word in enumerate(attributes)]
    )
    parser.EndElementHandler = lambda name: builder.end(_bare(name))
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DocumentError(
            f"{source}:{error.lineno}:{error.offset + 1}: no XML ({expat.ErrorString(error.code)})"
        ) from error
    except (LookupError, ValueError) as error:  # an encoding that expat does not know
        raise DocumentError(f"{source}: no XML ({error})") from error
    return builder.close()


def _bare(name: str) -> str:
    return name.rpartition("}")[2]
