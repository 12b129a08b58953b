"""What other members of a family of designs have elsewhere than the two that stand in the inventory."""

from __future__ import annotations

from typing import Any

import pytest

from rackwright import catalog, check, plan
from rackwright.check.planned import of_plan
from rackwright.intent.models import Site
from rackwright.plan.model import Plan, Switch
from rackwright.render.nvue import tree

LOADED = catalog.load()
DUAL = LOADED.nics["b3140h"].model_copy(update={"key": "dual", "ports": 2})
CATALOG = LOADED.model_copy(update={"nics": {**LOADED.nics, "dual": DUAL}})
Wish = dict[str, Any]


def planned(wish: Wish) -> Plan:
    """Return the plan of a wish."""
    return plan.build(Site.model_validate(wish), catalog=CATALOG)[0]


def switch(made: Plan, name: str = "core-01") -> Switch:
    """Return a switch by name."""
    return next(found for found in made.switches if found.name == name)


def own(made: Plan) -> list[tuple[str, str]]:
    """Return own address and next hop of each out-of-band switch."""
    below = [found for found in made.switches if found.role == "oob"]
    return [(found.svis[0].address, found.static_routes[0].via) for found in below]


def test_out_of_band_switches_may_share_one_subnet(wish: Wish) -> None:
    """Their own addresses follow its gateway in turn, and what is cabled to any of them is served from one scope."""
    wish["fabrics"]["oob"]["per_switch"] = ["192.168.200.0/24"] * 3
    made = planned(wish)
    assert own(made) == [(f"192.168.200.{at}/24", "192.168.200.1") for at in (2, 3, 4)]
    (scope,) = [found for found in made.scopes if "@" in found.network]
    assert len({address for _, _, address in scope.reservations}) == len(scope.reservations)


def test_an_out_of_band_switch_may_have_any_address_of_its_subnet(wish: Wish) -> None:
    """One that is written is taken as it is, and given to no other."""
    wish["fabrics"]["oob"]["per_switch"] = ["192.168.200.0/24", "192.168.200.2/24", "192.168.210.30/24"]
    made = planned(wish)
    assert [address for address, _ in own(made)] == ["192.168.200.3/24", "192.168.200.2/24", "192.168.210.30/24"]
    given = {address for scope in made.scopes for _, _, address in scope.reservations}
    assert not given & {"192.168.200.2", "192.168.200.3", "192.168.210.30"}


def test_names_of_out_of_band_switches_lead_to_the_addresses_that_they_have(wish: Wish) -> None:
    """Also where the site names that address as a DHCP server, as NVIDIA's exports do."""
    made = planned(wish)
    told = {record.name: record.address for record in made.dns if record.name.startswith("oob-switch")}
    for found in made.switches:
        if found.role == "oob":
            assert told[f"{found.name}-oob"] == found.svis[0].address.partition("/")[0]


def test_gateway_and_leaves_have_the_addresses_that_the_site_gives(wish: Wish) -> None:
    """A gateway at the end of its subnet is on the leaves as any other, and no lease reaches it."""
    wish["networks"]["inband"] |= {
        "gateway_address": "172.16.178.254",
        "leaf_addresses": ["172.16.178.252", "172.16.178.253"],
    }
    made = planned(wish)
    for name, address in (("core-01", "172.16.178.252/24"), ("core-02", "172.16.178.253/24")):
        svi = next(found for found in switch(made, name).svis if found.vlan == 300)
        assert (svi.address, svi.gateway) == (address, "172.16.178.254/24")
    scope = next(found for found in made.scopes if found.network == "inband")
    assert (scope.gateway, scope.last) == ("172.16.178.254", "172.16.178.251")


def external(**more: Any) -> Wish:
    """Return an external entry beside the one that stands."""
    return {"name": "backup", "vrf": "EXIT", "links_per_leaf": 2, "at": ["swp61s6"], "peers": ["backup-01"]} | more


def groups(made: Plan, vrf: str = "EXIT") -> dict[str, tuple[str, str]]:
    """Return ASN and outbound route map by peer group of a VRF of the first core."""
    bgp = next(found.bgp for found in switch(made).vrfs if found.name == vrf)
    assert bgp is not None
    assert {found.group for found in bgp.neighbors} <= {group.name for group in bgp.groups}
    return {group.name: (group.remote_as, group.outbound) for group in bgp.groups}


