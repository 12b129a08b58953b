"""How the devices of a site are reached: the real ones by the site's own pins and login, or the emulated ones of its twin.

All that is known of devices lies in ``SITE/.rackwright`` (0700): pins, secrets, ``twin.json``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from rackwright.documents import look_through_types
from rackwright.drivers.clock import Clock, ScaledClock, WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.errors import AuthRefused, DriverError, SecretUnresolved, TwinError
from rackwright.secrets import Environment, Folder, Resolver, Secret, SecretRef, resolve

if TYPE_CHECKING:
    from rackwright.drivers.hosts.model import Ask, Heard, Host, Play, Played
    from rackwright.drivers.hosts.ssh import HostSsh
    from rackwright.drivers.nvue.connect import Transport
    from rackwright.drivers.nvue.installing import Installation
    from rackwright.drivers.nvue.model import Nvue
    from rackwright.drivers.redfish.model import Redfish
    from rackwright.drivers.trust import Trust

__all__ = [
    "BMC_PASSWORD",
    "BMC_USER",
    "HOST_USER",
    "JOBS",
    "LEASES",
    "PASSWORD",
    "STATE",
    "Reach",
    "state_folder",
    "to_site",
    "to_twin",
]

STATE: Final = ".rackwright"
"""Folder beside ``site.yaml`` that holds what is known of its devices; not for version control."""
LEASES: Final = "leases"
"""Folder in it with a file for each switch that is still to give a DHCP lease back."""
PASSWORD: Final = SecretRef("switch_password")
"""The secret that holds the password of the switches' operator."""
BMC_PASSWORD: Final = SecretRef("bmc")
"""The secret that holds the password of the BMCs, unless ``access.bmc`` of the site names another."""
BMC_USER: Final = "root"
"""Who logs in to a BMC, unless said otherwise: the account that an iDRAC has from the factory (redfish.md 2.1)."""
HOST_USER: Final = "rackwright"
"""Who logs in to a host, unless ``hosts.user`` of the site says otherwise."""
JOBS: Final = 20
"""Devices that are worked on at the same time, unless asked otherwise: as many as Nornir's own runner has; one process is busy with them (docs/bench.md)."""

_TWIN_LIMITS: Final = Limits(connect_s=10, login_s=20, answer_s=60, apply_s=120)
_NO_ADDRESS: Final = "it has no management address: give its fabric a management network, or reach it by hand"
_NO_HOST: Final = "no network of the plan gives its operating system an address: attach it to one"
_NO_TWIN_HOST: Final = (
    "the twin has no operating system for it: start it again with 'rackwright twin up --hosts bare' or '--installed'"
)
_NO_SUCH: Final = "the twin has no such device: start it again"


