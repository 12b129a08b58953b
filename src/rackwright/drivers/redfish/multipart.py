"""The body of a multipart upload, read from its file as it is sent: an image has up to 400 MB (redfish.md 3.1)."""

from __future__ import annotations

import io
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from rackwright.drivers.deadline import check

__all__ = ["Multipart"]


class Multipart:
    """Two parts, as DSP0266 wants them: ``UpdateParameters`` in JSON and ``UpdateFile``. Close it after use."""

    def __init__(self, parameters: Mapping[str, Any], image: Path) -> None:
        boundary = uuid.uuid4().hex
        name = image.name.replace('"', "_").replace("\r", "_").replace("\n", "_")
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="UpdateParameters"\r\nContent-Type: application/json\r\n\r\n'
            f"{msgspec.json.encode(parameters).decode()}\r\n"
            f'--{boundary}\r\nContent-Disposition: form-data; name="UpdateFile"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self._image = image.open("rb")
        tail = f"\r\n--{boundary}--\r\n".encode()
        self._length = len(head.encode()) + image.stat().st_size + len(tail)
        self._parts: list[BinaryIO] = [io.BytesIO(head.encode()), self._image, io.BytesIO(tail)]

    def __len__(self) -> int:
        """Return the length in bytes: a BMC wants to know it before."""
        return self._length

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, of one part at a time; raises ``TimeoutError`` when the time for the upload is up."""
        check()
        while self._parts:
            if found := self._parts[0].read(size):
                return found
            self._parts.pop(0)
        return b""

    def close(self) -> None:
        """Close the file."""
        self._image.close()
