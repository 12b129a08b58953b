"""A PostgreSQL server of the tests' own: Debian's, on a unix socket, gone when the test ends."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def programs() -> Path | None:
    """Return the folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Have a server that listens on a unix socket only; yield its address."""
    binaries = programs()
    if binaries is None:
        pytest.skip("no PostgreSQL server here (initdb): install the Debian package postgresql")
    # The path of a socket is short, and the server refuses to run as root.
    place = Path(tempfile.mkdtemp(prefix="rw-pg-", dir="/tmp"))
    owner = "postgres" if os.geteuid() == 0 else getpass.getuser()
    as_owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if as_owner:
        shutil.chown(place, "postgres", "postgres")

    def call(*command: str) -> None:
        subprocess.run([*as_owner, *command], check=True, capture_output=True, cwd=place, timeout=120)

    data = place / "data"
    call(str(binaries / "initdb"), "-D", str(data), "--auth=trust", "--no-sync", "--no-instructions", "-U", owner)
    settings = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off -c max_connections=80"
    control = str(binaries / "pg_ctl")
    call(control, "-D", str(data), "-w", "-t", "60", "-l", str(place / "log"), "-o", settings, "start")
    try:
        yield f"postgresql://{owner}@/postgres?host={place}"
    finally:
        call(control, "-D", str(data), "-m", "immediate", "-w", "stop")
        shutil.rmtree(place)
