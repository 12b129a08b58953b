"""Mutations of RoCE, ECN, the PFC watchdog, adaptive routing and MTU."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check import Fabric, View
from rackwright.check.agreement import grouped
from tests.mutations.model import Mutation, mutator
from tests.mutations.places import dropping, inner_ports, leaf, neighbor_ports, setting, vteps

POOLS = ("qos", "traffic-pool")


def roce(fabric: Fabric) -> Iterator[View]:
    """Give the switches with lossless RoCE."""
    return (view for view in fabric.views.values() if view.roce_mode.startswith("lossless"))


@mutator("NVUE-ROCE-POOLS", together=("NVUE-ROCE-DIFFERS", "NVUE-PFC-WATCHDOG"), why="the other switches keep RoCE")
def too_much(fabric: Fabric) -> Iterator[Mutation]:
    """Share out more memory than there is, or keep the lossless pool without lossless RoCE."""
    rule = "NVUE-ROCE-POOLS"
    for view in roce(fabric):
        pools = view.section(*POOLS)
        for pool in pools:
            if len(pools) > 1:
                for share in (91, 92, 95, 98, 99, 100):
                    yield setting(rule, view, (*POOLS, pool, "memory-percent"), share, at=POOLS)
        if "roce-lossless" in pools:
            yield setting(rule, view, ("qos", "roce", "mode"), "lossy", at=(*POOLS, "roce-lossless"))
            yield setting(rule, view, ("qos", "roce", "enable"), "off", at=(*POOLS, "roce-lossless"))
            yield dropping(rule, view, ("qos", "roce", "enable"), at=(*POOLS, "roce-lossless"))


@mutator("NVUE-ROCE-POOLS", together=("NVUE-OUT-OF-RANGE", "NVUE-ROCE-DIFFERS"), why="a share ends at 100")
def more_than_all(fabric: Fabric) -> Iterator[Mutation]:
    """Give one pool more than there is."""
    for view in roce(fabric):
        for pool in ("default-lossy", "roce-lossless"):
            for share in (101, 110, 128, 200, 1000):
                yield setting("NVUE-ROCE-POOLS", view, (*POOLS, pool, "memory-percent"), share, at=POOLS)


@mutator("NVUE-ROCE-POOLS")
def pool_for_nothing(fabric: Fabric) -> Iterator[Mutation]:
    """Keep memory for lossless traffic on a switch without RoCE."""
    path = (*POOLS, "roce-lossless")
    for view in fabric.views.values():
        for share in (1, 10, 50, 90, 100) if not view.roce_mode else ():
            yield setting("NVUE-ROCE-POOLS", view, (*path, "memory-percent"), share, at=path)


@mutator("NVUE-ROCE-PRIORITY")
def other_priority(fabric: Fabric) -> Iterator[Mutation]:
    """Map the hosts' DSCP to another priority, or give PFC to another."""
    rule = "NVUE-ROCE-PRIORITY"
    for view in roce(fabric):
        for priority in (0, 1, 2, 4, 5, 6, 7):
            yield setting(rule, view, ("qos", "mapping", "default-global", "dscp", "26", "switch-priority"), priority)
            path = ("qos", "pfc", "default-global", "switch-priority")
            yield setting(rule, view, (*path, str(priority)), {}, at=path)


@mutator(
    "NVUE-ROCE-DIFFERS",
    together=("NVUE-ROCE-POOLS", "NVUE-PFC-WATCHDOG"),
    why="RoCE that is not lossless takes PFC away",
)
def other_roce(fabric: Fabric) -> Iterator[Mutation]:
    """Give one switch of a fabric other RoCE settings."""
    rule = "NVUE-ROCE-DIFFERS"
    for view in roce(fabric):
        joined = {fabric.far_ends[view.name, name][0] for name in inner_ports(fabric, view)}
        if not any(fabric.views[name].roce_enabled for name in joined):
            continue
        for mode in ("lossy", "lossless-single-ipool"):
            yield setting(rule, view, ("qos", "roce", "mode"), mode)
        yield setting(rule, view, ("qos", "roce", "enable"), "off")
        for pool in ("default-lossy", "roce-lossless"):
            for share in range(1, 9):
                yield setting(rule, view, (*POOLS, pool, "memory-percent"), share)


