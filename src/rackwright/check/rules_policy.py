"""Policies that are named, policies that let something through: items 28 and 6.4 of nvue.md."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.interfaces import section
from rackwright.check.model import Fabric, FileRule, Path
from rackwright.check.policy import dead_matches, permits, permits_all, references
from rackwright.check.view import Bgp, View
from rackwright.check.view_l3 import address_of, release_of
from rackwright.findings import Finding

__all__ = ["PolicyDead", "PolicyUndefined", "RedistributeLeak", "VrfLoopback"]

_FACTORY_ACLS = frozenset({"acl-default-dos", "acl-default-whitelist"})
"""ACLs that the switch brings along; a configuration binds them without defining them (nvue.md 3.1)."""


class PolicyUndefined(FileRule):
    """What is named is there.

    Passes: every peer group, route map, prefix, community and AS-path list and every ACL that something
    names is defined (the two factory ACLs always are). Fails: the place that names one that is not.
    """

    id = "NVUE-POLICY-UNDEFINED"
    item = "nvue.md 8.28"
    title = "Policy is named but not defined"
    severity = "error"
    remedy = "define it, or correct the name"
    source = "nvue.md 8.28"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look up every name."""
        for path, kind, name in references(view):
            if name not in view.section("router", "policy", kind):
                yield self._undefined(view, path, kind, name)
        for instance in view.bgp.values():
            for path, name in _group_names(instance):
                if name not in instance.groups:
                    yield self._undefined(view, path, "peer-group", name)
        for path, name in _bound_acls(view):
            if name not in view.section("acl") and name not in _FACTORY_ACLS:
                yield self._undefined(view, path, "ACL", name)

    def _undefined(self, view: View, path: Path, kind: str, name: str) -> Finding:
        """Say that a name leads nowhere."""
        return self.fail(view, path, f"{kind} {name} is not defined", expected=f"a {kind} of that name", actual=name)


class PolicyDead(FileRule):
    """Every permit can match something.

    Passes: length bounds that a prefix can meet, interfaces that are configured, prefix lists that permit.
    Fails: a permit rule, of a route map or of a prefix list, that nothing can match.
    """

    id = "NVUE-POLICY-DEAD"
    item = "nvue.md 8.28"
    title = "Permit matches nothing"
    severity = "error"
    remedy = "correct the condition, or take the rule away"
    source = "nvue.md 8.28"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every permit."""
        for path, reason in dead_matches(view):
            yield self.fail(view, path, f"{path[3]} rule {path[5]} matches nothing: {reason}")


class RedistributeLeak(FileRule):
    """Redistribution announces what is meant, not all that is connected.

    Passes: connected routes go through a route map, or there is nothing to leak; what a VRF imports from another
    goes through a route map that holds something back. Fails: the network of eth0 is announced by a VRF that it
    lies in, point-to-point host links are announced without any route map, or a VRF imports all of another one.
    """

    id = "NVUE-REDISTRIBUTE-LEAK"
    item = "nvue.md 8.28"
    title = "Redistribution leaks connected networks"
    severity = "warning"
    remedy = "put a route map on redistribute connected, or on the import, that permits what is to be announced"
    source = "nvue.md 8.28"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at what each redistributing VRF has connected."""
        for vrf, instance in view.bgp.items():
            base = ("address-family", "ipv4-unicast", "redistribute", "connected")
            connected = section(instance.tree, *base)
            if not instance.enabled or connected.get("enable") != "on":
                continue
            route_map = str(connected.get("route-map", ""))
            path = (*instance.path, *base, "route-map" if route_map else "enable")
            for text in _management(view, vrf):
                if permits(view, route_map, text, "eth0"):
                    reason = f"VRF {vrf} announces the management network of eth0"
                    yield self.fail(view, path, reason, evidence=(text,))
            hosts = [] if route_map else list(_host_links(view, instance))
            if hosts:
                reason = f"VRF {vrf} announces {len(hosts)} host links without a route map"
                yield self.fail(view, path, reason, evidence=hosts[:8])
        for instance in view.bgp.values():
            yield from self._imported(view, instance)

    def _imported(self, view: View, instance: Bgp) -> Iterator[Finding]:
        """Look at what a VRF takes over from other VRFs."""
        base = ("address-family", "ipv4-unicast", "route-import", "from-vrf")
        stated = section(instance.tree, *base)
        route_map = str(stated.get("route-map", ""))
        others = section(stated, "list")
        if not others or stated.get("enable") == "off" or not instance.enabled:
            return
        if not route_map or permits_all(view, route_map):
            how = f"through route map {route_map}, which lets all through" if route_map else "without a route map"
            reason = f"VRF {instance.vrf} imports all of {', '.join(others)} {how}"
            yield self.fail(view, (*instance.path, *base, "route-map"), reason, evidence=others)


