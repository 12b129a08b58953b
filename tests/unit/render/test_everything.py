"""Every file of a build: the layout, the bytes, and what a change renders again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import msgspec
import pytest

from rackwright import catalog
from rackwright.plan.model import Plan
from rackwright.render import Overlay, Overlays, everything, plan_json, write
from tests.plans import grown, rails

ROWS = catalog.load()
SCRIPT = """
import hashlib
from rackwright import catalog
from rackwright.render import everything
from tests.plans import rails
found = hashlib.sha256()
for file in everything(rails(spines=2), catalog=catalog.load()):
    found.update(file.path.encode() + file.inputs.encode() + file.data)
print(found.hexdigest())
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return rails(spines=2)


@pytest.fixture(scope="module")
def files(plan: Plan) -> dict[str, bytes]:
    return {file.path: file.data for file in everything(plan, catalog=ROWS)}


def test_the_layout_is_the_contract(plan, files):
    """Every path that other tools rely on is there."""
    fixed = {
        "plan.json", "cabling.csv", "assemblies.csv", "bom.csv", "wiremap.csv", "dhcp/dnsmasq.conf", "dhcp/kea-dhcp4.json",
        "dns/hosts", "dns/lab.example.zone", "ansible/inventory.yaml", "air/topology.json", "labels/labels.csv",
        "docs/design.html", "docs/design.md", "docs/fabric.svg", "docs/racks.svg",
    }  # fmt: skip
    assert fixed <= files.keys()
    for switch in plan.switches:
        assert {f"devices/{switch.name}/{name}" for name in ("startup.yaml", "commands.txt", "ztp.sh")} <= files.keys()
        assert f"docs/faceplates/{switch.name}.html" in files
    assert {f"devices/{host.name}/netplan.yaml" for host in plan.hosts} <= files.keys()
    assert {f"{part}/{rack.name}.html" for rack in plan.racks for part in ("labels", "docs/racks")} <= files.keys()


def test_every_text_is_plain_ascii_with_unix_line_ends(files):
    """No file has a carriage return or a character that some reader could take for another; each ends its last line."""
    for path, data in files.items():
        assert data.isascii(), path
        assert b"\r" not in data, path
        assert data.endswith(b"\n"), path


def test_plan_json_reads_back_as_the_plan(plan, files):
    """plan.json holds every value: reading it gives the plan."""
    assert msgspec.json.decode(files["plan.json"], type=Plan) == plan
    assert plan_json(plan) == files["plan.json"]


def test_another_process_with_another_hash_seed_gives_the_same_bytes(repository):
    """Paths, inputs and bytes are the same in any process."""
    found = set()
    for seed in ("1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": f"{repository / 'src'}:{repository}"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_a_new_node_renders_again_only_what_it_touches(plan, tmp_path):
    """Adding a node renders the switches it hangs on, its own files and the tables about the whole site, no more."""
    write(everything(plan, catalog=ROWS), tmp_path)
    more = grown(plan)
    done = write(everything(more, catalog=ROWS), tmp_path)
    devices = {path.split("/")[1] for path in done.changed if path.startswith("devices/")}
    assert devices == {"be01", "be02", "gpu9999"}
    assert not any("sp01" in path or "oob01" in path or "gpu01" in path for path in done.changed)
    back = write(everything(plan, catalog=ROWS), tmp_path)
    assert "devices/gpu9999/netplan.yaml" in back.removed
    fresh = {file.path: hashlib.sha256(file.data).hexdigest() for file in everything(plan, catalog=ROWS)}
    assert {path: hashlib.sha256((tmp_path / path).read_bytes()).hexdigest() for path in fresh} == fresh


def test_equal_inputs_mean_equal_bytes(plan):
    """No file of the grown site has the inputs it had before and other bytes: nothing that matters is left out of them."""
    before = {file.path: file for file in everything(plan, catalog=ROWS)}
    for file in everything(grown(plan), catalog=ROWS):
        old = before.get(file.path)
        if old is not None and old.inputs == file.inputs:
            assert old.data == file.data, file.path


def test_links_that_shift_do_not_render_the_switches_again(plan):
    """The numbers of links are no part of a switch's inputs: a link that goes before them changes nothing."""
    shifted = msgspec.structs.replace(
        plan,
        switches=tuple(
            msgspec.structs.replace(
                switch, ports=tuple(msgspec.structs.replace(port, link=port.link + 7) for port in switch.ports)
            )
            for switch in plan.switches
        ),
    )
    old = {file.path: file.inputs for file in everything(plan, catalog=ROWS) if file.device}
    assert {file.path: file.inputs for file in everything(shifted, catalog=ROWS) if file.device} == old


def test_an_overlay_reaches_its_devices_and_no_others(plan):
    """Patches for the site, a role and a device meet in one switch, the narrower wins; the others keep their files."""
    overlays = Overlays(
        (
            Overlay("device", "be01", {"system": {"hostname": "special"}}),
            Overlay("role", "leaf", {"system": {"hostname": "leaf", "timezone": "Europe/Berlin"}}),
            Overlay("device", "be99", {"system": {"hostname": "nobody"}}),
        )
    )
    plain = {file.path: file for file in everything(plan, catalog=ROWS)}
    patched = {file.path: file for file in everything(plan, catalog=ROWS, overlays=overlays)}
    changed = {path for path, file in patched.items() if file.inputs != plain[path].inputs}
    assert changed == {
        f"devices/{name}/{kind}" for name in ("be01", "be02") for kind in ("startup.yaml", "commands.txt")
    }
    text = patched["devices/be01/startup.yaml"].data
    assert b"hostname: special" in text
    assert b"Europe/Berlin" in text


def test_a_template_of_the_site_stands_in_for_ours(plan, tmp_path):
    """A template in the site's folder is printed instead of ours, and only its files are rendered again."""
    (tmp_path / "dhcp").mkdir()
    (tmp_path / "dhcp/dnsmasq.conf.j2").write_text("# {{ site }} & ours\n")
    found = {file.path: file for file in everything(plan, catalog=ROWS, overlays=Overlays(templates=tmp_path))}
    assert found["dhcp/dnsmasq.conf"].data == b"# small & ours\n"
    plain = {file.path: file.inputs for file in everything(plan, catalog=ROWS)}
    assert {path for path, file in found.items() if file.inputs != plain[path]} == {
        "dhcp/dnsmasq.conf",
        "dhcp/kea-dhcp4.json",
    }
