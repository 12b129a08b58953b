"""The matrix of version facts: each component is read by a parser that there is, and compared with the release's version."""

import pytest

from rackwright import catalog
from rackwright.audit.hosts import parsers
from rackwright.audit.hosts.compare import holds

ROWS = catalog.load()
RELEASE = {row.key: row for row in ROWS.releases["dell-nvidia-1.3"].components}
CLUSTER = {"bcm", "nvidia-ai-enterprise"}
"""Components of hosts whose version no source says how to read on the host."""


@pytest.mark.parametrize("key", sorted(ROWS.facts))
def test_what_the_tool_prints_is_the_validated_version(key):
    """The parser that a row names is not there, or does not read what the row says the tool prints."""
    row, component = ROWS.facts[key], RELEASE[ROWS.facts[key].component]
    found = getattr(parsers, row.parser)(row.shows)
    assert found is not None, row.shows
    assert row.of == component.version, f"{key} shows what another version prints"
    assert holds(row.compare, found, (component.version, *component.equal)), found


@pytest.mark.parametrize("key", sorted(ROWS.facts))
def test_another_version_is_told_apart(key):
    """A newer or an older version of a component passes for the validated one."""
    row, component = ROWS.facts[key], RELEASE[ROWS.facts[key].component]
    shown = component.equal[0] if component.equal and component.equal[0] in row.shows else component.version
    head, _, last = shown.rpartition(".")
    for other in (f"{head}.{int(last) + 1}", f"{head}.{last}9"):
        text = row.shows.replace(shown, other)
        assert text != row.shows
        found = getattr(parsers, row.parser)(text)
        assert found is None or not holds(row.compare, found, (component.version, *component.equal)), text


def test_every_component_of_hosts_has_a_row():
    """A component that steps of hosts bring is in no row of the matrix, so that its version is never read."""
    brought = {step.component for step in ROWS.steps.values() if step.component} | {"ubuntu", "ofed"}
    assert brought - {row.component for row in ROWS.facts.values()} <= CLUSTER


def test_each_row_names_the_step_that_puts_it_right():
    """A finding about a version names a step that does not bring it."""
    for row in ROWS.facts.values():
        step = ROWS.steps[row.step]
        assert row.owner == step.owner or row.owner is None
        assert row.step == "preflight" or step.component in (row.component, "doca-host")