@dataclass(frozen=True, kw_only=True)
class Reach:
    """Devices and the way to each of them."""

    endpoints: Mapping[str, Endpoint]
    """The devices that are meant and have an address."""
    astray: Mapping[str, str]
    """Devices that are meant and cannot be reached, each with the reason and what to do."""
    state: Path
    """``SITE/.rackwright``."""
    login: Login
    trust: Trust
    resolvers: tuple[Resolver, ...]
    """Where secrets are looked for, in this order."""
    clock: Clock
    transport: Transport = "ssh"
    jobs: int = JOBS
    twin: bool = False
    database: str | None = field(default=None, repr=False)
    """``postgresql://`` address of what keeps the journal of runs, maybe with a password; None: SQLite in the state folder."""
    limits: Limits = field(default_factory=Limits)
    outside: Mapping[str, Endpoint] = field(default_factory=dict)
    """Switches of the plan that are not meant: nothing is sent to them, but one may have to be looked at."""
    bmcs: Mapping[str, Endpoint] = field(default_factory=dict)
    """The BMCs that are meant and have an address; a server's has the server's name."""
    bmcs_astray: Mapping[str, str] = field(default_factory=dict)
    """BMCs that are meant and cannot be reached, each with the reason and what to do."""
    bmc_password: SecretRef = BMC_PASSWORD
    hosts: Mapping[str, Endpoint] = field(default_factory=dict)
    """The operating systems of servers that are meant and have an address; each has the server's name."""
    hosts_astray: Mapping[str, str] = field(default_factory=dict)
    """Hosts that are meant and cannot be reached, each with the reason and what to do."""

    def connect(self, device: str, *, patience_s: float = 0) -> Nvue:
        """Open a session with a switch; ``patience_s`` of the clock is waited for one that is on its way up.

        Raises the errors of :func:`rackwright.drivers.nvue.connect.connect`, and ``DriverError`` for a device without address.
        """
        return self._connected(self._endpoint(device), patience_s)

    def beside(self, device: str) -> Nvue:
        """Open a session with a switch that may not be meant, to look at it; raises as :meth:`connect` does."""
        return self._connected(self.outside.get(device) or self._endpoint(device), 0)

    def _connected(self, endpoint: Endpoint, patience_s: float) -> Nvue:
        from rackwright.drivers.nvue.connect import connect

        limits = self.limits.patient(patience_s) if patience_s else self.limits
        return connect(
            endpoint,
            login=self.login,
            trust=self.trust,
            transport=self.transport,
            clock=self.clock,
            limits=limits,
        )

    def bmc(self, device: str, *, patience_s: float = 0, password: Secret | None = None, user: str = "") -> Redfish:
        """Open a session with a BMC; ``patience_s`` of the clock is waited for one that is on its way up.

        ``password`` and ``user`` stand in for the site's: at first contact the BMC still has the factory's. Raises the errors
        of :func:`rackwright.drivers.redfish.connect.connect`, and ``DriverError`` for a BMC without address.
        """
        from rackwright.drivers.redfish.connect import connect

        if device not in self.bmcs:
            why = self.bmcs_astray.get(device, "it has no BMC in this plan, or is outside of --limit")
            raise DriverError(f"{device}: {why}", device=device)
        endpoint = self.bmcs[device]
        return connect(
            msgspec.structs.replace(endpoint, user=user) if user else endpoint,
            password=password or self._secret(device),
            trust=self.trust,
            clock=self.clock,
            limits=self.limits.patient(patience_s) if patience_s else self.limits,
        )

    def _secret(self, device: str) -> Secret:
        try:
            return resolve(self.bmc_password, self.resolvers)
        except SecretUnresolved as error:
            raise AuthRefused(
                f"nothing to log in to the BMC of {device} with: {error}", device=device, remedy=str(error)
            ) from None

    def host(self, device: str, *, patience_s: float = 0) -> HostSsh:
        """Open a session with the operating system of a server; ``patience_s`` of the clock is waited for one that is on its way up.

        Raises the errors of :func:`rackwright.drivers.hosts.ssh.connect`, and ``DriverError`` for a host without address.
        """
        from rackwright.drivers.hosts.ssh import connect

        return connect(
            self.host_endpoint(device),
            login=self._keys,
            trust=self.trust,
            clock=self.clock,
            limits=self.limits.patient(patience_s) if patience_s else self.limits,
        )

    def play(self, play: Play, *, heard: Heard | None = None, ask: Ask | None = None) -> Played:
        """Play a playbook on hosts; their host keys must be pinned already: a session of :meth:`host` does that at first contact.

        On the twin no Ansible runs: the play goes to each emulated host, which has a row for every role.
        ``ask`` speaks to one of those; without it each play has a session of its own.
        """
        from rackwright.drivers.hosts import emulated, playing

        look_through_types()
        if self.twin:
            return emulated.play(play, ask or self._asked, heard=heard)
        return playing.play(play, login=self._keys, known_hosts=self.trust.known_hosts, heard=heard)

    def _asked(self, device: str, question: Callable[[Host], bytes]) -> bytes:
        with closing(self.host(device)) as session:
            return question(session)

    def host_endpoint(self, device: str) -> Endpoint:
        """Return where a host answers. Raises ``DriverError`` for one without address."""
        if device not in self.hosts:
            why = self.hosts_astray.get(device, "it is no server of this plan, or outside of --limit")
            raise DriverError(f"{device}: {why}", device=device)
        return self.hosts[device]

    def forget_host(self, device: str) -> bool:
        """Drop the host key of a host that was installed anew, where a first contact is allowed; returns whether there was one."""
        return self.trust.first_use and not self.twin and self.trust.forget(self.host_endpoint(device))

    @property
    def answered(self) -> Path:
        """Where it is kept whose operating system let us in; that of an emulated server goes with its twin."""
        return (self.state / "twin" if self.twin else self.state) / "answered"

    @property
    def leases(self) -> Path:
        """Where it is kept which switches hold a DHCP lease that they no longer want; that of an emulated switch goes with its twin."""
        return (self.state / "twin" if self.twin else self.state) / LEASES

    @cached_property
    def _keys(self) -> Login:
        """What hosts are logged in to with: a key or an agent, never the password of the switches."""
        return Login(self.login.identity, self.login.agent)

    def install(self, device: str, what: Installation) -> None:
        """Have a switch install a NOS, always over SSH; returns while it goes down.

        The new installation shows another host key. Where a first contact is allowed the old one is forgotten, so that it can be pinned.
        """
        from rackwright.drivers.nvue.installing import install

        endpoint = self._endpoint(device)
        install(endpoint, what, login=self.login, trust=self.trust, limits=self.limits)
        if self.trust.first_use:
            self.trust.forget(endpoint)

    def release(self, device: str, left: Nvue | None = None) -> None:
        """Have a switch whose eth0 left DHCP give its old lease back, always over SSH; see whether it lets us in afterwards.

        ``left``: a session that is over, whatever comes of it; one over SSH spares a login.
        """
        from rackwright.drivers.nvue.rooting import release
        from rackwright.drivers.nvue.ssh import NvueSsh

        session = left.session if isinstance(left, NvueSsh) else None
        try:
            release(self._endpoint(device), login=self.login, trust=self.trust, limits=self.limits, left=session)
        finally:
            if left is not None:
                left.close()

    def forget(self, device: str) -> bool:
        """Drop the pins of a device that is another machine now; returns whether there were any. A twin keeps its own."""
        return not self.twin and self.trust.forget(self._endpoint(device))

    def repin(self, device: str, fingerprint: str) -> None:
        """Believe another certificate of a BMC from now on: one that we signed."""
        self.trust.repin(self.bmcs[device], fingerprint)

    def _endpoint(self, device: str) -> Endpoint:
        if device not in self.endpoints:
            why = self.astray.get(device, "it is no switch of this plan, or outside of --limit")
            raise DriverError(f"{device}: {why}", device=device)
        return self.endpoints[device]


