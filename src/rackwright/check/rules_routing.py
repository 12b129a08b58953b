"""BGP: who a switch is, whom it speaks to and how: items 25, 26, 27, 29, 30 and 31 of the validator list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rackwright.check.agreement import grouped, shared
from rackwright.check.interfaces import section
from rackwright.check.model import Fabric, FabricRule, FileRule, Path
from rackwright.check.view import Neighbor, View
from rackwright.check.view_l3 import Session, address_of, asn_of, components, joined, loopbacks, remote_as, sessions
from rackwright.findings import Finding

__all__ = [
    "AsPathIgnore",
    "AsnPlan",
    "AutoBgp",
    "BgpIncomplete",
    "IdentityTwice",
    "NeighborInterface",
    "ReflectorClient",
    "RemoteAs",
    "TimersAsymmetric",
]

_ASN: Path = ("router", "bgp", "autonomous-system")
_ROUTER_ID: Path = ("router", "bgp", "router-id")
_UNSET = frozenset({"", "none", "auto", "0.0.0.0"})


class BgpIncomplete(FileRule):
    """BGP knows who it is and whom it expects.

    Passes: a router id and an ASN, global or in the VRF, and a remote ASN for each neighbor, of its own
    or from its group. Fails: one of them is missing (NVUE refuses a missing router id).
    """

    id = "NVUE-BGP-INCOMPLETE"
    item = "nvue.md 8.25"
    title = "BGP lacks a router id, an ASN or a remote ASN"
    severity = "error"
    remedy = "set what is missing: router bgp router-id and autonomous-system, remote-as in the peer group"
    source = "nvue.md 8.25, 3.3"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every BGP instance, then at its neighbors."""
        lacking: dict[Path, list[str]] = {}
        for vrf, instance in view.bgp.items():
            if not instance.enabled:
                continue
            for leaf in (_ROUTER_ID, _ASN):
                own = str(instance.tree.get(leaf[-1], ""))
                common = str(view.section("router", "bgp").get(leaf[-1], ""))
                if own in _UNSET and common in _UNSET:
                    lacking.setdefault(leaf, []).append(vrf)
            for one in instance.neighbors.values():
                if not remote_as(one) and (one.group in instance.groups or not one.group):
                    lacking.setdefault(_place(one, "remote-as"), []).append(one.name)
        for path, names in lacking.items():
            reason = f"BGP has no {path[-1]} for {joined(names[:4])}"
            yield self.fail(view, path, reason, expected=f"a {path[-1]}", evidence=names)


class IdentityTwice(FabricRule):
    """Router ids and loopback addresses are one switch's own.

    Passes: within a VRF no two switches share one. Fails: every switch whose router id or loopback
    another has too.
    """

    id = "NVUE-IDENTITY-TWICE"
    item = "nvue.md 8.25"
    title = "Router id or loopback is used twice"
    severity = "error"
    remedy = "give each switch its own router id and its own loopback addresses"
    source = "nvue.md 8.25"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Group the devices by router id, then by loopback, VRF by VRF."""
        ids: list[tuple[tuple[str, str], tuple[str, Path]]] = []
        loops: list[tuple[tuple[str, str], tuple[str, Path]]] = []
        for name, view in fabric.views.items():
            anycast = str(section(view.vxlan, "mlag").get("shared-address", ""))
            for vrf, instance in view.bgp.items():
                path = (*instance.path, "router-id") if "router-id" in instance.tree else _ROUTER_ID
                if instance.router_id not in _UNSET:
                    ids.append(((vrf, instance.router_id), (name, path)))
            for path, text in loopbacks(view):
                host = text.split("/")[0]
                if host != anycast:
                    loops.append(((path[1], host), (name, path)))
        for what, pairs in (("router id", ids), ("loopback", loops)):
            for (_, value), places in shared(pairs).items():
                for name, path in dict.fromkeys(places):
                    others = sorted({other for other, _ in places} - {name})
                    if others:
                        yield self.fail(fabric.views[name], path, f"{what} {value} is also {joined(others)}'s")


class RemoteAs(FabricRule):
    """What a neighbor expects of the other side's ASN is so.

    Passes: ``internal`` between equal ASNs, ``external`` between different ones, a number that is the
    other side's ASN. Fails: the end whose expectation is wrong; the session then stays down.
    """

    id = "NVUE-REMOTE-AS"
    item = "nvue.md 8.25"
    title = "Remote ASN is not the neighbor's"
    severity = "error"
    remedy = "correct remote-as, or the ASN of one end"
    source = "nvue.md 8.25, 3.3"
    needs = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare each session's two ASNs, one finding a place."""
        wrong: dict[tuple[str, Path], list[tuple[Session, str]]] = {}
        for session in sessions(fabric):
            far_vrf = session.far.vrf if session.far else "default"
            mine, theirs = asn_of(session.view, session.near.vrf), asn_of(session.far_view, far_vrf)
            expected = remote_as(session.near)
            if not (mine and theirs and expected):
                continue
            met = {"internal": mine == theirs, "external": mine != theirs}.get(expected, expected == theirs)
            if not met:
                key = (session.view.name, _place(session.near, "remote-as"))
                wrong.setdefault(key, []).append((session, theirs))
        for (name, path), found in wrong.items():
            session, theirs = found[0]
            reason = f"{remote_as(session.near)} is expected of {session.far_view.name}, whose ASN is {theirs}"
            labels = [one.label for one, _ in found[:8]]
            actual = f"own ASN {asn_of(session.view, session.near.vrf)}"
            yield self.fail(fabric.views[name], path, reason, actual=actual, evidence=labels)


