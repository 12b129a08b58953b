"""From a site to what ``rackwright serve`` hands out: the switches' offers, the hosts' seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rackwright.cli import building
from rackwright.cli.talk import Talk

if TYPE_CHECKING:
    from rackwright.drivers.hosts.installs import Installs
    from rackwright.plan.model import Plan
    from rackwright.serve.events import Events
    from rackwright.serve.offer import Offer
    from rackwright.serve.seeds import Seed

__all__ = ["Served", "armed", "served"]


class Served(NamedTuple):
    """What is served of a site."""

    folder: Path
    """Where ``serve`` keeps what it knows."""
    offers: dict[str, Offer]
    seeds: dict[str, Seed]
    nos: str
    """The planned version of the switches' NOS."""
    addresses: tuple[str, ...]
    """Addresses that DHCP names this server by."""
    plan: Plan
    bootstrap: str
    """The site's bootstrap address; empty: it has none."""
    then: str
    """Role that takes over from it."""
    templates: Path | None
    """The site's own templates."""


def served(talk: Talk, site: Path, limit: Sequence[str]) -> Served:
    """Plan a site and return what is served of it; a secret that is missing is told now, and not to a switch in the night."""
    from rackwright import secrets
    from rackwright.drivers.reach import state_folder
    from rackwright.plan.install import installs
    from rackwright.render.site_overlays import of_site
    from rackwright.runs.folder import private
    from rackwright.secrets import Environment, Folder
    from rackwright.serve.offer import offers
    from rackwright.serve.seeds import seeds

    opened, planned = building.plan_site(talk, site)
    plan, loaded = planned.plan, opened.loaded
    services = loaded.require().services
    state = state_folder(opened.file.parent)
    overlays = of_site(loaded.overlays, opened.file.parent)
    hosts = seeds(plan, installs(plan, loaded.require(), loaded.catalog, loaded.keys), overlays)
    switches = [switch.name for switch in plan.switches]
    meant = building.chosen([*switches, *hosts], limit) if limit else frozenset([*switches, *hosts])
    resolvers = (Environment(), Folder(state / "secrets"))
    offered = offers(plan, overlays, resolvers, meant)
    for offer in offered.values():
        secrets.resolve_all(offer.tree, resolvers)
    addresses = tuple(dict.fromkeys(scope.next_server for scope in plan.scopes if scope.next_server))
    return Served(
        private(state / "serve"),
        offered,
        {name: one for name, one in hosts.items() if name in meant},
        plan.nos,
        addresses,
        plan,
        services.bootstrap or "",
        services.then or "",
        overlays.templates,
    )


@contextmanager
def armed(
    hosts: dict[str, Seed], installs: Installs, events: Events, meant: frozenset[str]
) -> Iterator[Callable[[], object]]:
    """Begin an attempt for each of the named hosts; given up again unless the caller says, by what it is given, that it serves them.

    Raises :class:`~rackwright.errors.RenderError` before the first where one may not be installed: too little is known of it.
    """
    from rackwright.errors import RenderError

    lacking = [f"{name}: {why}" for name in sorted(meant) for why in hosts[name].install.lacks]
    if lacking:
        raise RenderError(f"nothing is installed: {'; '.join(lacking)}")
    with ExitStack() as unless_served:
        for name in sorted(meant):
            before, made = installs.attempt(name), installs.arm(name)
            events.tell("armed", f"{name}: its next boot of an installer wipes it", device=name)
            if before is None or before.number != made.number:
                unless_served.callback(_disarmed, name, installs, events)
        yield unless_served.pop_all


def _disarmed(name: str, installs: Installs, events: Events) -> None:
    installs.end(name, "nobody served it")
    events.tell("warning", f"{name}: not to be installed any more, since nobody serves it", device=name)
