"""Our own model of autoinstall: what Ubuntu's schema lets pass and would be found out on the machine, or never."""

from __future__ import annotations

import pytest

from rackwright.errors import RenderError
from rackwright.render.hosts.model import faults, insist
from rackwright.render.hosts.overlays import read_host_overlays
from tests.installs import document, install

AT = "autoinstall"


def spoilt(*path, value=None, remove=False):
    """Return a right document with one place set to something else, or taken away."""
    found = document()
    node = found
    for part in path[:-1]:
        node = node[part]
    if remove:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return found


def said(found):
    """Return path and message of everything that is wrong."""
    return [(".".join(map(str, fault.path)), fault.message, fault.remedy) for fault in faults(found)]


UNKNOWN = [
    ((AT, "late-comands"), "did you mean 'late-commands'?"),
    ((AT, "early_commands"), "did you mean 'early-commands'?"),
    (("autoinstal",), "did you mean 'autoinstall'?"),
    ((AT, "ssh", "authorised-keys"), "did you mean 'authorized-keys'?"),
    ((AT, "ssh", "allow_pw"), "did you mean 'allow-pw'?"),
    ((AT, "apt", "mirror_selection"), "did you mean 'mirror-selection'?"),
    ((AT, "apt", "falback"), "did you mean 'fallback'?"),
    ((AT, "storage", "confg"), "did you mean 'config'?"),
    ((AT, "storage", "config", 0, "macth"), "did you mean 'match'?"),
    ((AT, "storage", "config", 0, "match", "modell"), "did you mean 'model'?"),
    ((AT, "storage", "config", 1, "grub-device"), "did you mean 'grub_device'?"),
    ((AT, "network", "ethernet"), "did you mean 'ethernets'?"),
    ((AT, "network", "ethernets", "front1", "set_name"), "did you mean 'set-name'?"),
    ((AT, "network", "ethernets", "front1", "match", "mac-address"), "did you mean 'macaddress'?"),
    ((AT, "network", "bonds", "bond0", "parameters", "lacp_rate"), "did you mean 'lacp-rate'?"),
    ((AT, "user-data", "disable-root"), "did you mean 'disable_root'?"),
    ((AT, "user-data", "users", 0, "ssh-authorized-keys"), "did you mean 'ssh_authorized_keys'?"),
    ((AT, "reporting", "rackwright", "end-point"), "did you mean 'endpoint'?"),
    ((AT, "kernel", "pakage"), "did you mean 'package'?"),
]


@pytest.mark.parametrize(("path", "remedy"), UNKNOWN, ids=[str(path[-1]) for path, _ in UNKNOWN])
def test_an_unknown_key_is_refused_with_the_nearest_name(path, remedy):
    """A key that is misspelt anywhere is told with its path and the name that was meant."""
    found = said(spoilt(*path, value=True))
    assert (".".join(map(str, path)), f"unknown key {path[-1]!r}", remedy) in found


WRONG = [
    ((AT, "storage", "config", 0, "match"), {}, "no disk is named by what it is"),
    ((AT, "storage", "config", 0, "match"), {"path": "/dev/nvme0n1"}, "no disk is named by what it is"),
    ((AT, "storage", "config", 0, "match"), {"size": "largest"}, "no disk is named by what it is"),
    ((AT, "storage", "config", 0, "match"), {"ssd": True}, "no disk is named by what it is"),
    (
        (AT, "storage", "config", 0, "match"),
        [{"model": "Dell BOSS-N1*"}, {"size": "largest"}],
        "no disk is named by what it is",
    ),
    ((AT, "storage", "config", 0, "ptable"), "msdos", "ptable is 'msdos'"),
    ((AT, "storage", "config", 1, "device"), "bot-disk", "lies on 'bot-disk', which no action before it makes"),
    ((AT, "storage", "config", 1, "size"), "1 G", "which is not a size"),
    ((AT, "storage", "config", 1, "grub_device"), False, "no partition is the boot loader's"),
    ((AT, "storage", "config", 2, "fstype"), "ext4", "/boot/efi is not fat32"),
    ((AT, "storage", "config", 3, "id"), "esp", "two actions are called 'esp'"),
    ((AT, "storage", "config", 7, "path"), "/srv", "nothing is mounted at /"),
    ((AT, "storage"), {"layout": {"name": "lvm"}}, "a layout takes the largest disk"),
    ((AT, "storage"), {"layout": {"name": "lvm", "match": {"size": "largest"}}}, "a layout takes the largest disk"),
    ((AT, "network", "ethernets", "front1", "match", "macaddress"), "02:80:3f:b5:df", "which is not a MAC address"),
    ((AT, "network", "ethernets", "front1", "match", "macaddress"), "01:80:3f:b5:df:15", "is a group address"),
    (
        (AT, "network", "ethernets", "front1", "match", "macaddress"),
        "02:2E:D6:D1:0E:E6",
        "has the MAC address of front1",
    ),
    ((AT, "network", "ethernets", "front1", "match"), {}, "is renamed and matches nothing"),
    ((AT, "network", "bonds", "bond0", "addresses"), ["10.20.0.10"], "which is not an address with its length"),
    ((AT, "network", "bonds", "bond0", "addresses"), ["10.20.0.300/22"], "which is not an address with its length"),
    ((AT, "network", "bonds", "bond0", "addresses"), [], "no interface gets an address"),
    ((AT, "network", "bonds", "bond0", "interfaces"), ["front1", "front3"], "which is no ethernet here"),
    ((AT, "network", "bonds", "bond0", "parameters", "mode"), "802.3da", "mode is '802.3da'"),
    ((AT, "network", "bonds", "bond0", "routes"), [{"to": "default", "via": "10.20.0"}], "which is not an address"),
    ((AT, "network", "bonds", "bond0", "mtu"), 90000, "mtu is 90000"),
    ((AT, "ssh", "install-server"), False, "no SSH server is installed"),
    ((AT, "ssh", "allow-pw"), True, "passwords are taken over SSH"),
    ((AT, "ssh", "allow-pw"), "no", "expected true or false"),
    ((AT, "user-data", "users", 0, "lock_passwd"), False, "may have a password"),
    ((AT, "user-data", "users", 0, "name"), "root", "root is given a login"),
    ((AT, "user-data", "users", 0, "ssh_authorized_keys"), ["ssh-ed25519 AAAA"], "which is not a public SSH key"),
    ((AT, "user-data", "disable_root"), False, "root may log in"),
    ((AT, "kernel"), {"package": "linux-generic-hwe-24.04"}, "an HWE kernel is of a later series"),
    ((AT, "kernel"), {}, "neither or both of package and flavor"),
    ((AT, "reporting"), {}, "nothing tells how it goes"),
    ((AT, "reporting", "rackwright"), {"type": "webhook"}, "'endpoint' is missing"),
    ((AT, "apt", "mirror-selection"), {"primary": []}, "there is no mirror and none may be missing"),
    ((AT, "apt", "fallback"), "continue", "fallback is 'continue'"),
    ((AT, "drivers"), {"install": True}, "brings drivers of its own"),
    ((AT, "late-commands"), [""], "which is not a command"),
    ((AT, "late-commands"), "echo", "expected a list"),
    ((AT, "shutdown"), "halt", "shutdown is 'halt'"),
    ((AT, "version"), 2, "version is 2"),
    ((AT, "interactive-sections"), ["network"], "unknown key 'interactive-sections'"),
    ((AT, "identity"), {"hostname": "a"}, "unknown key 'identity'"),
]


