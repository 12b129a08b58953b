"""A twin comes up, stands beside another, and leaves nothing behind, however it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import paramiko
import pytest
from click.testing import CliRunner

from rackwright.cli import main
from rackwright.errors import TwinError
from rackwright.secrets import SecretRef
from rackwright.twin import process, rack, standins
from rackwright.twin.sockets import claimed
from tests.twins.test_ssh_wire import ssh

SITES = Path(__file__).resolve().parents[2] / "inventory"


@pytest.fixture
def site(tmp_path):
    """Return a copy of the smallest reference site."""
    return Path(
        shutil.copytree(SITES / "xe9680-spectrum-x", tmp_path / "site", ignore=shutil.ignore_patterns(".rackwright"))
    )


def rackwright(*words, code=0):
    """Run a command line and return what it printed as JSON."""
    result = CliRunner().invoke(main, [str(word) for word in (*words, "--json")])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def gone(pid):
    """Wait until a detached twin, which is our child, has ended for good."""
    for _ in range(1000):
        if os.waitpid(pid, os.WNOHANG)[0] == pid:
            return True
        time.sleep(0.01)
    return False


def test_up_and_down_leave_nothing(site):
    """`twin up --detach` returns when every switch answers; who is named and not there is an error; after `twin down` there is no process, no socket and no file of it."""
    before = sorted(site.rglob("*"))
    made = rackwright("twin", "up", site, "--detach", "--rate", "600")
    state = site / ".rackwright"
    assert state.stat().st_mode & 0o777 == 0o700
    assert all(file.stat().st_mode & 0o077 == 0 for file in (state / "twin/secrets").iterdir())
    told = json.loads((state / "twin.json").read_text())
    assert (told["pid"], len(told["devices"])) == (made["pid"], made["switches"])
    status = rackwright("twin", "status", site)
    assert all(one["ssh"] and one["api"] and one["hostname"] == "cumulus" for one in status["devices"].values())
    assert "is up already" in rackwright("twin", "up", site, "--detach", code=1)["error"]
    for words in (("fault", site, "stall", "--at", "apply", "--device", "be9*"), ("log", site, "--device", "be9")):
        assert "is called 'be9" in rackwright("twin", *words, code=1)["error"]
    assert "no fault of the twin is 7: set are none" in rackwright("twin", "clear", site, 7, code=1)["error"]
    assert rackwright("twin", "down", site) == {"was_up": True}
    assert gone(made["pid"])
    assert sorted(path for path in site.rglob("*") if path.name != "site.lock") == [
        path for path in before if path.name != "site.lock"
    ]
    assert rackwright("twin", "down", site) == {"was_up": False}
    assert "is up: start it" in rackwright("twin", "status", site, code=1)["error"]


def test_a_killed_twin_is_noticed_and_cleaned_up(site, tmp_path):
    """After kill -9 `status` says that the twin has died, and another comes up in its place; sockets far away go too."""
    site = site.rename(tmp_path / ("a-long-name-" * 9))
    first = rackwright("twin", "up", site, "--detach")["pid"]
    sockets = Path(json.loads((site / ".rackwright/twin.json").read_text())["control"]).parent
    assert sockets.parent != site / ".rackwright"
    os.kill(first, signal.SIGKILL)
    assert gone(first)
    assert sockets.exists()
    assert "has died" in rackwright("twin", "status", site, code=1)["error"]
    second = rackwright("twin", "up", site, "--detach")["pid"]
    assert not sockets.exists()
    os.kill(second, signal.SIGTERM)
    assert gone(second)
    assert not (site / ".rackwright").exists()


def test_the_users_files_stay(site):
    """What lies beside the twin in the state folder stays when it goes down."""
    state = site / ".rackwright"
    state.mkdir(mode=0o700)
    (state / "known_hosts").write_text("mine\n")
    rackwright("twin", "up", site, "--detach")
    rackwright("twin", "down", site)
    assert [path.name for path in state.iterdir()] == ["known_hosts"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_ends_it(site, number):
    """Without --detach it serves until Ctrl-C or SIGTERM, and goes without a word or a trace."""
    program = "from rackwright.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "twin", "up", str(site)], stderr=subprocess.PIPE, text=True
    ) as child:
        assert any("the twin is up" in line for line in iter(child.stderr.readline, ""))
        child.send_signal(number)
        assert child.wait(20) == 0
        assert child.stderr.read() == ""
    assert not (site / ".rackwright").exists()


def test_two_twins_stand_side_by_side(twin):
    """Two sites have twins at the same time, on addresses of their own."""
    one, two = twin(), twin()
    assert {end["host"] for end in one.ends.values()}.isdisjoint(end["host"] for end in two.ends.values())
    for up in (one, two):
        assert ssh(up, "be01", "hostname").stdout == "cumulus\n"


def test_a_block_that_another_twin_begins_on_is_left_to_it(twin, monkeypatch):
    """Until one listens the kernel lends an address to several: so a twin claims its block first, and holds it to its end."""
    monkeypatch.setattr(rack, "_BLOCKS", range(253, 255))
    other = claimed("127.253.255.255")
    with other:
        up = twin()
        assert {end["host"].split(".")[1] for end in up.ends.values()} == {"254"}
        assert claimed("127.254.255.255") is None
        with pytest.raises(TwinError, match="no block of addresses is free"):
            twin()
        up.background.__exit__(None, None, None)
    claimed("127.254.255.255").close()


def test_only_some_switches_answer(twin):
    """`only` lets the others be part of the fabric without a door."""
    up = twin(only=frozenset({"be01"}))
    assert set(up.ends) == {"be01"}
    assert set(up.ask("status")["devices"]) == {"be01", "be02", "oob01"}


def test_faults_and_log_by_the_command_line(site):
    """`twin fault`, `clear` and `log` reach the twin."""
    rackwright("twin", "up", site, "--detach")
    try:
        name = next(iter(rackwright("twin", "status", site)["devices"]))
        assert rackwright("twin", "fault", site, "refuse-apply", "--device", name, "--value", "planted") == {"id": 1}
        assert "no operation" in rackwright("twin", "fault", site, "drop", "--at", "frob", code=1)["error"]
        assert rackwright("twin", "clear", site) == {"cleared": 1, "mended": []}
        assert rackwright("twin", "log", site) == []
        shown = CliRunner().invoke(main, ["twin", "status", str(site)])
        assert shown.exit_code == 0
        assert name in shown.stdout
    finally:
        rackwright("twin", "down", site)


def test_clear_says_what_it_mended(twin):
    """Faults that are there at once are named when they are undone, and only once."""
    up = twin(kind="emulated")
    up.ask("fault", kind="swap-cables", a="be01:swp1s0", b="be01:swp1s1")
    up.ask("fault", kind="cut-link", a="be02:swp1s0")
    for kind in ("wrong-version", "wrong-serial", "full-disk", "lose-management"):
        up.ask("fault", kind=kind, device="be01")
    up.ask("fault", kind="refuse-apply", device="be01")
    answer = up.ask("clear")
    assert answer["cleared"] == 1
    assert sorted(answer["mended"]) == [
        "cut-link be02:swp1s0",
        "full-disk of be01",
        "lose-management of be01",
        "swap-cables be01:swp1s0 be01:swp1s1",
        "wrong-serial of be01",
        "wrong-version of be01",
    ]
    assert up.ask("clear") == {"cleared": 0, "mended": []}


def test_clear_tells_the_user_what_it_mended(site):
    """The line that `twin clear` prints counts and names what was mended."""
    rackwright("twin", "up", site, "--detach")
    try:
        name = next(iter(rackwright("twin", "status", site)["devices"]))
        rackwright("twin", "fault", site, "full-disk", "--device", name)
        told = CliRunner().invoke(main, ["twin", "clear", str(site)]).stderr
        assert f"0 faults are gone, 1 mended: full-disk of {name}" in told
    finally:
        rackwright("twin", "down", site)


def test_a_copied_site_does_not_touch_the_twin_of_the_other(twin, tmp_path):
    """`status`, `fault` and `down` refuse a twin.json that was made for another folder, by its name; a moved folder likewise."""
    up = twin()
    copied = tmp_path / "copied" / ".rackwright"
    shutil.copytree(up.state, copied, ignore=shutil.ignore_patterns("*.sock"))
    refusal = f"of the twin of {up.state.parent}, not of this folder: 'rackwright twin up {copied.parent}"
    for op in ("status", "fault", "down"):
        with pytest.raises(TwinError, match=refusal):
            process.request(copied, {"op": op})
    with pytest.raises(TwinError, match=refusal):
        process.down(copied)
    assert (copied / "twin.json").exists()
    assert ssh(up, "be01", "hostname").returncode == 0
    value = json.loads((copied / "twin.json").read_text())
    (copied / "twin.json").write_text(json.dumps(value | {"state": str(tmp_path / "was" / ".rackwright")}))
    with pytest.raises(TwinError, match="the folder was moved: move it back, or end process"):
        process.down(copied)


@pytest.mark.parametrize("held", [None, "SWITCH_HASH", "SWITCH_PASSWORD"])
def test_a_password_is_written_only_when_it_opens(tmp_path, monkeypatch, held):
    """Where the environment holds the hash of the operator's password, no stand-in claims to be that password."""
    for name in ("SWITCH_HASH", "SWITCH_PASSWORD"):
        monkeypatch.delenv(f"RACKWRIGHT_SECRET_{name}", raising=False)
    if held:
        monkeypatch.setenv(f"RACKWRIGHT_SECRET_{held}", "given-from-outside")
    expected = {None: ["switch_hash", "switch_password"], "SWITCH_HASH": [], "SWITCH_PASSWORD": ["switch_hash"]}
    assert standins.write(tmp_path / "secrets", [SecretRef("switch_hash")]) == expected[held]
    assert sorted(path.name for path in (tmp_path / "secrets").iterdir()) == expected[held]


