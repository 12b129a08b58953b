"""Plans made by hand: a rail fabric of any size with servers, racks, PDUs and out-of-band switches.

They do not come from the planner, so that what is printed is judged by itself.
"""

from __future__ import annotations

import msgspec

from rackwright.plan.model import (
    Assembly,
    Bgp,
    BgpNeighbor,
    BgpVrf,
    Bond,
    Cage,
    Device,
    DhcpScope,
    DnsRecord,
    End,
    HostBond,
    HostInterface,
    HostNetwork,
    Layout,
    Link,
    PeerGroup,
    Placement,
    Plan,
    Port,
    Rack,
    Switch,
    SystemSettings,
    Vlan,
    Vrf,
)

RAILS = 8


class _Maker:
    """Collects the parts of a plan."""

    def __init__(self, units: int, nodes: int, per_leaf: int, spines: int, a_rack: int) -> None:
        self.units, self.nodes, self.per_leaf, self.spines, self.a_rack = units, nodes, per_leaf, spines, a_rack
        self.devices: list[Device] = []
        self.links: list[Link] = []
        self.assemblies: list[Assembly] = []
        self.ports: dict[str, list[Port]] = {}
        self.cages: dict[str, dict[int, Cage]] = {}
        self.placements: list[Placement] = []
        self.next: dict[str, int] = {}
        self.sides: dict[tuple[str, str], list[int]] = {}

    def port(self, switch: str) -> tuple[str, int, int]:
        """Take the next half cage of a switch."""
        index = self.next.get(switch, 0)
        self.next[switch] = index + 1
        cage, sub = index // 2 + 1, index % 2
        self.cages.setdefault(switch, {})[cage] = Cage(cage, breakout="2x", lanes_per_port=4)
        return f"swp{cage}s{sub}", cage, sub

    def host_link(self, leaf: str, host: str, rail: int) -> None:
        name, cage, sub = self.port(leaf)
        a = End(leaf, name, cage, sub)
        b = End(host, f"b3140h-{rail}", nic="b3140h", interface=f"ens{rail}np0")
        index = len(self.links)
        self.links.append(Link("backend", "host", a, b, 400, 4, "dac", rail=rail, attach=0))
        low = f"10.{200 + rail // 2}.{index // 128 % 256}.{index % 128 * 2}"
        self.ports.setdefault(leaf, []).append(
            Port(name, cage, sub, "host", 400, description=f"{host} rail {rail}", mtu_bytes=9216, peer=host,
                 address=f"{low}/31", peer_port=b.port, rail=rail, link=index)
        )  # fmt: skip
        self.sides.setdefault((leaf, str(cage)), []).append(index)

    def fabric_link(self, spine: str, leaf: str) -> None:
        a_port, a_cage, a_sub = self.port(spine)
        b_port, b_cage, b_sub = self.port(leaf)
        index = len(self.links)
        self.links.append(
            Link(
                "backend", "fabric", End(spine, a_port, a_cage, a_sub), End(leaf, b_port, b_cage, b_sub), 400, 4, "dr4"
            )
        )
        for switch, port, cage, sub, peer, far in (
            (spine, a_port, a_cage, a_sub, leaf, b_port),
            (leaf, b_port, b_cage, b_sub, spine, a_port),
        ):
            self.ports.setdefault(switch, []).append(
                Port(port, cage, sub, "fabric", 400, adaptive_routing=True, peer=peer, peer_port=far, link=index)
            )
        side = "AB"[a_sub]
        self.assemblies.append(Assembly(f"f{index:05d}", "dr4-osfp-osfp", 20, f"{spine}:{a_cage}", side, (index,)))

    def management_link(self, oob: str, device: str, port: str, kind: str = "management") -> None:
        number = self.next[oob] = self.next.get(oob, 0) + 1
        name, index = f"swp{number}", len(self.links)
        self.links.append(Link("oob", kind, End(oob, name, number), End(device, port), 1, 0, "cat6"))
        self.cages.setdefault(oob, {})[number] = Cage(number)
        self.ports.setdefault(oob, []).append(
            Port(name, number, -1, kind, 1, access=200, peer=device, peer_port=port, link=index)
        )
        self.assemblies.append(Assembly(f"m{index:05d}", "cat6", 3, f"{oob}:{number}", "", (index,)))


