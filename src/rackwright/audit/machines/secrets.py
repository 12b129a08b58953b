"""What no kept evidence may hold: the hashes, keys and passphrases that a BMC tells of its accounts.

An iDRAC gives salted hashes of all passwords and the IPMI keys with its attributes (``Users.2.SHA256Password``,
``Users.2.IPMIKey``), which is enough to log in with elsewhere. A snapshot travels in support cases.
"""

from __future__ import annotations

import re
from operator import is_not
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


_LINK: Final = ("@odata.id",)
_MOST: Final = 1 << 14
_CONTAINERS: Final = (dict, list)


class _Shapes(dict[tuple[str, ...], tuple[str, ...]]):
    """Names of an object -> those of what is secret in it; objects are alike at every BMC."""

    def __missing__(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(self) >= _MOST:
            self.clear()
        self[names] = found = tuple(name for name in names if _SECRET.search(name.rpartition(".")[2]))
        return found


_SECRETS: Final = _Shapes()


def scrubbed(value: Any) -> Any:
    """Return the same JSON with every secret masked; null, empty texts and truth values tell nothing and stay.

    What holds no secret is given back itself, not a copy: a BMC tells ten thousand values, and a few of them are secret.
    """
    # The innermost loop of an audit of a thousand BMCs: no call for a text, one look for a link.
    if type(value) is list:
        items = [scrubbed(item) if type(item) in _CONTAINERS else item for item in value]
        return items if any(map(is_not, items, value)) else value
    if type(value) is not dict or (names := tuple(value)) == _LINK:
        return value
    changed: dict[str, Any] = {
        name: MASK for name in _SECRETS[names]
        if (item := value[name]) and item is not True and type(item) not in _CONTAINERS
    }  # fmt: skip
    for name, item in value.items():
        if type(item) in _CONTAINERS and item and name != _DEFINITIONS:
            new = scrubbed(item)
            if new is not item:
                changed[name] = new
    return {**value, **changed} if changed else value
