"""One BMC in a thread, for what the twin does not do: any tree of resources, scripted answers, every fault of the wire."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from aiohttp import web

from rackwright.drivers.clock import Clock, ScaledClock
from rackwright.drivers.endpoint import Endpoint

ROOT = "/redfish/v1"
_DAY = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=-5)))
SESSIONS = f"{ROOT}/SessionService/Sessions"
EXPAND = {"ExpandAll": True, "Levels": True, "Links": True, "MaxLevels": 1, "NoLinks": True}
TOKEN = "token-0123456789abcdef"  # it is looked for in logs


def said(message_id: str, text: str = "no", resolution: str = "", **more: Any) -> dict[str, Any]:
    """Return the envelope of an error (redfish.md 5)."""
    entry = {
        "MessageId": f"IDRAC.2.9.{message_id}",
        "Message": text,
        "Resolution": resolution,
        "MessageArgs": [],
        **more,
    }
    return {"error": {"code": "Base.1.12.GeneralError", "message": "see below", "@Message.ExtendedInfo": [entry]}}


def tree(folder: Path) -> dict[str, Any]:
    """Read a mockup tree: a folder a resource, each with its index.json."""
    found: dict[str, Any] = {}
    for path in folder.rglob("index.json"):
        uri = "/" + path.parent.relative_to(folder).as_posix()
        found[uri] = json.loads(path.read_text(encoding="utf-8"))
    return found


@dataclass
class LoneBmc:
    """What the BMC has and what it was asked."""

    resources: dict[str, Any] = field(default_factory=dict)
    expands: bool = True
    with_sessions: bool = True
    password: str = "right"
    most_sessions: int = 8
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """(method, path with query, body)."""
    headers: list[dict[str, str]] = field(default_factory=list)
    override: dict[str, Callable[[web.Request], Any]] = field(default_factory=dict)
    """``METHOD /path`` -> what answers instead; one that returns None lets the usual answer through."""
    lose_logins: int = 0
    """So many logins are done and their answers lost."""
    sessions: dict[str, str] = field(default_factory=dict)
    """URI -> token."""
    opened: int = 0
    clock: Clock = field(default_factory=lambda: ScaledClock(2000))
    """Its own, as quick as that of those who ask it: what lies between two logins is as long for both."""
    connections: set[Any] = field(default_factory=set)
    endpoint: Endpoint = field(init=False)

    def count(self, method: str) -> int:
        """Return how often a method was used."""
        return sum(how == method for how, _, _ in self.asked)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        self.connections.add(request.transport)
        raw = await request.read() if "multipart" not in request.content_type else b""
        body = json.loads(raw) if raw[:1] == b"{" else raw
        path = request.rel_url.raw_path
        self.asked.append((request.method, f"{path}?{request.rel_url.raw_query_string}".rstrip("?"), body))
        self.headers.append(dict(request.headers))
        made = self.override.get(f"{request.method} {path}")
        answer = made(request) if made is not None else None
        answer = await answer if asyncio.iscoroutine(answer) else answer
        if answer is not None:
            return answer
        if request.method == "POST" and path == SESSIONS and self.with_sessions:
            made = self._login(body)
            if self.lose_logins:
                self.lose_logins -= 1
                request.transport.abort()
            return made
        if path == SESSIONS and not self.with_sessions:
            return web.json_response(said("SYS403"), status=404)
        if path != ROOT and not self._known(request):
            return web.json_response(said("SYS403", "Unauthorized"), status=401)
        return self._usual(request, path)

    def _login(self, body: Any) -> web.StreamResponse:
        if body.get("Password") != self.password:
            return web.json_response(said("SYS415", "Unauthorized"), status=401)
        if len(self.sessions) >= self.most_sessions:
            return web.json_response(said("RAC0218", "The maximum number of user sessions is reached."), status=503)
        self.opened += 1
        uri, token = f"{SESSIONS}/{self.opened}", f"{TOKEN}-{self.opened}"
        self.sessions[uri] = token
        self.resources[uri] = {
            "@odata.id": uri, "UserName": body["UserName"], "ClientOriginIPAddress": "127.0.0.1",
            "CreatedTime": (_DAY + timedelta(seconds=int(self.clock.now()))).isoformat(),
        }  # fmt: skip
        self.resources[SESSIONS] = {"Members": [{"@odata.id": one} for one in self.sessions]}
        headers = {"X-Auth-Token": token, "Location": uri}
        return web.json_response({"@odata.id": uri, "Id": str(self.opened)}, status=201, headers=headers)

    def _known(self, request: web.Request) -> bool:
        if not self.with_sessions:
            wanted = b64encode(f"root:{self.password}".encode()).decode()
            return request.headers.get("Authorization") == f"Basic {wanted}"
        return request.headers.get("X-Auth-Token") in self.sessions.values()

    def _usual(self, request: web.Request, path: str) -> web.StreamResponse:
        if request.method == "DELETE":
            self.sessions.pop(path, None)
            self.resources.pop(path, None)
            return web.Response(status=204)
        found = self.resources.get(path.rstrip("/"))
        if found is None:
            return web.json_response(said("SYS403", "There is no such resource"), status=404)
        if request.method != "GET":
            return web.Response(status=204)
        headers = {"ETag": found["@odata.etag"]} if "@odata.etag" in found else {}
        if "$expand" in request.query:
            if not self.expands:
                return web.json_response(said("SYS501", "no expansion"), status=501)
            found = self._expanded(found)
        return web.json_response(found, headers=headers)

    def _expanded(self, value: Any) -> Any:
        """Put what links lead to in their place, one level deep."""
        if isinstance(value, dict):
            return {
                key: value[key] if key == "Links" else self._put(inner) for key, inner in value.items()
            }  # fmt: skip
        return value

    def _put(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._put(one) for one in value]
        if isinstance(value, dict) and set(value) == {"@odata.id"}:
            found = self.resources.get(value["@odata.id"].rstrip("/"), value)
            return found if "@odata.id" in found else value
        return value


@contextmanager
def lone_bmc(context: ssl.SSLContext | None, **values: Any) -> Iterator[LoneBmc]:
    """Start a BMC on loopback and end it afterwards."""
    bmc = LoneBmc(**values)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop: list[Callable[[], Any]] = []

    async def run() -> None:
        done = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", bmc.handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        port = runner.addresses[0][1]
        bmc.endpoint = Endpoint(device="gpu01", host="127.0.0.1", redfish_port=port, user="root")
        started.set()
        await done.wait()
        await runner.cleanup()
        # What still drips or stalls is left nobody to hear it.
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()), name="lone-bmc")
    thread.start()
    assert started.wait(10)
    try:
        yield bmc
    finally:
        stop[0]()
        thread.join(10)
        loop.close()
