"""The seed of a host: which disk, which network, whose login, what stays open in a kept file."""

from __future__ import annotations

import json

import msgspec
import pytest
import yaml

from rackwright.errors import RenderError
from rackwright.plan.install import way_in
from rackwright.plan.model import HostBond, HostInterface, HostNetwork
from rackwright.render.hosts.autoinstall import (
    MARKER,
    NETPLAN,
    PLACES,
    SEED,
    Report,
    autoinstall,
    installation,
    seed,
    seed_file,
)
from rackwright.render.netplan import netplan
from tests.installs import KNOWN, REPORT, SITES, install, of_site, sampled, user_data


@pytest.mark.parametrize("name", ["gpu01", "mgmt01"])
def test_a_kept_seed_is_as_it_was(golden, name):
    """The bytes of the user-data of a GPU server and of an R660 are those of the committed ones."""
    golden(f"render/devices-{name}-user-data.yaml", seed_file(install(name), "user-data").decode())


@pytest.mark.parametrize("site", SITES)
def test_the_disk_is_named_by_what_it_is(site):
    """Every host of every reference site asks for a BOSS-N1 by its model, and nowhere is a device name."""
    for one in sampled(site):
        text = seed_file(one, "user-data").decode()
        [disk] = [row for row in yaml.safe_load(text)["autoinstall"]["storage"]["config"] if row["type"] == "disk"]
        assert disk["match"] == {"model": "Dell BOSS-N1*"}
        assert "/dev/" not in text


def test_a_known_serial_number_narrows_the_match():
    """Where the serial number of the mirror is known, the disk must have it beside the model."""
    one = install()
    one = msgspec.structs.replace(one, disk=msgspec.structs.replace(one.disk, serial="CN0ABCD123"))
    assert user_data(one)["autoinstall"]["storage"]["config"][0]["match"] == {
        "model": "Dell BOSS-N1*", "serial": "*CN0ABCD123",
    }  # fmt: skip


def test_the_installation_needs_neither_rails_nor_tags():
    """While it is installed a GPU server has its bond alone, a management server its port out of band too; all of it comes afterwards."""
    gpu, mgmt = (user_data(install(name))["autoinstall"]["network"] for name in ("gpu01", "mgmt01"))
    assert (list(gpu["ethernets"]), list(gpu["bonds"]), "vlans" in gpu) == (["front1", "front2"], ["bond0"], False)
    assert (list(mgmt["ethernets"]), list(mgmt["bonds"])) == (["front1", "front2", "lom1"], ["bond0"])
    late = user_data(install())["autoinstall"]["late-commands"][0]
    assert netplan(install().network).decode() in late + "\n"
    assert NETPLAN in late


def test_without_a_bond_the_way_in_is_the_port_with_the_default_route():
    """A host with one routed port and rails is installed over that port."""
    host = HostNetwork("n", (
        HostInterface("lan", "lan", address="10.0.0.5/24", gateway="10.0.0.1"),
        HostInterface("rail1", "r1", address="10.9.0.1/31", gateway="10.9.0.0", rail=1, table=101),
        HostInterface("lan.5", "", address="10.5.0.5/24", vlan=5, parent="lan"),
    ))  # fmt: skip
    assert [port.name for port in way_in(host).interfaces] == ["lan"]


def test_a_second_bond_is_no_way_in():
    """Of two bonds the one with the default route is up while the host is installed."""
    ports = tuple(HostInterface(name, name, bond=bond) for name, bond in (("a", "bond0"), ("b", "bond1")))
    bonds = (
        HostBond("bond0", ("a",), address="10.1.0.2/24"),
        HostBond("bond1", ("b",), address="10.2.0.2/24", gateway="10.2.0.1"),
    )
    found = way_in(HostNetwork("n", ports, bonds))
    assert ([port.name for port in found.interfaces], [bond.name for bond in found.bonds]) == (["b"], ["bond1"])


@pytest.mark.parametrize("site", KNOWN)
def test_nobody_logs_in_with_a_password(site):
    """The one account has keys and no password, root is locked, and no seed holds anything like a hash."""
    for one in of_site(site).values():
        found = user_data(one)["autoinstall"]
        cloud = found["user-data"]
        assert [(user["name"], user["lock_passwd"], bool(user["ssh_authorized_keys"])) for user in cloud["users"]] == [
            ("rackwright", True, True)
        ]
        assert (cloud["disable_root"], cloud["ssh_pwauth"], found["ssh"]["allow-pw"]) == (True, False, False)
        assert "passwd --lock root" in found["late-commands"][1]
        assert "$6$" not in str(found)
        assert "identity" not in found


