"""Name ranges of the site file: ``gpu[1-4]``, ``r[001-256]``, ``su-[01-03]-node-[01-04]``."""

from __future__ import annotations

import itertools
import re

__all__ = ["LIMIT", "expand"]

_PART = re.compile(r"\[([0-9,\-]+)\]")
LIMIT = 200_000
"""Most names that a range may mean, and most machines of a group."""


def expand(pattern: str) -> tuple[str, ...]:
    """Return every name that a pattern means, the last bracket running fastest.

    A number keeps the width it is written with (``[001-003]`` gives 001, 002, 003). Raises ValueError
    for a bracket that is not made of numbers and rising ranges, or for more than 200,000 names.
    """
    pieces = _PART.split(pattern)
    if "[" in "".join(pieces[::2]) or "]" in "".join(pieces[::2]):
        raise ValueError(f"{pattern!r}: write a range as [1-4] or [1,3,5-8]")
    choices = [[piece] if at % 2 == 0 else _numbers(piece, pattern) for at, piece in enumerate(pieces)]
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > LIMIT:
        raise ValueError(f"{pattern!r} means {total} names; the limit is {LIMIT}")
    return tuple("".join(parts) for parts in itertools.product(*choices))


def _numbers(text: str, pattern: str) -> list[str]:
    found: list[str] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not first.isdigit() or not last.isdigit() or int(last) < int(first):
            raise ValueError(f"{pattern!r}: [{text}] is not a rising range of numbers")
        if int(last) - int(first) >= LIMIT:
            raise ValueError(f"{pattern!r}: [{text}] is more than {LIMIT} numbers")
        found += [str(number).zfill(len(first)) for number in range(int(first), int(last) + 1)]
    return found