def test_who_is_told_something_else_has_a_peer_group_of_its_own(wish: Wish) -> None:
    """The house style gives all external switches one group, which would tell each what the first is told."""
    wish["fabrics"]["core"]["external"].append(external(advertise="172.16.177.0/24"))
    made = planned(wish)
    own = {"underlay-esl-external-backup": ("external", "OUTBOUND_ERA_PREFIXES_BACKUP")}
    assert groups(made) == {"underlay-esl-external": ("external", "OUTBOUND_ERA_PREFIXES")} | own
    assert own.items() <= groups(made, "default").items()


def test_who_is_told_the_same_shares_group_and_policy(wish: Wish) -> None:
    """Two entries of one prefix are one group, one route map, one prefix list."""
    alone = switch(planned(wish))
    wish["fabrics"]["core"]["external"].append(external(advertise="172.16.176.0/21"))
    made = planned(wish)
    assert groups(made) == {"underlay-esl-external": ("external", "OUTBOUND_ERA_PREFIXES")}
    assert (switch(made).prefix_lists, switch(made).route_maps) == (alone.prefix_lists, alone.route_maps)


def test_a_peer_may_be_named_several_times_in_a_round(wish: Wish) -> None:
    """Two links to one, then two to the other: each peer's ports count on by themselves."""
    edge = wish["fabrics"]["core"]["external"][0]
    edge |= {"links_per_leaf": 4, "peers": ["cust-net-edge-01"] * 2 + ["cust-net-edge-02"] * 2}
    links = [found for found in planned(wish).links if found.kind == "external"]
    ends = [f"{found.b.device[-2:]}:{found.b.port}" for found in links]
    assert ends == ["01:swp29", "01:swp30", "02:swp29", "02:swp30", "01:swp31", "01:swp32", "02:swp31", "02:swp32"]


def styled(wish: Wish, **row: Any) -> tuple[Plan | None, list[str]]:
    """Return the plan in NVIDIA's house style with some things otherwise, or what is wrong with it."""
    house = CATALOG.conventions["era"].model_copy(update={"key": "ours", **row})
    wish["site"]["conventions"] = "ours"
    own = CATALOG.model_copy(update={"conventions": {**CATALOG.conventions, "ours": house}})
    outcome = plan.attempt(Site.model_validate(wish), catalog=own)
    return outcome.plan, [str(found) for found in outcome.problems if found.severity == "error"]


def test_bonds_may_be_named_by_machine_and_number(wish: Wish) -> None:
    """Three bonds to one machine have three names; a style that gives them one is refused, they would be one bond."""
    made, wrong = styled(wish, bond_name="b{number}-{peer}")
    assert made is not None
    assert wrong == []
    assert {"b1-storage-01", "b2-storage-01", "b3-storage-01"} <= {bond.name for bond in switch(made).bonds}
    made, wrong = styled(wish, bond_name="bond-{peer}")
    assert made is None
    assert "gives several bonds of core-01 the name 'bond-" in wrong[0]


def test_a_house_style_says_the_anycast_mac_once(wish: Wish) -> None:
    """What it says of itself is what the leaves get."""
    made, _ = styled(wish, anycast_mac="44:38:39:00:00:11")
    assert made is not None
    assert dict(switch(made).system.extra)["anycast_mac"] == '"44:38:39:00:00:11"'
    assert "anycast_mac" not in dict(switch(made, "oob-switch-01").system.extra)


@pytest.fixture
def planes(wish: Wish) -> Wish:
    """Return the architecture with its GPUs on two planes: one port of every adapter to a pair of switches of each."""
    core = wish["fabrics"]["core"]
    wish["groups"]["gpu"] |= {"nics": {"dual": 4, "b3140h": 0}, "interfaces": {}}
    core["attach"].pop(1)
    core["isl"] = {"links": 16, "at": "swp28"}
    wish["vrfs"]["GPU"]["loopbacks"] = ["10.1.1.11", "10.1.1.12", "10.2.1.11", "10.2.1.12"]
    wish["networks"].pop("gpu")
    for number in (1, 2):
        name = f"plane{number}"
        wish["networks"][f"gpu{number}"] = {
            "vlan": 900, "vni": 4899 + number, "vrf": "GPU", "subnet": f"192.168.11{number}.0/24", "gateway": name,
        }  # fmt: skip
        wish["fabrics"][name] = {
            "topology": "converged-pair",
            "leaves": {
                "model": "sn5600", "count": 2, "name": f"gsl-{name}-",
                "loopbacks": [f"10.{number}.1.1", f"10.{number}.1.2"],
            },
            "bgp": {"asn": 4260394788 + number, "isl": "ibgp-unnumbered"},
            "isl": {"links": "auto", "at": "swp33"},
            "attach": [{
                "group": "gpu", "nic": "dual", "adapter_ports": [number], "native": f"gpu{number}",
                "spread": "alternate", "at": "swp1",
            }],
        }  # fmt: skip
    return wish


