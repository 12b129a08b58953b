"""Options of the verbs that reach devices, and what they mean: who is meant, where each answers, how to log in.

``@reaching`` gives a verb the options and hands it one :class:`Wanted`; :func:`reach` makes a :class:`Reach` of it. State of a
site lies in ``SITE/.rackwright`` (0700): pins, secrets, the twin.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
import msgspec

from rackwright.cli.building import chosen
from rackwright.cli.params import PLACE
from rackwright.drivers.clock import Clock, ScaledClock, WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.errors import DriverError, TwinError
from rackwright.plan.model import Plan
from rackwright.secrets import Environment, Folder, Resolver, Secret, SecretRef

if TYPE_CHECKING:
    from rackwright.drivers.nvue.connect import Transport
    from rackwright.drivers.nvue.model import Nvue
    from rackwright.drivers.trust import Trust

__all__ = ["PASSWORD", "STATE", "Reach", "Wanted", "reach", "reaching", "state_folder"]

STATE: Final = ".rackwright"
"""Folder beside ``site.yaml`` that holds what is known of its devices; not for version control."""
PASSWORD: Final = SecretRef("switch_password")
"""The secret that holds the password of the switches' operator."""
JOBS: Final = 32
"""Devices that are worked on at the same time, unless asked otherwise."""

_TWIN_LIMITS: Final = Limits(connect_s=10, login_s=20, answer_s=60, apply_s=120)

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    twin: bool = False
    trust_on_first_use: bool = False
    identity: Path | None = None
    transport: Transport = "ssh"
    limit: tuple[str, ...] = ()
    jobs: int = JOBS


class TwinState(msgspec.Struct, frozen=True):
    """``twin.json``: what a twin says of itself."""

    rate: float
    devices: tuple[Endpoint, ...]
    identity: Path
    known_hosts: Path
    ca: Path
    kind: str = "emulated"
    pid: int = 0


@dataclass(frozen=True)
class Reach:
    """Devices of a plan and the way to each of them."""

    endpoints: Mapping[str, Endpoint]
    """The switches that are meant and have an address."""
    astray: Mapping[str, str]
    """Switches that are meant and cannot be reached, each with the reason and what to do."""
    jobs: int
    clock: Clock
    resolvers: tuple[Resolver, ...]
    """Where secrets are looked for, in this order."""
    trust: Trust
    login: Login
    transport: Transport
    state: Path
    """``SITE/.rackwright``."""
    twin: bool = False
    limits: Limits = field(default_factory=Limits)

    def connect(self, device: str, *, patience_s: float = 0) -> Nvue:
        """Open a session with a switch; ``patience_s`` of the clock is waited for one that is on its way up.

        Raises the errors of :func:`rackwright.drivers.nvue.connect.connect`, and ``DriverError`` for a device without address.
        """
        from rackwright.drivers.nvue.connect import connect

        if device not in self.endpoints:
            why = self.astray.get(device, "it is no switch of this plan, or outside of --limit")
            raise DriverError(f"{device}: {why}", device=device)
        limits = self.limits.patient(patience_s) if patience_s else self.limits
        return connect(
            self.endpoints[device],
            login=self.login,
            trust=self.trust,
            transport=self.transport,
            clock=self.clock,
            limits=limits,
        )


def reaching(command: Command) -> Command:
    """Give a verb the options of reaching devices; it gets them as one argument, ``wanted``."""

    @functools.wraps(command)
    def with_wanted(*args: Any, **kwargs: Any) -> Any:
        own = {name: kwargs.pop(name) for name in Wanted.__dataclass_fields__}
        return command(*args, **kwargs, wanted=Wanted(**own))

    made: Any = with_wanted
    for option in reversed(_OPTIONS):
        made = option(made)
    return made  # type: ignore[no-any-return]  # what click returns is what it was given


