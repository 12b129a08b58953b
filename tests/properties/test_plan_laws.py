"""Laws of the planner: a function, no double use, both ends agree, what stands never moves."""

from __future__ import annotations

import ipaddress
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright import catalog, plan
from rackwright.documents import canonical_json, digest
from rackwright.intent.models import Site
from rackwright.plan import LockFile
from rackwright.plan.model import Link, Plan
from rackwright.render.nvue import tree
from tests.sites import Mapping, site, sites

CATALOG = catalog.load()
FEW = settings(max_examples=25)


def planned(wish: Mapping, lock: LockFile | None = None) -> tuple[Plan, LockFile]:
    """Return the plan of a site and the lock that goes with it."""
    made, after = plan.build(Site.model_validate(wish), lock, catalog=CATALOG)
    return made, after.file()


def bytes_of(made: Plan) -> bytes:
    """Return a plan as its canonical bytes."""
    return canonical_json(msgspec.to_builtins(made))


def ends(link: Link) -> frozenset[tuple[str, str]]:
    """Return the two ends of a link, without order."""
    return frozenset(((link.a.device, link.a.port), (link.b.device, link.b.port)))


def facts(made: Plan) -> dict[str, set[Any]]:
    """Return what must not move: cables, addresses, numbers of every switch and host."""
    return {
        "links": {ends(link) for link in made.links},
        "management": {(device.name, device.management) for device in made.devices},
        "switches": {
            (switch.name, switch.loopback, switch.vtep, switch.bgp.asn if switch.bgp else 0) for switch in made.switches
        },
        "ports": {
            (switch.name, port.name, port.address) for switch in made.switches for port in switch.ports if port.address
        },
        "bonds": {(s.name, bond.name, bond.members, bond.es_id) for s in made.switches for bond in s.bonds},
        "hosts": {
            (host.name, face.name, face.address) for host in made.hosts for face in host.interfaces if face.address
        },
    }


@FEW
@given(sites())
def test_no_port_and_no_address_twice(wish: Mapping) -> None:
    """Every port has one cable, every address one owner, inside its pool."""
    made, _ = planned(wish)
    used = Counter(end for link in made.links for end in ends(link))
    assert [end for end, count in used.items() if count > 1] == []
    loopbacks = [switch.loopback for switch in made.switches if switch.loopback]
    assert len(loopbacks) == len(set(loopbacks))
    assert all(ipaddress.ip_interface(text).ip in ipaddress.ip_network("10.255.0.0/20") for text in loopbacks)
    faces = [face.address for host in made.hosts for face in host.interfaces if face.address]
    faces += [port.address for switch in made.switches for port in switch.ports if port.address]
    own = [text.partition("/")[0] for text in faces]
    assert len(own) == len(set(own))


@FEW
@given(sites())
def test_both_ends_of_a_cable_agree(wish: Mapping) -> None:
    """Both switches of a link split their cage alike and know each other; a /31 has its two ends on one cable."""
    made, _ = planned(wish)
    ports = {(switch.name, port.name): port for switch in made.switches for port in switch.ports}
    hosts = {(host.name, face.port): face for host in made.hosts for face in host.interfaces}
    for link in made.links:
        a, b = ports[(link.a.device, link.a.port)], ports.get((link.b.device, link.b.port))
        assert a.peer == link.b.device
        if b is not None:
            assert (b.peer, b.speed_gbps) == (link.a.device, a.speed_gbps)
        if a.address:
            face = hosts[(link.b.device, link.b.port)]
            assert ipaddress.ip_interface(face.address).network == ipaddress.ip_interface(a.address).network
            assert face.address != a.address