def test_a_startup_configuration_is_taken(site, tmp_path):
    """--startup with a build folder brings each switch up with its own file, references to secrets resolved by the stand-ins."""
    build = tmp_path / "build"
    assert CliRunner().invoke(main, ["render", str(site), "--out", str(build)]).exit_code == 0
    rackwright("twin", "up", site, "--detach", "--startup", build)
    try:
        status = rackwright("twin", "status", site)
        assert all(one["hostname"] == name for name, one in status["devices"].items())
        name = next(iter(status["devices"]))
        tree = process.request(site / ".rackwright", {"op": "tree", "device": name})["applied"]
        stand_in = (site / ".rackwright/twin/secrets/switch_hash").read_text().strip()
        assert tree["system"]["aaa"]["user"]["cumulus"]["hashed-password"] == stand_in
    finally:
        rackwright("twin", "down", site)


def test_latency_is_a_round_trip(twin):
    """With 30 ms each way a command over an open session takes a round trip of 60 ms at least, and not many more."""
    up = twin(latency_ms=30.0)
    end = up.ends["be01"]
    with paramiko.SSHClient() as client:
        client.load_host_keys(str(up.state / "twin/known_hosts"))
        start = time.monotonic()
        client.connect(
            end["host"],
            end["ssh_port"],
            "cumulus",
            key_filename=str(up.state / "twin/id_ed25519"),
            look_for_keys=False,
            allow_agent=False,
        )
        assert time.monotonic() - start > 0.18
        session = client.get_transport().open_session()
        start = time.monotonic()
        session.exec_command("hostname")
        assert session.recv(100) == b"cumulus\n"
        assert 0.06 <= time.monotonic() - start < 0.4
