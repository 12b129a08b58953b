"""The first boot of switches over HTTP: script, image, configuration, reports; beside it the installation of hosts.

Two doors. What a switch needs before it knows our CA, the script and the image, may also stand open on plain HTTP;
the configuration and the reports are on TLS only, and ask for the token that the script brought.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from rackwright.errors import BootRefused, RenderError, SecretUnresolved
from rackwright.intent.nodes import normal_mac
from rackwright.render.nvue.ztp import filled
from rackwright.serve.authority import NAME, Authority
from rackwright.serve.events import Events, Kind
from rackwright.serve.hosts import Hosts
from rackwright.serve.offer import Image, Offer, Who
from rackwright.serve.tokens import Tokens

__all__ = ["Boots"]

_LONGEST: Final = 4096
"""Bytes of a report that are read."""
_BEARER: Final = "Bearer "
_REPORTS: Final[Mapping[str, Kind]] = {"provisioned": "provisioned", "failed": "failed", "installing": "installing"}
_PRIVATE: Final = {"Cache-Control": "no-store"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Boots:
    """The answers to switches that boot for the first time."""

    offers: Mapping[str, Offer]
    tokens: Tokens
    authority: Authority
    events: Events
    image: Image | None
    port: int = 0
    """Port of the door with TLS."""
    address: str = ""
    """Address of that door; empty: the one at which the switch reached us."""
    hosts: Hosts | None = None
    """The answers to hosts that are installed; they stand at both doors."""
    addresses: tuple[str, ...] = ()
    """Further addresses that the certificate is good for."""

    def secure(self) -> web.Application:
        """Return the door with TLS: everything."""
        door = self.open()
        door.router.add_get("/devices/{device}/breakouts.yaml", self._guarded(self._breakouts), allow_head=False)
        door.router.add_get("/devices/{device}/startup.yaml", self._guarded(self._startup), allow_head=False)
        for word in _REPORTS:
            door.router.add_post(f"/devices/{{device}}/{word}", self._guarded(self._report))
        return door

    def open(self) -> web.Application:
        """Return the door without TLS: nothing in which a secret stands."""
        door = web.Application(client_max_size=_LONGEST)
        # A HEAD would use up what only a GET brings.
        door.router.add_get("/devices/{device}/ztp.sh", self._guarded(self._script), allow_head=False)
        door.router.add_get("/images/{name}", self._guarded(self._image))
        if self.hosts is not None:
            self.hosts.add(door)
        return door

    def _guarded(self, work: Handler) -> Handler:
        """Turn what is refused into an answer that says little and an event that says all."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            device = request.match_info.get("device", "")[:63]
            try:
                return await work(request)
            except BootRefused as error:
                self.events.tell("refused", str(error), device=device, peer=_peer(request))
                return web.Response(status=403, text="refused: see what rackwright serve says\n")
            except (SecretUnresolved, RenderError) as error:
                self.events.tell("refused", f"{device}: {error}", device=device, peer=_peer(request))
                return web.Response(status=500, text="not ready: see what rackwright serve says\n")

        return guarded

    def _offer(self, request: web.Request) -> Offer:
        device = request.match_info["device"]
        if device not in self.offers:
            raise BootRefused(f"{device[:63]}: no switch of that name is served")
        return self.offers[device]

    async def _script(self, request: web.Request) -> web.Response:
        offer = self._offer(request)
        who = _who(request)
        offer.insist(who)
        text = offer.script()
        values = {
            "image_sha256": self.image.sha256 if self.image else "",
            "server": f"https://{NAME}:{self.port}",
            "address": f"{NAME}:{self.port}:{self._address(request)}",
            "ca": self.authority.pem.strip(),
        }
        filled(text, {**values, "token": ""})
        sent = filled(text, {**values, "token": self.tokens.issue(offer.device)})
        said = f"{offer.device}: serial number {who.serial or '(unknown)'} gets its script" + _running(who)
        self.events.tell("script", said, device=offer.device, peer=_peer(request))
        return web.Response(text=sent, content_type="text/plain", charset="us-ascii", headers=_PRIVATE)

    def _proven(self, request: web.Request) -> Offer:
        """Return what a switch may have that brings its token, and is who it should be."""
        offer = self._offer(request)
        self.tokens.check(offer.device, _token(request))
        if offer.serial:
            offer.insist(_who(request))
        return offer

    async def _breakouts(self, request: web.Request) -> web.Response:
        offer = self._proven(request)
        # The token stays good: a switch that is cut off behind its breakouts begins anew.
        self.tokens.fetch(offer.device, _token(request), spend=False)
        sent = offer.breakouts()
        if sent:
            self.events.tell(
                "breakouts",
                f"{offer.device} gets its breakouts, which go first",
                device=offer.device,
                peer=_peer(request),
            )
        return web.Response(body=sent, content_type="application/yaml", headers=_PRIVATE)

    async def _startup(self, request: web.Request) -> web.Response:
        offer = self._proven(request)
        # Made before the token is used up: a secret that is missing costs the switch nothing.
        sent = offer.startup()
        self.tokens.fetch(offer.device, _token(request))
        said = f"{offer.device} gets its configuration, {len(offer.hidden())} secrets in their places"
        self.events.tell("startup", said, device=offer.device, peer=_peer(request))
        return web.Response(body=sent, content_type="application/yaml", headers=_PRIVATE)

    async def _image(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if self.image is None or name != self.image.name:
            raise BootRefused(f"image {name[:80]} is asked for and not served: give it with --image")
        self.events.tell("image", f"{name} is fetched", peer=_peer(request))
        return web.FileResponse(self.image.path)

    async def _report(self, request: web.Request) -> web.Response:
        offer = self._offer(request)
        kind = _REPORTS[request.path.rpartition("/")[2]]
        self.tokens.end(offer.device, _token(request), kind)
        text = (await request.read())[:_LONGEST].decode(errors="replace").strip()
        # NVUE likes to repeat what it refuses, secrets too.
        for value in sorted(offer.hidden(), key=len, reverse=True):
            text = text.replace(value, "***")
        self.events.tell(kind, f"{offer.device}: {text}", device=offer.device, peer=_peer(request))
        return web.Response(text="noted\n")

    def _address(self, request: web.Request) -> str:
        if self.address:
            return self.address
        # A switch may know us by another address than the one that we listen on: 0.0.0.0 is none to come back to.
        host = str(request.get_extra_info("sockname")[0])
        return f"[{host}]" if ":" in host else host


def _who(request: web.Request) -> Who:
    return Who(
        serial=request.headers.get("CUMULUS-SERIAL", "").strip()[:64],
        mac=normal_mac(request.headers.get("CUMULUS-MGMT-MAC", "").strip()) or "",
        version=request.headers.get("CUMULUS-VERSION", "").strip()[:32],
    )


def _running(who: Who) -> str:
    return f"; it runs Cumulus Linux {who.version}" if who.version else ""


def _token(request: web.Request) -> str:
    text = request.headers.get("Authorization", "")
    if not text.startswith(_BEARER):
        raise BootRefused(f"{request.match_info['device']}: asked for without a token")
    return text.removeprefix(_BEARER)


def _peer(request: web.Request) -> str:
    return request.remote or ""
