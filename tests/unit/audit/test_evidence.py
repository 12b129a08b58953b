"""Evidence: one session, each question once, losses told, secrets masked, kept and read back."""

from __future__ import annotations

import msgspec
import pytest

from rackwright import audit
from rackwright.drivers.nvue.model import Facts
from rackwright.errors import DeviceRefused, DocumentError, LostMidCommand, NotCarried, Unreachable


class Clock:
    """Half a second passes between any two looks at it."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        self.at += 0.5
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


class Switch:
    """A session that answers from a table and writes down what it was asked."""

    def __init__(self, **table) -> None:
        self.table = table
        self.asked: list[str] = []

    def shows(self, paths):
        self.asked += paths
        return {path: self.table[path] for path in paths}

    def run(self, command: str) -> str:
        return f"ran {command}"

    def facts(self) -> Facts:
        return Facts(hostname="be01", version="5.12.1")

    def running(self):
        return {"system": {"aaa": {"user": {"cumulus": {"hashed-password": "$6$canary", "role": "system-admin"}}}}}


def test_each_question_is_asked_once_and_timed():
    """A question that two checks share is one request; facts, trees, shows and commands all become answers."""
    switch = Switch(interface={"swp1": {}})
    asked = ["facts", "nv show interface", "nv show interface", "uptime"]
    found = audit.collect(switch, "be01", asked, clock=Clock(), taken="2026-01-01T00:00:00+00:00")
    assert switch.asked == ["interface"]
    assert [answer.question for answer in found.answers] == ["facts", "nv show interface", "uptime"]
    assert found.answers[0].value["version"] == "5.12.1"
    assert found.answers[2].value == "ran uptime"
    assert all(answer.took_s > 0 for answer in found.answers)


def test_a_refusal_is_an_answer_in_the_devices_words():
    """What the switch refuses is kept as it said it; the next question is asked."""
    switch = Switch(**{"qos roce": DeviceRefused("Error: The requested item does not exist."), "interface": {}})
    found = audit.collect(switch, "be01", ["nv show qos roce", "nv show interface"], clock=Clock())
    assert [answer.error for answer in found.answers] == ["Error: The requested item does not exist.", ""]


def test_what_the_transport_has_no_question_for_says_nothing_of_the_device(tmp_path):
    """The API runs no commands: the answer says so, also after a round over the disk; a refusal by the device is another thing."""

    class Api(Switch):
        def run(self, command: str) -> str:
            raise NotCarried(f"the API does not run {command}")

    switch = Api(**{"qos roce": DeviceRefused("no")})
    found = audit.collect(switch, "be01", ["vtysh", "nv show qos roce"], clock=Clock())
    assert [(answer.barred, bool(answer.error)) for answer in found.answers] == [(True, True), (False, True)]
    audit.write(tmp_path, [found])
    assert audit.read(tmp_path, ["be01"]) == {"be01": found}


def test_after_a_loss_nothing_is_asked_again():
    """A session that broke answers all that is left by its loss: no question is sent into the dark."""

    class Broken(Switch):
        def facts(self) -> Facts:
            raise LostMidCommand("the connection broke")

    switch = Broken(**{"interface": {}, "evpn vni": {}})
    found = audit.collect(switch, "be01", ["nv show interface", "nv show evpn vni", "facts"], clock=Clock())
    assert switch.asked == []
    assert {answer.error for answer in found.answers} == {"the connection broke"}


def test_secrets_are_not_kept(tmp_path):
    """A password hash of the running configuration reaches neither memory of the evidence nor the file."""
    found = audit.collect(Switch(), "be01", ["running"], clock=Clock())
    audit.write(tmp_path, [found])
    assert b"canary" not in (tmp_path / "be01.json").read_bytes()
    assert b"system-admin" in (tmp_path / "be01.json").read_bytes()


def test_what_is_kept_is_read_back(tmp_path):
    """Evidence is the same value after a round over the disk, and belongs to its owner alone."""
    one = audit.collect(Switch(interface={"swp1": {}}), "be01", ["nv show interface"], clock=Clock())
    two = audit.unreached("be02", Unreachable("no route", device="be02", remedy="see the cable"))
    audit.write(tmp_path / "new", [one, two])
    assert audit.read(tmp_path / "new", ["be01", "be02", "be03"]) == {"be01": one, "be02": two}
    assert (tmp_path / "new" / "be01.json").stat().st_mode & 0o777 == 0o600


def test_what_nobody_wants_is_kept_on_as_it_was_read(tmp_path):
    """Answers that are not compared are not unpacked, and come out of the next writing as the same values."""
    asked = ["nv show interface", "nv show evpn vni", "nv show qos roce"]
    switch = Switch(**{"interface": {"swp1": {}}, "evpn vni": {"10": {}}, "qos roce": DeviceRefused("no")})
    whole = audit.collect(switch, "be01", asked, clock=Clock())
    audit.write(tmp_path / "new", [whole])
    some = audit.read(tmp_path / "new", ["be01"], {"nv show interface"})
    assert some["be01"].answers[0] == whole.answers[0]
    assert isinstance(some["be01"].answers[1].value, msgspec.Raw)
    audit.write(tmp_path / "again", some.values())
    assert audit.read(tmp_path / "again", ["be01"]) == {"be01": whole}


def test_a_file_that_is_no_evidence_is_told(tmp_path):
    """A broken file is an error with its name, not silence."""
    (tmp_path / "be01.json").write_text("{")
    for wanted in (None, frozenset[str]()):
        with pytest.raises(DocumentError, match=r"be01\.json is no evidence"):
            audit.read(tmp_path, ["be01"], wanted)


def test_evidence_is_a_value():
    """It cannot be changed after it was taken."""
    with pytest.raises(AttributeError):
        audit.Evidence("be01").device = "be02"
    assert msgspec.json.decode(msgspec.json.encode(audit.Evidence("be01")), type=audit.Evidence).device == "be01"
