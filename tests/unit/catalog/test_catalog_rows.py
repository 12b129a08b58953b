"""The shipped rows say what the guide says, and a site's own rows lie over them."""

import pytest

from rackwright import catalog
from rackwright.catalog.loading import COMPILED, compile_shipped
from rackwright.errors import CatalogError

ROWS = catalog.load()
KINDS = list(type(ROWS).model_fields)


def write(folder, text):
    """Put a catalog file into a site and return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / "own.yaml").write_text(text)
    return folder


def test_the_compiled_rows_are_those_of_the_yaml():
    """catalog.json is byte for byte what the YAML rows give; `python -m rackwright.catalog` writes it anew."""
    assert COMPILED.read_bytes() == compile_shipped()


def test_every_row_names_its_source():
    """No row is without a source, and its key is the word of site.yaml."""
    for kind in KINDS:
        for key, row in getattr(ROWS, kind).items():
            assert row.source, f"{kind}.{key}"
            assert row.key == key


def test_what_no_source_gives_is_said_to_be_unknown():
    """A thing that stands in a rack without a known power or height has a note about it."""
    for row in [*ROWS.switches.values(), *ROWS.servers.values()]:
        if row.power_w is None or row.height_u is None:
            assert "source" in row.note or "known" in row.note, row.key


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        ("switches", {"sn5600", "sn2201"}),
        ("servers", {"xe9680", "r760xa", "r660", "f710", "f210"}),
        ("nics", {"b3140h", "b3220l", "cx6dx", "lom", "front"}),
        ("gpus", {"h200-sxm", "h100-sxm", "h100-nvl", "l40s"}),
        ("racks", {"ar3300", "ar3350", "ar3307", "ar3357"}),
        ("pdus", {"apdu10450sw", "apdu10452sw"}),
        ("releases", {"dell-nvidia-1.3"}),
        ("conventions", {"rackwright", "era"}),
    ],
)
def test_the_hardware_of_the_guide_is_there(kind, keys):
    """Every model that the guide names has a row."""
    assert keys <= set(getattr(ROWS, kind))


def test_sn5600_is_64_cages_that_split_to_128_256_and_with_dead_neighbours_256_ports():
    """64 cages of 800G give 128 x 400G and 256 x 200G; split by eight only on odd cages, the next one disabled."""
    group = ROWS.switches["sn5600"].port_groups[0]
    splits = {split.mode: split for split in group.breakouts}
    assert (group.ports, group.lanes * group.lane_gbps, group.connector) == ("swp1-64", 800, "osfp")
    assert {mode: split.lanes_per_port * int(mode[0]) for mode, split in splits.items()} == dict.fromkeys(
        ("1x", "2x", "4x", "8x"), 8
    )
    assert (splits["8x"].cages, splits["8x"].disables_next) == ("odd", True)
    assert {mode: split.port_gbps for mode, split in splits.items()} == {"1x": 800, "2x": 400, "4x": 200, "8x": 100}


def test_gpu_servers_hold_what_table_5_gives_them():
    """XE9680: eight B3140H and one B3220L for eight GPUs; R760xa: two and one for four."""
    held = {
        key: {slot.nic: slot.count for slot in ROWS.servers[key].nics} | {"gpus": ROWS.servers[key].gpu_count}
        for key in ("xe9680", "r760xa")
    }
    assert held["xe9680"] == {"b3140h": 8, "b3220l": 1, "lom": 1, "gpus": 8}
    assert held["r760xa"] == {"b3140h": 2, "b3220l": 1, "lom": 1, "gpus": 4}


def test_references_between_rows_lead_somewhere():
    """Every NIC and GPU that a server names, and every component a release orders by, has a row."""
    for server in ROWS.servers.values():
        assert {slot.nic for slot in server.nics} <= set(ROWS.nics)
        assert set(server.gpus) <= set(ROWS.gpus)
        assert all(len(slot.slots) in (0, slot.count) for slot in server.nics)
    for release in ROWS.releases.values():
        known = {row.key for row in release.components}
        assert all(set(row.after) <= known and bool(row.after) == bool(row.reason) for row in release.components)


@pytest.mark.parametrize(
    ("key", "version"),
    [
        ("bluefield-firmware", "32.44.1036"), ("cumulus-linux", "5.12.1"), ("ubuntu", "24.04"),
        ("nvidia-ai-enterprise", "6.2"), ("nemo", "25.02"), ("bcm", "10.25.03"), ("kubernetes", "1.30.11"),
        ("network-operator", "25.01"), ("ofed", "25.1.0"), ("doca-host", "2.10.0"), ("gpu-operator", "25.03"),
        ("gpu-driver", "570.133.20"), ("runai", "2.21.19"), ("triton-client", "24.09"),
        ("nim-llama-3.1-8b-instruct", "1.3.3"), ("nim-llama-3.1-70b-instruct", "1.3.3"),
        ("bios", None), ("idrac", None), ("cpld", None), ("perc", None), ("boss", None), ("gpu-baseboard", None),
        ("onefs", None),
    ],
)  # fmt: skip
def test_the_release_pins_what_the_guide_pins(key, version):
    """A version of the guide is text, exactly as printed there; what it does not give is not pinned."""
    component = next(row for row in ROWS.releases["dell-nvidia-1.3"].components if row.key == key)
    assert component.version == version


def test_the_other_spelling_of_a_firmware_is_written_beside_it():
    """32.44.1036 and Dell's 32.44.10.36 are the same firmware."""
    rows = {row.key: row for row in ROWS.releases["dell-nvidia-1.3"].components}
    assert (rows["bluefield-firmware"].version, rows["bluefield-firmware"].equal) == ("32.44.1036", ("32.44.10.36",))


