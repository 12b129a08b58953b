"""Where namespaces live: this machine, or a guest whose kernel has what this one lacks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from typing import Final, Protocol

from rackwright.errors import TwinError
from rackwright.twin.frr.kernel import Features

__all__ = ["Local", "Machine", "features"]

LIMIT_S: Final = 60
"""Longest that one script may run."""

_PROBE: Final = """
ask() { ip link add rwprobe0 type "$@" 2>/dev/null && ip link del rwprobe0 2>/dev/null && echo "$1"; }
ask vrf table 999; ask bond; ask bridge vlan_filtering 1
:
"""


class Machine(Protocol):
    """Something that runs commands as root."""

    hold: str
    """Shell words that wait as long as the twin lives; what waits so holds a device's namespaces."""
    agent: str
    """Folder in which the socket of the twin's agent is seen; empty: there is no agent."""

    def run(self, script: str, *, limit_s: float = LIMIT_S) -> str:
        """Run a shell script and return its stdout; raises :class:`~rackwright.errors.TwinError` with its stderr."""

    def argv(self, words: Sequence[str]) -> list[str]:
        """Return the local command that runs ``words`` there with its standard streams connected."""

    def close(self) -> None:
        """Leave nothing behind."""


class Local:
    """This machine. What holds namespaces reads a pipe of ours, so that it ends with us, also when we are killed."""

    def __init__(self, agent: str = "") -> None:
        self.agent = agent
        self._read, self._write = os.pipe()
        self.hold = f"exec cat </proc/self/fd/{self._read}"

    def run(self, script: str, *, limit_s: float = LIMIT_S) -> str:
        """Run a shell script here."""
        try:
            done = subprocess.run(
                ["/bin/sh", "-e"],
                input=script,
                text=True,
                capture_output=True,
                timeout=limit_s,
                check=False,
                pass_fds=(self._read,),
            )
        except subprocess.TimeoutExpired:
            raise TwinError(f"a command of the data plane took longer than {limit_s:g} s: {script[:200]}") from None
        if done.returncode:
            raise TwinError(f"the kernel or FRR refused: {done.stderr.strip()[-600:]}")
        return done.stdout

    def argv(self, words: Sequence[str]) -> list[str]:
        """Return the words."""
        return list(words)

    def close(self) -> None:
        """Let go of what holds namespaces."""
        os.close(self._write)
        os.close(self._read)


def features(machine: Machine) -> Features:
    """Ask a machine's kernel what it offers, in a network namespace of its own."""
    said = machine.run(f"unshare -n /bin/sh <<'PROBE'\n{_PROBE}\nPROBE\n").split()
    return Features(vrf="vrf" in said, bond="bond" in said, vlan_filtering="bridge" in said)
