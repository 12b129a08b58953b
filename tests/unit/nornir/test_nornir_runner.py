"""The runner misses no host; the traps of Nornir are replayed with and without it."""

import os
import signal

import pytest
from nornir.core import Nornir
from nornir.core.inventory import Defaults, Groups, Host, Hosts, Inventory
from nornir.core.task import Result
from nornir.plugins.runners import SerialRunner

from nornir_tasks import CompleteRunner
from rackwright.errors import IncompleteResult

NAMES = ("be01", "be02", "fe01")


def nornir(runner, names=NAMES) -> Nornir:
    return Nornir(Inventory(Hosts({name: Host(name) for name in names}), Groups(), Defaults()), runner=runner)


def fail_on_be01(task):
    if task.host.name == "be01":
        raise RuntimeError("be01 is broken")
    return Result(task.host, result=task.host.name)


def fine(task):
    return Result(task.host, result=task.host.name.upper(), changed=True, diff="+")


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)


def test_nornir_alone_reports_success_on_no_hosts():
    """The trap: after a failure a run filtered to that host asks nobody and has not failed."""
    nr = nornir(SerialRunner())
    assert nr.run(task=fail_on_be01).failed
    again = nr.filter(name="be01").run(task=fine)
    assert (len(again), again.failed) == (0, False)


def test_the_runner_refuses_a_host_that_nornir_left_out():
    """The same run with our runner is an error that names the host and how to let it back in."""
    nr = nornir(CompleteRunner(NAMES))
    assert nr.run(task=fail_on_be01).failed_hosts.keys() == {"be01"}
    with pytest.raises(IncompleteResult, match=r"be01\): not asked at all.*reset_failed_hosts"):
        nr.filter(name="be01").with_runner(CompleteRunner(["be01"])).run(task=fine)
    nr.data.reset_failed_hosts()
    assert nr.run(task=fine).keys() == set(NAMES)


def test_a_filter_needs_its_own_expectation():
    """A filtered Nornir with the runner for all hosts is refused; `expecting` says whom it is for."""
    runner = CompleteRunner(NAMES)
    some = nornir(runner).filter(filter_func=lambda host: host.name != "fe01")
    with pytest.raises(IncompleteResult, match="fe01"):
        some.run(task=fine)
    assert some.with_runner(runner.expecting(["be01", "be02"])).run(task=fine).keys() == {"be01", "be02"}


def test_a_host_that_nobody_has_is_missing():
    """An expected name that the inventory does not hold is an error, not a shorter list."""
    with pytest.raises(IncompleteResult, match="gone99"):
        nornir(CompleteRunner([*NAMES, "gone99"])).run(task=fine)


def test_many_missing_hosts_are_counted():
    """The sentence names eight and says how many more."""
    with pytest.raises(IncompleteResult, match=r"12 host\(s\) missing \(.*and 4 more\)"):
        nornir(CompleteRunner([f"x{number:02d}" for number in range(12)])).run(task=fine)


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_are_the_same_in_one_process_and_in_several(jobs):
    """Result, changed, diff and host come back whole, and each host is heard once."""
    heard = []
    result = nornir(CompleteRunner(NAMES, jobs, heard.append)).run(task=fine)
    assert sorted(heard) == sorted(NAMES)
    for name in NAMES:
        [one] = result[name]
        assert (one.result, one.changed, one.diff, one.failed, one.host.name) == (name.upper(), True, "+", False, name)


def test_a_failure_in_a_process_comes_back_as_a_failure():
    """An exception on one host is in its result, the others are done."""
    result = nornir(CompleteRunner(NAMES, 2)).run(task=fail_on_be01)
    assert isinstance(result["be01"].exception, RuntimeError)
    assert not result["be02"].failed


def test_a_process_that_dies_is_an_error():
    """A worker that is killed ends the run with a sentence, it does not hang."""
    with pytest.raises(IncompleteResult, match="a process ended"):
        nornir(CompleteRunner(NAMES, 2)).run(task=die)
