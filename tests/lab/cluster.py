"""N nodes on one wire, that only this process can reach; gone when it ends, however it ends."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import base, machine
from tests.lab.node import USER, Node, end, eventually, keygen

MASK = 24


@dataclass
class Cluster:
    """The nodes, and what somebody needs who wants to reach them over SSH."""

    place: Path
    gateway: str
    nodes: dict[str, Node]

    @property
    def key(self) -> Path:
        """Return the private key that opens ``rackwright`` and ``root`` on each."""
        return self.place / "key"

    @property
    def known_hosts(self) -> Path:
        """Return the file of pinned host keys."""
        return self.place / "known_hosts"

    def __getitem__(self, name: str) -> Node:
        return self.nodes[name]

    def login(self) -> dict[str, str]:
        """Return Ansible's variables of the way to every node."""
        checks = f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes -F none"
        return {
            "ansible_user": USER,
            "ansible_ssh_private_key_file": str(self.key),
            "ansible_ssh_common_args": checks,
            "ansible_python_interpreter": "/usr/bin/python3",
        }


@contextlib.contextmanager
def cluster(
    names: Sequence[str], *, kind: str = "systemd", hardware: Mapping[str, dict[str, Any]] | None = None
) -> Iterator[Cluster]:
    """Bring up nodes by name; ``kind`` is ``systemd`` (they really reboot) or ``ssh`` (cheaper: no services).

    ``hardware`` is what each believes it is made of, as :func:`tests.lab.machine.xe9680` returns it.
    """
    base.require()
    root = base.root()
    with contextlib.ExitStack() as undo:
        place = Path(tempfile.mkdtemp(prefix="rw-lab-"))
        undo.callback(shutil.rmtree, place)
        key = keygen(place / "key")
        number, switch = _wire(undo)
        nodes = {
            name: Node(name, f"198.18.{number}.{10 + place_of}", kind, place / name, (hardware or {}).get(name) or machine.xe9680(name))
            for place_of, name in enumerate(names)
        }  # fmt: skip
        made = Cluster(place, f"198.18.{number}.1", nodes)
        for node in nodes.values():
            node.prepare(root, key, MASK, made.gateway)
        lines = [
            f"{node.address} {(node.place / 'seed/etc/ssh/ssh_host_ed25519_key.pub').read_text()}"
            for node in nodes.values()
        ]
        made.known_hosts.write_text("".join(lines))
        for node in nodes.values():
            undo.callback(node.close)
        # In this thread: a node ends with the thread that started it.
        for node in nodes.values():
            node.start(root, lambda it: _plug(switch, it))
        for node in nodes.values():
            node.reachable()
        yield made


def _wire(undo: contextlib.ExitStack) -> tuple[int, int]:
    """Make the switch, a namespace with a bridge, and our own port of it; returns its number and its process."""
    words = ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sleep", "infinity"]
    switch = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    undo.callback(end, switch)
    home = Path("/proc/self/ns/net").readlink()
    eventually(lambda: Path(f"/proc/{switch.pid}/ns/net").readlink() != home)
    for number in range(256):
        # The name is the lock: whoever makes the link has the number. The kernel removes it with the namespace.
        made = subprocess.run(
            ["ip", "link", "add", f"rwlab{number}", "type", "veth", "peer", "name", "ours", "netns", str(switch.pid)],
            capture_output=True, check=False,
        )  # fmt: skip
        if made.returncode == 0:
            break
    else:
        raise AssertionError(f"no number is free for a lab: {made.stderr.decode()}")
    inside = "ip link add lan type bridge; ip link set lan up; ip link set ours master lan; ip link set ours up"
    _sh(f"nsenter -t {switch.pid} --net /bin/sh -ec '{inside}'")
    _sh(f"ip addr add 198.18.{number}.1/{MASK} dev rwlab{number}; ip link set rwlab{number} up")
    return number, switch.pid


def _plug(switch: int, node: Node) -> None:
    """Run a cable from the switch to a node."""
    port = f"p{node.address.rpartition('.')[2]}"
    _sh(
        f"nsenter -t {switch} --net ip link add {port} type veth peer name eth0 netns {node.pid}\n"
        f"nsenter -t {switch} --net ip link set {port} master lan up"
    )


def _sh(script: str) -> None:
    done = subprocess.run(["/bin/sh", "-ec", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{script}: {done.stderr}"
