"""What no kept evidence may hold: the hashes, keys and passphrases that a BMC tells of its accounts.

An iDRAC gives salted hashes of all passwords and the IPMI keys with its attributes (``Users.2.SHA256Password``,
``Users.2.IPMIKey``), which is enough to log in with elsewhere. A snapshot travels in support cases.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["MASK", "scrubbed"]

MASK: Final = "*"

_SECRET: Final = re.compile(
    r"""^(?!enable).*(password | passphrase | passwordsalt | passwordhash | secret | community(name)? | token | privatekey
    | (ipmi|v3|security|encryption|authentication|product)key | licensestring)$""",
    re.IGNORECASE | re.VERBOSE,
)
"""Names, behind their last dot, of what is secret; ``PasswordStatus`` and ``MinPasswordLength`` are settings and stay."""
_DEFINITIONS: Final = "RegistryEntries"
"""What attributes there can be, with no value of any machine; most of what a BMC could send."""


class _Names(dict[str, bool]):
    """Name -> whether what has it is secret; the names are the same at every BMC."""

    def __missing__(self, name: str) -> bool:
        if len(self) >= _MOST:
            self.clear()
        self[name] = found = bool(_SECRET.search(name.rpartition(".")[2]))
        return found


_MOST: Final = 1 << 16
_IS_SECRET: Final = _Names()


def scrubbed(value: Any) -> Any:
    """Return the same JSON with every secret masked; null, empty texts and truth values tell nothing and stay.

    What holds no secret is given back itself, not a copy: a BMC tells ten thousand values, and a few of them are secret.
    """
    if isinstance(value, list):
        items = [scrubbed(item) if isinstance(item, (dict, list)) else item for item in value]
        return items if any(new is not item for new, item in zip(items, value, strict=True)) else value
    if not isinstance(value, dict):
        return value
    changed: dict[str, Any] = {}
    for key, item in value.items():
        # No call for a text: this is the innermost loop of an audit of a thousand BMCs.
        if isinstance(item, (dict, list)):
            new = item if key == _DEFINITIONS or not item else scrubbed(item)
            if new is not item:
                changed[key] = new
        elif item and item is not True and _IS_SECRET[key]:
            changed[key] = MASK
    return {**value, **changed} if changed else value
