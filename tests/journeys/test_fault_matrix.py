"""Every fault at every moment of a push: legal states, a report that names what was planted, a remedy that works."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from tests.journeys.fault_table import FAULTS, STAGES, cases
from tests.twins.lanes import Lanes

pytestmark = [pytest.mark.slow(60), pytest.mark.xdist_group("fault-matrix")]


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """Return a rack of leaves that are pushed to side by side."""
    with Lanes(tmp_path_factory.mktemp("lanes")) as made:
        yield made


def pushed(lanes, name, fault, moment):
    """Push to a switch on which a fault is planted at one moment."""
    lanes.reset(name)
    rule = {key: value.format(device=name) if isinstance(value, str) else value for key, value in fault.rule.items()}
    rule |= {"at": moment.at, "nth": moment.nth, "command": moment.command}
    if moment.name == "read":
        lanes.plant(name, **rule)
        return lanes.push(name)
    reading = lanes.read(name)
    lanes.plant(name, **rule)
    return lanes.push(name, reading)


def wrong(lanes, name, fault, moment, letter):
    """Return, in words, what is not as it should be of one fault at one moment."""
    outcome = pushed(lanes, name, fault, moment)
    stands, begun = lanes.stands(name), lanes.applies(name)
    lanes.clear(name)
    again = lanes.push(name)
    want = (name, "failed", STAGES[letter]) if letter in STAGES else (name, "done", "")
    kept = [Path(outcome.detail.get(file, "")) for file in ("backup", "support")]
    failed = letter in STAGES
    checks = {
        f"the report says {outcome}": (outcome.subject, outcome.state, outcome.stage) == want,
        f"the cause is {outcome.cause!r}": not failed or re.search(fault.cause, outcome.cause),
        "it has no remedy": not failed or outcome.remedy,
        f"it stands at {stands!r}": stands in ({"r": ["before"], "l": ["before"]}.get(letter, ["before", "breakouts", "planned"])
                                              if failed else ["planned"]),
        f"{begun} applies were begun": begun <= 3,
        "nothing of before was kept": letter not in "bps" or kept[0].is_file(),
        f"once the remedy was followed: {again}": again.state in ("done", "unchanged"),
        "it did not converge": lanes.stands(name) == lanes.stands(name, "startup") == "planned",
    }  # fmt: skip
    return [f"{fault.name} at {moment.name}: {words}" for words, fine in checks.items() if not fine]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_at_every_moment(lanes, fault):
    """A switch is left before, split or as planned; device, stage and cause are those that were planted; its remedy leads on."""
    free: SimpleQueue[str] = SimpleQueue()
    for name in lanes.names:
        free.put(name)

    def one(case):
        name = free.get()
        try:
            return wrong(lanes, name, fault, *case)
        finally:
            free.put(name)

    with ThreadPoolExecutor(len(lanes.names)) as pool:
        found = [words for words in pool.map(one, cases(fault)) if words]
    assert not found, "\n".join(line for words in found for line in words)


def test_the_matrix_has_every_fault_of_the_issue():
    """Each kind of fault stands in the table, and what cannot occur has its reason."""
    kinds = {fault.rule["kind"] for fault in FAULTS}
    assert kinds == {
        "swap-cables", "cut-link", "refuse", "stall", "drop", "crash-nvued", "wrong-version", "full-disk", "wrong-serial",
        "reboot", "lose-management", "refuse-auth",
    }  # fmt: skip
    assert all(fault.why for fault in FAULTS if set(fault.ends) & {".", "-"})
