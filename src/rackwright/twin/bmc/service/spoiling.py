"""Wire faults carried out: what a client sees when a BMC, or the way to it, is at its worst."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from rackwright.twin.bmc.machine.refusal import Refusal
from rackwright.twin.bmc.service.bmc import Bmc
from rackwright.twin.bmc.service.call import Call
from rackwright.twin.bmc.service.envelope import Answer, Denied, base
from rackwright.twin.faults import Fault

__all__ = ["Cut", "Spoiler"]

_DRIP_S: Final = 0.5
_DEEP: Final = 4
"""Slashes in the path of what is no member of a collection."""
_HTML: Final = "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>"
_EITHER: Final = frozenset({"drop", "html", "too-many", "unauthorized", "answer-busy", "answer-not-ready"})
_BEFORE: Final = _EITHER | {"redirect"}
_AFTER: Final = _EITHER | {"stall", "drip", "truncate", "garbage", "empty"}


class Cut(Exception):
    """The connection is to be cut."""


class Spoiler:
    """Holds the faults against each request of one BMC."""

    def __init__(self, bmc: Bmc) -> None:
        self._bmc = bmc
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let nothing hang any longer."""
        self._ended.set()
        self._ended = asyncio.Event()

    # --- before the effect ---------------------------------------------------------------------------

    async def before(self, call: Call, operation: str, told: str) -> Answer | None:
        """Return what a fault answers in the BMC's place; None: nothing, the request goes on."""
        fault = self._bmc.faults.struck(self._bmc.name, operation, _possible(call, operation), told, late=False)
        return None if fault is None else self._instead(fault, call)

    def _instead(self, fault: Fault, call: Call) -> Answer:
        if fault.kind == "drop":
            raise Cut
        if fault.kind == "html":
            return Answer(500, _HTML, {"Content-Type": "text/html"})
        if fault.kind == "unauthorized":
            self._bmc.forget(call.headers.get("X-Auth-Token", ""))
            raise Denied(401, base("NoValidSession"))
        if fault.kind == "redirect":
            return _moved(fault, call)
        raise self._refusal(fault, call)

    def _refusal(self, fault: Fault, call: Call) -> Denied:
        after = {"Retry-After": fault.value} if fault.value.isdigit() else {}
        told = self._bmc.told
        if fault.kind == "too-many":
            return Denied(429, base("ServiceTemporarilyUnavailable", fault.value or "30"), headers=after)
        if fault.kind == "no-expand":
            return Denied(int(fault.value or 501), base("QueryParameterUnsupported", "$expand"))
        if fault.kind == "etag":
            return Denied(412, base("PreconditionFailed"))
        if fault.kind == "vanish":
            return Denied(404, base("ResourceMissingAtURI", call.path))
        if fault.kind == "needs-etag":
            return told(Refusal(400, "SYS404"))
        if fault.kind == "answer-not-ready":
            return told(Refusal(400, "SWC0700"))
        found = told(Refusal(503, "SYS518"))
        return Denied(503, *found.notices, base("ServiceTemporarilyUnavailable", "30"), headers=after)

    # --- after it ------------------------------------------------------------------------------------

    async def after(
        self,
        request: web.BaseRequest,
        call: Call,
        answer: Answer,
        operation: str,
        told: str,
        rendered: Callable[[web.BaseRequest, Answer], web.Response],
    ) -> web.StreamResponse:
        """Return the answer, spoiled if a fault says so."""
        kinds = _AFTER | ({"paged"} if operation == "read" else set())
        fault = self._bmc.faults.struck(self._bmc.name, operation, kinds, told, late=True)
        if fault is None:
            return rendered(request, answer)
        if fault.kind == "paged":
            return rendered(request, _paged(fault, call, answer))
        if fault.kind == "stall":
            await self._wait(fault.duration)
            if fault.duration is None:
                raise Cut
            return rendered(request, answer)
        if fault.kind == "empty":
            return web.Response(status=200)
        if fault.kind in ("drip", "truncate", "garbage"):
            return await self._body(fault, request, rendered(request, answer))
        return rendered(request, self._instead(fault, call))

    async def _body(self, fault: Fault, request: web.BaseRequest, whole: web.Response) -> web.StreamResponse:
        data = whole.body if isinstance(whole.body, bytes) else b""
        half = data[: len(data) // 2]
        if fault.kind == "garbage":
            return web.Response(status=whole.status, body=half, content_type="application/json")
        headers = {name: value for name, value in whole.headers.items() if name != "Content-Length"}
        slow = web.StreamResponse(status=whole.status, headers=headers)
        slow.content_length = len(data)
        await slow.prepare(request)
        if fault.kind == "truncate":
            await slow.write(half)
            await asyncio.sleep(0)
            raise Cut
        for at in range(len(data)):
            await slow.write(data[at : at + 1])
            await self._wait(_DRIP_S)
        return slow

    async def _wait(self, seconds: float | None) -> None:
        limit = None if seconds is None else self._bmc.clock.real(seconds)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), limit)


def _possible(call: Call, operation: str) -> set[str]:
    """Return the kinds that this request can suffer from before it has an effect."""
    kinds = set(_BEFORE)
    if "$expand" in call.query:
        kinds.add("no-expand")
    if operation == "read" and call.path.count("/") > _DEEP:
        kinds.add("vanish")
    if operation not in ("read", "login", "logout"):
        kinds.add("etag" if call.headers.get("If-Match") else "")
        kinds.add("needs-etag" if call.method == "PATCH" and not call.headers.get("If-Match") else "")
    return kinds


def _moved(fault: Fault, call: Call) -> Answer:
    """Lead to another host, or to the same one with a slash behind the path; ``a`` is the status."""
    away = f"https://{fault.value}" if fault.value else ""
    query = "&".join(f"{key}={value}" for key, value in call.query.items())
    return Answer(int(fault.a or 308), None, {"Location": f"{away}{call.path}/{'?' if query else ''}{query}"})


def _paged(fault: Fault, call: Call, answer: Answer) -> Answer:
    body: Any = answer.body
    if not isinstance(body, dict) or not isinstance(body.get("Members"), list):
        return answer
    size, start = int(fault.value or 2), int(call.query.get("$skip", "0"))
    members = body["Members"]
    page = {**body, "Members": members[:size]}
    if len(members) > size:
        rest = "".join(f"&{key}={value}" for key, value in call.query.items() if key != "$skip")
        page["Members@odata.nextLink"] = f"{call.path}?$skip={start + size}{rest}"
    return Answer(answer.status, page, answer.headers)
