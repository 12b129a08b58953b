"""What events come to, whatever is lost or repeated; silence and deadline by a clock; attempts and their tokens."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rackwright.drivers.hosts.causes import KINDS, cause_of
from rackwright.drivers.hosts.installs import LIFE_S, Installs
from rackwright.drivers.hosts.progress import ProgressLimits, Said, Watch, judge, read_event
from rackwright.errors import BootRefused
from tests.unit.push.bmcs import Clock

_STAMPS = itertools.count(1)
END = "subiquity/Shutdown/shutdown"


def said(name, kind="start", words="", result=""):
    return Said(f"subiquity/{name}", kind, words, result, timestamp=next(_STAMPS))


def failed(name, words=""):
    return said(name, "finish", words, "FAIL")


def done(name, words=""):
    return said(name, "finish", words, "SUCCESS")


@pytest.mark.parametrize(
    ("name", "words", "kind", "what"),
    [
        ("SSH/load_autoinstall_data", "Malformed autoinstall in 'ssh' section", "section", "ssh"),
        ("load_autoinstall_config", "Malformed autoinstall in 'storage' section", "section", "storage"),
        ("load_autoinstall_config", "no version", "config", ""),
        ("Identity/load_autoinstall_data", "", "section", "identity"),
        ("Source/load_autoinstall_data", "", "source", "source"),
        ("Filesystem/apply_autoinstall_config/convert_autoinstall_config", "matched no disk", "disk", "storage"),
        ("Filesystem/apply_autoinstall_config", "partition too large", "storage", "storage"),
        ("Network/apply_autoinstall_config", "no such interface", "network", "network"),
        ("Mirror/apply_autoinstall_config", "no mirror", "mirror", "apt"),
        ("Install/install/configure_apt", "exit 100", "mirror", ""),
        ("Install/install/postinstall/install_openssh-server", "exit 100", "package", ""),
        ("Install/install/curtin_install/run_curtin_step", "executing curtin install extract step", "extract", ""),
        ("Install/install/curtin_install/run_curtin_step", "executing curtin install partitioning step", "storage", ""),
        ("Install/install/curtin_install/run_curtin_step", "executing curtin install curthooks step: grub-install", "bootloader", ""),
        ("Install/install/curtin_install", "something else", "installer", ""),
        ("Late/run/command_2", "exit 3", "late-command", "command 3"),
        ("Early/run/command_0", "exit 1", "early-command", "command 1"),
        ("Shutdown/copy_logs_to_target", "exit 1", "shutdown", "shutdown"),
        ("OEM/apply_autoinstall_config", "x", "installer", "oem"),
    ],
)  # fmt: skip
def test_causes(name, words, kind, what):
    """A failed step is laid to something else than what failed."""
    cause = cause_of(f"subiquity/{name}", words)
    assert (cause.kind, cause.what) == (kind, what)


def test_steps_that_share_a_name_are_told_apart():
    """curtin's steps all have one name: unpacking fails, and the partitioning before it is blamed."""
    step = "Install/install/curtin_install/run_curtin_step"
    events = []
    for words in ("partitioning", "extract"):
        events.append(said(step, words=f"executing curtin install {words} step"))
        end = failed if words == "extract" else done
        events.append(end(step, "exit 3"))
    verdict = judge([*events, failed("Install/install/curtin_install", "exit 3"), failed("Install/install", "exit 3")])
    assert verdict.kind == "extract"


def test_every_kind_has_a_way_out():
    """A failure is told without what to do."""
    assert all(len(text) > 30 for text in KINDS.values())


def test_what_the_installer_gets_over_is_no_end():
    """A snap store or a geo-IP service out of reach, as in every closed network, ends an installation that goes on."""
    events = [said("Refresh/check_for_update"), failed("Refresh/check_for_update", "no route"), said("Install/install")]
    verdict = judge(events)
    assert verdict.state == "installing"
    assert verdict.troubles == ("subiquity/Refresh/check_for_update: no route",)
    assert judge([*events, done("Shutdown/shutdown", "mode=REBOOT")]).state == "rebooting"


