"""Prefixes of one routing table that lie on each other."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import NamedTuple

from rackwright.findings import Problem, problem
from rackwright.intent.models import Site
from rackwright.plan.pools import parse_range

__all__ = ["overlaps"]


class _Span(NamedTuple):
    vrf: str
    first: int
    last: int
    path: tuple[str, ...]
    text: str


def overlaps(site: Site) -> list[Problem]:
    """Return a problem for each prefix that begins inside another of the same VRF."""
    found: list[Problem] = []
    furthest: _Span | None = None
    for span in sorted(_spans(site)):
        if furthest and furthest.vrf == span.vrf and span.first <= furthest.last:
            found.append(
                problem(
                    "plan.addresses",
                    f"{'.'.join(span.path)} {span.text} overlaps {'.'.join(furthest.path)} {furthest.text}",
                    path=span.path,
                    remedy="choose prefixes that do not meet",
                )
            )
        if furthest is None or furthest.vrf != span.vrf or span.last > furthest.last:
            furthest = span
    return found


def _spans(site: Site) -> Iterator[_Span]:
    for name, network in site.networks.items():
        word = "subnet" if network.style == "vlan" else "pool"
        prefix = getattr(network, word)
        if prefix:
            yield from _span(network.vrf or "default", ("networks", name, word), prefix)
    for word in ("loopback", "vtep"):
        pool = getattr(site.pools, word)
        # The default pools are a proposal; a site that routes nothing need not mind them.
        if pool and word in site.pools.model_fields_set:
            yield from _span("default", ("pools", word), pool)


def _span(vrf: str, path: tuple[str, ...], prefix: str) -> Iterator[_Span]:
    try:
        if "-" in prefix:
            room = parse_range(prefix)
            yield _Span(vrf, room.first, room.first + room.size - 1, path, prefix)
        else:
            net = ipaddress.IPv4Network(prefix)
            yield _Span(vrf, int(net.network_address), int(net.broadcast_address), path, prefix)
    except ValueError:
        return  # said where the prefix is used
