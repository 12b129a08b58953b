"""``diff`` and ``push`` with ``--only host``: what they show, what they refuse, and how they end."""

from __future__ import annotations

import json

import pytest

from rackwright.drivers.hosts.model import Change, HostFacts, HostResult, Played, Said
from rackwright.drivers.reach import Reach
from rackwright.push.hosts import submitting


class Fleet:
    """Hosts in memory behind ``Reach``: what is played is remembered, and a reboot is a number."""

    def __init__(self):
        self.boots: dict[str, int] = {}
        self.done: dict[str, set[str]] = {}
        self.noted: dict[str, int] = {}
        self.plays: list[tuple[tuple[str, ...], bool]] = []
        self.tags: dict[str, str] = {}

    def host(self, device):
        return _Session(self, device)

    def play(self, play, *, heard=None, ask=None):
        proof = play.playbook.name == "verify.yml"
        self.plays.append((tuple(target.name for target in play.targets), play.check))
        return Played(status="successful", hosts={one.name: self._played(one, play, proof) for one in play.targets})

    def _played(self, target, play, proof):
        done = self.done.setdefault(target.name, set())
        new = [] if proof else [step for step in target.steps if step not in done]
        if not play.check and not proof:
            done.update(new)
            if {"kernel", "ofed", "gpu_driver"} & set(new):
                self.noted[target.name] = self.boots.get(target.name, 1)
        changes = tuple(Change(role=step, task=f"Bring {step}", difference="+ a line") for step in new)
        return HostResult(
            host=target.name, state="changed" if new else "ok", changes=changes, roles=target.steps, done=target.steps
        )


class _Session:
    def __init__(self, fleet, device):
        self.fleet, self.device = fleet, device

    def facts(self):
        boot = self.fleet.boots.setdefault(self.device, 1)
        noted = self.fleet.noted.get(self.device) == boot
        return HostFacts(
            hostname=self.device,
            boot_id=f"b{boot}",
            restart_due=noted,
            service_tag=self.fleet.tags.get(self.device, ""),
        )

    def restart(self):
        self.fleet.boots[self.device] += 1

    def run(self, command, *, sudo=False, limit_s=0):
        return Said(tuple(command), 0, "", "")

    def close(self):
        pass


class Power:
    """A BMC whose power cycle is a boot."""

    def __init__(self, fleet, device):
        self.fleet, self.device, self.state = fleet, device, "On"

    def power(self):
        return self.state

    def reset(self, kind):
        if kind == "On":
            self.fleet.boots[self.device] += 1
        self.state = "On" if kind == "On" else "Off"

    def close(self):
        pass


@pytest.fixture
def fleet(monkeypatch):
    """Put hosts in memory where ``Reach`` would go to the network."""
    made = Fleet()
    monkeypatch.setattr(Reach, "host", lambda _self, device, **_: made.host(device))
    monkeypatch.setattr(Reach, "play", lambda _self, play, heard=None, ask=None: made.play(play, heard=heard))
    monkeypatch.setattr(Reach, "bmc", lambda _self, device, **_: Power(made, device))
    return made


def test_it_tells_what_a_push_would_do_and_keeps_it(rackwright, site, fleet, tmp_path):
    """Hosts that change alike are printed once; nothing is changed; exit code 3, and 0 where nothing differs."""
    out = tmp_path / "changes.json"
    result = rackwright("diff", site, "--against", "running", "--only", "host", "--limit", "gpu*", "-o", out)
    assert result.exit_code == 3, result.stderr
    assert "4 hosts alike: gpu01, gpu02, gpu03, gpu04 (" in result.stdout
    assert "~ ofed: Bring ofed" in result.stdout
    assert "4 hosts of 4 differ, at most 8 restarts" in result.stderr
    assert all(check for _, check in fleet.plays)
    assert json.loads(out.read_text())["domain"] == "host"
    for name in ("gpu01", "gpu02", "gpu03", "gpu04"):
        fleet.done[name] = {"preflight"} | {
            change["role"] for change in json.loads(out.read_text())["hosts"][0]["changes"]
        }
    assert rackwright("diff", site, "--against", "running", "--only", "host", "--limit", "gpu*").exit_code == 0


