"""A host that a killed push left off is switched on by the next one, and one that is meant to be off is not."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from rackwright.errors import Unreachable
from rackwright.push.bmc.darkness import cutting, dark_since, lit
from rackwright.push.bmc.model import Way
from rackwright.report.foresights import _server as foreseen
from rackwright.report.servers import server_lines
from rackwright.runs.folder import RunFolder
from tests.unit.push.fake import Killed, Moments
from tests.unit.push_bmc.cases import Bench
from tests.unit.push_bmc.fake import BIOS, CPLD
from tests.unit.push_bmc.test_bmc_changeset import changeset, server


def begun(state, *, twin=True):
    """Return the folder of a new run of a site."""
    return RunFolder.made(state, b"order", program="push-bmc", version="1", engine="1", jobs=1, twin=twin)


class Site(Bench):
    """The server of a site, whose runs lie side by side."""

    def __init__(self, folder, *what, **more):
        super().__init__(folder, what, **more)
        self.state = folder / ".rackwright"

    def life(self, moments=None):
        """Work on the server in a run of its own."""
        self.entries, self.folder = {}, begun(self.state).path
        return super().life(moments)

    def dark(self):
        return dark_since(self.state, "gpu01", power=self.server.power, twin=True)

    def anew(self):
        """Push once more, with nothing to do but what was left."""
        dark, off = self.dark(), self.server.power == "Off"
        one = replace(self.order.servers[0], way=Way(machine="gpu01"), parts=(), bios={}, dark=dark, left_off=off)
        self.order = replace(self.order, servers=(replace(one, left_off=off and bool(dark)),))
        return self.life()


@pytest.fixture(autouse=True)
def _in_its_run(monkeypatch):
    """Have the journal of a life lie in the folder of its run, as the engine has it."""
    from tests.unit.push_bmc import cases

    class InRun(cases.Journal):
        def __init__(self, folder, *args):
            super().__init__(folder.parent, *args)

    monkeypatch.setattr(cases, "Journal", InRun)


@pytest.mark.parametrize("event", ["cycle", "ac"])
def test_killed_anywhere_in_a_power_cycle_the_host_is_on_after_a_new_push(tmp_path, event):
    """Resume is one way, a new push another: neither leaves a host off that was on, whatever is left to be done."""

    def made(name):
        (tmp_path / name).mkdir()
        site = Site(tmp_path / name, CPLD, cpld_at="reset")
        site.order = replace(site.order, events={**site.order.events, "ac-cycle": event})
        return site

    count = made("count")
    moments = Moments()
    count.life(moments)
    off = 0
    for number, name in enumerate(moments.names, 1):
        site = made(str(number))
        with pytest.raises(Killed):
            site.life(Moments(number))
        # What was asked for goes on; then somebody empties the queue.
        site.clock.sleep(1000)
        site.server.tick()
        site.server.jobs.clear()
        site.server.moments = Moments()
        off += site.server.power == "Off"
        outcome = site.anew()
        assert outcome.state in ("done", "unchanged"), (name, outcome)
        assert site.server.power == "On", name
        assert site.dark() == () or outcome.state == "unchanged"
    assert off > 3


def test_one_that_is_meant_to_be_off_is_left_off(tmp_path):
    """It was off before the power cycle: no mark says that we did it, and it is off again."""
    site = Site(tmp_path, CPLD)
    site.server.power = "Off"
    assert site.life().state == "done"
    assert site.server.power == "Off"
    assert site.dark() == ()
    site.anew()
    assert site.server.power == "Off"


def test_one_that_nobody_could_look_at_any_more_is_switched_on_by_the_next_push(tmp_path):
    """The run ended and said that it may be off: the next one need not be told."""
    site = Site(tmp_path, CPLD)
    plain = site.server.reachable

    def gone():
        if site.server.power == "Off":
            raise Unreachable("no route", device="gpu01")
        plain()

    site.server.reachable = gone
    outcome = site.life()
    assert (outcome.state, "may be off" in outcome.cause) == ("failed", True)
    site.server.reachable = plain
    site.server.jobs.clear()
    assert len(site.dark()) == 1
    assert site.anew().state == "done"
    assert site.server.power == "On"
    assert site.dark() == ()


def test_the_work_ahead_is_done_and_the_host_is_on(tmp_path):
    """With steps before it a host that we left off is on in the end, not off again."""
    site = Site(tmp_path, BIOS)
    cutting(begun(site.state).path, "gpu01")
    site.server.power = "Off"
    site.order = replace(site.order, servers=(replace(site.order.servers[0], dark=site.dark()),))
    assert site.life().state == "done"
    assert (site.server.power, site.dark()) == ("On", ())
    assert any("off since run" in text for text, _ in site.journal.events)


def test_a_mark_says_nothing_once_the_host_was_seen_on(tmp_path):
    """Whoever switched it on; but not while it may still go down by what it was told. The other rack has marks of its own."""
    first, other = begun(tmp_path), begun(tmp_path, twin=False)
    cutting(first.path, "gpu01")
    cutting(other.path, "gpu01")

    def asked(power):
        return dark_since(tmp_path, "gpu01", power=power, twin=True)

    assert asked("Off") == asked("On") == (first.run,)
    assert dark_since(tmp_path, "gpu02", power="Off", twin=True) == ()
    os.utime(first.path / "dark" / "gpu01", (1, 1))
    assert asked("Off") == (first.run,)
    assert asked("On") == asked("Off") == ()
    assert dark_since(tmp_path, "gpu01", power="Off", twin=False) == (other.run,)
    lit(first.path, "gpu01", (other.run,))
    assert dark_since(tmp_path, "gpu01", power="Off", twin=False) == ()


def test_a_server_that_is_only_off_has_something_before_it(tmp_path):
    """An operator is shown that it is switched on, and by whose doing it is off; one that is on is no change."""
    left = server(old="Enabled", dark=("run-7", "run-6"), off=True)
    assert changeset(left).changed == (left,)
    assert changeset(replace(left, off=False)).changed == ()
    assert "~ power: off since run run-7 was cut off while it had its power cut -> on" in list(
        server_lines(changeset(left))
    )
    assert foreseen(left).changes == "power on again"
