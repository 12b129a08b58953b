"""Which run can go on: the newest that was cut off, and nobody has come after it on its devices."""

from rackwright import runs
from tests.unit.runs.toy import Toy, order

ONE, OTHER = (order(("one", [name])) for name in ("fe01", "be01"))


def test_a_run_that_was_cut_off_is_found_behind_others_that_ended(site, process):
    """An operator pushes to another switch before he resumes: what was killed is not forgotten for it, only for a run over the same one."""
    state = site / "s"
    assert runs.cut_off(state, "toy") is None
    killed = process("run", order=ONE.decode(), wait=str(site / "gate"), lease_s=3600)
    killed.until((site / "gate.reached").exists)
    assert runs.cut_off(state, "toy") is None
    killed.kill()
    with runs.opened(state, programs=[Toy(site / "world")]) as engine:
        assert engine.run("toy", OTHER).state == "done"
        found = runs.cut_off(state, "toy")
        assert (found.state, runs.cut_off(state, "another")) == ("interrupted", None)
        assert engine.run("toy", ONE).state == "done"
    assert runs.cut_off(state, "toy") is None
    assert found.run < runs.latest(state, "toy").run


def test_a_run_that_lies_half_done_is_found_though_it_cannot_go_on(site, process):
    """A later run took one of its devices and ended: the other is as it was left, until somebody comes to it."""
    state = site / "s"
    assert runs.left_over(state, "toy") is None
    both = order(("one", ["fe01"]), ("two", ["fe02"]))
    killed = process("run", order=both.decode(), wait=str(site / "gate"), lease_s=3600)
    killed.until((site / "gate.reached").exists)
    killed.kill()
    cut_off = runs.cut_off(state, "toy").run
    assert runs.left_over(state, "toy") is None
    with runs.opened(state, programs=[Toy(site / "world")]) as engine:
        later = engine.run("toy", order(("one", ["fe02"]))).run
        found, by, rest = runs.left_over(state, "toy")
        assert (found.run, by, rest) == (cut_off, later, ("fe01",))
        assert runs.overtaken(state, "toy") is None
        engine.run("toy", ONE)
        assert runs.left_over(state, "toy") is None