def test_firmware_that_nobody_named_is_said_before_a_restart(rackwright, site, fleet):
    """A push would get as far as the firmware, behind a restart, and end there for want of an image; where one is named nothing is said."""
    words = ("diff", site, "--against", "running", "--only", "host", "--limit", "gpu*")
    told = rackwright(*words).stderr
    assert "gpu01, gpu02, gpu03, gpu04: no firmware image is named" in told
    assert "no image of that in /var/lib/rackwright/firmware, its host ends there" in told
    (site / "fw").mkdir()
    text = (site / "site.yaml").read_text(encoding="utf-8")
    (site / "site.yaml").write_text(text.replace("hosts: {", "hosts: {bluefield: {image: fw}, ", 1), encoding="utf-8")
    assert "firmware image" not in rackwright(*words).stderr
    assert fleet.plays


def test_it_asks_before_it_changes_and_again_before_it_restarts(rackwright, site, fleet):
    """Without --yes nothing is pushed, and without --allow-disruption nothing that restarts hosts."""
    words = ("push", site, "--only", "host", "--limit", "gpu01")
    asked = rackwright(*words)
    assert asked.exit_code == 3
    assert "nothing was pushed" in asked.stderr
    refused = rackwright(*words, "--yes")
    assert refused.exit_code == 1
    assert "--allow-disruption" in refused.stderr
    assert fleet.done.get("gpu01") == set()
    wrong = rackwright(*words, "--factory-login")
    assert (wrong.exit_code, "goes with --only bmc" in wrong.stderr) == (2, True)


@pytest.mark.slow
def test_a_push_brings_every_host_to_the_end_through_the_engine(rackwright, site, fleet):
    """Plays are shared, each host is restarted as its stages ask, and told as done; a second push finds nothing."""
    words = ("push", site, "--only", "host", "--limit", "gpu*", "--yes", "--allow-disruption")
    result = rackwright(*words)
    assert result.exit_code == 0, result.stdout + result.stderr
    assert {fleet.boots[name] for name in fleet.boots} == {3}
    assert max(len(names) for names, _ in fleet.plays) == 4
    assert "gpu04" in result.stdout
    again = rackwright(*words)
    assert again.exit_code == 0
    assert "no difference" in again.stderr
    assert {fleet.boots[name] for name in fleet.boots} == {3}
    assert submitting.interrupted(site / ".rackwright") == ""
    resumed = rackwright("push", site, "--only", "host", "--resume")
    assert "no push to hosts was cut off" in resumed.stderr


@pytest.mark.slow
def test_who_cannot_be_read_is_told_and_another_machine_is_not_touched(rackwright, site, fleet, monkeypatch):
    """A host with another service tag ends in an error with its remedy, the others are pushed to."""
    fleet.tags["gpu02"] = "OTHER99"
    result = rackwright("push", site, "--only", "host", "--limit", "gpu0[12]", "--yes", "--allow-disruption")
    assert result.exit_code == 1
    assert "service tag OTHER99 answers" in result.stdout + result.stderr
    assert fleet.boots["gpu01"] == 3
    assert "gpu02" not in fleet.done


def test_without_a_key_nobody_is_asked(rackwright, site):
    """A host is logged in to with a key or an agent; the password of the switches is not tried."""
    result = rackwright(
        "diff", site, "--against", "running", "--only", "host", "--limit", "gpu01", SSH_AUTH_SOCK="",
        RACKWRIGHT_SECRET_SWITCH_PASSWORD="not-for-hosts",
    )  # fmt: skip
    assert result.exit_code == 1
    assert "--identity" in result.stderr
