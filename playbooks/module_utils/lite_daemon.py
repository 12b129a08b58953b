"""The lite daemon of Base Command Manager on a host: where its parts lie, and the environment that they run in."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

__all__ = ["digest", "environment", "tool"]


def environment(path: Path) -> dict[str, str]:
    """Return the variables under which its scripts find their packages, whichever interpreter their first line names."""
    found = sorted(str(one) for one in path.glob("venv/lib/python3*/site-packages"))
    return {
        "VIRTUAL_ENV": str(path / "venv"),
        "PATH": f"{path / 'venv/bin'}:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}",
        "PYTHONPATH": ":".join(found),
    }


def digest(*paths: Path) -> str:
    """Return one SHA-256 over the names and the content of files."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def tool(module: Any, *words: str, path: Path, limit_s: int) -> tuple[int, str]:
    """Run a program in the environment of the daemon, ended after a limit; returns its exit code and all that it said."""
    code, out, err = module.run_command(
        ["timeout", str(limit_s), *words], cwd=str(path), environ_update=environment(path)
    )
    said = "\n".join(part for part in (out.strip(), err.strip()) if part)
    return code, said or ("no answer in time" if code == 124 else f"exit code {code}")