class VrfLoopback(FileRule):
    """A VRF with a loopback address keeps 127/8.

    Passes: beside an address of its own, the loopback of a VRF has an address of 127/8. Fails: it has
    not; releases 5.11.0 to 5.12.1 then take 127/8 away from the VRF.
    """

    id = "NVUE-VRF-LOOPBACK-127"
    item = "nvue.md 6.4"
    title = "VRF loses 127/8"
    severity = "warning"
    remedy = "add 127.0.0.1/8 and 127.0.1.1/8 to the loopback of the VRF"
    source = "RN-4360636"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the loopback of every VRF but the default one."""
        if not (5, 11) <= release_of(view) <= (5, 12, 1):
            return
        for vrf, body in view.vrfs.items():
            addresses = section(body, "loopback", "ip", "address")
            if vrf != "default" and addresses and not any(text.startswith("127.") for text in addresses):
                path = ("vrf", vrf, "loopback", "ip", "address")
                reason = f"VRF {vrf} has a loopback address and no 127/8"
                yield self.fail(view, path, reason, expected="127.0.0.1/8", evidence=addresses)


def _group_names(instance: Bgp) -> Iterator[tuple[Path, str]]:
    """Give every place of a BGP instance that names a peer group."""
    for one in instance.neighbors.values():
        if one.group and one.group != "none":
            yield (*one.path, "peer-group"), one.group
    for key, body in section(instance.tree, "dynamic-neighbor", "listen-range").items():
        name = section(body).get("peer-group")
        if name:
            yield (*instance.path, "dynamic-neighbor", "listen-range", key, "peer-group"), str(name)


def _bound_acls(view: View) -> Iterator[tuple[Path, str]]:
    """Give every place that binds an ACL."""
    for name in view.section("system", "control-plane", "acl"):
        yield ("system", "control-plane", "acl", name), name
    for interface, entry in view.interfaces.items():
        for name in section(entry.tree, "acl"):
            yield ("interface", interface, "acl", name), name


def _management(view: View, vrf: str) -> Iterator[str]:
    """Give the networks of eth0 when it lies in a VRF; ``dhcp`` counts as one that nobody knows."""
    if "eth0" not in view.interfaces or view.index.vrf_of.get("eth0", "default") != vrf:
        return
    for text in view.index.addressed.get("eth0", ()):
        address = address_of(text)
        yield str(address.network) if address is not None else text


def _host_links(view: View, instance: Bgp) -> Iterator[str]:
    """Give the point-to-point links of a VRF that carry no BGP session: those of hosts."""
    near = [address.ip for name in instance.neighbors if (address := address_of(name)) is not None]
    for name, texts in view.index.addressed.items():
        if not name.startswith("swp") or name in instance.neighbors:
            continue
        if view.index.vrf_of.get(name, "default") != instance.vrf:
            continue
        for text in texts:
            address = address_of(text)
            if address is None or address.max_prefixlen - address.network.prefixlen > 2:
                continue
            if not any(one in address.network for one in near):
                yield f"{name} {text}"
