"""netmiko's connection to a Cumulus switch, without its screen.

netmiko opens a pseudo-terminal, waits for a prompt and reads the screen: round trips and sleeps that NVUE does not need.
Here netmiko connects and logs in, and what would have become the terminal is the first channel for commands: each runs on
a channel of its own, whose output, errors and exit status come apart.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
from typing import TYPE_CHECKING, Any, Final, cast

import paramiko
from netmiko.cumulus import CumulusLinuxSSH

from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.faults import connecting
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue import doors
from rackwright.drivers.nvue.doors import Door
from rackwright.drivers.trust import HostKey, Trust, host_name
from rackwright.errors import DriverError

if TYPE_CHECKING:
    from paramiko import PKey, SSHClient, Transport

__all__ = ["Connection"]

_KEEPALIVE_S: Final = 15
_IDLE_S: Final = 1.0
_UNACKNOWLEDGED_MS: Final = 45_000
"""How long what we sent may stay unacknowledged before the kernel gives the connection up."""

_AHEAD: Final = 1 << 16
"""Bytes that are read at a time: two of the largest packets."""

_LOG: Final = "rackwright.drivers.paramiko"
logging.getLogger(_LOG).propagate = False
logging.getLogger(_LOG).setLevel(logging.CRITICAL + 1)


class Connection(CumulusLinuxSSH):
    """netmiko's connection to one switch; ``establish_connection`` makes it, ``end`` ends it."""

    def __init__(self, endpoint: Endpoint, *, login: Login, trust: Trust, limits: Limits) -> None:
        self._endpoint = endpoint
        self._trust = trust
        self._limits = limits
        self._offered = _offered(login)
        self._wire: socket.socket | None = None
        super().__init__(
            host=endpoint.host,
            port=endpoint.ssh_port,
            username=endpoint.user,
            password=login.password.reveal() if login.password else None,
            pkey=login.key,
            allow_agent=login.agent,
            device_type="cumulus_linux",
            ssh_strict=True,
            conn_timeout=limits.connect_s,
            banner_timeout=limits.connect_s,
            auth_timeout=limits.login_s,
            keepalive=_KEEPALIVE_S,
            auto_connect=False,
        )

    def establish_connection(self, width: int = 511, height: int = 1000) -> None:
        """Connect, check the host key, log in; raises our own errors, and then nothing is left open."""
        try:
            with connecting(self._endpoint, self._offered, self._limits):
                self.sock = self._wire = _socket(self._endpoint, self._limits.connect_s)
                super().establish_connection(width, height)
                # paramiko's thread looks up ten times a second while nothing comes; whoever ends the session shuts its socket first.
                self._wire.settimeout(_IDLE_S)
        except DriverError:
            self.end()
            raise

    @property
    def transport(self) -> Transport:
        """Return the SSH transport; raises EOFError when there is none."""
        transport = self.remote_conn_pre.get_transport() if self.remote_conn_pre else None
        if transport is None:
            raise EOFError("closed")
        return transport

    @property
    def alive(self) -> bool:
        """Whether the session has not ended, as far as is known here."""
        transport = self.remote_conn_pre.get_transport() if self.remote_conn_pre else None
        return transport is not None and transport.is_active()

    def first_channel(self) -> Door:
        """Return the channel that netmiko asked for, for the first command."""
        return cast("Door", self.remote_conn)

    def door(self) -> Door:
        """Ask for a channel, and do not wait for it."""
        return doors.asked(self.transport)

    def end(self) -> None:
        """Close everything; never raises."""
        # Shut down first: paramiko's thread looks for an end ten times a second, and would be waited for.
        if self._wire is not None:
            with contextlib.suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
            self._wire.close()
        self.disconnect()

    def cleanup(self, command: str = "") -> None:
        """Type no farewell: there is no shell."""

    def _get_ssh_client_instance(self) -> SSHClient:
        return _Client(self._endpoint, self._trust)


class _Client(paramiko.SSHClient):
    """paramiko's client with our pins, and no terminal."""

    def __init__(self, endpoint: Endpoint, trust: Trust) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._trust = trust
        self.set_log_channel(_LOG)

    def connect(self, *args: Any, **kwargs: Any) -> None:
        """Connect; a host key that is not the pinned one raises what :class:`Trust` says of it."""
        self.set_missing_host_key_policy(_Pins(self._endpoint, self._trust))
        for key in self._trust.host_keys(self._endpoint):
            with contextlib.suppress(paramiko.SSHException, ValueError):
                known = paramiko.PKey.from_type_string(key.kind, key.bytes)
                self.get_host_keys().add(host_name(self._endpoint), key.kind, known)
        try:
            super().connect(*args, **{**kwargs, "transport_factory": _transport})
        except paramiko.BadHostKeyException as error:
            self._trust.meet_host(self._endpoint, _host_key(error.key))
            raise

    def invoke_shell(self, *_args: Any, **_kwargs: Any) -> Door:
        """Ask for a plain channel where netmiko asks for a terminal."""
        transport = self.get_transport()
        if transport is None:
            raise EOFError("closed")
        return doors.asked(transport)


class _Pins(paramiko.MissingHostKeyPolicy):
    """Asks :class:`~rackwright.drivers.trust.Trust` about a key that is not pinned."""

    def __init__(self, endpoint: Endpoint, trust: Trust) -> None:
        self._endpoint = endpoint
        self._trust = trust

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:  # noqa: ARG002 - paramiko's signature
        """Pin the key at first contact, or raise."""
        self._trust.meet_host(self._endpoint, _host_key(key))


def _transport(wire: socket.socket, **kwargs: Any) -> Transport:
    """Return a transport that takes AES-GCM where the switch has it, and else what paramiko would."""
    transport = doors.Hall(wire, **kwargs)
    options = transport.get_security_options()
    # Other ciphers come with a MAC, which paramiko compares in Python, byte by byte: half of what an answer costs to read.
    options.ciphers = sorted(options.ciphers, key=lambda name: "-gcm@" not in name)
    return transport


def _host_key(key: PKey) -> HostKey:
    return HostKey(key.get_name(), key.get_base64())


def _offered(login: Login) -> str:
    """Say what is offered, in the order in which it is."""
    shown = [f"the key {login.identity}"] if login.identity else []
    shown += ["the keys of the ssh-agent"] if login.agent else []
    shown += ["a password"] if login.password else []
    return " and ".join(shown) or "nothing"


class _Wire(socket.socket):
    """A connection that is read ahead: paramiko asks for each packet in two parts, and what ends a command is four packets."""

    def __init__(self, plain: socket.socket) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._ahead = io.BytesIO()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Return what has come already; only where that is nothing wait for more."""
        part = self._ahead.read(size)
        if not part:
            self._ahead = io.BytesIO(super().recv(_AHEAD, flags))
            part = self._ahead.read(size)
        return part


def _socket(endpoint: Endpoint, seconds: float) -> socket.socket:
    wire = _Wire(socket.create_connection((endpoint.host, endpoint.ssh_port), timeout=seconds))
    # paramiko leaves Nagle on: a small packet after another would wait for the peer's delayed acknowledgement.
    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(AttributeError, OSError):
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)
    return wire
