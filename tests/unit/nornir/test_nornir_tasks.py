"""The inventory of a site and the tasks that a user's own script runs over it."""

import shutil
from pathlib import Path

import pytest
from nornir import InitNornir
from nornir.core import Nornir
from nornir.plugins.runners import SerialRunner, ThreadedRunner

from nornir_tasks import (
    Build,
    RackwrightInventory,
    hosts,
    nornir_of,
    nornir_of_site,
    reaching_bmcs,
    render,
    render_files,
    render_nvue,
)
from rackwright.render import read_manifest, write

SITE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-spectrum-x"


@pytest.fixture(scope="module")
def build() -> Build:
    return Build.of_site(SITE)


@pytest.fixture
def switches(build) -> Nornir:
    nr = nornir_of(build)
    names = [switch.name for switch in build.plan.switches]
    return nr.filter(filter_func=lambda host: host.name in names).with_runner(nr.runner.expecting(names))


def test_the_inventory_is_derived_from_the_plan(build):
    """Every device but external peers is a host with its facts; groups are kinds, roles, fabrics and racks."""
    inventory = RackwrightInventory(SITE).load()
    assert inventory.hosts.keys() == {device.name for device in build.plan.devices if device.role != "external"}
    leaf = inventory.hosts["be01"]
    assert {"switches", "role_leaf", "fabric_backend", "rack_r1"} <= {group.name for group in leaf.groups}
    assert (leaf["model"], leaf["role"], leaf["rack"]) == ("sn5600", "leaf", "r1")
    assert leaf.hostname == build.plan.switches[0].management.partition("/")[0]
    assert leaf["site"] == "xe9680-spectrum-x"


def test_nornir_finds_the_plugin_by_its_name(tmp_path):
    """InitNornir with the plugin `rackwright` and a folder gives a Nornir whose hosts carry the plan."""
    folder = shutil.copytree(SITE, tmp_path / "site")
    nr = InitNornir(
        runner={"plugin": "serial"},
        inventory={"plugin": "rackwright", "options": {"site_dir": str(folder)}},
        logging={"enabled": False},
    )
    assert nr.filter(role="leaf").run(task=render_nvue)["fe01"].result.startswith("- header:")
    assert sorted(path.name for path in folder.iterdir()) == sorted(path.name for path in SITE.iterdir())


def test_host_tasks_are_what_the_verb_is(tmp_path, monkeypatch):
    """They log in as the site's user, and find the files that the site names beside it, wherever the script runs."""
    folder = shutil.copytree(SITE, tmp_path / "site")
    site = folder / "site.yaml"
    words = "installer: rackwright, user: ops, bluefield: {image: nic.bin}"
    site.write_text(site.read_text().replace("installer: rackwright", words))
    (folder / "nic.bin").touch()
    monkeypatch.chdir(tmp_path)
    nr = reaching_bmcs(nornir_of_site("site"), "site", hosts={"gpu01": "192.0.2.1"})
    seen = []
    nr.filter(name="gpu01").with_runner(SerialRunner()).run(task=lambda task: seen.append(hosts._surveyor(task)))
    (surveyor,) = seen
    assert surveyor.way.hosts["gpu01"].user == "ops"
    image = surveyor.variables["gpu01"]["rackwright"]["bluefield"]["firmware"]["image"]
    assert image == str(folder.resolve() / "nic.bin")


def test_render_nvue_returns_the_text_that_is_built(build, switches):
    """A switch gets its startup.yaml; a server, which has none, gets nothing and does not fail."""
    texts = switches.run(task=render_nvue)
    [file] = [file for file in build.files if file.path == "devices/be01/startup.yaml"]
    assert texts["be01"].result.encode() == file.data
    assert nornir_of(build).run(task=render_nvue)["gpu01"].result is None


def test_render_files_tells_the_diff_and_writes_unless_it_is_a_dry_run(switches, tmp_path):
    """A dry run leaves the folder alone and says what would change; the real one writes; a second finds nothing."""
    folder = str(tmp_path / "out")
    dry = switches.run(task=render_files, folder=folder, dry_run=True)["be01"]
    assert dry.changed
    assert "+    hostname: be01" in dry.diff or "hostname: be01" in dry.diff
    assert not (tmp_path / "out").exists()
    wet = switches.run(task=render_files, folder=folder)["be01"]
    assert wet.result == ["devices/be01/startup.yaml", "devices/be01/commands.txt", "devices/be01/ztp.sh"]
    assert all((tmp_path / "out" / path).is_file() for path in wet.result)
    again = switches.run(task=render_files, folder=folder)["be01"]
    assert (again.changed, again.diff, again.result) == (False, "", [])


def test_render_gives_only_what_is_stale(build, switches, tmp_path):
    """With the manifest of a build nothing is rendered; without, every file of the device is."""
    fresh = switches.run(task=render)["be01"]
    assert set(fresh.result) == {file.path for file in build.by_device["be01"]}
    write(build.files, tmp_path / "out")
    known = switches.run(task=render, known=read_manifest(tmp_path / "out"))["be01"]
    assert (known.result, known.changed) == ({}, False)


@pytest.mark.parametrize("runner", [SerialRunner(), ThreadedRunner(num_workers=4)])
def test_other_runners_can_be_used(build, runner):
    """The tasks hold no state of their own: serial and threaded runners of Nornir give the same texts."""
    nr = nornir_of(build).with_runner(runner).filter(role="leaf")
    texts = {name: result.result for name, result in nr.run(task=render_nvue).items()}
    assert sorted(texts) == ["be01", "be02", "fe01", "fe02"]
    for name, text in texts.items():
        assert f"hostname: {name}" in text


def test_a_script_needs_three_lines(tmp_path):
    """nornir_of_site gives a Nornir over a folder, with the runner that misses nobody."""
    nr = nornir_of_site(SITE)
    assert nr.runner.expected == frozenset(nr.inventory.hosts)
