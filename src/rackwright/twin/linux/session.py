"""A login whose commands are those of a Cumulus switch."""

from __future__ import annotations

from rackwright.twin.linux.commands import find
from rackwright.twin.shell import Login, Work

__all__ = ["Session"]


class Session(Login):
    """A login on a Cumulus switch."""

    def find(self, words: list[str]) -> tuple[str, Work]:
        """Look a command up."""
        return find(words)
