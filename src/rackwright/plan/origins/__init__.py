"""From a rendered value back to what decided it: the plan's object, the site's key, the lock, the house style.

The table says for each sort of NVUE path which function answers; the first row that fits is taken, and a
path that no row knows is said to be fixed (``rule``). What a path *is* is said by ``rackwright.report.explain``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from rackwright.plan.origins import control, interfaces
from rackwright.plan.origins.question import Answer, Origin, Question, convention, rule, written

__all__ = ["RULES", "Origin", "Question", "origins"]

Teller = Callable[[Question], Answer]


def _says(*steps: Origin) -> Teller:
    """Answer with the same steps whatever the switch."""
    return lambda _: iter(steps)


def _adaptive(asked: Question) -> Answer:
    """Explain adaptive routing: it balances over equal paths, so it needs several."""
    yield written("fabrics", asked.fabric, "adaptive_routing")
    yield convention("adaptive_routing")
    yield written("fabrics", asked.fabric, "topology")


_FIXED: Final = rule("every switch has it, whatever the site says (nvue.md 3.1, 5)")

RULES: Final[tuple[tuple[str, Teller], ...]] = (
    ("interface eth0 **", interfaces.eth0),
    ("interface lo ip address *", interfaces.loopback),
    ("interface * vlan", interfaces.svi),
    ("interface * ip vrr **", interfaces.svi),
    ("interface * link breakout **", interfaces.cage),
    ("interface * link state *", interfaces.state),
    ("interface * link mtu", interfaces.link_mtu),
    ("interface * description", interfaces.description),
    ("interface * bridge **", interfaces.bridge),
    ("interface * bond **", interfaces.bond),
    ("interface * evpn multihoming **", interfaces.multihoming),
    ("interface * ip vrf", interfaces.port_vrf),
    ("interface * ip address *", interfaces.address),
    ("interface * qos **", interfaces.watchdog),
    ("interface * router adaptive-routing **", _adaptive),
    ("interface * telemetry **", _says(convention("histograms"))),
    (
        "interface * type",
        lambda asked: interfaces.bond(asked) if asked.bond and not asked.port else interfaces.entry(asked),
    ),
    ("bridge domain **", control.vlan),
    ("evpn **", control.overlay),
    ("nve vxlan source address", control.vtep),
    ("nve **", control.overlay),
    ("qos **", control.roce),
    ("router bgp autonomous-system", control.asn),
    ("router bgp router-id", control.router_id),
    ("router bgp **", control.asn),
    ("router adaptive-routing **", _adaptive),
    ("router policy **", control.policy),
    ("router vrr **", control.gateway_routes),
    ("service dhcp-relay **", control.relay),
    ("service **", control.services),
    ("system hostname", control.hostname),
    ("system timezone", _says(written("site", "timezone"))),
    ("system global anycast-mac", control.anycast_mac),
    ("system aaa authentication-order **", _says(written("aaa", "order"))),
    ("system aaa ldap **", _says(written("aaa", "ldap"))),
    ("system aaa user * hashed-password **", control.password),
    ("system aaa user * ssh **", control.ssh_key),
    ("system aaa user **", _says(written("access", "user"))),
    ("system telemetry **", _says(convention("system"))),
    ("system wjh **", _says(convention("system"))),
    ("system **", _says(_FIXED)),
    ("vrf * loopback **", control.vrf_loopback),
    ("vrf * router bgp neighbor **", control.neighbor),
    ("vrf * router bgp peer-group **", control.peer_group),
    ("vrf * router bgp autonomous-system", control.asn),
    ("vrf * router bgp router-id", control.router_id),
    ("vrf * router bgp rd", control.router_id),
    ("vrf default router static **", control.gateway_routes),
    (
        "vrf default **",
        lambda asked: iter((written("fabrics", asked.fabric, "topology"), convention("connected_open"))),
    ),
    ("vrf **", control.vrf),
)
"""Pattern of the path (``*``: one key, a trailing ``**``: any rest) -> who answers."""


def origins(asked: Question) -> tuple[Origin, ...]:
    """Return the steps from a value back to what decided it, each once; never empty."""
    answer = next((teller for pattern, teller in RULES if _fits(pattern, asked.path)), _says(_FIXED))
    if asked.svi is not None and asked.path[0] == "interface" and asked.path[1].startswith("vlan"):
        answer = interfaces.svi
    return tuple(dict.fromkeys(answer(asked))) or (_FIXED,)


def _fits(pattern: str, path: tuple[str, ...]) -> bool:
    keys, open_end = _keys(pattern)
    if len(path) < len(keys) or (len(path) > len(keys) and not open_end):
        return False
    return all(want in ("*", key) for want, key in zip(keys, path, strict=False))


@lru_cache(maxsize=128)
def _keys(pattern: str) -> tuple[tuple[str, ...], bool]:
    words = tuple(pattern.split())
    return (words[:-1], True) if words[-1] == "**" else (words, False)
