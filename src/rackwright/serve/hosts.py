"""The installation of hosts over HTTP: boot scripts, seeds, and what installers say.

An installer wipes what it finds, so nothing is given to a host for which no attempt was begun. What is said is kept before it is answered, and
answered at once: curtin's reporter has no timeout and stands still with its receiver (host-stack.md 1).
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from aiohttp import web

from rackwright.drivers.clock import Clock, WallClock
from rackwright.drivers.hosts.installs import Attempt, Installs
from rackwright.drivers.hosts.progress import LONGEST, ProgressLimits, Said, Verdict, Watch, may_end, read_event
from rackwright.errors import BootRefused, RenderError
from rackwright.intent.nodes import normal_mac
from rackwright.render.hosts.autoinstall import Report
from rackwright.render.netboot import BOOT_FILE, FIRST_SCRIPT, disk_script, first_script, kernel_words, node_script
from rackwright.render.printing import Printer
from rackwright.serve.events import Events, Kind
from rackwright.serve.seeds import Media, Seed

__all__ = ["Hosts"]

_PRIVATE: Final = {"Cache-Control": "no-store"}
_PATIENCE_S: Final = 10
"""For the rest of a request that began."""
_HOST: Final = re.compile(r"[A-Za-z0-9.:\[\]-]{1,200}")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Hosts:
    """The answers to hosts that are installed."""

    seeds: Mapping[str, Seed]
    installs: Installs
    events: Events
    ca: str = ""
    """The CA's certificate, for installers that report over TLS."""
    media: Media | None = None
    printer: Printer = field(default_factory=Printer)
    clock: Clock = field(default_factory=WallClock)
    limits: ProgressLimits = field(default_factory=ProgressLimits)
    pause_s: float = 5
    """Between two looks at who fell silent."""
    _tags: dict[str, str] = field(init=False)
    _refused: Counter[str] = field(init=False, default_factory=Counter)
    _watches: dict[str, tuple[int, Watch]] = field(init=False, default_factory=dict)
    _told: dict[str, int] = field(init=False, default_factory=dict)
    _judging: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _blind: dict[str, str] = field(init=False, default_factory=dict)
    _ending: Lock = field(init=False, default_factory=Lock)

    def __post_init__(self) -> None:
        """Learn who has which service tag."""
        self._tags = {seed.tag.upper(): seed.device for seed in self.seeds.values() if seed.tag}

    def add(self, door: web.Application) -> None:
        """Add the routes to a door, with TLS or without."""
        door.on_cleanup.append(self._settle)
        door.router.add_get("/seed/{key}/{file}", self._guarded(self._seed), allow_head=False)
        door.router.add_post("/progress/{token}", self._progress)
        door.router.add_get(f"/boot/{FIRST_SCRIPT}", self._guarded(self._first))
        door.router.add_get("/boot/node.ipxe", self._node, allow_head=False)
        door.router.add_get("/boot/{name}", self._guarded(self._medium))

    # --- boot -----------------------------------------------------------------------------------------------------

    async def _first(self, request: web.Request) -> web.Response:
        return _text(first_script(self.printer, _server(request)))

    async def _node(self, request: web.Request) -> web.Response:
        """Send a machine to its installer where it is to be installed, and to its disk in any other case."""
        try:
            seed = self._asking(request)
            sent = self._script(seed, _server(request))
        except (BootRefused, RenderError) as error:
            self._refuse("boot", str(error), request)
            return _text(disk_script(self.printer, "nothing is to be installed here, see what rackwright serve says"))
        self.events.tell("script", f"{seed.device} boots its installer", device=seed.device, peer=_peer(request))
        return _text(sent)

    def _script(self, seed: Seed, server: str) -> bytes:
        self.installs.going(seed.device)
        media = self.media
        if media is None:
            raise BootRefused(f"{seed.device}: no kernel is served: give the folder of the boot files with --boot")
        words = kernel_words(server, key=seed.tag, iso=media.iso, more=seed.more)
        return node_script(self.printer, server, seed.device, kernel=media.kernel, initrd=media.initrd, words=words)

    def _asking(self, request: web.Request) -> Seed:
        serial = request.query.get("serial", "").strip()[:64]
        mac = normal_mac(request.query.get("mac", "").strip()) or ""
        device = self._tags.get(serial.upper(), "") if serial else ""
        if not device:
            raise BootRefused(
                f"a machine with service tag {serial or '(none)'} and MAC {mac or '(none)'}: none that is planned"
            )
        seed = self.seeds[device]
        if mac and seed.macs and mac not in seed.macs:
            raise BootRefused(f"{device}: MAC {mac} asks with its service tag and is none of its own: see nodes.csv")
        return seed

    async def _medium(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        media = self.media
        served = {BOOT_FILE, media.kernel, media.initrd, media.iso} - {""} if media else set()
        if media is None or name not in served:
            raise BootRefused(f"boot file {name[:80]!r} is asked for and not served: see --boot")
        return web.FileResponse(media.folder / name)

    # --- seeds ----------------------------------------------------------------------------------------------------

    async def _seed(self, request: web.Request) -> web.Response:
        seed = self._owner(request.match_info["key"])
        name = request.match_info["file"]
        self.installs.going(seed.device)
        token = self.installs.token(seed.device)
        authority = self.ca if request.secure else ""
        files = seed.files(Report(endpoint=f"{_server(request)}/progress/{token}", token=token, authority=authority))
        if name not in files:
            return web.Response(status=404, text="there is none\n")
        if name == "user-data":
            # Made before it is noted: what cannot be made costs the host nothing.
            self.installs.give(seed.device)
            self.events.tell("seed", f"{seed.device} gets its seed", device=seed.device, peer=_peer(request))
        return web.Response(body=files[name], content_type="text/plain", charset="utf-8", headers=_PRIVATE)

    def _owner(self, key: str) -> Seed:
        """Return whose seed is meant: by service tag, or by the token of an attempt (a seed of one machine only)."""
        device = self._tags.get(key.upper(), "")
        if not device and "." in key:
            device = self.installs.owner(key).device
        if device not in self.seeds:
            raise BootRefused(f"a seed for {key[:40]!r} is asked for: no host that is served has this service tag")
        return self.seeds[device]

    # --- what installers say --------------------------------------------------------------------------------------

    async def _progress(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                body = await _body(request)
            event = read_event(body)
            attempt = self.installs.hear(request.match_info["token"], event)
        except (BootRefused, ValueError, TimeoutError) as error:
            self._refuse("progress", str(error) or "a report that did not end", request)
            return web.Response(status=403 if isinstance(error, BootRefused) else 400, text="refused\n")
        self._tell(attempt, event, _peer(request))
        return web.Response(text="noted\n")

    def _tell(self, attempt: Attempt, event: Said, peer: str) -> None:
        """Say once that an installer began; what may be an end is judged beside, since that reads and writes files."""
        if self._told.get(attempt.device) != attempt.number:
            self._told[attempt.device] = attempt.number
            self.events.tell(
                "installing", f"{attempt.device}: its installer is at work", device=attempt.device, peer=peer
            )
        if event.event_type == "warning":
            self.events.tell("warning", f"{attempt.device}: {event.description}", device=attempt.device, peer=peer)
        if may_end(event):
            task = asyncio.create_task(asyncio.to_thread(self._judge, attempt.device, peer))
            self._judging.add(task)
            task.add_done_callback(self._judging.discard)

    def _judge(self, device: str, peer: str) -> None:
        with self._alone(device):
            verdict = self.installs.verdict(device)
            if verdict.ended:
                self._end(device, verdict, peer)

    async def _settle(self, _door: web.Application) -> None:
        await asyncio.gather(*self._judging)

    def _end(self, device: str, verdict: Verdict, peer: str = "") -> None:
        kind: Kind = "failed" if verdict.state == "failed" else "rebooting"
        with self._ending:
            last = self.installs.attempt(device)
            if last is None or last.ended:
                return
            self.installs.end(device, verdict.kind or verdict.state)
        self.events.tell(kind, f"{device}: {verdict.sentence}", device=device, peer=peer)

    async def watch(self) -> None:
        """Look again and again for who fell silent or takes too long; until it is cancelled."""
        while True:
            # In a thread: a thousand streams are read, and no installer may wait for that.
            await asyncio.to_thread(self.look)
            await asyncio.sleep(self.pause_s)

    def look(self) -> None:
        """End the attempts of hosts whose installer fell silent or takes too long, and say so."""
        for device in self.seeds:
            with self._alone(device):
                self._look(device)

    def _look(self, device: str) -> None:
        last = self.installs.attempt(device)
        if last is None or last.stage != "given":
            self._watches.pop(device, None)
            return
        number, watch = self._watches.get(device, (0, None))
        if watch is None or number != last.number:
            # Silence is counted from now, where another life of the server began to watch; the deadline is not.
            watch = Watch(self.clock, self.limits, ago_s=self.installs.age_s(last))
            self._watches[device] = (last.number, watch)
        verdict = watch.see(self.installs.verdict(device))
        if verdict.ended:
            self._end(device, verdict)

    @contextmanager
    def _alone(self, device: str) -> Iterator[None]:
        """Say once what keeps us from judging a host, such as a full disk; the next look tries again, and others go on."""
        try:
            yield
        except (BootRefused, OSError) as error:
            # Where events cannot be kept either there is nothing to say it with.
            with suppress(OSError):
                if self._blind.get(device) != str(error):
                    self.events.tell("warning", f"{device}: how far it is cannot be told: {error}", device=device)
                    self._blind[device] = str(error)
        else:
            self._blind.pop(device, None)

    # --- refusals -------------------------------------------------------------------------------------------------

    def _guarded(self, work: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                return await work(request)
            except BootRefused as error:
                self._refuse("seed", str(error), request)
                return web.Response(status=403, text="refused: see what rackwright serve says\n")
            except RenderError as error:
                self._refuse("seed", str(error), request)
                return web.Response(status=500, text="not ready: see what rackwright serve says\n")

        return guarded

    def _refuse(self, what: str, why: str, request: web.Request) -> None:
        """Count a refusal, and tell the first, the tenth, the hundredth: who asks again and again fills no disk."""
        key = f"{what} {_peer(request)} {why}"
        if len(self._refused) > 10_000:
            self._refused.clear()
        self._refused[key] += 1
        count = self._refused[key]
        if str(count).strip("0") == "1":
            again = f" ({count} times)" if count > 1 else ""
            self.events.tell("refused", f"{why}{again}", peer=_peer(request))


async def _body(request: web.Request) -> bytes:
    """Read at most what an event may have; what is beyond is left in the socket."""
    parts: list[bytes] = []
    size = 0
    async for part in request.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LONGEST:
            raise ValueError("a report of more than a megabyte")
    return b"".join(parts)


def _server(request: web.Request) -> str:
    """Return the door that was asked, as it is reached: what came in there goes out there."""
    if not _HOST.fullmatch(request.host):
        raise BootRefused("asked for by a name that is none")
    return f"{request.scheme}://{request.host}"


def _text(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="text/plain", headers=_PRIVATE)


def _peer(request: web.Request) -> str:
    return request.remote or ""
