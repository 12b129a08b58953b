"""Which packages apt says cannot be brought, read out of what it printed: the name that an operator looks for.

The command that Ansible cites names every package of a step; which of them is to blame stands behind it, in apt's own output
(apt, apt-private/private-output.cc and private-install.cc; module apt). Words are those printed under ``LC_ALL=C``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["blamed"]

_NAME: Final = r"[a-z0-9][a-z0-9+.-]+"
_UNMET: Final = re.compile(
    rf"^ *({_NAME})(?::[a-z0-9]+)? : ((?:Pre)?Depends|Recommends|Conflicts|Breaks): *(.+?) *$", re.MULTILINE
)
_SAID: Final = re.compile(
    rf"(?:no package matching '|unable to locate package |package '?(?={_NAME}'? has no)|version '[^']*' for '"
    rf"|no available installation candidate for )({_NAME}(?:=[^' ,]+)?)",
    re.IGNORECASE,
)
_LIST: Final = re.compile(
    r"^The following (?:held packages will be changed|packages (?:will be DOWNGRADED|have been kept back)):\n((?:[ \t]+.*(?:\n|$))+)",
    re.MULTILINE,
)
_MOST: Final = 4
"""Packages that are named; the rest is counted."""


def blamed(message: str) -> str:
    """Return the packages that apt blames in a message, each with its first reason where it gives one; empty: it blames none."""
    found: dict[str, str] = {}
    for name, why in _told(message):
        found.setdefault(name, why)
    told = [f"{name} ({why})" if why else name for name, why in found.items()]
    return ", ".join(told[:_MOST]) + (f" and {len(told) - _MOST} more" if len(told) > _MOST else "")


def _told(message: str) -> Iterator[tuple[str, str]]:
    for name, how, what in _UNMET.findall(message):
        yield name, f"{how}: {what}"
    for name in _SAID.findall(message):
        yield name, ""
    for names in _LIST.findall(message):
        yield from ((name, "") for name in re.findall(_NAME, names))
