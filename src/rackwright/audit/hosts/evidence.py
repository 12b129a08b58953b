"""What hosts told, kept like the evidence of switches: asked over SSH, or read from files that somebody collected elsewhere.

A folder of one host holds a file a command, named by the command as sosreport names it: every run of characters other than
letters, digits, ``_``, ``-``, ``.`` and ``/`` becomes ``_``, and ``/`` a dot (``uname_-r``, ``mlnx_qos_-i_rail1``). Files that
a command would print (``cat /etc/os-release``) may lie there under their own path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from rackwright.audit.evidence import Answer, Evidence
from rackwright.audit.hosts.questions import Question, questions
from rackwright.audit.hosts.secrets import scrubbed
from rackwright.audit.hosts.wanted import Wanted
from rackwright.catalog.models import Catalog
from rackwright.drivers.clock import Clock
from rackwright.drivers.hosts.model import Host
from rackwright.errors import (
    AuthRefused,
    DriverError,
    IdentityChanged,
    LostMidCommand,
    Unreachable,
)

__all__ = ["BENCHMARKS", "FOLDER", "collect", "file_name", "is_collected", "read_folder"]

FOLDER: Final = "hosts"
"""Folder inside a folder of evidence: a host has its BMC's name, and both are kept."""
BENCHMARKS: Final = ("ib_write_bw", "all_reduce_perf", "dcgmi_diag", "nvbandwidth")
"""Words in the names of files that hold the output of a benchmark."""

_ENDED: Final = (Unreachable, AuthRefused, IdentityChanged, LostMidCommand)
_MOST: Final = 2 << 20
"""Bytes that are kept of one answer: a kernel's whole log is less; the end is kept."""
_ROUNDS: Final = 6
_SUFFIX: Final = re.compile(r"\.(?:txt|log|json|out|xml)$", re.IGNORECASE)
_TELLS_BY_STATUS: Final = ("systemctl is-active", "dcgmi diag", "sysctl -a")
"""Commands whose exit status is part of a good answer: a unit that is not active, a test that failed, a key that nobody may read."""
_FILES: Final = 4096
_COMMON: Final = (
    "uname -r",
    "ofed_info -s",
    "ip -j -d address show",
    "nvidia-smi -q -x",
    "nvidia-smi -q",
    "dmesg",
    "lsmod",
)


def collect(session: Host, wanted: Wanted, catalog: Catalog, *, clock: Clock, taken: str = "") -> Evidence:
    """Ask a host everything in one session; what goes wrong becomes the answer, never an exception.

    After the session is lost the questions that are left are answered by that loss: nothing is asked blindly again.
    """
    lost = ""

    def ask(question: Question) -> Answer:
        nonlocal lost
        if lost:
            return Answer(question.text, error=lost)
        start = clock.now()
        try:
            said = session.run(question.command, sudo=question.root, limit_s=question.limit_s)
        except DriverError as error:
            lost = str(error) if isinstance(error, _ENDED) else ""
            return Answer(question.text, error=str(error), took_s=round(clock.now() - start, 3))
        return _answer(question.text, said.status, said.out, said.err, round(clock.now() - start, 3))

    return Evidence(wanted.name, taken, answers=_asked(wanted, catalog, ask))


def _answer(text: str, status: int, out: str, err: str, took_s: float) -> Answer:
    told = scrubbed(out[-_MOST:])
    if status and not (text.startswith(_TELLS_BY_STATUS) and out.strip()):
        words = scrubbed(" ".join((err.strip() or out.strip())[-400:].split()))
        return Answer(text, error=f"it ended with {status}: {words or 'no word'}", took_s=took_s)
    return Answer(text, told, took_s=took_s)


def _asked(wanted: Wanted, catalog: Catalog, ask: Callable[[Question], Answer]) -> tuple[Answer, ...]:
    """Ask until nothing new follows from the answers."""
    answers: dict[str, Answer] = {}
    for _ in range(_ROUNDS):
        new = {one.text: one for one in questions(wanted, catalog, answers) if one.text not in answers}
        if not new:
            break
        answers |= {text: ask(question) for text, question in new.items()}
    return tuple(answers.values())


def file_name(command: str) -> str:
    """Return how the file of a command is called (sosreport's rule, ``sos.report.plugins.Plugin._mangle_command``)."""
    bare = re.sub(r"^/(?:usr/|)s?bin/", "", command)
    return re.sub(r"[^\w\-./]+", "_", bare).replace("/", ".").strip(" ._-")


def is_collected(folder: Path, *, deep: bool = True) -> bool:
    """Tell whether a folder holds files of one host: one of the commonest, or a benchmark; without ``deep`` in itself, not below."""
    known = {file_name(text) for text in _COMMON}
    names = _index(folder) if deep else {path.name: path for path in _inside(folder)}
    return any(_SUFFIX.sub("", name) in known or _is_benchmark(_SUFFIX.sub("", name)) for name in names)


def _inside(folder: Path) -> Iterable[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else ()


def read_folder(folder: Path, wanted: Wanted, catalog: Catalog) -> Evidence:
    """Read the files of one host as its evidence; a command without a file is one that was not answered."""
    index = _index(folder)

    def ask(question: Question) -> Answer:
        for text in (question.text, *question.also):
            path = index.get(file_name(text)) or _printed(folder, text)
            if path is not None:
                return _read(question.text, path)
        return Answer(question.text, error=f"there is no file {file_name(question.text)}")

    answers = _asked(wanted, catalog, ask)
    runs = [_read(name, path) for name, path in sorted(index.items()) if _is_benchmark(name)]
    return Evidence(wanted.name, answers=(*answers, *runs))


def _index(folder: Path) -> Mapping[str, Path]:
    """Return the files below a folder by name, without a suffix that only says what they are; links out of it are left out."""
    found: dict[str, Path] = {}
    inside = folder.resolve()
    for path in _files(folder):
        if path.is_file() and path.resolve().is_relative_to(inside):
            found.setdefault(path.name, path)
            found.setdefault(_SUFFIX.sub("", path.name), path)
    return found


def _files(folder: Path) -> Iterable[Path]:
    return sorted(folder.rglob("*"))[:_FILES] if folder.is_dir() else ()


def _is_benchmark(name: str) -> bool:
    return _SUFFIX.search(name) is None and any(word in name for word in BENCHMARKS)


def _printed(folder: Path, text: str) -> Path | None:
    """Return the copy of a file that ``cat`` would print."""
    words = text.split()
    if len(words) != 2 or words[0] != "cat":
        return None
    path = folder / words[1].lstrip("/")
    return path if path.is_file() and path.resolve().is_relative_to(folder.resolve()) else None


def _read(question: str, path: Path) -> Answer:
    try:
        with path.open("rb") as stream:
            data = stream.read(8 * _MOST)
    except OSError as error:
        return Answer(question, error=f"{path} cannot be read ({error.strerror})")
    return Answer(question, scrubbed(data.decode(errors="replace")))
