"""Every fault of a BMC at every step of a push: no double flash, no lost session, no host off, no false success; going on converges."""

from __future__ import annotations

import os
import random
import re
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from tests.journeys.bmc_fault_table import FAULTS, cases
from tests.twins.bmc_lanes import BmcLanes

pytestmark = [pytest.mark.slow(40), pytest.mark.xdist_group("bmc-faults")]

LARGE = os.environ.get("RACKWRIGHT_LARGE") == "1"


@pytest.fixture(scope="module")
def lanes(tmp_path_factory):
    """Return servers that are pushed to side by side."""
    with BmcLanes(tmp_path_factory.mktemp("lanes")) as made:
        yield made


def pushed(lanes, name, case):
    """Push to a server on which a fault is planted at one moment."""
    lanes.reset(name)
    found = lanes.read(name)
    operation, _, nth = case.at.partition(" ")
    lanes.plant(name, **case.fault.rule, **({"at": operation, "nth": int(nth or 1)} if operation else {}))
    return lanes.push(name, found)


def twice(flashed):
    """Return the components that were written more than once."""
    return {fqdd for fqdd, times in flashed.items() if times > 1}


def wrong(lanes, name, case):
    """Return, in words, what is not as it should be of one fault at one moment."""
    fault, outcome = case.fault, pushed(lanes, name, case)
    failed = case.stage != "."
    flashed, images = lanes.flashed(name), lanes.images(name)
    power, sessions = lanes.power(name), lanes.sessions(name)
    lanes.mend(name, lift=fault.lift)
    again = lanes.push(name)
    checks = {
        f"the report says {outcome}": (outcome.state, outcome.stage) == (("failed", case.stage) if failed else ("done", "")),
        f"the cause is {outcome.cause!r}": not failed or re.search(fault.cause, outcome.cause),
        "it has no remedy": not failed or outcome.remedy,
        f"flashed {flashed}": not twice(flashed),
        f"sent {images}": len(set(images)) == len(images),
        f"{sessions} sessions are open": not sessions,
        f"the host is {power}": power == "On",
        f"once the remedy was followed: {again}": again.state in ("done", "unchanged"),
        "it did not converge": lanes.right(name),
        f"afterwards flashed {lanes.flashed(name)}": twice(lanes.flashed(name)) <= fault.again,
        "sessions are left": not lanes.sessions(name),
    }  # fmt: skip
    return [f"{case.name}: {words}" for words, fine in checks.items() if not fine]


def judged(lanes, wanted):
    """Return what is wrong of some cases, each tried on a lane that is free."""
    free = SimpleQueue()
    for name in lanes.names:
        free.put(name)

    def one(case):
        name = free.get()
        try:
            return wrong(lanes, name, case)
        finally:
            free.put(name)

    with ThreadPoolExecutor(len(lanes.names)) as threads:
        return [line for lines in threads.map(one, wanted) for line in lines]


def some():
    """Return one moment of each fault, another one each time the table changes; with RACKWRIGHT_LARGE=1 all of all."""
    dice = random.Random(20261127)
    by_fault = {}
    for case in cases():
        by_fault.setdefault(case.fault.name, []).append(case)
    return [dice.choice(found) for found in by_fault.values()]


def test_every_fault_at_one_moment_of_its_own(lanes):
    """A fault, at one of its moments: the report names stage, cause and remedy; nothing is flashed twice; going on converges."""
    found = judged(lanes, some())
    assert not found, "\n".join(found)


@pytest.mark.skipif(not LARGE, reason="RACKWRIGHT_LARGE=1 tries every fault at every moment: some minutes")
def test_every_fault_at_every_moment(lanes):
    """As above, for all of them."""
    found = judged(lanes, cases())
    assert not found, "\n".join(found)


def test_the_table_holds_every_row():
    """Each row of the list of faults that a push to a server can meet is in the table."""
    rows = {int(row) for fault in FAULTS for row in fault.rows.split(", ") if row}
    # 17 is the drip and is the driver's; 24 is never asked for; 33 and 34 are media and boot, which a push leaves alone.
    assert rows == set(range(1, 39)) - {17, 24, 33, 34}
