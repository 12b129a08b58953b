"""A question about one leaf of one switch, with the look-ups that answers need; and the shape of an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import msgspec

from rackwright.intent.models import Attach, Site
from rackwright.plan.lock import LockFile
from rackwright.plan.model import Bond, Link, Plan, Port, Svi, Switch

__all__ = ["Answer", "Origin", "Question", "convention", "fact", "held", "link_cause", "rule", "written"]

Path = tuple[str, ...]


class Origin(msgspec.Struct, frozen=True):
    """One step on the way from a rendered value back to what decided it."""

    kind: Literal["plan", "site", "lock", "convention", "rule"]
    """An object of the plan, a key of the site file, an entry of the lock, a row of the conventions, a fixed rule."""
    text: str
    """What the step says; for ``lock`` its ``pool/key``, for ``convention`` its key."""
    path: Path = ()
    """Of the site file, for ``site``."""


Answer = Iterator[Origin]


def written(*path: str | int, says: str = "") -> Origin:
    """Point to a key of the site file, whether it is written there or left to its default."""
    return Origin("site", says, tuple(str(part) for part in path))


def convention(key: str) -> Origin:
    """Point to a key of the house style."""
    return Origin("convention", key)


def held(pool: str, key: str) -> Origin:
    """Point to an allocation."""
    return Origin("lock", f"{pool}/{key}")


def rule(text: str) -> Origin:
    """State what always holds."""
    return Origin("rule", text)


def fact(text: str) -> Origin:
    """State what the plan says."""
    return Origin("plan", text)


@dataclass(frozen=True)
class Question:
    """A question: where does the value at ``path`` of ``switch`` come from."""

    plan: Plan
    site: Site
    lock: LockFile
    switch: Switch
    path: Path

    @property
    def fabric(self) -> str:
        """Key of the switch's fabric."""
        return self.switch.fabric

    @cached_property
    def port(self) -> Port | None:
        """The port that the path names, as an interface or at its end."""
        ports = {port.name: port for port in self.switch.ports}
        return next((ports[word] for word in self.path if word in ports), None)

    @cached_property
    def bond(self) -> Bond | None:
        """The bond that the path names, or the port's."""
        name = self.path[1] if len(self.path) > 1 else ""
        own = self.port.bond if self.port else ""
        return next((bond for bond in self.switch.bonds if bond.name in (name, own)), None)

    @cached_property
    def ports(self) -> tuple[Port, ...]:
        """The ports that the path is about: its own, those of its bond, those of its cage."""
        if self.path[1:2] and self.bond and self.path[1] == self.bond.name:
            return tuple(port for port in self.switch.ports if port.name in self.bond.members)
        if self.port:
            return (self.port,)
        name = self.path[1] if len(self.path) > 1 else ""
        return tuple(port for port in self.switch.ports if f"swp{port.cage}" == name)

    @cached_property
    def link(self) -> Link | None:
        """The link of the first of these ports that has one."""
        return next((self.plan.links[port.link] for port in self.ports if port.link >= 0), None)

    @cached_property
    def cause(self) -> Path:
        """The entry of the site file that asked for the link."""
        return link_cause(self.site, self.link) if self.link else ()

    @cached_property
    def attach(self) -> Attach | None:
        """The attach entry that asked for the link."""
        link = self.link
        if link is None or link.kind not in ("host", "management", "pdu") or link.attach < 0:
            return None
        return self.site.fabrics[link.fabric].attach[link.attach]

    @cached_property
    def svi(self) -> Svi | None:
        """The VLAN interface that the path names."""
        return next((svi for svi in self.switch.svis if f"vlan{svi.vlan}" in self.path), None)

    def network(self, vlan: int) -> str:
        """Return the network of a VLAN, that of this fabric where another has the number too; empty for none."""
        named = [name for name, network in self.site.networks.items() if network.vlan == vlan]
        own = [name for name in named if self.switch.fabric in self.site.bridged(name)]
        return next(iter(own or named), "")

    def of_attach(self, *keys: str) -> Answer:
        """Point to keys of the attach entry, and to nothing where no entry asked."""
        if self.attach is not None:
            for key in keys:
                yield written(*self.cause, key)

    def entry(self) -> Answer:
        """Tell the link and the entry that asked for it."""
        for port in self.ports[:1]:
            yield fact(_port_words(port))
        if self.link is not None:
            yield fact(f"link {self.link.a.device} {self.link.a.port} - {self.link.b.device} {self.link.b.port}")
            yield written(*self.cause)


def _port_words(port: Port) -> str:
    rail = f", rail {port.rail}" if port.rail else ""
    peer = f" to {port.peer} {port.peer_port}".rstrip() if port.peer else ""
    return f"port {port.name}: {port.kind}, {port.speed_gbps:g} Gb/s{peer}{rail}"


def link_cause(site: Site, link: Link) -> Path:
    """Return the path in the site file of what asked for a link."""
    head = ("fabrics", link.fabric)
    if link.kind in ("host", "management", "pdu") and link.attach >= 0:
        return (*head, "attach", str(link.attach))
    if link.kind == "external" and link.attach >= 0:
        return (*head, "external", str(link.attach))
    if link.kind == "uplink":
        lower = next((key for key, fabric in site.fabrics.items() if fabric.uplink), link.fabric)
        return ("fabrics", lower, "uplink")
    words = {"isl": "isl", "fabric": "spines"}
    return (*head, words[link.kind]) if link.kind in words else head
