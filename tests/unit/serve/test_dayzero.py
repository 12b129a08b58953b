"""DHCP and time from here: what is looked over before, what a program that dies does, and when ours ends."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from rackwright import runs
from rackwright.errors import RunError, ServeError
from rackwright.report.board import Board
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Event, Graph, Task
from rackwright.serve import daemons
from rackwright.serve.children import Child, Program
from rackwright.serve.handover import Handover, heads_stand
from rackwright.serve.lan import Lan, lan_of

LOOP = Lan("127.0.0.1", "lo")
GRAPH = Graph(
    tasks=(
        Task(name="head/m1", stage="head", device="m1"),
        Task(name="head/m2", stage="head", device="m2"),
        Task(name="os/g1", stage="os", device="g1"),
    )
)


def board(**states):
    """Return a bring-up whose head nodes are in these states."""
    made = Board(GRAPH)
    for name, state in states.items():
        made.hear(Event(at="2026-11-27T00:00:00Z", kind="task", text=state, subject=f"head/{name}"))
    return made


def test_head_nodes_stand_when_each_has_come_through_its_stage():
    """One that is still installed answers for nobody; where none is brought up nothing speaks against whoever answers."""
    assert heads_stand(board(m1="done", m2="unchanged"))
    assert not heads_stand(board(m1="done", m2="failed"))
    assert not heads_stand(board(m1="done"))
    assert heads_stand(Board(Graph(tasks=GRAPH.tasks[2:]))) is None


@pytest.mark.parametrize(
    ("stand", "heard", "who"),
    [
        (True, ["10.0.0.8"], "m1 (10.0.0.8)"),
        (True, ["10.0.0.99"], ""),
        (True, [], ""),
        (False, ["10.0.0.8"], ""),
        (None, ["10.0.0.8"], "m1 (10.0.0.8)"),
    ],
)
def test_only_a_head_node_that_stands_and_answers_takes_over(stand, heard, who):
    """Leases that end because a stranger answered, or before anybody did, leave a rack without addresses."""
    said = []
    waits = Handover({"10.0.0.8": "m1"}, lambda: stand, lambda _heads: heard, said.append, poll_s=0)
    assert waits.taken() == who


def test_it_is_told_once_that_nobody_takes_over():
    """An operator who is not told waits for a handover that never comes."""
    said, answers = [], iter([[], [], ["10.0.0.8"]])
    waits = Handover({"10.0.0.8": "m1"}, lambda: True, lambda _heads: next(answers), said.append, poll_s=0)
    assert asyncio.run(waits.wait()) == "m1 (10.0.0.8)"
    assert len(said) == 1
    assert "m1 would take over, and does not answer" in said[0]


def program(folder, text):
    return Program("sleeper", ("/bin/sh", "-c", text), folder / "log", b"ready")


def test_a_program_that_dies_is_started_again_a_few_times_and_then_told(tmp_path):
    """One that dies for ever must neither be forgotten nor keep a machine busy."""
    said = []

    async def life():
        child = Child(program(tmp_path, "echo ready >&2; sleep 0.15"), said.append, again=2, pause_s=0)
        await child.start()
        await child.watch()
        return child.working

    assert asyncio.run(life()) is False
    assert [line.partition(";")[0] for line in said] == [
        "sleeper died and is started again", "sleeper died and is started again",
        "sleeper died again and is not started any more",
    ]  # fmt: skip
    assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600


def test_a_program_that_does_not_come_up_is_told_in_its_own_words(tmp_path):
    """Without the reason somebody reads manuals in a cold aisle."""
    child = Child(program(tmp_path, "echo 'no such interface' >&2; exit 2"), print)
    with pytest.raises(ServeError, match="sleeper does not work: no such interface; see"):
        asyncio.run(child.start())


def test_a_program_is_ended_by_its_own_id_and_stays_so(tmp_path):
    """One that is started again after it was ended gives leases beside the head node."""
    said, mark = [], tmp_path / "pid"

    async def life():
        child = Child(program(tmp_path, f"echo $$ > {mark}; echo ready >&2; exec sleep 60"), said.append, pause_s=0)
        await child.start()
        watching = asyncio.create_task(child.watch())
        await child.end()
        await watching

    asyncio.run(life())
    assert said == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_an_address_of_this_machine_has_an_interface():
    """The address decides where leases are given; one that is nowhere here must not be guessed."""
    assert lan_of("127.0.0.1") == LOOP
    with pytest.raises(ServeError, match=r"no interface of this machine has 198\.51\.100\.7.*ip addr add"):
        lan_of("198.51.100.7")


@pytest.mark.skipif(os.geteuid() != 0, reason="ports below 1024 need root")
def test_what_dnsmasq_cannot_do_is_told_before_anything_listens(tmp_path, monkeypatch):
    """A missing program, a port that is taken and a configuration that is refused each name what to do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        other.bind(("", 67))
        with pytest.raises(ServeError, match=r"at lo \(UDP port 67\): something listens there already"):
            daemons.dhcp(tmp_path, LOOP, b"port=0\n")
    with pytest.raises(ServeError, match=r"dnsmasq refuses .*dnsmasq\.conf: .*bad option"):
        daemons.dhcp(tmp_path, LOOP, b"no-such-word\n")
    monkeypatch.setattr(daemons, "found", lambda _name: "")
    with pytest.raises(ServeError, match="install Debian's dnsmasq-base"):
        daemons.dhcp(tmp_path, LOOP, b"port=0\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="ports below 1024 need root")
def test_a_tftp_server_that_is_there_is_told_and_left_alone():
    """Firmware asks whoever answers; a second server at the port cannot be started, and leases matter more."""
    assert daemons.no_tftp(LOOP) == ""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        other.bind(("", 69))
        assert "UDP port 69 of lo: something listens there already" in daemons.no_tftp(LOOP)


def test_one_file_is_lent_to_everybody_and_nothing_else(tmp_path):
    """dnsmasq reads as nobody, and a boot folder also holds what is no business of a network."""
    (tmp_path / "boot.efi").write_bytes(b"MZ")
    (tmp_path / "boot.efi").chmod(0o600)
    with daemons.tftp(program(tmp_path, "true"), tmp_path / "boot.efi") as lent:
        folder = Path(lent.command[-1].removeprefix("--tftp-root="))
        assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {"boot.efi": 0o644}
        assert folder.stat().st_mode & 0o777 == 0o755
    assert not folder.exists()


def test_time_that_is_not_served_is_told_with_what_to_do():
    """Whoever believes that time is served looks for a wrong certificate everywhere but in a clock."""
    assert "chronyd is not installed" in daemons.no_time(LOOP, lambda _name: "")


def test_time_is_told_to_the_sites_networks_and_the_own_clock_is_left_alone(tmp_path):
    """A laptop that sets its clock by a rack's, or tells the time to a hotel, does harm."""
    made = daemons.time(tmp_path, Lan("10.10.0.5", "eth1"), ("10.10.0.0/22", "10.20.0.0/22"))
    assert "-x" in made.command
    lines = (tmp_path / "chrony.conf").read_text().splitlines()
    assert [line for line in lines if line.startswith(("allow", "bindaddress"))] == [
        "allow 10.10.0.0/22", "allow 10.20.0.0/22", "bindaddress 10.10.0.5",
    ]  # fmt: skip
    assert not any(line.startswith(("server", "pool", "makestep")) for line in lines)


def test_what_goes_on_beside_a_run_stands_in_its_events(tmp_path):
    """A handover that the run does not know of is not in its log, on its page or at its webhook."""
    folder = RunFolder.made(tmp_path, b"{}", GRAPH, program="bringup", version="1", engine="1", jobs=1)
    runs.note(tmp_path, folder.run, "handed over", subject="serve")
    (event,) = folder.events().fresh()
    assert (event.kind, event.subject, event.text) == ("note", "serve", "handed over")
    with pytest.raises(RunError, match="there is no run"):
        runs.note(tmp_path, "20261127-000000-aaa", "x")
