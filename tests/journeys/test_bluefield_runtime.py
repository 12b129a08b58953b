"""What BlueField adapters forget at a restart is told them again at every boot, on a real Linux root."""

from __future__ import annotations

import pytest

from tests.lab import machine
from tests.lab.node import eventually
from tests.lab.yard import yard

pytestmark = [pytest.mark.slow(30), pytest.mark.xdist_group("bluefield-runtime")]

STEPS = ["mirror", "base", "ofed", "bluefield_runtime"]
RUNNING = "6.8.0-51-generic"
PRIORITIES = "/interfaces/interface/nvidia/cc/config/priority[id=0..7]/rp_enabled"


def document(name, mirror, images):
    """Return a host whose cards have their firmware and parameters already, and whose kernel is the wanted one."""
    whole = machine.document(name, mirror, rails=1, images=images)
    known = whole["rackwright"]
    known["steps"], known["stages"] = STEPS, [{"steps": STEPS, "reboot": "none", "why": []}]
    known["kernel"]["release"] = RUNNING
    known["bluefield"]["runtime"]["settings"].append({"path": PRIORITIES, "value": "true"})
    return whole


@pytest.fixture(scope="module")
def told():
    """One node that was played once."""
    hardware = machine.xe9680("node1", rails=1)
    for adapter in hardware["adapters"]:
        adapter |= {"running": machine.FIRMWARE, "flash": machine.FIRMWARE}
        for name, row in adapter["nvconfig"].items():
            row["current"] = row["next"] = int(machine.NVCONFIG[name][0])
    with yard(["node1"], documents=document, hardware={"node1": hardware}) as found:
        found.first = found.play("node1")
        yield found


def held(node):
    """Return what the adapter was told."""
    return node.state()["adapters"][0]


def as_planned(node):
    """Say whether the adapter was told everything."""
    one = held(node)
    return (
        one["qos"] == {"trust": "dscp", "pfc": "0,0,0,1,0,0,0,0"}
        and one["tos"] == 104
        and one.get("congestion") == "doca_spcx_cc"
        and one["dms"].get("/interfaces/interface/ethernet/nvidia/config/inter-packet-gap") == "25"
        and all(one["dms"].get(path) == value for path, value in machine.RUNTIME.items())
        and all(one["dms"].get(PRIORITIES.replace("0..7", str(at))) == "true" for at in range(8))
    )


def test_adapters_are_told_what_the_plan_says(told):
    """Trust, PFC, ToS, the profile's settings, the gap and the congestion control are not what the plan says."""
    assert told.first.status == "successful", told.first.failed
    eventually(lambda: as_planned(told["node1"]), told=lambda: str(held(told["node1"])))


def test_what_was_written_and_never_told_is_told_by_the_next_play(told):
    """A play was killed between the file and the services that read it: they stay with what they were started with."""
    told["node1"].ssh("touch /etc/rackwright/bluefield.json")
    again = told.play("node1")
    assert [row[2] for row in again.changed] == ["Have it run with what is written"] * 2, again.failed
    assert as_planned(told["node1"])
    assert told.play("node1").changed == []


def test_a_restart_makes_them_forget_and_the_services_tell_them_again(told):
    """After a restart an adapter runs without congestion control, or with its maker's settings."""
    node = told["node1"]
    node.power_cycle()
    eventually(lambda: as_planned(node), told=lambda: str(held(node)))
    again = told.play("node1")
    assert again.status == "successful", again.failed
    assert again.changes("node1") == []
