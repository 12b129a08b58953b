"""Configurations that the schema takes and nvued refuses when they are applied."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rackwright.nvue import schema as table
from rackwright.twin.engine.trees import Tree, picked

__all__ = ["REFUSALS", "Issue", "Refusal", "illegal", "refused"]


class Issue(NamedTuple):
    """One reason for which a configuration is refused, as ``transition.issue`` tells it (NVUE-API)."""

    location: str
    reason: str
    code: str = "config_invalid"

    @property
    def message(self) -> str:
        """Return the sentence of NVUE-API, Troubleshoot Configuration Changes."""
        return f"Config invalid at {self.location}: {self.reason}" if self.location else self.reason


class Refusal(NamedTuple):
    """A rule: from the applied tree and the one to be applied to what is wrong with the step."""

    id: str
    find: Callable[[Tree, Tree], Iterator[Issue]]
    source: str


def illegal(tree: Tree, nos: str) -> list[Issue]:
    """List what the schema of the NOS version refuses in an expanded tree; references to secrets are no values."""
    found = table.load(nos).check(tree)
    return [Issue(".".join(item.path), f"{item.message}; allowed: {item.allowed}", "schema") for item in found]


def refused(old: Tree, new: Tree) -> list[Issue]:
    """List what nvued refuses in applying ``new`` over ``old``."""
    return [issue for rule in REFUSALS for issue in rule.find(old, new)]


_SUB_PORT: Final = re.compile(r"(swp[0-9]+)s[0-9]+")


def _no_router_id(_old: Tree, new: Tree) -> Iterator[Issue]:
    if picked(new, ("router", "bgp", "router-id")):
        return
    for name, vrf in new.get("vrf", {}).items():
        bgp = picked(vrf, ("router", "bgp"), {})
        if bgp.get("enable") == "on" and not bgp.get("router-id"):
            where = "router.bgp.enable" if name == "default" else f"vrf.{name}.router.bgp.enable"
            yield Issue(where, "BGP requires router-id to be set globally or in the VRF.\n")


def _breakouts(tree: Tree) -> dict[str, Any]:
    ports: Mapping[str, Any] = tree.get("interface", {})
    return {name: picked(port, ("link", "breakout")) for name, port in ports.items() if "link" in port}


def _moved(old: Tree, new: Tree) -> set[str]:
    """Name the cages whose breakout is set, changed or taken away."""
    before, after = _breakouts(old), _breakouts(new)
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


def _sub_ports(tree: Tree) -> Iterator[tuple[str, str, Any]]:
    for name, port in tree.get("interface", {}).items():
        match = _SUB_PORT.fullmatch(name)
        if match:
            yield match[1], name, port


def _breakout_with_qos(old: Tree, new: Tree) -> Iterator[Issue]:
    moved = _moved(old, new)
    for cage, name, port in _sub_ports(new):
        qos = picked(port, ("qos",))
        if cage in moved and qos and qos != picked(old, ("interface", name, "qos")):
            yield Issue(
                f"interface.{name}.qos",
                f"QoS of {name} cannot be applied together with the breakout of {cage}: apply the breakout first",
            )


def _breakout_removed_too_early(old: Tree, new: Tree) -> Iterator[Issue]:
    before = _breakouts(old)
    for cage in sorted(_moved(old, new)):
        left = [name for of, name, _ in _sub_ports(old) if of == cage]
        if before.get(cage) and left:
            yield Issue(
                f"interface.{cage}.link.breakout",
                f"{', '.join(left)} must be unset and that applied before the breakout of {cage} is changed",
            )


def _reflector_of_external(_old: Tree, new: Tree) -> Iterator[Issue]:
    for vrf_name, vrf in new.get("vrf", {}).items():
        bgp = picked(vrf, ("router", "bgp"), {})
        for kind in ("neighbor", "peer-group"):
            for name, peer in bgp.get(kind, {}).items():
                group = bgp.get("peer-group", {}).get(peer.get("peer-group"), {})
                remote = peer.get("remote-as", group.get("remote-as"))
                if _reflects(peer) and remote is not None and remote != "internal":
                    where = f"vrf.{vrf_name}.router.bgp.{kind}.{name}.address-family"
                    yield Issue(where, "route-reflector-client: neighbor remote-as must be internal")


def _reflects(peer: Mapping[str, Any]) -> bool:
    families = peer.get("address-family", {}).values()
    return any(family.get("route-reflector-client") == "on" for family in families)


def _watchdog_off_port(_old: Tree, new: Tree) -> Iterator[Issue]:
    for name, port in new.get("interface", {}).items():
        if not name.startswith("swp") and picked(port, ("qos", "pfc-watchdog")) is not None:
            yield Issue(f"interface.{name}.qos.pfc-watchdog", "PFC watchdog is supported on physical ports only")


REFUSALS: Final[tuple[Refusal, ...]] = (
    Refusal("bgp-router-id", _no_router_id, "NVUE-API, Troubleshoot Configuration Changes"),
    Refusal("breakout-with-qos", _breakout_with_qos, "RN-3362113; the words [assumed]"),
    Refusal(
        "breakout-order",
        _breakout_removed_too_early,
        "Switch-Port-Attributes, Remove a Breakout Port: unset the sub-ports and apply, then the breakout; that it is refused [assumed]",
    ),
    Refusal("reflector-external", _reflector_of_external, "netlab #2937 (nvue.md 6, pitfall 7)"),
    Refusal(
        "watchdog-port", _watchdog_off_port, "Quality-of-Service, PFC watchdog (nvue.md 3.5, 8.34); the words [assumed]"
    ),
)
