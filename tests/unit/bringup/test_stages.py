"""The graph of a bring-up: who goes before whom, who never goes with whom, and what is left when not all is meant."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import msgspec
import pytest

from rackwright.bringup.held import doors
from rackwright.bringup.stages import BLINK, FABRIC, HANDOVER, STAGES, Scope, graph_of
from rackwright.errors import RunError
from rackwright.plan import workspace
from rackwright.plan.machines import machines
from rackwright.runs.model import GOOD, Outcome
from rackwright.runs.schedule import Heard, Schedule, checked

SITES = Path(__file__).resolve().parents[3] / "inventory"
NAMES = sorted(
    path.name for path in SITES.iterdir() if (path / "site.yaml").is_file() and not path.name.startswith("rail-")
)
SMALL = "xe9680-spectrum-x"


@cache
def scope(name=SMALL) -> Scope:
    opened = workspace.open_site(SITES / name)
    plan = workspace.planned(opened).plan
    found = machines(plan, opened.loaded.require(), opened.loaded.catalog)
    return Scope(plan, tuple(one.name for one in found), {one.name: one.model for one in found})


def with_(base=None, **fields) -> Scope:
    kept = {name: getattr(base or scope(), name) for name in Scope.__dataclass_fields__}
    return Scope(**{**kept, **fields})


def played(graph, seed=0, bad=frozenset(), state="failed"):
    """Run a graph in a random order; yield what runs together, and at last how everything ended."""
    dice, schedule = random.Random(seed), Schedule(checked(graph, 1000))
    while not schedule.over:
        schedule.begin()
        running = sorted(schedule.running)
        yield running
        name = dice.choice(running)
        outcome = Outcome(subject=name, state=state if name in bad else "done")
        schedule.hears(Heard(ended=(outcome,)))
    yield {name: one.state for name, one in schedule.outcomes.items()}


def ends(graph, **words) -> dict[str, str]:
    *_, last = played(graph, **words)
    return last


@pytest.mark.parametrize("name", NAMES)
def test_graph_of_each_reference_site_can_be_run_to_its_end(name):
    """A graph that waits for itself, or for a task that is not there, stops a site before its first switch."""
    graph = checked(graph_of(scope(name)), 32)
    order = [STAGES.index(task.stage) for task in graph.tasks]
    assert order == sorted(order)
    assert {task.name for task in graph.tasks} >= {FABRIC, BLINK, HANDOVER}
    every = {device for _, members in scope(name).plan.waves for device in members} | set(scope(name).servers)
    assert {task.device for task in graph.tasks if task.stage == "accept"} == every


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", [SMALL, "xe9680-two-racks", "r760xa-converged"])
def test_switches_of_two_waves_of_one_fabric_never_change_together(name, seed):
    """Both leaves of a pair that restart at once take every server behind them down."""
    base = scope(name)
    wave_of = {device: number for number, (_, members) in enumerate(base.plan.waves) for device in members}
    for running in played(graph_of(with_(base, only=frozenset({"oob", "frontend", "backend"}))), seed):
        if isinstance(running, list):
            switches = [one.partition("/")[2] for one in running if "/gate-" not in one]
            for one in switches:
                same = [two for two in switches if base.groups[two] == base.groups[one]]
                assert {wave_of[two] for two in same} == {wave_of[one]}


@pytest.mark.parametrize("seed", range(4))
def test_members_of_a_role_that_must_answer_never_restart_together(seed):
    """An etcd of three bears one member that is away, not two."""
    for running in played(graph_of(scope()), seed):
        if isinstance(running, list):
            away = [one for one in running if one.partition("/")[0] in {"firmware", "os", "stack"}]
            assert len({one for one in away if one.endswith(("mgmt02", "mgmt03", "mgmt04"))}) <= 1


def test_canary_of_a_wave_that_failed_holds_its_wave_and_what_hangs_on_it():
    """What is wrong with a rendering is wrong for every leaf: the first one tells."""
    graph = graph_of(with_(scope("rail-1024"), only=frozenset({"oob", "frontend", "backend"})))
    found = ends(graph, bad=_first("rail-1024"))
    skipped = [name for name, state in found.items() if state == "skipped" and name.startswith("backend/")]
    assert skipped


def _first(name):
    graph = graph_of(scope(name))
    wave = next(members for stage, members in scope(name).plan.waves if stage == "backend" and len(members) > 1)
    assert any(task.name == f"backend/{wave[1]}" and f"backend/{wave[0]}" in task.after for task in graph.tasks)
    return {f"backend/{wave[0]}"}


def test_one_bad_server_stops_nobody_else():
    """A rack waits for no single server: its gates only have to know that it has ended."""
    found = ends(graph_of(scope()), bad={"hardware/gpu02"})
    lost = {name for name, state in found.items() if state not in GOOD}
    assert lost == {
        f"{stage}/gpu02" for stage in ("hardware", "firmware", "os", "cabling", "stack", "accept", "handover")
    }


def test_bmc_waits_for_the_switch_that_it_is_cabled_to_and_no_other():
    """A BMC behind the second out-of-band switch must not wait for the first one's failure."""
    tasks = {task.name: task for task in graph_of(scope("xe9680-two-racks")).tasks}
    at = scope("xe9680-two-racks").way_in
    for server in scope("xe9680-two-racks").servers:
        assert tasks[f"bmc/{server}"].after == (f"oob/{at[server]}",)


