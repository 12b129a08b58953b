"""DHCP, TFTP and time at the bootstrap address: dnsmasq and chronyd as children of ours, with what the plan says.

Both are told where to work on their command line, so that dnsmasq's configuration is, to the byte, what ``render`` writes.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rackwright.drivers.keeping import keep
from rackwright.errors import ServeError
from rackwright.serve.children import Program, found
from rackwright.serve.lan import DHCP, NTP, TFTP, Lan

__all__ = ["dhcp", "no_tftp", "no_time", "tftp", "time"]

_DNSMASQ: Final = "dnsmasq"
_CHRONYD: Final = "chronyd"
_PATIENCE_S: Final = 30


def dhcp(folder: Path, lan: Lan, config: bytes) -> Program:
    """Return dnsmasq ready to be started: its configuration is written and was taken by its own ``--test``.

    Raises :class:`~rackwright.errors.ServeError`, with what to do, where the program is missing, the configuration is refused, or
    somebody answers DHCP at the interface already.
    """
    program = found(_DNSMASQ)
    if not program:
        raise ServeError("dnsmasq is not installed: install Debian's dnsmasq-base, or leave out --dhcp")
    if why := lan.free(DHCP):
        raise ServeError(
            f"DHCP cannot be served at {lan.interface} (UDP port {DHCP}): {why}; run it as root, and end another dnsmasq or "
            "DHCP server there, or leave out --dhcp"
        )
    path, leases = folder / "dnsmasq.conf", folder / "leases"
    keep(path, config)
    # dnsmasq would make it for everybody to read.
    leases.touch(mode=0o600)
    _tested(program, path)
    command = (
        program, "--keep-in-foreground", f"--conf-file={path}", f"--interface={lan.interface}", "--bind-interfaces",
        f"--dhcp-leasefile={leases}", "--pid-file", "--log-facility=-", "--log-dhcp",
    )  # fmt: skip
    return Program(_DNSMASQ, command, folder / "dnsmasq.log", b" started, ")


def _tested(program: str, path: Path) -> None:
    command = [program, "--test", f"--conf-file={path}"]
    try:
        done = subprocess.run(  # noqa: S603 - dnsmasq, which was looked for
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_PATIENCE_S
        )
    except subprocess.TimeoutExpired:
        raise ServeError(f"dnsmasq --test of {path} does not end in {_PATIENCE_S} s: try it by hand") from None
    if done.returncode:
        raise ServeError(f"dnsmasq refuses {path}: {done.stderr.strip()}; see the site, and its own templates/dhcp")


def no_tftp(lan: Lan) -> str:
    """Return why files cannot be handed out over TFTP, and what to do about it; empty: they can."""
    if why := lan.free(TFTP):
        return (
            f"TFTP is not served from here, UDP port {TFTP} of {lan.interface}: {why}. Firmware that boots by PXE finds no file, unless "
            "that server has it"
        )
    return ""


@contextmanager
def tftp(program: Program, file: Path) -> Iterator[Program]:
    """Lend dnsmasq as ``program`` that hands out ``file`` over TFTP too, and nothing else.

    It reads as nobody, whom the folders of an operator need not let in: the file lies in one of its own meanwhile.
    """
    with TemporaryDirectory(prefix="rackwright-tftp-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copyfile(file, folder / file.name)
        (folder / file.name).chmod(0o644)
        yield replace(program, command=(*program.command, "--enable-tftp", f"--tftp-root={folder}"))


def no_time(lan: Lan, installed: Callable[[str], str] = found) -> str:
    """Return why time is not served, and what to do about it; empty: it can be."""
    if not installed(_CHRONYD):
        return (
            "time is not served: chronyd is not installed (Debian's chrony). What boots keeps the time of its own clock until it "
            "reaches the site's time servers"
        )
    if why := lan.free(NTP):
        return (
            f"time is not served from here, UDP port {NTP} of {lan.interface}: {why}. If that is a time server, let it answer the "
            f"site's networks at {lan.address} (chrony: 'allow'); services.ntp can name bootstrap"
        )
    return ""


def time(folder: Path, lan: Lan, networks: Sequence[str]) -> Program:
    """Return chronyd ready to be started: it tells ``networks`` this machine's own time, and never sets its clock.

    Stratum 10 says that it is a clock for want of a better one: a real time server is preferred by whoever hears both.
    """
    lines = [
        "# Time for first boots, written by rackwright: this machine's own clock, which is not touched (chronyd -x).",
        "local stratum 10",
        *(f"allow {network}" for network in networks),
        f"bindaddress {lan.address}",
        "cmdport 0",
        "bindcmdaddress /",
        f"pidfile {folder / 'chronyd.pid'}",
    ]
    path = folder / "chrony.conf"
    keep(path, ("\n".join(lines) + "\n").encode())
    command = (found(_CHRONYD), "-d", "-x", "-f", str(path))
    return Program(_CHRONYD, command, folder / "chronyd.log", b" starting ")