class AutoBgp(FileRule):
    """ASNs are numbers.

    Passes: a number everywhere. Fails: ``leaf`` or ``spine`` (auto BGP): the switch shows a number that it
    computed, so that an audit sees drift for ever.
    """

    id = "NVUE-AUTO-BGP"
    item = "nvue.md 8.26"
    title = "ASN is computed by the switch"
    severity = "error"
    remedy = "write the ASN as a number"
    source = "nvue.md 8.26, 3.3"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the global ASN and at each VRF's."""
        places = [(_ASN, view.section("router", "bgp"))]
        places += [((*one.path, "autonomous-system"), one.tree) for one in view.bgp.values()]
        for path, tree in places:
            found = tree.get("autonomous-system")
            if found in ("leaf", "spine"):
                yield self.fail(view, path, f"the ASN is the word {found}", expected="a number", actual=str(found))


class NeighborInterface(FileRule):
    """A BGP neighbor that is named by its interface has one that can carry the session.

    Passes: the interface is configured, routed, in the VRF of the neighbor, with IPv6 (unnumbered runs
    over its link-local addresses). Fails: it is undefined, a bridge port, a bond member, in another VRF,
    or without IPv6.
    """

    id = "NVUE-NEIGHBOR-INTERFACE"
    item = "nvue.md 8.27"
    title = "Interface of a BGP neighbor cannot carry the session"
    severity = "error"
    remedy = "configure the interface as a routed port of the neighbor's VRF, with IPv6"
    source = "nvue.md 8.27"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at the interface of every neighbor that has one."""
        for one in view.neighbors:
            if address_of(one.name) is not None:
                continue
            reason = _unfit(view, one)
            if reason:
                yield self.fail(view, one.path, reason, actual=one.name)


class AsPathIgnore(FabricRule):
    """Where equal paths go through different ASNs, BGP is told to use them all.

    Passes: ``aspath-ignore`` is on where two neighbors of different ASNs both lead to a third switch.
    Fails: it is not; BGP then uses one path of them.
    """

    id = "NVUE-ASPATH-IGNORE"
    item = "nvue.md 8.29"
    title = "Multipath stops at different ASNs"
    severity = "error"
    remedy = "set path-selection multipath aspath-ignore on"
    source = "nvue.md 8.29, 3.3"
    needs = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Collect the neighbors of each switch with their ASNs, then look for two ways to a third."""
        reach: dict[str, dict[str, str]] = {}
        for session in sessions(fabric):
            if session.near.vrf == "default":
                reach.setdefault(session.view.name, {})[session.far_view.name] = asn_of(session.far_view)
        for name, nearby in reach.items():
            view = fabric.views[name]
            own = asn_of(view)
            path = ("vrf", "default", "router", "bgp", "path-selection", "multipath", "aspath-ignore")
            if view.section(*path[:-1]).get("aspath-ignore") == "on":
                continue
            ways = [(other, asn) for other, asn in sorted(nearby.items()) if asn not in ("", own)]
            pair = _two_ways(name, own, ways, reach)
            if pair:
                asns = sorted({asn for _, asn in ways})
                reason = f"{pair[0]} and {pair[1]} lead the same way through different ASNs"
                yield self.fail(view, path, reason, expected="on", evidence=asns[:8])


