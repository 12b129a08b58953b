"""Talk on stderr: sentences, and progress for what takes longer than two seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeVar

import click

__all__ = ["Talk"]

T = TypeVar("T")

_PATIENCE_S: Final = 2.0
_STEP_S: Final = {True: 0.2, False: 5.0}
"""Seconds between two reports of progress, on a terminal and in a log."""


@dataclass(frozen=True)
class Talk:
    """Where a verb speaks to whoever is waiting for it."""

    quiet: bool = False
    verbose: bool = False
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

    def over(self, items: Iterable[T], what: str, total: int) -> Iterator[T]:
        """Pass items on and tell how many have gone by, once it takes long."""
        begun = last = time.monotonic()
        terminal = bool(sys.stderr and sys.stderr.isatty())
        shown = False
        for count, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - begun > _PATIENCE_S and now - last > _STEP_S[terminal] and not self.quiet:
                click.echo(f"{chr(13) * terminal}{what}: {count} of {total}", err=True, nl=not terminal)
                last, shown = now, True
        if shown and terminal:
            click.echo("", err=True)
