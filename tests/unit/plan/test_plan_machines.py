"""What each server should be: hardware in its places, firmware by release and site, BIOS by profile and site."""

import pytest

from rackwright.plan.machines import machines
from tests.machines import loaded, machine, planned, wished

SITE = "xe9680-spectrum-x"


def firmware(what):
    """Return the wanted rows by key."""
    return {row.key: row for row in what.firmware}


@pytest.mark.parametrize(
    ("site", "servers"),
    [("xe9680-spectrum-x", 8), ("r760xa-converged", 8), ("xe9680-two-racks", 12), ("era-2-8-9-400", 14)],
)
def test_every_server_is_a_machine_and_no_storage_node(site, servers):
    """A plan's servers are machines, in its order; PowerScale nodes are none."""
    made = machines(planned(site), loaded(site).require(), loaded(site).catalog)
    assert len(made) == servers
    assert [one.name for one in made] == [d.name for d in planned(site).devices if d.role == "server"]


def test_a_gpu_node_is_told_in_full():
    """gpu01 of configuration 1: model, tag, addresses, memory and its rule, GPUs, mirror."""
    what = machine(SITE, "gpu01")
    assert (what.product, what.service_tag) == ("PowerEdge XE9680", "BCYWXS4")
    assert (what.bmc_address, what.bmc_mac) == ("10.10.0.23", "02:ce:56:d6:0f:b9")
    assert (what.memory_gb, what.memory_above_gb) == (2048, 1.5 * 8 * 141)
    assert (what.gpu_model, what.gpu_count) == ("NVIDIA H200 SXM", 8)
    assert what.boot_mirror
    assert what.power_supplies is None


def test_each_adapter_has_its_rail_its_macs_and_its_ordering_numbers():
    """Eight B3140H on rails 1 to 8, one B3220L with two cabled ports and a BMC of its own, two LOM ports of which none is cabled."""
    what = machine(SITE, "gpu01")
    cards = {card.name: card for card in what.adapters}
    assert [cards[f"b3140h-{n}"].ports[0].rail for n in range(1, 9)] == list(range(1, 9))
    assert cards["b3140h-1"].ports[0].mac == "02:7a:11:4f:68:c5"
    assert cards["b3140h-1"].ports[0].peer == "be01:swp1s0"
    assert "900-9D3D4-00EN-HA0" in cards["b3140h-1"].parts
    assert not set(cards["b3140h-1"].parts) & set(cards["b3220l-1"].parts)
    assert [port.cabled for port in cards["b3220l-1"].ports] == [True, True]
    assert (cards["b3220l-1"].bmc_mac, cards["b3220l-1"].bmc_address) == ("02:f8:88:bf:b2:36", "10.10.0.24")
    assert cards["lom"].embedded
    assert [port.cabled for port in cards["lom"].ports] == [False, False]
    assert all(card.slot is None for card in what.adapters)


def test_a_control_node_has_no_gpus_and_no_memory_rule():
    """mgmt01 has no GPU, so that nothing is asked of its memory; its LOM port 1 is cabled."""
    what = machine(SITE, "mgmt01")
    assert (what.gpu, what.gpu_count, what.memory_above_gb) == ("", 0, None)
    lom = next(card for card in what.adapters if card.nic == "lom")
    assert [(port.port, port.cabled) for port in lom.ports] == [("lom1", True), ("lom2", False)]


def test_adapters_follow_the_group_where_it_differs_from_the_model():
    """A group with one B3220L more has it, with its firmware."""
    what = next(
        one
        for one in machines(
            planned("era-2-8-9-400"), loaded("era-2-8-9-400").require(), loaded("era-2-8-9-400").catalog
        )
        if one.name == "support-01"
    )
    assert [card.name for card in what.adapters] == ["cx6dx-1", "lom", "b3220l-1"]
    assert firmware(what)["bluefield-firmware"].adapters == ("b3220l-1",)


def test_the_release_pins_the_bluefields_and_nothing_else():
    """Without the site's own choice only what the guide pins has a version, with its other spelling; the rest is unpinned."""
    rows = firmware(machine(SITE, "gpu01", firmware={}))
    assert {key for key, row in rows.items() if row.version} == {"bluefield-firmware"}
    row = rows["bluefield-firmware"]
    assert (row.version, row.equal, row.backend, len(row.adapters)) == ("32.44.1036", ("32.44.10.36",), "host", 9)
    assert row.pinned_by == "release dell-nvidia-1.3"
    assert rows["bios"].pinned_by == ""


