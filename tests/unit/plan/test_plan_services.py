"""Roles to addresses, relay targets, DHCP scopes and DNS records."""

from __future__ import annotations

import re

from rackwright.catalog.models import Catalog, NicModel, ServerModel
from rackwright.intent.models import Site
from rackwright.plan.addresses import allocate
from rackwright.plan.hosts import networks
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, End, Layout, Link
from rackwright.plan.services import records, relay_targets, resolve, scopes

CATALOG = Catalog(
    servers={"box": ServerModel(key="box", name="box", source="test")},
    nics={
        key: NicModel(key=key, name=key, source="t", ports=1, connector="x", speeds_gbps=(1,), lanes=1, lane_gbps=1,
                      kind=kind)
        for key, kind in (("n", "supernic"), ("f", "dpu"))
    },
)  # fmt: skip
WISH = {
    "site": {"name": "t", "release": "r"},
    "services": {"bootstrap": "10.10.0.5", "then": "head", "dns": ["head"], "ntp": ["head", "time.example.org"]},
    "roles": {"head": ["mgmt01", "mgmt02"], "nobody": []},
    "groups": {"gpu": {"model": "box", "count": 2}, "mgmt": {"model": "box", "count": 2}},
    "networks": {
        "oob": {"vlan": 200, "vrf": "OOB", "subnet": "10.10.0.0/24", "gateway": "front"},
        "inband": {"vlan": 300, "vrf": "I", "subnet": "10.20.0.0/24", "pxe": True, "relay": ["bootstrap", "head"]},
        "storage": {"vlan": 500, "vrf": "I", "subnet": "10.20.8.0/24"},
        "rails": {"style": "p2p-31", "pool": "10.200.0.0/16"},
    },
    "fabrics": {
        "back": {
            "topology": "pure-rail",
            "leaves": {"model": "sn", "name": "be"},
            "attach": [{"group": "gpu", "nic": "n", "network": "rails"}],
        },
        "front": {
            "topology": "evpn-pair",
            "leaves": {"model": "sn", "name": "fe"},
            "attach": [{"groups": ["gpu", "mgmt"], "nic": "f", "bond": "lacp", "native": "inband",
                        "tagged": ["storage"]}],
        },
        "oob": {"topology": "l2", "leaves": {"model": "m", "name": "o"}, "attach": [{"group": "gpu", "ports": ["bmc"]}]},
    },
}  # fmt: skip
DEVICES = [
    Device("be01", "leaf", "sn", fabric="back"),
    Device("fe01", "leaf", "sn", fabric="front", macs=(("eth0", "00:00:5E:00:53:01"),)),
    Device("r1-pdu1", "pdu", "p", group="r1"),
    Device("gpu01", "server", "box", group="gpu", index=1, macs=(("f-1.2", "00:00:5E:00:53:02"),)),
    Device("gpu02", "server", "box", group="gpu", index=2),
    Device("mgmt01", "server", "box", group="mgmt", index=1, roles=("head",)),
    Device("mgmt02", "server", "box", group="mgmt", index=2, roles=("head",)),
    Device("bare", "server", "box", group="mgmt", index=3),
]


def wires():
    links = [Link("oob", "management", End("o01", "swp1"), End("fe01", "eth0"), 1, 0, "cat6", attach=0)]
    links.append(Link("oob", "pdu", End("o01", "swp2"), End("r1-pdu1", "mgmt"), 1, 0, "cat6", attach=0))
    for name in ("gpu01", "gpu02", "mgmt01", "mgmt02"):
        ports = ["bmc", "f-1.bmc"] if name.startswith("gpu") else ["bmc", "lom1"]
        links += [Link("oob", "management", End("o01", "swp9"), End(name, p), 1, 0, "cat6", attach=0) for p in ports]
        for number in (1, 2):
            end = End(name, f"f-1.{number}", nic="f")
            links.append(Link("front", "host", End(f"fe0{number}", "swp1"), end, 200, 2, "dac", 0, 0, 0))
    for at, name in enumerate(("gpu01", "gpu02")):
        links.append(
            Link("back", "host", End("be01", f"swp{at + 1}s0"), End(name, "n-1", nic="n"), 400, 4, "dac", 1, 0, 0)
        )
    return links


def setting(**services):
    site = Site.model_validate(WISH | {"services": WISH["services"] | services})
    shape = Layout("back", "pure-rail", 1, 1, 1, 0, 0, 1, 16, 0, 2, 0, 0, 1, 16)
    places = {("back", "gpu01"): 0, ("back", "gpu02"): 1}
    found, problems = allocate(site, DEVICES, wires(), CATALOG, Lock(), places=places, layouts=[shape])
    assert problems == []
    return site, found


def plain(address):
    return address.partition("/")[0]


def test_a_role_is_the_addresses_of_its_machines_in_the_network_that_asks():
    """head is two machines; in-band asks for in-band addresses, switches for those out of band."""
    site, found = setting()
    inband, problems = resolve(["head"], ("services", "ntp"), site, DEVICES, found, prefer=("inband",))
    assert inband == tuple(plain(found.hosts[("inband", name, "")]) for name in ("mgmt01", "mgmt02"))
    assert problems == []
    lights, _ = resolve(["head"], ("services", "ntp"), site, DEVICES, found, prefer=("oob",))
    assert lights == tuple(plain(found.hosts[("oob", name, "lom1")]) for name in ("mgmt01", "mgmt02"))


