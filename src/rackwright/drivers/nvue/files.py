"""Files over SFTP that are private from their first moment."""

from __future__ import annotations

import io
from collections import deque
from typing import Any, BinaryIO, Final

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_HANDLE,
    CMD_OPEN,
    CMD_WRITE,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_EXCL,
    SFTP_FLAG_WRITE,
    int64,
)

__all__ = ["Files"]

_CHUNK: Final = 1 << 15
"""Largest write that every SFTP server takes."""

_ON_THEIR_WAY: Final = 64
"""Writes whose answers are not waited for yet."""


class Files(paramiko.SFTPClient):
    """paramiko's SFTP client; it can open a file with a mode, and writes without waiting for each answer."""

    def put_private(self, name: str, data: bytes) -> None:
        """Create a file of mode 0600 that must not be there yet, in two round trips.

        Raises OSError with the server's reason.
        """
        self.put_stream(name, io.BytesIO(data))

    def put_stream(self, name: str, stream: BinaryIO) -> None:
        """Create a file of mode 0600 of all that a stream holds; some writes are on their way at a time."""
        # paramiko's own `open` sends no mode: the file would be everybody's until a chmod.
        inner: Any = self
        ask, send, hear = inner._request, inner._async_request, inner._read_response  # noqa: SLF001 - its own engine
        mode = paramiko.SFTPAttributes()
        mode.st_mode = 0o600
        kind, answer = ask(CMD_OPEN, name, SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_EXCL, mode)
        if kind != CMD_HANDLE:
            raise paramiko.SFTPError("no handle")
        handle, first = answer.get_binary(), 0
        sent: deque[int] = deque()
        while chunk := stream.read(_CHUNK):
            sent.append(send(type(None), CMD_WRITE, handle, int64(first), chunk))
            first += len(chunk)
            if len(sent) > _ON_THEIR_WAY:
                hear(sent.popleft())
        sent.append(send(type(None), CMD_CLOSE, handle))
        for number in sent:
            hear(number)
