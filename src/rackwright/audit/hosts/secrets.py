"""What no kept evidence of a host may hold: private keys, passwords, tokens, as they stand in texts of every kind."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MASK", "scrubbed"]

MASK: Final = "*"

_KEY: Final = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)", re.DOTALL)
_TELLING: Final = (
    "passwd", "password", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "privatekey", "private_key", "private-key",
    "community", "authorization",
)  # fmt: skip
_NAMED: Final = re.compile(
    rf"""(?P<name>\b[\w.\-]*(?:{"|".join(_TELLING)})
    [\w.\-]*["']?\s*(?:[:=]|\s(?=bearer\s|basic\s))\s*(?:bearer\s+|basic\s+)?)(?P<quote>["']?)(?P<value>[^\s"',;]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_HASH: Final = re.compile(r"\$(?:1|2[abxy]?|5|6|7|y|gy)\$[^\s:\"']+")
_URL: Final = re.compile(r"(?P<name>\b[a-z][a-z0-9+.\-]*://[^/\s:@]*:)[^@\s/]+(?=@)", re.IGNORECASE)


def scrubbed(text: str) -> str:
    """Return a text with every secret masked: keys, hashes of passwords, what follows a telling name, passwords in addresses."""
    masked = _KEY.sub(MASK, text)
    masked = _HASH.sub(MASK, masked)
    # Both of these try every word of a text, and most texts hold nothing for them. In ASCII, small letters tell that as they do.
    if "://" in masked:
        masked = _URL.sub(rf"\g<name>{MASK}", masked)
    small = masked.lower()
    if not small.isascii() or any(word in small for word in _TELLING):
        masked = _NAMED.sub(rf"\g<name>\g<quote>{MASK}", masked)
    return masked
