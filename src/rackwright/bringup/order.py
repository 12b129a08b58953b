"""The order of a bring-up: its tasks, and what the operator agreed to; the bytes that lie in the run's folder.

What is to be done to a device is not in it: each task reads the device and makes the order of that one device, which is
kept beside. So a resumed run, and a worker elsewhere, need the site as it was; :attr:`Order.intent` tells whether it still is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import msgspec

from rackwright.errors import RunChanged
from rackwright.push.installs.order import Image
from rackwright.runs.model import Apart, Graph

__all__ = ["Consent", "Order", "decode"]


class Consent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the operator allowed for every device."""

    allow_downgrade: bool = False
    lift_lockdown: bool = False
    factory_login: bool = False
    """The well-known password of the factory may be tried."""
    drained_by: str = ""
    """Program that is asked, with the server's name, whether its host is drained; empty: the operator's word stands."""
    confirm_s: int = 600
    """After it a switch goes back by itself."""
    proof: Literal["blink", "lldp"] = "blink"
    """How cables of servers are proven: ports that go down and links that follow, or what switches hear."""
    image: Image | None = None
    """Image of the NOS for switches that run another version than the planned one."""
    tries: int = 1
    """How often a task is begun whose device could not be reached and was not changed yet."""
    installer: str = ""
    """What bare servers are installed from: an ISO's URL, ``http`` or ``pxe``."""
    wipe: tuple[str, ...] = ()
    """Servers whose disk may be lost although a system has answered from it."""


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A bring-up, whole."""

    schema: Literal[1] = 1
    site: str
    intent: str
    """Digest of the intent that the plan was made from."""
    who: str = ""
    """Who began it."""
    graph: Graph
    consent: Consent = Consent()
    apart: Apart = ()
    """Devices that nobody else may work on meanwhile."""
    words: tuple[tuple[str, str], ...] | None = None
    """The options that hold something back, with their values, as they were given; None: not kept."""
    sections: dict[str, str] = {}
    """Part of the site -> its digest, so that it can be told what has changed since."""

    def encoded(self) -> bytes:
        """Return the bytes that a run keeps."""
        return msgspec.json.encode(self)


@lru_cache(maxsize=2)
def decode(data: bytes) -> Order:
    """Read the bytes of an order; the last ones are kept, since every task of a run asks.

    Raises :class:`~rackwright.errors.RunChanged` when they are of another version.
    """
    try:
        return msgspec.json.decode(data, type=Order)
    except msgspec.MsgspecError as error:
        raise RunChanged(
            f"this run was ordered by another version ({error}): start a new bring-up, it reads first"
        ) from None
