"""Open a session with a switch: over the transport that was asked for, and again while it is on its way up."""

from __future__ import annotations

from typing import Literal, TypeAlias

from rackwright.drivers.clock import Clock, WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.model import Nvue
from rackwright.drivers.trust import Trust
from rackwright.errors import AuthRefused, Unreachable

__all__ = ["Transport", "connect"]

Transport: TypeAlias = Literal["ssh", "rest"]
"""``ssh``: the ``nv`` command, works where the API is off. ``rest``: the NVUE API; cannot change passwords."""


def connect(
    endpoint: Endpoint,
    *,
    login: Login,
    trust: Trust,
    transport: Transport = "ssh",
    clock: Clock | None = None,
    limits: Limits | None = None,
) -> Nvue:
    """Open a session and log in; the caller closes it.

    An unreachable device is tried again for ``limits.patience_s`` of the clock; a refused login or another identity
    never is. Raises what the transports raise: ``Unreachable``, ``AuthRefused``, ``IdentityUnknown``,
    ``IdentityChanged``, ``DeviceTimeout``.
    """
    clock, limits = clock or WallClock(), limits or Limits()
    if not login:
        remedy = "give --identity FILE, load a key into your ssh-agent, or set the secret switch_password"
        raise AuthRefused(
            f"nothing to log in to {endpoint.device} with: {remedy}", device=endpoint.device, remedy=remedy
        )
    until = clock.now() + limits.patience_s
    while True:
        try:
            return _open(endpoint, login, trust, transport, clock, limits)
        except Unreachable:
            if clock.now() + limits.pause_s > until:
                raise
        clock.sleep(limits.pause_s)


def _open(endpoint: Endpoint, login: Login, trust: Trust, transport: Transport, clock: Clock, limits: Limits) -> Nvue:
    # netmiko and requests take 0.2 s to import each: only the one that is used is.
    if transport == "rest":
        from rackwright.drivers.nvue.rest import NvueRest

        return NvueRest(endpoint, login=login, trust=trust, clock=clock, limits=limits)
    from rackwright.drivers.nvue.ssh import NvueSsh

    return NvueSsh(endpoint, login=login, trust=trust, clock=clock, limits=limits)
