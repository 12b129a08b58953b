"""What ``bringup`` and ``worker`` do between a site and the durable engine: who is meant, what is allowed, the way there."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from rackwright import secrets
from rackwright.bringup.order import Consent, Order
from rackwright.bringup.stages import STAGES, Scope, graph_of
from rackwright.bringup.world import World
from rackwright.cli import building
from rackwright.cli import machines as servers
from rackwright.cli.reaching import Wanted, reach
from rackwright.cli.talk import Talk
from rackwright.plan.install import lacking
from rackwright.plan.stack import stack
from rackwright.push.apart import apart_from
from rackwright.render import ansible
from rackwright.render.site_overlays import of_site
from rackwright.render.slices import Slices

if TYPE_CHECKING:
    from rackwright.runs import Graph

__all__ = ["Wish", "graph_for", "opened_world", "order_for", "stages_of", "with_image", "with_installer", "words_of"]


@dataclass(frozen=True)
class Wish:
    """What was asked for on the command line."""

    only: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    """Stages before which an operator is asked."""
    restarts: int = 0
    """Servers that may restart at once in any rack; 0: what the PDUs bear."""
    images: int = 16
    tags: tuple[str, ...] = ()
    """``PATTERN=TAG``: devices that only workers with that tag reach."""
    consent: Consent = field(default_factory=Consent)


def opened_world(talk: Talk, site: Path, wanted: Wanted) -> World:
    """Plan a site in memory and work out how every device of it is reached; nothing is connected yet."""
    opened, planned = building.plan_site(talk, site)
    if planned.changed:
        talk.say(f"{opened.lock_path} is behind the site: 'rackwright plan' brings it up to date")
    loaded, plan, folder = opened.loaded, planned.plan, opened.file.parent
    intent = loaded.require()
    of = servers.of_site(opened, planned)
    names = [machine.name for machine in of.machines]
    facts, _ = ansible.inventory(Slices(plan), names)
    addresses = {name: str(facts.get(name, {}).get("ansible_host", "")) for name in names}
    # Whom --limit leaves out may still have to be asked, as the far end of a cable.
    way = reach(
        plan, folder, replace(wanted, limit=()), bmcs=of.addresses, bmc_password=secrets.parse(intent.access.bmc),
        bmc_user=intent.bmc.user, hosts=addresses, host_user=intent.hosts.user,
    )  # fmt: skip
    return World(
        plan=plan,
        site=intent,
        catalog=loaded.catalog,
        folder=folder,
        way=way,
        machines={machine.name: machine for machine in of.machines},
        settings=of.settings,
        stacks={one.name: one for one in stack(plan, intent, loaded.catalog)},
        lacks=lacking(plan, intent, loaded.catalog, loaded.keys),
        images=loaded.images,
        overlays=of_site(loaded.overlays, folder),
        jobs=wanted.at_once(),
    )


def with_image(wish: Wish, world: World, image: Path, sha256: str) -> Wish:
    """Return the wish with an image for switches that run another version.

    Raises :class:`~rackwright.errors.DocumentError` for a file that is not it, and a usage error where the host key of a new
    installation could not be taken.
    """
    from rackwright.cli.installing import image_of

    _new_keys(world)
    held = image_of(image, sha256, world.plan.nos)
    return replace(wish, consent=msgspec.structs.replace(wish.consent, image=held))


def with_installer(wish: Wish, world: World) -> Wish:
    """Return the wish with the names of those whose system may be lost.

    Raises a usage error for names that are none, and where the host keys of new installations could not be taken.
    """
    from rackwright.cli.bare import wiping

    consent = wish.consent
    named = wiping(consent.installer, consent.wipe, world.machines)
    if consent.installer:
        _new_keys(world)
    return replace(wish, consent=msgspec.structs.replace(consent, wipe=named))


def _new_keys(world: World) -> None:
    """Raise a usage error where the host key of a new installation could not be taken."""
    if not world.way.twin and not world.way.trust.first_use:
        from rackwright.cli.installing import NEW_KEY

        raise click.UsageError(NEW_KEY)


def stages_of(words: Sequence[str], option: str = "--only") -> frozenset[str]:
    """Return the stages that an option names, one or several with commas; all of them where it names none."""
    lists = [[word.strip() for word in text.split(",") if word.strip()] for text in words]
    if not all(lists):
        # What an unset variable leaves behind would mean everything.
        raise click.BadParameter(f"is empty; the stages are {' '.join(STAGES)}", param_hint=option)
    named = [word for one in lists for word in one]
    if strange := next((word for word in named if word not in STAGES), ""):
        raise click.BadParameter(f"no stage is called {strange!r}: they are {' '.join(STAGES)}", param_hint=option)
    return frozenset(named or STAGES)


def graph_for(talk: Talk, world: World, wanted: Wanted, wish: Wish) -> Graph:
    """Return the tasks of a bring-up; what is left out although it was meant is said."""
    from rackwright.bringup.limits import restarts

    everyone = [*world.switches, *world.machines]
    only = stages_of(wish.only)
    systems = bool(world.way.hosts)
    if not systems and (left := sorted(only & {"head", "os", "stack"}, key=STAGES.index)):
        talk.say(f"the twin has no operating systems: {', '.join(left)} are not planned")
    return graph_of(
        Scope(
            world.plan,
            tuple(world.machines),
            {name: machine.model for name, machine in world.machines.items()},
            only=only,
            limit=building.chosen(everyone, wanted.limit) if wanted.limit else None,
            asks={stage: f"may {stage} begin?" for stage in stages_of(wish.gates, "--gate")} if wish.gates else {},
            systems=systems,
            power=restarts(world.plan, world.catalog, world.machines.keys(), wish.restarts),
            images=wish.images,
            tags=_tags(everyone, wish.tags),
        )
    )


def words_of(wish: Wish, wanted: Wanted) -> tuple[tuple[str, str], ...]:
    """Return the options, with their values, by which a bring-up does less, or is asked or slower, than without them."""
    consent, usual = wish.consent, Wish()
    gates = tuple(stage.strip() for text in wish.gates for stage in text.split(","))
    several = {"--only": wish.only, "--limit": wanted.limit, "--gate": gates, "--reach": wish.tags}
    numbers = {
        "--restarts": wish.restarts, "--feeds": wish.images if wish.images != usual.images else 0, "--jobs": wanted.jobs
    }  # fmt: skip
    texts = {
        "--proof": consent.proof if consent.proof != usual.consent.proof else "",
        "--drained-by": consent.drained_by,
    }
    return (
        *((option, value) for option, values in several.items() for value in values),
        *((option, str(value)) for option, value in (numbers | texts).items() if value),
    )


def order_for(world: World, graph: Graph, wish: Wish, wanted: Wanted) -> Order:
    """Return the order of a bring-up."""
    devices = {task.device for task in graph.tasks if task.device}
    return Order(
        site=world.plan.name, intent=world.plan.digest, who=getpass.getuser(), graph=graph, consent=wish.consent,
        apart=apart_from(world.plan, devices), words=words_of(wish, wanted), sections=world.sections,
    )  # fmt: skip


def _tags(names: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words:
        pattern, equals, tag = word.partition("=")
        if not equals or not tag:
            raise click.BadParameter(f"{word!r}: write PATTERN=TAG, e.g. 'gpu*=row-3'", param_hint="--reach")
        found |= dict.fromkeys(building.chosen(names, [pattern]), tag)
    return found
