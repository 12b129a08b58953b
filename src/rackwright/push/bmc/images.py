"""Files of update images: that they are what the site says they are."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

__all__ = ["wrong_image"]


def wrong_image(path: Path, sha256: str) -> str:
    """Return, in words, why a file must not be sent; empty where it is the one that the site names."""
    try:
        stat = path.stat()
        found = _digest(path, stat.st_size, stat.st_mtime_ns)
    except OSError as error:
        return f"the image {path} cannot be read ({error.strerror})"
    if not sha256:
        return f"the site gives no sha256 for {path.name}"
    return "" if found == sha256.lower() else f"the image {path.name} has the SHA-256 {found[:16]}..., not the site's"


@lru_cache(maxsize=64)
def _digest(path: Path, _size: int, _changed_ns: int) -> str:
    """Hash a file once for all servers, unless it changes meanwhile."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
