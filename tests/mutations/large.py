"""A mutation in a large fabric, judged in the neighbourhood of its device.

Judging 338 switches and 23,200 cables a thousand times would take an hour and show nothing that the
neighbours of the mistake do not show.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from rackwright.check import Cable, Fabric
from rackwright.check.interfaces import port_name, section
from rackwright.check.model import Tree
from rackwright.check.view_l3 import asn_text
from tests.mutations.model import Mutation

LARGE = 40
"""Switches beyond which a mutation is judged in a part of the fabric."""


@dataclass(frozen=True)
class Near:
    """Of each device: the positions of its links, and what is at the far end of each port."""

    links: dict[str, list[int]]
    far: dict[str, dict[str, str]]


def near_of(fabric: Fabric) -> Near:
    """Index a fabric's links by device, once a fabric."""
    found: Near | None = fabric.__dict__.get("near")
    if found is None:
        found = Near({}, {})
        for position, cable in enumerate(fabric.cables or ()):
            for (device, port), (other, _) in (cable.ends, cable.ends[::-1]):
                found.links.setdefault(device, []).append(position)
                found.far.setdefault(device, {})[port] = other
        fabric.__dict__["near"] = found
    return found


def neighbourhood(before: Fabric, after: Fabric, mutation: Mutation) -> tuple[Fabric, Fabric]:
    """Give the same part of the fabric as it was and as it is after the mutation.

    Kept are the device, what hangs on the ports and bonds that the path names and on the links that changed, one of each
    kind of its neighbours, the switches whose names stand next to its own, and those whose names or values it took.
    """
    near = near_of(before)
    old, new = before.cables or (), after.cables or ()
    # Most mistakes leave the cables alone; to look through all of them would then be most of the work.
    was, now = (set(), set()) if old is new else (set(map(id, old)), set(map(id, new)))
    moved = (
        [] if old is new else [one for one in old if id(one) not in now] + [one for one in new if id(one) not in was]
    )
    far = near.far.get(mutation.device, {})
    parts = set(mutation.path.split("."))
    bonds = before.views[mutation.device].bonds if mutation.device in before.devices else {}
    ports = {part for part in parts if port_name(part)} | {
        m for name in parts & set(bonds) for m in bonds[name].members
    }
    names = {mutation.device, mutation.subject, *(far[port] for port in ports if port in far)}
    names |= {device for cable in moved for device, _ in cable.ends} | some_of_each_kind(far.values())
    # A description names another device, which must be there to be recognised.
    names |= set(str(mutation.apply.what[-1]).split())
    # A port that a changed link now shares with another one brings the switch at that one's far end.
    names |= {near.far.get(device, {}).get(port, "") for cable in moved for device, port in cable.ends}
    names = (names | beside(before, mutation.device) | lenders(before, after, mutation.device)) & set(before.devices)
    kept = sorted({position for name in names for position in near.links.get(name, ())})
    gone = {id(cable) for cable in moved}
    part = [old[position] for position in kept]
    if old is new:
        then = part
    elif len(old) == len(new):
        # Links keep their positions, so that of two cables in one port the same one comes first.
        changed = [position for position in range(len(old)) if old[position] is not new[position]] if moved else []
        then = [new[position] for position in sorted({*kept, *changed})]
    else:
        then = [cable for cable in part if id(cable) not in gone] + [cable for cable in new if id(cable) not in was]
    rows = some_rows(before, after, names, part, taken(before, after, mutation.device))
    return cut(before, names, part, part, rows), cut(after, names, then, part, rows)


def some_rows(
    before: Fabric, after: Fabric, names: set[str], links: list[Cable], also: Collection[str] = frozenset()
) -> set[str]:
    """Name the owners of addresses that count in a part: its devices and hosts, and whoever a changed row concerns."""
    near = {*names, *(device for cable in links for device, _ in cable.ends)}
    old, new = before.addresses or (), after.addresses or ()
    moved = set() if old is new else {row for pair in zip(old, new, strict=True) if pair[0] != pair[1] for row in pair}
    values = {value.partition("/")[0] for _, value in moved}.union(also)
    return {owner for owner, value in old if owner.partition(":")[0] in near or value.partition("/")[0] in values}


