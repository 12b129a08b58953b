"""The private folder of one play: fresh, its owner's alone, in memory where the system has such a place, and gone afterwards.

What ansible-runner finds in a folder it uses again without a word (host-stack.md 6), so that each play has its own. A play
whose process was killed leaves its folder and perhaps processes: the next one ends and removes them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["base", "end_processes", "private_folder", "sweep"]

_PREFIX: Final = "rackwright-play-"
_LOCK: Final = "lock"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - each folder in it is made for its owner alone
_YOUNG_S: Final = 60.0
_GRACE_S: Final = 2.0


def base() -> Path:
    """Return where private folders lie."""
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)
    return _MEMORY if usable else Path(tempfile.gettempdir())


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Make a folder of mode 0700, and remove it with all processes that work in it, however this ends."""
    sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base()))
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        end_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def sweep() -> None:
    """Remove the folders of plays whose process is dead, and end what still works in them."""
    for folder in base().glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.stat().st_uid == os.getuid() and _abandoned(folder):
                end_processes(folder)
                shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    """Tell whether nobody holds a folder any more."""
    try:
        handle = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return time.time() - folder.stat().st_mtime > _YOUNG_S
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True


def end_processes(folder: Path) -> None:
    """End every process of ours that was started for a folder: Ansible's workers have sessions of their own, SSH's masters stay."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + _GRACE_S
        left = _processes(folder)
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)
        while left and time.monotonic() < until:
            time.sleep(0.01)
            left = [process for process in left if _alive(process)]
        if not left:
            return


def _processes(folder: Path) -> list[int]:
    """Return the processes in whose environment or command line the folder stands."""
    word, found = os.fsencode(folder), []
    for place in Path("/proc").glob("[0-9]*"):
        if int(place.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if word in (place / "environ").read_bytes() or word in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return found


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state not in (b"Z", b"X")
