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


def scrubbed(value: Any) -> Any:
    """Return the same JSON with every secret masked; null, empty texts and truth values tell nothing and stay."""
    if isinstance(value, dict):
        return {key: _masked(key, item) for key, item in value.items()}
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    return value


def _masked(key: str, item: Any) -> Any:
    if isinstance(item, (dict, list)):
        return scrubbed(item)
    is_secret = bool(item) and not isinstance(item, bool) and _SECRET.search(key.rpartition(".")[2])
    return MASK if is_secret else item
