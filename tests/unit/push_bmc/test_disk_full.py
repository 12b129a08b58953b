"""A push whose journal or files cannot be written from one moment on, resumed once there is room: nothing is left half done."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from rackwright import runs
from rackwright.errors import RunError
from rackwright.push import artifacts
from rackwright.push.bmc import contact, keeping, program
from rackwright.push.bmc.submitting import interrupted, resume, submit
from rackwright.runs import journal, work
from rackwright.runs.folder import Events
from tests.unit.push.fake import Clock
from tests.unit.push_bmc.cases import order_of
from tests.unit.push_bmc.fake import BIOS, CPLD, Server, inventory_of

STRIDE = 1 if os.environ.get("RACKWRIGHT_LARGE") == "1" else 6
"""A usual run has room end at every sixth write; with RACKWRIGHT_LARGE=1 it is every one."""
WHAT = (BIOS, CPLD)
"""A restart, then a power cycle behind a shutdown."""


class Disk:
    """Counts what is written, and has no more room from the n-th write on, or for that one alone."""

    def __init__(self):
        self.count, self.full_at, self.alone, self.journal_too = 0, None, False, True
        self.guard = threading.Lock()

    def empty(self):
        self.count, self.full_at = 0, None

    @property
    def is_full(self):
        with self.guard:
            self.count += 1
            return self.full_at is not None and (
                self.count == self.full_at if self.alone else self.count >= self.full_at
            )

    @property
    def was_full(self):
        return self.full_at is not None and self.count >= self.full_at

    def take(self):
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def disk(monkeypatch):
    """Return the disk below journal, events and the files of a run."""
    made, tell, keep = Disk(), Events.tell, artifacts.keep

    def told(self, *args, **fields):
        with self._writing():
            made.take()
        return tell(self, *args, **fields)

    def kept(*args):
        made.take()
        return keep(*args)

    def statement(_connection, _cursor, text, parameters, *_rest):
        writes = made.journal_too and text.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}
        # Leases are renewed by a clock, so they are not counted.
        full = made.was_full and not made.alone if "rackwright_worker" in text else writes and made.is_full
        if writes and full:
            return "INSERT INTO disk_is_full VALUES (1)", ()
        return text, parameters

    monkeypatch.setattr(Events, "tell", told)
    monkeypatch.setattr(keeping.artifacts, "keep", kept)
    for module, name in ((journal, "_POLL_S"), (journal, "_FLEET_POLL_S"), (work, "SELDOM_S")):
        monkeypatch.setattr(module, name, 0.01)
    monkeypatch.setattr(contact.reading, "inventory", inventory_of)
    contacts = program.Contact
    monkeypatch.setattr(program, "Contact", lambda *args: contacts(*args, inventory_of=inventory_of))
    sa.event.listen(sa.Engine, "before_cursor_execute", statement, retval=True)
    yield made
    sa.event.remove(sa.Engine, "before_cursor_execute", statement)


def rack_in(folder):
    folder.mkdir()
    clock = Clock()
    server = Server(clock)
    state = folder / ".rackwright"
    shutil.copytree(folder.parent / "made", state)
    return SimpleNamespace(
        server=server, order=order_of(folder, WHAT),
        way=SimpleNamespace(state=state, clock=clock, twin=False, database=None, bmc=server.connect),
    )  # fmt: skip


def lives(rack, disk):
    """Push until the disk is full, then go on with it once there is room; return how the last life ended."""
    try:
        report = submit(rack.order, rack.way, jobs=1)
    except (RunError, OSError):
        report = None
    struck, sessions = disk.was_full, rack.server.sessions
    disk.empty()
    rack.way.clock.sleep(5)
    if report is None:
        run = interrupted(rack.way.state)
        report = resume(run, rack.way) if run else submit(rack.order, rack.way, jobs=1)
    return report, struck, sessions


@pytest.mark.parametrize(
    ("journal_too", "alone", "first"),
    [(True, False, 1), (False, False, 3), (True, True, 5)],
    ids=["all", "files", "one write"],
)
def test_no_room_from_the_nth_write_on(tmp_path, disk, journal_too, alone, first):
    """Wherever the disk is full: no session is left, and resumed the host is on, each image written once, no restart too many."""
    disk.journal_too, disk.alone = journal_too, alone
    with runs.opened(tmp_path / "made", programs=[]):
        pass
    for number in range(first, 500, STRIDE):
        rack = rack_in(tmp_path / str(number))
        disk.empty()
        disk.full_at = number
        report, struck, sessions = lives(rack, disk)
        server, told = rack.server, (number, report)
        assert report.state == "done", told
        assert (sessions, server.sessions) == (0, 0), told
        assert server.power == "On", told
        assert server.flashed() == {BIOS: 1, CPLD: 1}, told
        assert server.restarts() == ["GracefulRestart", "GracefulShutdown", ""], (told, server.restarts())
        if not struck:
            break
    assert 20 < number < 400
