"""``rackwright serve``: answers switches that boot for the first time, and hosts that are installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rackwright.cli import building, serving
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE, given
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.cli.serving import Served
    from rackwright.serve.events import Events
    from rackwright.serve.offer import Image
    from rackwright.serve.process import Beside, Door, Helper

__all__ = ["command"]

_TLS: Final = 8443
_BOARD: Final = 8484
_HTTP: Final = 80


def _door(port: int) -> Callable[[click.Context, click.Parameter, str | None], Door | None]:
    """Return what reads an address and port, ``port`` where none is told."""

    def read(ctx: click.Context, param: click.Parameter, text: str | None) -> Door | None:
        from rackwright.serve.process import door

        try:
            return None if text is None else door(text, port)
        except ValueError as error:
            raise click.BadParameter(f"{error}: write 10.10.0.5:{port}", ctx, param) from None

    return read


@verb("serve")
@click.argument("site", type=PLACE, default=".", metavar="[DIR]")
@click.option("--board", callback=_door(_BOARD), is_flag=False, flag_value=f"127.0.0.1:{_BOARD}", metavar="[ADDRESS:PORT]",
              help="Show the newest run as a web page, for whoever has the token that is printed; alone, unless --listen, "
                   "--http or --install is given too. 127.0.0.1 if not told; elsewhere over TLS.")  # fmt: skip
@click.option("--run", default="", metavar="RUN", help="With --board: show this run.")
@click.option("--webhook", default="", metavar="URL", envvar="RACKWRIGHT_WEBHOOK",
              help="With --board: post what the run tells to this address too (or RACKWRIGHT_WEBHOOK).")  # fmt: skip
@click.option("--listen", callback=_door(_TLS), show_default=f"0.0.0.0:{_TLS}", metavar="ADDRESS:PORT",
              help="Where configurations are handed out, over TLS.")  # fmt: skip
@click.option("--http", callback=_door(_HTTP), is_flag=False, flag_value=f"0.0.0.0:{_HTTP}", metavar="[ADDRESS:PORT]",
              help="Hand out scripts, images and seeds without TLS too: all that a factory machine can fetch. Port 80 if not told.")  # fmt: skip
@click.option("--dhcp", is_flag=True,
              help="Give leases and tell the time at the site's bootstrap address too, by dnsmasq and chronyd, until a head node "
                   "answers for DHCP; with --boot, TFTP for firmware that boots by PXE. The doors are there too, unless told otherwise. As root.")  # fmt: skip
@click.option("--image", type=PLACE, metavar="FILE", help="Image of the NOS that a wrong version is replaced by.")
@click.option(
    "--image-sha256", default="", callback=given, metavar="HEX", help="What the image must have as its SHA-256."
)
@click.option(
    "--boot",
    type=PLACE,
    metavar="FOLDER",
    help="vmlinuz, initrd, bootx64.efi and ISO for hosts that boot over the network.",
)
@click.option("--install", multiple=True, metavar="PATTERN",
              help="Let these hosts' next boot of an installer wipe them; may be given again.")  # fmt: skip
@click.option("--media", type=PLACE, metavar="FOLDER",
              help="Write a seed ISO for each host of --install, to be put beside the installer's.")  # fmt: skip
@click.option("--stock", type=PLACE, metavar="ISO",
              help="Ubuntu's ISO: with --media it is written anew so that it asks nobody; with --http it finds any host's seed.")  # fmt: skip
@click.option("--limit", multiple=True, metavar="PATTERN", help="Only these switches and hosts; may be given again.")
@click.option("--again", multiple=True, metavar="NAME",
              help="Let a switch boot anew that was provisioned before; give up a host's attempt.")  # fmt: skip
def command(
    talk: Talk, site: Path, board: Door | None, run: str, webhook: str, listen: Door | None, http: Door | None, **given: Any,
) -> Answer:  # fmt: skip
    """Answer switches that boot for the first time, and hosts that are installed; show a run as a web page.

    A switch gets its script, and with the script's token once its configuration, secrets resolved at that moment and kept
    nowhere; then it reports. A host gets its seed while it is to be installed (--install, or a push), and its installer
    reports. Who it is is checked against nodes.csv. What happens is said here and kept as lines of
    JSON in SITE/.rackwright/serve/events.jsonl. Runs until Ctrl-C.
    """
    from rackwright.serve import process

    if board is None:
        wrong = next((name for name, value in (("run", run), ("webhook", webhook)) if value), "")
        if wrong:
            raise click.UsageError(f"--{wrong} goes with --board")
        return _boots(talk, site, listen, http, (), **given)
    from rackwright.cli.boards import board as shown

    beside, end = shown(talk, site, board, run=run, webhook=webhook)
    try:
        if listen or http or any(given.values()):
            return _boots(talk, site, listen, http, (beside,), **given)
        process.run(None, board, None, lambda _secure, _plain: None, (beside,))
    finally:
        end()
    return Answer(data={"switches": [], "hosts": []})


def _boots(
    talk: Talk, site: Path, listen: Door | None, http: Door | None, beside: Sequence[Beside], *, image: Path | None, image_sha256: str,
    boot: Path | None, install: tuple[str, ...], media: Path | None, stock: Path | None, limit: tuple[str, ...], again: tuple[str, ...],
    dhcp: bool,
) -> Answer:  # fmt: skip
    """Answer first boots and installations until Ctrl-C."""
    from rackwright.cli.media import Discs
    from rackwright.drivers.hosts.installs import FOLDER, Installs
    from rackwright.render.netboot import BOOT_FILE
    from rackwright.serve.authority import Authority
    from rackwright.serve.boots import Boots
    from rackwright.serve.events import Events
    from rackwright.serve.hosts import Hosts
    from rackwright.serve.process import Door, run
    from rackwright.serve.seeds import media_of
    from rackwright.serve.tokens import Tokens

    what = serving.served(talk, site, limit)
    authority, tokens, installs = Authority(what.folder), Tokens(what.folder), Installs(what.folder / FOLDER)
    events = Events(what.folder, lambda event: talk.say(event.line))
    for name in building.chosen([*what.offers, *what.seeds], again, "--again"):
        tokens.forget(name)
        installs.end(name, "given up")
    held = _held(talk, image, what.nos, image_sha256) if image else None
    booted = media_of(boot, (BOOT_FILE,)) if boot else None
    meant = building.chosen(what.seeds, install, "--install")
    discs = Discs(talk, media, what, meant, installs, authority.pem)
    discs.stock(stock, http)
    with serving.armed(what.seeds, installs, events, meant) as begun:
        hosts = Hosts(what.seeds, installs, events, authority.pem, booted)
        fetched = boot / BOOT_FILE if boot else None
        listen, http, helpers = _at_bootstrap(what, events, listen, http, fetched) if dhcp else (listen, http, ())
        boots = Boots(what.offers, tokens, authority, events, held, hosts=hosts, addresses=what.addresses)

        def ready(secure: Door, plain: Door | None) -> None:
            discs.seeds(secure)
            begun()
            talk.say(f"CA of this site: SHA-256 {authority.fingerprint}")
            without = f" and http://{plain} (scripts, images, seeds)" if plain else ""
            events.tell("serving", f"{len(what.offers)} switches, {len(what.seeds)} hosts on https://{secure}{without}")
            if plain is None:
                talk.say(
                    "without --http no factory switch finds its script, no host boots over the network: no CA is known"
                )

        try:
            run(boots, listen or Door("0.0.0.0", _TLS), http, ready, beside, helpers)
        finally:
            events.tell("stopped", "nobody is answered any more")
    return Answer(data={"switches": sorted(what.offers), "hosts": sorted(what.seeds)})


def _held(talk: Talk, image: Path, nos: str, sha256: str) -> Image:
    """Return the image that is handed out; what nobody can know of it is said."""
    from rackwright.serve.offer import image_of

    held = image_of(image, nos, sha256)
    for doubt in held.doubts:
        talk.error(f"warning: {image}: {doubt}")
    return held


def _at_bootstrap(
    what: Served, events: Events, listen: Door | None, http: Door | None, boot: Path | None
) -> tuple[Door, Door, Sequence[Helper]]:
    """Return the doors, at the bootstrap address where nothing else was told, and what serves DHCP and time there."""
    from rackwright.cli.dayzero import day_zero, door

    return listen or door(what, _TLS), http or door(what, _HTTP), (day_zero(what, events, boot),)
