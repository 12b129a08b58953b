"""The page of the board: one text without anything from elsewhere, its style and script in it."""

from __future__ import annotations

from functools import cache

from rackwright import assets

__all__ = ["board_page"]


@cache
def _page() -> str:
    folder = assets.folder("templates") / "board"
    text = (folder / "page.html").read_text(encoding="utf-8")
    for mark, name in (("@CSS@", "page.css"), ("@JS@", "page.js")):
        text = text.replace(mark, (folder / name).read_text(encoding="utf-8").strip())
    return text


def board_page(nonce: str) -> str:
    """Return the page; ``nonce`` is what its policy lets its own style and script pass by."""
    return _page().replace("@NONCE@", nonce)