@mutator("NVUE-ECN-THRESHOLD")
def uneven_threshold(fabric: Fabric) -> Iterator[Mutation]:
    """State an ECN threshold that Spectrum-4 cannot hold."""
    for view in fabric.views.values():
        if view.hardware is None or view.hardware.asic != "spectrum4":
            continue
        for traffic_class in ("0", "3"):
            for threshold in range(150000, 162000, 1000):
                path = ("qos", "congestion-control", "rocky", "traffic-class", traffic_class, "min-threshold")
                yield setting("NVUE-ECN-THRESHOLD", view, path, threshold)


@mutator("NVUE-PFC-WATCHDOG", together=("NVUE-ROCE-DIFFERS", "NVUE-ROCE-POOLS"), why="PFC goes with lossless RoCE")
def watchdog_elsewhere(fabric: Fabric) -> Iterator[Mutation]:
    """Set the watchdog on a bond, an SVI or a loopback, or take PFC away under it."""
    rule = "NVUE-PFC-WATCHDOG"
    for view in fabric.views.values():
        names = [name for name, entry in view.interfaces.items() if entry.role in ("bond", "svi", "loopback", "eth")]
        for name in names:
            yield setting(rule, view, ("interface", name, "qos", "pfc-watchdog", "state"), "enable")
        if not view.roce_mode:
            for name in [*view.index.swps, *view.subports][:20]:
                if name not in view.bonds_of:
                    yield setting(rule, view, ("interface", name, "qos", "pfc-watchdog", "state"), "enable")
        for name in list(view.index.watchdogs)[:4]:
            at = ("interface", name, "qos", "pfc-watchdog", "state")
            yield setting(rule, view, ("qos", "roce", "mode"), "lossy", at=at, name=f"lossy under {name}")


@mutator(
    "NVUE-AR-PORT",
    together=("NVUE-AR-ENDS", "NVUE-AR-ECMP", "NVUE-BOND-MEMBER-CONFIGURED", "CABLE-MISSING", "NVUE-SPLIT-PARENT-USED"),
    why="adaptive routing at one end of a link, on a member of a bond or on one port of several",
)
def unfit_for_adaptive(fabric: Fabric) -> Iterator[Mutation]:
    """Turn adaptive routing on on ports that cannot do it."""
    rule = "NVUE-AR-PORT"
    for view in fabric.views.values():
        able = view.hardware is not None and "adaptive-routing" in view.hardware.features
        for name, entry in view.interfaces.items():
            routed = name not in view.bonds_of and name not in view.bridge_ports
            in_default = view.index.vrf_of.get(name, "default") == "default"
            if able and entry.port is not None and routed and in_default:
                continue
            yield setting(rule, view, ("interface", name, "router", "adaptive-routing", "enable"), "on")


@mutator("NVUE-AR-ECMP", together=("NVUE-AR-ENDS",), why="the other end of the link has it on")
def adaptive_on_part(fabric: Fabric) -> Iterator[Mutation]:
    """Turn adaptive routing on or off on one port of several."""
    rule = "NVUE-AR-ECMP"
    for view in fabric.views.values():
        able = view.hardware is not None and "adaptive-routing" in view.hardware.features
        ports = neighbor_ports(view)
        for name in ports if able and len(ports) > 2 else ():
            path = ("interface", name, "router", "adaptive-routing", "enable")
            yield setting(rule, view, path, "off" if leaf(view, path) == "on" else "on")
            if leaf(view, path) == "on":
                yield dropping(rule, view, path)


@mutator(
    "NVUE-AR-ECMP",
    together=("NVUE-AR-PORT", "NVUE-AR-ENDS"),
    why="adaptive routing works in the default VRF only, and the switch at the far end has it off",
)
def adaptive_in_a_vrf(fabric: Fabric) -> Iterator[Mutation]:
    """Turn adaptive routing on on one of several ways out of another VRF; of two, the one without it is named."""
    for view in fabric.views.values():
        groups = grouped(
            ((one.vrf, one.group), one.name)
            for one in view.neighbors
            if one.vrf != "default" and one.name in view.interfaces
        )
        for names in groups.values():
            for position, name in enumerate(names if len(names) > 1 else []):
                path, told = (
                    ("interface", port, "router", "adaptive-routing", "enable")
                    for port in (name, names[position - 1] if len(names) == 2 else name)
                )
                yield setting("NVUE-AR-ECMP", view, path, "on", at=told)


