"""Users' own Nornir scripts reach switches through our connection plugin."""

from importlib.metadata import entry_points

import pytest

import nornir_tasks
from nornir_tasks.connection import CONNECTION
from rackwright.errors import DriverError, TwinError
from tests.plans import rails


@pytest.fixture
def hosts(twin, small_plan):
    from rackwright import catalog

    up = twin()
    nornir = nornir_tasks.nornir_of(nornir_tasks.Build(small_plan, catalog.load()))
    return nornir, up.state.parent


def test_a_task_reads_every_switch(hosts):
    """``read_running`` and ``show_nvue`` go over one session a switch, opened with the pins of the twin."""
    nornir, site = hosts
    made = nornir_tasks.reaching(nornir, site, twin=True)
    running = made.run(task=nornir_tasks.read_running)
    assert not running.failed, running
    assert all("eth0" in result.result["interface"] for result in running.values())
    shown = made.run(task=nornir_tasks.show_nvue, path="interface")
    assert all("swp1" in result.result for result in shown.values())
    made.close_connections()


def test_a_nornir_that_was_not_prepared_is_told_how(hosts):
    """The plugin alone does not know the way; the sentence names the function that does."""
    made = nornir_tasks.reaching(*hosts, twin=True)
    for host in made.inventory.hosts.values():
        host.connection_options.pop(CONNECTION, None)
    failed = made.run(task=nornir_tasks.read_running)
    assert all(isinstance(result.exception, DriverError) for result in failed.values())
    assert "nornir_tasks.reaching" in str(next(iter(failed.values())).exception)


def test_the_plugin_is_an_entry_point():
    """``InitNornir`` finds it by name."""
    (found,) = entry_points(group="nornir.plugins.connections", name=CONNECTION)
    assert found.load() is nornir_tasks.NvueConnection


def test_without_a_twin_the_command_is_told(tmp_path):
    """A twin that is not up is no timeout."""
    from rackwright import catalog

    nornir = nornir_tasks.nornir_of(nornir_tasks.Build(rails(nodes=2), catalog.load()))
    with pytest.raises(TwinError, match="twin up"):
        nornir_tasks.reaching(nornir, tmp_path, twin=True)
    assert [path.name for path in tmp_path.iterdir()] == [".rackwright"]
