"""The network of hosts: bonds, tags, rails with tables of their own, names and MACs."""

from __future__ import annotations

from rackwright.catalog.models import Catalog, NicModel, ServerModel
from rackwright.intent.models import Site
from rackwright.plan.addresses import allocate
from rackwright.plan.hosts import networks
from rackwright.plan.lock import Lock
from rackwright.plan.model import Device, End, Layout, Link


def nic(key, kind):
    return NicModel(key=key, name=key, source="test", ports=1, connector="x", speeds_gbps=(400,), lanes=4, lane_gbps=100,
                    kind=kind)  # fmt: skip


CATALOG = Catalog(
    servers={"box": ServerModel(key="box", name="box", source="test")},
    nics={"n": nic("n", "supernic"), "f": nic("f", "dpu")},
)
WISH = {
    "site": {"name": "t", "release": "r", "domain": "rack.example"},
    "services": {"dns": ["head"]},
    "roles": {"head": ["head01"]},
    "groups": {"gpu": {"model": "box"}, "head": {"model": "box"}},
    "networks": {
        "oob": {"vlan": 200, "vrf": "OOB", "subnet": "10.10.0.0/22"},
        "inband": {"vlan": 300, "vrf": "INBAND", "subnet": "10.20.0.0/22", "mtu_bytes": 9000, "pxe": True},
        "storage": {"vlan": 500, "vrf": "INBAND", "subnet": "10.20.8.0/22", "mtu_bytes": 8900},
        "gpu": {"vlan": 900, "vrf": "GPU", "subnet": "192.168.110.0/24", "mtu_bytes": 9000},
        "rails": {"style": "p2p-31", "pool": "10.200.0.0/16", "mtu_bytes": 9000},
        "lanes": {"style": "vlan-per-rail", "vlan": 901, "vrf": "L", "pool": "10.201.0.0/16"},
    },
    "fabrics": {
        "back": {
            "topology": "pure-rail",
            "leaves": {"model": "sn", "name": "be"},
            "attach": [
                {"group": "gpu", "nic": "n", "network": "rails"}, {"group": "gpu", "nic": "n", "network": "lanes"},
            ],
        },
        "front": {
            "topology": "evpn-pair",
            "leaves": {"model": "sn", "name": "fe"},
            "attach": [
                {"group": "gpu", "nic": "f", "bond": "lacp", "native": "inband", "tagged": ["storage"]},
                {"group": "gpu", "nic": "n", "native": "gpu"},
                {"group": "gpu", "nic": "f", "native": "inband", "tagged": ["storage"]},
                {"group": "gpu", "nic": "n", "native": "gpu", "adapters": [3]},
            ],
        },
        "oob": {"topology": "l2", "leaves": {"model": "m", "name": "o"}, "attach": [{"group": "gpu", "ports": ["bmc"]}]},
    },
}  # fmt: skip
MACS = (("f-1.1", "AA:BB:CC:00:00:01"), ("f-1.2", "aa:bb:cc:00:00:02"), ("n-1", "AA:bb:CC:00:00:03"))
GPU = Device("gpu01", "server", "box", group="gpu", index=1, macs=MACS)
HEAD = Device("head01", "server", "box", group="head", index=1, roles=("head",))
LEAVES = [Device("be01", "leaf", "sn", fabric="back"), Device("fe01", "leaf", "sn", fabric="front")]


def bonded(name):
    ends = [End(name, f"f-1.{number}", nic="f") for number in (1, 2)]
    return [Link("front", "host", End(f"fe0{at}", "swp1"), end, 200, 2, "dac", 0, 0, 0) for at, end in enumerate(ends)]


def rail(name, number, *, attach=0, plane=0, interface=""):
    end = End(name, f"n-{number}", nic="n", interface=interface)
    return Link("back", "host", End("be01", f"swp{number}"), end, 400, 4, "dac", number, plane, attach)


