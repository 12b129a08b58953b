"""Evidence of BMCs: kept without secrets, read back alike, mockup trees read as the same, the registry asked for only where needed."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from rackwright import audit
from rackwright.audit import machines
from rackwright.audit.machines.evidence import ERRORS, LOGIN
from rackwright.audit.machines.secrets import MASK, scrubbed
from rackwright.errors import DocumentError, LostMidCommand

BIOS = "/redfish/v1/Systems/System.Embedded.1/Bios"
CLOCK = SimpleNamespace(now=lambda: 0.0)
SECRETS = {
    "Users.2.SHA256Password": "A1B2", "Users.2.SHA256PasswordSalt": "C3", "Users.2.IPMIKey": "D4", "Users.2.SHA1v3Key": "E5",
    "Users.2.MD5v3Key": "F6", "IPMILan.1.EncryptionKey": "00", "SNMP.1.AgentCommunity": "private-name",
    "IPMILan.1.CommunityName": "other-name", "NTPConfigGroup.1.NTP1SecurityKey": "k1", "LDAP.1.BindPassword": "p1",
    "Users.2.SNMPv3PrivacyPassphrase": "p2", "SysPassword": "p3", "OldSetupPassword": "p4", "ServerOS.1.ProductKey": "p5",
    "IscsiDev1Con1ChapSecret": "p6", "Password": "p7", "Token": "p8", "PasswordHash": "p9", "LicenseString": "p10",
    "USB.1.ZipPassword": "p11", "AuthenticationKey": "p12",
}  # fmt: skip
SETTINGS = {
    "PasswordStatus": "Unlocked", "MinPasswordLength": 12, "PasswordChangeRequired": False, "Security.1.PasswordRequireRegex": "x",
    "Users.2.EnableSNMPv3Passphrase": "Disabled", "SerialRedirection.1.QuitKey": "^\\\\", "SlotKey": "PCIe.Slot.3", "UserName": "root",
    "Security.1.CsrKeySize": "2048", "NTPConfigGroup.1.NTP1SecurityKeyNumber": 1, "WebServer.1.TLSProtocol": "TLS 1.2 and Higher",
    "AuthenticationKeySet": True, "SHA256Password": None, "IPMIKey": "", "HashValue": "34af",
}  # fmt: skip


class Session:
    """A session that tells what it is given, topic by topic."""

    def __init__(self, **told):
        self.told = told
        self.read_topics = []

    def read(self, topics):
        self.read_topics.append(sorted(topics))
        found = {}
        for topic in topics:
            value = self.told.get(topic, {})
            if isinstance(value, Exception):
                raise value
            found |= value
        return found


def test_no_secret_is_kept_and_every_setting_is():
    """Hashes, keys and passphrases are masked wherever they stand; what only sounds like one stays."""
    hidden = scrubbed({"Attributes": {**SECRETS, **SETTINGS}, "deeper": [{"x": dict(SECRETS)}]})
    assert hidden["Attributes"] == {**dict.fromkeys(SECRETS, MASK), **SETTINGS}
    assert hidden["deeper"] == [{"x": dict.fromkeys(SECRETS, MASK)}]


def test_evidence_is_written_and_read_back_alike(tmp_path):
    """What was told, what failed and how the login went are the same after the disk, and no secret is on it."""
    session = Session(
        system={"/redfish/v1": {"Id": "x"}, ERRORS: {"/redfish/v1/Chassis": "503"}}, settings={"/a": dict(SECRETS)}
    )
    taken = machines.collect(session, "gpu01", ["system", "settings"], clock=CLOCK, factory=True)
    audit.write(tmp_path, [taken])
    (kept,) = audit.read(tmp_path, ["gpu01"]).values()
    assert kept == taken
    read = machines.resources(kept)
    assert read["/redfish/v1"] == {"Id": "x"}
    assert read[ERRORS] == {"/redfish/v1/Chassis": "503"}
    assert read[LOGIN] == {"factory": True}
    text = (tmp_path / "gpu01.json").read_text()
    assert not [value for value in SECRETS.values() if json.dumps(value) in text]


def test_a_session_that_breaks_while_it_is_read_is_evidence_of_that():
    """A loss becomes the error of the evidence, with its remedy; nothing is raised."""
    session = Session(system=LostMidCommand("gone", device="gpu01", remedy="look"))
    taken = machines.collect(session, "gpu01", ["system"], clock=CLOCK)
    assert (taken.error, taken.remedy, taken.answers) == ("gone", "look", ())


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (None, True), ({}, False), ({"SysProfile": "PerfOptimized"}, False), ({"SysProfile": "Custom"}, True),
        ({"MmioAbove4Gb": "Enabled"}, True), ({"Number": "5"}, False),
    ],
)  # fmt: skip
def test_the_registry_is_read_only_where_a_value_is_not_there(wanted, asked):
    """A BIOS that is right costs no registry, which is a megabyte; one that is not, or an unknown wish, does."""
    session = Session(bios={BIOS: {"Attributes": {"SysProfile": "PerfOptimized", "Number": 5}}})
    machines.collect(session, "gpu01", machines.topics(["bios"]), clock=CLOCK, wanted=wanted)
    assert (["registry"] in session.read_topics) is asked
    assert all(topics == ["registry"] or "registry" not in topics for topics in session.read_topics)


def test_each_domain_reads_what_it_needs():
    """Firmware reads no BIOS; hardware no inventory of firmware; a check reads what its domain does."""
    assert machines.topics(["hardware"]) == {"system", "hardware"}
    assert "bios" not in machines.topics(["firmware"])
    assert machines.topics((), ["BMC-TIME"]) == {"system", "settings"}
    assert machines.topics() == {"system", "hardware", "firmware", "bios", "registry", "jobs", "settings"}


@pytest.mark.parametrize("beneath", ["redfish/v1", "v1", "."])
def test_mockup_trees_are_read_wherever_they_begin(tmp_path, beneath):
    """``redfish/v1``, ``v1`` or their inside: the same resources under the same paths, secrets masked."""
    root = tmp_path / beneath
    (root / "Systems").mkdir(parents=True)
    (root / "index.json").write_text('{"Id": "root"}')
    (root / "Systems/index.json").write_text('{"Password": "p7"}')
    read = machines.resources(machines.tree(tmp_path, "x"))
    assert read == {"/redfish/v1": {"Id": "root"}, "/redfish/v1/Systems": {"Password": MASK}}


def test_what_is_broken_in_a_tree_is_told_as_its_error(tmp_path):
    """A file that is no JSON is an answer that failed, as over the wire; a folder that is no tree is refused."""
    root = tmp_path / "redfish/v1"
    (root / "Systems").mkdir(parents=True)
    (root / "index.json").write_text("{}")
    (root / "Systems/index.json").write_text("<html>")
    assert "cannot be read" in machines.resources(machines.tree(tmp_path, "x"))[ERRORS]["/redfish/v1/Systems"]
    with pytest.raises(DocumentError, match="is no mockup tree"):
        machines.tree(root / "Systems" / "nothing", "x")
