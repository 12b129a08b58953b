"""``rackwright serve``: answers switches that boot for the first time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from rackwright.cli import building
from rackwright.cli.answer import Answer, verb
from rackwright.cli.params import PLACE
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.serve.offer import Offer
    from rackwright.serve.process import Door

__all__ = ["command"]

_TLS: Final = 8443
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
@click.option("--listen", callback=_door(_TLS), default=f"0.0.0.0:{_TLS}", show_default=True, metavar="ADDRESS:PORT",
              help="Where configurations are handed out, over TLS.")  # fmt: skip
@click.option("--http", callback=_door(_HTTP), is_flag=False, flag_value=f"0.0.0.0:{_HTTP}", metavar="[ADDRESS:PORT]",
              help="Hand out scripts and images without TLS too: all that a factory switch can fetch. Port 80 if not told.")  # fmt: skip
@click.option("--image", type=PLACE, metavar="FILE", help="Image of the NOS that a wrong version is replaced by.")
@click.option("--image-sha256", default="", metavar="HEX", help="What the image must have as its SHA-256.")
@click.option("--limit", multiple=True, metavar="PATTERN", help="Only these switches; may be given again.")
@click.option("--again", multiple=True, metavar="NAME", help="Let a switch boot anew that was provisioned before.")
def command(
    talk: Talk, site: Path, listen: Door, http: Door | None, image: Path | None, image_sha256: str,
    limit: tuple[str, ...], again: tuple[str, ...],
) -> Answer:  # fmt: skip
    """Answer switches that boot for the first time.

    Each gets its script, and with the script's token once its configuration, secrets resolved at that moment and kept
    nowhere; then it reports. Who it is is checked against nodes.csv. What happens is said here and kept as lines of
    JSON in SITE/.rackwright/serve/events.jsonl. Runs until Ctrl-C.
    """
    from rackwright.serve.authority import Authority
    from rackwright.serve.boots import Boots
    from rackwright.serve.events import Events
    from rackwright.serve.offer import image_of
    from rackwright.serve.process import run
    from rackwright.serve.tokens import Tokens

    state, offered, nos = _offered(talk, site, limit)
    authority, tokens = Authority(state), Tokens(state)
    events = Events(state, lambda event: talk.say(event.line))
    for name in building.chosen(offered, again):
        tokens.forget(name)
    held = image_of(image, nos, image_sha256) if image else None

    def ready(secure: Door, plain: Door | None) -> None:
        talk.say(f"CA of this site: SHA-256 {authority.fingerprint}")
        without = f" and http://{plain} (scripts and images)" if plain else ""
        events.tell("serving", f"{len(offered)} switches on https://{secure}{without}")
        if plain is None:
            talk.say("without --http no factory switch finds its script: it knows no CA yet")

    try:
        run(Boots(offered, tokens, authority, events, held), listen, http, ready)
    finally:
        events.tell("stopped", "no switch is answered any more")
    return Answer(data={"switches": sorted(offered)})


def _offered(talk: Talk, site: Path, limit: tuple[str, ...]) -> tuple[Path, dict[str, Offer], str]:
    """Plan a site; return the folder of what is kept, what is served, and the planned version of the NOS."""
    from rackwright import secrets
    from rackwright.drivers.reach import state_folder
    from rackwright.render.site_overlays import of_site
    from rackwright.runs.folder import private
    from rackwright.secrets import Environment, Folder
    from rackwright.serve.offer import offers

    opened, planned = building.plan_site(talk, site)
    state = state_folder(opened.file.parent)
    names = [switch.name for switch in planned.plan.switches]
    meant = building.chosen(names, limit) if limit else frozenset(names)
    resolvers = (Environment(), Folder(state / "secrets"))
    overlays = of_site(opened.loaded.overlays, opened.file.parent)
    offered = offers(planned.plan, overlays, resolvers, meant)
    # What is missing is told now, and not to a switch in the night.
    for offer in offered.values():
        for ref in secrets.references(offer.tree):
            secrets.resolve(ref, resolvers)
    return private(state / "serve"), offered, planned.plan.nos
