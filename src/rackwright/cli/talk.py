"""Talk on stderr: sentences, and progress for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import click

__all__ = ["Talk"]

_PATIENCE_S: Final = 2.0
_STEP_S: Final = {True: 0.2, False: 5.0}
"""Seconds between two reports of progress, on a terminal and in a log."""


@dataclass(frozen=True)
class Talk:
    """Where a verb speaks to whoever is waiting for it."""

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    """Data is asked for as JSON."""
    started: float = field(default_factory=time.monotonic)

    def say(self, text: str) -> None:
        """Say a sentence, unless asked to be quiet."""
        if not self.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Say a sentence to whoever asked for more."""
        if self.verbose and not self.quiet:
            click.echo(text, err=True)

    def error(self, text: str) -> None:
        """Say what is wrong, in any case."""
        click.echo(text, err=True)

    def seconds(self) -> float:
        """Return how long the verb has been at work."""
        return time.monotonic() - self.started

    def counter(self, what: str, total: int) -> Callable[[object], None]:
        """Return a function to call for each thing done; it tells how far things are, once they take long."""
        terminal = bool(sys.stderr and sys.stderr.isatty())
        begun = time.monotonic()
        done, told = 0, begun

        def heard(_name: object) -> None:
            nonlocal done, told
            done += 1
            now = time.monotonic()
            if self.quiet or now - begun < _PATIENCE_S or (now - told < _STEP_S[terminal] and done < total):
                return
            # On a terminal one line is written over itself; in a log each report is a line.
            end = "" if terminal and done < total else "\n"
            click.echo(f"{chr(13) * terminal}{what} {done} of {total}{end}", err=True, nl=False)
            told = now

        return heard
