"""The seeds of all reference sites, judged by Ubuntu's schemas, cloud-init, netplan, and Ubuntu's own installer in dry-run."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import jsonschema
import msgspec
import pytest
import yaml

from rackwright.render.hosts.autoinstall import Report, seed, seed_file
from tests.contract.installing import Installer
from tests.installs import KNOWN, REPORT, SITES, install, of_site, sampled, user_data
from tests.journeys.test_foreign_tools import run

SCHEMAS = ("main", "ubuntu-noble", "24.04.1", "24.08.1", "25.04")


@pytest.mark.parametrize("version", SCHEMAS)
@pytest.mark.parametrize("site", SITES)
def test_every_user_data_is_of_ubuntus_schema(shared, site, version):
    """Each host's autoinstall is accepted by the JSON schema of each version of the installer."""
    schema = json.loads(shared("data/host/subiquity", f"autoinstall-schema-{version}.json").read_text())
    judge = jsonschema.validators.validator_for(schema)(schema)
    for one in sampled(site):
        found = user_data(one, REPORT if site in KNOWN else None)["autoinstall"]
        assert [error.message for error in judge.iter_errors(found)] == [], one.name


def test_ubuntus_schema_lets_a_misspelt_key_pass(shared):
    """What makes our own model necessary: Ubuntu's schema finds nothing in a misspelt late-commands."""
    schema = json.loads(shared("data/host/subiquity", "autoinstall-schema-ubuntu-noble.json").read_text())
    found = user_data(install())["autoinstall"]
    found["late-comands"] = found.pop("late-commands")
    jsonschema.validate(found, schema)


@pytest.mark.parametrize("site", SITES)
def test_every_user_data_is_a_cloud_config(tmp_path, site):
    """``cloud-init schema`` takes each user-data as a whole, and what it hands to the installed system."""
    authority = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    report = Report(endpoint="https://10.10.0.5:8443/progress/t", token="t", authority=authority)
    for one in list({one.group: one for one in sampled(site)}.values()):
        whole = tmp_path / f"{one.name}.yaml"
        text = seed(one, report)["user-data"] if site in KNOWN else seed_file(one, "user-data")
        whole.write_bytes(text)
        part = tmp_path / f"{one.name}-installed.yaml"
        part.write_text("#cloud-config\n" + yaml.safe_dump(yaml.safe_load(text)["autoinstall"]["user-data"]))
        paths = (whole, part) if one.group == "gpu" else (whole,)  # the rest differs by names only
        for path in paths:
            done = run("cloud-init", "schema", "--config-file", path)
            assert done.returncode == 0, done.stdout + done.stderr
            assert "Valid" in done.stdout, done.stdout


@pytest.mark.parametrize("site", SITES)
def test_netplan_takes_the_network_of_the_installation(tmp_path, site):
    """``netplan generate`` makes units of what is up while each kind of host is installed; a bond of an unknown mode is refused."""
    for one in list({one.group: one for one in sampled(site)}.values()):
        network = user_data(one, REPORT if site in KNOWN else None)["autoinstall"]["network"]
        root = tmp_path / one.name
        done = generated(root, network)
        assert done.returncode == 0, done.stderr
        units = {path.name for path in (root / "run/systemd/network").iterdir()}
        assert units >= {
            f"10-netplan-{name}.network" for kind in ("ethernets", "bonds") for name in network.get(kind, {})
        }
    for bond in network.get("bonds", {}).values():
        bond["parameters"]["mode"] = "802.3xx"
        assert generated(tmp_path / "wrong", network).returncode != 0


def generated(root, network):
    """Run netplan over one document in a root of its own."""
    (root / "etc/netplan").mkdir(parents=True)
    path = root / "etc/netplan/50.yaml"
    path.write_text(yaml.safe_dump({"network": network}))
    path.chmod(0o600)
    return run("netplan", "generate", "--root-dir", root)


def test_the_late_commands_are_shell(tmp_path):
    """Each command of each kind of host is a script that ``sh -n`` and shellcheck take."""
    for one in (install("gpu01"), install("mgmt01")):
        found = user_data(one)["autoinstall"]
        for kind in ("early-commands", "late-commands", "error-commands"):
            for at, text in enumerate(found[kind]):
                path = tmp_path / f"{one.name}-{kind}-{at}.sh"
                path.write_text("#!/bin/sh\n" + text)
                assert subprocess.run(["sh", "-n", path], check=False).returncode == 0
                done = run("shellcheck", "--severity=warning", path)
                assert done.returncode == 0, done.stdout


# --- Ubuntu's installer itself --------------------------------------------------------------------


