"""The SSH driver against one scripted switch: what it sends, what it makes of the answers, and how it fails."""

import time
from contextlib import contextmanager

import asyncssh
import pytest

from rackwright.drivers.clock import ScaledClock
from rackwright.drivers.limits import Limits
from rackwright.drivers.login import Login
from rackwright.drivers.nvue.connect import connect
from rackwright.drivers.nvue.rooting import release
from rackwright.drivers.trust import Trust
from rackwright.errors import (
    AuthRefused,
    DeviceRefused,
    DeviceTimeout,
    IdentityChanged,
    IdentityUnknown,
    LostMidCommand,
    Unreachable,
)
from rackwright.secrets import Secret
from tests.lone_switch import DEAF, DROP, STALL, LoneSwitch, known_hosts, lone_switch

LIMITS = Limits(connect_s=5, login_s=5, answer_s=5, apply_s=5, boot_s=2000, pause_s=2)
TREE = {"system": {"hostname": "be-leaf01", "aaa": {"user": {"ops": {"hashed-password": "$6$canary$value"}}}}}


@pytest.fixture
def switch(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with lone_switch(home) as made:
        known_hosts(tmp_path / "known_hosts", made)
        yield made


@contextmanager
def session(switch: LoneSwitch, tmp_path, **limits):
    import msgspec

    made = connect(
        switch.endpoint,
        login=Login(password=Secret("right")),
        trust=Trust(tmp_path),
        clock=ScaledClock(1000),
        limits=msgspec.structs.replace(LIMITS, **limits),
    )
    try:
        yield made
    finally:
        made.close()


def test_facts_are_read_together(switch, tmp_path):
    """Hostname, model, serial, version and boot id come from two commands."""
    with session(switch, tmp_path) as nvue:
        facts = nvue.facts()
    assert (facts.hostname, facts.model, facts.serial, facts.version) == ("be-leaf01", "SN5600", "MT01", "5.12.1")
    assert facts.base_mac == "48:b0:2d:00:00:01"
    assert facts.boot_id.startswith("11111111")


def test_what_the_switch_says_of_its_platform_is_kept_whole(switch, tmp_path):
    """An answer without a last newline has its boot id all the same, and a refusal is told in the switch's own words."""
    boot_id = "22222222-2222-2222-2222-222222222222"
    switch.answers["nv show platform -o json"] = '{"product-name": "SN2201"}' + boot_id + "\n"
    with session(switch, tmp_path) as nvue:
        facts = nvue.facts()
    assert (facts.model, facts.boot_id) == ("SN2201", boot_id)
    switch.answers["nv show platform -o json"] = ("Error: the platform is not known yet\n", "", 1)
    with session(switch, tmp_path) as nvue, pytest.raises(DeviceRefused, match="the platform is not known yet"):
        nvue.facts()


def test_running_has_its_ranges_expanded(switch, tmp_path):
    """What NVUE groups as swp1-2 comes back as two ports."""
    with session(switch, tmp_path) as nvue:
        assert nvue.running() == {"interface": {"swp1": {"type": "swp"}, "swp2": {"type": "swp"}}}


def test_lines_before_the_json_are_passed_over(switch, tmp_path):
    """A login script that prints does not make the answer unreadable."""
    switch.answers["nv show interface -o json"] = 'Welcome\nto be-leaf01\n{\n "swp1": {}\n}\n'
    with session(switch, tmp_path) as nvue:
        assert nvue.show("interface") == {"swp1": {}}
        assert nvue.show("interface", dict[str, dict[str, int]]) == {"swp1": {}}
        with pytest.raises(DeviceRefused, match="no JSON of its kind"):
            nvue.show("interface", list[str])


def test_stage_uploads_a_private_file_and_removes_it(switch, tmp_path):
    """The tree travels as YAML in a new file of mode 0600, which is gone afterwards; leftovers are detached first."""
    with session(switch, tmp_path) as nvue:
        assert nvue.stage(TREE) == "7"
        assert list(switch.home.iterdir()) == []
    ((name, (mode, text)),) = switch.files.items()
    assert name.startswith(".rackwright-")
    assert mode == 0o600
    assert b"$6$canary$value" in text
    assert b"5.12.1" in text
    detached = next(number for number, command in enumerate(switch.seen) if command.startswith("nv config detach"))
    assert detached < switch.seen.index(f"nv config replace {name}")
    assert not any("canary" in command for command in switch.seen)


def test_a_refused_replace_leaves_no_file_and_no_secret(switch, tmp_path):
    """The switch's own words are told without the password that they quote, and the file is removed."""
    switch.answers["nv config replace"] = ("", "Error: Invalid config: '$6$canary$value' is not valid", 1)
    with session(switch, tmp_path) as nvue, pytest.raises(DeviceRefused, match="Invalid config: '\\*\\*\\*'") as caught:
        nvue.stage(TREE)
    assert list(switch.home.iterdir()) == []
    assert caught.value.device == "be-leaf01"


def test_a_full_disk_is_the_switchs_own_word(switch, tmp_path):
    """An upload that the file server refuses is DeviceRefused with its reason, not a broken connection."""
    switch.refuse_files = "No space left on device"
    with session(switch, tmp_path) as nvue, pytest.raises(DeviceRefused, match="No space left"):
        nvue.stage(TREE)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (("", "Error: failed", 1), "exit status"),
        (("apply failed\n", "", 0), "a word on stdout"),
        (("", "Invalid config [rev_id: 7]\n", 0), "a word on stderr"),
    ],
)
def test_a_failed_apply_is_seen_by_status_and_by_words(switch, tmp_path, said, why):
    """nv can fail with exit status 0: its words decide as well."""
    switch.answers["nv config apply"] = said
    with session(switch, tmp_path) as nvue, pytest.raises(DeviceRefused):
        nvue.apply("7", confirm_s=300)
    assert switch.seen[-1] == "nv config apply 7 -y --confirm 300s", why


