"""A guest under emulation whose kernel has what this one lacks: VRF devices, bonds, VLAN filtering (twin.md 1).

QEMU runs Debian's kernel without KVM, its root a folder of this machine made by ``guest.sh``, read-only with a layer in memory
above it. It is reached over SSH on loopback, with a key made for it and its host key read from its console.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rackwright.errors import TwinError
from rackwright.twin.frr.machine import LIMIT_S

__all__ = ["Guest", "cache", "prepare"]

BOOT_S: Final = 90
"""Longest that the guest may take to boot; seen are 5 to 15 s on two cores."""

MEMORY_MIB: Final = 2048

AGENT: Final = "/run/agent/socket"
"""Where the agent's socket is in the guest."""

_SCRIPT: Final = Path(__file__).with_name("guest.sh")
_READY: Final = re.compile(r"guest ready (?P<uptime>[0-9.]+) (?P<key>ssh-ed25519 \S+)")


def cache() -> Path:
    """Return where the guest's root is kept: by what makes it, so that another recipe makes another root."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return kept / "rackwright" / f"guest-{hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:12]}"


def prepare(folder: Path) -> Path:
    """Make the guest's root below ``folder`` where it is not there yet, and return the folder; takes a minute.

    Raises :class:`~rackwright.errors.TwinError` when it cannot be made.
    """
    if (folder / "initrd").exists() and (folder / "vmlinuz").exists():
        return folder
    if os.geteuid() or shutil.which("mmdebstrap") is None:
        raise TwinError(
            "the guest's root needs root rights and mmdebstrap once: apt-get install mmdebstrap, run as root"
        )
    done = subprocess.run(["/bin/sh", str(_SCRIPT), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise TwinError(f"the guest's root could not be made: {done.stderr.strip()[-600:]}")
    return folder


class Guest:
    """A machine under emulation; see :class:`~rackwright.twin.frr.machine.Machine`."""

    hold = "exec sleep infinity"

    def __init__(self, folder: Path, agent: str = "") -> None:
        """Boot it; ``agent`` is the folder of the agent's socket here.

        Raises :class:`~rackwright.errors.TwinError` when it does not come up.
        """
        if shutil.which("qemu-system-x86_64") is None:
            raise TwinError("qemu-system-x86_64 is not here: apt-get install qemu-system-x86")
        # A control socket's path must be short.
        self._place = Path(tempfile.mkdtemp(prefix="rw-guest-"))
        key = self._place / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
        port = _free_port()
        self._process = subprocess.Popen(
            _qemu(folder, key.with_suffix(".pub").read_text(encoding="ascii").split()[1], port),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._agent = agent
        self.agent = str(Path(AGENT).parent) if agent else ""
        self._master: subprocess.Popen[bytes] | None = None
        with contextlib.ExitStack() as undo:
            undo.callback(self.close)
            host_key = self._await()
            (self._place / "known").write_text(f"[127.0.0.1]:{port} {host_key}\n", encoding="ascii")
            self._ssh = [
                "ssh", "-F", "none", "-i", str(key), "-p", str(port), "-o", f"UserKnownHostsFile={self._place / 'known'}",
                "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", f"ControlPath={self._place / 'ctl'}",
                "-o", "LogLevel=ERROR", "root@127.0.0.1",
            ]  # fmt: skip
            self._master = self._connect()
            undo.pop_all()

    def run(self, script: str, *, limit_s: float = LIMIT_S) -> str:
        """Run a shell script in the guest."""
        try:
            done = subprocess.run(
                [*self._ssh, "/bin/sh -e"], input=script, text=True, capture_output=True, timeout=limit_s, check=False
            )
        except subprocess.TimeoutExpired:
            raise TwinError(f"a command in the guest took longer than {limit_s:g} s: {script[:200]}") from None
        if done.returncode:
            raise TwinError(f"the guest's kernel or FRR refused: {done.stderr.strip()[-600:]}")
        return done.stdout

    def argv(self, words: Sequence[str]) -> list[str]:
        """Return the command that runs ``words`` in the guest."""
        import shlex

        return [*self._ssh, shlex.join(words)]

    def close(self) -> None:
        """End the guest and remove its files."""
        for process in (self._master, self._process):
            if process is not None:
                process.kill()
                process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def _connect(self) -> subprocess.Popen[bytes]:
        """Open the one connection that every command shares, as soon as the guest's sshd listens."""
        end = time.monotonic() + BOOT_S
        socket_words = ["-R", f"{AGENT}:{self._agent}/socket"] if self._agent else []
        while time.monotonic() < end and self._process.poll() is None:
            master = subprocess.Popen(
                [*self._ssh[:-1], "-M", "-N", *socket_words, "-o", "ConnectTimeout=20", self._ssh[-1]],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while master.poll() is None:
                if (self._place / "ctl").exists():
                    return master
                time.sleep(0.05)
            time.sleep(0.2)
        raise TwinError(f"the guest's sshd did not answer within {BOOT_S} s")

    def _await(self) -> str:
        """Read the console until the guest says that it is ready; return its host key."""
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - it was asked for
        seen, end = "", time.monotonic() + BOOT_S
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while time.monotonic() < end and self._process.poll() is None:
                if selector.select(0.5):
                    seen += os.read(stream.fileno(), 65536).decode("ascii", "replace")
                found = _READY.search(seen)
                if found and "\n" in seen[found.end() :]:
                    return found["key"]
        raise TwinError(f"the guest did not come up within {BOOT_S} s; its console ends with: {seen[-400:]!r}")


def _qemu(folder: Path, key: str, port: int) -> list[str]:
    # KVM is not asked for: where it is offered without a real processor behind it, stock kernels hang (twin.md 6).
    # Beside other load an emulated timer is late, and a kernel that checks it panics: "IO-APIC + timer doesn't work".
    return [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB),
        "-nographic", "-no-reboot", "-kernel", str(folder / "vmlinuz"), "-initrd", str(folder / "initrd"),
        "-nic", f"user,model=virtio-net-pci,restrict=on,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:22",
        "-virtfs", f"local,path={folder / 'root'},mount_tag=rootfs,security_model=passthrough,readonly=on,id=root",
        "-append", f"console=ttyS0 panic=-1 quiet mitigations=off no_timer_check rackwright.key={key} ",
    ]  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
