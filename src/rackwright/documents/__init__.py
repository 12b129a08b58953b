"""YAML that every reader reads alike: user files with marks, our own files without traps.

Reading uses libyaml's composer under the YAML 1.2 core schema, whatever the file claims: ``on``,
``no`` and ``44:38:39:22:01:12`` are strings, keys are the text that was typed, duplicate keys are
refused, aliases and depth are bounded. Writing quotes every scalar that a YAML 1.1 reader would
take for something else (design decision 6).
"""

from __future__ import annotations

from rackwright.documents.reading import Marked, Path, Top, load, read
from rackwright.documents.types import look_through_types
from rackwright.documents.writing import block, canonical_json, digest, dump, quoted, scalar

__all__ = [
    "Marked",
    "Path",
    "Top",
    "block",
    "canonical_json",
    "digest",
    "dump",
    "load",
    "look_through_types",
    "quoted",
    "read",
    "scalar",
]
