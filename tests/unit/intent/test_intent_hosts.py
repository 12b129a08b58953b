"""What `hosts` says: every mistake with its place, and the public keys of mirrors."""

import shutil
from pathlib import Path

import pytest

from rackwright import intent

BASE = Path(__file__).resolve().parents[3] / "inventory" / "xe9680-two-racks"
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ==\n-----END PGP PUBLIC KEY BLOCK-----\n"


@pytest.fixture
def load(tmp_path):
    """Write a site with these hosts and files, and load it."""

    def write(hosts, **files):
        folder = tmp_path / "site"
        shutil.copytree(BASE, folder)
        text = (folder / "site.yaml").read_text()
        line = next(line for line in text.splitlines() if line.startswith("hosts:"))
        (folder / "site.yaml").write_text(text.replace(line, f"hosts: {{{hosts}}}", 1))
        for name, content in files.items():
            (folder / f"{name}.asc").write_text(content)
        return intent.load(folder)

    return write


@pytest.mark.parametrize(
    ("hosts", "words"),
    [
        ("kernel: 6.8.0-57-generic", ("no version of a kernel package", "6.8.0-57.59")),
        ("user: root", ("'root' cannot be the administrator", "root stays locked")),
        ("user: Root!", ("'Root!' is no user", "rackwright")),
        ("proxy: 10.0.0.1:3128", ("no address of a proxy", "http://HOST:PORT")),
        ("packages: {Foo_1: 1.0-1}", ("'Foo_1' is no name of a package", "apt prints it")),
        ("packages: {mft: v4}", ("'v4' is no version of a package", "madison")),
        ("mirror: {kind: http}", ("a mirror of kind http has no uri", "add uri: http://")),
        ("mirror: {kind: file, uri: apt}", ("'apt' is no folder of the hosts", "/srv/apt")),
        ("mirror: {kind: http, uri: /srv/apt}", ("'/srv/apt' is no address", "http://HOST/PATH")),
        ("mirror: {uri: http://10.0.0.1/apt}", ("uri is given, and the packages come from the vendors", "kind: http")),
        ("mirror: {kind: file, uri: /srv/apt, key: gone.asc}", ("no file 'gone.asc'", "beside the site file")),
        ("bluefield: {modes: {b3140: nic}}", ("'b3140' is no BlueField adapter", "b3140h")),
        ("bluefield: {psids: {lom: MT_1}}", ("'lom' is no BlueField adapter",)),
        ("bluefield: {image: fw}", ("nothing called 'fw'", "beside the site file")),
        ("bcm: {package: gone.zip}", ("nothing called 'gone.zip'", "beside the site file")),
        ("bcm: {ca: hunter2}", ("'ca' does not hold a reference", "secret:NAME")),
        ("installer: bcm, bcm: {package: a.zip}", ("BCM provisions these hosts", "installer: rackwright")),
        ("mirrors: {}", ("unknown key 'mirrors'", "mirror")),
    ],
)
def test_a_mistake_is_told_at_its_line(load, hosts, words):
    """A mistake below `hosts` passed, or was told elsewhere or without what to do."""
    found = [one for one in load(hosts).problems if one.severity == "error"]
    assert len(found) == 1, [str(one) for one in found]
    assert found[0].location.line == 6
    assert all(word in str(found[0]) for word in words), str(found[0])
    assert "hunter2" not in str(found[0])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (KEY.replace("PUBLIC", "PRIVATE"), ("holds a private key", "gpg --armor --export")),
        ("mQ==", ("is no armoured public key",)),
    ],
)
def test_only_a_public_key_is_taken(load, content, words):
    """A private key, or something that is no key, is written into every host's document."""
    read = load("mirror: {kind: file, uri: /srv/apt, key: mirror.asc}", mirror=content)
    assert any(all(word in str(one) for word in words) for one in read.problems)
    assert read.site is None


def test_the_keys_of_a_mirror_are_read(load):
    """The key of a mirror, or of one of its repositories, is not at hand when hosts are planned."""
    read = load(
        "mirror: {kind: http, uri: http://10.0.0.1/apt, key: a.asc, sources: {doca: {uri: doca, key: b.asc}}}",
        a=KEY, b=KEY.replace("mQ", "nQ"),
    )  # fmt: skip
    assert dict(read.require().armoured) == {"a.asc": KEY, "b.asc": KEY.replace("mQ", "nQ")}
    assert "BEGIN PGP" not in intent.dump(read.require())


def test_another_key_is_another_site(load, tmp_path):
    """What was read is named by a digest that does not see the key."""
    hosts = "mirror: {kind: file, uri: /srv/apt, key: mirror.asc}"
    first = load(hosts, mirror=KEY).digest
    (tmp_path / "site" / "mirror.asc").write_text(KEY.replace("mQ", "nQ"))
    assert intent.load(tmp_path / "site").digest != first
