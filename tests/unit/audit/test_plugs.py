"""Cables of BMCs and LOMs: proven by the MAC addresses that the out-of-band switch learned, or said not to be."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from rackwright import audit
from rackwright.audit import plugs
from rackwright.audit.cabling import Port
from rackwright.audit.learned import TABLE, table
from rackwright.audit.model import INTERFACES
from rackwright.errors import NotCarried
from tests.unit.audit.racks import rack

SITE = "xe9680-two-racks"


def links(plan):
    """Server -> its management cables."""
    servers = {device.name for device in plan.devices if device.role == "server"}
    found = {}
    for link in plan.links:
        if link.kind == "management" and link.b.device in servers:
            near, far = Port(link.a.device, link.a.port), Port(link.b.device, link.b.port)
            found.setdefault(far.device, []).append((near, far))
    return found


def fresh():
    """A rack none of whose servers has a system: nobody but switches speaks."""
    made = rack(SITE)
    for near, _ in (pair for pairs in links(made.site.plan).values() for pair in pairs):
        made.said[near.device][INTERFACES][near.name].pop("lldp", None)
    return made


def exchange(made, one, two, switch="oob01"):
    """Change what is learned at two ports, as if their plugs were exchanged."""
    for row in made.said[switch][TABLE].values():
        row["interface"] = {one: two, two: one}.get(row["interface"], row["interface"])


def forget(made, *ports):
    """Let the addresses behind ports age out."""
    rows = made.said["oob01"][TABLE]
    made.said["oob01"][TABLE] = {key: row for key, row in rows.items() if row["interface"] not in ports}


def unnamed(made, *ports):
    """Return the rack with a nodes.csv that lacks MAC addresses of (device, port)."""
    devices = tuple(
        msgspec.structs.replace(one, macs=tuple(pair for pair in one.macs if (one.name, pair[0]) not in ports))
        for one in made.site.plan.devices
    )
    plan = msgspec.structs.replace(made.site.plan, devices=devices)
    return replace(made, site=audit.Site(plan, made.site.catalog))


def judged(made, standing=()):
    """Return what is found about all servers."""
    of = links(made.site.plan)
    switches = {near.device for pairs in of.values() for near, _ in pairs}
    evidence = {name: one for name, one in made.evidence().items() if name in switches}
    return plugs.judge(made.site, evidence, of, standing=standing).found


def told(found, *statuses):
    return [one for one in found if one.status in (statuses or ("fail", "error", "skipped"))]


def passed(found):
    return {one.subject: one.actual for one in found if one.status == "pass"}


def test_every_management_cable_is_proven_by_what_the_switch_learned():
    """A server whose system does not speak yet has its cables of BMC, adapter's BMC and LOM proven all the same."""
    made = fresh()
    found = judged(made)
    assert told(found) == []
    assert passed(found) == dict.fromkeys(links(made.site.plan), "2 management cables")


def test_exchanged_bmcs_fail_with_the_two_plugs():
    """Each BMC answers at its address over the other's cable: nothing else would ever tell."""
    made = fresh()
    exchange(made, "swp9", "swp11")
    found = judged(made)
    (wrong,) = told(found)
    assert (wrong.check, wrong.subject, wrong.status, wrong.severity) == ("LINK-CABLING", "oob01", "fail", "error")
    assert wrong.remedy == "swap oob01 swp9 with swp11 (or, at the other ends, gpu05 bmc with gpu06 bmc)"
    assert {"oob01 swp9 sees gpu06 bmc", "oob01 swp11 sees gpu05 bmc"} <= set(wrong.evidence)
    assert passed(found)["gpu05"] == "1 management cable"


def test_servers_whose_places_are_proven_have_their_two_cables_exchanged():
    """All management cables of two servers look like two servers that were carried, unless a rail of either says where it stands."""
    made = fresh()
    exchange(made, "swp9", "swp11")
    exchange(made, "swp10", "swp12")
    (wrong,) = told(judged(made))
    assert (
        "gpu05 and gpu06 are exchanged, or the cables in oob01 swp9 and swp11, oob01 swp10 and swp12 are"
        in wrong.message
    )
    assert [one.remedy.partition(" (or")[0] for one in told(judged(made, {"gpu05"}))] == [
        "swap oob01 swp10 with swp12", "swap oob01 swp9 with swp11",
    ]  # fmt: skip