def test_each_port_of_an_adapter_goes_to_a_plane_of_its_own(planes: Wish) -> None:
    """Four adapters of two ports are four rails in each of two planes, and the host names them so."""
    made = planned(planes)
    for number in (1, 2):
        ends = [found.b for found in made.links if found.fabric == f"plane{number}" and found.kind == "host"]
        assert {end.port.rpartition(".")[2] for end in ends} == {str(number)}
        assert len(ends) == 16
    host = next(found for found in made.hosts if found.name == "su-01-node-01")
    faces = {face.port: (face.name, face.address.rpartition(".")[0]) for face in host.interfaces if face.rail}
    assert faces["dual-3.1"] == ("rail3p1", "192.168.111")
    assert faces["dual-3.2"] == ("rail3p2", "192.168.112")
    assert len(faces) == 8


def test_planes_may_number_alike_and_have_their_own_loopbacks(planes: Wish) -> None:
    """Both have VLAN 900 and VRF GPU; nothing of one is on the other."""
    made = planned(planes)
    for number in (1, 2):
        found = switch(made, f"gsl-plane{number}-02")
        assert [(vlan.id, vlan.vni) for vlan in found.vlans] == [(900, 4899 + number)]
        assert (found.loopback, found.vtep) == (f"10.{number}.1.2/32", f"10.{number}.1.2")
        vrf = next(row for row in found.vrfs if row.name == "GPU")
        assert vrf.loopbacks[0] == f"10.{number}.1.12/32"
        (tunnels,) = [row for row in found.prefix_lists if row.name == "VTEP_PREFIXES"]
        assert tunnels.rules[0][2] == f"10.{number}.1.0/30"


def test_check_compares_what_cables_join(planes: Wish) -> None:
    """Planes that number alike are right; on one fabric a VLAN with two VNIs is not."""
    made = planned(planes)
    trees = {found.name: tree(found) for found in made.switches}
    found = check.run(of_plan(made, trees, CATALOG))
    assert [str(item) for item in found.findings if item.status == "fail"] == []
    trees["gsl-plane2-02"]["bridge"]["domain"]["br_default"]["vlan"]["900"]["vni"] = {"4777": {}}
    found = check.run(of_plan(made, trees, CATALOG))
    told = {(item.subject, item.check) for item in found.findings if item.status == "fail"}
    assert ("gsl-plane2-02", "NVUE-VNI-MAP-DIFFERS") in told
    assert not {subject for subject, rule in told if rule == "NVUE-VNI-MAP-DIFFERS" and "plane1" in subject}


def test_networks_that_meet_on_a_switch_have_numbers_of_their_own(planes: Wish) -> None:
    """A VLAN of one plane is refused a second time as soon as one pair has both."""
    site = Site.model_validate(planes)
    assert site.apart("gpu1", "gpu2")
    planes["fabrics"]["plane1"]["attach"].append(planes["fabrics"]["plane2"]["attach"][0] | {"at": "swp20"})
    assert not Site.model_validate(planes).apart("gpu1", "gpu2")


def ends(made: Plan, kind: str, leaf: str = "core-01") -> dict[str, str]:
    """Return what each port of a core is cabled to, in order of ports."""
    found = [link for link in made.links if link.kind == kind and link.a.device == leaf]
    return {link.a.port: f"{link.b.device}:{link.b.interface or link.b.port}" for link in found}


def test_ports_run_by_links_or_by_machines(wish: Wish) -> None:
    """Bonds of a storage machine side by side, GPU ports rail after rail: the other way round than by default."""
    attach = wish["fabrics"]["core"]["attach"]
    attach[1] |= {"order": "links", "spread": "alternate"}
    attach[3]["order"] = "machines"
    found = ends(planned(wish), "host")
    assert [found[f"swp57s{sub}"] for sub in range(4)] == [
        "storage-01:eth1", "storage-01:eth2", "storage-01:eth3", "storage-02:eth1",
    ]  # fmt: skip
    assert [found[port] for port in ("swp4s0", "swp4s1", "swp10s0")] == [
        "su-01-node-01:eth3", "su-01-node-02:eth3", "su-01-node-01:eth5",
    ]  # fmt: skip