def single(name, number, attach, word="n"):
    end = End(name, f"{word}-{number}", nic=word)
    return Link("front", "host", End("fe01", f"swp{number}"), end, 400, 4, "dac", number, 0, attach)


def light(name, port):
    return Link("oob", "management", End("o01", "swp1"), End(name, port), 1, 0, "cat6", attach=0)


def planned(links, *, nameservers=()):
    site = Site.model_validate(WISH)
    devices = [GPU, HEAD, *LEAVES]
    shape = Layout("back", "pure-rail", 1, 1, 1, 0, 0, 1, 16, 0, 2, 0, 0, 1, 16)
    found, _ = allocate(site, devices, links, CATALOG, Lock(), places={("back", "gpu01"): 0}, layouts=[shape])
    made = networks(site, devices, links, found, CATALOG, nameservers=nameservers)
    return {item.name: item for item in made}, found


def faces(host):
    return {item.name: item for item in host.interfaces}


def test_a_bond_has_both_ports_the_untagged_address_and_the_default_route():
    """LACP over front1 and front2, in-band on the bond itself, storage on VLAN 500 over it."""
    hosts, found = planned(bonded("gpu01"))
    host = hosts["gpu01"]
    assert [(b.name, b.mode, b.members) for b in host.bonds] == [("bond0", "802.3ad", ("front1", "front2"))]
    assert host.bonds[0].address == found.hosts[("inband", "gpu01", "")]
    assert host.bonds[0].gateway == "10.20.0.1"
    tag = faces(host)["bond0.500"]
    assert (tag.vlan, tag.parent, tag.address, tag.gateway) == (
        500, "bond0", found.hosts[("storage", "gpu01", "")], "",
    )  # fmt: skip


def test_the_bond_is_as_wide_as_the_widest_network_on_it():
    """9000 in-band and 8900 for storage make a bond of 9000 and a tag of 8900 bytes."""
    hosts, _ = planned(bonded("gpu01"))
    assert hosts["gpu01"].bonds[0].mtu_bytes == 9000
    assert faces(hosts["gpu01"])["front1"].mtu_bytes == 9000
    assert faces(hosts["gpu01"])["bond0.500"].mtu_bytes == 8900


def test_a_rail_has_a_table_and_reaches_the_other_rails_through_its_switch():
    """The next hop is the switch end of the /31, and only the pool goes there."""
    hosts, found = planned([rail("gpu01", 1), rail("gpu01", 2)])
    two = faces(hosts["gpu01"])["rail2"]
    pair = found.rails[("gpu01", "n-2")]
    assert (two.address, two.gateway) == (pair.host, pair.switch.removesuffix("/31"))
    assert (two.routes, two.rail, two.table, two.mtu_bytes) == (("10.200.0.0/16",), 2, 102, 9000)
    assert len({item.table for item in hosts["gpu01"].interfaces}) == 2


def test_rails_of_two_planes_have_names_and_tables_of_their_own():
    """Rail 1 of plane 1 and of plane 2 are two interfaces."""
    second = Link("back", "host", End("be01", "swp9"), End("gpu01", "n-9", nic="n"), 400, 4, "dac", 1, 2, 0)
    links = [rail("gpu01", 1, plane=1), second]
    hosts, _ = planned(links)
    assert set(faces(hosts["gpu01"])) == {"rail1p1", "rail1p2"}
    assert len({item.table for item in hosts["gpu01"].interfaces}) == 2


def test_a_vlan_a_rail_leaves_its_own_subnet_to_the_link():
    """Other rails go through the rail's gateway; the own subnet is in no table, so it stays one hop."""
    hosts, found = planned([rail("gpu01", 1, attach=1), rail("gpu01", 2, attach=1)])
    one = faces(hosts["gpu01"])["rail1"]
    assert one.address == found.hosts[("lanes-1", "gpu01", "n-1")]
    assert one.routes == (found.subnets["lanes-2"].prefix,)
    assert one.gateway == "10.201.0.1"
    assert one.table == 101


