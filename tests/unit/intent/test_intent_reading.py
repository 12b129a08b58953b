"""A site is read with all that stands beside it, and can be written back."""

import json
from pathlib import Path

import jsonschema
import pytest

from rackwright import documents, intent
from rackwright.errors import DocumentError, IntentError
from rackwright.intent.nodes import normal_mac

ROOT = Path(__file__).resolve().parents[3]
SITES = sorted(path.parent for path in (ROOT / "inventory").glob("*/site.yaml"))
# Without its images: what stands beside the file is written by each test.
SMALL = (ROOT / "inventory" / "xe9680-spectrum-x" / "site.yaml").read_text().replace("  images: [images.yaml]\n", "")


@pytest.mark.parametrize("folder", SITES, ids=lambda path: path.name)
def test_a_reference_site_has_no_problem(folder):
    """Every site of inventory/ loads without a problem or a warning, and is named as its folder."""
    loaded = intent.load(folder)
    assert [str(found) for found in loaded.problems] == []
    assert loaded.require().site.name == folder.name


@pytest.mark.parametrize("folder", SITES, ids=lambda path: path.name)
def test_a_site_is_read_back_as_it_was_written(folder):
    """load(dump(site)) equals the site, the rows of nodes.csv apart."""
    site = intent.load(folder).require().model_copy(update={"rows": ()})
    again = intent.load_text(intent.dump(site), "again.yaml")
    assert again.problems == ()
    assert again.site == site


@pytest.mark.parametrize("folder", SITES, ids=lambda path: path.name)
def test_a_reference_site_fits_in_150_lines_and_holds_against_the_schema(folder):
    """The JSON Schema for editors accepts every reference site."""
    text = (folder / "site.yaml").read_text()
    assert len(text.splitlines()) <= 150
    jsonschema.Draft202012Validator(intent.json_schema()).validate(documents.load(text, "site.yaml").value)


def test_the_published_schema_is_current():
    """docs/reference/site.schema.json is what the models say; `python -m rackwright.intent` prints it."""
    text = json.dumps(intent.json_schema(), indent=2, sort_keys=True) + "\n"
    assert (ROOT / "docs" / "reference" / "site.schema.json").read_text() == text


def test_the_schema_refuses_an_unknown_key_and_knows_no_rows():
    """An editor marks a wrong key; rows of nodes.csv cannot be written in site.yaml."""
    schema = intent.json_schema()
    assert "rows" not in schema["properties"]
    with pytest.raises(jsonschema.ValidationError, match="colour"):
        jsonschema.validate({"site": {"name": "a", "release": "b"}, "colour": 1}, schema)


@pytest.mark.parametrize(("written", "right"), [("secret:file/bmc", True), ("secret:bmc", True), ("hunter2", False)])
def test_the_schema_refuses_a_secret_written_out(written, right):
    """An editor marks a password where a reference belongs."""
    site = {"site": {"name": "a", "release": "b"}, "access": {"bmc": written}}
    assert jsonschema.Draft202012Validator(intent.json_schema()).is_valid(site) is right


def test_every_key_has_a_type_and_a_default():
    """defaults() lists keys by place; what has no default is required, and words of the file are used."""
    rows = {row.path: row for row in intent.defaults()}
    assert rows["site.release"].default == "required"
    assert rows["site.schema"].default == "1"
    assert rows["fabrics.*.isl.for"].default == "max"
    assert rows["fabrics.*.attach.*.media"].default == "dac"
    assert rows["vrfs.*.import"].type == "list of text"
    assert all(row.type for row in rows.values())
    assert not any(path.startswith("rows") for path in rows)


def test_a_site_without_problems_is_required_and_one_with_them_raises_them():
    """require() gives the site or raises IntentError with every problem."""
    assert intent.load_text(SMALL, "a.yaml").require().site.name == "xe9680-spectrum-x"
    broken = intent.load_text(SMALL.replace("xe9680,", "xe9860,"), "a.yaml")
    with pytest.raises(IntentError, match=r"a\.yaml:8:17: 'xe9860' is no server") as caught:
        broken.require()
    assert caught.value.problems == broken.problems


def test_a_later_problem_finds_its_line():
    """locate() gives the place of a value, of a mapping's key, or of the nearest parent; positions may be text."""
    loaded = intent.load_text(SMALL, "a.yaml")
    assert str(loaded.locate(("groups", "gpu", "count"))) == "a.yaml:8:64"
    assert loaded.locate(("fabrics", "frontend", "attach", "1", "nic")).line == 31
    assert loaded.locate(("fabrics", "frontend", "attach", 1, "split")).line == 31
    assert loaded.locate(("pools", "loopback")) == loaded.locate(["pools", "loopback"])
    assert loaded.locate(("nowhere", "at", "all")).file == "a.yaml"


