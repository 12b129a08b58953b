"""Secrets are references: what is kept names them, what is sent resolves them, nothing prints them.

The operator writes ``secret:NAME``; every file that is kept holds the mapping ``{secret: NAME}``, which
NVUE rejects, so that a file applied by hand fails instead of locking anyone out. A reference may name
its store (``secret:file/bmc``); without one the stores are asked in order.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from rackwright.errors import SecretUnresolved

__all__ = [
    "STORES",
    "Environment",
    "Folder",
    "Resolver",
    "Secret",
    "SecretRef",
    "is_mapping",
    "is_reference",
    "parse",
    "references",
    "refuse_unfit",
    "resolve",
    "resolve_all",
    "resolve_tree",
    "variable",
]

STORES = ("env", "file", "keyring", "vault")
"""Where a secret may lie; ``keyring`` and ``vault`` are understood and not yet served."""

_SHAPE = re.compile(r"secret:(?:(?P<store>[a-z]+)/)?(?P<name>[A-Za-z][A-Za-z0-9_.-]*)")
_NOT_YET = frozenset({"keyring", "vault"})
_HASHED = "hashed-password"
"""NVUE's key for what ``/etc/shadow`` holds: whoever is given something else there is locked out, or has no password."""
_HASH = re.compile(r"!?\$[0-9a-z]+\$[^\s:]+|[*!]+")
"""What crypt makes (crypt(5)), locked or not, and what stands for no password at all."""


class SecretRef(msgspec.Struct, frozen=True, order=True):
    """The name of a secret and, where the operator said so, its store."""

    name: str
    store: str = ""

    def __str__(self) -> str:
        """Print as the operator writes it."""
        return f"secret:{self.path}"

    @property
    def path(self) -> str:
        """Return ``NAME`` or ``STORE/NAME``."""
        return f"{self.store}/{self.name}" if self.store else self.name

    def mapping(self) -> dict[str, str]:
        """Return the form that kept files hold: ``{"secret": "NAME"}``."""
        return {"secret": self.path}


class Secret:
    """A value in memory that shows itself only to :meth:`reveal`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hold the value."""
        self._value = value

    def reveal(self) -> str:
        """Return the value; call this where it is sent, nowhere else."""
        return self._value

    def __repr__(self) -> str:
        """Print that there is a value, not which."""
        return "Secret(***)"

    def __reduce__(self) -> str:
        """Refuse to be pickled: a journal or a queue is a file too."""
        raise TypeError("a Secret is never written down; keep the SecretRef and resolve it where it is used")


class Resolver(Protocol):
    """A place that may hold secrets."""

    store: str

    def find(self, name: str) -> Secret | None:
        """Return the secret of that name, or None when this place does not hold it."""


class Environment:
    """Secrets in environment variables: ``switch_hash`` lies in ``RACKWRIGHT_SECRET_SWITCH_HASH``."""

    store = "env"

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        """Look into ``variables``, by default those of this process."""
        self._variables = os.environ if variables is None else variables

    def find(self, name: str) -> Secret | None:
        """Return the variable's value, or None when it is not set.

        Raises :class:`~rackwright.errors.SecretUnresolved` when it is empty: it is one that was meant to be set.
        """
        value = self._variables.get(variable(name))
        return None if value is None else _filled(value, f"{variable(name)} is set and empty: set it, or unset it")


class Folder:
    """Secrets in files, one each, named as the secret, readable by their owner alone (mode 0600)."""

    store = "file"

    def __init__(self, path: Path) -> None:
        """Look into the folder ``path``, which need not exist."""
        self._path = path

    def find(self, name: str) -> Secret | None:
        """Return the file's text without its last newline, or None when there is no such file.

        Raises :class:`~rackwright.errors.SecretUnresolved` when others may read the file, or it is empty.
        """
        path = self._path / name
        try:
            # The mode is asked of the open file, not of the path: nobody can change it in between.
            with path.open(encoding="utf-8") as stream:
                mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
                if mode & 0o077:
                    raise SecretUnresolved(f"{path} has mode {mode:04o} and may be read by others: chmod 600 {path}")
                return _filled(stream.read().removesuffix("\n"), f"{path} is empty: write the secret, or remove it")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            # `from None`: a decoding error quotes the bytes, and they are the secret.
            raise SecretUnresolved(f"{path} cannot be read ({type(error).__name__}): check file and mode") from None