def test_gpu_ports_in_one_vlan_have_addresses_and_no_gateway():
    """All GPU ports share a subnet: nothing is routed and no second default route appears."""
    hosts, found = planned([*bonded("gpu01"), single("gpu01", 1, 1), single("gpu01", 2, 1)])
    both = [faces(hosts["gpu01"])[name] for name in ("rail1", "rail2")]
    assert [item.address for item in both] == [found.hosts[("gpu", "gpu01", f"n-{n}")] for n in (1, 2)]
    assert [(item.gateway, item.table) for item in both] == [("", 0), ("", 0)]


def test_there_is_one_default_route():
    """Without a bond the first port carries it and the tag; an out-of-band port never does."""
    hosts, found = planned([light("gpu01", "lom1"), single("gpu01", 1, 2, "f"), single("gpu01", 2, 2, "f")])
    host = hosts["gpu01"]
    assert [item.name for item in host.interfaces if item.gateway and not item.table] == ["front1"]
    assert [item.name for item in host.interfaces if item.vlan] == ["front1.500"]
    assert faces(host)["lom1"].address == found.hosts[("oob", "gpu01", "lom1")]


def test_controllers_are_no_interfaces_of_the_system():
    """BMC and DPU BMC ports belong to nobody's netplan."""
    hosts, _ = planned([light("gpu01", "bmc"), light("gpu01", "f-1.bmc")])
    assert hosts["gpu01"].interfaces == ()


def test_macs_come_from_the_nodes_file_in_lower_case():
    """A port without a MAC has none; a tag has no MAC of its own."""
    hosts, _ = planned([*bonded("gpu01"), rail("gpu01", 1), rail("gpu01", 2)])
    found = {item.name: item.mac for item in hosts["gpu01"].interfaces}
    assert found["front1"] == "aa:bb:cc:00:00:01"
    assert found["rail1"] == "aa:bb:cc:00:00:03"
    assert found["rail2"] == found["bond0.500"] == ""


def test_names_of_the_site_win_over_names_by_rule():
    """interfaces: says enp1s0, so it is enp1s0."""
    hosts, _ = planned([rail("gpu01", 1, interface="enp1s0"), rail("gpu01", 2)])
    assert set(faces(hosts["gpu01"])) == {"enp1s0", "rail2"}


def test_every_host_is_there_with_its_domain_and_a_name_server_it_reaches_at_once():
    """The head is asked at its in-band address, which the host shares, not out of band."""
    links = [*bonded("gpu01"), *bonded("head01"), light("head01", "lom1")]
    hosts, found = planned(links, nameservers=("10.10.0.99",))
    assert list(hosts) == ["gpu01", "head01"]
    assert hosts["gpu01"].domain == "rack.example"
    assert hosts["gpu01"].nameservers == (found.hosts[("inband", "head01", "")].partition("/")[0],)
    assert planned([rail("gpu01", 1)], nameservers=("10.10.0.99",))[0]["gpu01"].nameservers == ("10.10.0.99",)


def test_rails_dealt_out_over_two_fabrics_keep_the_numbers_of_their_adapters():
    """Adapter 3 is rail 1 of its own fabric and rail3 of the machine; another kind of adapter takes no name twice."""
    links = [rail("gpu01", 1), rail("gpu01", 2)]
    third = Link("front", "host", End("fe01", "swp1"), End("gpu01", "n-3", nic="n"), 400, 4, "dac", 1, 0, 3)
    other = Link("back", "host", End("be01", "swp9"), End("gpu01", "f-1.1", nic="f"), 400, 4, "dac", 1, 0, 0)
    hosts, _ = planned([*links, third, other])
    assert {item.port: item.name for item in hosts["gpu01"].interfaces} == {
        "n-1": "rail1", "n-2": "rail2", "n-3": "rail3", "f-1.1": "f-1p1",
    }  # fmt: skip
    tables = [item.table for item in hosts["gpu01"].interfaces if item.table]
    assert len(tables) == len(set(tables)) == 3
