"""Which machine stands where: leases read, what was seen matched with the cabling, and what cannot be told."""

from types import SimpleNamespace

import pytest

from rackwright.audit.discovery import Lease, Seen, discovered, looked, read_leases
from rackwright.audit.discovery.seen import Heard
from rackwright.drivers.nvue.model import Facts
from rackwright.errors import DeviceRefused, DocumentError
from rackwright.plan.model import Device, End, Link, Plan

A, B, C = (f"02:00:00:00:00:0{number}" for number in (1, 2, 3))
DNSMASQ = (
    f"1764200000 {A} 10.0.0.9 * 01:{A}\n1764200000 {A.upper()} 10.0.0.10 iDRAC-ABC1234 *\nduid 00:01\n1 x fe80::1 * *\n"
)
KEA = f"""address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context
10.0.0.9,{A},,3600,1764200000,1,0,0,old,0,
10.0.0.10,{A},,3600,1764203600,1,0,0,idrac-abc1234,0,
10.0.0.11,{B},,3600,1764203600,1,0,0,gone,2,
10.0.0.12,{C},,0,1764203600,1,0,0,released,0,
"""


@pytest.mark.parametrize(("text", "host"), [(DNSMASQ, "iDRAC-ABC1234"), (KEA, "idrac-abc1234")])
def test_leases_of_both_servers(text, host):
    """Of each MAC address the last living lease counts, in dnsmasq's file and in Kea's."""
    assert read_leases(text, "leases") == (Lease(A, "10.0.0.10", host),)


def test_what_is_no_file_of_leases():
    """Another file is refused with its line, not read as empty."""
    with pytest.raises(DocumentError, match="x:2"):
        read_leases(f"1764200000 {A} 10.0.0.9 * *\nlease 10.0.0.1 {{\n", "x")
    assert read_leases("", "x") == ()


def plan(*known):
    """Return oob01 with two servers' BMCs, one's LOM and a leaf's eth0 behind its ports."""
    names = (("oob01", "oob"), ("gpu01", "server"), ("gpu02", "server"), ("be01", "leaf"))
    macs = {name: tuple((port, mac) for who, port, mac in known if who == name) for name, _ in names}
    ends = (("swp1", "gpu01", "bmc"), ("swp2", "gpu02", "bmc"), ("swp3", "gpu01", "lom1"), ("swp4", "be01", "eth0"))
    links = tuple(
        Link("oob", "management", End("oob01", port), End(name, far), 1) for port, name, far in ends
    )  # fmt: skip
    devices = tuple(Device(name, role, "", macs=macs[name]) for name, role in names)
    return Plan("x", "", "5.12.1", "", devices, links, (), (), (), (), (), (), (), ())


def oob(table=None, heard=None):
    return Seen(device="oob01", hostname="oob01", table=table or {}, heard=heard or {})


def test_one_address_behind_a_port_is_the_planned_machines():
    """What is learned at a port belongs to who is cabled there; ports with nothing are named."""
    found = discovered(plan(), [oob({"swp1": (A,), "swp4": (C,), "swp49": (B,)})], ())
    assert found.wishes == {"gpu01": {"bmc": A}, "be01": {"eth0": C}}
    assert found.sources["gpu01", "bmc"] == "learned at oob01 swp1"
    assert found.unclear == ()
    assert found.silent == ("oob01 swp2", "oob01 swp3")


@pytest.mark.parametrize(
    ("known", "leases", "heard"),
    [
        ((("gpu01", "lom1", B),), (), ()),
        ((("gpu01", "bmc", A),), (), ()),
        ((), (Lease(A, "10.0.0.1", "idrac-ABC1234"),), ()),
        ((), (), (Heard("gpu01", "bmc", A, exact=True),)),
    ],
    ids=["the other is known", "it is known", "it has a BMC's lease", "it says so"],
)
def test_of_two_addresses_one_may_be_told(known, leases, heard):
    """Of two addresses behind a port the one that something else speaks for is taken."""
    found = discovered(plan(*known), [oob({"swp1": (A, B)}, {"swp1": heard} if heard else {})], leases)
    assert found.wishes["gpu01"]["bmc"] == A
    assert found.unclear == ()


