"""SFTP on the files of an emulated switch."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncssh

from rackwright.twin.box import Box, Dropped
from rackwright.twin.engine import Refused

if TYPE_CHECKING:
    from asyncssh import SFTPAttrs, SSHServerChannel

__all__ = ["Sftp"]


class _Open:
    """A file that is being read or written."""

    def __init__(self, path: str, data: bytes, mode: int, *, writes: bool) -> None:
        self.path = path
        self.data = bytearray(data)
        self.mode = mode
        self.writes = writes
        self.dirty = writes


class Sftp(asyncssh.SFTPServer):
    """Serves the in-memory files with the rights of who logged in; a written file appears when it is closed."""

    def __init__(self, channel: SSHServerChannel[Any], box: Box) -> None:
        super().__init__(channel)
        self._box = box
        self._user = str(channel.get_extra_info("username"))
        self._connection = channel.get_extra_info("connection")

    def _path(self, path: bytes) -> str:
        return self._box.files.path(path.decode(errors="replace"))

    async def _gate(self, command: str, *, after: bool = False) -> None:
        try:
            await (self._box.gates("sftp", command) if after else self._box.gate("sftp", "before", command))
        except Dropped:
            self._connection.abort()
            raise asyncssh.SFTPFailure("the connection is cut") from None
        except Refused as refusal:
            raise asyncssh.SFTPFailure(str(refusal)) from None

    async def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        """Open a file."""
        name = self._path(path)
        await self._gate(f"open {name}")
        files = self._box.files
        writes = bool(pflags & (asyncssh.FXF_WRITE | asyncssh.FXF_CREAT | asyncssh.FXF_APPEND))
        if pflags & asyncssh.FXF_EXCL and files.exists(name):
            raise asyncssh.SFTPFailure("file exists")
        if not writes:
            file = files.get(name, self._user)
            return _Open(name, file.data, file.mode, writes=False)
        mode = stat.S_IMODE(attrs.permissions) if attrs.permissions is not None else 0o644
        keep = files.exists(name) and not pflags & asyncssh.FXF_TRUNC
        held = files.get(name, self._user).data if keep else b""
        files.put(name, held, self._user, mode)
        return _Open(name, held, mode, writes=True)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Read a piece."""
        return bytes(self._of(file_obj).data[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write a piece."""
        file = self._of(file_obj)
        if self._box.files.full:
            raise asyncssh.SFTPFailure("No space left on device")
        if len(file.data) < offset:
            file.data.extend(bytes(offset - len(file.data)))
        file.data[offset : offset + len(data)] = data
        return len(data)

    async def close(self, file_obj: object) -> None:
        """Close a file, which brings what was written into the folder."""
        file = self._of(file_obj)
        if file.writes:
            before = self._box.marks()
            self._box.files.put(file.path, bytes(file.data), self._user, file.mode)
            told = f"put {file.path}"
            self._box.log("sftp", self._user, "sftp", f"{told} ({len(file.data)} bytes)", "0", before)
            await self._gate(told, after=True)

    @staticmethod
    def _of(file_obj: object) -> _Open:
        if not isinstance(file_obj, _Open):
            raise asyncssh.SFTPBadMessage("no file of ours")
        return file_obj

    def _attrs(self, name: str) -> SFTPAttrs:
        files = self._box.files
        if files.is_folder(name):
            return asyncssh.SFTPAttrs(permissions=stat.S_IFDIR | 0o755, size=0, uid=0, gid=0)
        file = files.get(name)
        owner = 0 if file.owner == "root" else 1000
        return asyncssh.SFTPAttrs(permissions=stat.S_IFREG | file.mode, size=len(file.data), uid=owner, gid=owner)

    def stat(self, path: bytes) -> SFTPAttrs:
        """Tell what is known of a file."""
        return self._attrs(self._path(path))

    def lstat(self, path: bytes) -> SFTPAttrs:
        """Tell what is known of a file; there are no links."""
        return self._attrs(self._path(path))

    def fstat(self, file_obj: object) -> SFTPAttrs:
        """Tell what is known of an open file."""
        file = self._of(file_obj)
        return asyncssh.SFTPAttrs(permissions=stat.S_IFREG | file.mode, size=len(file.data), uid=1000, gid=1000)

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Change the mode of a file."""
        name = self._path(path)
        file = self._box.files.get(name, self._user)
        if attrs.permissions is not None and self._user in ("root", file.owner):
            file.mode = stat.S_IMODE(attrs.permissions)

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Change the mode of an open file."""
        file = self._of(file_obj)
        if attrs.permissions is not None:
            file.mode = stat.S_IMODE(attrs.permissions)
            if file.writes and self._box.files.exists(file.path):
                self._box.files.get(file.path, self._user).mode = file.mode

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """List a folder."""
        name = self._path(path)
        for entry in self._box.files.names(name):
            attrs = self._attrs(f"{name.rstrip('/')}/{entry}")
            yield asyncssh.SFTPName(entry.encode(), entry.encode(), attrs)

    def realpath(self, path: bytes) -> bytes:
        """Return the absolute form of a path."""
        return self._path(path).encode()

    async def remove(self, path: bytes) -> None:
        """Remove a file."""
        name = self._path(path)
        await self._gate(f"remove {name}")
        self._box.files.remove(name, self._user)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file another name that is free."""
        if self._box.files.exists(self._path(newpath)):
            raise asyncssh.SFTPFailure("file exists")
        self.posix_rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file another name."""
        self._box.files.move(self._path(oldpath), self._path(newpath), self._user)

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:  # noqa: ARG002 - the signature is asyncssh's
        """Make a folder."""
        self._box.files.make_folder(self._path(path), self._user)

    def rmdir(self, path: bytes) -> None:
        """Remove an empty folder."""
        self._box.files.remove_folder(self._path(path))
