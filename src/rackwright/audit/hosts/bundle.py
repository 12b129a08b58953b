"""What support asks for first, fetched from a host that is not as it should be: logs, the kernel's words, NVIDIA's own report.

Everything is bounded, written for its owner alone, and without secrets: evidence travels in support cases.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rackwright.audit.hosts.evidence import file_name
from rackwright.audit.hosts.secrets import scrubbed
from rackwright.drivers import keeping
from rackwright.drivers.hosts.model import Host
from rackwright.errors import DriverError

__all__ = ["COMMANDS", "MOST", "fetch"]

MOST: Final = 32 << 20
"""Greatest size of one file in bytes; the end of a longer one is kept."""

COMMANDS: Final = (
    "dmesg -T",
    "journalctl -b --no-pager -n 20000",
    "journalctl -u nvidia-fabricmanager -u nvidia-persistenced -u openibd -u rackwright-bluefield -u rackwright-pcie --no-pager -n 5000",
    "tail -n 5000 /var/log/dpkg.log",
    "tail -n 5000 /var/log/apt/history.log",
    "dpkg -l",
    "dkms status",
    "lspci -nnvv",
    "lsmod",
    "ip -s -d link",
    "ip address",
    "ip route show table all",
    "mst status -v",
    "ibv_devinfo -v",
    "nvidia-smi -q",
    "nvidia-smi topo -m",
    "systemctl --failed --no-pager",
    "sysctl -a",
    "df -h",
    "free -m",
)
"""What is printed into a file each; all of it only reads."""

_LIMIT_S: Final = 120.0
_REPORT_S: Final = 600.0
_REPORT: Final = "nvidia-bug-report.sh"
_FOLDER: Final = re.compile(r"/tmp/rackwright-report\.\w+")  # noqa: S108 - the host makes it with mktemp
_GZIP: Final = 16 + zlib.MAX_WBITS


def fetch(session: Host, folder: Path, *, gpus: bool) -> tuple[str, ...]:
    """Fetch the bundle of one host into a folder; return the names of its files.

    ``gpus``: NVIDIA's own report is made too, which takes minutes. What a host does not have is a line of ``missing``. Raises nothing: a session
    that is lost ends the bundle where it is.
    """
    names: list[str] = []
    missing: list[str] = []
    try:
        for name, text in _texts(session, missing, gpus=gpus):
            keeping.keep(folder / name, scrubbed(text[-MOST:]).encode())
            names.append(name)
    except DriverError as error:
        missing.append(f"it ended here: {error}")
    if missing:
        keeping.keep(folder / "missing", ("\n".join(missing) + "\n").encode())
        names.append("missing")
    return tuple(names)


def _texts(session: Host, missing: list[str], *, gpus: bool) -> Iterator[tuple[str, str]]:
    for command in COMMANDS:
        said = session.run(command.split(), sudo=True, limit_s=_LIMIT_S)
        if said.out.strip():
            yield file_name(command), said.out
        else:
            missing.append(f"{command}: {' '.join(said.err.split())[:200] or f'it ended with {said.status}'}")
    if gpus:
        text = _report(session, missing)
        if text:
            yield "nvidia-bug-report.log", text


def _report(session: Host, missing: list[str]) -> str:
    """Have NVIDIA's report made in a folder of its own, fetch it, and remove the folder; empty: there is none."""
    place = session.run(("mktemp", "-d", "/tmp/rackwright-report.XXXXXX"), sudo=True).out.strip()  # noqa: S108 - on the host
    if not _FOLDER.fullmatch(place):
        missing.append(f"{_REPORT}: no folder could be made for it")
        return ""
    try:
        made = session.run((_REPORT, "--output-file", f"{place}/report.log"), sudo=True, limit_s=_REPORT_S)
        told = session.run(("base64", "-w0", f"{place}/report.log.gz"), sudo=True, limit_s=_LIMIT_S)
        text = _unpacked(told.out)
        if not text:
            missing.append(f"{_REPORT}: {' '.join((made.err or told.err).split())[:200] or 'it made no report'}")
        return text
    finally:
        session.run(("rm", "-rf", "--", place), sudo=True)


def _unpacked(text: str) -> str:
    """Return the text of a compressed report, no more of it than is kept; a bomb costs no more than that."""
    try:
        data = zlib.decompressobj(_GZIP).decompress(base64.b64decode(text.strip(), validate=True), MOST)
    except (binascii.Error, ValueError, zlib.error):
        return ""
    return data.decode(errors="replace")
