"""From a bare server to an installed host, over a BMC and a host in memory: what is done, what is looked at, what a cut-off changes."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import pytest

from rackwright.drivers.hosts import answered
from rackwright.drivers.hosts.installs import FOLDER, Installs
from rackwright.drivers.hosts.progress import ProgressLimits, Said
from rackwright.drivers.keeping import keep
from rackwright.drivers.redfish.model import Boot
from rackwright.errors import AuthRefused, DeviceRefused, DeviceTimeout, IdentityUnknown, NoSession, Unreachable
from rackwright.push.hosts import bare
from rackwright.push.hosts.bare import BareOrder, BareServers, BareTarget
from rackwright.push.hosts.installing import Installing, Medium
from rackwright.render.hosts.autoinstall import installation
from tests.unit.push.bmcs import Box
from tests.unit.push.bmcs import Way as BmcWay
from tests.unit.push.fake import Journal

URL = "http://10.0.0.5/universal.iso"
BEGUN = Said("subiquity/Early/run", "start", timestamp=1)
DONE = Said("subiquity/Shutdown/shutdown", "finish", "mode=REBOOT", "SUCCESS", timestamp=9)
FAILED = Said("subiquity/Late/run", "finish", "exit 3", "FAIL", timestamp=5)


class Host:
    def __init__(self, answers):
        self.answers = answers

    def read(self, path, *, sudo=False):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else answer

    def close(self):
        pass


class Way(BmcWay):
    """A server whose installer says something each time somebody waits for it."""

    def __init__(self, box, installs):
        super().__init__(box, {"bmc": box.password})
        self.installs = installs
        self.words = []
        self.answers = []
        box.hooks["On"] = self.up
        sleep = self.clock.sleep

        def speaking(seconds):
            sleep(seconds)
            if self.words and self.installs.attempt("gpu01").stage == "given":
                self.installs.hear(self.installs.token("gpu01"), self.words.pop(0))

        self.clock.sleep = speaking

    def up(self, box):
        box.power = "On"
        box.boot = Boot()
        self.installs.give("gpu01")

    def host(self, device):
        # Who is silent or shuts us out does so before there is a session.
        if isinstance(self.answers[0], Unreachable | AuthRefused | IdentityUnknown | DeviceTimeout):
            raise self.answers.pop(0)
        return Host(self.answers)


@pytest.fixture
def bed(tmp_path):
    installs = Installs(tmp_path)
    box = Box(power="On")
    way = Way(box, installs)
    forgotten = []
    limits = ProgressLimits(first_s=100, silence_s=50, deadline_s=500)
    made = Installing(way, installs, Medium("Cd", URL), limits, ready_s=60, forget=forgotten.append)
    return made, way, box, forgotten


def test_an_installation(bed):
    """A step is left out, the medium stays in, the old host key stays pinned, or a session stays open."""
    made, way, box, forgotten = bed
    way.words = [BEGUN, DONE]
    assert made.install("gpu01", made.begin("gpu01")).state == "rebooting"
    assert box.said == ["GracefulShutdown", "insert", "boot", "On", "eject"]
    assert forgotten == ["gpu01"]
    assert box.sessions == 0
    assert made.installs.attempt("gpu01").why == "rebooting"


def test_a_failure(bed):
    """A failed installer is waited for, or its machine is touched before anybody could look."""
    made, way, box, forgotten = bed
    way.words = [BEGUN, FAILED]
    verdict = made.install("gpu01", made.begin("gpu01"))
    assert (verdict.state, verdict.kind) == ("failed", "late-command")
    assert box.said[-1] == "On"
    assert forgotten == []
    way.words = [BEGUN, DONE]
    assert made.install("gpu01", made.begin("gpu01")).state == "rebooting"
    assert made.installs.attempt("gpu01").number == 2


@pytest.mark.parametrize(("words", "kind"), [([], "unheard"), ([BEGUN], "silent")])
def test_silence(bed, words, kind):
    """An installer that says nothing, or nothing more, is waited for for ever."""
    made, way, _, _ = bed
    way.words = list(words)
    assert made.install("gpu01", made.begin("gpu01")).kind == kind


def test_cut_off_and_again(bed):
    """An installer at work is started anew, so that a disk is wiped in the middle; or its end is not heard."""
    made, way, box, _ = bed
    made.installs.arm("gpu01")
    made.installs.give("gpu01")
    made.installs.hear(made.installs.token("gpu01"), BEGUN)
    way.words = [DONE]
    assert made.install("gpu01", made.begin("gpu01")).state == "rebooting"
    assert box.said == []


def test_over_the_network(bed):
    """A network boot asks for a medium."""
    made, way, box, _ = bed
    way.words = [DONE]
    over = Installing(way, made.installs, Medium("UefiHttp"), made.limits)
    assert over.install("gpu01", over.begin("gpu01")).state == "rebooting"
    assert box.said == ["GracefulShutdown", "boot", "On"]


# --- the host that came up -------------------------------------------------------------------------------------------


@pytest.fixture
def installed(bed):
    made, way, _, _ = bed
    way.words = [DONE]
    made.install("gpu01", made.begin("gpu01"))
    marker = {"host": "gpu01", "service_tag": "TAG0001", "installation": installation(made.installs.token("gpu01"))}
    return made, way, marker


def test_the_host_is_this_installation(installed):
    """A host that is on its way up is an error, or the right one is refused."""
    made, way, marker = installed
    way.answers = [Unreachable("down", device="gpu01"), AuthRefused("nologin", device="gpu01"), json.dumps(marker)]
    made.confirm("gpu01", "TAG0001")


@pytest.mark.parametrize("name", ["host", "service_tag", "installation"])
def test_another_installation(installed, name):
    """A system of before, or of another machine, is accepted."""
    made, way, marker = installed
    way.answers = [json.dumps({**marker, name: "other"})]
    with pytest.raises(DeviceRefused, match=f"another installation: {name} of"):
        made.confirm("gpu01", "TAG0001")
    way.answers = ["[]"]
    with pytest.raises(DeviceRefused, match="host, service_tag, installation"):
        made.confirm("gpu01", "TAG0001")


def test_a_host_that_does_not_come_up(installed):
    """It is waited for for ever."""
    made, way, _ = installed
    way.answers = [Unreachable("down", device="gpu01")] * 100
    with pytest.raises(DeviceTimeout, match="lets nobody in after 60 s"):
        made.confirm("gpu01", "TAG0001")


def test_a_host_that_takes_long_to_come_up(installed):
    """It is logged in to every five seconds for half an hour."""
    made, way, _ = installed
    made = replace(made, ready_s=1800)
    way.answers = [Unreachable("down", device="gpu01")] * 500
    with pytest.raises(DeviceTimeout, match="after 1800 s"):
        made.confirm("gpu01", "TAG0001")
    assert 390 < len(way.answers) < 420


def test_values_go_to_disk_and_back():
    """What an order may hold cannot be written."""
    medium = Medium("Cd", URL)
    assert msgspec.json.decode(msgspec.json.encode(medium), type=Medium) == medium


# --- as the engine runs it -------------------------------------------------------------------------------------------


@pytest.fixture
def program(bed, tmp_path):
    made, way, box, _ = bed
    way.state = tmp_path / "state"
    way.answered = way.state / "answered"
    installs = Installs(way.state / "serve" / FOLDER)
    way.installs = installs
    order = BareOrder(site="s", medium=Medium("Cd", URL), targets=(BareTarget("gpu01", "TAG0001"),), limits=made.limits)
    return BareServers(way), way, box, order.encoded(), installs


def marker_of(installs):
    return json.dumps(
        {"host": "gpu01", "service_tag": "TAG0001", "installation": installation(installs.token("gpu01"))}
    )


def test_a_run(program, tmp_path):
    """A bare server is not looked at first, or is done before it let us in."""
    work, way, box, order, installs = program
    way.words = [BEGUN, DONE]
    way.answers = [Unreachable("bare", device="gpu01"), lambda: marker_of(installs)]
    outcome = work.device(Journal(tmp_path / "run"), order, "gpu01")
    assert (outcome.state, box.said[-1], way.answers) == ("done", "eject", [])


def ordered(order, **changes):
    return msgspec.json.encode(msgspec.structs.replace(msgspec.json.decode(order, type=BareOrder), **changes))


def test_a_system_that_answered_before_is_no_empty_disk(program, tmp_path):
    """A server whose system hangs is wiped because nobody answers; only one that is named may be."""
    work, way, box, order, installs = program
    way.words = [BEGUN, DONE]
    way.answers = [Unreachable("bare", device="gpu01"), lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "first"), order, "gpu01").state == "done"
    said = list(box.said)
    way.answers = [Unreachable("hangs", device="gpu01")]
    outcome = work.device(Journal(tmp_path / "second"), order, "gpu01")
    assert (outcome.state, outcome.stage, box.said) == ("failed", "look", said)
    assert "no operating system answers, and one did on" in outcome.cause
    assert "it is not wiped" in outcome.cause
    assert outcome.remedy.index("console") < outcome.remedy.index("--wipe gpu01")
    way.words = [BEGUN, DONE]
    way.answers = [Unreachable("hangs", device="gpu01"), lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "third"), ordered(order, wipe=("gpu01",)), "gpu01").state == "done"
    assert len(box.said) > len(said)


def test_an_installer_at_work_is_gone_on_with(program, tmp_path):
    """Once its disk is lost, a run that was cut off is refused its rest; or an installer that somebody began is told to hang."""
    work, way, box, order, installs = program
    answered.note(way.answered, "gpu01", "TAG0001")
    installs.arm("gpu01")
    installs.give("gpu01")
    installs.hear(installs.token("gpu01"), BEGUN)
    way.words = [DONE]
    way.answers = [AuthRefused("the installer's own system", device="gpu01"), lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "run"), order, "gpu01").state == "done"
    assert box.said == []


def test_what_an_installer_wiped_has_not_answered(program, tmp_path):
    """A server whose installer broke off behind its seed can never be installed again, since a system was there before it."""
    work, way, _, order, installs = program
    answered.note(way.answered, "gpu01", "TAG0001")
    installs.arm("gpu01")
    installs.give("gpu01")
    installs.end("gpu01", "silent")
    way.words = [BEGUN, DONE]
    way.answers = [Unreachable("broken off", device="gpu01"), lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "first"), order, "gpu01").state == "done"
    # What was installed then has let us in, and counts again.
    way.answers = [Unreachable("hangs", device="gpu01")]
    assert work.device(Journal(tmp_path / "second"), order, "gpu01").stage == "look"


def test_consent_ends_where_nothing_came_of_it(program, tmp_path):
    """A run that was allowed to wipe and never came to it lets the next one wipe what it was not told to."""
    work, way, box, order, _ = program
    answered.note(way.answered, "gpu01", "TAG0001")
    box.hooks["GracefulShutdown"] = lambda _: (_ for _ in ()).throw(DeviceRefused("no", device="gpu01"))
    way.answers = [Unreachable("hangs", device="gpu01")]
    first = work.device(Journal(tmp_path / "first"), ordered(order, wipe=("gpu01",)), "gpu01")
    assert (first.state, first.stage) == ("failed", "install")
    way.answers = [Unreachable("hangs", device="gpu01")]
    assert work.device(Journal(tmp_path / "second"), order, "gpu01").stage == "look"


@pytest.mark.parametrize(
    "answer",
    [
        AuthRefused("nothing to log in with", device="gpu01"),
        IdentityUnknown("not pinned", device="gpu01"),
        NoSession("it takes the connection and says nothing", device="gpu01"),
        DeviceTimeout("no answer to the login", device="gpu01"),
        DeviceRefused("cat ended with 1", device="gpu01"),
        json.dumps({"host": "gpu01", "service_tag": "OTHER"}),
        "",
    ],
)
def test_who_answers_otherwise_is_not_bare(program, tmp_path, answer):
    """A system that shuts us out, or that somebody else installed, is wiped without being named."""
    work, way, box, order, _ = program
    way.answers = [answer]
    outcome = work.device(Journal(tmp_path / "run"), order, "gpu01")
    assert (outcome.state, outcome.stage, box.said) == ("failed", "look", [])
    assert "it is not wiped" in outcome.cause
    assert "--wipe gpu01" in outcome.remedy


def test_who_came_up_since_a_run_was_cut_off_is_not_wiped(program, tmp_path, monkeypatch):
    """A resumed run goes by what an earlier life saw, and wipes what was mended by hand meanwhile."""
    work, way, box, order, _ = program
    entries = {}
    way.answers = [Unreachable("bare", device="gpu01")]
    box.hooks["GracefulShutdown"] = lambda _: (_ for _ in ()).throw(RuntimeError("killed"))
    with pytest.raises(RuntimeError):
        work.device(Journal(tmp_path / "run", entries), order, "gpu01")
    box.hooks.clear()
    said = list(box.said)
    monkeypatch.setattr(bare, "_LIFE", "another")
    way.answers = [json.dumps({"host": "gpu01", "service_tag": "OTHER"})]
    outcome = work.device(Journal(tmp_path / "run", entries), order, "gpu01")
    assert (outcome.state, outcome.stage, box.said) == ("failed", "install", said)


@pytest.mark.parametrize("note", [b'{"at":1,"service_tag":"OTHER"}', b"", None])
def test_another_machine_or_none_has_not_answered(program, tmp_path, note):
    """A machine that took the place of another, whose disk is empty, is not installed."""
    work, way, _, order, installs = program
    if note is not None:
        keep(way.answered / "gpu01", note)
    way.words = [BEGUN, DONE]
    way.answers = [Unreachable("bare", device="gpu01"), lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "run"), order, "gpu01").state == "done"


@pytest.mark.parametrize("note", [b"{", b'{"at":1,"service_tag":""}', b'{"at":1,"service_tag":"tag0001"}'])
def test_a_note_that_is_doubtful_counts(program, tmp_path, note):
    """A broken note, or a service tag that was filled in or tidied since, lets a disk be wiped."""
    work, way, box, order, _ = program
    keep(way.answered / "gpu01", note)
    way.answers = [Unreachable("hangs", device="gpu01")]
    assert work.device(Journal(tmp_path / "run"), order, "gpu01").stage == "look"
    assert box.said == []


def test_a_folder_that_cannot_be_written_is_told(program, tmp_path):
    """A note that cannot be kept ends in a traceback, or is passed over."""
    work, way, box, order, _ = program
    way.state.mkdir(parents=True, exist_ok=True)
    way.answered.write_text("")
    way.answers = [Unreachable("bare", device="gpu01")]
    outcome = work.device(Journal(tmp_path / "run"), order, "gpu01")
    assert (outcome.state, outcome.stage, box.said) == ("failed", "look", [])
    assert str(way.answered) in outcome.remedy


def test_a_run_cut_off(program, tmp_path):
    """A kill between the installer's end and the look at the host installs it again."""
    work, way, box, order, installs = program
    way.words = [DONE]
    way.answers = [Unreachable("bare", device="gpu01"), RuntimeError("killed")]
    entries = {}
    with pytest.raises(RuntimeError):
        work.device(Journal(tmp_path / "run", entries), order, "gpu01")
    said = list(box.said)
    way.answers = [lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "run", entries), order, "gpu01").state == "done"
    assert box.said == said


