"""HTTP of one emulated BMC: who may ask, what answers, and how the answer looks on the wire (DSP0266)."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

import msgspec
from aiohttp import web

from rackwright.twin.bmc.machine.refusal import Away, Refusal
from rackwright.twin.bmc.service import bodies, query
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.call import Call, basic
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.bmc.service.faults import operation_of
from rackwright.twin.bmc.service.routing import Found, Routes
from rackwright.twin.bmc.service.spoiling import Cut, Spoiler

__all__ = ["App", "etag", "reset"]

_PUBLIC: Final = frozenset({"/redfish", "/redfish/v1", "/redfish/v1/odata", "/redfish/v1/$metadata"})
_SESSIONS: Final = "/redfish/v1/SessionService/Sessions"
_LINGER: Final = struct.pack("ii", 1, 0)
_PLAIN: Final = query.Query()
_VOLATILE: Final = frozenset({"DateTime"})
"""Properties that move by themselves and are left out of an ETag."""


class App:
    """Answers the requests of one BMC."""

    def __init__(self, bmc: Bmc, routes: Routes) -> None:
        self._bmc = bmc
        self._routes = routes
        self._server = web.Server(self._handle, access_log=None, request_factory=bodies.request)
        self._spoiler = Spoiler(bmc)

    def protocol(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        made: asyncio.Protocol = self._server()
        return made

    def cut(self) -> None:
        """Cut every open connection, and let nothing wait any longer."""
        self._spoiler.end()
        for connection in [*self._server.connections]:
            reset(connection.transport)

    # --- one request ---------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        bmc = self._bmc
        path = _path(request)
        operation = operation_of(request.method, path)
        told = f"{request.method} {request.rel_url.raw_path}"
        bmc.count(request.method)
        user = ""
        try:
            bmc.settle()
            call = await bodies.call(request, path)
            early = await self._spoiler.before(call, operation, told)
            if early is not None:
                answer = early
            else:
                call = self._admitted(call)
                user = call.user
                answer = self._answered(call)
            response = await self._spoiler.after(request, call, answer, operation, told, self._rendered)
        except Denied as denied:
            response = self._rendered(request, denied.answer())
        except Refusal as refusal:
            response = self._rendered(request, bmc.told(refusal).answer())
        except (Cut, Away):
            reset(request.transport)
            response = web.Response(status=500)
        if operation != "read":
            bmc.log(user, operation, told, str(response.status))
            bmc.moved()
        return response

    def _admitted(self, call: Call) -> Call:
        """Find out who asks, and what is not allowed to anybody."""
        bmc = self._bmc
        if not call.path.startswith("/redfish"):
            raise Denied(404, base("ResourceMissingAtURI", call.path))
        if call.headers.get("OData-Version", "4.0") != "4.0":
            raise Denied(412, base("HeaderInvalid", "OData-Version"))
        bmc.machine.bmc.gate()
        bmc.machine.admit(call.method, call.path)
        token, credentials = call.headers.get("X-Auth-Token"), call.headers.get("Authorization")
        if call.path in _PUBLIC and call.method in ("GET", "HEAD"):
            return call
        if call.path.removesuffix("/Members") == _SESSIONS and call.method == "POST":
            return call
        if token is not None and credentials is not None:
            raise bmc.told(Refusal(400, "SYS468"))
        if token is not None:
            session = bmc.session(token)
            if session is None:
                raise Denied(401, base("NoValidSession"))
            return replace(call, user=session.user, session=session.id)
        pair = basic(credentials or "")
        if pair is None or not bmc.opens(*pair):
            raise Denied(
                401, base("AccessDenied", call.path), headers={"WWW-Authenticate": 'Basic realm="RedfishService"'}
            )
        return replace(call, user=pair[0])

    def _answered(self, call: Call) -> Answer:
        path = call.path
        if call.method == "POST" and path.endswith("/Members"):
            # A POST to the members of a collection is one to the collection (DSP0266).
            path = path.removesuffix("/Members")
        found = self._routes.find(path)
        if call.path == "/redfish":
            return Answer(200, {"v1": "/redfish/v1/"})
        if found is None:
            raise Denied(404, base("ResourceMissingAtURI", call.path))
        allow = ", ".join(sorted(found.methods))
        handler = found.methods.get(call.method)
        if handler is None:
            raise Denied(405, base("OperationNotAllowed"), headers={"Allow": allow})
        self._bmc.require(call)
        if call.method in ("GET", "HEAD"):
            answer = self._read(call, found)
        else:
            if call.query and any(word.startswith("$") for word in call.query):
                raise Denied(400, base("QueryNotSupportedOnResource"))
            self._fits(call, found)
            answer = handler(self._bmc, call, *found.captured)
        return replace(answer, headers={"Allow": allow, **answer.headers})

    def _read(self, call: Call, found: Found) -> Answer:
        wanted = query.parse(call.query, levels=self._bmc.levels)
        body = found.methods["GET"](self._bmc, *found.captured)
        if body is None:
            raise Denied(404, base("ResourceMissingAtURI", call.path))
        if isinstance(body, Answer):
            return body
        encoded = msgspec.json.encode(body)
        tag = _tag(encoded) if _VOLATILE.isdisjoint(body) else etag(body)
        shown = body
        if self._bmc.kind == "idrac" and "ManagerAccount." in body.get("@odata.type", ""):
            shown = {**body, "@odata.etag": tag}
        if wanted != _PLAIN:
            shown = query.apply(shown, wanted, self._linked)
        headers = {"ETag": tag, **_described(shown)}
        if tag in _tags(call.headers.get("If-None-Match", "")):
            return Answer(304, None, headers)
        return Answer(200, shown, headers, encoded if shown is body else b"")

    def _linked(self, path: str) -> dict[str, Any] | None:
        """Read what a link leads to."""
        plain, _, fragment = path.partition("#")
        found = self._routes.find(plain.rstrip("/"))
        if found is None or "GET" not in found.methods:
            return None
        body = found.methods["GET"](self._bmc, *found.captured)
        if not isinstance(body, dict):
            return None
        return _fragment(body, fragment)

    def _fits(self, call: Call, found: Found) -> None:
        """Hold a change against the ETag that it is meant for."""
        wanted = call.headers.get("If-Match", "")
        if not wanted or "GET" not in found.methods:
            return
        body = found.methods["GET"](self._bmc, *found.captured)
        if isinstance(body, dict) and not _tags(wanted) & {"*", etag(body)}:
            raise Denied(412, base("PreconditionFailed"))

    def _rendered(self, request: web.BaseRequest, answer: Answer) -> web.Response:
        headers = {"OData-Version": "4.0", "Cache-Control": "no-cache", **answer.headers}
        if answer.body is None:
            return web.Response(status=answer.status, headers=headers)
        if isinstance(answer.body, bytes | str):
            kind = "application/xml" if request.method in ("GET", "HEAD") else "application/json"
            data = answer.body.encode() if isinstance(answer.body, str) else answer.body
            headers = {"Content-Type": f"{kind};charset=utf-8", **headers}
        else:
            data = answer.encoded or msgspec.json.encode(answer.body)
            headers["Content-Type"] = "application/json;charset=utf-8"
        return web.Response(status=answer.status, body=data, headers=headers)


def etag(body: Mapping[str, Any]) -> str:
    """Return the ETag of a resource."""
    return _tag(msgspec.json.encode({key: value for key, value in body.items() if key not in _VOLATILE}))


def _tag(encoded: bytes) -> str:
    return f'"{hashlib.blake2b(encoded, digest_size=8).hexdigest()}"'


def _tags(header: str) -> set[str]:
    return {one.strip().removeprefix("W/") for one in header.split(",") if one.strip()}


def _described(body: Mapping[str, Any]) -> dict[str, str]:
    kind = str(body.get("@odata.type", "")).removeprefix("#").rpartition(".")[0]
    return {"Link": f"</redfish/v1/JsonSchemas/{kind}.json>; rel=describedby"} if kind else {}


def _fragment(body: dict[str, Any], pointer: str) -> dict[str, Any] | None:
    value: Any = body
    for step in pointer.strip("/").split("/") if pointer else ():
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif isinstance(value, dict) and step in value:
            value = value[step]
        else:
            return None
    return value if isinstance(value, dict) else None


def _path(request: web.BaseRequest) -> str:
    raw = unquote(request.rel_url.raw_path)
    return raw.rstrip("/") or "/"


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Cut a connection so that the other side sees a reset."""
    if isinstance(transport, asyncio.Transport):
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        transport.abort()
