"""What a run keeps from others beside its own devices: those that must not be worked on while these are."""

import pytest

from rackwright import runs
from rackwright.errors import RunBusy
from rackwright.runs.folder import RunFolder
from tests.unit.runs.toy import Toy, lines, order

ONE, OTHER, THIRD = (order(("one", [name])) for name in ("fe01", "fe02", "be01"))


@pytest.fixture
def first(site, process):
    """Return a process that is in its first step of fe01, beside which fe02 must not be worked on."""
    gate = str(site / "gate")
    process = process("run", order=ONE.decode(), apart=["fe02"], wait=gate, lease_s=3600)
    process.until((site / "gate.reached").exists)
    return process


@pytest.mark.parametrize(("apart", "why"), [
    (["fe01"], "works on fe01, which must not be worked on beside what is meant here; it is held by"),
    ({"is of the other half": ("fe01",)}, "works on fe01, which is of the other half; it is held by"),
    ([], "works on what fe02 may not change beside: fe02 must not be worked on beside what is meant here; it is held by"),
])  # fmt: skip
def test_what_a_living_run_must_not_have_beside_it_is_refused(site, first, apart, why):
    """Two runs of one site never have both members of a pair in hand: the second one is told of the first, and begins when that ended."""
    run = runs.latest(site / "s", "toy").run
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy]) as engine:
        with pytest.raises(
            RunBusy,
            match=rf"run {run} {why} pid {first.popen.pid} .*: wait for it, or press Ctrl-C",
        ):
            engine.run("toy", OTHER, apart=apart)
        assert toy.started == []
        # Nobody stands in for the third.
        assert engine.run("toy", THIRD).state == "done"
        (site / "gate").touch()
        assert first.said() == "done"
        assert engine.run("toy", OTHER, apart=apart).state == "done"


def test_a_killed_run_holds_nobody_and_goes_on_alone(site, first, process):
    """What was killed is not waited for; it is gone on with, by a resume or a worker, when nobody works beside it any more."""
    run = runs.latest(site / "s", "toy").run
    first.kill()
    second = process("run", order=OTHER.decode(), apart=["fe01"], wait=str(site / "two"), lease_s=3600)
    second.until((site / "two.reached").exists)
    toy = Toy(site / "world")
    with runs.opened(site / "s", programs=[toy]) as engine:
        with pytest.raises(RunBusy, match=f"works on fe02, .* is held by pid {second.popen.pid} "):
            engine.resume(run)
        assert not engine._wants_help(RunFolder.found(site / "s", run))
        (site / "two").touch()
        assert second.said() == "done"
        assert engine._wants_help(RunFolder.found(site / "s", run))
        assert engine.resume(run).state == "done"
    assert {line.split()[0] for line in lines(site / "world/log")} == {"fe01", "fe02"}