def _filled(value: str, otherwise: str) -> Secret:
    """Refuse a secret that is none: sent to a device it would be an account without a password."""
    if not value.strip():
        raise SecretUnresolved(otherwise)
    return Secret(value)


def refuse_unfit(key: str, ref: SecretRef, secret: Secret) -> None:
    """Refuse a password where its hash belongs, with :class:`~rackwright.errors.SecretUnresolved` and without the value."""
    if key == _HASHED and not _HASH.fullmatch(secret.reveal()):
        raise SecretUnresolved(
            f"{ref} is no password hash, and stands where one belongs: nobody could log in with it; give what 'openssl passwd -6' prints ($6$...)"
        )


def resolve_all(tree: Any, resolvers: Sequence[Resolver]) -> dict[SecretRef, Secret]:
    """Resolve every reference of a tree, so that one that is missing or unfit is told before anything is sent.

    Raises :class:`~rackwright.errors.SecretUnresolved` for the first such.
    """
    found: dict[SecretRef, Secret] = {}
    for key, ref in _places(tree):
        if ref not in found:
            found[ref] = resolve(ref, resolvers)
        refuse_unfit(key, ref, found[ref])
    return found


def resolve_tree(tree: Mapping[str, Any], resolvers: Sequence[Resolver]) -> dict[str, Any]:
    """Return a copy of a tree in which every reference is its value: to be sent, never to be kept or printed.

    Raises :class:`~rackwright.errors.SecretUnresolved` for the first reference that is nowhere to be found.
    """
    known = resolve_all(tree, resolvers)

    def value(node: Any) -> Any:
        if is_mapping(node):
            return known[parse(node)].reveal()
        return {key: value(below) for key, below in node.items()} if isinstance(node, Mapping) else node

    return {key: value(node) for key, node in tree.items()}


def variable(name: str) -> str:
    """Return the environment variable that holds the secret ``name``."""
    return "RACKWRIGHT_SECRET_" + re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def is_reference(value: object) -> bool:
    """Say whether ``value`` is meant as a reference: a text that begins with ``secret:``."""
    return isinstance(value, str) and value.startswith("secret:")


def is_mapping(value: object) -> bool:
    """Say whether ``value`` is the kept form, ``{"secret": "NAME"}`` and no other key."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("secret"), str)


def parse(value: object) -> SecretRef:
    """Read ``secret:NAME``, ``secret:STORE/NAME`` or the kept mapping.

    Raises :class:`~rackwright.errors.SecretUnresolved` for anything else. The message never repeats
    what was read, since a value in the wrong place may be the secret itself.
    """
    text = f"secret:{value['secret']}" if isinstance(value, dict) and is_mapping(value) else value
    match = _SHAPE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SecretUnresolved("not a secret reference: write secret:NAME (letters, digits, _ . -), never the value")
    store = match["store"] or ""
    if store and store not in STORES:
        raise SecretUnresolved(f"no store is called {store!r}: use one of {', '.join(STORES)}, or secret:NAME alone")
    return SecretRef(name=match["name"], store=store)


def references(tree: Any) -> Iterator[SecretRef]:
    """Yield every reference of a tree of mappings and lists, in the tree's own order."""
    for _, ref in _places(tree):
        yield ref


def _places(tree: Any, key: str = "") -> Iterator[tuple[str, SecretRef]]:
    """Yield every reference with the key that it stands at; those of a list stand at the list's."""
    if is_mapping(tree) or is_reference(tree):
        yield key, parse(tree)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from _places(value, str(name))
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from _places(value, key)


def resolve(ref: SecretRef, resolvers: Sequence[Resolver]) -> Secret:
    """Ask the resolvers in order and return the first secret found.

    Raises :class:`~rackwright.errors.SecretUnresolved` when the store is not served yet or none holds it.
    """
    if ref.store in _NOT_YET:
        raise SecretUnresolved(
            f"{ref}: the store {ref.store!r} is not served yet: use secret:env/... or secret:file/..."
        )
    for resolver in resolvers:
        if ref.store in ("", resolver.store) and (found := resolver.find(ref.name)) is not None:
            return found
    raise SecretUnresolved(
        f"{ref} is nowhere to be found: set {variable(ref.name)}, or write it to a file of mode 0600"
    )