def some_of_each_kind(names: Iterable[str], most: int = 1) -> set[str]:
    """Take a name or more of each stem (be-spine, fe, ...)."""
    kinds: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        kinds.setdefault(name.rstrip("0123456789"), []).append(name)
    return {name for members in kinds.values() for name in members[:most]}


def beside(fabric: Fabric, device: str) -> set[str]:
    """Name the switches next to a device in the order of names; the first two beside what is no switch."""
    names = sorted(fabric.devices)
    place = names.index(device) if device in fabric.devices else 0
    return {*names[max(0, place - 1) : place + 2]}


def part_of(fabric: Fabric, each: int = 3) -> Fabric:
    """Give a part of a very large fabric, evenly spread: some switches of each kind, their partners and neighbours.

    Making every mutation of 3,296 switches to choose twenty of them would take longer than trying these.
    """
    near = near_of(fabric)
    kinds: dict[str, list[str]] = {}
    for name in sorted(fabric.devices):
        kinds.setdefault(name.rstrip("0123456789"), []).append(name)
    seeds: set[str] = set()
    names: set[str] = set()
    for members in kinds.values():
        last = len(members) - 1
        for place in (n * last // max(1, each - 1) for n in range(each)):
            seeds.add(members[place])
            # Leaves stand in pairs: the first with the second, the third with the fourth.
            names |= {members[place], members[min(place ^ 1, last)]}
    names |= {far for seed in seeds for far in some_of_each_kind(near.far.get(seed, {}).values(), 2)}
    names &= set(fabric.devices)
    kept = sorted({position for name in names for position in near.links.get(name, ())})
    links = [fabric.cables[position] for position in kept] if fabric.cables else []
    return cut(fabric, names, links, links, some_rows(fabric, fabric, names, links))


def identities(tree: Tree) -> set[str]:
    """Give what no two switches share: addresses, ASN, router id, VTEP source."""
    found = {
        address.partition("/")[0]
        for body in section(tree, "interface").values()
        for address in section(body, "ip", "address")
    }
    bgp = section(tree, "router", "bgp")
    own = section(tree, "vrf", "default", "router", "bgp")
    found |= {asn_text(body.get("autonomous-system")) for body in (bgp, own)} | {str(bgp.get("router-id"))}
    return found | {str(section(tree, "nve", "vxlan", "source").get("address"))}


def lenders(before: Fabric, after: Fabric, device: str) -> set[str]:
    """Name the switches whose address, ASN or router id the mutated one now has too."""
    owners: dict[str, set[str]] | None = before.__dict__.get("owners")
    if owners is None:
        owners = {}
        for name, item in before.devices.items():
            for value in identities(item.tree):
                owners.setdefault(value, set()).add(name)
        before.__dict__["owners"] = owners
    return {name for value in taken(before, after, device) for name in sorted(owners.get(value, ()))[:3]}


def taken(before: Fabric, after: Fabric, device: str) -> set[str]:
    """Give the identities that the mutated device did not have before."""
    if device not in before.devices or before.devices[device] is after.devices[device]:
        return set()
    return identities(after.devices[device].tree) - identities(before.devices[device].tree)


def cut(fabric: Fabric, names: set[str], cables: list[Cable], hosts_of: list[Cable], owners: Collection[str]) -> Fabric:
    """Give some switches of a fabric, the links among them and to their hosts, and those hosts."""
    kept = tuple(
        cable for cable in cables if all(device in names or device not in fabric.devices for device, _ in cable.ends)
    )
    ends = {end for cable in hosts_of for end in cable.ends}
    hosts = {end: fabric.hosts[end] for end in sorted(ends) if end in fabric.hosts}
    devices = {name: fabric.devices[name] for name in sorted(names)}
    addresses = tuple(row for row in fabric.addresses or () if row[0] in owners)
    out = replace(fabric, devices=devices, cables=kept, hosts=hosts, addresses=addresses)
    out.__dict__["views"] = {name: fabric.views[name] for name in sorted(names)}
    return out
