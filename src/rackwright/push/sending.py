"""Secrets put in their places, in memory, right before a configuration is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rackwright import secrets
from rackwright.diff.changes import flatten, is_secret
from rackwright.errors import SecretUnresolved
from rackwright.nvue.tree import Tree, put

__all__ = ["refuse_open_secrets", "resolved"]


def resolved(tree: Mapping[str, Any], resolvers: Sequence[secrets.Resolver]) -> Tree:
    """Return the tree with every reference replaced by its value; the result is sent and never kept.

    Raises :class:`~rackwright.errors.SecretUnresolved`, without the value, where a secret cannot be found.
    """
    sent: Tree = {}
    for path, leaf in flatten(tree).items():
        if isinstance(leaf, Mapping):
            value = _revealed(path[-1], secrets.parse(leaf), resolvers) if leaf else {}
        else:
            value = leaf
        put(sent, path, value)
    return sent


def _revealed(key: str, ref: secrets.SecretRef, resolvers: Sequence[secrets.Resolver]) -> str:
    secret = secrets.resolve(ref, resolvers)
    secrets.refuse_unfit(key, ref, secret)
    return secret.reveal()


def refuse_open_secrets(device: str, tree: Mapping[str, Any]) -> None:
    """Refuse a configuration in which a secret stands in the open: the order of a run is a file.

    Raises :class:`~rackwright.errors.SecretUnresolved`, without the value.
    """
    for path, leaf in flatten(tree).items():
        if is_secret(path) and not isinstance(leaf, Mapping):
            raise SecretUnresolved(f"{device}: {'.'.join(path)} stands in the open: write secret:NAME instead")
