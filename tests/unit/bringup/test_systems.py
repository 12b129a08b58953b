"""The operating system of a server in a bring-up: who answers, who is bare, and who is left alone."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import msgspec
import pytest

from rackwright.bringup.order import Consent
from rackwright.bringup.work import systems
from rackwright.bringup.work.systems import medium
from rackwright.bringup.world import Patience
from rackwright.drivers.hosts import answered
from rackwright.drivers.hosts.model import HostFacts
from rackwright.errors import AuthRefused, DriverError, IdentityChanged, IdentityUnknown, NoSession, Unreachable
from rackwright.runs.model import Outcome
from tests.unit.bringup.test_stages import scope
from tests.unit.bringup.test_work import job
from tests.unit.push.fake import Clock


def test_server_that_does_not_answer_is_looked_at_before_it_is_wiped(tmp_path):
    """An advice to install wipes a machine whose system only hangs: console and restart come first."""

    def silent(_name, **_):
        raise Unreachable("nobody listens", device="gpu01")

    way = SimpleNamespace(host=silent, clock=Clock())
    told = systems.installed(job("os/gpu01", (), tmp_path, way=way, patience=Patience()))
    assert told.state == "failed"
    console, restart, install = (told.remedy.index(word) for word in ("console", "restart", "install"))
    assert console < restart < told.remedy.index("known to be empty") < install
    assert told.remedy.index("--installer") > restart


def test_system_that_answers_is_kept_in_mind(tmp_path):
    """A machine that let us in once is taken for a bare one when it hangs later."""
    tag = "TAG0001"
    facts = HostFacts(hostname="gpu01", boot_id="b", service_tag=tag)
    host = SimpleNamespace(facts=lambda: facts, close=lambda: None)
    way = SimpleNamespace(host=lambda _name, **_: host, answered=tmp_path / "answered", clock=Clock())
    machines = {"gpu01": SimpleNamespace(service_tag=tag)}
    told = systems.installed(job("os/gpu01", (), tmp_path, way=way, patience=Patience(), machines=machines))
    assert told.state == "unchanged"
    assert answered.seen(way.answered, "gpu01", tag)
    assert not answered.seen(way.answered, "gpu01", "OTHER")
    (way.answered / "gpu01").unlink()
    stranger = {"gpu01": SimpleNamespace(service_tag="OTHER")}
    told = systems.installed(job("os/gpu01", (), tmp_path, way=way, patience=Patience(), machines=stranger))
    assert told.state == "failed"
    assert not answered.seen(way.answered, "gpu01", tag)


HOST = SimpleNamespace(
    facts=lambda: HostFacts(hostname="gpu01", boot_id="b", service_tag="TAG0001"), close=lambda: None
)
SILENT = Unreachable("nobody listens", device="gpu01")


def restarted(tmp_path, host, *, tag="TAG0001", wipe=(), hosts=("gpu01",)):
    """The firmware task of a server whose way in is ``host``: what answers, or the error."""

    def answer(_name, **_):
        if isinstance(host, Exception):
            raise host
        return host

    way = SimpleNamespace(host=answer, hosts=hosts, answered=tmp_path / "answered", clock=Clock())
    machines = {"gpu01": SimpleNamespace(service_tag=tag)}
    one = job("firmware/gpu01", (), tmp_path, way=way, patience=Patience(), machines=machines)
    return dataclasses.replace(
        one, order=msgspec.structs.replace(one.order, consent=Consent(installer="http", wipe=wipe))
    )


@pytest.mark.parametrize(
    ("host", "more", "lives"),
    [
        (HOST, {}, True),
        (SILENT, {}, False),
        (AuthRefused("no key", device="gpu01"), {}, False),
        (HOST, {"tag": "OTHER"}, False),
        (HOST, {"wipe": ("gpu01",)}, False),
        (HOST, {"hosts": ()}, False),
    ],
)
def test_only_a_system_that_lets_us_in_is_to_come_back(tmp_path, host, more, lives):
    """A bare server, a stranger's system, or one that is to be wiped is waited for behind its firmware, and fails."""
    assert systems.lives(restarted(tmp_path, host, **more)) is lives