def test_the_order_of_keys_means_nothing():
    """A site with its keys in another order is the same site with the same digest."""
    value = documents.load(SMALL, "a.yaml").value
    turned = intent.load_text(documents.dump(turn(value)), "b.yaml")
    straight = intent.load_text(SMALL, "a.yaml")
    assert turned.site == straight.site
    assert turned.digest == straight.digest
    assert list(turned.require().groups) == list(straight.require().groups)


def turn(value):
    """Return a document with the keys of every mapping in reverse."""
    if isinstance(value, dict):
        return {key: turn(value[key]) for key in reversed(value)}
    return [turn(item) for item in value] if isinstance(value, list) else value


def test_the_digest_names_everything_that_was_read(tmp_path):
    """A changed value, MAC address, overlay or own row changes the digest; a comment does not."""
    (tmp_path / "ops.pub").write_text((ROOT / "inventory/xe9680-spectrum-x/ops.pub").read_text())
    site, nodes = tmp_path / "site.yaml", tmp_path / "nodes.csv"

    def digest():
        return intent.load(tmp_path).digest

    site.write_text(SMALL)
    nodes.write_text("name,bmc\ngpu01,02:00:00:00:00:01\n")
    seen = [digest()]
    site.write_text("# a comment\n" + SMALL)
    assert digest() == seen[0]
    nodes.write_text("name,bmc\ngpu01,02:00:00:00:00:02\n")
    seen.append(digest())
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "role-leaf.yaml").write_text("set: {system: {timezone: UTC}}\n")
    seen.append(digest())
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog" / "own.yaml").write_text("gpus: {b300: {name: B, source: s, memory_gb: 1, form: sxm}}\n")
    seen.append(digest())
    site.write_text(SMALL.replace("vlan: 300", "vlan: 301"))
    seen.append(digest())
    assert "" not in seen
    assert len(set(seen)) == len(seen)


def test_a_missing_site_is_an_error_of_the_file(tmp_path):
    """A folder without site.yaml is a DocumentError that names the file."""
    with pytest.raises(DocumentError, match=r"site\.yaml: cannot be read"):
        intent.load(tmp_path)


def test_yaml_1_1_cannot_bite():
    """`no` and `on` are text, a MAC-like number is text, an octal-looking VLAN is what was typed."""
    text = SMALL.replace("vrf: OOB", "vrf: no").replace("name: be}", "name: on}").replace("be@34", "on@34")
    site = intent.load_text(text, "a.yaml").require()
    assert site.networks["oob"].vrf == "no"
    assert site.fabrics["backend"].leaves.name == "on"


def test_numbers_in_names_count_as_numbers():
    """Racks come in the order r1, r2, r10, however they were typed: that is how they stand in a row."""
    text = SMALL.replace("  r2: {model", "  r10: {model: ar3300}\n  r2: {model")
    assert list(intent.load_text(text, "a.yaml").require().racks) == ["r1", "r2", "r10"]


def test_switches_of_a_plane_can_be_placed():
    """With several planes the switches are called be-p1-01; their stem may stand in a rack."""
    text = SMALL.replace("be@34", "be-p1-@34")
    assert intent.load_text(text, "a.yaml").problems == ()
    assert intent.load_text(text.replace("be-p1-@34", "be-px-@34"), "a.yaml").site is None


# --- nodes.csv -----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["02:0A:0b:0c:0d:0e", "02-0a-0b-0c-0d-0e", "020a.0b0c.0d0e", "020a0b0c0d0e"])
def test_a_mac_address_may_be_written_in_four_forms(text):
    """Colons, dashes, dots and nothing give the same lower-case address."""
    assert normal_mac(text) == "02:0a:0b:0c:0d:0e"


@pytest.mark.parametrize(
    "text", ["", "02:0a:0b:0c:0d", "02:0a:0b-0c:0d:0e", "00:00:00:00:00:00", "01:0a:0b:0c:0d:0e", "02:0a:0b:0c:0d:0g"]
)
def test_what_is_no_mac_address_of_a_port_is_none(text):
    """Short, mixed, zero, group and foreign forms are refused."""
    assert normal_mac(text) is None


