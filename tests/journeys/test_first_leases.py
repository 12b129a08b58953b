"""`rackwright serve --dhcp` for real: its dnsmasq in a network namespace, a DHCP client, and a head node that takes over."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rackwright import secrets
from rackwright.plan import workspace
from rackwright.render import switch_tree
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Graph, Task
from tests.namespaces import insist, must, run

pytestmark = [pytest.mark.xdist_group("ztp")]

SITES = Path(__file__).resolve().parents[2] / "inventory"
COMMAND = [sys.executable, "-c", "from rackwright.cli import main; main()"]
NEEDED = ("ip", "dnsmasq", "udhcpc")
OURS, HEAD = "10.10.0.5", "10.10.0.32"
BE01 = "02:67:1d:6a:d8:96"
SECRET = "$6$canary$Zm9vYmFyYmF6cXV4Y29ycmVjdGhvcnNl/planted"
HOOK = """#!/bin/sh
[ "$1" = bound ] && printf '%s\\n%s\\n%s\\n' "$ip" "$serverid" "$(printf %s "$opt239" | xxd -r -p)" > "$LEASE"
exit 0
"""
_NUMBERS = itertools.count()


def until(there, what, limit_s=20):
    end = time.monotonic() + limit_s
    while not (found := there()):
        assert time.monotonic() < end, what()
        time.sleep(0.05)
    return found


class Room:
    """An out-of-band network: our machine, a switch that asks, and room for a head node."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = Path(
            shutil.copytree(SITES / "xe9680-spectrum-x", folder / "site", ignore=shutil.ignore_patterns(".rackwright"))
        )
        shutil.rmtree(self.site / ".rackwright", ignore_errors=True)
        self.state = self.site / ".rackwright"
        self.mark = f"rwl{os.getpid():x}{next(_NUMBERS)}"
        self.processes: list[subprocess.Popen] = []
        self.spaces: list[str] = []
        self.talk = folder / "talk"

    def up(self, address=f"{OURS}/22"):
        self.space(self.mark)
        must("ip", "-n", self.mark, "link", "add", "lan", "type", "bridge")
        must("ip", "-n", self.mark, "addr", "add", address, "dev", "lan")
        must("ip", "-n", self.mark, "link", "set", "lan", "up")

    def space(self, name):
        must("ip", "netns", "add", name)
        self.spaces.append(name)
        must("ip", "-n", name, "link", "set", "lo", "up")
        return name

    def cabled(self, name, mac="", address=""):
        """Return a namespace with an eth0 on the network."""
        space, port = self.space(self.mark + name), f"p{next(_NUMBERS)}"
        own = ("address", mac) if mac else ()
        must("ip", "-n", self.mark, "link", "add", port, "type", "veth", "peer", "name", "eth0", *own, "netns", space)
        must("ip", "-n", self.mark, "link", "set", port, "master", "lan", "up")
        must("ip", "-n", space, "link", "set", "eth0", "up")
        if address:
            must("ip", "-n", space, "addr", "add", address, "dev", "eth0")
        return space

    def start(self, space, *words, path=os.environ["PATH"], **more):
        with self.talk.open("ab") as talk:
            made = subprocess.Popen(["ip", "netns", "exec", space, *map(str, words)], stdout=talk, stderr=talk,
                                    env={**os.environ, "PATH": path, **more})  # fmt: skip
        self.processes.append(made)
        return made

    def serve(self, *words, **more):
        plan = workspace.planned(workspace.open_site(self.site)).plan
        names = {ref.name for one in plan.switches for ref in secrets.references(switch_tree(one))}
        return self.start(self.mark, *COMMAND, "serve", self.site, "--dhcp", *words, **more,
                          **{secrets.variable(name): SECRET for name in names})  # fmt: skip

    def another(self, space, interface):
        """Start somebody else's DHCP server."""
        return self.start(
            space, "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", f"--interface={interface}", "--bind-interfaces",
            "--no-ping", "--dhcp-range=10.10.3.200,10.10.3.210,255.255.252.0", "--user=root", "--pid-file", "--log-facility=-",
            f"--dhcp-leasefile={self.folder / 'other-leases'}",
        )  # fmt: skip

    def said(self, what):
        return what in self.talk.read_text()

    def ask(self, space):
        """Ask for an address as Cumulus Linux does; return address, server and what option 239 says, or None."""
        hook, lease = self.folder / "hook", self.folder / f"{space}.lease"
        hook.write_text(HOOK)
        hook.chmod(0o755)
        words = (
            "udhcpc",
            "-i",
            "eth0",
            "-f",
            "-q",
            "-n",
            "-t",
            "3",
            "-T",
            "1",
            "-O",
            "239",
            "-V",
            "cumulus-linux  x86_64",
        )
        asked = run("ip", "netns", "exec", space, *words, "-s", hook, env={**os.environ, "LEASE": str(lease)})
        return tuple(lease.read_text().splitlines()) if asked.returncode == 0 else None

    def dnsmasq(self):
        """Return the ids of the dnsmasq processes in our machine's namespace."""
        pids = must("ip", "netns", "pids", self.mark).split()
        return [int(pid) for pid in pids if run("cat", f"/proc/{pid}/comm").stdout == "dnsmasq\n"]

    def down(self):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            process.wait(15)
        for space in self.spaces:
            must("ip", "netns", "del", space)


