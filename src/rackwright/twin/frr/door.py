"""The way into a namespace: real OpenSSH for each connection, and the agent that answers ``nv`` inside."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from rackwright.twin.box import Box, Dropped
from rackwright.twin.linux import Session

__all__ = ["Agent", "Door"]

_PIECE: Final = 65536
_LONGEST: Final = 16 * 1024 * 1024


class Door:
    """A listener whose every connection is served by a process of its own, as inetd does (``sshd -i``)."""

    def __init__(self, argv: list[str], box: Box) -> None:
        self._argv = argv
        self._box = box
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, sock: socket.socket) -> None:
        """Begin to accept on a bound socket."""
        self._server = await asyncio.start_server(self._serve, sock=sock)

    def close(self) -> None:
        """Stop accepting and end what is open."""
        if self._server is not None:
            self._server.close()
        for task in [*self._tasks]:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - it runs in one
        self._tasks.add(task)
        process = None
        try:
            await self._box.gate("connect", "before")
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            assert process.stdin is not None  # noqa: S101 - it was asked for
            assert process.stdout is not None  # noqa: S101 - it was asked for
            inward = asyncio.ensure_future(_pump(reader, process.stdin))
            await _pump(process.stdout, writer)
            inward.cancel()
        except (Dropped, ConnectionError):
            pass
        finally:
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
            writer.close()
            self._tasks.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(_PIECE):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


class Agent:
    """A socket on which the client inside the namespaces asks what a command of the switch says."""

    def __init__(self, folder: Path, boxes: Callable[[], Mapping[str, Box]]) -> None:
        self._path = folder / "socket"
        self._boxes = boxes
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Begin to answer; every user of a namespace may ask, and is told by name who may do what."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path), limit=_LONGEST)
        os.chmod(self._path, 0o666)  # noqa: PTH101, S103 - the folder around it is closed; inside a namespace it is not root who asks

    def close(self) -> None:
        """Stop answering."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            question = json.loads(await reader.readline())
            answer = await self._answer(question)
        except (ValueError, KeyError):
            answer = {"code": 2, "out": "", "err": "the twin does not understand that\n"}
        except Dropped:
            writer.transport.abort()
            return
        writer.write(json.dumps(answer).encode())
        writer.close()

    async def _answer(self, question: Mapping[str, object]) -> dict[str, object]:
        box = self._boxes()[str(question["switch"])]
        user = str(question["user"])
        files = question["files"]
        for path, data in files.items() if isinstance(files, dict) else ():
            box.files.put(path, base64.b64decode(data), user)
        words = question["argv"]
        assert isinstance(words, list)  # noqa: S101 - the client sends one
        session = Session(box, user, cwd=str(question["cwd"]))
        result = await session.run([str(word) for word in words], str(question["stdin"]))
        return {"code": result.code, "out": result.out, "err": result.err}