_OPTIONS: Final = (
    click.option("--twin", is_flag=True, help="Go to the emulated rack of this site instead of the real one."),
    click.option("--trust-on-first-use", is_flag=True, help="Pin the host key or certificate of a device met first."),
    click.option("--identity", type=PLACE, metavar="FILE", help="Log in with this private key."),
    click.option("--transport", type=click.Choice(["ssh", "rest"]), default="ssh", show_default=True,
                 help="Speak through the nv command or the NVUE API."),
    click.option("--limit", multiple=True, metavar="PATTERN", help="Only these devices (be01, be-*); may be given again."),
    click.option("--jobs", type=click.IntRange(1, 512), default=JOBS, show_default=True, metavar="N",
                 help="Devices worked on at the same time."),
)  # fmt: skip


def state_folder(site: Path) -> Path:
    """Return the folder of a site's state, made for its owner alone; ``site`` is the folder that holds ``site.yaml``."""
    folder = site / STATE
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def reach(plan: Plan, site: Path, wanted: Wanted) -> Reach:
    """Work out how the switches of a plan are reached; nothing is connected yet.

    Raises :class:`~rackwright.errors.TwinError` when the twin is asked for and is not up, and a usage error for a pattern
    of ``--limit`` that means nobody.
    """
    names = [switch.name for switch in plan.switches]
    meant = chosen(names, wanted.limit) if wanted.limit else frozenset(names)
    asked = [name for name in names if name in meant]
    state = state_folder(site)
    return _to_twin(asked, state, wanted) if wanted.twin else _to_site(plan, asked, state, wanted)


def _to_twin(names: Iterable[str], state: Path, wanted: Wanted) -> Reach:
    from rackwright.drivers.trust import Trust

    twin = _twin(state)
    known = {endpoint.device: endpoint for endpoint in twin.devices}
    resolvers = (Environment(), Folder(state / "twin" / "secrets"))
    return Reach(
        endpoints={name: known[name] for name in names if name in known},
        astray={name: "the twin has no such device: start it again" for name in names if name not in known},
        jobs=wanted.jobs,
        clock=ScaledClock(twin.rate),
        resolvers=resolvers,
        trust=Trust(state / "twin", known_hosts=state / twin.known_hosts, ca=state / twin.ca),
        login=Login(identity=wanted.identity or state / twin.identity, password=_password(resolvers)),
        transport=wanted.transport,
        state=state,
        twin=True,
        limits=_TWIN_LIMITS,
    )


def _twin(state: Path) -> TwinState:
    start = f"start it with 'rackwright twin up {state.parent} --detach'"
    try:
        twin = msgspec.json.decode((state / "twin.json").read_bytes(), type=TwinState, dec_hook=_path)
        os.kill(twin.pid, 0)
    except FileNotFoundError:
        raise TwinError(f"the twin of {state.parent} is not up: {start}") from None
    except ProcessLookupError:
        raise TwinError(f"the twin of {state.parent} has ended without 'twin down': {start}") from None
    except PermissionError:
        return twin
    except (OSError, msgspec.DecodeError) as error:
        raise TwinError(f"{state / 'twin.json'} cannot be read ({error}): {start}") from None
    return twin


def _path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"no {kind} in twin.json")


def _to_site(plan: Plan, names: Iterable[str], state: Path, wanted: Wanted) -> Reach:
    from rackwright.drivers.trust import Trust

    addresses = {device.name: device.management.partition("/")[0] for device in plan.devices}
    asked = list(names)
    by_dhcp = "it has no management address: give its fabric a management network, or reach it by hand"
    resolvers = (Environment(), Folder(state / "secrets"))
    ca = state / "ca.pem"
    return Reach(
        endpoints={name: Endpoint(device=name, host=addresses[name]) for name in asked if addresses.get(name)},
        astray={name: by_dhcp for name in asked if not addresses.get(name)},
        jobs=wanted.jobs,
        clock=WallClock(),
        resolvers=resolvers,
        trust=Trust(state, ca=ca if ca.is_file() else None, first_use=wanted.trust_on_first_use),
        login=Login(
            identity=wanted.identity, agent=bool(os.environ.get("SSH_AUTH_SOCK")), password=_password(resolvers)
        ),
        transport=wanted.transport,
        state=state,
    )


def _password(resolvers: tuple[Resolver, ...]) -> Secret | None:
    found = (resolver.find(PASSWORD.name) for resolver in resolvers)
    return next((secret for secret in found if secret is not None), None)
