"""An applied NVUE tree as objects of the Linux kernel: devices, addresses, bridge VLANs, tunnels.

Two forms. Where the kernel has VRF devices, bonds and VLAN filtering, what Cumulus Linux makes: one VLAN-aware bridge,
one VXLAN device, SVIs and VRR macvlans above it (twin.md 1, verified inside a guest). Where it has not: a bridge and a VXLAN device
for each VLAN, and a network namespace for each VRF (``zebra -n``, twin.md 1). What the second form cannot carry is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import msgspec

from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.frr.routing import at, is_on

__all__ = ["Features", "Key", "Object", "changes", "objects", "settle"]

Tree = Mapping[str, Any]
Key: TypeAlias = tuple[str, ...]
"""What an object is called: its kind and its names."""

MTU: Final = 9216
"""MTU of a port that NVUE configures and gives none (nvue.md 3.2)."""

L3_VLANS: Final = 4001
"""First VLAN of layer-3 VNIs whose VLAN is left to the switch; outside the reserved 3725-3999 (nvue.md 3.1)."""

VRR_MAC: Final = "00:00:5e:00:01:{:02x}"
"""MAC of an anycast gateway by fabric id (nvue.md 3.2); the id is 1 where none is given."""


class Features(msgspec.Struct, frozen=True, kw_only=True):
    """What a kernel offers; ``machine`` asks it."""

    vrf: bool
    bond: bool
    vlan_filtering: bool

    @property
    def whole(self) -> bool:
        """Say whether a switch can be built as Cumulus Linux builds it."""
        return self.vrf and self.bond and self.vlan_filtering


class Object(msgspec.Struct, frozen=True):
    """One thing in the kernel: how it is made and unmade, and what it stands on."""

    key: Key
    make: tuple[str, ...]
    unmake: tuple[str, ...] = ()
    on: tuple[Key, ...] = ()


def changes(before: Sequence[Object], after: Sequence[Object]) -> tuple[str, ...]:
    """Return the shell lines that lead from one set of objects to another, removals first and the last made first."""
    old, new = {item.key: item for item in before}, {item.key: item for item in after}
    again = {key for key, item in old.items() if new.get(key) != item}
    for item in (
        *before,
        *after,
    ):  # both stand in the order in which things are made: what a thing stands on is before it
        if again.intersection(item.on):
            again.add(item.key)
    gone = [line for key, item in reversed(old.items()) if key in again or key not in new for line in item.unmake]
    made = [line for key, item in new.items() if key in again or key not in old for line in item.make]
    return (*(f"{line} 2>/dev/null || :" for line in gone), *made)


def objects(tree: Tree, ports: Mapping[str, str], features: Features) -> tuple[Object, ...]:
    """Return what the kernel of one switch holds, in the order in which it is made.

    ``ports`` maps the switch's ports that are cabled to the device of the cable's end (``swp1s0`` -> ``cable7``).
    Raises :class:`~rackwright.twin.dataplane.NotEmulated` for what this kernel cannot carry.
    """
    form: type[_Whole | _Bare] = _Whole if features.whole else _Bare
    return tuple(form(tree, ports).everything())


def settle(tree: Tree, features: Features) -> tuple[str, ...]:
    """Return what is to be done once FRR knows the layer-3 VNIs: zebra finds their bridge when it comes up [seen, 8.4]."""
    if features.whole:
        return ()
    found = _Bare(tree, {}).l3vnis()
    return tuple(f"ip -n {vrf} link set vlan{vlan}_l3 {way}" for vrf, _vni, vlan in found for way in ("down", "up"))


class _Form:
    """What both forms share: ports, loopback, addresses."""

    def __init__(self, tree: Tree, ports: Mapping[str, str]) -> None:
        self.tree = tree
        self.ports = ports
        self.interfaces = at(tree, "interface")
        self.vlans: dict[str, str] = {
            vlan: next(iter(at(item, "vni")), "")
            for vlan, item in at(tree, "bridge", "domain", "br_default", "vlan").items()
        }
        self.vtep = (
            str(at(tree, "nve", "vxlan", "source").get("address", "")) if is_on(at(tree, "nve", "vxlan")) else ""
        )
        self.vrfs = [name for name in at(tree, "vrf") if name not in ("default", "mgmt")]

    def loopback(self) -> Iterator[Object]:
        """Yield the addresses of ``lo``."""
        for address in at(self.interfaces, "lo", "ip", "address"):
            yield Object(("lo", address), (f"ip addr add {address} dev lo",), (f"ip addr del {address} dev lo",))

    def raised(self) -> Iterator[Object]:
        """Yield the front-panel ports: the cable's ends take their names and their MTU, and then their state.

        zebra is waited for between the two: it hears of links and of addresses in two threads, and an address that comes with
        the link to a port whose new name it does not know yet is lost with the old name [seen, 8.4]. Then no neighbour is found.
        """
        names = self.cabled()
        renamed = []
        for name in names:
            device, mtu = self.ports[name], at(self.interfaces, name, "link").get("mtu", MTU)
            make = (f"ip link set dev {device} name {name} mtu {mtu}",)
            renamed.append(Object(("port", name), make, (f"ip link set dev {name} down name {device}",)))
        yield from renamed
        if names:
            yield Object(("known", *names), (_known(names),), on=tuple(item.key for item in renamed))
        for name in names:
            if name == "eth0" or "up" in at(self.interfaces, name, "link", "state"):
                yield Object(
                    ("up", name), (f"ip link set {name} up",), (f"ip link set {name} down",), on=(("port", name),)
                )

    def cabled(self) -> list[str]:
        """List the ports that are configured and cabled."""
        return [
            name for name in self.interfaces if name in self.ports and not at(self.interfaces, name, "link", "breakout")
        ]

    def front(self) -> list[str]:
        """List the ports but eth0, whose address is the twin's affair: it is reached through a relay."""
        return [name for name in self.cabled() if name != "eth0"]

    def members(self) -> dict[str, str]:
        """Map each bond member to its bond."""
        return {
            member: name for name, item in self.interfaces.items() for member in at(item, "bond", "member")
        }  # fmt: skip

    def svis(self) -> dict[str, Tree]:
        """Map each VLAN that has an SVI to the SVI."""
        return {str(item["vlan"]): item for item in self.interfaces.values() if item.get("type") == "svi"}

    def fabric_mac(self) -> str:
        """Return the MAC of the anycast gateways."""
        return VRR_MAC.format(int(at(self.tree, "system", "global").get("fabric-id", 1)))

    def l3vnis(self) -> list[tuple[str, str, str]]:
        """List (VRF, L3VNI, VLAN)."""
        found = []
        for index, name in enumerate(self.vrfs):
            evpn = at(self.tree, "vrf", name, "evpn")
            for vni in at(evpn, "vni"):
                vlan = evpn.get("vlan", "auto")
                found.append((name, vni, str(L3_VLANS + index if vlan == "auto" else vlan)))
        return found