def state_folder(site: Path) -> Path:
    """Return the folder of a site's state, made for its owner alone; ``site`` is the folder that holds ``site.yaml``."""
    folder = site / STATE
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def to_site(
    state: Path,
    addresses: Mapping[str, str],
    *,
    transport: Transport = "ssh",
    identity: Path | None = None,
    first_use: bool = False,
    jobs: int = JOBS,
    database: str | None = None,
    bmcs: Mapping[str, str] | None = None,
    bmc_password: SecretRef = BMC_PASSWORD,
    bmc_user: str = BMC_USER,
    hosts: Mapping[str, str] | None = None,
    host_user: str = HOST_USER,
    outside: Mapping[str, str] | None = None,
) -> Reach:
    """Reach real devices: name -> address, empty where there is none; ``bmcs`` alike, logged in to as ``bmc_user``, and ``hosts`` as ``host_user``.

    ``outside`` are the switches that are not meant.

    Logged in is with ``identity``, the ssh-agent, or the secret ``switch_password``, and to BMCs with ``bmc_password``; ``ca.pem``
    in the state folder, where it is there, signs the certificates, else they are pinned.
    """
    from rackwright.drivers.trust import Trust

    resolvers = (Environment(), Folder(state / "secrets"))
    ca = state / "ca.pem"
    return Reach(
        endpoints={name: Endpoint(device=name, host=host) for name, host in addresses.items() if host},
        astray={name: _NO_ADDRESS for name, host in addresses.items() if not host},
        state=state,
        login=Login(identity, agent=bool(os.environ.get("SSH_AUTH_SOCK")), password=_password(resolvers)),
        trust=Trust(state, ca=ca if ca.is_file() else None, first_use=first_use),
        resolvers=resolvers,
        clock=WallClock(),
        transport=transport,
        jobs=jobs,
        database=database,
        bmcs={name: Endpoint(device=name, host=host, user=bmc_user) for name, host in (bmcs or {}).items() if host},
        bmcs_astray={name: _NO_ADDRESS for name, host in (bmcs or {}).items() if not host},
        bmc_password=bmc_password,
        hosts={name: Endpoint(device=name, host=host, user=host_user) for name, host in (hosts or {}).items() if host},
        outside={name: Endpoint(device=name, host=host) for name, host in (outside or {}).items() if host},
        hosts_astray={name: _NO_HOST for name, host in (hosts or {}).items() if not host},
    )


