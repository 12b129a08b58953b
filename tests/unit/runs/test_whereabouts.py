"""One site, several databases: who looks into the wrong one must neither begin nor go on with anything."""

from __future__ import annotations

import json

import pytest

from rackwright import runs
from rackwright.errors import RunBusy, RunError
from rackwright.runs.whereabouts import named
from tests.unit.runs import toytasks
from tests.unit.runs.test_postgres import database, server  # noqa: F401 - fixtures
from tests.unit.runs.toytasks import SMALL, Tasks

pytestmark = pytest.mark.xdist_group("postgres")

PLAN = {"script": toytasks.__file__, "lease_s": 1.0}


def engine(site, **options):
    """Return an engine over the site, in this process."""
    return runs.opened(site / "s", programs=[Tasks(site / "world")], **options)


def begun(site, process, **plan):
    """Begin a run in another process, which stays in its first task; return the process and the run."""
    other = process("run", wait=str(site / "gate"), **PLAN, **plan)
    other.until((site / "gate.reached").exists)
    return other, runs.latest(site / "s", "tasks", database=plan.get("database")).run


def test_run_in_a_database_is_not_begun_over_or_gone_on_with_from_another(site, database, process):  # noqa: F811 - pytest hands a fixture in by its name
    """Two processes that drive the same devices from two journals know nothing of each other: that is how racks are lost."""
    secret = database.replace("postgres@", "postgres:pass-word@")
    other, run = begun(site, process, database=secret)
    names = r"its journal is in postgresql://postgres@/rw_.*give --database postgresql://postgres@"
    with engine(site) as here:
        with pytest.raises(RunBusy, match=names):
            here.run("tasks", SMALL)
        with pytest.raises(RunError, match=r"postgresql://postgres@/rw_.*and here is the site's own"):
            here.resume(run)
        with pytest.raises(RunBusy, match=names):
            here.work()
    with pytest.raises(RunBusy, match=names):
        runs.refuse_other_database(site / "s")
    status = runs.latest(site / "s", "tasks")
    assert (status.state, status.database) == ("elsewhere", named(database))
    assert b"pass-word" not in b"".join(path.read_bytes() for path in (site / "s").rglob("*") if path.is_file())
    (site / "gate").touch()
    assert other.said() == "done"
    assert runs.latest(site / "s", "tasks").state == "done"
    with engine(site) as here:
        with pytest.raises(RunError, match="the journal of run"):
            here.resume(run)
        assert here.run("tasks", SMALL).state == "done"


def test_worker_that_took_over_holds_the_devices_of_its_run(site, database, process):  # noqa: F811 - pytest hands a fixture in by its name
    """Who began a run may be dead: the worker that has it in hand is as much in the way of a new one."""
    first, run = begun(site, process, database=database)
    worker = process("work", wait=str(site / "gate"), database=database, **PLAN)
    first.kill()
    worker.until(lambda: f"pid {worker.popen.pid} " in runs.latest(site / "s", "tasks", database=database).holder)
    with engine(site, database=database) as here, pytest.raises(RunBusy, match=f"run {run} works on a1 and is held by"):
        here.run("tasks", SMALL)


def test_one_database_may_have_two_addresses(site, database, process):  # noqa: F811 - pytest hands a fixture in by its name
    """A worker beside the database calls it otherwise than one in the row: what counts is that it knows the run."""
    other, _run = begun(site, process, database=database)
    same = database + "&port=5432"
    assert named(same) != named(database)
    runs.refuse_other_database(site / "s", database=same)
    assert runs.latest(site / "s", "tasks", database=same).state == "running"
    other.kill()


def test_run_in_the_folder_is_in_the_way_of_a_database_while_somebody_works_on_it(site, database, process):  # noqa: F811 - pytest hands a fixture in by its name
    """The other way round it is the same; but a push that was cut off long ago must not keep a rack from PostgreSQL for ever."""
    other, _run = begun(site, process)
    with engine(site, database=database) as there, pytest.raises(RunBusy, match="leave --database out"):
        there.run("tasks", SMALL)
    other.kill()
    with engine(site, database=database) as there:
        assert there.run("tasks", SMALL).state == "done"


def test_run_whose_record_is_torn_is_in_nobodys_way(site):
    """The remedy for it is a new run: one that fails of the same is none."""
    with engine(site) as here:
        kept = site / "s/runs" / here.run("tasks", SMALL).run / "run.json"
        kept.write_text("{")
        assert here.run("tasks", SMALL).state == "done"


def test_address_is_kept_without_what_may_be_secret():
    """The folder of a run is copied to others with its record."""
    full = "postgresql://me:pass-word@db.example:5433/rack?sslpassword=hush&host=/run/pg&options=-csecret"
    assert named(full) == "postgresql://me@db.example:5433/rack?host=%2Frun%2Fpg"
    assert named(None) == ""
    with pytest.raises(RunError, match="postgresql://"):
        named("what is this")


def test_run_of_an_earlier_version_is_in_nobodys_way(site):
    """It does not say where its journal is: a guess would refuse what was always right."""
    with engine(site) as here:
        run = here.run("tasks", SMALL).run
    kept = site / "s/runs" / run / "run.json"
    kept.write_text(
        json.dumps({name: value for name, value in json.loads(kept.read_text()).items() if name != "database"})
    )
    assert runs.latest(site / "s", "tasks").state == "done"
