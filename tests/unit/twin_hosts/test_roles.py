"""What plays do to an emulated host: only what they say, once, in the order that the hardware wants."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path

import pytest

from rackwright.assets import folder
from rackwright.twin.hosts.faults import FAULTS, OPERATIONS
from rackwright.twin.hosts.roles import ROLES
from tests.unit.twin_hosts.hosts import Bench, bad, changed

HELPERS = {"packages", "restart", "running"}
"""Roles that others include; no step is called so."""
UNKNOWN = {"bcm_agent"}
"""Roles that the twin says it does not know: no lite daemon is emulated."""


@pytest.fixture(params=["gpu01", "mgmt01"])
def bench(request):
    return Bench(request.param)


def test_every_role_of_the_playbooks_has_a_row():
    """A role was added to the playbooks and the twin would say that it does not know it."""
    roles = {path.name for path in (folder("playbooks") / "roles").iterdir() if path.is_dir()}
    assert roles - HELPERS - UNKNOWN == set(ROLES)


def test_a_second_play_changes_nothing(bench):
    """A role says that it changed what was so already: no push would ever come to its end."""

    async def twice():
        await bench.brought()
        return await bench.play(), await bench.play(playbook="verify")

    again, proof = asyncio.run(twice())
    assert (changed(again), bad(again)) == ([], [])
    assert (changed(proof), bad(proof)) == ([], [])
    assert again[-1] == {"kind": "stats", "bad": [], "seen": [bench.name]}


def test_a_trial_changes_nothing_and_tells_the_same(bench):
    """Check mode touches the host, or foretells other roles than those that change it."""
    disk, boot = copy.deepcopy(bench.system.disk), copy.deepcopy(bench.system.boot)
    cards = copy.deepcopy(bench.system.cards)
    versions = [one.staged for one in bench.machine.firmware.components.values()]
    tried = asyncio.run(bench.play(check=True))
    assert (bench.system.disk, bench.system.boot, bench.system.cards) == (disk, boot, cards)
    assert [one.staged for one in bench.machine.firmware.components.values()] == versions
    foretold = {role for role, _ in changed(tried)}

    async def really():
        found = set()
        for stage in bench.stack.stages:
            found |= {role for role, _ in changed(await bench.play(*stage.steps))}
            bench.restart(cold=True)
        return found

    assert foretold == asyncio.run(really())


def test_nothing_is_in_force_before_its_restart():
    """Firmware, parameters, driver or command line are live at once, and a push that forgets a restart is not found out."""
    bench = Bench()

    async def early():
        await bench.play(*bench.stack.stages[0].steps)
        first = bad(await bench.play("tuning", playbook="verify"))
        bench.restart()
        await bench.play(*bench.stack.stages[1].steps)
        late = [
            bad(await bench.play(step, playbook="verify"))
            for step in ("bluefield_firmware", "bluefield_config", "gpu_driver")
        ]
        bench.restart()
        warm = [
            bad(await bench.play(step, playbook="verify"))
            for step in ("bluefield_firmware", "bluefield_config", "gpu_driver")
        ]
        return first, late, warm

    first, late, warm = asyncio.run(early())
    assert "iommu=pt" in first[0]["text"]
    assert all(late)
    assert [bool(one) for one in warm] == [True, True, False], (
        "a warm restart brings the driver, and no card starts anew"
    )


def test_a_step_before_its_time_fails_in_the_words_of_its_role():
    """A step goes through although what it stands on is not there."""
    bench = Bench()
    failed = {
        step: bad(asyncio.run(bench.play(step)))[0]["text"]
        for step in ("bluefield_config", "gpu_driver", "fabric_manager", "peermem")
    }
    assert "comes with the package mft" in failed["bluefield_config"]
    assert "ofed_info" in failed["gpu_driver"]
    assert "restart the host" in failed["fabric_manager"]
    assert "nvidia_peermem" in failed["peermem"]


def test_another_machine_is_not_changed():
    """A play goes on on a machine with another service tag."""
    bench = Bench()
    bench.told["rackwright"]["service_tag"] = "OTHER"
    events = asyncio.run(bench.play())
    assert "compare nodes.csv" in bad(events)[0]["text"]
    assert changed(events) == []


def test_a_package_that_cannot_be_installed_stops_the_host():
    """A refused package is passed over."""
    bench = Bench()
    bench.system.refused["nvidia-driver-*"] = "E: nvidia-driver-570-open : Depends: but it is not going to be installed"
    asyncio.run(bench.play(*bench.stack.stages[0].steps))
    bench.restart()
    events = asyncio.run(bench.play(*bench.stack.stages[1].steps))
    assert (bad(events)[0]["role"], events[-1]["bad"]) == ("gpu_driver", ["gpu01"])
    assert "nvidia-driver-570-open" not in bench.system.disk.packages


def test_an_unknown_role_is_refused():
    """A role without a row counts as done."""
    assert "does not know this role" in bad(asyncio.run(Bench().play("bcm_agent")))[0]["text"]


def test_every_fault_of_a_host_is_told_in_the_docs():
    """A fault can be set and no page says so."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "twin.md").read_text(encoding="utf-8")
    assert [kind for kind in FAULTS if f"| `{kind}` |" not in text] == []
    assert [operation for operation in OPERATIONS if f"`{operation}`" not in text] == []
