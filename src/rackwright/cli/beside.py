"""``rackwright serve`` beside a bring-up: until head nodes stand, leases, scripts, images, seeds and time come from here."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rackwright.cli.talk import Talk
from rackwright.errors import ServeError

__all__ = ["served"]

_LOG: Final = "beside.log"
_SETTLE_S: Final = 30.0
_READY: Final = "CA of this site"
"""What ``serve`` says once its doors are open."""


@contextlib.contextmanager
def served(talk: Talk, site: Path, words: str, state: Path) -> Iterator[None]:
    """Run ``rackwright serve SITE WORDS`` until the end of the block; nothing where no words are given.

    It ends with this process, however that ends. Raises :class:`~rackwright.errors.ServeError` with its words where it does not
    come up.
    """
    if not words:
        yield
        return
    from rackwright.runs.folder import private

    try:
        told = shlex.split(words)
    except ValueError as error:
        raise ServeError(
            f"the words of --serve cannot be told apart ({str(error).lower()}): see the quotes in {words}"
        ) from None
    log = private(state / "serve") / _LOG
    command = [sys.executable, "-c", "from rackwright.cli import main; main()", "serve", str(site), *told]
    guard = shutil.which("setpriv")
    # A killed bring-up must not leave somebody who hands out seeds; without setpriv it does, and the next one says so.
    bound = [guard, "--pdeathsig", "TERM", *command] if guard else command
    with (
        log.open("wb") as heard,
        subprocess.Popen(bound, stdin=subprocess.DEVNULL, stdout=heard, stderr=subprocess.STDOUT) as child,  # noqa: S603 - our own program
    ):
        try:
            _up(child, log)
            talk.say(f"serving beside it: what is asked stands in {log}")
            yield
        finally:
            child.terminate()
            child.wait()
            talk.say(f"nothing is served beside it any more; see {log}")


def _up(child: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until its doors are open."""
    until = time.monotonic() + _SETTLE_S
    while _READY not in log.read_text(encoding="utf-8", errors="replace"):
        if child.poll() is not None or time.monotonic() > until:
            last = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
            raise ServeError(f"nothing is served: {last or 'it says nothing'}; see {log}, and the words of --serve")
        time.sleep(0.05)
