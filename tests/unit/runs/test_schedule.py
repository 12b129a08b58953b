"""Which task is next, without an engine: from the graph, what ended and what was commanded, and nothing else."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rackwright.errors import RunError
from rackwright.runs.model import GOOD, JOBS, Command, Graph, Outcome, Task
from rackwright.runs.schedule import Heard, Schedule, checked, takes


def task(name, *after, **fields) -> Task:
    stage, _, device = name.partition("/")
    return Task(name=name, **{"stage": stage, "device": device, "after": after, **fields})


def graph(*tasks, jobs=8, **limits) -> Graph:
    return checked(Graph(tasks=tasks, limits=limits), jobs)


def begun(schedule) -> list[str]:
    return [start.task.name for start in schedule.begin()[0]]


def end(schedule, *names, state="done", cause="") -> None:
    schedule.hears(Heard(ended=tuple(Outcome(subject=name, state=state, cause=cause) for name in names)))


def tell(schedule, kind, task="", **fields) -> None:
    schedule.hears(Heard(commands=(Command(kind=kind, task=task, who="ann", at="now", **fields),)))


def state_of(schedule) -> dict[str, str]:
    return {name: outcome.state for name, outcome in schedule.outcomes.items()}


def test_task_waits_for_what_must_be_good_and_for_what_must_have_ended():
    """A stage that begins before its devices are ready, or that hangs on every single one, stops a rack."""
    schedule = Schedule(
        graph(task("bmc/a"), task("bmc/b"), task("gate", settled=("bmc/a", "bmc/b")), task("os/a", "bmc/a", "gate"))
    )
    assert begun(schedule) == ["bmc/a", "bmc/b"]
    end(schedule, "bmc/b", state="failed", cause="no answer")
    assert begun(schedule) == []
    end(schedule, "bmc/a")
    assert begun(schedule) == ["gate"]
    assert {one.subject: one.state for one in schedule.running["gate"].before} == {"bmc/a": "done", "bmc/b": "failed"}
    end(schedule, "gate")
    assert begun(schedule) == ["os/a"]


def test_skipped_tasks_name_what_failed_first_however_far_back():
    """Who reads that accept was skipped wants to know of the cable, not of the stage between."""
    schedule = Schedule(
        graph(task("bmc/a"), task("os/a", "bmc/a"), task("accept/a", "os/a"), task("done", settled=("accept/a",)))
    )
    begun(schedule)
    end(schedule, "bmc/a", state="failed", cause="no answer")
    assert state_of(schedule) == {"bmc/a": "failed", "os/a": "skipped", "accept/a": "skipped"}
    assert schedule.outcomes["accept/a"].cause == "bmc/a ended failed: no answer"
    assert schedule.outcomes["accept/a"].detail == {"because": "bmc/a"}
    assert [outcome.subject for outcome in schedule.ended_by_itself()] == ["os/a", "accept/a"]
    assert begun(schedule) == ["done"]


def test_limit_lets_as_much_run_as_it_has_and_keeps_what_the_first_one_lacks():
    """Watts are counts: too many at once trip the breaker, and a big one must not wait for ever behind small ones."""
    big = task("fw/b", takes={"watts": 3})
    small = [task(f"fw/{name}", takes={"watts": 1}) for name in "acde"]
    schedule = Schedule(graph(small[0], big, *small[1:], watts=3))
    starts, held = schedule.begin()
    assert [start.task.name for start in starts] == ["fw/a"]
    assert held == dict.fromkeys(("fw/b", "fw/c", "fw/d", "fw/e"), "watts")
    end(schedule, "fw/a")
    assert begun(schedule) == ["fw/b"]
    end(schedule, "fw/b")
    assert begun(schedule) == ["fw/c", "fw/d", "fw/e"]


def test_pair_is_a_limit_of_one():
    """Both members of a pair at once take a server off both its switches."""
    schedule = Schedule(
        graph(task("os/leaf1", takes={"pair": 1}), task("os/leaf2", takes={"pair": 1}), task("os/x"), pair=1)
    )
    assert begun(schedule) == ["os/leaf1", "os/x"]
    end(schedule, "os/leaf1", state="failed")
    assert begun(schedule) == ["os/leaf2"]


def test_each_task_takes_a_job_unless_it_says_otherwise_and_a_gate_none():
    """`--jobs` counts devices; a gate that waits for days must not take the place of one."""
    assert takes(task("os/a")) == {JOBS: 1}
    assert takes(task("os/a", takes={JOBS: 0, "x": 1})) == {JOBS: 0, "x": 1}
    assert takes(task("gate")) == {}
    schedule = Schedule(graph(task("os/a"), task("os/b"), task("gate"), jobs=1))
    assert begun(schedule) == ["os/a", "gate"]


def test_question_waits_for_its_answer_and_nothing_else_does():
    """ "Cables checked?" may take days; whoever answers stands in the record."""
    schedule = Schedule(
        graph(task("oob/a"), task("gate", "oob/a", question="cables checked?"), task("os/a", "gate"), task("bmc/a"))
    )
    assert (begun(schedule), list(schedule.asking)) == (["oob/a", "bmc/a"], [])
    end(schedule, "oob/a")
    assert (begun(schedule), list(schedule.asking)) == ([], ["gate"])
    tell(schedule, "approve", "gate", reason="by eye")
    assert begun(schedule) == ["os/a"]
    assert schedule.outcomes["gate"].cause == "ann approved: by eye"
    assert schedule.outcomes["gate"].detail["question"] == "cables checked?"


def test_refused_question_stops_what_hangs_on_it_until_it_is_asked_again():
    """A no is a no; and who found the cable says so and goes on in the same run."""
    schedule = Schedule(graph(task("gate", question="sure?"), task("os/a", "gate")))
    tell(schedule, "refuse", "gate", reason="one is loose")
    assert state_of(schedule) == {"gate": "failed", "os/a": "skipped"}
    assert schedule.outcomes["os/a"].cause == "gate ended failed: ann refused: one is loose"
    tell(schedule, "retry", "gate")
    assert list(schedule.asking) == ["gate"]
    tell(schedule, "approve", "gate")
    assert begun(schedule) == ["os/a"]


def test_answer_that_comes_before_the_question_holds():
    """Who says yes in the evening must not find the rack waiting in the morning."""
    schedule = Schedule(graph(task("oob/a"), task("gate", "oob/a", question="sure?"), task("os/a", "gate")))
    begun(schedule)
    tell(schedule, "approve", "gate")
    end(schedule, "oob/a")
    assert begun(schedule) == ["os/a"]


def test_retry_makes_the_failed_task_and_what_was_skipped_because_of_it_pending():
    """One device that is mended goes its whole way, and nobody else's work is done again."""
    schedule = Schedule(
        graph(
            task("bmc/a"),
            task("bmc/b"),
            task("os/a", "bmc/a", "gate"),
            task("os/b", "bmc/b", "gate"),
            task("gate", settled=("bmc/a", "bmc/b")),
        )
    )
    begun(schedule)
    end(schedule, "bmc/a", state="failed")
    end(schedule, "bmc/b")
    assert begun(schedule) == ["gate"]
    end(schedule, "gate", state="failed")
    assert state_of(schedule) == {
        "bmc/a": "failed",
        "bmc/b": "done",
        "os/a": "skipped",
        "os/b": "skipped",
        "gate": "failed",
    }
    tell(schedule, "retry", "bmc/a")
    # The gate that refused behind it is asked anew too; what was done stays done.
    assert state_of(schedule) == {"bmc/b": "done"}
    assert [one.name for one in schedule.pending_again()] == ["bmc/a", "os/a", "gate", "os/b"]
    (start,) = schedule.begin()[0]
    assert (start.task.name, start.number) == ("bmc/a", 2)
    end(schedule, "bmc/a")
    assert begun(schedule) == ["gate"]
    end(schedule, "gate")
    assert begun(schedule) == ["os/a", "os/b"]