def test_firmware_behind_which_a_system_stays_away_has_failed(tmp_path):
    """The server that goes ahead ends well though its system does not start any more, and the others get the same firmware."""
    done = Outcome(subject="firmware/gpu01", state="done", detail={"restarts": 2, "changes": ["a"]})
    assert systems.back(restarted(tmp_path, HOST), done) is done
    told = systems.back(restarted(tmp_path, SILENT), done)
    assert (told.state, told.stage, told.detail) == ("failed", "back", done.detail)
    assert "let us in before it was restarted" in told.cause
    assert "console" in told.remedy
    failed = msgspec.structs.replace(done, state="failed", stage="restart 1", cause="torn")
    assert systems.back(restarted(tmp_path, SILENT), failed) is failed


@pytest.mark.parametrize(
    "error",
    [
        AuthRefused("nothing to log in with", device="gpu01"),
        IdentityUnknown("a key that is not pinned", device="gpu01"),
        NoSession("it takes the connection and says nothing", device="gpu01"),
        IdentityChanged("another key", device="gpu01"),
        DriverError("no network gives its system an address", device="gpu01"),
    ],
)
def test_server_that_shuts_us_out_is_not_bare(tmp_path, error):
    """A missing key or an unpinned host is taken for an empty disk, and a rack is wiped."""

    def shut(_name, **_):
        raise error

    way = SimpleNamespace(host=shut, clock=Clock())
    one = job("os/gpu01", (), tmp_path, way=way, patience=Patience())
    one = dataclasses.replace(one, order=msgspec.structs.replace(one.order, consent=Consent(installer="http")))
    told = systems.installed(one)
    assert (told.state, told.stage) == ("failed", "answers")
    assert str(error) in told.cause
    assert "--wipe gpu01" in told.remedy


def test_server_that_cannot_be_installed_is_not_taken_down_for_it(tmp_path):
    """Its installer would get no seed; it is booted into it all the same, and told as silent after 45 minutes."""

    def silent(_name, **_):
        raise Unreachable("no answer", device="gpu01")

    way = SimpleNamespace(host=silent, clock=Clock())
    why = ("nodes.csv has no service tag",)
    one = job("os/gpu01", (), tmp_path, way=way, patience=Patience(), lacks={"gpu01": why}, plan=scope().plan)
    one = dataclasses.replace(one, order=msgspec.structs.replace(one.order, consent=Consent(installer="http")))
    told = systems.installed(one)
    assert "it cannot be installed: nodes.csv has no service tag" in told.cause
    assert "rackwright discover" in told.remedy


def test_server_that_lets_nobody_in_while_it_boots_is_waited_for(tmp_path):
    """A host that restarts after its firmware refuses everybody for a moment, and is told to be shut."""
    facts = HostFacts(hostname="gpu01", boot_id="b", service_tag="TAG0001")
    host = SimpleNamespace(facts=lambda: facts, close=lambda: None)
    answers = [Unreachable("down", device="gpu01"), AuthRefused("System is booting up", device="gpu01"), host]

    def booting(_name, **_):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    way = SimpleNamespace(host=booting, answered=tmp_path / "answered", clock=Clock())
    machines = {"gpu01": SimpleNamespace(service_tag="TAG0001")}
    told = systems.installed(job("os/gpu01", (), tmp_path, way=way, patience=Patience(), machines=machines))
    assert (told.state, answers) == ("unchanged", [])


@pytest.mark.parametrize(("text", "target"), [("http", "UefiHttp"), ("pxe", "Pxe"), ("https://10.0.0.1/u.iso", "Cd")])
def test_installer_is_booted_from_what_was_named(text, target):
    """A word that is taken for a URL boots nothing."""
    assert medium(text).target == target
