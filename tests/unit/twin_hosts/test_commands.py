"""What an emulated host prints, held against the audit's own checks, and how its shell reads a line."""

from __future__ import annotations

import asyncio
import shlex
from types import SimpleNamespace

import pytest

from rackwright.audit.hosts import collect, judge
from rackwright.drivers.hosts import ssh
from rackwright.drivers.hosts.model import Said
from rackwright.push.hosts import restarting
from rackwright.twin.hosts import scripts
from tests.unit.twin_hosts.hosts import Bench, site

ROOT = ("sudo", "-n", "--")


class Typed:
    """A session that types into an emulated host, as the driver does."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.unknown: list[str] = []

    def run(self, command, *, sudo=False, limit_s=0):
        words = (*(ROOT if sudo else ()), *command)
        result = scripts.run(self.bench.desk(root=False), shlex.join(words))
        if "not emulated" in result.err:
            self.unknown.append(shlex.join(command))
        return Said(tuple(command), result.code, result.out, result.err)


@pytest.fixture(scope="module")
def brought():
    made = Bench()
    asyncio.run(made.brought())
    return made


def findings(bench):
    plan, _, catalog = site()
    told = collect(Typed(bench), bench.wanted, catalog, clock=SimpleNamespace(now=lambda: 0.0))
    return list(judge({bench.name: bench.wanted}, {bench.name: told}, plan, catalog, names=[bench.name]))


def test_a_host_that_was_brought_up_has_nothing_wrong(brought):
    """The audit finds something wrong, or cannot read something, of a host that is as planned."""
    assert [one for one in findings(brought) if one.status in ("fail", "error")] == []


def test_every_question_of_an_audit_is_emulated(brought):
    """An audit asks what the twin does not know."""
    typed = Typed(brought)
    collect(typed, brought.wanted, site()[2], clock=SimpleNamespace(now=lambda: 0.0))
    assert typed.unknown == []


def test_a_fresh_host_is_told_from_one_that_was_brought_up():
    """The audit passes a host on which nothing was done."""
    wrong = {one.check for one in findings(Bench()) if one.status in ("fail", "error")}
    assert {"HOST-PACKAGES", "HOST-VERSIONS", "HOST-MODULES", "GPU-HEALTH", "HOST-PEERMEM", "HOST-SETTINGS"} <= wrong


def test_a_lost_gpu_is_missing_in_the_host_too(brought):
    """The BMC and the operating system of one machine tell of other GPUs."""
    bench = Bench()
    asyncio.run(bench.brought())
    bench.machine.hardware.gpus = bench.machine.hardware.gpus[:-1]
    told = {one.check: one for one in findings(bench) if one.status == "fail"}
    assert "7 GPUs, not 8" in told["GPU-HEALTH"].message


def test_the_drivers_facts_are_read():
    """The script of facts, which the driver sends, is not understood."""
    said = scripts.run(Bench().desk(root=False), shlex.join(["sh", "-c", ssh._FACTS]))
    told = dict(line.split("=", 1) for line in said.out.splitlines() if "=" in line)
    assert (told["hostname"], told["kernel"], told["tag"]) == ("gpu01", "6.8.0-51-generic", "BCYWXS4")
    assert told["marker"] == told["due"] == ""
    assert 'VERSION_ID="24.04"' in said.out


def test_the_drivers_restart_restarts_once():
    """The word that restarts a host is not understood, or restarts it twice."""
    bench = Bench()
    scripts.run(bench.desk(root=False), shlex.join(["sh", "-c", ssh._RESTART]))
    assert bench.again == ["restart"]


def test_adapters_are_reset_by_their_addresses(brought):
    """The script that resets adapters is not understood."""
    brought.again.clear()
    mac = brought.stack.bluefield.adapters[1].macs[0]
    script = restarting._RESET.format(macs=shlex.quote(mac))
    assert scripts.run(brought.desk(), shlex.join([*ROOT, "sh", "-c", script])).code == 0
    assert brought.again == [brought.stack.bluefield.adapters[1].name]


@pytest.mark.parametrize("line", ["frobnicate --all", "sh -c 'uname -r | sed s/6/7/'", "cat '"])
def test_what_is_not_known_is_refused(line):
    """A command that the twin does not know seems to succeed."""
    assert scripts.run(Bench().desk(), line).code != 0


def test_a_user_is_told_less_than_root():
    """What takes root is told to anybody."""
    desk = Bench().desk(root=False)
    assert scripts.run(desk, "dmidecode -s system-serial-number").code
    assert scripts.run(desk, "sudo -n dmidecode -s system-serial-number").out == "BCYWXS4\n"