def _bridged(item: Tree) -> tuple[str, list[str]]:
    """Return the untagged and the tagged VLANs of a bridge port."""
    domain = at(item, "bridge", "domain", "br_default")
    untagged = str(domain.get("access", domain.get("untagged", "")))
    return untagged, [vlan for vlan in at(domain, "vlan") if vlan != untagged]


class _Whole(_Form):
    """The form of Cumulus Linux: VRF devices, one VLAN-aware bridge, one VXLAN device, bonds."""

    def everything(self) -> Iterator[Object]:
        """Yield the objects in order."""
        yield from self.loopback()
        for index, name in enumerate(self.vrfs):
            yield Object(
                ("vrf", name),
                (f"ip link add {name} type vrf table {1001 + index}", f"ip link set {name} up"),
                (f"ip link del {name}",),
            )
            for address in at(self.tree, "vrf", name, "loopback", "ip", "address"):
                if not address.startswith("127."):  # the kernel's own lo of a VRF device has these
                    yield Object(("vrf", name, address), (f"ip addr add {address} dev {name}",), on=(("vrf", name),))
        yield from self.bridge()
        bonds = self.members()
        yield from self.raised()
        for name, item in self.interfaces.items():
            if item.get("type") == "bond":
                yield self.bond(name, item)
        for name in (*(port for port in self.front() if port not in bonds), *dict.fromkeys(bonds.values())):
            yield from self.attached(name, at(self.interfaces, name))
        yield from self.gateways()

    def bridge(self) -> Iterator[Object]:
        """Yield br_default and vxlan48 with their VLANs."""
        if not self.vlans:
            return
        yield Object(
            ("bridge",),
            (
                "ip link add br_default type bridge vlan_filtering 1 vlan_default_pvid 0 stp_state 0",
                f"ip link set br_default mtu {MTU} up",
            ),
            ("ip link del br_default",),
        )
        if self.vtep:
            yield Object(
                ("vxlan",),
                (
                    f"ip link add vxlan48 type vxlan dstport 4789 external local {self.vtep} nolearning",
                    "ip link set vxlan48 master br_default addrgenmode none",
                    "ip link set vxlan48 type bridge_slave vlan_tunnel on neigh_suppress on learning off",
                    f"ip link set vxlan48 mtu {MTU} up",
                ),
                ("ip link del vxlan48",),
                on=(("bridge",),),
            )
        for vlan, vni in (*self.vlans.items(), *((vlan, vni) for _vrf, vni, vlan in self.l3vnis())):
            yield self.vlan(vlan, vni)

    def vlan(self, vlan: str, vni: str) -> Object:
        """Return one VLAN of the bridge and its tunnel."""
        make = [f"bridge vlan add vid {vlan} dev br_default self"]
        unmake = [f"bridge vlan del vid {vlan} dev br_default self"]
        if vni and self.vtep:
            make += [
                f"bridge vlan add dev vxlan48 vid {vlan}",
                f"bridge vlan add dev vxlan48 vid {vlan} tunnel_info id {vni}",
            ]
            unmake.insert(0, f"bridge vlan del dev vxlan48 vid {vlan}")
        return Object(("vlan", vlan), tuple(make), tuple(unmake), on=(("bridge",), ("vxlan",)))

    def bond(self, name: str, item: Tree) -> Object:
        """Return a bond with its members; members of one segment show one LACP system (nvue.md 3.4)."""
        slow = at(item, "bond").get("lacp-rate", "fast")
        mac = at(item, "evpn", "multihoming", "segment").get("mac-address", "")
        system = (f"ip link set {name} type bond ad_actor_system {mac}",) if mac else ()
        members = [port for port in at(item, "bond", "member") if port in self.ports]
        joined = [
            line
            for port in members
            for line in (f"ip link set {port} down", f"ip link set {port} master {name}", f"ip link set {port} up")
        ]
        state = "up" if "up" in at(item, "link", "state") else "down"
        make = (
            f"ip link add {name} type bond mode 802.3ad miimon 100 lacp_rate {slow}", *system, *joined,
            f"ip link set {name} mtu {at(item, 'link').get('mtu', MTU)} {state}",
        )  # fmt: skip
        return Object(("bond", name), make, (f"ip link del {name}",), on=tuple(("port", port) for port in members))

    def attached(self, name: str, item: Tree) -> Iterator[Object]:
        """Yield where a port or bond hangs: a VRF, the bridge, its own addresses."""
        below: tuple[Key, ...] = (("port", name), ("bond", name))
        vrf = str(at(item, "ip").get("vrf", "default"))
        if vrf != "default":
            yield Object(("in", name), (f"ip link set {name} master {vrf}",), on=(*below, ("vrf", vrf)))
        for address in at(item, "ip", "address"):
            yield Object(("address", name, address), (f"ip addr add {address} dev {name}",),
                         (f"ip addr del {address} dev {name}",), on=(*below, ("in", name)))  # fmt: skip
        untagged, tagged = _bridged(item)
        if untagged or tagged:
            lines = [f"ip link set {name} master br_default"]
            lines += [f"bridge vlan add vid {untagged} dev {name} pvid untagged"] if untagged else []
            lines += [f"bridge vlan add vid {vlan} dev {name}" for vlan in tagged]
            yield Object(("in", name), tuple(lines), (f"ip link set {name} nomaster",), on=(*below, ("bridge",)))

    def gateways(self) -> Iterator[Object]:
        """Yield SVIs with their anycast gateways, and the SVIs of layer-3 VNIs."""
        for vlan, item in self.svis().items():
            name = f"vlan{vlan}"
            vrf = str(at(item, "ip").get("vrf", "default"))
            master = [f"ip link set {name} master {vrf}"] if vrf != "default" else []
            make = [f"ip link add link br_default name {name} type vlan id {vlan}", *master]
            make.append(f"ip link set {name} mtu {at(item, 'link').get('mtu', MTU)} up")
            make += [f"ip addr add {address} dev {name}" for address in at(item, "ip", "address")]
            for address in at(item, "ip", "vrr", "address"):
                make += _virtual("ip", name, self.fabric_mac(), address, vrf if vrf != "default" else "")
            yield Object(("svi", vlan), tuple(make), (f"ip link del {name}",), on=(("bridge",), ("vrf", vrf)))
        for vrf, _vni, vlan in self.l3vnis():
            name = f"vlan{vlan}_l3"
            make = [f"ip link add link br_default name {name} type vlan id {vlan}", f"ip link set {name} addrgenmode none",
                    f"ip link set {name} master {vrf}", f"ip link set {name} mtu {MTU} up"]  # fmt: skip
            yield Object(("svi", vlan), tuple(make), (f"ip link del {name}",), on=(("bridge",), ("vrf", vrf)))


