"""A second opinion: from the rendered files and cabling.csv alone, both ends of every cable agree.

Nothing here asks the planner or the checker; the files are read as a stranger would read them.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from rackwright import catalog, intent, plan
from rackwright.catalog.models import Catalog
from rackwright.intent.models import Site
from rackwright.nvue.ranges import expand
from rackwright.plan import lock_text
from rackwright.plan.model import Plan
from rackwright.render.everything import everything
from tests.sites import site

INVENTORY = Path(__file__).resolve().parents[2] / "inventory"
MADE: dict[str, tuple[str, int, dict[str, Any]]] = {
    "two-tiers": ("rail-optimized", 36, {"spines": {"count": 8}}),
    "three-tiers": ("rail-optimized", 20, {"tiers": 3}),
    "two-planes": ("rail-optimized", 40, {"planes": 2}),
    "top-of-rack": ("tor-clos", 20, {"oversubscription": "2:1"}),
}
"""Name -> (topology, machines, change of the rail fabric); the front end is three pairs under spines."""
SITES = [*MADE, "xe9680-spectrum-x", "r760xa-converged", "xe9680-two-racks", "era-2-8-9-400", "era-2-4-3-200"]
Tree = dict[str, Any]


class Files(NamedTuple):
    """What a stranger has: the tree of every switch, and the cables."""

    trees: dict[str, Tree]
    cables: list[dict[str, str]]


@cache
def files(name: str) -> Files:
    """Return the rendered files of a reference site, read back."""
    made, rows = planned(name)
    trees: dict[str, Tree] = {}
    cables: list[dict[str, str]] = []
    for file in everything(made, catalog=rows):
        if file.path.endswith("/startup.yaml"):
            parts = yaml.load(file.make(), Loader=yaml.CSafeLoader)
            found = next(part["set"] for part in parts if "set" in part)
            trees[file.path.split("/")[1]] = expand(found)
        elif file.path == "cabling.csv":
            cables = list(csv.DictReader(io.StringIO(file.make().decode())))
    assert trees
    assert cables
    return Files(trees, cables)


def planned(name: str) -> tuple[Plan, Catalog]:
    """Return the plan of a reference site, or of a made one whose switches stand in tiers."""
    if name in MADE:
        topology, gpus, change = MADE[name]
        wish = site(topology, gpus, gpus)
        wish["fabrics"]["frontend"] |= {"leaves": {"model": "sn5600", "count": 6, "name": "fe"}}
        wish["fabrics"]["backend"] |= change
        rows = catalog.load()
        return plan.build(Site.model_validate(wish), catalog=rows)[0], rows
    loaded = intent.load(INVENTORY / name)
    kept = lock_text.read(INVENTORY / name / "site.lock")
    return plan.build(loaded.require(), kept, catalog=loaded.catalog, keys=loaded.keys)[0], loaded.catalog


def between_switches(found: Files) -> list[tuple[str, str, str, str]]:
    """Return (device, port, device, port) of the cables between front ports of two rendered switches."""
    ends = [(row["a_device"], row["a_port"], row["b_device"], row["b_port"]) for row in found.cables]
    return [end for end in ends if {end[0], end[2]} <= set(found.trees) and end[1][:3] == end[3][:3] == "swp"]


def neighbors(tree: Tree) -> set[str]:
    """Return the ports and addresses that a switch has a BGP session on."""
    found: set[str] = set()
    for vrf in tree.get("vrf", {}).values():
        found |= set(vrf.get("router", {}).get("bgp", {}).get("neighbor", {}))
    return found


@pytest.mark.parametrize("name", SITES)
def test_no_port_holds_two_cables(name: str) -> None:
    """Each port of each device is the end of one cable."""
    rows = files(name).cables
    ends = Counter((row[f"{side}_device"], row[f"{side}_port"]) for row in rows for side in "ab")
    assert rows
    assert [end for end, cables in ends.items() if cables > 1] == []


@pytest.mark.parametrize("name", SITES)
def test_every_cabled_port_exists(name: str) -> None:
    """A cabled port has a stanza, and a sub-port lies in a cage that is split far enough."""
    found = files(name)
    missing = []
    for row in found.cables:
        for device, port in ((row["a_device"], row["a_port"]), (row["b_device"], row["b_port"])):
            if device in found.trees and port.startswith("swp"):
                interfaces = found.trees[device]["interface"]
                cage, _, sub = port[3:].partition("s")
                modes = interfaces.get(f"swp{cage}", {}).get("link", {}).get("breakout", {})
                ways = max((int(mode[:-1]) for mode in modes if mode[:-1].isdigit()), default=0)
                if port not in interfaces or (sub and int(sub) >= ways):
                    missing.append(f"{device}:{port}")
    assert missing == []


@pytest.mark.parametrize("name", SITES)
def test_sessions_and_routing_agree_at_both_ends(name: str) -> None:
    """A cable between switches has a BGP session at both ends or at none, and so with adaptive routing and MTU."""
    found = files(name)
    unlike = []
    for a, a_port, b, b_port in between_switches(found):
        one, other = found.trees[a]["interface"][a_port], found.trees[b]["interface"][b_port]
        facts = [
            (port in neighbors(found.trees[device]), stanza.get("router", {}).get("adaptive-routing"),
             stanza.get("link", {}).get("mtu"))
            for device, port, stanza in ((a, a_port, one), (b, b_port, other))
        ]  # fmt: skip
        if facts[0] != facts[1]:
            unlike.append((a, a_port, b, b_port, facts))
    assert unlike == []


@pytest.mark.parametrize("name", SITES)
def test_a_segment_faces_one_device_from_two_switches(name: str) -> None:
    """An Ethernet segment that is cabled lies on two switches and ends at one device on both."""
    found = files(name)
    peers: dict[tuple[str, str], str] = {}
    for row in found.cables:
        peers[(row["a_device"], row["a_port"])] = row["b_device"]
        peers[(row["b_device"], row["b_port"])] = row["a_device"]
    segments: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
    for device, tree in found.trees.items():
        for stanza in tree["interface"].values():
            segment = stanza.get("evpn", {}).get("multihoming", {}).get("segment")
            ends = {
                peers[(device, port)] for port in stanza.get("bond", {}).get("member", {}) if (device, port) in peers
            }
            if segment and ends:
                segments[(str(segment["mac-address"]), str(segment["local-id"]))][device] = ends
    wrong = {key: on for key, on in segments.items() if len(on) != 2 or len(set.union(*on.values())) != 1}
    assert wrong == {}


@pytest.mark.parametrize("name", SITES)
def test_loopbacks_are_unique_and_vteps_lie_on_them(name: str) -> None:
    """No two switches share a loopback address, and a VTEP's source is an address of its own loopback."""
    found = files(name)
    held: Counter[str] = Counter()
    for tree in found.trees.values():
        own = [
            str(address).split("/")[0] for address in tree["interface"].get("lo", {}).get("ip", {}).get("address", {})
        ]
        held.update(own)
        source = tree.get("nve", {}).get("vxlan", {}).get("source", {}).get("address")
        assert source is None or source in own
    assert [address for address, times in held.items() if times > 1 and not address.startswith("127.")] == []


@pytest.mark.parametrize("name", sorted(MADE))
def test_each_leaf_has_equal_links_to_each_spine(name: str) -> None:
    """Leaves of a fabric have the same number of links to every spine of it, and one ASN each; spines share theirs."""
    found = files(name)
    fabrics = {"be": Counter[tuple[str, str]](), "fe": Counter[tuple[str, str]]()}
    for a, _, b, _ in between_switches(found):
        if "spine" in a and "spine" not in b and "super" not in a:
            fabrics[a[:2]][(b, a)] += 1
    numbers = {
        device: tree.get("router", {}).get("bgp", {}).get("autonomous-system") for device, tree in found.trees.items()
    }
    for links in fabrics.values():
        assert len(set(links.values())) == 1
        assert all(numbers[leaf] != numbers[spine] for leaf, spine in links)
    leaves = {leaf for links in fabrics.values() for leaf, _ in links}
    assert len({numbers[leaf] for leaf in leaves}) == len(leaves)
