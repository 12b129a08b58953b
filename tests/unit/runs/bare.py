"""Bare DBOS, as its documentation shows it, in the situations that a rollout meets; prints what it saw as JSON.

``bare.py SITUATION FOLDER``. None of Rackwright is used: this is what ``rackwright.runs`` is built against.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from pathlib import Path

from dbos import DBOS, SetWorkflowID

SITUATION, FOLDER = sys.argv[1], Path(sys.argv[2])
WORD = "planted-pass-word"


def reached(name: str) -> bool:
    return (FOLDER / name).exists()


def wait_for(true, seconds: float = 20.0) -> bool:
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    return true()


def step() -> str:
    with (FOLDER / "begun").open("a") as log:
        log.write(f"{os.getpid()}\n")
    wait_for(lambda: reached("go"))
    return WORD


def begun() -> int:
    return len((FOLDER / "begun").read_text().splitlines()) if reached("begun") else 0


def launch(**options) -> None:
    DBOS(config={"name": "bare", "system_database_url": f"sqlite:///{FOLDER}/bare.db", **options})
    DBOS.launch()


@DBOS.workflow()
def slow() -> str:
    return DBOS.run_step({"name": "slow"}, step)


@DBOS.workflow()
def child() -> str:
    return "child"


@DBOS.workflow()
def parent() -> str:
    return DBOS.retrieve_queue("one").enqueue(child).get_result()


def start() -> None:
    with SetWorkflowID("w"):
        DBOS.start_workflow(slow)
    wait_for(lambda: begun() == 1)


def states() -> dict[str, str]:
    return {status.name: status.status for status in DBOS.list_workflows()}


def holds() -> dict:
    """Work, to be killed or joined by another process."""
    launch()
    start()
    (FOLDER / "holds").touch()
    wait_for(lambda: reached("go"))
    return {}


def second() -> dict:
    """Launch beside a process that works, as somebody does who only wants to look."""
    launch()
    wait_for(lambda: begun() > 1)
    return {"begun": begun()}


def survivor() -> dict:
    """Launch after a kill -9, with a name of its own and the same version."""
    launch(executor_id="survivor")
    threading.Event().wait(2.5)
    return {"begun": begun(), **states()}


def changed() -> dict:
    """Launch after a kill -9, with the same name and another version, as a changed source has one."""
    launch(application_version="another")
    threading.Event().wait(2.5)
    return {"begun": begun(), **states()}


def cancel() -> dict:
    """Cancel while a step runs."""
    launch()
    start()
    DBOS.cancel_workflow("w")
    return {**states(), "ended": reached("go")}


def nested() -> dict:
    """Let a parent wait for a child in its own queue, which lets one run."""
    launch()
    DBOS.register_queue("one", global_concurrency=1, polling_interval_sec=0.05)
    DBOS.retrieve_queue("one").enqueue(parent)
    wait_for(lambda: len(states()) > 1)
    threading.Event().wait(2)
    return states()


def journal() -> dict:
    """Run once and look at what lies there."""
    (FOLDER / "go").touch()
    launch()
    start()
    DBOS.retrieve_workflow("w").get_result()
    import sqlite3

    (row,) = sqlite3.connect(FOLDER / "bare.db").execute("SELECT output, serialization FROM operation_outputs")
    return {
        "mode": oct((FOLDER / "bare.db").stat().st_mode & 0o777),
        "form": row[1],
        "grep": WORD.encode() in (FOLDER / "bare.db").read_bytes(),
        "output": row[0],
    }


if __name__ == "__main__":
    os.umask(0o022)
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(globals()[SITUATION]()))
    sys.stdout.flush()
    # Its threads would wait for the steps that are still held.
    os._exit(0)