def test_confirmation_and_the_way_on(switch, tmp_path):
    """A revision in state confirm waits; confirm, roll back and save are nv's own commands."""
    with session(switch, tmp_path) as nvue:
        assert nvue.confirmation().state == "none"
        nvue.rollback()
        assert "nv config apply --confirm-no" not in switch.seen
        switch.answers["nv config revision -o json"] = '{"7": {"state": "confirm"}, "8": {"state": "ays_fail"}}'
        switch.answers["nv config apply --confirm-status"] = "Time left: 0:04:59\n"
        waiting = nvue.confirmation()
        assert (waiting.state, waiting.revision, waiting.left_s) == ("waiting", "7", 299)
        nvue.confirm()
        nvue.rollback()
        nvue.save()
    tail = switch.seen[-5:]
    assert [tail[0], tail[-2], tail[-1]] == [
        "nv config apply --confirm-yes", "nv config apply --confirm-no", "nv config save",
    ]  # fmt: skip


def test_a_failed_state_is_no_waiting_one(switch, tmp_path):
    """``ays_fail`` begins like ``ays`` and means the opposite."""
    switch.answers["nv config revision -o json"] = '{"8": {"state": "ays_fail"}, "9": {"state": "confirm_fail"}}'
    with session(switch, tmp_path) as nvue:
        assert nvue.confirmation().state == "none"


def test_the_difference_is_text_whatever_the_exit_status(switch, tmp_path):
    """nv config diff exits 1 when there is a difference; that is no failure."""
    with session(switch, tmp_path) as nvue:
        assert "hostname" in nvue.difference("7")
        switch.answers["nv config diff applied"] = ""
        assert nvue.difference("7") == ""
        switch.answers["nv config diff applied"] = ("", "Error: Unknown revision: 7", 1)
        with pytest.raises(DeviceRefused, match="Unknown revision"):
            nvue.difference("7")


def test_a_switch_that_boots_is_asked_again(switch, tmp_path):
    """While nvued does not answer, a command is sent again; it was not heard."""
    booting = [("", "Error: Could not connect to nvued.\n", 1)] * 2

    def answer(_command):
        return booting.pop() if booting else "saved\n"

    switch.answers["nv config save"] = answer
    with session(switch, tmp_path) as nvue:
        nvue.save()
    assert switch.seen.count("nv config save") == 3


def test_a_switch_whose_nvued_never_comes_is_given_up(switch, tmp_path):
    """The patience for a boot ends."""
    switch.answers["nv show system -o json"] = ("", "Error: Could not connect to nvued.\n", 1)
    with session(switch, tmp_path, boot_s=20) as nvue, pytest.raises(DeviceRefused, match="nvued"):
        nvue.show("system")


def test_nvued_that_dies_during_an_apply_is_lost(switch, tmp_path):
    """Behind other words the same sentence means that the apply had begun: nobody knows what was done."""
    switch.answers["nv config apply"] = ("reloading", "Error: Could not connect to nvued.\n", 1)
    with session(switch, tmp_path) as nvue, pytest.raises(LostMidCommand, match="look at the device"):
        nvue.apply("7", confirm_s=300)
    assert switch.seen.count("nv config apply 7 -y --confirm 300s") == 1