@FEW
@given(sites(), st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(wish: Mapping, dice: random.Random) -> None:
    """Mappings carry no order: any order of their keys gives the same bytes."""
    assert bytes_of(planned(_shuffled(wish, dice))[0]) == bytes_of(planned(wish)[0])


def _shuffled(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: _shuffled(value[key], dice) for key in keys}
    return [_shuffled(item, dice) for item in value] if isinstance(value, list) else value


@FEW
@given(sites(), st.integers(0, 3))
def test_what_stands_never_moves(wish: Mapping, growth: int) -> None:
    """Machines, a group and a fabric are added: cables, addresses and numbers of what stands stay."""
    before, lock = planned(wish)
    gpu = wish["groups"]["gpu"]
    gpu["count"] = min(gpu["count"] + growth, gpu["max"])
    wish["groups"]["aaa"] = {"model": "r660", "count": 2}
    wish["fabrics"]["frontend"]["attach"].insert(
        0, {"group": "aaa", "nic": "cx6dx", "bond": "lacp", "native": "inband"}
    )
    wish["fabrics"]["oob"]["attach"].insert(0, {"group": "aaa", "ports": ["bmc"]})
    wish["fabrics"]["another"] = {
        "topology": "pure-rail",
        "leaves": {"model": "sn5600", "name": "xx"},
        "rails_per_leaf": 2,
        "attach": [{"group": "aaa", "nic": "cx6dx", "network": "more"}],
    }
    wish["networks"]["more"] = {"style": "p2p-31", "pool": "10.128.0.0/16"}
    wish["fabrics"]["frontend"]["attach"].pop(0)
    after, _ = planned(wish, lock)
    for name, kept in facts(before).items():
        assert kept <= facts(after)[name], name


@FEW
@given(sites(), st.data())
def test_removal_moves_nothing_and_frees_on_request(wish: Mapping, data: st.DataObject) -> None:
    """A machine taken out leaves every other where it was; put back, it has its old place."""
    before, lock = planned(wish)
    gone = data.draw(st.sampled_from([d.name for d in before.devices if d.group == "gpu"]))
    wish["groups"]["gpu"]["absent"] = [gone]
    without, after = planned(wish, lock)
    for link in before.links:
        assert (ends(link) in {ends(other) for other in without.links}) == (gone not in {e[0] for e in ends(link)})
    del wish["groups"]["gpu"]["absent"]
    assert facts(planned(wish, after)[0]) == facts(before)


@FEW
@given(sites())
def test_every_planned_value_is_in_some_file(wish: Mapping) -> None:
    """No address, ASN, VNI or VLAN of the plan is lost on the way to the configurations."""
    made, _ = planned(wish)
    texts = {switch.name: str(tree(switch)) for switch in made.switches}
    for switch in made.switches:
        wanted = [port.address for port in switch.ports if port.address]
        wanted += [switch.loopback, switch.vtep, str(switch.bgp.asn) if switch.bgp else ""]
        wanted += [str(vlan.vni) for vlan in switch.vlans if vlan.vni] + [bond.name for bond in switch.bonds]
        wanted += [svi.address for svi in switch.svis] + [svi.gateway for svi in switch.svis]
        assert [text for text in wanted if text and text not in texts[switch.name]] == []


def test_a_rack_put_in_front_moves_no_machine() -> None:
    """Racks filled by ``[*n]`` keep their machines when a rack that sorts first is added, and one is removed."""
    wish = site("pure-rail", 8, 8)
    for key in ("backend", "frontend"):
        wish["fabrics"][key]["attach"][0]["media"] = "dr4"
    rack = {"model": "ar3307", "pdu": "apdu10450sw", "feeds": ["a", "b"]}
    wish["racks"] = {"r[1-3]": {**rack, "place": ["gpu[*2]@2"]}, "m1": {**rack, "place": ["fe@2", "be@10"]}}
    before, lock = planned(wish)
    wish["racks"]["a1"] = {**rack, "place": ["gpu[*2]@2"]}
    after, lock = planned(wish, lock)
    assert {(p.device, p.rack, p.unit) for p in before.placements} <= {
        (p.device, p.rack, p.unit) for p in after.placements
    }
    assert {p.device for p in after.placements if p.rack == "a1"} == {"gpu07", "gpu08"}
    del wish["racks"]["a1"]
    assert planned(wish, lock)[0].placements == before.placements


RACK = {"model": "ar3307", "pdu": "apdu10450sw", "feeds": ["a", "b"]}


def racked(topology: str, gpus: int) -> Mapping:
    """Return a site whose machines fill four racks, with all else in a fifth; cables of light reach everywhere."""
    wish = site(topology, gpus, 8)
    for key in ("backend", "frontend"):
        wish["fabrics"][key]["attach"][0]["media"] = "dr4"
    racks = {**{f"g{n}": ["gpu[*2]@2"] for n in range(1, 5)}, "m5": ["fe@2", "be@10", "oob@30", "mgmt@36"]}
    wish["racks"] = {key: {**RACK, "place": place} for key, place in racks.items()}
    return wish


@FEW
@given(st.sampled_from(["pure-rail", "single-switch"]), st.integers(1, 8), st.data())
def test_racks_added_and_removed_anywhere_change_no_cable_that_stands(
    topology: str, gpus: int, data: st.DataObject
) -> None:
    """Racks come under names that sort anywhere, and others go: part, length and name of each cable that stays are the same."""
    wish = racked(topology, gpus)
    before, lock = planned(wish)
    names = data.draw(st.lists(st.from_regex(r"[a-z][0-9]?b", fullmatch=True), min_size=1, max_size=4, unique=True))
    wish["racks"] |= {name: {**RACK, "place": []} for name in names}
    after, lock = planned(wish, lock)
    assert set(parts(before)) <= set(parts(after))
    assert [rack.name for rack in after.racks[: len(before.racks)]] == [rack.name for rack in before.racks]
    gone = data.draw(st.sampled_from(list(wish["racks"])))
    del wish["racks"][gone]
    without = set(parts(planned(wish, lock)[0]))
    touched = {placement.device for placement in after.placements if placement.rack == gone}
    assert {part for part in parts(after) if not touched & part.ends} <= without


class Part(NamedTuple):
    """What a cable is to whoever orders and labels it."""

    id: str
    part: str
    length_m: float | None
    ends: frozenset[str]


def parts(made: Plan) -> list[Part]:
    """Return the cables of a plan by their ends, whatever their place in it."""
    return [
        Part(
            one.id, one.part, one.length_m,
            frozenset(end.device for at in one.links for end in (made.links[at].a, made.links[at].b)),
        )
        for one in made.assemblies
    ]  # fmt: skip


def test_another_process_and_hash_seed_give_the_same_bytes(repository: Path) -> None:
    """The plan is a function of the site: another interpreter with another hash seed agrees."""
    code = (
        "import msgspec;from rackwright import catalog,plan;from rackwright.intent.models import Site;"
        "from rackwright.documents import canonical_json,digest;from tests.sites import site;"
        "made=plan.build(Site.model_validate(site('rail-optimized',40,64)),catalog=catalog.load())[0];"
        "print(digest(canonical_json(msgspec.to_builtins(made))))"
    )
    found = set()
    for seed in ("1", "77"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{repository / 'src'}:{repository}"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60
        )
        found.add(done.stdout.strip())
    found.add(digest(bytes_of(planned(site("rail-optimized", 40, 64))[0])))
    assert len(found) == 1
