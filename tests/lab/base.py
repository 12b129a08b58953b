"""The root that every node of the lab stands on: made once, kept by the digest of what makes it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

NEEDED = (
    "apt-ftparchive", "dpkg-deb", "gpg", "ip", "mmdebstrap", "nsenter", "setpriv", "ssh", "ssh-keygen", "systemd-nspawn", "unshare",
)  # fmt: skip
RECIPE = Path(__file__).with_name("base.sh")


def require() -> None:
    """Skip (in CI: fail) where nodes cannot be made."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in NEEDED if shutil.which(name, path=path) is None]
    if os.geteuid() or missing:
        pytest.skip(f"needs root and {', '.join(missing) or 'namespaces'}: run scripts/apt-packages.sh as root")


def kept() -> Path:
    """Return the folder of the user's cache in which the lab keeps what costs a minute to make."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "rackwright"


def root() -> Path:
    """Return the root, made where it is not there yet; two who ask at once wait for one another."""
    folder = kept() / f"lab-{hashlib.sha256(RECIPE.read_bytes()).hexdigest()[:12]}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            subprocess.run(["/bin/sh", str(RECIPE), str(folder)], check=True, stdin=subprocess.DEVNULL)
    return folder
