"""Stand-ins for the secrets that a site names and the environment does not hold, so that its twin can be pushed to."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from rackwright.secrets import Environment, Folder, SecretRef, is_mapping, parse, resolve
from rackwright.twin.authority import write_private
from rackwright.twin.engine.accounts import hashed

__all__ = ["filled", "value", "write"]

_PASSWORD: Final = "switch_password"  # noqa: S105 - the name of a secret, not one


def write(folder: Path, references: Iterable[SecretRef]) -> list[str]:
    """Write one file a secret and return their names.

    A name that ends in ``_hash`` gets the crypt hash of the password that lies in the file ``…_password``; any other gets a random text.
    Where the environment holds ``switch_hash`` alone nobody here knows its password, and none is written unless the site names it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = Environment()
    asked = {ref.name for ref in references}
    own = {"switch_hash"} if environment.find("switch_hash") else {_PASSWORD, "switch_hash"}
    names = sorted(asked | own)
    plain = {name: secrets.token_urlsafe(12) for name in names if not name.endswith("_hash")}
    made: dict[str, str] = dict(plain)
    for name in (name for name in names if name.endswith("_hash") and environment.find(name) is None):
        of = f"{name.removesuffix('_hash')}_password"
        held = environment.find(of)
        password = held.reveal() if held else made.setdefault(of, secrets.token_urlsafe(12))
        made[name] = hashed(password)
    kept = {name: value for name, value in made.items() if environment.find(name) is None}
    for name, value in kept.items():
        write_private(folder / name, f"{value}\n".encode())
    return sorted(kept)


def value(name: str, folder: Path) -> str:
    """Return one secret: by the environment, else by the stand-ins."""
    return resolve(SecretRef(name), (Environment(), Folder(folder))).reveal()


def filled(tree: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a tree with its references to secrets resolved: by the environment, else by the stand-ins."""
    resolvers = (Environment(), Folder(folder))
    return {
        key: resolve(parse(value), resolvers).reveal()
        if is_mapping(value)
        else filled(value, folder)
        if isinstance(value, Mapping)
        else value
        for key, value in tree.items()
    }
