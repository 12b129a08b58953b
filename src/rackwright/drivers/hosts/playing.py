"""A play on hosts, from values to values: inventory and secrets into a private folder, ansible-runner in a process of its own.

Nothing of the user's Ansible is taken: no ansible.cfg but the one beside the playbook, no collections, no modules, no variables of the environment. Nothing of a secret is
in a command line, an environment or an artifact: each lies in a file of mode 0600 in the private folder, which is in memory where
the system has such a place, and is removed afterwards. Host keys are the pinned ones and no others.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from rackwright.drivers.hosts import packed
from rackwright.drivers.hosts.collecting import Collector
from rackwright.drivers.hosts.events import Told
from rackwright.drivers.hosts.model import Heard, Play, Played, Target
from rackwright.drivers.hosts.places import private_folder
from rackwright.drivers.hosts.worker import PACKED, Ended, Job
from rackwright.drivers.login import Login
from rackwright.errors import DriverError

__all__ = ["play"]

_SECRETS: Final = "secrets"
_POLL_S: Final = 0.5
_CLOSING_S: Final = 60.0
_STATUSES: Final = {"successful", "failed", "canceled", "timeout"}
_REINSTALL: Final = "see whether ansible-core and ansible-runner are whole: 'pip check', or install rackwright anew"
_PYTHON: Final = "/usr/bin/python3"
_CONFIG: Final = "[defaults]\ninternal_poll_interval = 0.005\n"
"""As in ours, and a setting that can be made in a file only."""
_PLUGINS: Final = Path(__file__).with_name("callbacks")


def play(
    play: Play,
    *,
    login: Login,
    known_hosts: Path,
    heard: Heard | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Played:
    """Play a playbook and return how each host came out of it; a host that fails is a value, not an error.

    ``login`` is a key or an agent. ``heard`` is told what happens, in this thread. ``cancelled`` is asked twice a second, and
    ends the play at once, in the middle of a task. Raises :class:`~rackwright.errors.DriverError` when Ansible itself cannot be run.
    """
    begun = time.monotonic()
    steps = {target.name: target.steps for target in play.targets}
    collector = Collector(steps)
    kept = packed.where(play.playbook)
    with private_folder() as folder:
        _furnish(folder, play, login, known_hosts)
        packed.lend(kept, folder / PACKED)
        job = Job(
            folder=str(folder),
            playbook=str(play.playbook),
            tags=tuple(dict.fromkeys(step for target in play.targets for step in target.steps)),
            forks=max(1, min(play.settings.forks, len(play.targets))),
            check=play.check,
            job_s=play.settings.job_s,
            idle_s=play.settings.idle_s,
        )
        ended = _driven(
            folder,
            _environment(folder, play, login),
            lambda worker: _listened(worker, job, collector, heard, cancelled or _never),
        )
        packed.keep(folder / PACKED, kept)
    status: Any = ended.status if ended.status in _STATUSES else "failed"
    return Played(status=status, hosts=collector.results(), said=ended.said, seconds=time.monotonic() - begun)


# --- the private folder ----------------------------------------------------------------------------------------------


def _furnish(folder: Path, play: Play, login: Login, known_hosts: Path) -> None:
    """Lay out what a play needs: inventory, secrets, folders of Ansible's own."""
    for name in (_SECRETS, "cp", "tmp", "home", "collections"):
        (folder / name).mkdir(mode=0o700)
    (folder / "ansible.cfg").write_text(_CONFIG)
    hosts = {target.name: _variables(folder, target, login, known_hosts) for target in play.targets}
    _write(folder / "hosts.json", msgspec.json.encode({"all": {"hosts": hosts}}))
    for name, secret in play.secrets.items():
        path = folder / _SECRETS / name
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write(path, secret.reveal().encode())


def _variables(folder: Path, target: Target, login: Login, known_hosts: Path) -> dict[str, Any]:
    own = {"rackwright_secrets": str(folder / _SECRETS)}
    if "ansible_connection" in target.variables:
        return {**target.variables, **own}
    endpoint = target.endpoint
    way: dict[str, Any] = {
        "ansible_host": endpoint.host,
        "ansible_port": endpoint.ssh_port,
        "ansible_user": endpoint.user,
        "ansible_ssh_common_args": _ssh_words(login, known_hosts),
        "ansible_python_interpreter": _PYTHON,
    }
    if login.identity is not None:
        way["ansible_ssh_private_key_file"] = str(login.identity.resolve())
    return {**way, **target.variables, **own}


