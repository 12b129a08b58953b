"""A file that can be rendered: its path, its device, the digest of its inputs, and how to make it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["File", "Piece", "Written", "of_pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of bytes inside a file; equal inputs give equal bytes, so it may be cut out of the file as it stands."""

    inputs: str
    make: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class File:
    """One file of the build folder, not yet rendered.

    ``inputs`` names everything the bytes depend on (the slice of the plan, the code and the templates):
    equal inputs give equal bytes, so that a file whose inputs are those of the last build is not made again.
    """

    path: str
    """Path below the build folder, with ``/``."""
    inputs: str
    make: Callable[[], bytes]
    device: str | None = None
    """Device that the file is for; ``None`` when it is about the whole site."""
    pieces: Callable[[], Iterator[Piece]] | None = None
    """The file in pieces, which together are what ``make`` gives; ``None``: it is made as a whole."""

    @property
    def data(self) -> bytes:
        """Render the file; nothing is kept, so that a large site streams."""
        return self.make()


def of_pieces(path: str, inputs: str, pieces: Callable[[], Iterator[Piece]]) -> File:
    """Return a file that is made piece by piece."""
    return File(path, inputs, lambda: b"".join([piece.make() for piece in pieces()]), pieces=pieces)


@dataclass(frozen=True, slots=True)
class Written:
    """What a build did to its folder; paths below it, sorted."""

    changed: tuple[str, ...]
    """New files and files whose bytes are others than before."""
    unchanged: tuple[str, ...]
    removed: tuple[str, ...]
    """Files of an earlier build that this one does not have."""