@pytest.mark.parametrize(
    ("media", "ends", "gbps", "part"),
    [
        ("dac", ("osfp", "qsfp112"), 400, "dac-osfp-2xqsfp112"),
        ("dac", ("osfp", "qsfp112"), 200, "dac-osfp-4xqsfp112"),
        ("dac", ("osfp", "qsfp56"), 100, "dac-osfp-4xqsfp56"),
        ("dac", ("osfp", "osfp"), 400, "dac-osfp-osfp"),
        ("dr1", ("osfp", "qsfp28"), 100, "dr1-osfp-4xqsfp28"),
        ("sr4", ("osfp", "qsfp112"), 400, "sr4-osfp-qsfp112"),
        ("dr4", ("osfp", "qsfp112"), 200, "dr4-osfp-2xqsfp112"),
        ("cat6", ("rj45", "rj45"), 1, "cat6-rj45"),
    ],
)
def test_a_medium_and_two_connectors_give_a_part(media, ends, gbps, part):
    """The nearest fitting part comes first."""
    assert catalog.cables_for(ROWS, media, ends, gbps)[0].key == part


def test_no_copper_reaches_a_qsfp28_end_from_an_osfp_cage():
    """100G on one PAM4 lane needs single-lambda optics at a QSFP28 end: there is no such copper."""
    assert catalog.cables_for(ROWS, "dac", ("osfp", "qsfp28"), 100) == ()


def test_lanes_of_a_part_fit_its_cage():
    """The ways of a part that takes a whole OSFP use at most its eight lanes, those of one side four."""
    for cable in ROWS.cables.values():
        if cable.a_connector == "osfp":
            assert cable.ways * cable.way_lanes <= 8 // cable.a_sides, cable.key
        assert list(cable.lengths_m) == sorted(set(cable.lengths_m)), cable.key
        assert cable.way_gbps <= cable.way_lanes * cable.lane_gbps, cable.key


def test_a_site_adds_a_model_like_another(tmp_path):
    """`like` takes every key of a shipped row that the new one does not write."""
    folder = write(tmp_path / "catalog", "switches:\n  sn5610: {like: sn5600, name: SN5610, source: lab}\n")
    row = catalog.load([folder]).switches["sn5610"]
    assert (row.key, row.name, row.port_groups) == ("sn5610", "SN5610", ROWS.switches["sn5600"].port_groups)
    assert "sn5610" not in catalog.load().switches


def test_a_house_style_changes_one_word_of_another(tmp_path):
    """What it says of a mapping lies over what stands there; `null` takes a key out, and whole numbers are replaced."""
    text = """
conventions:
  ours:
    like: era
    source: lab
    vni_offset: 20000
    describe: {isl: to the other core}
    system: {oob: {wjh: null}, all: {banner.pre_login: Authorized access only}}
"""
    era, ours = ROWS.conventions["era"], catalog.load([write(tmp_path / "catalog", text)]).conventions["ours"]
    assert (ours.vni_offset, ours.l3vni_first) == (20000, era.l3vni_first)
    assert ours.describe == era.describe | {"isl": "to the other core"}
    assert ours.system["leaf"] == era.system["leaf"]
    assert (ours.system["oob"], ours.system["all"]) == ({}, {"banner.pre_login": "Authorized access only"})