class ReflectorClient(FileRule):
    """Route reflector clients are neighbors of the same ASN.

    Passes: ``route-reflector-client`` only toward iBGP neighbors. Fails: toward an eBGP one; NVUE refuses the apply.
    """

    id = "NVUE-RR-CLIENT-EBGP"
    item = "nvue.md 8.29"
    title = "Route reflector client is an eBGP neighbor"
    severity = "error"
    remedy = "take route-reflector-client away, or make the neighbor internal"
    source = "nvue.md 8.29, 6.7"

    def judge(self, view: View, fabric: Fabric) -> Iterator[Finding]:
        """Look at every group and neighbor that states it."""
        for vrf, instance in view.bgp.items():
            own = asn_of(view, vrf)
            stated = [((*instance.path, "peer-group", name), tree, tree) for name, tree in instance.groups.items()]
            stated += [(one.path, one.tree, one.group_tree) for one in instance.neighbors.values()]
            for path, tree, behind in stated:
                expected = str(tree.get("remote-as", behind.get("remote-as", "")))
                if expected in ("", "internal", own):
                    continue
                for family, body in section(tree, "address-family").items():
                    if section(body).get("route-reflector-client") == "on":
                        leaf = (*path, "address-family", family, "route-reflector-client")
                        yield self.fail(view, leaf, f"{path[-1]} is a client, but its remote ASN is {expected}")


class AsnPlan(FabricRule):
    """Over eBGP, switches that announce hosts have ASNs of their own.

    Passes: leaves of one fabric differ in ASN (or accept their own, or speak iBGP); spines may share one.
    Fails: leaves that share an ASN and would drop each other's routes; a spine that shares its ASN and
    accepts it in a path, so that routes loop through leaves.
    """

    id = "NVUE-ASN-PLAN"
    item = "nvue.md 8.30"
    title = "ASN is not the leaf's own"
    severity = "error"
    remedy = "give each leaf its own ASN; leave allow-my-asn off where spines share one"
    source = "nvue.md 8.30"

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Group the switches of each fabric that speak only eBGP by ASN."""
        for names in components(fabric):
            views = [fabric.views[name] for name in names]
            external = [view for view in views if _only_external(view)]
            for asn, group in grouped((asn_of(view), view) for view in external).items():
                if asn in _UNSET or len(group) < 2:
                    continue
                leaves = [view for view in group if _announces_hosts(view) and not list(_accepting(view))]
                for view in leaves if len(leaves) > 1 else ():
                    others = joined([other.name for other in leaves if other is not view][:4])
                    yield self.fail(view, _asn_path(view), f"ASN {asn} is also that of {others}", actual=asn)
                for view in group:
                    for path in () if _announces_hosts(view) else _accepting(view):
                        reason = f"{view.name} shares ASN {asn} and accepts it in a path"
                        yield self.fail(view, path, reason, expected="off", actual="on")


class TimersAsymmetric(FabricRule):
    """Both ends of a session have the same BFD and BGP timers.

    Passes: BFD on at both or none, equal multiplier, intervals, keepalive and hold. Fails: the end that
    differs from what most sessions have; of two equally common values, both ends.
    """

    id = "NVUE-TIMERS-ASYMMETRIC"
    item = "nvue.md 8.31"
    title = "Timers of a session differ at its ends"
    severity = "error"
    remedy = "give both ends the same BFD and BGP timers"
    source = "nvue.md 8.31, 3.3"
    needs = ("peers", "cables")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare each session's ends, setting by setting."""
        known: dict[tuple[str, Path], tuple[str, ...]] = {}
        ends = [
            (one, _timers(known, one.view, one.near), _timers(known, one.far_view, one.far))
            for one in sessions(fabric)
            if one.far is not None
        ]
        odd = [end for end in ends if end[1] != end[2]]
        for position, (keys, _) in enumerate(_TIMERS) if odd else ():
            usual = Counter(mine[position] for _, mine, _ in ends)
            told: set[tuple[str, Path]] = set()
            for one, all_mine, all_theirs in odd:
                mine, theirs = all_mine[position], all_theirs[position]
                key = (one.view.name, _place(one.near, *keys))
                if mine == theirs or usual[mine] > usual[theirs] or key in told:
                    continue
                told.add(key)
                reason = f"{' '.join(keys)} is {mine} here and {theirs} on {one.far_view.name}"
                yield self.fail(one.view, key[1], reason, expected=theirs, actual=mine, evidence=(one.label,))


_TIMERS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("bfd", "enable"), "off"),
    (("bfd", "detect-multiplier"), "3"),
    (("bfd", "min-rx-interval"), "300"),
    (("bfd", "min-tx-interval"), "300"),
    (("timers", "keepalive"), "3"),
    (("timers", "hold"), "9"),
)
"""Setting of a neighbor or group, and what the switch takes without it (nvue.md 3.3)."""