def test_uplinks_run_by_links_or_by_switches(wish: Wish) -> None:
    """Both links of an out-of-band switch side by side, and one bond of them."""
    wish["fabrics"]["oob"]["uplink"]["order"] = "switches"
    made = planned(wish)
    found = ends(made, "uplink")
    assert [found[f"swp55s{sub}"] for sub in range(3)] == [
        "oob-switch-01:swp49", "oob-switch-01:swp50", "oob-switch-02:swp49",
    ]  # fmt: skip
    bonds = {bond.name: bond.members for bond in switch(made).bonds if bond.peer.startswith("oob")}
    assert bonds["bond55s0"] == ("swp55s0", "swp55s1")


def test_all_cages_serve_where_the_number_of_leaves_is_stated(wish: Wish) -> None:
    """64 machines of eight NICs are 64 ports down and 64 up on each of eight leaves: no cage is left for what may come."""
    wish["fabrics"]["gpu"] = {
        "topology": "converged-pair",
        "leaves": {"model": "sn5600", "count": 8, "name": "gl-"},
        "attach": [{"group": "gpu", "nic": "b3140h", "native": "gpu", "spread": "alternate"}],
    }
    wish["fabrics"]["core"]["attach"].pop(1)
    wish["fabrics"]["core"] |= {"isl": {"links": 4}, "attach": wish["fabrics"]["core"]["attach"][1:]}
    wish["groups"]["gpu"] |= {"count": 4, "max": 64, "names": "su-[01-16]-node-[01-04]"}
    wish["networks"]["gpu"] |= {"gateway": "gpu", "subnet": "192.168.96.0/21"}
    made = planned(wish)
    assert sum(found.name.startswith("gl-0") for found in made.switches) == 8
    assert {len(switch(made, f"gl-0{at}").cages) for at in range(1, 9)} == {64}


def test_a_block_may_lie_in_several_runs_of_cages(wish: Wish) -> None:
    """Links between the cores fill the cages of the first run, then of the next, the last as far as needed."""
    core = wish["fabrics"]["core"]
    core["attach"][2]["at"] = "swp40"
    core["isl"] |= {"links": 28, "at": "swp28-37,swp39,swp42"}
    found = ends(planned(wish), "isl")
    assert list(found)[18:24] == ["swp37s0", "swp37s1", "swp39s0", "swp39s1", "swp42s0", "swp42s1"]
    assert len(found) == 28
    core["isl"]["at"] = "swp28-37,swp42-44"
    assert "isl at swp42-44 needs 8 ports there and finds 6" in refused(wish)


def refused(wish: Wish) -> str:
    """Return what the planner says against a wish."""
    outcome = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    return "\n".join(str(found) for found in outcome.problems if found.severity == "error")


def test_pairs_of_cages_may_be_split_in_runs(wish: Wish) -> None:
    """A cage that shuts off the next one goes on at every second, and the lock holds what each run has."""
    entry = wish["fabrics"]["core"]["attach"][3]
    entry["at"] = "swp57s4-57,swp59"
    found = ends(planned(wish), "host")
    assert [found[port] for port in ("swp57s4", "swp57s7", "swp59s0", "swp59s1")] == [
        "storage-01:eth1", "storage-02:eth2", "storage-01:eth3", "storage-02:eth3",
    ]  # fmt: skip


def test_ports_set_aside_may_be_listed(wish: Wish) -> None:
    """`swp1,swp3-5` is what the format's own remedy says; it is read so wherever ranges are."""
    wish["fabrics"]["core"]["external"][0] |= {"links_per_leaf": 6, "at": ["swp61"]}
    wish["fabrics"]["core"]["reserve"] = {"swp24,swp26-27": {"admin": "up"}}
    wish["fabrics"]["core"]["spare"] = {"swp59,swp63-64": "2x"}
    wish["fabrics"]["oob"]["uplink"]["ports"] = "swp49,swp51,swp50,swp52"
    made = planned(wish)
    cages = {cage.number: cage for cage in switch(made).cages}
    assert [cages[at].admin for at in (23, 24, 25, 26, 27)] == ["down", "up", "down", "up", "up"]
    assert [cages[at].breakout for at in (59, 63, 64)] == ["2x", "2x", "2x"]
    lower = {link.b.port for link in made.links if link.kind == "uplink" and link.a.device == "core-01"}
    assert lower == {"swp49", "swp51"}


