"""Put the sections of a switch together, and lay overlays over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rackwright.nvue.ranges import expand
from rackwright.nvue.tree import Tree
from rackwright.plan.model import Switch
from rackwright.render.nvue.versions import object_model

__all__ = ["apply_overlays", "tree"]


def tree(switch: Switch, overlays: Iterable[Mapping[str, Any]] = ()) -> Tree:
    """Return the NVUE tree of a switch, every name written out (no range keys), overlays laid over it.

    Nothing is in the tree that the switch does not say. A secret stands as ``{"secret": NAME}``. The tree
    shares no part with any other, nor with itself, so it may be changed in place. Raises :class:`~rackwright.errors.SchemaUnknown` for a NOS version without an object model and
    :class:`~rackwright.errors.CatalogError` for a neutral setting that the model does not know.
    """
    built: Tree = {}
    for name, section in object_model(switch.nos).sections.items():
        below = section(switch)
        if below:
            built[name] = below
    return apply_overlays(built, overlays)


def apply_overlays(base: Tree, overlays: Iterable[Mapping[str, Any]]) -> Tree:
    """Lay patches over a tree, the later over the earlier, and return a new tree.

    A patch is an NVUE tree: it may use range keys, a leaf replaces what is there, and ``null``
    removes it with what hangs below (as NVUE's own API does, nvue.md 4.1) and with the mappings
    above that it leaves empty.
    """
    result = base
    for overlay in overlays:
        result = _patched(result, expand(overlay))
    return result


def _patched(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Tree:
    result = dict(base)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            below = result.get(key)
            merged = _patched(below if isinstance(below, Mapping) else {}, value)
            # A patch that only removes must leave no empty mapping: in NVUE that would be a presence.
            if merged or not value or below == {}:
                result[key] = merged
            else:
                result.pop(key, None)
        else:
            result[key] = value
    return result
