"""The peers, each in a virtual environment of its own below the cache folder of the bench."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.measure import Failed

__all__ = ["PEERS", "python_of"]

PEERS: Final = {
    "pyavd": "pyavd==6.4.0",
    "netlab": "networklab==26.10",
    "netmiko": "nornir==3.6.0 nornir-netmiko==1.0.1",
}
"""Peer -> what is asked of the package index."""


def python_of(peer: str, cache: Path) -> Path:
    """Return the interpreter of a peer's environment, made when it is not there yet; raises :class:`Failed`."""
    folder, wanted = cache / f"venv-{peer}", PEERS[peer]
    python, ready = folder / "bin" / "python", folder / ".ready"
    if ready.exists() and ready.read_text() == wanted and python.exists():
        return python
    print(f"making {folder} with {wanted} ...", file=sys.stderr, flush=True)
    for step in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted.split()],
    ):
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{wanted} cannot be installed: {done.stderr.strip()[-300:]}")
    ready.write_text(wanted)
    return python
