"""What ``push --only bmc`` does last: lockdown, of the servers that were pushed, and of no others."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from rackwright.cli import renewing, servers
from rackwright.cli.renewing import Consent
from rackwright.cli.settling import Settling
from rackwright.cli.talk import Talk
from rackwright.diff.bmc.model import BiosState
from rackwright.diff.bmc.settings import LOCKDOWN, SettingChange, Settings
from rackwright.plan.controllers import BmcSettings
from rackwright.push.basis import Basis
from rackwright.push.bmc import submitting
from rackwright.push.bmc.changeset import Changeset, ServerChanges, Unread
from rackwright.push.bmc.model import Step, Way
from rackwright.runs.model import Outcome, Report

NAMES = ("gpu01", "gpu02", "gpu03")
ON = SettingChange("lock", LOCKDOWN, "Disabled", "Enabled")
NTP = SettingChange("attribute", "NTPConfigGroup.1.NTP1", "", "10.0.0.1")
RESTART = Step(kind="restart", group=1, activation="host-reboot")


def server(name, *changes, steps=()):
    return ServerChanges(
        device=name, model="xe9680", bios=BiosState(profile="p"), way=Way(machine=name, steps=steps),
        settings=Settings(changes=changes),
    )  # fmt: skip


def report(**states):
    outcomes = {name: Outcome(subject=name, state=state, stage="", cause="") for name, state in states.items()}
    state = "done" if set(states.values()) <= {"done", "unchanged"} else "failed"
    return Report(run="1", program="push-bmc", state=state, outcomes=outcomes, gates={})


@pytest.fixture
def rack(monkeypatch):
    """Return a rack whose BMCs are to be locked, and what was asked of it."""
    wanted = {name: BmcSettings(lockdown=True) for name in NAMES}
    way = SimpleNamespace(
        database=None,
        state=Path("/nowhere"),
        jobs=4,
        bmcs=dict.fromkeys(NAMES),
        bmcs_astray={"gpu04": "it has no address"},
    )
    devices = [SimpleNamespace(name=name, role="server", roles=()) for name in NAMES]
    plan = SimpleNamespace(name="lab", digest="1", devices=devices)
    found = SimpleNamespace(
        aim=SimpleNamespace(settling=Settling(wanted), way=way, plan=plan, basis=Basis),
        servers=[server(name, ON) for name in NAMES], read=[], made=[], pushed=[], refusing={}, report=report(gpu01="done"),
    )  # fmt: skip
    found.aim.machines = dict.fromkeys((*NAMES, "gpu04"))

    def surveyed(_talk, _aim, names):
        found.read += names
        return {one.device: one for one in found.servers if one.device in names}

    def settled(_talk, _way, changeset, _settling, part, _watch):
        found.made += [f"{part} {one.device}" for one in changeset.servers if one.settings.changes]
        meant = {one.device for one in changeset.servers}
        return {name: outcome for name, outcome in found.refusing.get(part, {}).items() if name in meant}

    def run(_talk, _aim, changeset, _consent):
        found.pushed += [one.device for one in changeset.servers]
        return found.report

    monkeypatch.setattr(servers, "_surveyed", surveyed)
    monkeypatch.setattr(renewing, "settled", settled)
    monkeypatch.setattr(renewing, "_run", run)
    monkeypatch.setattr(renewing, "refuse_narrower", lambda *_: None)
    monkeypatch.setattr(submitting, "interrupted", lambda *_: "1")
    monkeypatch.setattr(submitting, "resume", lambda *_, **__: found.report)
    return found


def test_a_resumed_push_locks_nobody_else(rack):
    """The push that was cut off was about one server: of the others nothing was shown, and nobody agreed to it."""
    answer = renewing.renewed(Talk(), rack.aim, Consent(resume=True))
    assert (rack.read, rack.made) == (["gpu01"], ["last gpu01"])
    assert (answer.code, len(answer.data["devices"])) == (0, 1)


def test_a_resumed_push_is_not_done_where_nobody_knows_whether_it_is_locked(rack):
    """The BMC does not answer any more when lockdown is due."""
    rack.servers = [Unread("gpu01", "no route")]
    rack.aim.way.bmcs_astray = {}
    answer = renewing.renewed(Talk(), rack.aim, Consent(resume=True))
    assert (answer.code, [one["cause"] for one in answer.data["devices"]]) == (1, ["no route"])


def test_a_server_that_fails_is_not_locked_and_the_others_are(rack, capsys):
    """One server failed, so that nobody was locked, without a word, and who had only that before it was told as done."""
    rack.servers = [server("gpu01", ON, steps=(RESTART,)), server("gpu02", ON), server("gpu03", NTP, ON)]
    rack.report = report(gpu01="failed", gpu02="unchanged", gpu03="unchanged")
    answer = renewing.renewed(Talk(), rack.aim, Consent(yes=True, disruption=True))
    assert rack.made == ["first gpu01", "first gpu02", "first gpu03", "last gpu02", "last gpu03"]
    states = {one["subject"]: one["state"] for one in answer.data["devices"]}
    assert states == {"gpu01": "failed", "gpu02": "done", "gpu03": "done", "gpu04": "failed"}
    assert "gpu01: lockdown is not on: it comes last" in capsys.readouterr().err


def test_a_bmc_that_refuses_a_setting_stops_nobody_else(rack, capsys):
    """One of a rack refuses its time server: no other got its firmware. Of itself nothing else is done."""
    rack.servers = [server("gpu01", NTP, steps=(RESTART,)), server("gpu02", NTP, ON, steps=(RESTART,)), server("gpu03")]
    rack.refusing = {"first": {"gpu01": Outcome(subject="gpu01", state="failed", stage="set", cause="SYS426")}}
    rack.report = report(gpu02="done", gpu03="unchanged")
    answer = renewing.renewed(Talk(), rack.aim, Consent(yes=True, disruption=True))
    assert rack.pushed == ["gpu02", "gpu03"]
    assert rack.made[-1] == "last gpu02"
    causes = {one["subject"]: (one["state"], one["cause"]) for one in answer.data["devices"]}
    assert (answer.code, causes["gpu01"], causes["gpu02"][0]) == (1, ("failed", "SYS426"), "done")
    assert "lockdown is not on" not in capsys.readouterr().err


def test_a_locked_server_is_left_out_and_stops_nobody(rack):
    """It went ahead of the others, failed at its lockdown, and no other was begun."""
    rack.servers = [server("gpu01", steps=(RESTART,)), server("gpu02", steps=(RESTART,)), server("gpu03")]
    rack.servers[0] = msgspec.structs.replace(rack.servers[0], settings=Settings(problems=("locked",), locked=True))
    rack.report = report(gpu02="done")
    answer = renewing.renewed(Talk(), rack.aim, Consent(yes=True, disruption=True))
    assert rack.pushed == ["gpu02", "gpu03"]
    states = {one["subject"]: one["state"] for one in answer.data["devices"]}
    assert states == {"gpu01": "failed", "gpu02": "done", "gpu03": "unchanged", "gpu04": "failed"}


def test_who_could_not_be_locked_is_told(rack, capsys):
    """The BMC refuses lockdown itself; a push that is stopped locks nobody."""
    rack.servers = [server("gpu01", ON), server("gpu02", ON)]
    rack.refusing = {"last": {"gpu01": Outcome(subject="gpu01", state="failed", stage="set", cause="no licence")}}
    rack.report = None
    answer = renewing.renewed(Talk(), rack.aim, Consent(yes=True))
    states = {one["subject"]: one["state"] for one in answer.data["devices"]}
    assert (states["gpu01"], states["gpu02"]) == ("failed", "done")
    assert "gpu01: lockdown is not on" in capsys.readouterr().err
    rack.made, rack.report = [], msgspec.structs.replace(report(gpu01="cancelled"), state="cancelled")
    renewing.renewed(Talk(), rack.aim, Consent(yes=True))
    assert rack.made == ["first gpu01", "first gpu02"]
    assert "gpu01, gpu02: lockdown is not on" in capsys.readouterr().err


def test_who_stops_a_push_at_its_settings_gets_no_firmware(rack, capsys):
    """Ctrl-C while BMCs are set: those that were set by then went on to their firmware and restarts."""
    rack.servers = [server("gpu01", NTP, steps=(RESTART,)), server("gpu02", NTP, ON), server("gpu03", NTP)]
    rack.refusing = {"first": {"gpu02": Outcome(subject="gpu02", state="cancelled", stage="", cause="stopped")}}
    answer = renewing.renewed(Talk(), rack.aim, Consent(yes=True, disruption=True))
    assert (rack.pushed, rack.made) == ([], ["first gpu01", "first gpu02", "first gpu03"])
    states = {one["subject"]: one["state"] for one in answer.data["devices"]}
    assert states == {"gpu01": "cancelled", "gpu02": "cancelled", "gpu03": "done", "gpu04": "failed"}
    assert "gpu02: lockdown is not on" in capsys.readouterr().err


def test_a_reviewed_changeset_is_not_failed_by_who_is_not_in_it(rack):
    """A BMC without an address, of which the changeset says nothing, is none of its business."""
    found = servers.compared(Talk(), rack.aim, ["gpu01"])
    assert isinstance(found, Changeset)
    assert found.unread == ()
    assert [one.device for one in servers.compared(Talk(), rack.aim).unread] == ["gpu04"]
