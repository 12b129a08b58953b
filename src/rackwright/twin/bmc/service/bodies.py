"""What comes with a request: JSON, or an image that is read in a stream and never kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any, Final

from aiohttp import BodyPartReader, web

from rackwright.twin.bmc.service.call import Call, Upload
from rackwright.twin.bmc.service.envelope import Denied, base

__all__ = ["HEAD_BYTES", "call", "request"]

HEAD_BYTES: Final = 1 << 20
"""So much of an image is kept to look at."""
_LARGEST: Final = 64 << 20
_PIECE: Final = 1 << 18


def request(message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.BaseRequest:
    """Make a request that may be as large as a profile."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST)


async def call(came: web.BaseRequest, path: str) -> Call:
    """Read a request. Raises :class:`~rackwright.twin.bmc.service.envelope.Denied` for a body that cannot be read."""
    body, upload = None, None
    if came.method not in ("GET", "HEAD", "DELETE") and came.can_read_body:
        kind = came.content_type
        if kind == "multipart/form-data":
            upload = await _parts(came)
        elif kind == "application/octet-stream" and "Content-Type" in came.headers:
            upload = await _taken(_pieces(came), "", {})
        elif kind == "application/json" or "Content-Type" not in came.headers:
            body = _json(await came.read())
        else:
            raise Denied(415, base("UnsupportedMediaType"))
    return Call(
        came.method,
        path,
        dict(came.query),
        came.headers,
        origin=came.remote or "",
        body={} if body is None and upload is None else body,
        upload=upload,
    )


def _json(text: bytes) -> Any:
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise Denied(400, base("MalformedJSON")) from None


async def _pieces(came: web.BaseRequest) -> AsyncIterator[bytes]:
    async for piece in came.content.iter_chunked(_PIECE):
        yield piece


async def _part(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


async def _taken(pieces: AsyncIterator[bytes], name: str, parameters: dict[str, Any]) -> Upload:
    head, size, digest = bytearray(), 0, hashlib.sha256()
    async for piece in pieces:
        size += len(piece)
        digest.update(piece)
        if len(head) < HEAD_BYTES:
            head += piece[: HEAD_BYTES - len(head)]
    return Upload(name, bytes(head), size, digest.hexdigest(), parameters)


async def _parts(came: web.BaseRequest) -> Upload:
    """Read ``UpdateParameters`` and ``UpdateFile``; Dell's own push has one part, ``file``."""
    parameters: dict[str, Any] = {}
    upload: Upload | None = None
    try:
        reader = await came.multipart()
        async for part in reader:
            if not isinstance(part, BodyPartReader):
                raise Denied(400, base("UnsupportedMediaType"))
            if part.name == "UpdateParameters":
                parameters = _json(bytes(await part.read())) or {}
            elif part.name in ("UpdateFile", "file"):
                upload = await _taken(_part(part), part.filename or "", {})
            else:
                await part.read()
    except (ValueError, AssertionError):
        raise Denied(400, base("MalformedJSON")) from None
    if upload is None:
        raise Denied(400, base("PropertyMissing", "UpdateFile"))
    return Upload(upload.name, upload.head, upload.size, upload.sha256, parameters)
