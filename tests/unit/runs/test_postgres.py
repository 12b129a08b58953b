"""The same promises over PostgreSQL, where several workers share one database: a real server, on a socket of its own."""

from __future__ import annotations

from collections import Counter

import pytest

from rackwright import runs
from rackwright.errors import RunBusy, RunError
from rackwright.secrets import Secret
from tests.postgres import serving
from tests.unit.runs.test_holding import ALL
from tests.unit.runs.test_tasks_holding import takes_over, two_workers
from tests.unit.runs.toy import SMALL, STEPS, Toy, lines, order

pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(scope="module")
def server():
    """Return the address of a PostgreSQL server that ends with the tests."""
    with serving() as address:
        yield address


@pytest.fixture
def database(server, site):
    """Return the address of an empty database."""
    import sqlalchemy as sa

    name = f"rw_{abs(hash(str(site)))}"
    engine = sa.create_engine(sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.replace("/postgres?", f"/{name}?")


def test_run_and_status_over_postgres(site, database):
    """The same program runs over either database, and the state names it without its password."""
    secret = database.replace("postgres@", "postgres:pass-word@")
    with runs.opened(
        site / "s", programs=[Toy(site / "world")], database=secret, hide=[Secret("hidden-word")]
    ) as engine:
        report = engine.run("toy", SMALL)
        assert engine.resume(report.run) == report
    assert sorted(lines(site / "world/log")) == ALL
    assert runs.latest(site / "s", "toy", database=database).report == report
    assert not list((site / "s").rglob("*.sqlite"))
    kept = b"".join(path.read_bytes() for path in (site / "s").rglob("*") if path.is_file())
    assert b"pass-word" not in kept
    assert b'"database": "postgresql://postgres@/rw_' in kept


def test_two_workers_share_a_run_and_the_limit_holds_over_both(site, database, process):
    """`jobs` is a promise about the fabric, not about one process."""
    devices = [f"a{number}" for number in range(8)]
    gate = site / "gate"
    plan = {"database": database, "threads": 2, "wait": str(gate)}
    first = process("run", order=order(("one", devices)).decode(), jobs=4, **plan)
    worker = process("work", lease_s=1.0, **plan)
    # Nobody gets on before the gate opens: the limit is reached, and each has its share of it.
    first.until(lambda: len(lines(site / "world/spans")) == 4)
    begun = Counter(int(line.split()[1]) for line in lines(site / "world/spans"))
    assert begun == {first.popen.pid: 2, worker.popen.pid: 2}
    gate.touch()
    assert first.said() == "done"
    worker.popen.terminate()
    assert worker.said() == ""
    assert most_at_once(lines(site / "world/spans")) == 4
    assert sorted(lines(site / "world/log")) == sorted(f"{device} {step}" for device in devices for step in STEPS)
    # Nobody did a step twice: the two of them never had the same device.
    assert len(lines(site / "world/begun")) == 8 * len(STEPS)


def most_at_once(spans) -> int:
    now = most = 0
    for line in spans:
        now += 1 if line[0] == "+" else -1
        most = max(most, now)
    return most


def test_survivor_takes_over_from_a_killed_worker(site, database, process):
    """A machine that dies must not strand the switches that it had in hand."""
    gate = str(site / "gate")
    plan = {"database": database, "lease_s": 1.0}
    other = process("run", wait=gate, **plan)
    other.until((site / "gate.reached").exists)
    run = runs.latest(site / "s", "toy", database=database).run
    with runs.opened(site / "s", programs=[Toy(site / "world")], database=database) as engine:
        with pytest.raises(RunBusy, match=f"held by pid {other.popen.pid}"):
            engine.resume(run)
        other.kill()
        assert engine.resume(run).state == "done"
    assert sorted(lines(site / "world/log")) == ALL


def test_limits_of_a_graph_hold_over_two_workers(site, database, process):
    """Watts and pairs are promises about the rack: over several machines they are kept by the database alone."""
    two_workers(site, process, database=database)


def test_worker_takes_over_a_graph_from_a_killed_one(site, database, process):
    """The laptop that began a bring-up may die: the machines in the rows finish it."""
    takes_over(site, process, database=database)


def test_database_that_does_not_answer_is_told(site):
    """A wrong address must be a sentence, not a trace of three libraries; and the password is not in it."""
    with (
        pytest.raises(RunError, match="the journal cannot be kept") as told,
        runs.opened(site / "s", programs=[], database="postgresql://me:pass-word@127.0.0.1:1/none"),
    ):
        pass
    assert "pass-word" not in str(told.value)
    with pytest.raises(RunError, match="postgresql://"), runs.opened(site / "s", programs=[], database="mysql://x/y"):
        pass