def test_of_two_addresses_none_is_guessed():
    """Two addresses for which nothing speaks are named with what to do, and nothing is written of them."""
    found = discovered(plan(), [oob({"swp1": (A, B)})], ())
    assert found.wishes == {}
    assert f"2 addresses ({A}, {B}) where gpu01 bmc is planned" in found.unclear[0].text
    assert "unplug" in found.unclear[0].remedy


def test_an_address_at_two_ports_is_nobodys():
    """The same address behind two ports, as machines with one default address show, is told and given to neither."""
    found = discovered(plan(), [oob({"swp1": (A,), "swp2": (A, B)})], ())
    assert found.wishes == {"gpu02": {"bmc": B}}
    assert f"{A} is seen at oob01 swp1 and oob01 swp2" in found.unclear[0].text


def test_neighbours_speak_where_nothing_is_learned():
    """A switch heard over LLDP gives its eth0 address where the table has none; another name than the planned is told, the factory's is not."""
    heard = {"swp4": (Heard("cumulus", "eth0", C, exact=False),)}
    assert discovered(plan(), [oob(heard=heard)], ()).wishes == {"be01": {"eth0": C}}
    other = {"swp4": (Heard("be02", "eth0", C, exact=False),)}
    found = discovered(plan(), [oob(heard=other)], ())
    assert "be02 eth0 calls itself so where be01 eth0 is planned" in found.unclear[0].text


def test_service_tags_come_from_leases():
    """A BMC's hostname has the service tag in it, behind a prefix that the site may have changed."""
    seen, leases = [oob({"swp1": (A,)})], (Lease(A, "10.0.0.1", "bmc-abc1234"),)
    assert discovered(plan(), seen, leases).wishes == {"gpu01": {"bmc": A}}
    assert discovered(plan(), seen, leases, prefix="bmc-").wishes["gpu01"]["service_tag"] == "ABC1234"
    assert discovered(plan(), seen, leases, prefix="").wishes == {"gpu01": {"bmc": A}}
    known = plan(("gpu02", "bmc", B))
    assert discovered(known, [], (Lease(B, "10.0.0.2", "idrac-XYZ"),)).wishes == {"gpu02": {"service_tag": "XYZ"}}


def test_a_stranger_is_not_written_down():
    """A switch that calls itself otherwise at a planned address gives neither its serial number nor its address."""
    found = discovered(plan(), [Seen(device="be01", hostname="be07", serial="S7", eth0=C)], ())
    assert found.wishes == {}
    assert "calls itself be07" in found.unclear[0].text
    fresh = discovered(plan(), [Seen(device="be01", hostname="cumulus", serial="S1", eth0=C)], ())
    assert fresh.wishes == {"be01": {"service_tag": "S1", "eth0": C}}


def test_a_switch_is_looked_at():
    """Own entries and those of other switches are no machines; a switch without a bridge has an empty table."""
    shows = {
        "interface": {
            "eth0": {"link": {"mac": A.upper()}},
            "swp1": {"lldp": {"neighbor": {"gpu01": {"port": {"name": B, "description": "lom1", "type": "mac"}}}}},
            "swp2": {},
        },
        "bridge domain br_default mac-table": {
            "1": {"mac": B, "interface": "swp1"},
            "2": {"mac": A, "interface": "br_default", "entry-type": "permanent"},
            "3": {"mac": C, "interface": "vxlan48", "entry-type": "extern_learn"},
        },
    }
    facts = Facts(hostname="oob01", serial="S1")
    session = SimpleNamespace(facts=lambda: facts, show=shows.__getitem__)
    seen = looked("oob01", session, table=True)
    assert (seen.serial, seen.eth0, seen.table) == ("S1", A, {"swp1": (B,)})
    assert seen.heard == {"swp1": (Heard("gpu01", "lom1", B, exact=True),)}

    def refused(path):
        if path == "interface":
            return shows[path]
        raise DeviceRefused("no such thing", device="oob01")

    assert looked("oob01", SimpleNamespace(facts=lambda: facts, show=refused), table=True).table == {}