def test_two_exchanges_at_one_switch_are_two_findings():
    """They had one id between them, and a certificate that keeps the last of each id named one."""
    made = fresh()
    for one, two in ((9, 11), (10, 12), (13, 15), (14, 16)):
        exchange(made, f"swp{one}", f"swp{two}")
    assert [one.path for one in told(judged(made))] == ["device.gpu05.gpu06", "device.gpu07.gpu08"]
    assert len({one.id for one in told(judged(made))}) == 2


def test_bmc_and_lom_of_one_server_that_are_exchanged_fail():
    """The BMC is then in the in-band network, where installers are."""
    made = fresh()
    exchange(made, "swp21", "swp22")
    (wrong,) = told(judged(made))
    assert wrong.remedy == "swap oob01 swp21 with swp22 (or, at the other ends, mgmt03 bmc with lom1)"


def test_a_plug_in_a_free_port_is_moved():
    """What is learned where the plan has nobody is in the wrong hole."""
    made = fresh()
    made.said["oob01"][INTERFACES]["swp9"]["link"]["oper-status"] = "down"
    made.said["oob01"][INTERFACES]["swp47"] = {"link": {"oper-status": "up"}}
    exchange(made, "swp9", "swp47")
    (wrong,) = told(judged(made))
    assert wrong.remedy.startswith("move the plug in oob01 swp47 to swp9")


def test_a_dark_management_cable_is_a_missing_one():
    """A LOM that is not plugged in is told where its cable belongs, and is neither proven nor a note."""
    made = fresh()
    made.said["oob01"][INTERFACES]["swp22"]["link"]["oper-status"] = "down"
    forget(made, "swp22")
    found = judged(made)
    (wrong,) = told(found)
    assert (wrong.check, wrong.path, wrong.status) == ("LINK-STATE", "swp22", "fail")
    assert "mgmt03 lom1" in wrong.message
    assert passed(found)["mgmt03"] == "1 management cable"


@pytest.mark.parametrize(
    ("plant", "why", "how"),
    [
        (lambda made: unnamed(made, ("gpu05", "bmc")), "nodes.csv has no MAC address of it", "from the label"),
        (lambda made: forget(made, "swp9"), "its MAC address is not in the table of oob01", "ping it"),
        (lambda made: made.said["oob01"].update({TABLE: NotCarried("no such question")}), "is not told (no such", "nv show bridge"),
        (
            lambda made: [
                row.update(mac="02:00:00:00:00:99") for row in made.said["oob01"][TABLE].values() if row["interface"] == "swp9"
            ],
            "02:00:00:00:00:99 is learned there, which nodes.csv does not have", "compare it",
        ),
    ],
    ids=["unnamed", "aged", "refused", "stranger"],
)  # fmt: skip
def test_what_cannot_be_known_is_a_note_that_says_how_to_find_out(plant, why, how):
    """It is neither proof nor fault: no pass names it, nothing fails, and the record has what is not verified."""
    made = fresh()
    planted = plant(made)
    found = judged(planted if isinstance(planted, type(made)) else made)
    assert told(found, "fail", "error") == []
    (note,) = [one for one in told(found, "skipped") if one.subject == "gpu05"]
    assert note.message.startswith("not verified: bmc at oob01 swp9")
    assert why in note.message
    assert how in note.message
    assert len(note.message) <= 240
    assert passed(found).get("gpu05") in {"1 management cable", None}


@pytest.mark.parametrize("empty", [{}, [], None, ""])
def test_an_empty_table_proves_nothing(empty):
    """A switch that has learned nobody, or answers without form, has no cable proven, and none is wrong by it."""
    made = fresh()
    made.said["oob01"][TABLE] = empty
    found = judged(made)
    assert passed(found) == {}
    assert told(found, "fail", "error") == []
    assert {one.subject for one in told(found, "skipped")} == set(links(made.site.plan))


def test_a_switch_that_does_not_answer_is_an_error_of_each_server_behind_it():
    """Who could not be asked is asked again; that is no cable of which nothing can be known."""
    made = replace(fresh(), errors={"oob01": "no route to it"})
    found = judged(made)
    assert passed(found) == {}
    assert {one.subject for one in told(found, "error")} == set(links(made.site.plan))


