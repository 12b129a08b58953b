"""Which changes restart a service, by the path of what changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from rackwright.twin.engine.behaviours import seconds
from rackwright.twin.engine.trees import Path, changed_paths

__all__ = ["RESTARTS", "Restart", "apply_seconds", "restarted"]


class Restart(NamedTuple):
    """A change below ``path`` (``*`` is any key) restarts ``service``."""

    path: Path
    service: str
    source: str


RESTARTS: Final[tuple[Restart, ...]] = (
    Restart(("evpn", "multihoming", "enable"), "switchd", "EVPN-Multihoming: enabling or disabling restarts switchd"),
    Restart(("router", "adaptive-routing", "enable"), "switchd", "Equal-Cost-Multipath: restarts switchd"),
    Restart(("system", "global", "reserved", "vlan", "internal"), "switchd", "VLAN-aware-Bridge-Mode; nvue.md 8.42"),
    Restart(("router", "bgp", "enable"), "frr", "Basic-BGP-Configuration: restarts FRR"),
    Restart(("router", "bgp", "autonomous-system"), "frr", "Basic-BGP-Configuration: restarts FRR"),
    Restart(("vrf", "*", "router", "bgp", "enable"), "frr", "Basic-BGP-Configuration: restarts FRR"),
    Restart(("vrf", "*", "router", "bgp", "autonomous-system"), "frr", "Basic-BGP-Configuration: restarts FRR"),
    Restart(("interface", "eth0", "ip"), "networking", "nvue.md 8.42"),
    Restart(("vrf", "mgmt"), "networking", "nvue.md 8.42"),
)
"""What is known to restart something; anything else is applied without.

A breakout is not among them: switchd is only reloaded (Switch-Port-Attributes), and the data plane resets the ports of that cage.
"""


def _adaptive(tree: Mapping[str, Any]) -> bool:
    """Tell whether adaptive routing is on: the knob of a port switches the global one on (Equal-Cost-Multipath)."""
    router = tree.get("router", {}).get("adaptive-routing", {})
    ports = tree.get("interface", {}).values()
    per_port = (port.get("router", {}).get("adaptive-routing", {}) for port in ports if isinstance(port, Mapping))
    return router.get("enable") == "on" or any(one.get("enable") == "on" for one in per_port)


def restarted(old: Mapping[str, Any], new: Mapping[str, Any]) -> frozenset[str]:
    """Name the services that the change from one applied tree to the next restarts."""
    found = set(_of(changed_paths(old, new)))
    if _adaptive(old) != _adaptive(new):
        found.add("switchd")
    return frozenset(found)


def _of(paths: Iterable[Path]) -> Iterable[str]:
    for path in paths:
        for row in _BY_FIRST.get(path[0], ()):
            if len(path) >= len(row.path) and all(
                want in ("*", have) for want, have in zip(row.path, path, strict=False)
            ):
                yield row.service


_BY_FIRST: Final = {
    first: [row for row in RESTARTS if row.path[0] == first] for first in {row.path[0] for row in RESTARTS}
}


def apply_seconds(services: frozenset[str]) -> float:
    """Return how long an apply takes that restarts these services."""
    return seconds("apply") + sum(seconds(f"apply-{service}") for service in sorted(services))
