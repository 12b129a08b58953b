"""The live view as a web page: read only, for whoever has the token; one page, and a stream of what is new.

The token comes once, in the address that is printed; the browser gets a cookie for it and the address bar is clean again. Programs
may send it as ``Authorization: Bearer``. Nothing can be changed here: there is no way in but GET.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from aiohttp import web

from rackwright.errors import RunError
from rackwright.report.board import Board
from rackwright.report.news import Seen, about_device, news, whole
from rackwright.report.pages import board_page
from rackwright.serve.following import Following

__all__ = ["BoardPage"]

_POLL_S: Final = 0.25
_TICK_S: Final = 5.0
"""Without news a page is told how long it still takes, and a dead connection is found."""
_BEARER: Final = "Bearer "
_CLOSED: Final = (
    "This page is for whoever has its token: open the address that 'rackwright serve' printed when it began.\n"
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_POLICY: Final = (
    "default-src 'none'; style-src 'nonce-{0}'; script-src 'nonce-{0}'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class BoardPage:
    """The page over one site's runs."""

    def __init__(
        self, following: Following, *, token: str = "", poll_s: float = _POLL_S, tick_s: float = _TICK_S
    ) -> None:
        """Show what ``following`` follows to whoever has ``token``; without one it is made."""
        self.token = token or secrets.token_urlsafe(32)
        self._following = following
        self._session = secrets.token_urlsafe(32)
        # Cookies know no ports: two pages on one machine must not take each other's.
        self._cookie = f"rackwright-{secrets.token_hex(4)}"
        self._poll_s, self._tick_s = poll_s, tick_s
        self._changed = asyncio.Condition()
        self._ended = False

    def application(self) -> web.Application:
        """Return the application; it follows the run while it stands."""
        found = web.Application(client_max_size=0, middlewares=[self._guard])
        found.router.add_get("/", self._page)
        found.router.add_get("/events", self._events, allow_head=False)
        found.router.add_get("/state", self._state)
        found.router.add_get("/devices/{device}", self._device)
        found.cleanup_ctx.append(self._follows)
        found.on_shutdown.append(self._ends)
        return found

    # --- who may look ----------------------------------------------------------------------------

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token")
        if given is not None and request.path == "/" and self._good(given, self.token):
            return self._let_in(request)
        if given is not None or not self._known(request):
            return web.Response(status=403, text=_CLOSED, headers=_HEADERS)
        return await handler(request)

    def _known(self, request: web.Request) -> bool:
        header = request.headers.get("Authorization", "")
        if header.startswith(_BEARER):
            return self._good(header.removeprefix(_BEARER), self.token)
        return self._good(request.cookies.get(self._cookie, ""), self._session)

    @staticmethod
    def _good(given: str, wanted: str) -> bool:
        # What is no UTF-8 comes in as surrogates, which are no token either.
        return hmac.compare_digest(given.encode(errors="replace"), wanted.encode())

    def _let_in(self, request: web.Request) -> web.Response:
        """Give the browser its cookie and take the token out of the address bar."""
        answer = web.Response(status=303, headers={**_HEADERS, "Location": "/"})
        answer.set_cookie(
            self._cookie, self._session, httponly=True, samesite="Strict", secure=request.secure, path="/"
        )
        return answer

    # --- what is seen ----------------------------------------------------------------------------

    async def _page(self, _request: web.Request) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        headers = {**_HEADERS, "Content-Security-Policy": _POLICY.format(nonce)}
        return web.Response(text=board_page(nonce), content_type="text/html", headers=headers)

    async def _state(self, _request: web.Request) -> web.Response:
        following = self._following
        return _json(whole(following.board, following.estimate())[0])

    async def _device(self, request: web.Request) -> web.Response:
        name, board = request.match_info["device"], self._following.board
        if name not in board.of_device:
            return web.Response(status=404, text="the run works on no device of that name\n", headers=_HEADERS)
        return _json(about_device(board, name))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await answer.prepare(request)
        # No board to begin with, so that the first that is sent is all of it.
        board, seen = None, Seen()
        with suppress(ConnectionError):
            while not self._ended:
                kind = "news" if self._following.board is board else "whole"
                board = self._following.board
                value, seen = self._told(kind, board, seen)
                await answer.write(_event(kind, value))
                await self._wait(board, seen.heard)
        return answer

    def _told(self, kind: str, board: Board, seen: Seen) -> tuple[dict[str, Any], Seen]:
        estimate = self._following.estimate()
        value, seen = whole(board, estimate) if kind == "whole" else news(board, estimate, seen)
        # A phone's clock may be wrong: how long things took is told by ours.
        return {**value, "now": time.time()}, seen

    async def _wait(self, board: Board, heard: int) -> None:
        """Wait until there is more than ``heard`` events of ``board``, or another board, for at most a tick."""

        def is_new() -> bool:
            return self._ended or self._following.board is not board or board.heard > heard

        with suppress(TimeoutError):
            async with asyncio.timeout(self._tick_s), self._changed:
                await self._changed.wait_for(is_new)

    # --- following -------------------------------------------------------------------------------

    async def _follows(self, _application: web.Application) -> AsyncIterator[None]:
        async with _beside(self._follow()):
            yield

    async def _follow(self) -> None:
        while True:
            if self._polled():
                async with self._changed:
                    self._changed.notify_all()
            await asyncio.sleep(self._poll_s)

    def _polled(self) -> bool:
        """Read what is new; a folder that cannot be read now may be there again in a moment."""
        try:
            return self._following.poll()
        except (OSError, RunError):
            return False

    async def _ends(self, _application: web.Application) -> None:
        self._ended = True
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def _beside(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", headers=_HEADERS)


def _event(kind: str, value: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + msgspec.json.encode(value) + b"\n\n"