@pytest.fixture
def room(tmp_path):
    """Return a network that is not up yet; nothing of it is left behind."""
    insist(NEEDED)
    made = Room(tmp_path)
    try:
        yield made
    finally:
        made.down()


def bring_up(room):
    """Return the folder of a bring-up that is under way: its head node is worked on."""
    tasks = (Task(name="head/mgmt01", stage="head", device="mgmt01"),)
    folder = RunFolder.made(
        room.state, b"{}", Graph(tasks=tasks), program="bringup", version="1", engine="1", jobs=1
    )  # fmt: skip
    folder.events().tell("run", "begins")
    folder.events().tell("task", "begins", "head/mgmt01", stage="head", device="mgmt01")
    return folder


def test_leases_are_given_until_the_head_node_gives_them(room):
    """A rack that is given no address, or by two servers that contradict each other, or by one that nobody starts again, stands still."""
    room.up()
    under_way = bring_up(room)
    server = room.serve()
    until(lambda: room.said("serving"), room.talk.read_text)
    assert room.said("time is not served") or room.said("chronyd tells")
    switch = room.cabled("s", BE01)
    assert room.ask(switch) == ("10.10.0.10", OURS, f"http://{OURS}/devices/be01/ztp.sh")
    assert BE01 in (room.state / "serve/dhcp/leases").read_text()
    assert {path.stat().st_mode & 0o077 for path in (room.state / "serve/dhcp").iterdir()
            if path.name != ".gitignore"} == {0}  # fmt: skip

    (first,) = room.dnsmasq()
    os.kill(first, signal.SIGKILL)
    (second,) = until(lambda: [pid for pid in room.dnsmasq() if pid != first], room.talk.read_text)
    assert room.said("dnsmasq died and is started again")

    head = room.cabled("h", address=f"{HEAD}/22")
    room.another(head, "eth0")
    # It answers, and its stage has not ended: not yet.
    time.sleep(0.2)
    assert room.dnsmasq() == [second]
    under_way.events().tell("task", "done", "head/mgmt01", stage="head", device="mgmt01")
    until(lambda: not room.dnsmasq(), room.talk.read_text)
    until(lambda: room.said("handed over: mgmt01"), room.talk.read_text)
    assert room.ask(switch)[1] == HEAD
    notes = [event.text for event in under_way.events().fresh() if event.kind == "note"]
    assert f"handed over: mgmt01 ({HEAD}) answers for DHCP, ours has ended" in notes
    server.send_signal(signal.SIGTERM)
    assert server.wait(15) == 0
    events = [json.loads(line) for line in (room.state / "serve/events.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in events if event["kind"] == "dhcp"] == ["dhcp", "dhcp"]


def test_nothing_of_ours_outlives_us(room):
    """A server that goes on giving leases after a kill -9 is nobody's, and in the way of the next."""
    room.up()
    server = room.serve("--limit", "be01")
    until(lambda: room.said("serving"), room.talk.read_text)
    assert len(room.dnsmasq()) == 1
    server.kill()
    server.wait()
    until(lambda: not room.dnsmasq(), room.talk.read_text)


def test_a_stranger_who_gives_leases_is_in_the_way(room):
    """Two DHCP servers on one network give a switch to one of them by chance."""
    room.up()
    other = room.cabled("x", address="10.10.0.99/22")
    room.another(other, "eth0")
    until(lambda: room.said("started, version"), room.talk.read_text)
    server = room.serve("--limit", "be01")
    assert server.wait(30) == 1
    assert room.said("10.10.0.99 gives leases at lan already")
    assert not room.said("serving")
    assert room.dnsmasq() == []
