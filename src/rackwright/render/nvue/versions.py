"""Which object model serves which NOS version; versions are keys of a table, never ifs in the sections.

NVUE's paths moved at 5.11, 5.13, 5.14 and 5.15 (nvue.md 0.2). A model that follows is a package
beside :mod:`~rackwright.render.nvue.v5_12` with a ``SECTIONS`` table of its own, which may take over
the sections that did not move: ``{**v5_12.SECTIONS, "system": system}``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rackwright.errors import SchemaUnknown
from rackwright.plan.model import Switch
from rackwright.render.nvue import v5_12

__all__ = ["MODELS", "ObjectModel", "Section", "object_model"]

Section = Callable[[Switch], dict[str, Any]]
"""Gives what stands below one key at the top of the tree; empty: the key is not written."""

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)*")


class ObjectModel(NamedTuple):
    """The sections of one object model and the (major, minor) versions it serves, both included."""

    key: str
    first: tuple[int, int]
    last: tuple[int, int]
    sections: Mapping[str, Section]


MODELS: tuple[ObjectModel, ...] = (ObjectModel("v5_12", (5, 11), (5, 12), v5_12.SECTIONS),)
"""Every object model that can be printed."""


@lru_cache(maxsize=64)
def object_model(nos: str) -> ObjectModel:
    """Return the object model of a NOS version such as ``5.12.1``.

    Raises :class:`~rackwright.errors.SchemaUnknown` when no model serves it.
    """
    found = _VERSION.fullmatch(nos)
    if found is not None:
        version = (int(found[1]), int(found[2]))
        for model in MODELS:
            if model.first <= version <= model.last:
                return model
    served = ", ".join(f"{m.first[0]}.{m.first[1]}-{m.last[0]}.{m.last[1]}" for m in MODELS)
    raise SchemaUnknown(f"no NVUE object model for Cumulus Linux {nos!r}: versions {served} can be rendered")