def test_retry_of_one_of_two_causes_skips_again_with_the_other_one():
    """A task that two failures hold back must not begin when one of them is mended."""
    schedule = Schedule(graph(task("a/x"), task("b/x"), task("c/x", "a/x", "b/x")))
    begun(schedule)
    end(schedule, "a/x", "b/x", state="failed")
    tell(schedule, "retry", "a/x")
    assert schedule.outcomes["c/x"].detail == {"because": "b/x"}
    assert begun(schedule) == ["a/x"]


def test_skip_of_a_pending_a_running_and_a_failed_task():
    """An operator who lets one server be goes on with the rest, whenever he says so."""
    schedule = Schedule(
        graph(
            *(
                task(f"{stage}/{name}", *([f"bmc/{name}"] if stage == "os" else []))
                for stage in ("bmc", "os")
                for name in "abc"
            )
        )
    )
    begun(schedule)
    end(schedule, "bmc/a", state="failed", cause="dead")
    tell(schedule, "skip", "os/b", reason="later")
    tell(schedule, "skip", "bmc/c", reason="no time")
    assert state_of(schedule) == {"bmc/a": "failed", "os/a": "skipped"}
    end(schedule, "bmc/b")
    assert state_of(schedule)["os/b"] == "waived"
    tell(schedule, "skip", "bmc/a", reason="known")
    assert begun(schedule) == ["os/a"]
    assert schedule.outcomes["bmc/a"].detail == {
        "who": "ann",
        "at": "now",
        "reason": "known",
        "was": "failed",
        "cause": "dead",
    }
    end(schedule, "bmc/c", state="cancelled")
    assert state_of(schedule)["bmc/c"] == "waived"
    assert begun(schedule) == ["os/c"]
    # What ended well in spite of the wish stays what it is.
    tell(schedule, "skip", "os/c", reason="x")
    end(schedule, "os/c")
    assert state_of(schedule)["os/c"] == "done"
    assert [(one.subject, one.state) for one in schedule.ended_by_itself()] == [
        ("os/a", "skipped"),
        ("os/b", "waived"),
        ("bmc/a", "waived"),
        ("bmc/c", "waived"),
    ]


