"""Media that ``rackwright serve`` makes for hosts that boot from a virtual CD."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.cli.serving import Served
    from rackwright.drivers.hosts.installs import Installs
    from rackwright.serve.process import Door

__all__ = ["INSTALLER", "UNIVERSAL", "Discs", "url"]

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
                "a medium names this server: give services.bootstrap in the site, or --listen ADDRESS:PORT"
            )
        host = addresses[0]
    return f"{scheme}://{host}:{at.port}"


@dataclass(frozen=True)
class Discs:
    """What is written into the folder of ``--media``."""

    talk: Talk
    folder: Path | None
    """None: no medium is wanted."""
    served: Served
    names: frozenset[str]
    """Hosts that are to be installed."""
    installs: Installs
    authority: str
    """Certificate of the site's CA in PEM."""

    def seeds(self, secure: Door) -> None:
        """Write ``NAME-seed.iso`` for each host, whose attempt has begun; what its installer says comes over TLS."""
        if self.folder is None:
            return
        from rackwright.render.hosts.autoinstall import Report
        from rackwright.serve.media import write_seed

        server = url("https", secure, self.served.addresses)
        for name in sorted(self.names):
            token = self.installs.token(name)
            report = Report(endpoint=f"{server}/progress/{token}", token=token, authority=self.authority)
            path = self.folder / f"{name}-seed.iso"
            write_seed(path, self.served.seeds[name].files(report))
            self.talk.say(f"{path}: the seed of {name}, for its next installation only")

    def stock(self, image: Path | None, plain: Door | None) -> None:
        """Write the stock ISO that asks nobody; where there is a door without TLS, one that finds seeds by itself."""
        if image is None:
            return
        if self.folder is None:
            raise click.UsageError("--stock is written anew into the folder of --media: give both")
        from rackwright.serve.media import AUTOINSTALL, remaster, universal

        words = universal(url("http", plain, self.served.addresses)) if plain else (AUTOINSTALL,)
        path = self.folder / (UNIVERSAL if plain else INSTALLER)
        self.folder.mkdir(parents=True, exist_ok=True)
        remaster(image, path, words)
        self.talk.say(f"{path}: {image.name} with {' '.join(words)}")