def _place(neighbor: Neighbor, *keys: str) -> Path:
    """Give the path where a setting of a neighbor is, or belongs: its own, else its group's."""
    own = keys[-1] in section(neighbor.tree, *keys[:-1]) or not neighbor.group
    base = neighbor.path if own else ("vrf", neighbor.vrf, "router", "bgp", "peer-group", neighbor.group)
    return (*base, *keys)


def _timers(known: dict[tuple[str, Path], tuple[str, ...]], view: View, neighbor: Neighbor) -> tuple[str, ...]:
    """Give all timers of a neighbor in the order of the table, looked up once."""
    key = (view.name, neighbor.path)
    if key not in known:
        known[key] = tuple(_effective(view, neighbor, keys, default) for keys, default in _TIMERS)
    return known[key]


def _effective(view: View, neighbor: Neighbor, keys: tuple[str, ...], default: str) -> str:
    """Give a timer: the neighbor's, the group's, the VRF's, or the default."""
    found = neighbor.setting(*keys)
    if found is None and keys[0] == "timers":
        found = section(view.bgp[neighbor.vrf].tree, "timers").get(keys[-1])
    return default if found is None or found == "auto" else str(found)


def _unfit(view: View, neighbor: Neighbor) -> str:
    """Say why the interface of a neighbor cannot carry its session, or nothing."""
    name = neighbor.name
    entry = view.interfaces.get(name)
    # NVUE makes peerlink.4094 by itself; a sub-interface of a port that is there is not called missing.
    if entry is None and name.rpartition(".")[0] in view.interfaces:
        return ""
    if entry is None:
        return f"{name} is a BGP neighbor but no configured interface"
    if name in view.bridge_ports:
        return f"{name} is a BGP neighbor and a bridge port"
    if name in view.bonds_of:
        return f"{name} is a BGP neighbor and a member of {view.bonds_of[name][0]}"
    vrf = view.index.vrf_of.get(name, "default")
    if vrf != neighbor.vrf:
        return f"{name} is a BGP neighbor of VRF {neighbor.vrf}, but lies in VRF {vrf}"
    if section(entry.tree, "ip", "ipv6").get("enable") == "off":
        return f"{name} has IPv6 off, and its session needs link-local addresses"
    return ""


def _two_ways(name: str, own: str, ways: list[tuple[str, str]], reach: dict[str, dict[str, str]]) -> list[str]:
    """Give two neighbors of different ASNs that both reach one third switch, or nothing."""
    through: dict[str, tuple[str, str]] = {}
    for other, asn in ways:
        for third, third_asn in reach.get(other, {}).items():
            # A third switch of our own ASN is no destination: its routes come back with our ASN and are dropped.
            if third in (name, other) or third_asn == own:
                continue
            seen = through.setdefault(third, (other, asn))
            if seen[1] != asn:
                return [seen[0], other]
    return []


def _only_external(view: View) -> bool:
    """Tell whether a switch has neighbors in the default VRF and all of them are eBGP."""
    neighbors = list(view.bgp["default"].neighbors.values()) if "default" in view.bgp else []
    return bool(neighbors) and all(remote_as(one) not in ("internal", asn_of(view)) for one in neighbors)


def _announces_hosts(view: View) -> bool:
    """Tell whether a switch has hosts behind it: a VTEP, bridge ports, or an addressed port without a session."""
    if view.vtep or view.bridge_ports:
        return True
    sessions_on = {one.name for one in view.neighbors}
    near = {address for one in view.neighbors if (address := address_of(one.name)) is not None}
    for name, texts in view.index.addressed.items():
        mine = [address for text in texts if (address := address_of(text)) is not None]
        fabric_link = name in sessions_on or any(one.ip in address.network for address in mine for one in near)
        if name.startswith("swp") and not fabric_link:
            return True
    return False


def _accepting(view: View) -> Iterator[Path]:
    """Give every place in the default VRF where a switch accepts its own ASN in a path."""
    instance = view.bgp.get("default")
    if instance is None:
        return
    stated = [((*instance.path, "peer-group", name), tree) for name, tree in instance.groups.items()]
    stated += [(one.path, one.tree) for one in instance.neighbors.values()]
    for path, tree in stated:
        for family, body in section(tree, "address-family").items():
            if section(body, "aspath", "allow-my-asn").get("enable") == "on":
                yield (*path, "address-family", family, "aspath", "allow-my-asn", "enable")


def _asn_path(view: View) -> Path:
    """Give where the ASN of the default VRF is stated."""
    own = view.bgp["default"].tree if "default" in view.bgp else {}
    return (*view.bgp["default"].path, "autonomous-system") if "autonomous-system" in own else _ASN
