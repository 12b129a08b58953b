"""A twin as a process: one a site, with its files in ``SITE/.rackwright``, and nothing left of it when it is down."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

import msgspec

from rackwright.errors import TwinError
from rackwright.plan.model import Plan
from rackwright.secrets import SecretRef
from rackwright.twin import standins
from rackwright.twin.authority import write_private
from rackwright.twin.bmc.service.plans import Bmcs, planned
from rackwright.twin.control import Control, ask
from rackwright.twin.engine.trees import Tree
from rackwright.twin.hosts.park import Hosts
from rackwright.twin.rack import Rack, Wish

__all__ = ["Background", "Spec", "clear", "detach", "down", "request", "run", "serve", "state_of"]

_LONGEST_SOCKET: Final = 100
_AWAY: Final = "rackwright-twin-"
"""What the name of a folder of sockets begins with that lies in the temporary folder."""
_READY_S: Final = 120.0
_DOWN_S: Final = 30.0


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a twin is made from; travels to a detached process over a pipe, never by a file."""

    plan: Plan
    state: str
    """``SITE/.rackwright``."""
    rate: float = 60.0
    latency_ms: float = 0.0
    kind: str = "emulated"
    startup: dict[str, Tree] = {}
    only: frozenset[str] | None = None
    secrets: tuple[str, ...] = ()
    """Names of the secrets that the site refers to."""
    bmcs: Bmcs | None = None
    """The emulated BMCs; None: there are none."""
    hosts: Hosts | None = None
    """The operating systems of the servers that have a BMC; None: there are none."""

    def wish(self, secrets: Path) -> Wish:
        """Return how the rack is to be; references to secrets are resolved by what lies in a folder."""
        startup = {name: standins.filled(tree, secrets) for name, tree in self.startup.items()}
        bmcs = {} if self.bmcs is None else planned(self.plan, self.bmcs, standins.value(self.bmcs.password, secrets))
        return Wish(self.rate, self.latency_ms, self.kind, startup, self.only, bmcs, self.hosts)


# --- the files ----------------------------------------------------------------------------------------


class _Held:
    """The files of a running twin; a lock says that it runs, whatever else lies about."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / "twin"
        self._lock: IO[bytes] | None = None
        self._sockets: Path | None = None

    def take(self) -> None:
        """Take the lock and clear what a dead twin left. Raises :class:`~rackwright.errors.TwinError` while one runs."""
        with _writing(self.state):
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (self.state / "twin.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise TwinError(f"a twin of {self.state.parent} is up already: 'rackwright twin down' ends it") from None
        self._lock = lock
        with _writing(self.state):
            clear(self.state)
            self.folder.mkdir(mode=0o700)

    def control(self) -> Path:
        """Return where the control socket is to be; a path that is too long for one goes to the temporary folder."""
        path = self.folder.absolute() / "control.sock"
        if len(os.fsencode(path)) > _LONGEST_SOCKET:
            self._sockets = Path(tempfile.mkdtemp(prefix=_AWAY))
            path = self._sockets / "control.sock"
        return path

    def release(self) -> None:
        """Remove everything of the twin."""
        clear(self.state)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        (self.state / "twin.lock").unlink(missing_ok=True)
        if self._lock is not None:
            self._lock.close()
        with contextlib.suppress(OSError):
            self.state.rmdir()


@contextlib.contextmanager
def _writing(state: Path) -> Iterator[None]:
    """Say which folder cannot be written, and what to do."""
    try:
        yield
    except OSError as error:
        why = (error.strerror or type(error).__name__).lower()
        raise TwinError(
            f"a twin keeps its files in {state}, which cannot be written ({why}): "
            f"copy {state.parent} to a folder of your own that can, and start the twin there"
        ) from None


def clear(state: Path) -> None:
    """Remove the files of a twin from the folder of a site's state, and the socket that a killed one left elsewhere."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, TwinError):
        told = json.loads((state / "twin.json").read_bytes())
        _refuse_copy(state, told)
        sockets = Path(told["control"]).parent
        if sockets.name.startswith(_AWAY):
            shutil.rmtree(sockets, ignore_errors=True)
    (state / "twin.json").unlink(missing_ok=True)
    shutil.rmtree(state / "twin", ignore_errors=True)


# --- serving ------------------------------------------------------------------------------------------


async def serve(spec: Spec, ready: Callable[[], None], end: asyncio.Event) -> None:
    """Run a twin until ``end`` is set or its control socket says so."""
    held = _Held(Path(spec.state))
    held.take()
    asyncio.get_running_loop().set_exception_handler(_quietly)
    try:
        names = {*spec.secrets, *((spec.bmcs.password,) if spec.bmcs is not None else ())}
        standins.write(held.folder / "secrets", [SecretRef(name) for name in sorted(names)])
        rack = Rack(spec.plan, held.folder, spec.wish(held.folder / "secrets"))
        try:
            await _serve(spec, held, rack, ready, end)
        finally:
            await rack.stop()
    finally:
        held.release()


