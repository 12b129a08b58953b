"""Whether two ends of a BGP session agree: a pure function of both configurations."""

from __future__ import annotations

from typing import NamedTuple

from rackwright.twin.state.config import Neighbor, VrfBgp

__all__ = ["Agreement", "agree"]


class Agreement(NamedTuple):
    """What two ends make of each other."""

    works: bool
    reason: str
    """Why not; empty when it works."""
    families: frozenset[str] = frozenset()
    bfd: bool = False
    """Both ends ask for BFD."""


def agree(one: tuple[VrfBgp, Neighbor] | None, two: tuple[VrfBgp, Neighbor] | None) -> Agreement:
    """Say whether a session between two configured ends can be established.

    An address family is spoken when both have it, in the neighbour or its group and in the VRF (nvue.md 3.3).
    """
    if one is None or two is None:
        return Agreement(False, "one end only")
    (mine, near), (yours, far) = one, two
    if near.shutdown or far.shutdown:
        return Agreement(False, "shut down")
    if near.unnumbered != far.unnumbered:
        return Agreement(False, "numbered against unnumbered")
    if not (_expected(near.remote_as, mine.asn, yours.asn) and _expected(far.remote_as, yours.asn, mine.asn)):
        return Agreement(False, "remote AS differs")
    if not _lifetime(near, far, external=mine.asn != yours.asn):
        return Agreement(False, "TTL security differs")
    families = frozenset(near.families) & frozenset(far.families)
    if "l2vpn-evpn" in families and not all("l2vpn-evpn" in bgp.families for bgp in (mine, yours)):
        families -= {"l2vpn-evpn"}
    if not families:
        return Agreement(False, "no common address family")
    return Agreement(True, "", families, near.bfd and far.bfd)


def _expected(remote_as: str, own: int, other: int) -> bool:
    if remote_as == "internal":
        return other == own
    if remote_as == "external":
        return other != own
    return remote_as.isdecimal() and int(remote_as) == other


def _lifetime(near: Neighbor, far: Neighbor, *, external: bool) -> bool:
    """Tell whether packets arrive with the TTL that is asked for.

    Over an interface FRR turns TTL security on by itself (BGP troubleshooting page: operational ``ttl-security enable
    on, hops 1`` where it is not set) and internal peers send 255 anyway; only a numbered external peer sends 1.
    """
    if near.unnumbered or not external:
        return True
    return bool(near.ttl_hops) == bool(far.ttl_hops)