def rails(  # noqa: C901 - a fixture in one piece
    *, units: int = 1, nodes: int = 4, per_leaf: int = 4, spines: int = 0, a_rack: int = 4, name: str = "small",
    macs: bool = True, first: int = 1, drop: tuple[str, ...] = (),
) -> Plan:  # fmt: skip
    """Return a plan with ``units`` scalable units of ``nodes`` XE9680; ``per_leaf`` rails share a leaf."""
    make = _Maker(units, nodes, per_leaf, spines, a_rack)
    width = max(2, len(str(units * nodes)))
    hosts = [f"gpu{n:0{width}d}" for n in range(first, first + units * nodes)]
    hosts = [host for host in hosts if host not in drop]
    leaves = [
        (f"be{unit * (RAILS // per_leaf) + at + 1:0{width}d}", unit + 1, at)
        for unit in range(units)
        for at in range(RAILS // per_leaf)
    ]
    spine_names = [f"sp{n:0{width}d}" for n in range(1, spines + 1)]
    need = len(hosts) * 2 + len(leaves) + spines + -(-len(hosts) // a_rack) * 2
    oobs = [f"oob{n:0{width}d}" for n in range(1, -(-need // 48) + 1)]
    for place, leaf in enumerate(leaves):
        for host in hosts[(leaf[1] - 1) * nodes : leaf[1] * nodes]:
            for rail in range(leaf[2] * per_leaf + 1, (leaf[2] + 1) * per_leaf + 1):
                make.host_link(leaf[0], host, rail)
        for turn in range(nodes * per_leaf if spines else 0):
            make.fabric_link(spine_names[turn % spines], leaf[0])
        make.devices.append(
            Device(leaf[0], "leaf", "sn5600", "backend", place + 1, "backend", 0, leaf[1], f"10.10.0.{place + 11}/22")
        )
    for place, spine in enumerate(spine_names):
        make.devices.append(
            Device(spine, "spine", "sn5600", "backend", place + 1, "backend", management=f"10.10.1.{place + 11}/22")
        )
    for place, oob in enumerate(oobs):
        make.devices.append(
            Device(oob, "oob", "sn2201", "oob", place + 1, "oob", management=f"10.10.2.{place % 200 + 11}/22")
        )
    racks = _racks(make, hosts, [leaf[0] for leaf in leaves], spine_names, oobs)
    for place, host in enumerate(hosts):
        known = (("bmc", f"02:00:00:{place // 256:02x}:{place % 256:02x}:01"),) if macs else ()
        make.devices.append(
            Device(host, "server", "xe9680", "gpu", place + 1, macs=known, serial=f"SVC{place:04d}",
                   management=f"10.10.{4 + place // 200}.{place % 200 + 11}/20", roles=("k8s-worker",))
        )  # fmt: skip
    wanted = [(host, port) for host in hosts for port in ("bmc", "b3220l-1.bmc")]
    wanted += [(switch, "eth0") for switch in [leaf[0] for leaf in leaves] + spine_names]
    for device, port in wanted:
        make.management_link(oobs[(make.next.get("turn", 0)) // 48], device, port)
        make.next["turn"] = make.next.get("turn", 0) + 1
    for rack in racks:
        for pdu in rack.pdus[:2]:
            make.management_link(oobs[make.next["turn"] // 48], pdu, "net", "pdu")
            make.next["turn"] += 1
        make.devices += [Device(pdu, "pdu", "apdu10450sw", rack.name, n + 1) for n, pdu in enumerate(rack.pdus)]
    for (leaf, cage), indexes in make.sides.items():
        make.assemblies.append(
            Assembly(f"h{indexes[0]:05d}", "dac-osfp-2xqsfp112", 2, f"{leaf}:{cage}", "", tuple(indexes), 2)
        )
    return _plan(make, name, hosts, racks)


def _racks(make: _Maker, hosts: list[str], leaves: list[str], spines: list[str], oobs: list[str]) -> list[Rack]:
    racks = []
    for number, start in enumerate(range(0, len(hosts), make.a_rack), 1):
        name = f"r{number:03d}"
        for at, host in enumerate(hosts[start : start + make.a_rack]):
            make.placements.append(Placement(host, name, 2 + 6 * at, 6))
        own = leaves[number - 1 :: -(-len(hosts) // make.a_rack)]
        for at, leaf in enumerate(own[:6]):
            make.placements.append(Placement(leaf, name, 30 + 2 * at, 2))
        if number <= len(oobs):
            make.placements.append(Placement(oobs[number - 1], name, 44, 1))
        pdus = tuple(f"{name}-pdu{n}" for n in range(1, 5))
        watts = 10200 * len(hosts[start : start + make.a_rack]) + 940 * len(own)
        racks.append(
            Rack(name, "ar3307", 48, pdus, "apdu10450sw", ("a", "a", "b", "b"), 17300, "one-pdu", watts, (),
                 tuple((pdu, watts // 4) for pdu in pdus), tuple((pdu, watts // 3) for pdu in pdus))
        )  # fmt: skip
    for at in range(0, len(spines), 16):
        name = f"s{at // 16 + 1:02d}"
        for step, spine in enumerate(spines[at : at + 16]):
            make.placements.append(Placement(spine, name, 2 + 2 * step, 2))
        racks.append(Rack(name, "ar3307", 48, unknown=(f"{spines[at]} (watts)",)))
    return racks


def _switch(make: _Maker, device: Device, place: int) -> Switch:
    ports = tuple(make.ports.get(device.name, ()))
    unnumbered = tuple(BgpNeighbor(port.name, "fabric", peer=port.peer) for port in ports if port.kind == "fabric")
    bgp = BgpVrf(4200000000 + place, groups=(PeerGroup("fabric", "external", bfd=True),), neighbors=unnumbered)
    oob = device.role == "oob"
    return Switch(
        device.name, device.model, device.role, device.fabric, "5.12.1", device.management, "10.10.0.1",
        SystemSettings(password="switch_hash", ssh_keys=(("ops", "ssh-ed25519", "AAAAC3Nza"),), ntp=("10.10.0.5",)),
        loopback="" if oob else f"10.255.{place // 256}.{place % 256}/32",
        cages=tuple(make.cages.get(device.name, {}).values()), ports=ports,
        vlans=(Vlan(200, network="oob"),) if oob else (),
        vrfs=() if oob else (Vrf("default", bgp=bgp),),
        bgp=None if oob else Bgp(4200000000 + place, f"10.255.{place // 256}.{place % 256}"),
        roce="" if oob else "lossless", adaptive_routing=not oob,
    )  # fmt: skip


def _host(make: _Maker, host: str, links: list[Link]) -> HostNetwork:
    own = {link.rail: link for link in links}
    ports = [
        HostInterface(
            link.b.interface, link.b.port, "", f"10.{200 + rail}.0.{len(own)}/31", f"10.{200 + rail}.0.0",
            ("10.200.0.0/13",), 9000, rail, 100 + rail,
        )
        for rail, link in sorted(own.items())
    ]  # fmt: skip
    ports += [HostInterface(f"ens20f{n}np{n}", f"b3220l-1.{n + 1}", "", mtu_bytes=9000, bond="bond0") for n in range(2)]
    ports += [HostInterface("bond0.500", "bond0", "", "10.20.8.11/22", mtu_bytes=9000, vlan=500, parent="bond0")]
    bond = HostBond("bond0", ("ens20f0np0", "ens20f1np1"), address="10.20.0.11/22", gateway="10.20.0.1", mtu_bytes=9000)
    return HostNetwork(host, tuple(ports), (bond,), ("10.20.0.5",), "lab.example")


def _plan(make: _Maker, name: str, hosts: list[str], racks: list[Rack]) -> Plan:
    by_host: dict[str, list[Link]] = {}
    for link in make.links:
        if link.rail:
            by_host.setdefault(link.b.device, []).append(link)
    switches = [device for device in make.devices if device.role in ("leaf", "spine", "oob")]
    managed = [device for device in make.devices if device.management]
    reserved = tuple(
        (device.name, dict(device.macs).get("bmc", ""), device.management.partition("/")[0]) for device in managed
    )
    scope = DhcpScope(
        "oob", "10.10.0.0/20", "10.10.0.1", "10.10.12.10", "10.10.15.250", reserved, ("10.20.0.5",), ("10.10.0.5",),
        ztp=True, next_server="10.10.0.5",
    )  # fmt: skip
    inband = DhcpScope(
        "inband", "10.20.0.0/22", "10.20.0.1", "10.20.3.10", "10.20.3.250", pxe=True, next_server="10.10.0.5"
    )
    count = {role: sum(device.role == role for device in switches) for role in ("leaf", "spine", "oob")}
    half = make.nodes * make.per_leaf * 400.0
    return Plan(
        name=name, release="dell-nvidia-1.3", nos="5.12.1", digest="sha256:" + "0" * 64,
        devices=tuple(make.devices), links=tuple(make.links), assemblies=tuple(make.assemblies),
        switches=tuple(_switch(make, device, place) for place, device in enumerate(switches, 1)),
        hosts=tuple(_host(make, host, by_host[host]) for host in hosts),
        racks=tuple(racks), placements=tuple(make.placements), scopes=(scope, inband),
        dns=tuple(DnsRecord(device.name if device.role != "server" else f"{device.name}-bmc",
                            device.management.partition("/")[0]) for device in managed),
        layouts=(
            Layout("backend", "rail-optimized" if make.spines else "pure-rail", 2 if make.spines else 1, 1,
                   count["leaf"], count["spine"], 0, make.units, make.nodes, 1, make.per_leaf, half,
                   half if make.spines else 0, len(hosts), len(hosts)),
            Layout("oob", "l2", 1, 1, count["oob"], 0, 0, 1, len(hosts), 0, 0, 48, 0, len(hosts), len(hosts)),
        ),
        waves=(("oob", tuple(d.name for d in switches if d.role == "oob")),
               ("backend", tuple(d.name for d in switches if d.role != "oob"))),
        notes=("no source gives the power of the SN2201",),
    )  # fmt: skip


def bonded(plan: Plan) -> Plan:
    """Return the plan with a bond on the first port of its first switch."""
    switch = plan.switches[0]
    port = msgspec.structs.replace(switch.ports[0], bond="bond1", untagged=0)
    bond = Bond("bond1", (port.name,), untagged=300, tagged=(400, 500))
    changed = msgspec.structs.replace(
        switch, ports=(port, *switch.ports[1:]), bonds=(bond,), vlans=(Vlan(300, network="inband"),)
    )
    return msgspec.structs.replace(plan, switches=(changed, *plan.switches[1:]))


def grown(plan: Plan, host: str = "gpu9999") -> Plan:
    """Return the plan with one more XE9680 in a rack of its own; nothing that stood moves."""
    replace = msgspec.structs.replace
    leaves = [switch for switch in plan.switches if switch.role == "leaf"]
    links, assemblies, switches = list(plan.links), list(plan.assemblies), {s.name: s for s in plan.switches}
    for rail in range(1, RAILS + 1):
        leaf = switches[leaves[(rail - 1) % len(leaves)].name]
        number = max(port.cage for port in leaf.ports) + 1
        index = len(links)
        end = End(host, f"b3140h-{rail}", nic="b3140h", interface=f"ens{rail}np0")
        links.append(
            Link("backend", "host", End(leaf.name, f"swp{number}s0", number, 0), end, 400, 4, "dac", rail=rail)
        )
        port = Port(f"swp{number}s0", number, 0, "host", 400, peer=host, peer_port=end.port, rail=rail, link=index)
        cage = Cage(number, breakout="2x", lanes_per_port=4)
        switches[leaf.name] = replace(leaf, ports=(*leaf.ports, port), cages=(*leaf.cages, cage))
        assemblies.append(Assembly(f"h{index:05d}", "dac-osfp-2xqsfp112", 2, f"{leaf.name}:{number}", "", (index,), 2))
    new = [link for link in links if link.b.device == host]
    return replace(
        plan,
        devices=(*plan.devices, Device(host, "server", "xe9680", "gpu", 9999, management="10.10.12.9/20")),
        links=tuple(links), assemblies=tuple(assemblies), switches=tuple(switches.values()),
        hosts=(*plan.hosts, _host(_Maker(1, 1, 1, 0, 1), host, new)),
        racks=(*plan.racks, Rack("x001", "ar3307", 48, watts=10200)),
        placements=(*plan.placements, Placement(host, "x001", 2, 6)),
        dns=(*plan.dns, DnsRecord(f"{host}-bmc", "10.10.12.9")),
    )  # fmt: skip
