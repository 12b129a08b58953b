"""What no kept evidence may hold: the hashes, keys and passphrases that a BMC tells of its accounts.

An iDRAC gives salted hashes of all passwords and the IPMI keys with its attributes (``Users.2.SHA256Password``,
``Users.2.IPMIKey``), which is enough to log in with elsewhere. A snapshot travels in support cases.
"""

from __future__ import annotations

import re
from functools import lru_cache
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


def scrubbed(value: Any) -> Any:
    """Return the same JSON with every secret masked; null, empty texts and truth values tell nothing and stay.

    What holds no secret is given back itself, not a copy: a BMC tells ten thousand values, and a few of them are secret.
    """
    if isinstance(value, dict):
        changed = {key: new for key, item in value.items() if (new := _masked(key, item)) is not item}
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [scrubbed(item) if isinstance(item, (dict, list)) else item for item in value]
        return items if any(new is not item for new, item in zip(items, value, strict=True)) else value
    return value


def _masked(key: str, item: Any) -> Any:
    if isinstance(item, (dict, list)):
        return item if key == _DEFINITIONS else scrubbed(item)
    return MASK if item and not isinstance(item, bool) and _is_secret(key) else item


@lru_cache(maxsize=1 << 16)
def _is_secret(name: str) -> bool:
    """Tell whether what has this name is secret; the names are the same at every BMC."""
    return bool(_SECRET.search(name.rpartition(".")[2]))
