"""Programs that work for us: started once they were looked over, watched, started again a few times, ended with us."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rackwright.errors import ServeError

__all__ = ["Child", "Program", "found"]

_UP_S: Final = 10.0
_SETTLE_S: Final = 0.1
_END_S: Final = 5.0
_POLL_S: Final = 0.02
_AGAIN: Final = 3
"""How often a program that died is started again before that is given up."""

# A program that takes another user's rights loses the signal of its parent's death, so a shell waits for that and passes it on.
_GUARD: Final = """
trap '[ -z "$child" ] || kill "$child" 2>/dev/null' TERM INT
"$@" & child=$!
wait "$child"
wait "$child" 2>/dev/null
"""

_PLACES: Final = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin"
"""Where daemons lie, which is on no ordinary user's path."""


@dataclass(frozen=True)
class Program:
    """A program that stays in the foreground and tells on stderr what it does."""

    name: str
    command: tuple[str, ...]
    log: Path
    ready: bytes
    """What it says once it works."""


def found(name: str) -> str:
    """Return where a program lies; empty: it is not installed."""
    return shutil.which(name) or shutil.which(name, path=_PLACES) or ""


class Child:
    """One program at work; it ends with this process, however that ends."""

    def __init__(
        self, program: Program, tell: Callable[[str], None], *, again: int = _AGAIN, pause_s: float = 1.0
    ) -> None:
        """Start nothing yet; ``tell`` is told when it dies, and when that is given up."""
        self.program = program
        self._tell = tell
        self._left = again
        self._pause_s = pause_s
        self._process: asyncio.subprocess.Process | None = None
        self._ending = asyncio.Event()

    @property
    def working(self) -> bool:
        """Say whether it is there and nobody asked it to end."""
        return self._process is not None and self._process.returncode is None and not self._ending.is_set()

    async def start(self) -> None:
        """Start it and wait until it says that it works.

        Raises :class:`~rackwright.errors.ServeError` with its last words where it does not.
        """
        log = self.program.log
        log.touch(mode=0o600)
        before = log.stat().st_size
        # Its own session: Ctrl-C is ours, and we end it in our order.
        with log.open("ab") as told:
            self._process = await asyncio.create_subprocess_exec(
                *_bound(self.program.command), stdin=asyncio.subprocess.DEVNULL, stdout=told, stderr=told,
                start_new_session=True,
            )  # fmt: skip
        if not await self._up(before):
            last = self._words(before).strip().rpartition(b"\n")[2].decode(errors="replace")
            await self._gone()
            raise ServeError(f"{self.program.name} does not work: {last or 'it says nothing'}; see {log}")

    async def watch(self) -> None:
        """Start it again when it dies, at most a few times, and tell; returns when it was ended, or given up."""
        while self._process is not None:
            await self._process.wait()
            if self._ending.is_set():
                return
            if self._left == 0:
                self._tell(f"{self.program.name} died again and is not started any more; see {self.program.log}")
                return
            self._left -= 1
            self._tell(f"{self.program.name} died and is started again; see {self.program.log}")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._pause_s)
            if self._ending.is_set():
                return
            with suppress(ServeError):
                await self.start()

    async def end(self) -> None:
        """End it by its own id, and wait until it is gone."""
        self._ending.set()
        await self._gone()

    async def _up(self, before: int) -> bool:
        assert self._process is not None  # noqa: S101 - started a moment ago
        loop = asyncio.get_running_loop()
        until = loop.time() + _UP_S
        while self.program.ready not in self._words(before):
            if self._process.returncode is not None or loop.time() > until:
                return False
            await asyncio.sleep(_POLL_S)
        # Some say so before their last step.
        await asyncio.sleep(_SETTLE_S)
        return self._process.returncode is None

    def _words(self, before: int) -> bytes:
        return self.program.log.read_bytes()[before:]

    async def _gone(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _END_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _bound(command: Sequence[str]) -> tuple[str, ...]:
    """Return a command that ends when this process does; without ``setpriv`` only when it is ended."""
    guard = shutil.which("setpriv")
    bound = (guard, "--pdeathsig", "TERM") if guard else ()
    return (*bound, "/bin/sh", "-c", _GUARD, "guard", *command)