@mutator(
    "NVUE-AR-ENDS",
    together=("NVUE-AR-ECMP", "NVUE-AR-PORT"),
    why="the port is one of an ECMP group; a 800G port cannot do it at all",
)
def adaptive_at_one_end(fabric: Fabric) -> Iterator[Mutation]:
    """Turn adaptive routing off at one end, or on where the other end has it off."""
    rule = "NVUE-AR-ENDS"
    for view in fabric.views.values():
        for name in inner_ports(fabric, view):
            path = ("interface", name, "router", "adaptive-routing", "enable")
            if leaf(view, path) == "on":
                yield setting(rule, view, path, "off")
                yield dropping(rule, view, path)
                continue
            far, port, _ = fabric.far_ends[view.name, name]
            other = Mutation(
                rule, view.name, ".".join(("interface", port, *path[2:])), setting(rule, view, path, "on").apply
            )
            yield Mutation(rule, view.name, other.path, other.apply, subject=far, name=f"on at {name} alone")


@mutator("NVUE-AR-ENDS", together=("NVUE-AR-PORT",), why="one of the two switches, or its port, cannot do it")
def adaptive_toward_another(fabric: Fabric) -> Iterator[Mutation]:
    """Turn adaptive routing on on a link between switches that carries no BGP, as that to an SN2201."""
    for (device, port), (far, far_port, _) in fabric.far_ends.items():
        view = fabric.views.get(device)
        if view is None or far not in fabric.views or "eth0" in (port, far_port) or view.name == far:
            continue
        if port not in neighbor_ports(view):
            path = ("interface", port, "router", "adaptive-routing", "enable")
            told = ".".join(("interface", far_port, *path[2:]))
            apply = setting("NVUE-AR-ENDS", view, path, "on").apply
            yield Mutation("NVUE-AR-ENDS", device, told, apply, subject=far, name=f"on at {port} alone")


@mutator(
    "NVUE-MTU-ENDS",
    together=("NVUE-MTU-VXLAN", "NVUE-SEGMENT-MEMBERS"),
    why="the link may be one to the fabric, or the bond one of a segment",
)
def smaller_end(fabric: Fabric) -> Iterator[Mutation]:
    """Make one end of a cable carry smaller frames."""
    rule = "NVUE-MTU-ENDS"
    for view in fabric.views.values():
        for name in inner_ports(fabric, view):
            for mtu in (1500, 9000):
                yield setting(rule, view, ("interface", name, "link", "mtu"), mtu)
        for name, bond in view.bonds.items():
            ends = [fabric.far_host(view.name, member) for member in bond.members]
            if any(end is not None and end.mtu_bytes for end in ends):
                yield setting(rule, view, ("interface", name, "link", "mtu"), 1500)


@mutator(
    "NVUE-MTU-VXLAN", together=("NVUE-MTU-ENDS",), why="the other end of the link carries frames of the usual size"
)
def no_room_for_vxlan(fabric: Fabric) -> Iterator[Mutation]:
    """Make a link to the fabric too small for what VXLAN adds, or the VNIs too large."""
    rule = "NVUE-MTU-VXLAN"
    for view in vteps(fabric):
        if not view.vnis:
            continue
        hosts = [fabric.far_host(view.name, name) for name in (*view.index.swps, *view.subports)]
        known = any(end is not None and end.mtu_bytes for end in hosts)
        for name in view.uplinks:
            if known:
                yield setting(rule, view, ("interface", name, "link", "mtu"), 1500)
            path = ("interface", name, "link", "mtu")
            for mtu in range(9167, 9217, 4):
                yield setting(rule, view, ("nve", "vxlan", "mtu"), mtu, at=path, name=f"VNIs of {mtu} over {name}")
            for mtu in (1280, 2000, 4000, 9000, 9049) if known else ():
                yield setting(rule, view, path, mtu)
