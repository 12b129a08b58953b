"""The live view of ``rackwright serve``: whose runs, at which door, for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from rackwright.cli import building
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.report.places import RackPlace
    from rackwright.runs import Event
    from rackwright.serve.process import Beside, Door

__all__ = ["board"]


def board(talk: Talk, site: Path, at: Door, *, run: str = "", webhook: str = "") -> tuple[Beside, Callable[[], None]]:
    """Return the door of the live view of a site's runs, and what ends it.

    Beyond this machine it is TLS with the site's own certificate: a token must not be read on the way.
    """
    from rackwright import runs
    from rackwright.drivers.reach import state_folder
    from rackwright.report.places import places
    from rackwright.runs.folder import private
    from rackwright.serve.authority import Authority
    from rackwright.serve.board import BoardPage
    from rackwright.serve.following import Following
    from rackwright.serve.process import Beside

    opened, planned = building.plan_site(talk, site)
    state = state_folder(opened.file.parent)

    def racks_of(devices: Iterable[str]) -> Iterable[RackPlace]:
        return places(planned.plan, devices)

    if run:
        runs.graph(state, run)  # one that is not there, or goes in waves, is said before anything listens
    heard, end = _posted(talk, webhook)
    following = Following(state, racks_of, site=planned.plan.name, run=run, heard=heard)
    page = BoardPage(following)
    authority = None if at.local else Authority(private(state / "serve"))

    def ready(door: Door) -> None:
        scheme = "http" if authority is None else "https"
        if authority is not None:
            talk.say(f"the live view's certificate is signed by this site's CA: SHA-256 {authority.fingerprint}")
        where = "<an address of this machine>" if door.everywhere else door.bracketed
        talk.error(f"live view: {scheme}://{where}:{door.port}/?token={page.token}")

    tls = None if authority is None else authority.context(() if at.everywhere else (at.host,))
    return Beside(page.application(), at, tls, ready), end


def _posted(talk: Talk, webhook: str) -> tuple[Callable[[Event], None], Callable[[], None]]:
    """Return what posts events to a webhook, and what ends it; nothing without one."""
    if not webhook:
        return (lambda _event: None), (lambda: None)
    from rackwright.serve.webhook import Webhook

    posts = Webhook(webhook, talk.error)
    return posts.post, posts.close
