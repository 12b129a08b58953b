"""A process that forks a child for each command it is given, and has it die by kill -9 at the n-th moment.

Moments are the calls of the driver, each before it is made, and the writes of journal and run folder, each before it is
committed, so that a kill at the next one is a kill after this one. The child runs the real command; what takes long to
import is there before it is forked. One JSON object a line each way: ``{"argv": [...], "strike": n}``, with a number or
the name of a moment and which of that name, gives ``{"code": ..., "moments": [...]}``.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import sys
import threading
from collections import Counter

import dbos  # noqa: F401 - here before the first fork
import netmiko  # noqa: F401 - as above
import sqlalchemy

import nornir_tasks  # noqa: F401 - as above
import rackwright.cli.renewing
import rackwright.report.pushes
import rackwright.report.servers
import rackwright.runs.engine  # noqa: F401 - as above
from rackwright.cli import main
from rackwright.cli.verbs import push  # noqa: F401 - as above
from rackwright.drivers.nvue import connect, ssh
from rackwright.drivers.redfish import bmc
from rackwright.drivers.redfish import connect as to_bmc
from rackwright.push import artifacts
from rackwright.runs import folder

_CALLS = (
    "facts", "running", "startup", "stage", "difference", "apply", "confirmation", "confirm", "rollback", "save", "show",
)  # fmt: skip
_BMC_CALLS = (
    "read", "readiness", "jobs", "job", "stage_bios", "delete_job", "push_image", "power", "reset", "ac_cycle", "export_profile",
    "change_settings", "set_password",
)  # fmt: skip
_WRITES = ("INSERT", "UPDATE", "DELETE")


class Moments:
    """Counts the moments of a command, writes each into a pipe, and dies at one."""

    def __init__(self, strike: int | list, pipe: int) -> None:
        self._strike = tuple(strike) if isinstance(strike, list) else ("", strike)
        self._pipe = pipe
        self._count: Counter[str] = Counter()
        self._guard = threading.Lock()

    def pass_by(self, name: str) -> None:
        """Count a moment; die if it is the one."""
        with self._guard:
            self._count.update((name, ""))
            os.write(self._pipe, f"{name}\n".encode())
            if self._strike in {(name, self._count[name]), ("", self._count[""])}:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    """Have every call of the driver and every write of the journal pass by."""
    for name in _CALLS:
        setattr(ssh.NvueSsh, name, _announced(getattr(ssh.NvueSsh, name), name, moments))
    connect.connect = _announced(connect.connect, "connect", moments)
    for name in _BMC_CALLS:
        setattr(bmc.Bmc, name, _announced(getattr(bmc.Bmc, name), name, moments))
    to_bmc.connect = _announced(to_bmc.connect, "connect", moments)
    folder.write_private = _announced(folder.write_private, "file", moments)
    artifacts.keep = _announced(artifacts.keep, "file", moments)
    wrote: dict[int, str] = {}

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "before_cursor_execute")
    def _(connection, _cursor, statement, *_rest):
        words = statement.split()
        if words[0] in _WRITES:
            wrote[id(connection.connection.dbapi_connection)] = _table(words)

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "commit")
    def _(connection):
        table = wrote.pop(id(connection.connection.dbapi_connection), "")
        # The lease is renewed by a clock and not by what the push does.
        if table and "rackwright_worker" not in table:
            moments.pass_by(f"journal {table}")


def _table(words: list[str]) -> str:
    table = words[1] if words[0] == "UPDATE" else words[2]
    return f"{words[0]} {table.rpartition('.')[2].strip(chr(34))}"


def _announced(function, name, moments):
    @functools.wraps(function)
    def announced(*args, **kwargs):
        if name == "file":
            moments.pass_by(f"write of {args[0].name.partition('-')[0]}")
        else:
            moments.pass_by(f"driver {name} {args[1]}" if name == "show" else f"driver {name}")
        return function(*args, **kwargs)

    return announced


def child(argv: list[str], strike: int | list, pipe: int) -> None:
    """Run the command in this process and end it."""
    watch(Moments(strike, pipe))
    quiet = os.open(os.devnull, os.O_WRONLY)
    log = os.open(os.environ["DYING_LOG"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(quiet, 1)
    os.dup2(log, 2)
    code = 1
    try:
        main(argv)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


def serve() -> None:
    """Answer until stdin ends."""
    for line in sys.stdin:
        asked = json.loads(line)
        if threading.active_count() != 1:
            raise SystemExit("a thread is there before the fork")
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            child(asked["argv"], asked["strike"], writing)
        os.close(writing)
        with os.fdopen(reading, encoding="utf-8") as stream:
            told = stream.read().splitlines()
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"code": code, "moments": told}), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    serve()
