"""What nvued shows instead of secrets (nvue.md 4.2; NVUE-CLI, Encrypted Passwords)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from rackwright.twin.engine.trees import Path, Tree

__all__ = ["is_secret", "masked"]

_STARRED: Final = frozenset({"hashed-password"})
_ENCRYPTED: Final = frozenset({"password", "secret", "shared-secret", "md5-key", "auth-md5", "community-password"})


def is_secret(path: Path) -> bool:
    """Tell whether a leaf is a secret: its name says so (the names: every such leaf of the 5.12 schema)."""
    return bool(path) and path[-1] in _STARRED | _ENCRYPTED


def masked(tree: Mapping[str, Any], salt: str, path: Path = ()) -> Tree:
    """Return a tree as it is shown: ``salt`` stands for the switch's own key, so the same secret looks otherwise elsewhere."""
    result: Tree = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            result[key] = masked(value, salt, (*path, key))
        elif value is None or not is_secret((*path, key)):
            result[key] = value
        elif key in _STARRED:
            result[key] = "*"
        else:
            digest = hashlib.sha256(f"{salt}:{'.'.join(path)}:{value}".encode()).hexdigest()
            result[key] = f"$nvsec${digest[:32]}"
    return result
