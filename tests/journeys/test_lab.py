"""The lab itself: what it claims of power, restarts and leaving nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.cluster import cluster
from tests.lab.node import eventually

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("lab-itself")]

DYING = """
import os, signal
from tests.lab.cluster import cluster
with cluster(["n1", "n2"], kind="systemd") as made:
    print(made.place, made.gateway, *(str(node.pid) for node in made.nodes.values()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("kind", ["systemd", "ssh"])
def test_power_and_restarts_are_told_apart(kind):
    """A node does not come back from a restart or a power cycle with another boot id, or its hardware takes one for the other."""
    with cluster(["n1"], kind=kind) as made:
        node = made["n1"]
        seen = [node.boot_id()]
        node.ssh("shutdown -r now", check=False)
        node.reachable(seen[-1])
        seen.append(node.boot_id())
        node.power_cycle()
        seen.append(node.boot_id())
        node.off()
        assert node.boot_id() == ""
        node.on()
        seen.append(node.boot_id())
        assert len(set(seen)) == 4
        assert node.state()["starts"] == ["cold", "warm", "cold", "cold"]


def test_nodes_that_start_at_the_same_time_do_not_take_each_others_control_groups():
    """A unit of one node does not start (219/CGROUP) because a unit of that name ends in another, so that a boot passes without its hardware."""
    with cluster(["n1", "n2"]) as made:
        for node in made.nodes.values():
            said = node.ssh(
                "cat /sys/fs/cgroup/systemd/init.scope/cgroup.procs /sys/fs/cgroup/init.scope/cgroup.procs", check=False
            )
            assert said.stdout.split() == ["1"], "a process of another node is there, which is 0 from here"


def test_a_node_that_is_cut_off_or_full_says_so():
    """A pulled cable or a full disk of a node is not felt by who works on it."""
    with cluster(["n1"], kind="ssh") as made:
        node = made["n1"]
        node.cut()
        assert node.boot_id() == ""
        node.plug()
        node.reachable()
        node.fill()
        full = node.ssh("dd if=/dev/zero of=/root/more bs=1k count=512", check=False)
        assert "No space left" in full.stderr
        node.drain()
        assert node.ssh("rm -f /root/more; touch /root/more", check=False).returncode == 0


def test_nothing_is_left_when_the_tests_are_killed(tmp_path):
    """After a ``kill -9`` in the middle a node still runs, or a link of the lab stands."""
    done = subprocess.run(
        [sys.executable, "-c", DYING], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    place, gateway, *pids = done.stdout.split()
    assert len(pids) == 2, done.stderr
    link = Path(f"/sys/class/net/rwlab{gateway.split('.')[2]}")
    eventually(lambda: not [pid for pid in pids if Path(f"/proc/{pid}").exists()])
    ours = eventually(lambda: not link.exists() or "another lab has it now")
    assert ours
    assert place not in Path("/proc/self/mounts").read_text()