def test_only_some_stages_keep_the_line_of_each_device():
    """With --only firmware,accept a server that could not be flashed must not be judged as if it had been."""
    graph = graph_of(with_(only=frozenset({"firmware", "accept"})))
    tasks = {task.name: task for task in graph.tasks}
    assert {task.stage for task in graph.tasks} == {"firmware", "accept"}
    assert tasks["accept/gpu01"].after == ("firmware/gpu01",)
    assert tasks["firmware/gpu01"].after == ()


def test_cables_alone_are_looked_at_together_all_the_same():
    """With --only cabling each server blinked alone, twelve at once at the same switches, and each undid the other's ports."""
    tasks = {task.name: task for task in graph_of(with_(only=frozenset({"cabling"}))).tasks}
    assert tasks[BLINK].settled == ()
    assert all(BLINK in task.settled for task in tasks.values() if task.device)


def test_limit_leaves_out_everybody_else_and_their_gates():
    """Who means one server must not find a switch in the run."""
    graph = graph_of(with_(limit=frozenset({"gpu03"})))
    assert {task.device for task in graph.tasks if task.device} == {"gpu03"}
    assert {task.name for task in graph.tasks if not task.device} == {BLINK, HANDOVER}
    checked(graph, 4)


def test_limit_that_means_nobody_in_the_stages_is_refused():
    """A run without a device would end well and have done nothing."""
    with pytest.raises(RunError, match="nothing is left"):
        graph_of(with_(only=frozenset({"firmware"}), limit=frozenset({"oob01"})))


def test_operators_gate_opens_when_all_before_has_ended_and_holds_its_stage():
    """'Cables checked?' is asked when there is something to look at, and nothing of the stage begins before the answer."""
    graph = graph_of(with_(asks={"firmware": "cables checked?"}))
    tasks = {task.name: task for task in graph.tasks}
    assert tasks["firmware/ask"].question == "cables checked?"
    assert set(tasks["firmware/ask"].settled) >= {
        f"hardware/{name}" for name in scope().servers if name not in scope().heads
    }
    assert all("firmware/ask" in task.after for task in graph.tasks if task.stage == "firmware" and task.device)


@pytest.mark.parametrize("only", [STAGES, ("bmc", "firmware"), ("frontend", "cabling"), ("hardware", "accept")])
def test_gates_before_all_doors_let_nothing_begin(only):
    """What an operator says again to a new run, such as a pause, must not come after its first tasks."""
    stages = doors(graph_of(with_(only=frozenset(only))))
    graph = graph_of(with_(only=frozenset(only), asks=dict.fromkeys(stages, "may it begin?")))
    schedule = Schedule(checked(graph, 8))
    assert schedule.begin()[0] == []
    assert set() < set(schedule.asking) <= {f"{stage}/ask" for stage in stages}


def test_gate_before_a_stage_that_has_no_task_is_refused():
    """Who asks to be asked must be asked."""
    with pytest.raises(RunError, match="cannot have a gate"):
        graph_of(with_(only=frozenset({"oob"}), asks={"firmware": "?"}))


def test_without_operating_systems_their_stages_are_not_planned():
    """A twin without hosts must not end with stages that could never be done."""
    graph = graph_of(with_(systems=False))
    assert not {task.stage for task in graph.tasks} & {"head", "os", "stack"}
    assert next(task for task in graph.tasks if task.name == "cabling/gpu01").after == ("firmware/gpu01",)


def test_power_of_a_rack_is_taken_by_what_restarts_in_it():
    """Eight servers that flash under a PDU for four trip its breaker."""
    graph = graph_of(with_(power={"r1": 2}))
    takers = {task.stage for task in graph.tasks if "power r1" in task.takes}
    assert takers == {"firmware", "os", "stack", "head"}
    assert graph.limits["power r1"] == 2
    for running in played(graph, 3):
        if isinstance(running, list):
            tasks = {task.name: task for task in graph.tasks}
            assert sum(tasks[name].takes.get("power r1", 0) for name in running) <= 2


def test_graph_survives_its_file():
    """The graph lies in the run's folder: what is read back must be what was planned."""
    graph = graph_of(scope())
    assert msgspec.json.decode(msgspec.json.encode(graph), type=type(graph)) == graph
