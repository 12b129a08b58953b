"""The two streams of a command: stdout may be closed at any time, and that is no fault."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

import click

__all__ = ["emit", "settle"]


def emit(lines: Iterable[str]) -> None:
    """Print lines on stdout; a reader that went away ends it quietly. Raises OSError where they cannot be written, and what is buffered is gone."""
    if sys.stdout is None:
        return
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        _into_the_void()
    except OSError:
        _into_the_void()
        raise
    settle()


def settle() -> None:
    """Write out what is buffered, so that a reader that went away is met here and not at the interpreter's end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _into_the_void()


def _into_the_void() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