def _ssh_words(login: Login, known_hosts: Path) -> str:
    options = {
        "UserKnownHostsFile": f'"{known_hosts.resolve()}"',
        "GlobalKnownHostsFile": os.devnull,
        "StrictHostKeyChecking": "yes",
        "UpdateHostKeys": "no",
        "PreferredAuthentications": "publickey",
        "IdentitiesOnly": "yes" if login.identity else "no",
        "ServerAliveInterval": "15",
        "ServerAliveCountMax": "4",
        "BatchMode": "yes",
    }
    words = ["-F", "none", *(word for key, value in options.items() for word in ("-o", f"{key}={value}"))]
    return shlex.join(words)


def _environment(folder: Path, play: Play, login: Login) -> dict[str, str]:
    """Return the whole environment of a play: a clean one, whatever ours holds."""
    own = play.playbook.parent / "ansible.cfg"
    found = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "LC_ALL": "C.UTF-8",
        "PYTHONSAFEPATH": "1",
        "ANSIBLE_CONFIG": str(own if own.is_file() else folder / "ansible.cfg"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_COLLECTIONS_PATH": str(folder / "collections"),
        "ANSIBLE_ROLES_PATH": str(play.playbook.parent / "roles"),
        "ANSIBLE_LIBRARY": str(play.playbook.parent / "library"),
        "ANSIBLE_MODULE_UTILS": str(play.playbook.parent / "module_utils"),
        "ANSIBLE_CALLBACK_PLUGINS": str(_PLUGINS),
        "ANSIBLE_CALLBACKS_ENABLED": "ready",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / "cp"),
        "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_TIMEOUT": str(play.settings.connect_s),
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_INVENTORY_ENABLED": "ansible.builtin.yaml",
        "ANSIBLE_FORCE_COLOR": "False",
        "ANSIBLE_NOCOLOR": "True",
        "ANSIBLE_DEPRECATION_WARNINGS": "False",
    }
    if login.agent and os.environ.get("SSH_AUTH_SOCK"):
        found["SSH_AUTH_SOCK"] = os.environ["SSH_AUTH_SOCK"]
    return found


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


# --- the process -----------------------------------------------------------------------------------------------------


def _driven(
    folder: Path, environment: Mapping[str, str], listen: Callable[[subprocess.Popen[bytes]], Ended | None]
) -> Ended:
    """Run the worker to its end and take what it tells."""
    with (folder / "errors").open("w+b") as errors:
        worker = subprocess.Popen(
            [sys.executable, "-m", "rackwright.drivers.hosts.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, cwd=folder, env=environment,
        )  # fmt: skip
        try:
            ended = listen(worker)
        finally:
            _close(worker)
        if ended is None:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()[-500:]
            raise DriverError(
                f"Ansible cannot be run: {said or 'it ended without a word'}; {_REINSTALL}", remedy=_REINSTALL
            )
    return ended


def _never() -> bool:
    return False


def _listened(
    worker: subprocess.Popen[bytes], job: Job, collector: Collector, heard: Heard | None, cancelled: Callable[[], bool]
) -> Ended | None:
    assert worker.stdin is not None  # noqa: S101 - mypy: both are pipes
    assert worker.stdout is not None  # noqa: S101 - as above
    with contextlib.suppress(BrokenPipeError):
        worker.stdin.write(msgspec.json.encode(job) + b"\n")
        worker.stdin.flush()
    ended = None
    for line in _lines(worker.stdout, worker.stdin, cancelled):
        word = msgspec.json.decode(line, type=dict[str, Any])
        if word.get("kind") == "ended":
            ended = msgspec.convert(word, Ended)
            continue
        event = collector.take(msgspec.convert(word, Told))
        if event is not None and heard is not None:
            heard(event)
    return ended


def _lines(stream: IO[bytes], stdin: IO[bytes], cancelled: Callable[[], bool]) -> Iterator[bytes]:
    """Yield lines as they come; once it is cancelled the worker's stdin is closed, which ends the play."""
    left = b""
    while True:
        if not stdin.closed and cancelled():
            stdin.close()
        if not select.select([stream], [], [], _POLL_S)[0]:
            continue
        part = os.read(stream.fileno(), 1 << 16)
        if not part:
            return
        *whole, left = (left + part).split(b"\n")
        yield from whole


def _close(worker: subprocess.Popen[bytes]) -> None:
    """See the worker out; one that does not go is ended."""
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    try:
        worker.wait(_CLOSING_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()
