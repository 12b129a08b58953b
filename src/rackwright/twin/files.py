"""The files of one emulated switch: in memory, small, gone with the twin."""

from __future__ import annotations

import errno
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

__all__ = ["HOME", "File", "Files", "Unknown"]

HOME = "/home/cumulus"
_FOLDERS = ("/", "/etc", "/etc/nvue.d", "/home", HOME, "/proc", "/root", "/tmp", "/var", "/var/log", "/var/support", "/var/tmp")  # fmt: skip  # noqa: S108 - folders of the emulated switch, not of this machine
_WHOLE = (HOME, "/tmp", "/var/tmp", "/var/support")  # noqa: S108 - as above
"""Folders in which nothing is but what was written here; of every other the twin knows a few files only."""


class Unknown(OSError):
    """A real switch may have something at a path of which the twin knows nothing."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOSYS, "not emulated by this twin", path)


@dataclass
class File:
    """One file."""

    data: bytes
    owner: str = "root"
    mode: int = 0o644
    at: float = 0
    """When it was written, on the twin's clock."""


class Files:
    """A tree of files; some are computed when they are read (``live``)."""

    def __init__(
        self, live: Mapping[str, Callable[[], tuple[str, int]]], now: Callable[[], float] = lambda: 0.0
    ) -> None:
        self._live = dict(live)
        self._now = now
        self._files: dict[str, File] = {}
        self._folders: set[str] = set(_FOLDERS)
        self.full = False
        """Nothing can be written: the disk is full (a fault)."""

    def clear(self) -> None:
        """Forget everything that was written: a new image formats the disk."""
        self._files.clear()
        self._folders = set(_FOLDERS)

    @staticmethod
    def path(name: str, here: str = HOME) -> str:
        """Return the absolute form of a path as typed."""
        home = HOME + name[1:] if name == "~" or name.startswith("~/") else name
        return posixpath.normpath(posixpath.join(here, home))

    def get(self, path: str, user: str = "root") -> File:
        """Return a file.

        Raises OSError with the system's own number when it is not there or not to be read, :class:`Unknown` where only a switch could tell.
        """
        if path in self._live:
            text, mode = self._live[path]()
            file = File(text.encode(), mode=mode)
        elif path in self._files:
            file = self._files[path]
        elif self.is_folder(path):
            raise IsADirectoryError(errno.EISDIR, "Is a directory", path)
        else:
            raise _absent(path)
        if user not in ("root", file.owner) and not file.mode & 0o004:
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return file

    def put(self, path: str, data: bytes, user: str = "root", mode: int = 0o644) -> None:
        """Write a file. Raises OSError as a system does: full disk, no folder, no right."""
        self._may_write(path, user)
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        held = self._files.get(path)
        self._files[path] = File(data, held.owner if held else user, held.mode if held else mode, self._now())

    def remove(self, path: str, user: str = "root") -> None:
        """Remove a file."""
        if not self.exists(path):
            raise _absent(path)
        self._may_write(path, user)
        if path not in self._files:
            self.get(path, user)
            raise PermissionError(errno.EACCES, "Permission denied", path)
        del self._files[path]

    def make_folder(self, path: str, user: str = "root", *, parents: bool = False) -> None:
        """Make a folder."""
        if self.exists(path):
            if parents and self.is_folder(path):
                return
            raise FileExistsError(errno.EEXIST, "File exists", path)
        if not _whole(path):
            raise Unknown(path)
        above = posixpath.dirname(path)
        if parents and not self.is_folder(above):
            self.make_folder(above, user, parents=True)
        self._may_write(path, user)
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device", path)
        self._folders.add(path)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder."""
        if not self.is_folder(path):
            raise _absent(path)
        if any(self.names(path)):
            raise OSError(errno.ENOTEMPTY, "Directory not empty", path)
        self._folders.discard(path)

    def move(self, old: str, new: str, user: str = "root") -> None:
        """Give a file another name."""
        file = self.get(old, user)
        self.put(new, file.data, user, file.mode)
        self.remove(old, user)

    def exists(self, path: str) -> bool:
        """Tell whether the twin has a file or folder there; :meth:`known` tells whether that is all of the truth."""
        return path in self._files or path in self._live or path in self._folders

    def known(self, path: str) -> bool:
        """Tell whether the twin knows what is at a path, be it nothing."""
        return self.exists(path) or _whole(path)

    def is_folder(self, path: str) -> bool:
        """Tell whether it is a folder."""
        return path in self._folders

    def names(self, path: str) -> Iterator[str]:
        """Yield the names in a folder, sorted. Raises :class:`Unknown` for one of which the twin has only a part."""
        if not _whole(path):
            raise Unknown(path)
        inside = {
            entry.removeprefix(path.rstrip("/") + "/").partition("/")[0]
            for entry in (*self._files, *self._live, *self._folders)
            if entry != path and entry.startswith(path.rstrip("/") + "/")
        }
        yield from sorted(inside)

    def _may_write(self, path: str, user: str) -> None:
        above = posixpath.dirname(path)
        if not self.is_folder(above):
            raise _absent(path)
        open_to_all = any(above == top or above.startswith(top + "/") for top in ("/tmp", "/var/tmp", HOME))  # noqa: S108 - as above
        if user != "root" and not open_to_all:
            raise PermissionError(errno.EACCES, "Permission denied", path)


def _whole(path: str) -> bool:
    return any(path == top or path.startswith(top + "/") for top in _WHOLE)


def _absent(path: str) -> OSError:
    return FileNotFoundError(errno.ENOENT, "No such file or directory", path) if _whole(path) else Unknown(path)