def test_a_failure_without_its_event():
    """An installer that gave up is waited for, since the event that says why was lost."""
    verdict = judge([said("Late/run/command_0", words="exit 3"), said("Error/run")])
    assert (verdict.state, verdict.kind, verdict.what) == ("failed", "late-command", "command 1: exit 3")
    assert judge([said("Error/run")]).kind == "installer"


def test_another_end_than_a_reboot():
    """A machine that powers off is waited for as one that comes back."""
    verdict = judge([done("Shutdown/shutdown", "mode=POWEROFF")])
    assert (verdict.state, verdict.kind) == ("failed", "shutdown")


def test_a_failure_wins():
    """A forged or stray success hides a failure."""
    assert judge([failed("Late/run", "exit 1"), done("Shutdown/shutdown", "mode=REBOOT")]).state == "failed"


@given(
    st.lists(
        st.builds(
            Said,
            name=st.sampled_from(["subiquity/Late/run", END, "subiquity/Error/run", "x"]),
            event_type=st.sampled_from(["start", "finish", "warning", "?"]),
            description=st.text(max_size=5),
            result=st.sampled_from(["", "SUCCESS", "FAIL"]),
            timestamp=st.floats(0, 9),
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_any_events_in_any_order(events, draw):
    """Some order or number of copies of the same events gives another verdict, or none."""
    mixed = events + events[: len(events) // 2]
    draw.shuffle(mixed)
    one, other = judge(events), judge(mixed)
    assert (one.state, one.heard) == (other.state, other.heard)
    assert one.sentence
    assert (one.state == "failed") == bool(one.remedy)


def test_the_end_of_a_long_word_is_kept():
    """The script of a command hides how it ended, or a line of the log is a page."""
    body = json.dumps({"name": "subiquity/Late/run/command_1", "event_type": "finish", "result": "FAIL",
                       "description": f"Command '['sh', '-c', '{'x' * 9000}']' returned non-zero exit status 7."})  # fmt: skip
    event = read_event(body.encode())
    assert len(event.description) < 2100
    sentence = judge([said("Late/run/command_1", words="y" * 999), event, failed("Late/run")]).sentence
    assert "exit status 7" in sentence
    assert len(sentence) < 900


@given(st.binary(max_size=200))
def test_any_bytes(body):
    """Some bytes end the reader otherwise than by its word for what is no event."""
    try:
        found = read_event(body)
    except ValueError:
        return
    assert found.name.isprintable()


# --- silence ---------------------------------------------------------------------------------------------------------


def test_a_watch():
    """An installer that never speaks, falls silent or takes for ever is waited for for ever; or one that is at work is given up."""
    clock, limits = Clock(), ProgressLimits(first_s=100, silence_s=50, deadline_s=300)
    watch = Watch(clock, limits)
    events = []
    assert watch.see(judge(events)).state == "waiting"
    clock.sleep(99)
    assert watch.see(judge(events)).state == "waiting"
    events.append(said("Early/run"))
    assert watch.see(judge(events)).state == "installing"
    clock.sleep(49)
    events.append(said("Install/install", words="installing"))
    assert watch.see(judge(events)).state == "installing"
    clock.sleep(50)
    verdict = watch.see(judge(events))
    assert (verdict.state, verdict.kind) == ("failed", "silent")
    assert verdict.detail == "no word for 50 s, last at installing"
    events.append(said("Late/run"))
    assert watch.see(judge(events)).state == "installing"
    for _ in range(5):
        clock.sleep(40)
        events.append(said("Late/run/command_0"))
        verdict = watch.see(judge(events))
    assert verdict.kind == "overdue"
    assert watch.see(judge([*events, done("Shutdown/shutdown", "mode=REBOOT")])).state == "rebooting"


def test_a_watch_that_begins_late():
    """Another life of the watcher gives an attempt its whole time again."""
    clock = Clock()
    assert Watch(clock, ProgressLimits(100, 50, 300), ago_s=300).see(judge([])).kind == "overdue"
    assert Watch(clock, ProgressLimits(100, 50, 300), ago_s=100).see(judge([])).kind == "unheard"


# --- attempts --------------------------------------------------------------------------------------------------------


class Time:
    now = 1_800_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def installs(tmp_path):
    clock = Time()
    made = Installs(tmp_path / "installs", clock=clock)
    made.time = clock
    return made


def test_an_attempt_is_begun_on_purpose(installs):
    """A host is given its seed for which nobody began an attempt, or after it ended."""
    for _ in range(2):
        with pytest.raises(BootRefused, match="not to be installed now"):
            installs.give("gpu01")
        with pytest.raises(BootRefused, match="not to be installed now"):
            installs.token("gpu02")
        installs.arm("gpu01")
        installs.give("gpu01")
        installs.end("gpu01", "rebooting")


def test_arming_twice_is_one_attempt(installs):
    """Two processes that arm the same host make two tokens, of which one is worth nothing."""
    assert installs.arm("gpu01").number == installs.arm("gpu01").number == 1
    token = installs.token("gpu01")
    installs.give("gpu01")
    with pytest.raises(BootRefused, match="is at work"):
        installs.arm("gpu01")
    installs.end("gpu01", "given up")
    assert installs.arm("gpu01").number == 2
    assert installs.token("gpu01") != token


def test_a_failed_attempt_makes_room(installs):
    """After a failure that was told no other attempt can be begun."""
    installs.arm("gpu01")
    installs.give("gpu01")
    installs.hear(installs.token("gpu01"), failed("Late/run", "exit 1"))
    assert installs.arm("gpu01").number == 2
    assert installs.verdict("gpu01").state == "waiting"


def test_another_life_knows_the_token(installs, tmp_path):
    """A token that an installer holds is worth nothing after the server restarted, or lies in a file."""
    installs.arm("gpu01")
    token = installs.token("gpu01")
    other = Installs(tmp_path / "installs", clock=installs.time)
    assert other.owner(token).device == "gpu01"
    other.hear(token, said("Early/run"))
    assert len(installs.said("gpu01")) == 1
    held = b"".join(path.read_bytes() for path in (tmp_path / "installs").rglob("*") if path.is_file())
    assert token.rpartition(".")[2].encode() not in held
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "installs").rglob("*")} == {0}


def test_an_old_attempt(installs):
    """A host that was armed in spring is wiped in autumn."""
    installs.arm("gpu01")
    token = installs.token("gpu01")
    installs.time.now += LIFE_S
    with pytest.raises(BootRefused, match="not to be installed now"):
        installs.give("gpu01")
    with pytest.raises(BootRefused, match="too old"):
        installs.hear(token, said("Early/run"))
    assert installs.arm("gpu01").number == 2


def test_a_torn_line(installs, tmp_path):
    """What was torn by a loss of power hides what was said before it and after it."""
    installs.arm("gpu01")
    token = installs.token("gpu01")
    installs.hear(token, said("Early/run"))
    path = tmp_path / "installs/gpu01.1.jsonl"
    path.write_bytes(path.read_bytes() + b'{"name": "subiq\n')
    installs.hear(token, said("Late/run"))
    path.write_bytes(path.read_bytes() + b'{"na')
    assert [event.name for event in installs.said("gpu01")] == ["subiquity/Early/run", "subiquity/Late/run"]


def test_a_record_that_cannot_be_read(installs, tmp_path):
    """A spoiled record ends the server, or is taken for none, so that a host is wiped."""
    installs.arm("gpu01")
    (tmp_path / "installs/gpu01.json").write_text("{")
    with pytest.raises(BootRefused, match="cannot be read"):
        installs.give("gpu01")
