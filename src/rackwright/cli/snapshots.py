"""Folders that hold what devices told: our own evidence, and trees in DMTF's mockup form."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rackwright import audit
from rackwright import catalog as catalogs
from rackwright.audit import machines
from rackwright.errors import DocumentError
from rackwright.findings import Finding

__all__ = ["Look", "devices", "held", "judged", "there"]


class Look(NamedTuple):
    """What to judge."""

    domains: tuple[machines.Domain, ...]
    checks: tuple[str, ...] = ()


def held(folder: Path, names: Iterable[str]) -> dict[str, audit.Evidence]:
    """Return what a folder holds of some BMCs: ``NAME.json``, or a mockup tree in ``NAME/``.

    A folder that is itself a tree is that of one machine, whose name must then be the only one that is meant. Raises
    :class:`~rackwright.errors.DocumentError` when it is not, and when a file is no evidence.
    """
    wanted = list(names)
    if machines.is_tree(folder):
        servers = [name for name in wanted if "." not in name]
        if len(servers) != 1:
            raise DocumentError(
                f"{folder} is a tree of one machine: say which it is with --limit NAME, or give --release"
            )
        return {servers[0]: machines.tree(folder, servers[0])}
    found = dict(audit.read(folder, wanted))
    for name in wanted:
        if name not in found and machines.is_tree(folder / name):
            found[name] = machines.tree(folder / name, name)
    return found


def there(folder: Path, names: Iterable[str]) -> list[str]:
    """Return the devices of which a folder holds anything, without reading it."""
    wanted = list(names)
    if machines.is_tree(folder):
        return wanted
    return [name for name in wanted if (folder / f"{name}.json").is_file() or machines.is_tree(folder / name)]


def judged(folder: Path, release: str, model: str, look: Look) -> tuple[Finding, ...]:
    """Judge a folder without a site: by a release, and by the models of the catalog that the servers say they are, or ``model``."""
    evidence, catalog = devices(folder), catalogs.load()
    known = {name: machines.bare(name, machines.told(item), catalog, release, model) for name, item in evidence.items()}
    return machines.verdict(
        machines.MachineLook(
            known, evidence, catalog, frozenset(), frozenset(look.domains), frozenset(look.checks), site=False
        )
    )


def devices(folder: Path) -> dict[str, audit.Evidence]:
    """Return everything that a folder holds of BMCs, by name: the folder's own where it is a tree.

    Raises :class:`~rackwright.errors.DocumentError` when there is nothing.
    """
    if machines.is_tree(folder):
        name = folder.resolve().name
        return {name: machines.tree(folder, name)}
    try:
        names = [path.stem if path.suffix == ".json" else path.name for path in sorted(folder.iterdir())]
    except OSError as error:
        raise DocumentError(f"{folder}: {error.strerror}: name the folder of a snapshot") from error
    found = held(folder, dict.fromkeys(names))
    if not found:
        raise DocumentError(f"{folder} holds no evidence: take it with 'rackwright snapshot'")
    return found