@pytest.mark.parametrize("broken", [None, "before", "sudo", "release"])
def test_a_lease_is_given_back_in_the_session_that_was_left(switch, tmp_path, broken):
    """One login is spared; a session that broke meanwhile gives nothing back, so that a fresh one does, and no break later is an error."""
    switch.answers |= {
        "sudo -n true": "",
        "sudo -n dhclient -r": DROP if broken == "release" else "",
        "sudo -n ifreload -fa": "",
    }
    with session(switch, tmp_path) as nvue:
        if broken == "before":
            nvue.close()
        if broken == "sudo":
            first = iter([DROP])
            switch.answers["sudo -n true"] = lambda _command: next(first, "")
        release(
            switch.endpoint, login=Login(password=Secret("right")), trust=Trust(tmp_path), limits=LIMITS, left=nvue.session,
        )  # fmt: skip
    assert switch.connections == (2 if broken in ("before", "sudo") else 1)
    assert switch.seen.count("sudo -n dhclient -r") == 1
    assert switch.seen.count("sudo -n ifreload -fa") == (broken != "release")


def test_a_connection_that_breaks_during_a_command_is_lost(switch, tmp_path):
    """A break after the command was sent is never taken for a command that was not sent."""
    switch.answers["nv config apply"] = DROP
    with session(switch, tmp_path) as nvue:
        with pytest.raises(LostMidCommand) as caught:
            nvue.apply("7", confirm_s=300)
        assert caught.value.remedy
        with pytest.raises(Unreachable, match="nothing was sent"):
            nvue.save()
    assert switch.seen.count("nv config apply 7 -y --confirm 300s") == 1


@pytest.mark.parametrize("how", [STALL, ("half", "", DEAF)])
def test_a_switch_that_stalls_is_given_up_in_time(switch, tmp_path, how):
    """Neither silence nor an answer without an end holds us longer than the limit."""
    switch.answers["nv config save"] = how
    with session(switch, tmp_path, answer_s=0.15) as nvue:
        begun = time.monotonic()
        with pytest.raises(DeviceTimeout, match=r"0\.15 s"):
            nvue.save()
        assert time.monotonic() - begun < 2


def test_what_is_no_json_is_refused(switch, tmp_path):
    """Malformed JSON and JSON of another shape are the switch's fault, said as such."""
    with session(switch, tmp_path) as nvue:
        switch.answers["nv show interface -o json"] = '{"swp1": '
        with pytest.raises(DeviceRefused, match="no JSON"):
            nvue.show("interface")
        switch.answers["nv config show -o json"] = '"text"'
        with pytest.raises(DeviceRefused, match="no configuration"):
            nvue.running()
        switch.answers["nv config revision -o json"] = "[]"
        with pytest.raises(DeviceRefused, match="no object"):
            nvue.confirmation()


def test_an_endless_answer_is_cut(switch, tmp_path):
    """A switch cannot fill our memory."""
    switch.answers["nv show interface -o json"] = "x" * 300_000
    with session(switch, tmp_path, largest_bytes=100_000) as nvue, pytest.raises(DeviceRefused, match="without end"):
        nvue.show("interface")


def test_large_answers_on_both_streams_arrive_whole(switch, tmp_path):
    """Neither stream blocks the other."""
    switch.answers["journalctl"] = ("o" * 1_000_000, "e" * 1_000_000, 0)
    with session(switch, tmp_path) as nvue:
        assert len(nvue.run("journalctl -u nvued")) == 1_000_000


def test_only_reading_commands_are_run(switch, tmp_path):
    """``run`` lets no command through that changes a switch, nor two in one."""
    switch.answers["lldpctl"] = "{}"
    with session(switch, tmp_path) as nvue:
        assert nvue.run("lldpctl -f json") == "{}"
        for command in (
            "reboot",
            "cat x; reboot",
            "nv config apply",
            "vtysh -c 'configure terminal'",
            "ip link set x up",
        ):
            with pytest.raises(DeviceRefused, match="only read"):
                nvue.run(command)
    assert "reboot" not in " ".join(switch.seen)


def test_a_wrong_password_is_refused_once(switch, tmp_path):
    """A refused login is not tried again: it could lock the account."""
    with pytest.raises(AuthRefused, match="a password") as caught:
        connect(
            switch.endpoint, login=Login(password=Secret("wrong-canary")), trust=Trust(tmp_path),
            clock=ScaledClock(1000), limits=LIMITS.patient(60),
        )  # fmt: skip
    assert "wrong-canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert switch.connections == 1