@pytest.mark.parametrize("style", ["era", "rackwright"])
@pytest.mark.parametrize(("admin", "state"), [("up", "up"), ("down", "down"), ("none", "")])
def test_a_port_set_aside_has_the_state_that_the_site_gives_it(wish: Wish, style: str, admin: str, state: str) -> None:
    """Configured without a cable it carries the VLAN of the others, in every house style; it was up in one, down in another."""
    wish["site"]["conventions"] = style
    wish["fabrics"]["oob"]["reserve"] = {"oob-switch-01:swp7-8,swp48": {"configure": True, "admin": admin}}
    ports = {port.name: port for port in switch(planned(wish), "oob-switch-01").ports}
    assert [(ports[name].admin, ports[name].access) for name in ("swp7", "swp8", "swp48")] == [(state, 200)] * 3


def test_a_pair_without_bonds_takes_no_segment_mac(planes: Wish) -> None:
    """The house style's own MAC is that of the first pair with bonds, whatever name planes before it have."""
    planes["fabrics"]["a"] = planes["fabrics"].pop("plane1")
    planes["networks"]["gpu1"]["gateway"] = "a"
    assert {bond.es_mac for bond in switch(planned(planes)).bonds} == {"44:38:39:FF:00:AA"}


def test_machines_of_a_group_may_be_named_one_by_one(wish: Wish) -> None:
    """Head nodes, a scheduler and a control plane are wired alike and named by what they do."""
    wish["groups"]["support"] |= {"names": ["bcm-[01-02]", "slurm-01", "k8s-[01-05]"]}
    found = ends(planned(wish), "host")
    assert [found[f"swp52s{sub}"] for sub in range(4)] == ["bcm-01:eth1", "bcm-02:eth1", "slurm-01:eth1", "k8s-01:eth1"]
    wish["groups"]["support"]["names"] = ["bcm-01", "bcm-[01-07]"]
    assert "bcm-01 (server) and bcm-01 (server) would have one name" in refused(wish)


def test_no_address_of_a_switch_is_a_machine_s(wish: Wish) -> None:
    """Twelve switches in one subnet reach among the machines' addresses: those begin behind them."""
    wish["site"]["conventions"] = "rackwright"
    wish["fabrics"]["oob"] |= {
        "leaves": {"model": "sn2201", "count": 12, "name": "oob-switch-"},
        "per_switch": ["192.168.200.0/24"] * 12,
    }
    wish["fabrics"]["oob"].pop("uplink")
    made = planned(wish)
    switches = {address.partition("/")[0] for address, _ in own(made)}
    assert len(switches) == 12
    assert not switches & {address for scope in made.scopes for _, _, address in scope.reservations}


@pytest.mark.parametrize(
    ("key", "stated"),
    [
        ("leaf_addresses", ["172.16.178.18", "172.16.178.250"]),
        ("gateway_address", "172.16.178.18"),
    ],
)
def test_an_address_that_a_machine_holds_is_not_given_to_a_switch(wish: Wish, key: str, stated: Any) -> None:
    """Written later than the machine was planned, it would stand twice."""
    first = plan.attempt(Site.model_validate(wish), catalog=CATALOG)
    wish["networks"]["inband"][key] = stated
    later = plan.attempt(Site.model_validate(wish), first.lock.file(), catalog=CATALOG)
    (told,) = [str(found) for found in later.problems if found.severity == "error"]
    assert told.startswith(f"site: networks.inband.{key}: 172.16.178.18 is the address of su-01-node-01, which stands;")


def test_segment_ids_count_on_from_what_an_entry_says(wish: Wish) -> None:
    """By port within the block, laid out for machines to come and for idle bonds too; of others cage x 10 + sub-port."""
    wish["fabrics"]["core"]["attach"][3]["segment"] = 560
    wish["fabrics"]["oob"]["uplink"]["segment"] = 540
    for name in ("core-01", "core-02"):
        found = {bond.name: bond.es_id for bond in switch(planned(wish), name).bonds}
        assert [found[f"bond57s{sub}"] for sub in range(8)] == list(range(560, 568))
        assert [found[f"bond55s{sub}"] for sub in (0, 1, 2, 6)] == [540, 541, 542, 546]
        assert (found["bond1s3"], found["bond53s0"]) == (13, 530)