def test_one_known_address_tells_both_of_two_exchanged_plugs():
    """With one MAC address missing in nodes.csv the other one still gives the exchange away."""
    made = unnamed(fresh(), ("gpu06", "bmc"))
    exchange(made, "swp9", "swp11")
    (wrong,) = told(judged(made))
    assert wrong.remedy.startswith("swap oob01 swp9 with swp11")


def test_what_is_learned_behind_another_switch_says_nothing_of_that_port():
    """All machines beyond an uplink are learned at it: none of them is plugged in there."""
    made = fresh()
    forget(made, "swp9")
    ends = [end for link in made.site.plan.links if link.kind == "uplink" for end in (link.a, link.b)]
    uplink = next(end.port for end in ends if end.device == "oob01")
    made.said["oob01"][INTERFACES][uplink].pop("lldp", None)
    mac = dict(next(one for one in made.site.plan.devices if one.name == "gpu05").macs)["bmc"]
    made.said["oob01"][TABLE]["999"] = {"mac": mac, "vlan": 500, "interface": uplink}
    found = judged(made)
    assert told(found, "fail", "error") == []
    assert [one.subject for one in told(found, "skipped")] == ["gpu05"]


def test_several_machines_behind_one_port_are_none_of_them():
    """A small switch that somebody put in between is no reason to send anybody moving plugs."""
    made = fresh()
    forget(made, "swp9", "swp11")
    for number, name in enumerate(("gpu07", "gpu08")):
        mac = dict(next(one for one in made.site.plan.devices if one.name == name).macs)["bmc"]
        made.said["oob01"][TABLE][f"9{number}"] = {"mac": mac, "vlan": 500, "interface": "swp9"}
    assert told(judged(made), "fail", "error") == []


def test_the_address_of_a_bond_tells_no_port():
    """Any member of a bond sends with the first one's address: the second one's port would be a wrong cable."""
    made = fresh()
    site = audit.Site(made.site.plan, made.site.catalog)
    site.__dict__["bonded"] = frozenset({Port("mgmt03", "lom1"), Port("mgmt03", "bmc")})
    made = replace(made, site=site)
    exchange(made, "swp21", "swp22")
    found = judged(made)
    assert told(found, "fail", "error") == []
    assert [one.subject for one in told(found, "skipped")] == ["mgmt03"]


def test_own_entries_of_a_switch_are_not_learned():
    """Its own address, and what another switch told it, are at no port of machines."""
    rows = {
        "1": {"mac": "02:00:00:00:00:01", "interface": "swp1"},
        "2": {"mac": "02:00:00:00:00:02", "interface": "swp1", "entry-type": "permanent"},
        "3": {"mac": "02:00:00:00:00:03", "interface": "vxlan48", "entry-type": "extern_learn"},
        "4": "torn",
    }
    assert table(rows) == {"swp1": ("02:00:00:00:00:01",)}


def test_rows_by_number_and_rows_by_address_are_read():
    """5.6 numbers its rows, 5.14 has the address as the key and an entry that is no row; either is the table of a real switch."""
    numbered = {
        "1": {"age": 21, "bridge-domain": "br_default", "interface": "swp9", "last-update": 1414, "mac": "48:B0:2D:6C:8D:6F", "vlan": 121},
        "10": {"age": 9, "entry-type": "static", "interface": "bond5", "mac": "48:b0:2d:38:15:db", "vlan": 122},
        "12": {"age": 9, "entry-type": "permanent", "interface": "bond5", "mac": "48:b0:2d:ec:3c:d4"},
    }  # fmt: skip
    by_address = {
        "dynamic": {"@clear": {"state": "inactive"}},
        "48:b0:2d:6c:8d:6f": {"vlan": 121, "interface": "swp9", "entry-type": "dynamic"},
        "48:b0:2d:38:15:db": {"mac": "48:b0:2d:38:15:db", "interface": "swp7", "entry-type": "static"},
    }
    assert table(numbered) == table(by_address) == {"swp9": ("48:b0:2d:6c:8d:6f",)}


def test_a_table_of_a_form_that_nobody_knows_is_told_as_that():
    """An address that is said not to be learned sends people to a BMC that is well."""
    made = fresh()
    made.said["oob01"][TABLE] = {"1": {"ether": "02:00:00:00:00:01", "interface": "swp9"}}
    found = judged(made)
    assert passed(found) == {}
    assert told(found, "fail", "error") == []
    assert all("no row of the forwarding table of oob01 could be read" in one.message for one in told(found, "skipped"))