@pytest.mark.parametrize(
    ("path", "value", "message"), WRONG, ids=[f"{path[-1]}-{at}" for at, (path, _, _) in enumerate(WRONG)]
)
def test_what_would_be_found_out_on_the_machine_is_found_here(path, value, message):
    """Each of these is told in a sentence that names it, with something to do."""
    found = said(spoilt(*path, value=value))
    assert any(message in row[1] for row in found), found
    assert all(row[2] for row in found)


@pytest.mark.parametrize(
    "key", ["version", "network", "storage", "late-commands", "reporting", "user-data", "ssh", "apt", "kernel"]
)
def test_what_a_host_cannot_do_without_is_missed(key):
    """A document without one of these is refused by name."""
    assert (f"{AT}.{key}", f"{key!r} is missing", f"add {key!r}") in said(spoilt(AT, key, remove=True))


def test_a_disk_by_serial_number_is_named_well_enough():
    """A serial number, beside a match or instead of one, is what a disk is."""
    found = document()
    del found[AT]["storage"]["config"][0]["match"]
    found[AT]["storage"]["config"][0]["serial"] = "Dell_BOSS-N1_CN0ABCD123"
    assert said(found) == []


def test_everything_that_is_wrong_is_told_at_once():
    """Two misspelt keys are two faults, and the refusal says how many more there are."""
    found = document()
    found[AT]["late-comands"] = found[AT].pop("late-commands")
    with pytest.raises(RenderError, match=r"gpu01: autoinstall.late-comands: unknown key .* \(and 1 more\)") as caught:
        insist("gpu01", found)
    assert [problem.path for problem in caught.value.problems] == [f"{AT}.late-comands", f"{AT}.late-commands"]


@pytest.fixture
def laid(tmp_path):
    """Return a function that writes the files of SITE/autoinstall and reads them."""

    def read(**files):
        for name, text in files.items():
            (tmp_path / f"{name.replace('_', '-')}.yaml").write_text(text)
        return read_host_overlays(tmp_path)

    return read


def test_the_narrower_file_wins(laid):
    """What a host's own file says comes before its group's, and that before the site's; null takes away, lists are replaced."""
    found = laid(
        site="locale: C.UTF-8\ntimezone: Etc/UTC\npackages: [a, b]\n",
        group_gpu="locale: de_DE.UTF-8\npackages: [c]\n",
        host_gpu01="timezone: Europe/Berlin\nproxy: null\n",
        host_mgmt01="locale: en_GB.UTF-8\n",
    )
    assert found.of(install()) == {
        "locale": "de_DE.UTF-8", "timezone": "Europe/Berlin", "packages": ["c"], "proxy": None,
    }  # fmt: skip
    assert found.of(install("mgmt01"))["locale"] == "en_GB.UTF-8"
    assert [patch.name for patch in found.unused([install()])] == ["mgmt01"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"site": "lokale: x\n"}, r"site.yaml:1:1: unknown key 'lokale'; did you mean 'locale'\?"),
        ({"site": "autoinstall: {locale: x}\n"}, "the file is the value of autoinstall already"),
        ({"site": "- a\n"}, "holds"),
        ({"gpu01": "locale: x\n"}, "names neither the site, a group nor a host; call it site.yaml"),
        ({"group_gpu": "ssh: {allow-pw: maybe}\n"}, r"group-gpu.yaml:1:.*allow-pw is 'maybe', expected true or false"),
        ({"site": "storage:\n  config:\n    - {type: disk}\n"}, "'id' is missing"),
    ],
)
def test_what_is_wrong_in_an_overlay_is_told_with_its_place(laid, files, message):
    """A file that no host could take is refused when it is read, with file, line and column."""
    with pytest.raises(RenderError, match=message):
        laid(**files)


def test_no_folder_is_no_overlay(tmp_path):
    """A site without the folder lays nothing over its hosts."""
    assert read_host_overlays(tmp_path / "none").of(install()) == {}