def line(*stages, device="a") -> tuple[Task, ...]:
    """Return the tasks of one device, each behind the one before."""
    names = [f"{stage}/{device}" for stage in stages]
    return tuple(task(name, *names[at - 1 : at] if at else ()) for at, name in enumerate(names))


def test_skip_of_what_is_yet_to_come_begins_nothing_before_its_turn():
    """A server that is flashed must not be restarted for its software meanwhile, since its cables are left out."""
    schedule = Schedule(graph(*line("firmware", "os", "cabling", "stack")))
    assert begun(schedule) == ["firmware/a"]
    tell(schedule, "skip", "cabling/a", reason="a plug is missing")
    assert begun(schedule) == []
    end(schedule, "firmware/a")
    assert begun(schedule) == ["os/a"]
    end(schedule, "os/a")
    assert state_of(schedule)["cabling/a"] == "waived"
    assert begun(schedule) == ["stack/a"]


def test_skip_in_advance_lets_no_failure_before_it_through():
    """Who leaves the cables out has said nothing of a GPU that is missing; and the skip still stands after the retry."""
    schedule = Schedule(graph(*line("hardware", "firmware", "cabling", "stack")))
    begun(schedule)
    tell(schedule, "skip", "cabling/a", reason="a plug is missing")
    end(schedule, "hardware/a", state="failed", cause="7 of 8")
    assert state_of(schedule) == {
        "hardware/a": "failed",
        **dict.fromkeys(("firmware/a", "cabling/a", "stack/a"), "skipped"),
    }
    tell(schedule, "retry", "a")
    for stage in ("hardware", "firmware"):
        assert begun(schedule) == [f"{stage}/a"]
        end(schedule, f"{stage}/a")
    assert state_of(schedule)["cabling/a"] == "waived"
    tell(schedule, "skip", "stack/a", reason="x")
    assert schedule.over


def test_retry_takes_a_skip_back_by_its_own_name_alone():
    """Whoever said 'do not flash it' is not overruled by whoever mends a cable of that server."""
    schedule = Schedule(graph(*line("firmware", "cabling", "accept")))
    tell(schedule, "skip", "firmware/a", reason="do not flash it")
    begun(schedule)
    end(schedule, "cabling/a", state="failed", cause="exchanged")
    for word in ("a", "firmware"):
        tell(schedule, "retry", word)
        assert state_of(schedule)["firmware/a"] == "waived"
    assert begun(schedule) == ["cabling/a"]