def test_a_run_cut_off_while_the_installer_worked(program, tmp_path):
    """An installation that came to its end while nobody pushed is done once more: the host is wiped."""
    work, way, box, order, installs = program
    way.answers = [Unreachable("bare", device="gpu01")]
    entries = {}
    usual = way.clock.sleep

    def killed(seconds):
        if installs.attempt("gpu01") and installs.attempt("gpu01").stage == "given":
            raise RuntimeError
        usual(seconds)

    way.clock.sleep = killed
    with pytest.raises(RuntimeError):
        work.device(Journal(tmp_path / "run", entries), order, "gpu01")
    way.clock.sleep = usual
    installs.hear(installs.token("gpu01"), DONE)
    installs.end("gpu01", "rebooting")
    way.answers = [lambda: marker_of(installs)]
    assert work.device(Journal(tmp_path / "run", entries), order, "gpu01").state == "done"
    assert box.said == ["GracefulShutdown", "insert", "boot", "On", "eject"]


def test_an_attempt_that_was_given_up(program, tmp_path):
    """A server whose attempt somebody gave up, or began anew, is waited for."""
    work, way, _, order, installs = program
    for deed in (
        lambda: installs.end("gpu01", "given up"),
        lambda: (installs.end("gpu01", "x"), installs.arm("gpu01")),
    ):
        way.answers = [Unreachable("bare", device="gpu01")]
        way.clock.sleep = lambda _, deed=deed: deed()
        outcome = work.device(Journal(tmp_path / f"run{id(deed)}"), order, "gpu01")
        assert (outcome.state, outcome.stage) == ("failed", "install")
        assert "ended meanwhile" in outcome.cause


def test_a_host_that_stands_is_left_alone(program, tmp_path):
    """An installed host is wiped by a second run."""
    work, way, box, order, _ = program
    way.answers = [json.dumps({"host": "gpu01", "service_tag": "TAG0001", "installation": "before"})]
    assert work.device(Journal(tmp_path / "run"), order, "gpu01").state == "unchanged"
    assert box.said == []


def test_a_failed_run(program, tmp_path):
    """A failure of the installer is told without host, cause and remedy, or the gate opens behind it."""
    work, way, _, order, _ = program
    way.words = [FAILED]
    way.answers = [Unreachable("bare", device="gpu01")]
    outcome = work.device(Journal(tmp_path / "run"), order, "gpu01")
    assert (outcome.state, outcome.stage) == ("failed", "install")
    assert "late-command" in outcome.cause
    assert "below /target" in outcome.remedy
    [wave] = work.waves(order)
    assert work.gate(None, order, wave, {"gpu01": outcome}).state == "failed"
