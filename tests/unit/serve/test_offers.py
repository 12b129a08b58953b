"""Who may have what: the machine that nodes.csv knows, an image that is what it should be, doors as they are written."""

import hashlib
import socket
import ssl

import pytest
from cryptography import x509

from rackwright.errors import BootRefused, ServeError
from rackwright.secrets import Environment
from rackwright.serve import process
from rackwright.serve.authority import NAME, Authority
from rackwright.serve.events import Events
from rackwright.serve.offer import Offer, Who, image_of
from rackwright.serve.process import Door, door
from tests.unit.render.nvue_switches import rail_leaf

MAC = "02:00:00:00:00:01"
NOS = b"#!/bin/bash\nCL_INSTALLER_PASSWORD=''\nexit_marker\nnos"


def offer(serial="X1", mac=MAC, tree=None):
    variables = {"RACKWRIGHT_SECRET_SWITCH_HASH": "$6$planted"}
    return Offer("be01", serial, mac, rail_leaf(), tree or {}, None, (Environment(variables),))


@pytest.mark.parametrize(
    ("known", "who"),
    [
        (("X1", MAC), Who("X1", MAC)),
        (("X1", ""), Who("x1", MAC)),
        (("X1", MAC), Who("X1", "")),
        (("", MAC), Who("ANY", MAC)),
    ],
)
def test_the_planned_machine_may_ask(known, who):
    """What nodes.csv knows must be as it says; what it does not know is no reason."""
    offer(*known).insist(who)


@pytest.mark.parametrize(
    ("known", "who", "why"),
    [
        (("X1", MAC), Who(), "not by a switch"),
        (("X1", MAC), Who("X2", MAC), "serial number X2 asks where X1 is planned"),
        (("X1", MAC), Who("", MAC), r"\(none\) asks"),
        (("X1", MAC), Who("X1", "02:00:00:00:00:02"), "02:00:00:00:00:02 asks"),
        (("", MAC), Who("ANY", ""), "any machine could ask"),
        (("", ""), Who("ANY", MAC), "discover"),
    ],
)
def test_another_machine_may_not(known, who, why):
    """A stranger, one without ZTP's headers, and one of whom nodes.csv knows nothing are refused, each with what is wrong."""
    with pytest.raises(BootRefused, match=why):
        offer(*known).insist(who)


def test_secrets_are_resolved_and_hidden():
    """The configuration that is sent has the values; a report may repeat none of them."""
    made = offer(tree={"system": {"aaa": {"user": {"cumulus": {"hashed-password": {"secret": "switch_hash"}}}}}})
    assert b"$6$planted" in made.startup()
    assert made.hidden() == {"$6$planted"}
    assert "planted" not in repr(made)


def test_an_image_is_what_it_should_be(tmp_path):
    """An image has its digest, goes by NVIDIA's name, and is refused under another digest."""
    path = tmp_path / "x.bin"
    path.write_bytes(NOS)
    digest = hashlib.sha256(NOS).hexdigest()
    assert image_of(path, "5.12.1", digest.upper()).sha256 == digest
    assert image_of(path, "5.12.1").name == "cumulus-linux-5.12.1-mlx-amd64.bin"
    with pytest.raises(ServeError, match="fetch it again"):
        image_of(path, "5.12.1", "0" * 64)
    with pytest.raises(ServeError, match="No such file"):
        image_of(tmp_path / "none", "5.12.1")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("cumulus-linux-5.13.1-mlx-amd64.bin", NOS, "is Cumulus Linux 5.13.1 by its name, and 5.12.1 is planned"),
        ("cumulus-linux-5.12.10-mlx-amd64.bin", NOS, "is Cumulus Linux 5.12.10 by its name"),
        ("onie-installer-x86_64", b"", "is empty"),
        ("cumulus-linux-5.12.1-mlx-amd64.bin", b"<html>please log in</html>", "does not begin with a script"),
        ("cumulus-linux-5.12.1-vx-amd64.qcow2", b"QFI\xfb" + b"\0" * 64, "does not begin with a script"),
    ],
)
def test_what_is_plainly_another_file_is_no_image(tmp_path, name, content, said):
    """A switch would be told that this is the planned version, and be wiped for what came of it."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ServeError, match=said):
        image_of(tmp_path / name, "5.12.1")


def test_what_cannot_be_known_of_an_image_is_a_doubt(tmp_path):
    """ONIE takes other names as well, and installers of others begin with a script too: it is served, and said."""
    for name, content, sha256, doubts in (
        ("cumulus-linux-5.12.1-mlx-amd64.bin", NOS, "", ()),
        ("onie-installer-x86_64", NOS, "", ("does not tell its version",)),
        ("onie-installer-x86_64", NOS, hashlib.sha256(NOS).hexdigest(), ()),
        ("5.12.1.bin", b"#!/bin/sh\nexit_marker\n", "", ("not with that of Cumulus Linux",)),
    ):
        (tmp_path / name).write_bytes(content)
        found = image_of(tmp_path / name, "5.12.1", sha256).doubts
        assert len(found) == len(doubts)
        assert all(part in doubt for part, doubt in zip(doubts, found, strict=True)), found


@pytest.mark.parametrize(
    ("text", "port", "read"),
    [
        ("10.10.0.5:8443", 1, Door("10.10.0.5", 8443)),
        ("10.10.0.5", 80, Door("10.10.0.5", 80)),
        (":81", 80, Door("0.0.0.0", 81)),
        ("81", 80, Door("0.0.0.0", 81)),
        ("[::1]:443", 1, Door("::1", 443)),
    ],
)
def test_doors(text, port, read):
    """An address, a port or both say where to listen."""
    assert door(text, port) == read
    assert door(str(read), 9) == read


def test_no_door():
    """What is no address and port is refused."""
    for text in ("10.10.0.5:http", "10.10.0.5:99999", "my-site", "my-site:80"):
        with pytest.raises(ValueError, match="no ADDRESS:PORT"):
            door(text, 1)


def test_the_ca_is_made_once(tmp_path):
    """A site has one CA for good; its key is its owner's, and no key of the server stays on the disk."""
    first = Authority(tmp_path)
    second = Authority(tmp_path)
    assert first.pem == second.pem
    assert isinstance(second.context(), ssl.SSLContext)
    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("*.pem")} == {
        "ca.pem": 0o600, "ca-key.pem": 0o600,
    }  # fmt: skip
    ca = x509.load_pem_x509_certificate(first.pem.encode())
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert len(first.fingerprint) == 95
    assert NAME.endswith(".internal")


def test_events_are_lines(tmp_path):
    """An event is one line of JSON and one line of text, whatever a switch sent."""
    heard = []
    Events(tmp_path, heard.append).tell("failed", "be01: a\n\x1b[31mb", device="be01", peer="10.0.0.1")
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 1
    assert heard[0].line.endswith("failed      be01: a  [31mb (from 10.0.0.1)")
    assert (tmp_path / "events.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_door_that_cannot_be_opened():
    """A port that is taken, and an address that is another machine's, are told with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for at, what in ((Door("127.0.0.1", port), "another port"), (Door("192.0.2.1", port), "an address of this")):
            with pytest.raises(ServeError, match=what):
                process._bound(at)