@pytest.mark.parametrize("running", [True, False])
def test_what_went_on_without_a_task_is_done_again_behind_its_retry(running):
    """Nobody is accepted by a look from before a flash, and nothing is flashed beside a look."""
    schedule = Schedule(graph(*line("firmware", "cabling", "accept"), *line("bmc", device="b")))
    begun(schedule)
    tell(schedule, "skip", "firmware/a", reason="later")
    end(schedule, "firmware/a", state="cancelled")
    assert begun(schedule) == ["cabling/a"]
    if not running:
        end(schedule, "cabling/a")
        begun(schedule)
        end(schedule, "accept/a", state="unchanged")
    tell(schedule, "retry", "firmware/a")
    assert begun(schedule) == ([] if running else ["firmware/a"])
    if running:
        end(schedule, "cabling/a")
        assert begun(schedule) == ["firmware/a"]
    assert state_of(schedule) == {}
    end(schedule, "firmware/a")
    for stage in ("cabling", "accept"):
        assert begun(schedule) == [f"{stage}/a"]
        end(schedule, f"{stage}/a")


def test_switch_that_is_tried_again_waits_for_its_partner_and_the_other_way_round():
    """A gate opened behind one that had not answered; mended now, it must not be changed while its partner is."""
    one, gate, two = "frontend/a", task("gate", settled=("frontend/a",)), "frontend/b"
    for retried_first in (True, False):
        schedule = Schedule(graph(task(one), gate, task("firmware/x", "gate"), task(two, "firmware/x")))
        begun(schedule)
        end(schedule, one, state="failed", cause="no answer")
        begun(schedule)
        end(schedule, "gate", state="unchanged")
        begun(schedule)
        if not retried_first:
            end(schedule, "firmware/x")
            assert begun(schedule) == [two]
        tell(schedule, "retry", one)
        assert begun(schedule) == []
        end(schedule, "firmware/x" if retried_first else two)
        assert begun(schedule) == [one]
        assert schedule.begin() == ([], {})
        end(schedule, one)
        assert begun(schedule) == ([two] if retried_first else [])


def test_device_and_stage_mean_all_their_tasks():
    """An operator names the server that smokes, not fourteen tasks."""
    tasks = [task(f"{stage}/{name}") for stage in ("bmc", "os") for name in "ab"]
    schedule = Schedule(graph(*tasks))
    tell(schedule, "skip", "a", reason="smokes")
    assert state_of(schedule) == {"bmc/a": "waived", "os/a": "waived"}
    tell(schedule, "cancel", "os", reason="not today")
    assert state_of(schedule)["os/b"] == "cancelled"
    assert begun(schedule) == ["bmc/b"]
    end(schedule, "bmc/b")
    assert schedule.report("r", "p").state == "failed"


def test_pause_begins_nothing_and_go_goes_on():
    """A pause in which one more server reboots is none."""
    schedule = Schedule(graph(task("a/x"), task("b/x", "a/x")))
    begun(schedule)
    tell(schedule, "pause")
    end(schedule, "a/x")
    assert begun(schedule) == []
    tell(schedule, "go")
    assert begun(schedule) == ["b/x"]


def test_cancel_ends_what_was_not_begun_and_waits_for_the_rest():
    """Who cancels gets every device in a known state."""
    schedule = Schedule(graph(task("a/x"), task("b/x", "a/x"), task("gate", question="?")))
    begun(schedule)
    schedule.hears(Heard(stop=True))
    assert state_of(schedule) == {"b/x": "cancelled", "gate": "cancelled"}
    assert not schedule.over
    tell(schedule, "retry", "b/x")
    end(schedule, "a/x", state="cancelled")
    assert (schedule.over, schedule.report("r", "p").state) == (True, "cancelled")


def test_wrong_graphs_are_refused_before_a_folder_is_made():
    """A run that can never end is found out on the first day, not on the third."""
    for tasks, words in (
        ((), "nothing to run"),
        ((task("a/x"), task("a/x")), "two tasks are called a/x"),
        ((task("a/x", "b/x"),), "a/x hangs on b/x, which is not in the run"),
        ((task("a/x", "b/x"), task("b/x", settled=("a/x",))), "wait for each other: "),
        ((task("a/x", takes={"watts": 4}),), "takes 4 of watts, of which there is 3"),
        ((task("a/x", takes={"pair": 1}),), "takes 1 of pair, of which there is 0"),
        ((task("a x"),), "no name of a task"),
        ((task("bmc/token-ring"),), "called like a secret"),
    ):
        with pytest.raises(RunError, match=words):
            graph(*tasks, watts=3)


