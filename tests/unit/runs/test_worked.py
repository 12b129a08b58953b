"""Which devices runs have worked on since a time."""

from rackwright import runs
from rackwright.runs.folder import RunFolder
from rackwright.runs.model import Graph, Task, Wave

LONG_AGO, FAR = "2020-01-01T00:00:00+00:00", "2099-01-01T00:00:00+00:00"


def run(state, *ends, graph=None, twin=False):
    """Leave a run of three devices that told how some of them ended."""
    record = {"program": "p", "version": "1", "engine": "1", "jobs": 1, "twin": twin}
    waves = (Wave("one", ("a", "b", "c")),)
    folder = RunFolder.made(state, b"{}", graph, **record, **({} if graph else {"waves": waves}))
    for subject, kind, text in ends:
        folder.events().tell(kind, text, subject)
    return folder.run


def test_a_push_has_worked_on_whom_it_changed(tmp_path):
    """One that was left as it was did not flap for our sake; one that was cut off in a step may have."""
    begun = run(tmp_path, ("a", "device", "done"), ("b", "device", "unchanged"), ("c", "step", "to planned"))
    assert {name: which for name, (_, which) in runs.worked(tmp_path, LONG_AGO, twin=False).items()} == {
        "a": begun,
        "c": begun,
    }
    assert runs.worked(tmp_path, FAR, twin=False) == {}
    assert runs.worked(tmp_path, LONG_AGO, twin=True) == {}
    assert set(runs.worked(tmp_path, "", twin=False)) == {"a", "c"}


def test_a_bring_up_has_worked_on_all_of_its_devices(tmp_path):
    """A blink takes ports down for a task that is none of theirs."""
    tasks = tuple(Task(name=f"accept/{name}", stage="accept", device=name) for name in "ab")
    run(tmp_path, ("cabling/blink", "task", "unchanged"), graph=Graph(tasks=tasks))
    assert set(runs.worked(tmp_path, LONG_AGO, twin=False)) == {"a", "b"}


def test_the_latest_run_is_named(tmp_path):
    """Who reads it looks it up there."""
    run(tmp_path, ("a", "device", "done"))
    latest = run(tmp_path, ("a", "device", "failed"))
    assert runs.worked(tmp_path, LONG_AGO, twin=False)["a"][1] == latest
