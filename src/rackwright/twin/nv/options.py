"""The command line of ``nv``: options may stand anywhere among the words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["Misused", "Options", "parsed", "seconds_of"]


class Misused(Exception):
    """The command line is wrong."""


@dataclass
class Options:
    """What a command line says beside its words."""

    words: list[str] = field(default_factory=list)
    form: str = ""
    """Of ``-o``."""
    revision: str = ""
    """Of ``--rev``, ``--applied``, ``--startup``, ``--pending``, ``--operational``."""
    view: str = ""
    message: str = ""
    yes: bool = False
    no: bool = False
    everything: bool = False
    confirm: str | None = None
    """Time of ``--confirm``; empty when none was given; None without the option."""
    answer: str = ""
    """``yes``, ``no`` or ``status`` of ``--confirm-…``."""


_FLAGS: Final = {
    "-y": ("yes", True),
    "--y": ("yes", True),
    "--assume-yes": ("yes", True),
    "--assume-no": ("no", True),
    "--all": ("everything", True),
    "--applied": ("revision", "applied"),
    "--startup": ("revision", "startup"),
    "--pending": ("revision", "pending"),
    "--operational": ("revision", "operational"),
    "--confirm-yes": ("answer", "yes"),
    "--confirm-no": ("answer", "no"),
    "--confirm-status": ("answer", "status"),
}
_VALUES: Final = {"-o": "form", "--output": "form", "-r": "revision", "--rev": "revision", "--view": "view", "-m": "message", "--message": "message"}  # fmt: skip
_TIME: Final = re.compile(r"([0-9]+)([smh]?)")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "": 60}


def parsed(words: list[str]) -> Options:
    """Read a command line after ``nv``. Raises :class:`Misused`."""
    options = Options()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in _FLAGS:
            setattr(options, *_FLAGS[word])
        elif name in _VALUES and word.startswith("-"):
            if not equals and not rest:
                raise Misused(f"option {word} requires argument")
            setattr(options, _VALUES[name], value if equals else rest.pop(0))
        elif name == "--confirm":
            timed = value if equals else rest[0] if rest and _TIME.fullmatch(rest[0]) else ""
            if timed and not equals:
                rest.pop(0)
            options.confirm = timed
        elif word.startswith("-") and options.words[:1] != ["set"]:
            raise Misused(f"unknown option {word}")
        else:
            options.words.append(word)
    return options


def seconds_of(text: str) -> float:
    """Return the time of ``--confirm``: a bare number is minutes (NVUE-CLI: "60 … within one hour"). Raises :class:`Misused`."""
    found = _TIME.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise Misused(f"no time: {text}")
    return int(found[1]) * _UNITS[found[2]]
