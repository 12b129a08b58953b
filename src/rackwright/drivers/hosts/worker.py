"""One play in a process of its own: ``python -m rackwright.drivers.hosts.worker``.

ansible-runner takes the environment of its process, writes it down and forks: in a process of its own it gets a clean one,
and our threads stay out of it. The job comes as one line of JSON on stdin; events go as lines of JSON to stdout. When stdin
ends, whoever asked has gone or wants no more: the play is ended.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.drivers.hosts.events import Told, told

__all__ = ["PACKED", "Ended", "Job", "main"]

PACKED: Final = "packed"
"""Folder in the private one, of what Ansible packs for hosts."""
_POLL_S: Final = 1
"""How often it is looked whether the play is to be ended."""
_TAIL: Final = 4000


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be played."""

    folder: str
    """The private folder; ``hosts.json`` in it is the inventory."""
    playbook: str
    tags: tuple[str, ...]
    """Steps that are played; empty: all that the playbook has."""
    forks: int
    check: bool
    job_s: int
    idle_s: int


class Ended(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="ended"):
    """The last line: how the play ended, and the end of what Ansible printed."""

    status: str
    said: str = ""


def main() -> int:
    """Play the job that stands on stdin."""
    job = msgspec.json.decode(sys.stdin.buffer.readline(), type=Job)
    over = threading.Event()
    threading.Thread(target=_watch, args=(over,), daemon=True).start()
    ended = _play(job, over)
    _say(ended)
    return 0


def _watch(over: threading.Event) -> None:
    sys.stdin.buffer.read()
    over.set()


def _play(job: Job, over: threading.Event) -> Ended:
    from ansible_runner import Runner, RunnerConfig  # type: ignore[import-untyped]  # it ships no types

    folder = Path(job.folder)
    settings = {
        "job_timeout": job.job_s, "idle_timeout": job.idle_s, "pexpect_timeout": _POLL_S, "suppress_ansible_output": True
    }  # fmt: skip
    # It forgets settings that are given in the call unless the file is there.
    (folder / "env").mkdir(mode=0o700)
    (folder / "env" / "settings").write_bytes(msgspec.json.encode(settings))
    config = RunnerConfig(
        str(folder),
        playbook=job.playbook,
        inventory=str(folder / "hosts.json"),
        tags=",".join(job.tags) or None,
        forks=job.forks,
        cmdline="--check --diff" if job.check else "--diff",
        ident="play",
        quiet=True,
    )
    config.prepare()
    config.cwd = str(Path(job.playbook).parent)
    # No facts on disk.
    config.env = {name: value for name, value in config.env.items() if not name.startswith("ANSIBLE_CACHE")}
    # The command by its module: the script's first line may name an interpreter that has moved.
    config.command[:1] = [sys.executable, "-m", "rackwright.drivers.hosts.launch", str(folder / PACKED)]
    runner = Runner(config, event_handler=_heard, cancel_callback=over.is_set)
    runner.run()
    return Ended(status=str(runner.status), said=_tail(folder / "artifacts" / "play" / "stdout"))


def _heard(raw: dict[str, Any]) -> bool:
    """Pass an event on; the answer tells the runner to keep none of them."""
    found = told(raw)
    if found is not None:
        _say(found)
    return False


def _say(word: Told | Ended) -> None:
    try:
        sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody listens any more: the end of stdin says the same, and ends the play.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _tail(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main())
