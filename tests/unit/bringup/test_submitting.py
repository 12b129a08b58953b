"""What is looked at before a bring-up begins beside a run that was cut off."""

from types import SimpleNamespace

import pytest

from rackwright.bringup import submitting
from rackwright.drivers.nvue.model import Confirm
from rackwright.runs.unsettled import Left


@pytest.mark.parametrize(("device", "step", "said"), [
    ("fe01", "to planned", "an apply waits there to be confirmed, and goes back by itself in 7 s"),
    ("mgmt01", "restart ac", "nobody knows whether mgmt01 is through with it"),
    ("mgmt01", "read", ""),
])  # fmt: skip
def test_a_switch_is_asked_and_a_server_is_not(monkeypatch, device, step, said):
    """Both may be left by one bring-up; only a switch can show that it is through."""
    session = SimpleNamespace(confirmation=lambda: Confirm(state="waiting", left_s=7.0), close=lambda: None)
    way = SimpleNamespace(state=None, clock=SimpleNamespace(), twin=True, beside=lambda _device: session)
    world = SimpleNamespace(way=way, switches={"fe01": None})
    monkeypatch.setattr(submitting, "_hidden", lambda *_: ())
    looks = submitting._engine(world, None, None, (), 1)._unsettled
    assert looks(Left("r", "bringup", device, step, "2026-11-28T00:00:00Z")).startswith(said)
    assert bool(looks(Left("r", "bringup", device, step, "2026-11-28T00:00:00Z"))) is bool(said)
