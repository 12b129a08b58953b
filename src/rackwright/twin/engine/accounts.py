"""Who may log in to a switch: users, keys and password hashes of the applied configuration."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from typing import Any

from rackwright.twin.engine.factory import DEFAULT_PASSWORD
from rackwright.twin.engine.trees import Tree, picked

__all__ = ["Accounts", "hashed", "with_hashes"]

_ROUNDS = 5000


def hashed(password: str) -> str:
    """Return a crypt(3) hash (SHA-512) of a password."""
    return str(_sha512().using(rounds=_ROUNDS).hash(password))


def _sha512() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from passlib.hash import sha512_crypt  # type: ignore[import-untyped]  # libpass ships no types
    return sha512_crypt


def _schemes() -> tuple[Any, ...]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from passlib.hash import md5_crypt, sha256_crypt, sha512_crypt
    return sha512_crypt, sha256_crypt, md5_crypt


def with_hashes(tree: Tree) -> Tree:
    """Return a tree in which each user's ``password`` has become its ``hashed-password``, as NVUE stores it."""
    users = picked(tree, ("system", "aaa", "user"), {})
    plain = [
        name for name, user in users.items() if isinstance(user, Mapping) and isinstance(user.get("password"), str)
    ]
    if not plain:
        return tree
    kept = dict(users)
    for name in plain:
        rest = {key: value for key, value in users[name].items() if key != "password"}
        kept[name] = {**rest, "hashed-password": hashed(users[name]["password"])}
    system = tree["system"]
    return {**tree, "system": {**system, "aaa": {**system["aaa"], "user": kept}}}


class Accounts:
    """The login side of one switch."""

    def __init__(self, tree: Tree) -> None:
        self._users: Mapping[str, Any] = {}
        self._known: dict[tuple[str, str], bool] = {}
        self.broken: frozenset[str] = frozenset()
        """Users whose hash came over REST and opens nothing (RN-3341214)."""
        self.follow(tree)

    def follow(self, tree: Tree) -> None:
        """Take the users of a newly applied tree."""
        self._users = picked(tree, ("system", "aaa", "user"), {})
        self.broken &= frozenset(self._users)

    def has(self, user: str) -> bool:
        """Tell whether an account is there and enabled."""
        entry = self._users.get(user)
        return isinstance(entry, Mapping) and entry.get("state", "enabled") == "enabled"

    def keys(self, user: str) -> list[str]:
        """Return a user's public keys as lines of an authorized_keys file."""
        entry = self._users.get(user, {}) if self.has(user) else {}
        keys = picked(entry, ("ssh", "authorized-key"), {})
        return [f"{key.get('type', '')} {key.get('key', '')}" for key in keys.values() if key.get("key")]

    def opens(self, user: str, password: str) -> bool:
        """Tell whether a password opens an account."""
        if not self.has(user) or user in self.broken:
            return False
        return self._verified(str(self._users[user].get("hashed-password", "")), password)

    def has_default(self, user: str) -> bool:
        """Tell whether a user still has the password of the factory."""
        if not self.has(user) or user in self.broken:
            return False
        return self._verified(str(self._users[user].get("hashed-password", "")), DEFAULT_PASSWORD)

    def _verified(self, digest: str, password: str) -> bool:
        # Basic authentication asks with every request; crypt(3) is slow on purpose, so an answer is kept.
        mark = (digest, hashlib.sha256(password.encode()).hexdigest())
        if mark not in self._known:
            scheme = next((one for one in _schemes() if one.identify(digest)), None)
            self._known[mark] = scheme is not None and _matches(scheme, password, digest)
        return self._known[mark]


def _matches(scheme: Any, password: str, digest: str) -> bool:
    try:
        return bool(scheme.verify(password, digest))
    except ValueError:  # begins as a hash and is none: it opens nothing
        return False
