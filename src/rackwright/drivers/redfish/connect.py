"""Open a session with a BMC, and again while it is on its way up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rackwright.drivers.clock import Clock, WallClock
from rackwright.drivers.endpoint import Endpoint
from rackwright.drivers.limits import Limits
from rackwright.drivers.trust import Trust
from rackwright.errors import DeviceRefused, DeviceTimeout, LostMidCommand, Unreachable
from rackwright.secrets import Secret

if TYPE_CHECKING:
    from rackwright.drivers.redfish.model import Redfish

__all__ = ["connect"]

_ON_ITS_WAY: Final = frozenset({500, 502, 503, 504})


def connect(
    endpoint: Endpoint,
    *,
    password: Secret,
    trust: Trust,
    clock: Clock | None = None,
    limits: Limits | None = None,
) -> Redfish:
    """Open a session and log in as ``endpoint.user``; the caller closes it, whatever happened in between.

    A BMC that is unreachable, breaks off or says that it is not ready is tried again for ``limits.patience_s`` of the clock; a refused login or another
    identity never is.
    Raises ``Unreachable``, ``AuthRefused``, ``IdentityUnknown``, ``IdentityChanged``, ``DeviceRefused``, ``DeviceTimeout``.
    """
    from rackwright.drivers.redfish.bmc import Bmc

    clock, limits = clock or WallClock(), limits or Limits()
    until = clock.now() + limits.patience_s
    while True:
        try:
            return Bmc(endpoint, password=password, trust=trust, clock=clock, limits=limits)
        except (Unreachable, LostMidCommand, DeviceTimeout):
            if clock.now() + limits.pause_s > until:
                raise
        except DeviceRefused as error:
            if error.status not in _ON_ITS_WAY or clock.now() + limits.pause_s > until:
                raise
        clock.sleep(limits.pause_s)
