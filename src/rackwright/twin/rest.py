"""The NVUE API of one switch: ``/nvue_v1`` with revisions, as far as NVUE-API and nvue.md 4.1 tell it."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from rackwright.twin.box import Box, Dropped
from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.engine import Refused
from rackwright.twin.engine.trees import Path
from rackwright.twin.nv.show import Absent
from rackwright.twin.resources import Call, Problem, answer, operation_of

__all__ = ["Api"]

_PREFIX: Final = "/nvue_v1"
_LARGEST: Final = 64 << 20
_TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
}


class Api:
    """Answers the requests of one switch."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._server = web.Server(self._handle, access_log=None, request_factory=_request)

    def protocol(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        made: asyncio.Protocol = self._server()
        return made

    def cut(self) -> None:
        """Cut every open connection."""
        for connection in [*self._server.connections]:
            _abort(connection.transport)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        call: Call | None = None
        before = self._box.marks()
        try:
            user = await self._login(request)
            call = await _call(request, user)
            status, value = await self._answered(call)
            response = _response(status, value)
        except Dropped:
            _abort(request.transport)
            response = _response(500, {})
        except Problem as problem:
            response = _problem(problem)
        if call is not None:
            told = f"{call.method} {request.path_qs}"
            self._box.log("rest", call.user, operation_of(call), told, str(response.status), before)
        return response

    async def _login(self, request: web.BaseRequest) -> str:
        """Return who asks. Raises :class:`Problem` 401 for nobody, 403 for the factory's password (NVUE-API)."""
        try:
            await self._box.gate("connect", "before")
        except Refused:
            raise Problem(401, "authentication failed") from None
        user, password = _credentials(request.headers.get("Authorization", ""))
        accounts = self._box.switch.accounts
        if not user or not accounts.opens(user, password):
            raise Problem(401, "authentication failed")
        if accounts.has_default(user):
            raise Problem(403, "the default password must be changed first")
        return user

    async def _answered(self, call: Call) -> tuple[int, Any]:
        operation = operation_of(call)
        try:
            await self._box.settle()
            if operation != "apply":
                await self._box.gate(operation, "before")
            self._box.switch.require_nvued()
            result = await answer(self._box, call)
            await (self._box.gate("apply", "after") if operation == "apply" else self._box.gates(operation))
        except Refused as refusal:
            raise _told(refusal) from None
        except Absent as absent:
            raise Problem(404, str(absent)) from None
        except NotEmulated as why:
            raise Problem(501, f"not emulated by this twin: {why}") from None
        return result


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.BaseRequest:
    """Make a request that may be as large as a whole configuration."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=_LARGEST)


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.Transport):
        transport.abort()


def _credentials(header: str) -> tuple[str, str]:
    kind, _, text = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


async def _call(request: web.BaseRequest, user: str) -> Call:
    raw = request.rel_url.raw_path
    if raw != _PREFIX and not raw.startswith(f"{_PREFIX}/"):
        raise Problem(404, "no such resource")
    path: Path = tuple(unquote(part) for part in raw.removeprefix(_PREFIX).split("/") if part)
    query: dict[str, list[str]] = {}
    for key, value in request.rel_url.query.items():
        query.setdefault(key, []).append(value)
    text = await request.read()
    try:
        body = json.loads(text) if text else None
    except ValueError:
        raise Problem(400, "the body is not valid JSON") from None
    return Call(request.method, path, query, body, user)


def _told(refusal: Refused) -> Problem:
    if refusal.kind == "schema":
        # The shape that nv-config-manager reads the reason from.
        errors = [
            {"error": issue.reason, "instanceLocation": "/" + issue.location.replace(".", "/")}
            for issue in refusal.issues
        ]
        return Problem(400, "Invalid config", {"validation": {"selected_errors": errors}})
    status = {"absent": 404, "down": 502, "busy": 409, "state": 409}.get(refusal.kind, 500)
    return Problem(status, str(refusal))


def _response(status: int, value: Any) -> web.Response:
    if status == 204:
        return web.Response(status=204)
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _problem(problem: Problem) -> web.Response:
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Basic realm="NVUE"'} if problem.status == 401 else {}
    value = {"title": _TITLES[problem.status], "status": problem.status, "detail": problem.detail, **problem.more}
    return web.Response(
        status=problem.status, text=json.dumps(value), content_type="application/problem+json", headers=headers
    )