def to_twin(
    state: Path,
    names: Iterable[str],
    *,
    transport: Transport = "ssh",
    identity: Path | None = None,
    first_use: bool = False,
    jobs: int = JOBS,
    database: str | None = None,
    bmcs: Iterable[str] = (),
    bmc_password: SecretRef = BMC_PASSWORD,
    hosts: Iterable[str] = (),
    outside: Iterable[str] = (),
) -> Reach:
    """Reach the emulated devices of a site's twin, as its ``twin.json`` says.

    Raises :class:`~rackwright.errors.TwinError` when the twin is not up.
    """
    from rackwright.drivers.trust import Trust

    twin = _twin(state)
    known = {endpoint.device: endpoint for endpoint in twin.devices}
    known_bmcs = {endpoint.device: endpoint for endpoint in twin.bmcs}
    known_hosts = {endpoint.device: endpoint for endpoint in twin.hosts}
    asked, asked_bmcs, asked_hosts = list(names), list(bmcs), list(hosts)
    resolvers = (Environment(), Folder(state / "twin" / "secrets"))
    return Reach(
        endpoints={name: known[name] for name in asked if name in known},
        astray={name: _NO_SUCH for name in asked if name not in known},
        state=state,
        login=Login(identity or state / twin.identity, password=_password(resolvers)),
        trust=Trust(state / "twin", known_hosts=state / twin.known_hosts, ca=state / twin.ca, first_use=first_use),
        resolvers=resolvers,
        clock=ScaledClock(twin.rate),
        transport=transport,
        jobs=jobs,
        database=database,
        twin=True,
        limits=_TWIN_LIMITS,
        bmcs={name: known_bmcs[name] for name in asked_bmcs if name in known_bmcs},
        bmcs_astray={name: _NO_SUCH for name in asked_bmcs if name not in known_bmcs},
        bmc_password=bmc_password,
        hosts={name: known_hosts[name] for name in asked_hosts if name in known_hosts},
        outside={name: known[name] for name in outside if name in known},
        hosts_astray={name: _NO_TWIN_HOST for name in asked_hosts if name not in known_hosts},
    )


class _Twin(msgspec.Struct, frozen=True):
    """``twin.json``: what a twin says of itself; paths are relative to the state folder, or absolute."""

    state: Path
    """The folder that the twin was made for."""
    rate: float
    devices: tuple[Endpoint, ...]
    identity: Path
    known_hosts: Path
    ca: Path
    pid: int
    bmcs: tuple[Endpoint, ...] = ()
    hosts: tuple[Endpoint, ...] = ()


def _twin(state: Path) -> _Twin:
    start = f"start it with 'rackwright twin up {state.parent} --detach'"
    try:
        twin = msgspec.json.decode((state / "twin.json").read_bytes(), type=_Twin, dec_hook=_path)
        _refuse_copy(state, twin.state)
        os.kill(twin.pid, 0)
    except FileNotFoundError:
        raise TwinError(f"the twin of {state.parent} is not up: {start}") from None
    except ProcessLookupError:
        raise TwinError(f"the twin of {state.parent} has ended without 'twin down': {start}") from None
    except (OSError, msgspec.DecodeError) as error:
        raise TwinError(f"{state / 'twin.json'} cannot be read ({error}): {start}") from None
    return twin


def _refuse_copy(state: Path, made_for: Path) -> None:
    """Keep a copied folder from reaching the twin of the one it was copied from."""
    if made_for.resolve() != state.resolve():
        raise TwinError(
            f"{state / 'twin.json'} is of the twin of {made_for.parent}, not of this folder: "
            f"start one of its own with 'rackwright twin up {state.parent} --detach'"
        )


def _path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value)
    raise NotImplementedError(f"no {kind} in twin.json")


def _password(resolvers: tuple[Resolver, ...]) -> Secret | None:
    found = (resolver.find(PASSWORD.name) for resolver in resolvers)
    return next((secret for secret in found if secret is not None), None)