def test_the_kernel_stays_in_its_series():
    """The GA kernel is installed, pinned to 6.8, and no HWE kernel can come; the site may name one exactly."""
    found = user_data(install())["autoinstall"]
    assert found["kernel"] == {"package": "linux-generic"}
    assert [(row["pin"], row["pin-priority"]) for row in found["apt"]["preferences"]] == [
        ("version 6.8.*", 1001),
        ("version *", -1),
    ]


def test_a_kept_seed_holds_no_token():
    """What is rendered has places for address and digest; what is handed out has the address, and the digest where the token was."""
    kept = seed_file(install(), "user-data").decode()
    sent = seed(install(), REPORT)["user-data"].decode()
    assert all(place in kept for place in PLACES.values())
    assert not any(place in sent for place in PLACES.values())
    assert sent.count(REPORT.token) == 1
    marker = next(line for line in sent.splitlines() if '"installation"' in line)
    assert json.loads(marker)["installation"] == installation(REPORT.token)
    assert MARKER in sent
    assert REPORT.token not in repr(REPORT)


def test_an_authority_is_given_to_the_installers_system_alone():
    """The CA that the reports go to stands beside autoinstall, not in the installed system's part."""
    report = Report(
        endpoint="https://10.10.0.5:8443/progress/t", token="t", authority="-----BEGIN CERTIFICATE-----\nMI\n"
    )
    found = yaml.safe_load(seed(install(), report)["user-data"])
    assert found["ca_certs"] == {"trusted": [report.authority]}
    assert "ca_certs" not in found["autoinstall"]["user-data"]


def test_a_seed_has_the_files_that_cloud_init_wants():
    """user-data, meta-data with an instance-id, and vendor-data, each a document."""
    files = seed(install(), REPORT)
    assert tuple(files) == SEED
    assert yaml.safe_load(files["meta-data"]) == {"instance-id": "gpu01", "local-hostname": "gpu01"}
    assert all(files[name].startswith(b"#cloud-config\n") for name in ("user-data", "vendor-data"))


@pytest.mark.parametrize("site", ["rail-1024", "era-2-8-9-400"])
def test_a_host_of_which_too_little_is_known_is_not_installed(site):
    """Without MAC addresses, service tag or keys a seed is refused with every reason, and the kept file says them on top."""
    one = next(iter(of_site(site).values()))
    with pytest.raises(RenderError, match=r"may not be installed yet: nodes.csv has no service tag"):
        seed(one, REPORT)
    assert b"# It may not be installed yet: nodes.csv has no service tag" in seed_file(one, "user-data")


def test_an_archive_that_cannot_be_reached_is_not_looked_for():
    """Without an archive the list of mirrors is empty and the medium does; with one of the site's, updates come from it too."""
    one = install()
    bare = msgspec.structs.replace(one, archive=msgspec.structs.replace(one.archive, uri=""))
    apt = user_data(bare)["autoinstall"]["apt"]
    assert (apt["mirror-selection"], apt["fallback"], "security" in apt) == ({"primary": []}, "offline-install", False)
    own = msgspec.structs.replace(
        one, archive=msgspec.structs.replace(one.archive, uri="http://10.20.0.5/ubuntu", own=True)
    )
    apt = user_data(own)["autoinstall"]["apt"]
    assert (apt["fallback"], apt["security"]) == ("abort", [{"arches": ["default"], "uri": "http://10.20.0.5/ubuntu"}])


def test_what_a_site_lays_over_is_judged_too():
    """A site's own key reaches the host; a misspelt one is refused with the nearest name and nothing is handed out."""
    found = yaml.safe_load(seed(install(), REPORT, laid={"locale": "de_DE.UTF-8", "packages": ["htop"]})["user-data"])
    assert (found["autoinstall"]["locale"], found["autoinstall"]["packages"]) == ("de_DE.UTF-8", ["htop"])
    with pytest.raises(
        RenderError, match=r"autoinstall.late-comands: unknown key 'late-comands'; did you mean 'late-commands'\?"
    ):
        seed(install(), REPORT, laid={"late-comands": ["echo"]})
    with pytest.raises(RenderError, match=r"'network' is missing"):
        seed(install(), REPORT, laid={"network": None})


def test_every_site_is_ours_by_our_own_model():
    """No host of a reference site has a document that our own model finds a fault in; those without keys get one first."""
    from rackwright.render.hosts.model import faults

    keys = install().keys
    for site in SITES:
        for one in sampled(site):
            made = {"autoinstall": autoinstall(msgspec.structs.replace(one, keys=one.keys or keys), REPORT)}
            assert faults(made) == [], one.name