@pytest.mark.parametrize("word", ["extends", "like"])
def test_a_site_extends_a_release_component_by_component(tmp_path, word):
    """Either word keeps every component; one of the same key is laid over key by key, a new one comes last."""
    text = (
        f"releases:\n  own:\n    {word}: dell-nvidia-1.3\n    name: Own\n    source: lab\n    components:\n"
        "      - {key: bios, version: 2.6.3}\n"
        "      - {key: gdrcopy, name: GDRCopy, applies_to: [server], version: '2', after: [gpu-driver], reason: r, source: lab}\n"
    )
    own = catalog.load([write(tmp_path / "catalog", text)]).releases["own"]
    shipped = ROWS.releases["dell-nvidia-1.3"]
    assert [row.key for row in own.components] == [*(row.key for row in shipped.components), "gdrcopy"]
    bios = next(row for row in own.components if row.key == "bios")
    assert (bios.version, bios.after) == ("2.6.3", ("idrac",))
    assert next(row for row in shipped.components if row.key == "bios").version is None


def test_a_wrong_row_is_left_out_and_told_with_its_line(tmp_path):
    """collect() gives the rest of the catalog and the place of the mistake; load() raises with the same problems."""
    folder = write(
        tmp_path / "catalog", "gpus:\n  b300:\n    name: B300\n    source: lab\n    memory_gb: much\n    form: sxm\n"
    )
    rows, problems = catalog.collect([folder])
    assert "b300" not in rows.gpus
    assert "h200-sxm" in rows.gpus
    assert [(found.location.line, found.path) for found in problems] == [(5, "gpus.b300.memory_gb")]
    with pytest.raises(CatalogError, match="memory_gb is 'much'") as caught:
        catalog.load([folder])
    assert caught.value.problems == problems


def test_a_release_cannot_order_in_a_circle(tmp_path):
    """`after` may only name what stands before it in the list."""
    text = (
        "releases:\n  own:\n    name: Own\n    source: lab\n    nos: 5.12.1\n    components:\n"
        "      - {key: a, name: A, applies_to: [x], version: '1', after: [b], reason: r, source: lab}\n"
        "      - {key: b, name: B, applies_to: [x], version: '1', after: [a], reason: r, source: lab}\n"
    )
    _, problems = catalog.collect([write(tmp_path / "catalog", text)])
    assert [found.path for found in problems] == ["releases.own.components.0.after.0"]


def test_rows_are_frozen():
    """A row cannot be changed by whoever reads it."""
    with pytest.raises(ValueError, match="frozen"):
        ROWS.switches["sn5600"].height_u = 3


# --- firmware and BIOS -------------------------------------------------------------------------


def test_every_component_of_the_release_that_a_bmc_sees_has_a_kind():
    """Components of servers and adapters are recognised; software of hosts and the cluster is none of them."""
    release = ROWS.releases["dell-nvidia-1.3"]
    carried = {*ROWS.servers, *ROWS.nics} - {"f710", "f210", "storage-node", "front"}
    for component in release.components:
        assert (component.key in ROWS.firmware) == bool(set(component.applies_to) & carried), component.key


def test_kinds_refer_to_rows_and_each_barrier_has_a_reason():
    """Activation, adapters and barriers lead somewhere, every barrier says why and whence, and the order has no circle."""
    for key, kind in ROWS.firmware.items():
        assert kind.activation in ROWS.activations, key
        assert set(kind.nics) <= set(ROWS.nics), key
        assert all(row.reason and row.source and row.component in ROWS.firmware for row in kind.after), key
        seen, waiting = set(), [row.component for row in kind.after]
        while waiting:
            word = waiting.pop()
            seen.add(word)
            waiting += [row.component for row in ROWS.firmware[word].after if row.component not in seen]
        assert key not in seen, key


@pytest.mark.parametrize(
    ("key", "activation", "alone", "backend"),
    [
        ("idrac", "bmc-restart", False, "bmc"), ("bios", "host-reboot", False, "bmc"), ("cpld", "ac-cycle", True, "bmc"),
        ("gpu-baseboard", "ac-cycle", False, "bmc"), ("diagnostics", "none", False, "bmc"),
        ("bluefield-firmware", "host-power-cycle", False, "host"), ("psu", "host-reboot", False, "bmc"),
    ],
)  # fmt: skip
def test_what_puts_a_component_in_force(key, activation, alone, backend):
    """The activations of redfish.md 2.5: a CPLD alone and by AC cycle, a BlueField by the host."""
    kind = ROWS.firmware[key]
    assert (kind.activation, kind.alone, kind.backend) == (activation, alone, backend)