async def _serve(spec: Spec, held: _Held, rack: Rack, ready: Callable[[], None], end: asyncio.Event) -> None:
    control = Control(rack, end.set)
    path = held.control()
    await rack.start()
    try:
        await control.listen(path)
        write_private(held.state / "twin.json", _description(spec, rack, path))
        ready()
        await end.wait()
    finally:
        await control.close()


def _quietly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Pass over what clients cause that go away in the middle of a handshake."""
    if not isinstance(context.get("exception"), ConnectionError | TimeoutError):
        loop.default_exception_handler(context)


def _description(spec: Spec, rack: Rack, control: Path) -> bytes:
    value = {
        "pid": os.getpid(),
        "state": str(Path(spec.state).resolve()),
        "kind": spec.kind,
        "rate": spec.rate,
        "control": str(control),
        "ca": "twin/ca.pem",
        "identity": "twin/id_ed25519",
        "known_hosts": "twin/known_hosts",
        "devices": rack.devices(),
        "bmcs": rack.bmcs(),
        "hosts": rack.hosts(),
    }
    return json.dumps(value, indent=2).encode() + b"\n"


def run(spec: Spec, ready: Callable[[], None]) -> None:
    """Run a twin in this process until SIGINT, SIGTERM or ``twin down``."""

    async def main() -> None:
        end = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, end.set)
        await serve(spec, ready, end)

    asyncio.run(main())


class Background:
    """A twin in a thread of this process, for tests: ``with Background(spec) as twin: …``."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end: asyncio.Event | None = None
        self._up = threading.Event()
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="twin", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._up.wait(_READY_S)
        if self._failed is not None:
            self._thread.join()
            raise self._failed
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._end is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(_DOWN_S)

    def ask(self, op: str, **rest: Any) -> dict[str, Any]:
        """Send a request to the control socket."""
        return request(Path(self.spec.state), {"op": op, **rest})

    def _run(self) -> None:
        async def main() -> None:
            self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
            await serve(self.spec, self._up.set, self._end)

        try:
            asyncio.run(main())
        except (TwinError, OSError) as error:
            self._failed = error
        finally:
            self._up.set()


# --- from outside -------------------------------------------------------------------------------------


def detach(spec: Spec) -> int:
    """Start a twin that stays when this command ends; returns its process id once every switch answers.

    Raises :class:`~rackwright.errors.TwinError` with what it said when it does not come up.
    """
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "rackwright.twin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
        with contextlib.suppress(BrokenPipeError), child.stdin as pipe:
            pipe.write(msgspec.json.encode(spec))
        with child.stdout as answer:
            word = answer.readline().strip()
        if word != b"ready":
            child.wait()
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
            raise TwinError(said.removeprefix("error: ") or f"the twin ended with exit code {child.returncode}")
        # It outlives us on purpose; without this, Popen complains about a child that still runs.
        child.returncode = 0
        return child.pid


def state_of(state: Path) -> dict[str, Any]:
    """Read ``twin.json``. Raises :class:`~rackwright.errors.TwinError` when no twin is up; a dead one is named as such."""
    path = state / "twin.json"
    try:
        value: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise TwinError(f"no twin of {state.parent} is up: start it with 'rackwright twin up'") from None
    except ValueError as error:
        raise TwinError(f"{path} cannot be read ({error}): 'rackwright twin down' removes it") from None
    _refuse_copy(state, value)
    if not _runs(state):
        raise TwinError(f"the twin of {state.parent} has died: 'rackwright twin down' cleans up after it")
    return value


def _refuse_copy(state: Path, value: Any) -> None:
    """Keep a copied folder from acting upon the twin of the one it was copied from."""
    made_for = value.get("state", "") if isinstance(value, dict) else ""
    if not made_for or Path(made_for).resolve() != state.resolve():
        other = Path(made_for).parent if made_for else "another folder"
        remedy = f"'rackwright twin up {state.parent} --detach' starts one of its own"
        if made_for and not Path(made_for).exists():
            remedy = f"the folder was moved: move it back, or end process {value.get('pid')} first; {remedy}"
        raise TwinError(f"{state / 'twin.json'} is of the twin of {other}, not of this folder: {remedy}")


def _runs(state: Path) -> bool:
    """Ask the lock: a process id may be another's by now."""
    try:
        with (state / "twin.lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def request(state: Path, message: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the twin of a site. Raises :class:`~rackwright.errors.TwinError`."""
    return ask(state / state_of(state)["control"], message)


def down(state: Path) -> bool:
    """End the twin of a site; returns whether there was anything to end or to clean up."""
    if not _runs(state):
        with contextlib.suppress(FileNotFoundError, ValueError):
            _refuse_copy(state, json.loads((state / "twin.json").read_bytes()))
        there = (state / "twin.json").exists() or (state / "twin").exists()
        clear(state)
        (state / "twin.lock").unlink(missing_ok=True)
        return there
    request(state, {"op": "down"})
    for _ in _until(_DOWN_S):
        if not _runs(state):
            return True
    raise TwinError(f"the twin of {state.parent} does not end: see the process of {state / 'twin.json'}")


def _until(limit_s: float) -> Iterator[None]:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        yield
        time.sleep(0.02)
