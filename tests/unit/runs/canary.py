"""A search for a planted secret in everything below a folder, in each form in which it may lie there."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

__all__ = ["find"]


def find(secret: str, folder: Path) -> list[str]:
    """Return `file: form` for each place below `folder` where the secret lies; pickles are found by their plain text."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for how, content in _layers(path.read_bytes()):
                found += [f"{path}: {how}{name}" for name, form in _forms(secret) if form in content]
    return found


def _forms(secret: str) -> Iterator[tuple[str, bytes]]:
    raw = secret.encode()
    yield "plain", raw
    yield "url", quote(secret, safe="").encode()
    yield "url+", quote_plus(secret).encode()
    yield "hex", raw.hex().encode()
    for before in range(3):
        code = base64.b64encode(b"\0" * before + raw)
        inner = code[(0, 2, 3)[before] : (len(raw) + before) * 8 // 6]
        yield f"base64 at {before}", inner
        yield f"base64url at {before}", inner.replace(b"+", b"-").replace(b"/", b"_")


def _layers(content: bytes, depth: int = 2) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes, and what is packed or coded in them."""
    yield "", content
    if not depth:
        return
    for place in re.finditer(b"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", content):
        try:
            unpacked = zlib.decompressobj(wbits=47).decompress(content[place.start() :])
        except zlib.error:
            continue
        yield from ((f"packed, {how}", inner) for how, inner in _layers(unpacked, depth - 1))
    for place in re.finditer(rb"[A-Za-z0-9+/_-]{16,}={0,2}", content):
        text = place[0].rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        try:
            decoded = base64.b64decode(text + b"=" * (-len(text) % 4))
        except ValueError:
            continue
        yield from ((f"base64, {how}", inner) for how, inner in _layers(decoded, depth - 1))
