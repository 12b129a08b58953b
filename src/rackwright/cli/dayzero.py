"""DHCP and time of ``rackwright serve --dhcp``: what the plan says of them, and of who takes over."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Literal

import msgspec

from rackwright.errors import ServeError

if TYPE_CHECKING:
    from pathlib import Path

    from rackwright.cli.serving import Served
    from rackwright.plan.model import Plan
    from rackwright.serve.dayzero import DayZero
    from rackwright.serve.events import Events
    from rackwright.serve.process import Door

__all__ = ["day_zero", "door"]

_NOWHERE = "the site has no bootstrap address: write services: {bootstrap: ADDRESS}, an address of this machine"


def door(what: Served, port: int) -> Door:
    """Return a door at the site's bootstrap address; raises :class:`~rackwright.errors.ServeError` where it has none."""
    from rackwright.serve.process import Door

    if not what.bootstrap:
        raise ServeError(_NOWHERE)
    return Door(what.bootstrap, port)


def day_zero(what: Served, events: Events, boot: Path | None) -> DayZero:
    """Return what serves DHCP and time, looked over; whatever it tells stands in the run that is under way, too.

    ``boot`` is what firmware that boots by PXE is handed; None: nothing.
    """
    from rackwright.render import dhcp
    from rackwright.render.printing import Printer
    from rackwright.render.slices import Slices
    from rackwright.runs.folder import private
    from rackwright.serve.dayzero import prepared
    from rackwright.serve.handover import heads_stand

    if not what.bootstrap:
        raise ServeError(_NOWHERE)
    told, stand = _run_of(what, events, heads_stand)

    def config(time: bool) -> bytes:
        first = (what.bootstrap,) if time else ()
        scopes = (msgspec.structs.replace(scope, ntp=(*first, *scope.ntp)) for scope in what.plan.scopes)
        return dhcp.dnsmasq(Slices(msgspec.structs.replace(what.plan, scopes=tuple(scopes))), Printer(what.templates))

    networks = tuple(scope.subnet for scope in what.plan.scopes)
    folder = private(what.folder / "dhcp")
    return prepared(folder, what.bootstrap, config, networks, _heads(what.plan, what.then), stand, told, boot)


def _run_of(
    what: Served, events: Events, rule: Callable[..., bool | None]
) -> tuple[Callable[..., None], Callable[[], bool | None]]:
    """Return what tells the watcher and the bring-up that is under way, and what asks that one for its head nodes."""
    from rackwright import runs
    from rackwright.errors import RunError
    from rackwright.serve.following import Following

    following, guard = Following(what.folder.parent), Lock()

    def polled() -> None:
        with guard, contextlib.suppress(OSError, RunError):
            following.poll()

    def told(kind: Literal["dhcp", "tftp", "time", "warning"], text: str) -> None:
        events.tell(kind, text)
        polled()
        if following.board.state in {"running", "paused"}:
            with contextlib.suppress(RunError):
                runs.note(what.folder.parent, following.board.run, text, subject="serve")

    def stand() -> bool | None:
        polled()
        return rule(following.board)

    return told, stand


def _heads(plan: Plan, role: str) -> dict[str, str]:
    """Return address -> name of the machines that take over, by every address that they have."""
    found: dict[str, str] = {}
    names = {device.name for device in plan.devices if role and role in device.roles}
    for host in plan.hosts:
        own = [*(one.address for one in host.interfaces), *(one.address for one in host.bonds)]
        found |= {address.partition("/")[0]: host.name for address in own if address and host.name in names}
    return found