@pytest.fixture
def installer(shared, tmp_path) -> Installer:
    """Return the real installer's dry-run, or skip by name: it is of others, and nothing of it lies here."""
    checkout = os.environ.get("RACKWRIGHT_SUBIQUITY", "")
    if not checkout:
        pytest.skip("RACKWRIGHT_SUBIQUITY names no checkout of Ubuntu's installer: see docs/design/autoinstall.md")
    machine = shared("data/host/autoinstall/machine-xe9680.json")
    return Installer(checkout, json.loads(machine.read_text()), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gpu01", "mgmt01"])
def test_ubuntus_installer_takes_our_seed_and_finishes(installer, name):
    """Ubuntu 24.04's own installer picks the BOSS-N1 mirror among nine disks, runs our late commands and ends in a reboot."""
    one = install(name)
    done = installer.run(one, "gpu01.tok")
    assert done.last["name"] == "subiquity/Shutdown/shutdown", done.told
    assert done.last["result"] == "SUCCESS"
    assert [row["path"] for row in done.disks] == ["/dev/nvme8n1"]
    assert done.disks[0]["serial"].startswith("Dell_BOSS-N1")
    assert done.target("etc/netplan/60-rackwright.yaml") == rendered_netplan(one)
    assert not (done.root / "etc/netplan/00-installer-config.yaml").exists()
    marker = json.loads(done.target("etc/rackwright/installed.json"))
    assert (marker["host"], marker["service_tag"]) == (one.name, one.service_tag)
    account = yaml.safe_load(
        yaml.safe_load(done.target("etc/cloud/cloud.cfg.d/99-installer.cfg"))["datasource"]["None"]["userdata_raw"]
    )
    assert [(user["name"], user["lock_passwd"]) for user in account["users"]] == [("rackwright", True)]
    assert "gpu01.tok" not in "".join(
        path.read_text(errors="replace") for path in (done.root / "etc").rglob("*") if path.is_file()
    )
    assert done.in_target == ["netplan generate", "passwd --lock root"]


@pytest.mark.slow
@pytest.mark.parametrize("uri", ["", "http://10.20.0.5/ubuntu"])
def test_ubuntus_installer_finishes_without_the_internet(installer, uri):
    """With a mirror of the site, and with none at all, the installer finishes; updates are looked for at that mirror only."""
    one = install()
    archive = msgspec.structs.replace(one.archive, uri=uri, own=bool(uri))
    done = installer.run(msgspec.structs.replace(one, archive=archive), "gpu01.tok")
    assert done.last["name"] == "subiquity/Shutdown/shutdown", done.told
    apt = yaml.safe_load(done.target("var/log/installer/curtin-install/subiquity-curtin-apt.conf"))["apt"]
    sources = [row.get("uri") for row in (*apt.get("primary", ()), *apt.get("security", ()))]
    assert not uri or {*sources} == {uri}


@pytest.mark.slow
def test_ubuntus_installer_stops_before_writing_where_there_is_no_mirror(installer):
    """Without a BOSS-N1 the installer fails while it looks for its disk: no data disk is taken in its place."""
    blocks = installer.machine["storage"]["blockdev"]
    installer.machine["storage"]["blockdev"] = {
        name: disk for name, disk in blocks.items() if "BOSS" not in disk["ID_MODEL"]
    }
    done = installer.run(install(), "gpu01.tok")
    assert done.last["result"] == "FAIL"
    assert "matched no disk" in done.last["description"]
    assert done.disks == []
    assert not any(event["name"].startswith("subiquity/Install/install/curtin_install") for event in done.events)


@pytest.mark.slow
def test_ubuntus_installer_stops_on_another_machine(installer):
    """A seed in a machine with another service tag ends it in the first command, before disks are looked at."""
    done = installer.run(install(), "gpu01.tok", service_tag="7777777")
    assert done.last["name"] == "subiquity/Early/run/command_0"
    assert done.last["result"] == "FAIL"
    assert done.disks == []


def rendered_netplan(one) -> str:
    """Return ``devices/NAME/netplan.yaml``."""
    from rackwright.render.netplan import netplan

    return netplan(one.network).decode()


def test_a_rendered_site_holds_the_seeds(tmp_path):
    """``rackwright render`` writes user-data and meta-data of every host, open where one installation differs from another."""
    from nornir_tasks import Build
    from tests.machines import ROOT

    build = Build.of_site(ROOT / "inventory" / "xe9680-spectrum-x")
    files = {file.path: file for file in build.files}
    for one in of_site("xe9680-spectrum-x").values():
        text = files[f"devices/{one.name}/user-data"].data.decode()
        assert "@endpoint@" in text
        assert "@installation@" in text
        assert yaml.safe_load(files[f"devices/{one.name}/meta-data"].data) == {
            "instance-id": one.name, "local-hostname": one.name,
        }  # fmt: skip
    assert shutil.which("sh")