def test_bluefields_are_told_apart_by_their_ordering_numbers():
    """B3140H and B3220L share their PCI ids and no part number."""
    one, other = ROWS.nics["b3140h"], ROWS.nics["b3220l"]
    assert one.pci == other.pci == "15B3:A2DC"
    assert "900-9D3D4-00EN-HA0" in one.parts
    assert "900-9D3B4-00CV-EA0" in other.parts
    assert not set(one.parts) & set(other.parts)


def test_each_server_model_is_in_one_profile_and_each_attribute_has_a_reason():
    """GPU nodes and control nodes have a profile each; no attribute stands there without a reason and a source."""
    claimed = [model for row in ROWS.bios.values() for model in row.models]
    assert sorted(claimed) == ["r660", "r760xa", "xe9680"]
    for row in ROWS.bios.values():
        assert all(attribute.reason and attribute.source for attribute in row.attributes)
        names = [attribute.attribute for attribute in row.attributes]
        assert len(names) == len(set(names))


def test_a_site_lays_a_profile_over_another(tmp_path):
    """``extends`` replaces an attribute by name and adds others; the models are those that the new one names."""
    text = "bios:\n  ours: {extends: gpu-node, name: Ours, source: lab, attributes: [{attribute: LogicalProc, value: Disabled}]}\n"
    rows = catalog.load([write(tmp_path / "catalog", text)])
    attributes = {row.attribute: row for row in rows.bios["ours"].attributes}
    assert attributes["LogicalProc"].value == "Disabled"
    assert attributes["LogicalProc"].reason == next(
        row.reason for row in rows.bios["gpu-node"].attributes if row.attribute == "LogicalProc"
    )
    assert len(attributes) == len(rows.bios["gpu-node"].attributes)
    assert rows.bios["ours"].models == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("firmware: {x: {name: X, source: lab, activation: magic}}", "'magic' is not known"),
        ("firmware: {x: {name: X, source: lab, activation: none, nics: [b3140]}}", "'b3140' is not known"),
        (
            "firmware: {x: {name: X, source: lab, activation: none, after: [{component: y, must: live, reason: a, source: b}]}}",
            "'y' is not known",
        ),
        ("bios: {x: {name: X, source: lab, models: [r6], attributes: []}}", "'r6' is not known"),
    ],
)
def test_a_dangling_reference_of_a_new_row_is_told(tmp_path, text, message):
    """A site's own row that refers to nothing is a problem at its place."""
    _, problems = catalog.collect([write(tmp_path / "catalog", text)])
    assert message in problems[0].message
    assert problems[0].location.line == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('es_mac: "zz"', "es_mac is 'zz', expected a MAC address such as 44:38:39:ff:00:01"),
        ("anycast_mac: 44:38", "anycast_mac is '44:38', expected a MAC address"),
        ('describe: {host: "{port}"}', "host is '{port}', expected a text with {peer}, {peer_port}, {rail}"),
        ('describe: {host: "{peer"}', "host is '{peer', expected a text with {peer}"),
        ('bond_name: "bond{name}"', "bond_name is 'bond{name}', expected a text with {cage}, {sub}, {peer}, {number}"),
        ('bond_name: "bond{cage:x>q}"', "bond_name is 'bond{cage:x>q}', expected a text"),
        ('external_group: "{}"', "external_group is '{}', expected a text with {name}"),
        ('policy_names: {outbound: "{peer}"}', "outbound is '{peer}', expected a text with {name}"),
        ("vni_offset: 16777216", "vni_offset is 16777216, expected at most 16777215"),
        ("l3vlan_first: 0", "l3vlan_first is 0, expected at least 1"),
    ],
)
def test_a_house_style_says_what_something_can_be_made_of(tmp_path, row, said):
    """A MAC that is none, a text with a name that nobody fills in: told in the row, not where it is first used."""
    folder = write(tmp_path / "catalog", f'conventions:\n  ours: {{like: era, {row}, source: "lab"}}\n')
    _, problems = catalog.collect([folder])
    assert [said in str(item) and item.location is not None for item in problems] == [True]