def test_the_sites_own_choice_says_so():
    """A version of site.yaml comes before the release's, is marked as the site's own, and takes no spelling of the other."""
    wish = {
        "versions": {"bluefield-firmware": "32.45.1020", "bios": {"xe9680": "2.7.4", "r660": "2.4.4"}},
        "reason": "ours",
    }
    rows = firmware(machine(SITE, "gpu01", firmware=wish))
    assert (rows["bluefield-firmware"].version, rows["bluefield-firmware"].equal) == ("32.45.1020", ())
    assert rows["bios"].version == "2.7.4"
    assert "the site's own choice" in rows["bios"].source
    assert (rows["bios"].pinned_by, rows["bios"].reason) == ("the site", "ours")
    assert firmware(machine(SITE, "mgmt01", firmware=wish))["bios"].version == "2.4.4"


def test_the_most_particular_word_wins():
    """A group's version comes before its model's, and that before an adapter model's."""
    wish = {"versions": {"bios": {"gpu": "2.9", "xe9680": "2.7.4"}, "bluefield-firmware": {"b3220l": "32.45.1020"}}}
    what = machine(SITE, "gpu01", firmware=wish)
    assert firmware(what)["bios"].version == "2.9"
    rows = [row for row in what.firmware if row.key == "bluefield-firmware"]
    assert {row.version: len(row.adapters) for row in rows} == {"32.44.1036": 8, "32.45.1020": 1}


def test_a_component_of_other_models_is_not_asked_of_this_one():
    """A pin of the GPU baseboard for the whole site asks none of a server that has no such tray."""
    wish = {"versions": {"gpu-baseboard": "1.6.0", "diagnostics": "4301A74"}}
    assert "gpu-baseboard" in firmware(machine(SITE, "gpu01", firmware=wish))
    rows = firmware(machine(SITE, "mgmt01", firmware=wish))
    assert "gpu-baseboard" not in rows
    assert rows["diagnostics"].version == "4301A74"


def test_the_bios_profile_is_the_models_unless_the_site_says_otherwise():
    """A GPU node has the profile of GPU nodes, another by the site's word, none by ``none``."""
    assert machine(SITE, "gpu01").bios_profile == "gpu-node"
    assert machine(SITE, "mgmt01").bios_profile == "control-node"
    other = machine(SITE, "gpu01", bios={"profiles": {"xe9680": "control-node", "gpu": "none"}})
    assert (other.bios_profile, other.bios) == ("", ())


def test_attributes_of_one_model_are_asked_of_that_one():
    """The direct USB port matters on an XE9680 alone."""
    wanted = {row.attribute for row in machine(SITE, "gpu01").bios}
    assert "UsbManagedPort" in wanted
    assert "UsbManagedPort" not in {row.attribute for row in machine("r760xa-converged", "gpu01").bios}


def test_an_override_lies_over_the_profile_and_tells_where_it_stands():
    """An override of a group changes it there alone, with its reason; ``free`` takes the attribute out."""
    bios = {"overrides": [
        {"attribute": "LogicalProc", "value": "Disabled", "groups": ["gpu"], "reason": "one thread a core"},
        {"attribute": "BootMode", "need": "free", "models": ["r660"], "reason": "theirs"},
    ]}  # fmt: skip
    rows = {row.attribute: row for row in machine(SITE, "gpu01", bios=bios).bios}
    assert (rows["LogicalProc"].value, rows["LogicalProc"].reason) == ("Disabled", "one thread a core")
    assert "overrides[0]" in rows["LogicalProc"].source
    assert "BootMode" in rows
    assert "BootMode" not in {row.attribute for row in machine(SITE, "mgmt01", bios=bios).bios}


def test_the_same_site_gives_the_same_machines():
    """Machines are a function of plan, site and catalog."""
    read = loaded(SITE)
    assert machines(planned(SITE), wished(SITE), read.catalog) == machines(planned(SITE), read.require(), read.catalog)
