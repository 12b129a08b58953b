"""Media that ``rackwright serve`` makes for hosts that boot from a virtual CD."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.drivers.hosts.installs import Installs
    from rackwright.serve.process import Door
    from rackwright.serve.seeds import Seed

__all__ = ["INSTALLER", "UNIVERSAL", "seed_media", "stock_media", "url"]

INSTALLER: Final = "installer.iso"
"""The stock ISO with the word ``autoinstall``: for use beside a host's own seed ISO."""
UNIVERSAL: Final = "universal.iso"
"""The stock ISO that finds any host's seed by service tag over HTTP."""


def url(scheme: str, at: Door, addresses: tuple[str, ...]) -> str:
    """Return the address that a machine reaches a door by; one that listens everywhere is known by the site's bootstrap address."""
    host = at.bracketed
    if at.everywhere:
        if not addresses:
            raise click.UsageError(
                "media name this server: give services.bootstrap in the site, or --listen ADDRESS:PORT"
            )
        host = addresses[0]
    return f"{scheme}://{host}:{at.port}"


def seed_media(
    talk: Talk, folder: Path, hosts: Mapping[str, Seed], names: frozenset[str], installs: Installs, server: str, authority: str
) -> list[str]:  # fmt: skip
    """Write ``NAME-seed.iso`` for each of the named hosts, whose attempts have begun; return the files.

    ``server`` is the door with TLS, in whose certificate's ``authority`` the installer is told to believe.
    """
    from rackwright.render.hosts.autoinstall import Report
    from rackwright.serve.media import write_seed

    made = []
    for name in sorted(names):
        token = installs.token(name)
        report = Report(endpoint=f"{server}/progress/{token}", token=token, authority=authority)
        path = folder / f"{name}-seed.iso"
        write_seed(path, hosts[name].files(report))
        talk.say(f"{path}: seed of {name}, for its next installation only")
        made.append(str(path))
    return made


def stock_media(talk: Talk, folder: Path, stock: Path, plain: str) -> str:
    """Write the stock ISO that asks nobody; with a door without TLS it finds seeds by itself. Return the file."""
    from rackwright.serve.media import AUTOINSTALL, remaster, universal

    words = universal(plain) if plain else (AUTOINSTALL,)
    path = folder / (UNIVERSAL if plain else INSTALLER)
    folder.mkdir(parents=True, exist_ok=True)
    remaster(stock, path, words)
    talk.say(f"{path}: {stock.name} with {' '.join(words)}")
    return str(path)