class _Bare(_Form):
    """The form for a kernel without VRF devices, bonds and VLAN filtering: a bridge a VLAN, a namespace a VRF."""

    def everything(self) -> Iterator[Object]:
        """Yield the objects in order."""
        self.refuse()
        yield from self.loopback()
        for name in self.vrfs:
            forward = f"ip netns exec {name} sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1"
            yield Object(
                ("vrf", name),
                (f"ip netns add {name}", f"ip -n {name} link set lo up", forward),
                (f"ip netns del {name}",),
            )
            for address in at(self.tree, "vrf", name, "loopback", "ip", "address"):
                if not address.startswith("127."):
                    yield Object(
                        ("vrf", name, address), (f"ip -n {name} addr add {address} dev lo",), on=(("vrf", name),)
                    )
        for vlan, vni in self.vlans.items():
            yield self.vlan(vlan, vni)
        for vrf, vni, vlan in self.l3vnis():
            yield self.tunnel(f"vlan{vlan}_l3", vni, vrf, ("l3", vrf))
        yield from self.raised()
        for name in self.front():
            yield from self.attached(name, at(self.interfaces, name))

    def refuse(self) -> None:
        """Refuse what this kernel cannot carry, all of it at once."""
        bonds = [name for name, item in self.interfaces.items() if item.get("type") == "bond"]
        tagged = [name for name, item in self.interfaces.items() if _bridged(item)[1]]
        lacks = [f"{what} ({', '.join(names[:4])}{', …' if len(names) > 4 else ''})"
                 for what, names in (("bonds", bonds), ("tagged VLANs", tagged)) if names]  # fmt: skip
        if lacks:
            raise NotEmulated(
                f"this kernel has no {' and no '.join(lacks)}: use a guest that has (--dataplane frr-guest)"
            )

    def home(self, vlan: str) -> str:
        """Return the VRF that a VLAN's SVI is in, or ``default``."""
        return str(at(self.svis().get(vlan, {}), "ip").get("vrf", "default"))

    def vlan(self, vlan: str, vni: str) -> Object:
        """Return a VLAN: a bridge that is its own SVI, with its tunnel and its gateway."""
        vrf, name = self.home(vlan), f"vlan{vlan}"
        svi = self.svis().get(vlan, {})
        found = self.tunnel(name, vni, vrf, ("vlan", vlan))
        ip = _in(vrf)
        more = [f"{ip} addr add {address} dev {name}" for address in at(svi, "ip", "address")]
        for address in at(svi, "ip", "vrr", "address"):
            more += _virtual(ip, name, self.fabric_mac(), address)
        return Object(found.key, (*found.make, *more), found.unmake, found.on)

    def tunnel(self, bridge: str, vni: str, vrf: str, key: Key) -> Object:
        """Return a bridge in a VRF's namespace and the VXLAN device of a VNI in it."""
        ip = _in(vrf)
        make = [f"{ip} link add {bridge} type bridge stp_state 0"]
        if vni and self.vtep:
            away = [f"ip link set vni{vni} netns {vrf}"] if vrf != "default" else []
            make += [
                f"ip link add vni{vni} type vxlan id {vni} dstport 4789 local {self.vtep} nolearning", *away,
                f"{ip} link set vni{vni} master {bridge} addrgenmode none mtu {MTU}",
                f"{ip} link set vni{vni} type bridge_slave neigh_suppress on learning off",
                f"{ip} link set vni{vni} up",
            ]  # fmt: skip
        if key[0] == "l3":
            make.append(f"{ip} link set {bridge} addrgenmode none")
        make.append(f"{ip} link set {bridge} up")
        unmake = ([f"{ip} link del vni{vni}"] if vni else []) + [f"{ip} link del {bridge}"]
        return Object(key, tuple(make), tuple(unmake), on=(("vrf", vrf),))

    def attached(self, name: str, item: Tree) -> Iterator[Object]:
        """Yield where a port hangs."""
        untagged, _tagged = _bridged(item)
        vrf = self.home(untagged) if untagged else str(at(item, "ip").get("vrf", "default"))
        ip = _in(vrf)
        state = "up" if "up" in at(item, "link", "state") else "down"
        below: tuple[Key, ...] = (("port", name), ("vrf", vrf), *((("vlan", untagged),) if untagged else ()))
        make = [f"ip link set {name} netns {vrf}"] if vrf != "default" else []
        # A device that moves to another namespace arrives down.
        make += [f"{ip} link set {name} master vlan{untagged}"] if untagged else []
        make += [f"{ip} link set {name} {state}"] if make else []
        back = [f"{ip} link set {name} netns 1"] if vrf != "default" else []
        if make:
            yield Object(
                ("in", name), tuple(make), (*([f"{ip} link set {name} nomaster"] if untagged else []), *back), on=below
            )
        for address in at(item, "ip", "address"):
            yield Object(("address", name, address), (f"{ip} addr add {address} dev {name}",),
                         (f"{ip} addr del {address} dev {name}",), on=(*below, ("in", name)))  # fmt: skip


def _known(names: Sequence[str]) -> str:
    """Return the line that waits, two seconds at the most, until zebra knows ports by their names; it may not run yet."""
    there = " ".join(f"&& grep -q '^{name} ' /run/ports" for name in names)
    asked = f"vtysh -c 'show interface vrf all brief' > /run/ports 2>&1 {there} && break"
    return f"for n in $(seq 40); do [ -e /run/frr/zebra.pid ] || break; {asked}; sleep 0.05; done"


def _virtual(ip: str, name: str, mac: str, address: str, master: str = "") -> list[str]:
    """Return the lines of an anycast gateway: a device of its own with the MAC that all VTEPs share."""
    virtual = f"{name}-v0"
    return [
        f"{ip} link add link {name} name {virtual} type macvlan mode private",
        f"{ip} link set {virtual} addr {mac} addrgenmode none",
        *([f"{ip} link set {virtual} master {master}"] if master else []),
        f"{ip} link set {virtual} up",
        f"{ip} addr add {address} dev {virtual} metric 1024",
    ]


def _in(vrf: str) -> str:
    return "ip" if vrf == "default" else f"ip -n {vrf}"
