"""``nv show``: what the data plane says, or a part of a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from rackwright.twin.engine.masking import masked
from rackwright.twin.engine.trees import Path, picked

if TYPE_CHECKING:
    from rackwright.twin.box import Box

__all__ = ["ABSENT", "Absent", "configured", "operational"]

ABSENT: Final = "The requested item does not exist."


class Absent(Exception):
    """There is nothing at that path."""


def operational(box: Box, path: Path) -> Any:
    """Return the state at a path: the data plane's, with what only the engine knows put in.

    Raises :class:`~rackwright.twin.dataplane.NotEmulated`, or :class:`Absent`.
    """
    try:
        value = box.plane.show(box.name, path)
    except LookupError:
        raise Absent(ABSENT) from None
    return _own(box, path, value)


def _own(box: Box, path: Path, value: Any) -> Any:
    who, switch = box.switch.who, box.switch
    up = int(switch.now - switch.booted_at)
    known: Mapping[Path, Mapping[str, Any]] = {
        ("system",): {
            "product-release": who.nos,
            "build": f"Cumulus Linux {who.nos}",
            "hostname": picked(switch.applied, ("system", "hostname"), "cumulus"),
            "uptime": f"{up // 86400} days, {up // 3600 % 24}:{up // 60 % 60:02}:{up % 60:02}",
        },
        ("system", "version"): {"build": f"Cumulus Linux {who.nos}"},
        ("platform",): {"serial-number": who.serial, "system-mac": who.mac},
    }
    if path not in known or not isinstance(value, Mapping):
        return value
    return {**value, **{key: text for key, text in known[path].items() if key in value}}


def configured(box: Box, revision: str, path: Path, user: str) -> Any:
    """Return a part of a configuration, secrets masked. Raises :class:`Absent` where there is nothing."""
    tree = masked(box.switch.tree_of(revision, user), box.switch.who.serial)
    value = picked(tree, path, Absent)
    if value is Absent:
        raise Absent(ABSENT)
    return value
