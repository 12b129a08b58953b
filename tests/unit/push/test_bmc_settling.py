"""Settings as a run makes them: look, make what was shown, look again."""

from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from rackwright.diff.bmc.settings import LOCKDOWN, settings_changes
from rackwright.errors import SecretUnresolved
from rackwright.plan.controllers import BmcSettings
from rackwright.push.bmc.settling import Settle, SettlingOrder, Target, compared, submit_settings
from rackwright.runs.model import Outcome, Wave
from tests.unit.push.bmcs import ATTRIBUTES, Box, Way

OLD, NEW = "as-delivered-1", "of-the-site-2"
WANTED = BmcSettings(ntp=("10.0.0.1",), timezone="UTC", lockdown=True)
FRESH = {
    "NTPConfigGroup.1.NTPEnable": "Disabled", "NTPConfigGroup.1.NTP1": "", "NTPConfigGroup.1.NTP2": "",
    "NTPConfigGroup.1.NTP3": "", "Time.1.Timezone": "CST6CDT", LOCKDOWN: "Disabled",
}  # fmt: skip


class Context:
    """Does each step at once."""

    folder = Path("/nowhere")

    def step(self, name, work):
        return msgspec.json.decode(msgspec.json.encode(work()))

    def cancelled(self):
        return False


@pytest.fixture
def way():
    return Way(Box(attributes=dict(FRESH)), {"bmc": NEW, "bmc_factory": OLD})


def order(way, part="first", wanted=WANTED, factory=True, work=False, **rest):
    told = {ATTRIBUTES: {"Attributes": dict(way.box.attributes)}}
    changes = compared(told, wanted, way, factory=factory, work=work, **rest)
    target = Target(device="gpu01", wanted=wanted, changes=changes.changes)
    return msgspec.json.encode(SettlingOrder(site="lab", targets=(target,), part=part, **rest))


def test_first_then_last(way):
    """A run leaves a setting out, locks too early, or makes a second time what is so already."""
    settle, first, last = Settle(way), order(way), order(way, "last")
    outcome = settle.device(Context(), first, "gpu01")
    assert (outcome.state, len(outcome.detail["made"])) == ("done", 4)
    assert way.box.attributes[LOCKDOWN] == "Disabled"
    assert settle.device(Context(), first, "gpu01").state == "unchanged"
    assert settle.device(Context(), last, "gpu01").state == "done"
    assert way.box.attributes[LOCKDOWN] == "Enabled"
    assert way.box.password == NEW
    assert way.box.sessions == 0
    again = settings_changes({ATTRIBUTES: {"Attributes": way.box.attributes}}, WANTED)
    assert (again.changes, again.problems) == ((), ())
    assert not any(secret in str(outcome) for secret in (OLD, NEW))


def test_only_what_was_shown(way):
    """What has become wrong since it was shown is changed all the same."""
    way.box.attributes |= {"Time.1.Timezone": "UTC"}
    shown = order(way)
    way.box.attributes |= {"Time.1.Timezone": "EST5EDT"}
    Settle(way).device(Context(), shown, "gpu01")
    assert way.box.attributes["Time.1.Timezone"] == "EST5EDT"
    assert way.box.attributes["NTPConfigGroup.1.NTP1"] == "10.0.0.1"


def test_another_machine(way, monkeypatch):
    """Another machine than the planned one is given this one's settings and password."""
    from rackwright.redfish import reading

    monkeypatch.setattr(reading, "marks", lambda _resources: SimpleNamespace(service_tag="OTHER1"))
    target = Target(
        device="gpu01",
        tag="RIGHT01",
        wanted=WANTED,
        changes=msgspec.json.decode(order(way), type=SettlingOrder).targets[0].changes,
    )
    outcome = Settle(way).device(Context(), msgspec.json.encode(SettlingOrder(site="lab", targets=(target,))), "gpu01")
    assert outcome.state == "failed"
    assert "OTHER1 answers where RIGHT01 is planned" in outcome.cause
    assert (way.box.password, way.box.said, way.box.sessions) == (OLD, [], 0)


def test_locked_since(way):
    """A BMC that was locked since it was shown is unlocked without a word."""
    shown = order(way)
    way.box.attributes[LOCKDOWN] = "Enabled"
    outcome = Settle(way).device(Context(), shown, "gpu01")
    assert outcome.state == "failed"
    assert "lockdown is on" in outcome.cause
    assert way.box.said == []


def test_lifted(way):
    """Lockdown that may be lifted for a push stays in the way, or off at the end."""
    way.box.password = NEW
    way.box.attributes[LOCKDOWN] = "Enabled"
    first, last = (order(way, part, factory=False, lift=True) for part in ("first", "last"))
    settle = Settle(way)
    assert settle.device(Context(), first, "gpu01").state == "done"
    assert settle.device(Context(), last, "gpu01").state == "done"
    assert way.box.attributes[LOCKDOWN] == "Enabled"
    assert way.box.attributes["Time.1.Timezone"] == "UTC"


def test_lifted_for_firmware_alone(way):
    """All settings are right, so that lockdown is not lifted although it was shown."""
    wanted = BmcSettings(lockdown=True)
    way.box.password = NEW
    way.box.attributes[LOCKDOWN] = "Enabled"
    first = order(way, wanted=wanted, factory=False, lift=True, work=True)
    assert Settle(way).device(Context(), first, "gpu01").detail["made"] == [f"~ {LOCKDOWN}: Enabled -> Disabled"]
    assert way.box.attributes[LOCKDOWN] == "Disabled"


def test_a_failure_says_how_far_it_came(way):
    """A refusal has no cause, no remedy, or leaves a session behind."""
    way.box.deaf = {"Time.1.Timezone"}
    outcome = Settle(way).device(Context(), order(way), "gpu01")
    assert (outcome.state, outcome.stage) == ("failed", "set")
    assert "Time.1.Timezone" in outcome.cause
    assert outcome.remedy
    assert way.box.sessions == 0


def test_the_one_ahead(way):
    """A rack is given a password that the first BMC would not take."""
    settle = Settle(way)
    many = SettlingOrder(site="lab", targets=tuple(Target(device=name, wanted=WANTED) for name in ("a", "b", "c")))
    (wave,) = settle.waves(msgspec.json.encode(many))
    assert wave == Wave("settings first", ("a", "b", "c"), "a")
    bad = {"a": Outcome(subject="a", state="failed", cause="no")}
    assert settle.gate(Context(), b"", wave, bad).state == "failed"
    good = {"a": Outcome(subject="a", state="done"), "b": Outcome(subject="b", state="failed")}
    assert settle.gate(Context(), b"", wave, good).state == "done"


def test_nothing_to_do_and_missing_secrets(way):
    """An empty order opens the engine, or a missing secret is told after the first change."""
    empty = SettlingOrder(site="lab", targets=(Target(device="gpu01", wanted=WANTED),))
    assert submit_settings(empty, way, jobs=1) is None
    del way.secrets["bmc"]
    with pytest.raises(SecretUnresolved):
        submit_settings(msgspec.json.decode(order(way), type=SettlingOrder), way, jobs=1)