def test_rows_of_nodes_csv_survive_windows(tmp_path):
    """A byte order mark, CRLF, blanks, quotes, comments and empty lines are no problem."""
    text = '\ufeffname, service_tag,bmc,b3140h-1\r\n\r\n# spare\r\n gpu01 ,"AB12",02-00-00-00-00-01,\r\ngpu02,,,0200.0000.0002\r\n'
    (tmp_path / "nodes.csv").write_bytes(text.encode())
    (tmp_path / "site.yaml").write_text(SMALL.replace("ssh_keys: [ops.pub], ", ""))
    loaded = intent.load(tmp_path)
    assert [str(found) for found in loaded.problems] == []
    rows = [(row.name, row.service_tag, row.macs, row.line) for row in loaded.require().rows]
    assert rows == [
        ("gpu01", "AB12", (("bmc", "02:00:00:00:00:01"),), 4),
        ("gpu02", "", (("b3140h-1", "02:00:00:00:00:02"),), 5),
    ]


def test_every_machine_of_the_guide_sites_has_its_addresses():
    """nodes.csv of a small reference site names every standing machine with its BMC and its rails."""
    site = intent.load(ROOT / "inventory" / "xe9680-spectrum-x").require()
    rows = {row.name: dict(row.macs) for row in site.rows}
    assert {"gpu01", "gpu04", "mgmt04", "ps04", "be02", "fe01", "oob01", "r2-pdu4"} <= set(rows)
    assert {"bmc", "b3140h-8", "b3220l-1.2"} <= set(rows["gpu03"])


# --- overlays and keys ---------------------------------------------------------------------------


def test_overlays_are_read_with_their_scope_and_place(tmp_path):
    """site, role and device patches come with set as a tree, and unset in it as None."""
    (tmp_path / "site.yaml").write_text(SMALL.replace("ssh_keys: [ops.pub], ", "").replace(", nodes: nodes.csv", ""))
    folder = tmp_path / "overlays"
    folder.mkdir()
    (folder / "device-be01.yaml").write_text("set:\n  interface:\n    swp1-2: {link: {mtu: 9000}}\n")
    (folder / "role-leaf.yaml").write_text("unset:\n  - system wjh\n  - [service, lldp]\n")
    (folder / "site.yaml").write_text("set: {system: {aaa: {user: {ops: {hashed-password: 'secret:ops'}}}}}\n")
    loaded = intent.load(tmp_path)
    assert [str(found) for found in loaded.problems] == []
    device, role, site = loaded.overlays
    assert (device.scope, device.name, device.patch["interface"]["swp1-2"]["link"]["mtu"]) == ("device", "be01", 9000)
    assert device.locate("interface", "swp1-2").line == 3
    assert (role.scope, role.name) == ("role", "leaf")
    assert role.patch == {"system": {"wjh": None}, "service": {"lldp": None}}
    assert role.removals == (("system", "wjh"), ("service", "lldp"))
    assert (site.scope, site.name) == ("site", "")


def test_public_keys_come_as_nvue_wants_them():
    """A key file gives (name, type, key)."""
    ((name, kind, key),) = intent.load(ROOT / "inventory" / "xe9680-spectrum-x").keys
    assert (name, kind) == ("ops", "ssh-ed25519")
    assert key.startswith("AAAAC3NzaC1lZDI1NTE5")


def test_a_secret_that_was_written_out_is_never_repeated():
    """No problem shows what stood where a reference belongs, whatever its shape."""
    for value in ("hunter2hunter2", "12345678", "[hunter2hunter2]", "{secret: x, other: hunter2hunter2}"):
        loaded = intent.load_text(SMALL.replace('"secret:bmc"', value), "a.yaml")
        assert loaded.site is None
        told = " ".join(f"{found.message} {found.remedy} {found.actual}" for found in loaded.problems)
        assert "hunter2" not in told
        assert "12345678" not in told


@pytest.mark.parametrize("name", ["catalog", "overlays", "templates"])
def test_a_folder_that_may_not_be_read_is_no_empty_one(tmp_path, monkeypatch, name):
    """Rows, patches and templates of a site are never missed in silence: the system's refusal goes through."""
    (tmp_path / "site.yaml").write_text(SMALL.replace(", nodes: nodes.csv", "").replace("[ops.pub]", "[]"))
    (tmp_path / name).mkdir()
    usual = Path.iterdir

    def refuse(folder):
        if folder == tmp_path / name:
            raise PermissionError(13, "Permission denied", str(folder))
        return usual(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(PermissionError):
        intent.load(tmp_path)