@st.composite
def graphs(draw) -> Graph:
    count = draw(st.integers(1, 12))
    names = [f"s{number}/d{draw(st.integers(0, 3))}" for number in range(count)]
    made = []
    for at, name in enumerate(names):
        earlier = st.lists(st.sampled_from(names[:at]), max_size=3) if at else st.just([])
        fields = {"settled": tuple(draw(earlier)), "takes": {"watts": draw(st.integers(0, 2))}}
        if draw(st.integers(0, 5)) == 0:
            fields |= {"device": "", "question": draw(st.sampled_from(["", "sure?"]))}
        made.append(task(name, *draw(earlier), **fields))
    return checked(Graph(tasks=tuple(made), limits={"watts": draw(st.integers(2, 3))}), draw(st.integers(1, 3)))


@settings(max_examples=60)
@given(graphs(), st.data())
def test_whatever_happens_limits_hold_and_a_replay_comes_to_the_same_place(drawn, data):
    """The two promises of a schedule: nothing too much or too early, and a resumed run is where the killed one was."""
    schedule, again = Schedule(drawn), Schedule(drawn)
    by_name = {one.name: one for one in drawn.tasks}
    words = [*by_name, *{one.device for one in drawn.tasks if one.device}, *{one.stage for one in drawn.tasks}]
    rounds = []
    for _ in range(30):
        for start in schedule.begin()[0]:
            one = start.task
            assert behind(drawn, one.name, schedule).isdisjoint(schedule.running)
            assert not any(one.name in behind(drawn, other, schedule) for other in schedule.running)
            assert all(schedule.outcomes[name].state in GOOD for name in one.after)
            assert {*one.after, *one.settled} <= schedule.outcomes.keys()
        taken = [takes(start.task) for start in schedule.running.values()]
        for limit, much in drawn.limits.items():
            assert sum(one.get(limit, 0) for one in taken) <= much
        if schedule.over:
            break
        # Nobody waits for nothing: something runs, or an operator is asked or paused the run.
        assert schedule.running or schedule.asking or schedule.paused
        rounds.append(data.draw(heards(sorted(schedule.running), sorted(schedule.asking), words)))
        schedule.hears(rounds[-1])
    schedule.begin()  # after the last round as well, so that both have begun as often
    for kept in rounds:
        again.begin()
        again.hears(msgspec.json.decode(msgspec.json.encode(kept), type=Heard))
    again.begin()
    assert (again.outcomes, again.running, again.asking, again.paused) == (
        schedule.outcomes,
        schedule.running,
        schedule.asking,
        schedule.paused,
    )


def behind(drawn, name, schedule) -> set[str]:
    """Return what goes after a task in its line, and behind the gates over it; what was never begun keeps nobody from anything."""
    found = {name}
    never = {name for name, state in state_of(schedule).items() if state in {"skipped", "cancelled"}}
    for one in (one for one in drawn.tasks if one.name not in never):
        if not found.isdisjoint(one.after if one.device else (*one.after, *one.settled)):
            found.add(one.name)
    return found - {name}


def heards(running, asking, words) -> st.SearchStrategy:
    """Return what may be heard next: an end, an answer, or any command at any moment."""
    states = st.sampled_from(["done", "unchanged", "failed", "cancelled"])
    commands = st.builds(
        Command,
        kind=st.sampled_from(["pause", "go", "cancel", "skip", "retry", "approve", "refuse"]),
        task=st.sampled_from(words),
        reason=st.just("r"),
    )
    kinds = [st.builds(lambda one: Heard(commands=(one,)), commands)]
    if running:
        ended = st.builds(lambda name, state: Outcome(subject=name, state=state), st.sampled_from(running), states)
        kinds += 3 * [st.builds(lambda one: Heard(ended=(one,)), ended)]
        kinds.append(st.builds(lambda one, other: Heard(ended=(one,), commands=(other,)), ended, commands))
    if asking:
        kinds.append(
            st.builds(lambda name: Heard(commands=(Command(kind="approve", task=name),)), st.sampled_from(asking))
        )
    return st.one_of(*kinds)
