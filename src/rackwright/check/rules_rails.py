"""Rails, and what must be unique: rail reachability, management addresses, MACs."""

from __future__ import annotations

from collections.abc import Iterator

from rackwright.check.model import CablingRule, Fabric, FabricRule, HostEnd
from rackwright.findings import Finding, Location

__all__ = ["AddressTwice", "MacTwice", "RailLeaf", "RailSplit"]


class RailLeaf(CablingRule):
    """Each rail port of a host is cabled to a leaf that carries its rail.

    Passes: NIC 3 of every node of a unit on the leaf of rail 3. Fails: a rail port on a leaf of another rail, or
    on a switch of another fabric or plane.
    """

    id = "RAIL-LEAF"
    item = "cabling: rail reachability"
    title = "Rail port is on a leaf of another rail"
    severity = "error"
    remedy = "cable the port to a leaf of its rail"
    source = "fabric.md 3.1"
    needs = ("cables", "hosts", "rails")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the leaf of each rail port with the leaves of its rail."""
        for host in fabric.hosts.values():
            leaves = fabric.rails.get((host.fabric, host.rail)) if host.rail else None
            far = fabric.far_ends.get((host.device, host.port))
            if leaves is not None and far is not None and far[0] not in leaves:
                yield self.report(
                    host.device,
                    (host.port,),
                    f"{host.device}:{host.port} is rail {host.rail} of {host.fabric} and is cabled to {far[0]}:{far[1]}",
                    expected=", ".join(sorted(leaves)),
                    actual=far[0],
                )


class RailSplit(CablingRule):
    """All ports of a rail reach each other without leaving the fabric's switches.

    Passes: a rail on one leaf, or on leaves that spines join. Fails: a rail whose ports hang on switches that no
    chain of links joins, or one that hangs on no switch of the fabric at all.
    """

    id = "RAIL-SPLIT"
    item = "cabling: rail reachability"
    title = "Ports of a rail cannot reach each other"
    severity = "error"
    remedy = "cable the rail's leaves to common spines, or put the rail on one leaf"
    source = "fabric.md 3.1, 3.3"
    needs = ("cables", "hosts", "rails")

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare the island of each rail port with that of most ports of the rail."""
        islands = _islands(fabric)
        rails: dict[tuple[str, int], list[tuple[HostEnd, str, str]]] = {}
        for host in fabric.hosts.values():
            far = fabric.far_ends.get((host.device, host.port))
            if host.rail and far is not None:
                # What is no switch of the fabric leads nowhere: it is an island of its own.
                rails.setdefault((host.fabric, host.rail), []).append((host, far[0], islands.get(far[0], far[0])))
        for (name, rail), members in sorted(rails.items()):
            counts: dict[str, int] = {}
            for _, _, island in members:
                counts[island] = counts.get(island, 0) + 1
            home = max(counts, key=lambda island: (counts[island], island))
            for host, leaf, island in members:
                if island != home:
                    yield self.report(
                        host.device,
                        (host.port,),
                        f"{host.device}:{host.port} on {leaf} cannot reach the other ports of rail {rail} of {name}",
                        expected=f"a path to {counts[home]} other port(s) of the rail",
                        actual=f"reaches {counts[island] - 1} of them",
                    )


def _islands(fabric: Fabric) -> dict[str, str]:
    """Name each switch's island: switches that a chain of links joins share one."""
    root: dict[str, str] = {name: name for name in fabric.devices}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for cable in fabric.cables or ():
        if cable.a_device in root and cable.b_device in root:
            one, two = find(cable.a_device), find(cable.b_device)
            # Out-of-band links would join everything: a management port carries no rail.
            if one != two and "eth0" not in (cable.a_port, cable.b_port):
                root[max(one, two)] = min(one, two)
    return {name: find(name) for name in root}


class AddressTwice(FabricRule):
    """No management address is given twice.

    Passes: eth0, BMC, DPU-BMC and PDU addresses that are all different. Fails: two owners of one address, prefix
    lengths aside. Addresses by DHCP are not judged.
    """

    id = "MANAGEMENT-ADDRESS-TWICE"
    item = "cabling: unique management addresses"
    title = "Management address is given twice"
    severity = "error"
    remedy = "give each its own address"
    source = "issue 2, check"
    needs = ("addresses",)

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Collect the addresses of the plan and of eth0 in each tree."""
        owners: dict[str, str] = {}
        for view in fabric.views.values():
            for address in view.index.addressed.get("eth0", ()):
                plain = address.partition("/")[0].lower()
                first = owners.setdefault(plain, f"{view.name}:eth0") if plain != "dhcp" else f"{view.name}:eth0"
                if first != f"{view.name}:eth0":
                    path = ("interface", "eth0", "ip", "address", address)
                    yield self.fail(view, path, f"{plain} is also the address of {first}", actual=address)
        for owner, address in fabric.addresses or ():
            plain = address.partition("/")[0].lower()
            first = owners.setdefault(plain, owner) if plain else owner
            if first != owner:
                device, _, port = owner.partition(":")
                yield self.report(device, (port,), f"{plain} is also the address of {first}", actual=address)


class MacTwice(FabricRule):
    """No MAC address is given twice.

    Passes: MACs of nodes.csv that are all different, however they are written. Fails: two owners of one MAC.
    """

    id = "MANAGEMENT-MAC-TWICE"
    item = "cabling: unique management addresses"
    title = "MAC address is given twice"
    severity = "error"
    remedy = "correct nodes.csv"
    source = "issue 2, check; RN-4271264"
    needs = ("macs",)

    def judge(self, fabric: Fabric) -> Iterator[Finding]:
        """Compare MACs as bare digits."""
        owners: dict[str, str] = {}
        for owner, mac in fabric.macs or ():
            plain = mac.lower().replace(":", "").replace("-", "").replace(".", "")
            first = owners.setdefault(plain, owner) if plain else owner
            if first != owner:
                device, _, port = owner.partition(":")
                yield self.report(
                    device, (port,), f"{mac} is also the MAC of {first}", actual=mac, location=Location("nodes.csv")
                )