def test_one_that_hangs_up_on_a_wrong_key_may_not_know_it(switch, tmp_path):
    """Whoever has seen enough wrong keys closes the connection and says nothing: what was shown is told, beside cable and power."""
    wrong = tmp_path / "wrong"
    wrong.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
    with pytest.raises(Unreachable, match=r"with the key .*wrong and a password, which it may not know"):
        connect(
            switch.endpoint, login=Login(wrong, password=Secret("wrong-canary")), trust=Trust(tmp_path),
            clock=ScaledClock(1000), limits=LIMITS,
        )  # fmt: skip


def test_nothing_to_log_in_with_is_said_before_connecting(switch, tmp_path):
    """Without key, agent or password the way to one is told."""
    with pytest.raises(AuthRefused, match="--identity FILE"):
        connect(switch.endpoint, login=Login(), trust=Trust(tmp_path))
    assert switch.connections == 0


def test_a_slow_login_is_a_timeout(switch, tmp_path):
    """An AAA server that does not answer is no refusal."""
    switch.login_s = 3
    with pytest.raises(DeviceTimeout, match="login"), session(switch, tmp_path, login_s=0.2):
        pass


def test_a_banner_does_no_harm(switch, tmp_path):
    """Banners before the login are not taken for answers."""
    switch.banner = "{ AUTHORIZED USE ONLY }\n" * 50
    with session(switch, tmp_path) as nvue:
        assert nvue.facts().hostname == "be-leaf01"


def test_a_dead_address_is_unreachable(switch, tmp_path):
    """A refused connection fails at once, and after its patience when the device may come up."""
    import msgspec

    dead = msgspec.structs.replace(switch.endpoint, ssh_port=1)
    with pytest.raises(Unreachable, match="refused"):
        connect(dead, login=Login(password=Secret("x")), trust=Trust(tmp_path))
    clock = ScaledClock(1000)
    begun = clock.now()
    with pytest.raises(Unreachable):
        connect(dead, login=Login(password=Secret("x")), trust=Trust(tmp_path), clock=clock, limits=LIMITS.patient(30))
    assert clock.now() - begun >= 25


def test_another_host_key_is_refused_before_the_login(switch, tmp_path):
    """The password is not offered to whoever answers with another key; both fingerprints and the way out are told."""
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    (tmp_path / "known_hosts").write_text(f"[127.0.0.1]:{switch.endpoint.ssh_port} {other}\n", encoding="ascii")
    with pytest.raises(IdentityChanged, match="ssh-keygen -R") as caught, session(switch, tmp_path):
        pass
    assert str(caught.value).count("SHA256:") == 2
    assert switch.key.get_fingerprint() in str(caught.value)


def test_an_unknown_host_is_refused_and_pinned_only_when_asked(switch, tmp_path):
    """First contact needs --trust-on-first-use; afterwards the pin holds without it."""
    (tmp_path / "known_hosts").unlink()
    with pytest.raises(IdentityUnknown, match="trust-on-first-use"), session(switch, tmp_path):
        pass
    login = Login(password=Secret("right"))
    connect(switch.endpoint, login=login, trust=Trust(tmp_path, first_use=True)).close()
    assert (tmp_path / "known_hosts").stat().st_mode & 0o777 == 0o600
    connect(switch.endpoint, login=login, trust=Trust(tmp_path)).close()


def test_a_key_that_is_pinned_under_another_kind_is_preferred(tmp_path):
    """Where an RSA key is pinned, that one is asked for, although the switch has better ones."""
    import asyncssh

    home = tmp_path / "home"
    home.mkdir()
    with lone_switch(home, key=asyncssh.generate_private_key("ssh-rsa", key_size=2048)) as switch:
        known_hosts(tmp_path / "known_hosts", switch)
        with session(switch, tmp_path) as nvue:
            assert nvue.facts().serial == "MT01"


def test_a_key_file_logs_in(switch, tmp_path):
    """The identity is read once and offered before anything else."""
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(tmp_path / "id")
    switch.public = key.export_public_key().decode()
    connect(switch.endpoint, login=Login(identity=tmp_path / "id"), trust=Trust(tmp_path)).close()
    key.write_private_key(tmp_path / "locked", passphrase="canary-phrase", rounds=50)
    with pytest.raises(AuthRefused, match="ssh-add"):
        connect(switch.endpoint, login=Login(identity=tmp_path / "locked"), trust=Trust(tmp_path))
    (tmp_path / "none").write_text("canary-no-key", encoding="ascii")
    with pytest.raises(AuthRefused, match="no private key") as caught:
        connect(switch.endpoint, login=Login(identity=tmp_path / "none"), trust=Trust(tmp_path))
    assert "canary-no-key" not in str(caught.value)