def test_addresses_names_outside_and_bootstrap_stand_for_themselves():
    """Order is kept and nothing comes twice."""
    site, found = setting()
    words = ["10.9.9.9", "time.example.org", "bootstrap", "mgmt01", "10.9.9.9"]
    given, problems = resolve(words, ("services", "ntp"), site, DEVICES, found, prefer=("inband",))
    assert given == ("10.9.9.9", "time.example.org", "10.10.0.5", plain(found.hosts[("inband", "mgmt01", "")]))
    assert problems == []


def test_words_that_mean_nothing_are_problems_at_their_place():
    """A slip suggests the nearest word; an empty role, a machine without an address and a missing laptop are told."""
    site, found = setting()
    given, problems = resolve(["haed", "nobody", "bare", "qqqq"], ("services", "dns"), site, DEVICES, found)
    assert given == ()
    assert [item.path for item in problems] == [f"services.dns.{index}" for index in range(4)]
    assert problems[0].remedy == "did you mean head?"
    assert "no machine that stands carries the role nobody" in problems[1].message
    assert "bare, which has no address" in problems[2].message
    without = Site.model_validate(WISH | {"services": {}})
    _, problems = resolve(["bootstrap"], ("networks", "inband", "relay"), without, DEVICES, found)
    assert problems[0].remedy == "write services.bootstrap: ADDRESS"


def test_relay_targets_are_in_the_order_of_the_words():
    """bootstrap first, then the heads at their in-band addresses; a network without a relay has no row."""
    site, found = setting()
    targets, problems = relay_targets(site, DEVICES, found)
    heads = tuple(plain(found.hosts[("inband", name, "")]) for name in ("mgmt01", "mgmt02"))
    assert targets == {"inband": ("10.10.0.5", *heads)}
    assert problems == []


def given_scopes():
    site, found = setting()
    hosts = networks(site, DEVICES, wires(), found, CATALOG)
    made = scopes(site, DEVICES, found, hosts)
    return {item.network: item for item in made}, found


def test_there_are_scopes_out_of_band_and_for_pxe_only():
    """Storage has static addresses and no scope."""
    made, _ = given_scopes()
    assert [(item.network, item.ztp, item.pxe) for item in made.values()] == [
        ("inband", False, True), ("oob", True, False),
    ]  # fmt: skip
    assert made["oob"].next_server == made["inband"].next_server == "10.10.0.5"
    assert made["oob"].gateway == "10.10.0.1"


def test_every_controller_is_reserved_with_the_mac_that_is_known():
    """Switch, PDU, BMC and DPU BMC, and the LOM of a head; no MAC is empty text, not a guess."""
    made, found = given_scopes()
    reserved = {name: (mac, address) for name, mac, address in made["oob"].reservations}
    assert reserved["fe01"] == ("00:00:5e:00:53:01", plain(found.management["fe01"]))
    assert {"r1-pdu1", "gpu01-bmc", "gpu01-f-1-bmc", "mgmt01-bmc", "mgmt01-oob-lom1"} <= set(reserved)
    assert reserved["gpu01-bmc"][0] == ""


def test_a_bond_boots_over_the_member_whose_mac_is_known():
    """One address, one MAC: the second port's, since only that is in the nodes file."""
    made, found = given_scopes()
    reserved = {name: (mac, address) for name, mac, address in made["inband"].reservations}
    assert reserved["gpu01-inband"] == ("00:00:5e:00:53:02", plain(found.hosts[("inband", "gpu01", "")]))
    assert reserved["gpu02-inband"][0] == ""


def test_leases_and_reservations_do_not_meet():
    """The dynamic range holds no address that belongs to anything."""
    made, _ = given_scopes()
    for scope in made.values():
        last = [int(word.rpartition(".")[2]) for word in (scope.first, scope.last)]
        taken = [int(address.rpartition(".")[2]) for _, _, address in scope.reservations]
        assert not [number for number in taken if last[0] <= number <= last[1]]


def test_a_client_is_sent_addresses_of_servers_and_no_names():
    """DHCP options take addresses: time.example.org stays out of them."""
    made, found = given_scopes()
    heads = tuple(plain(found.hosts[("inband", name, "")]) for name in ("mgmt01", "mgmt02"))
    assert made["inband"].ntp == made["inband"].dns == heads


def given_records():
    site, found = setting()
    hosts = networks(site, DEVICES, wires(), found, CATALOG)
    return [(item.name, item.address) for item in records(site, DEVICES, found, hosts)], found


def test_a_machine_answers_by_its_default_route_and_a_switch_by_eth0():
    """gpu01 is its in-band address, fe01 its management address."""
    made, found = given_records()
    assert ("gpu01", plain(found.hosts[("inband", "gpu01", "")])) in made
    assert ("fe01", plain(found.management["fe01"])) in made
    assert ("fe01-lo", plain(found.loopbacks["fe01"])) in made


def test_every_address_has_a_record():
    """BMCs, tags, rails at both ends, leaves in VLANs, gateways."""
    made, found = given_records()
    known = {address for _, address in made}
    wanted = {plain(text) for values in (found.controllers, found.hosts, found.svis, found.loopbacks)
              for text in values.values()}  # fmt: skip
    wanted |= {plain(text) for pair in found.rails.values() for text in (pair.host, pair.switch)}
    assert wanted <= known
    assert ("gpu01-rail1", plain(found.rails[("gpu01", "n-1")].host)) in made
    assert ("be01-swp1s0", plain(found.rails[("gpu01", "n-1")].switch)) in made
    assert ("gw-inband", "10.20.0.1") in made


def test_records_are_labels_and_come_once():
    """RFC 1123 labels of at most 63 characters, no pair twice, no name for two addresses."""
    made, _ = given_records()
    assert len(made) == len(set(made))
    assert all(re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name) for name, _ in made)
    assert len({name for name, _ in made}) == len(made)
