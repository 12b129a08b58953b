"""The control socket of a twin: one JSON object a line each way (its user alone may open it)."""

from __future__ import annotations

import asyncio
import fnmatch
import itertools
import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.errors import TwinError
from rackwright.twin.bmc.machine.faults import FAULTS as _MACHINE
from rackwright.twin.bmc.service.faults import OPERATIONS as BMC_OPERATIONS
from rackwright.twin.bmc.service.faults import WIRE
from rackwright.twin.bmc.service.fleet import Fleet
from rackwright.twin.box import Box
from rackwright.twin.dataplane import NotEmulated
from rackwright.twin.engine import Refused, digest
from rackwright.twin.faults import FAULTS as SWITCH_FAULTS
from rackwright.twin.faults import OPERATIONS as SWITCH_OPERATIONS
from rackwright.twin.faults import read
from rackwright.twin.hosts.faults import read_host_fault
from rackwright.twin.hosts.park import Park
from rackwright.twin.rack import Rack

__all__ = ["Control", "ask"]

_LINE: Final = 64 << 20
BMC_FAULTS: Final = frozenset({*_MACHINE, *WIRE})


class Control:
    """Answers on the socket; ``down`` ends the twin."""

    def __init__(self, rack: Rack, down: Callable[[], None]) -> None:
        self._rack = rack
        self._down = down
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def listen(self, path: Path) -> None:
        """Begin to listen."""
        self._server = await asyncio.start_unix_server(self._talk, path, limit=_LINE)
        os.chmod(path, 0o600)  # noqa: PTH101 - a Path would be taken for a blocking call

    async def close(self) -> None:
        """Stop listening; what is being answered is finished."""
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)
        for task in [*self._talks]:
            task.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._talks.add(task)
            task.add_done_callback(self._talks.discard)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            work = _OPERATIONS[request["op"]]
            return {"ok": True, **(await work(self, request) or {})}
        except (KeyError, TypeError, ValueError) as error:
            return {"ok": False, "error": f"no such request: {error}"}
        except (TwinError, Refused, NotEmulated) as error:
            return {"ok": False, "error": str(error)}

    def _box(self, request: Mapping[str, Any]) -> Box:
        name = str(request.get("device", ""))
        if name not in self._rack.boxes:
            raise TwinError(f"no switch of the twin is called {name!r}")
        return self._rack.boxes[name]

    async def _status(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        rack = self._rack
        for box in rack.boxes.values():
            await box.settle()
        fleet = self._fleet()
        own = rack.park.faults.rules() if rack.park is not None else []
        rules = [*rack.faults.rules(), *fleet.wire.rules(), *fleet.faults.rules(), *own]
        return {
            "now": rack.clock.now(),
            "rate": rack.clock.rate,
            "kind": rack.wish.kind,
            "faults": [msgspec.to_builtins(rule) for rule in sorted(rules, key=lambda rule: rule.id)],
            "devices": {name: _told(rack, box) for name, box in rack.boxes.items()},
            "bmcs": fleet.told(fleet.bmcs),
            "hosts": rack.park.told() if rack.park is not None else {},
        }

    def _fleet(self) -> Fleet:
        fleet = self._rack.fleet
        assert fleet is not None  # noqa: S101 - the socket is opened when the rack has started
        return fleet

    async def _fault(self, request: Mapping[str, Any]) -> dict[str, Any]:
        row = {key: value for key, value in request.items() if key != "op"}
        of_host = read_host_fault(row)
        if of_host is not None:
            return {"id": self._park().fault(of_host)}
        if _of_bmcs(row, self._fleet()):
            _insist(row, self._fleet().bmcs, "BMC")
            return {"id": self._fleet().fault(row)}
        fault = read(row)
        _insist(row, self._rack.boxes, "switch")
        if fault.at:
            return {"id": self._rack.faults.add(fault).id}
        await self._rack.strike(fault)
        return {"id": 0}

    async def _clear(self, request: Mapping[str, Any]) -> dict[str, Any]:
        ids, fleet = request.get("ids"), self._fleet()
        there = {rule["id"] for rule in (await self._status({}))["faults"]}
        if unknown := sorted(set(ids or ()) - there):
            raise TwinError(f"no fault of the twin is {unknown[0]}: set are {_some(map(str, sorted(there)))}")
        gone = self._rack.faults.clear(ids) + fleet.wire.clear(ids) + fleet.faults.clear(ids)
        if self._rack.park is not None:
            gone += self._rack.park.faults.clear(ids)
        mended = [*await self._rack.mend(), *fleet.mend()] if ids is None else []
        mended += self._rack.park.mend() if ids is None and self._rack.park is not None else []
        return {"cleared": gone, "mended": mended}

    async def _bmc(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tell everything of one BMC: how it stands, what was really done to it, its state as a digest."""
        return self._fleet().whole(str(request.get("device", "")))

    async def _host(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tell everything of one host: what is installed, what runs, what was really done to it."""
        return self._park().whole(str(request.get("device", "")))

    async def _boot_server(self, request: Mapping[str, Any]) -> None:
        """Have DHCP name another boot server: scheme, address and port of a ``serve``; empty: the site's own."""
        self._park().server = str(request.get("url", ""))

    def _park(self) -> Park:
        if self._rack.park is None:
            raise TwinError("the twin has no operating systems: start it with --hosts bare or --installed")
        return self._rack.park

    async def _stop(self, _request: Mapping[str, Any]) -> None:
        self._down()

    async def _digest(self, request: Mapping[str, Any]) -> dict[str, Any]:
        box = self._box(request)
        await box.settle()
        return {"applied": digest(box.switch.applied), "startup": digest(box.switch.startup)}

    async def _tree(self, request: Mapping[str, Any]) -> dict[str, Any]:
        box = self._box(request)
        await box.settle()
        return {"applied": box.switch.applied, "startup": box.switch.startup}

    async def _switch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Tell what was put in force on one switch, oldest first: how, and the digest of the configuration."""
        box = self._box(request)
        await box.settle()
        return {"deeds": [{"kind": kind, "digest": digest(tree)} for kind, tree in box.switch.deeds]}

    async def _cabling(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        return {"links": self._rack.cabling()}

    async def _log(self, request: Mapping[str, Any]) -> dict[str, Any]:
        device = str(request.get("device", ""))
        if device:
            hosts = self._rack.park.hosts if self._rack.park is not None else {}
            _insist({"device": device}, {**self._rack.boxes, **self._fleet().bmcs, **hosts}, "device")
        return {"lines": self._rack.journal.lines(device)}


_OPERATIONS: Final[dict[str, Callable[[Control, Mapping[str, Any]], Any]]] = {
    "status": Control._status,  # noqa: SLF001 - the table of the class above
    "fault": Control._fault,  # noqa: SLF001 - as above
    "clear": Control._clear,  # noqa: SLF001 - as above
    "down": Control._stop,  # noqa: SLF001 - as above
    "digest": Control._digest,  # noqa: SLF001 - as above
    "tree": Control._tree,  # noqa: SLF001 - as above
    "switch": Control._switch,  # noqa: SLF001 - as above
    "cabling": Control._cabling,  # noqa: SLF001 - as above
    "log": Control._log,  # noqa: SLF001 - as above
    "bmc": Control._bmc,  # noqa: SLF001 - as above
    "host": Control._host,  # noqa: SLF001 - as above
    "boot-server": Control._boot_server,  # noqa: SLF001 - as above
}


def _insist(row: Mapping[str, Any], known: Iterable[str], what: str) -> None:
    """Raise :class:`~rackwright.errors.TwinError` unless a row means at least one that is there."""
    device = str(row.get("device") or "*")
    if device != "*" and not fnmatch.filter(known, device):
        raise TwinError(f"no {what} of the twin is called {device!r}; there are {_some(known)}")


def _some(names: Iterable[str]) -> str:
    first = list(itertools.islice(names, 9))
    return ", ".join(first[:8]) + (" and others" if len(first) > 8 else "") if first else "none"


def _of_bmcs(row: Mapping[str, Any], fleet: Fleet) -> bool:
    """Tell whether a fault is meant for BMCs; of one that both know, what it waits for and whom it names tell."""
    kind, at, device = (str(row.get(name) or "") for name in ("kind", "at", "device"))
    if kind not in BMC_FAULTS or kind not in SWITCH_FAULTS:
        return kind in BMC_FAULTS
    if at and (at in BMC_OPERATIONS) != (at in SWITCH_OPERATIONS):
        return at in BMC_OPERATIONS
    return device not in ("", "*") and any(fnmatch.fnmatchcase(name, device) for name in fleet.bmcs)


def _told(rack: Rack, box: Box) -> dict[str, Any]:
    switch = box.switch
    waiting = switch.waiting()
    server = rack.servers.get(box.name)
    ssh, api = switch.answers()
    return {
        "model": switch.who.model,
        "serial": switch.who.serial,
        "version": switch.who.nos,
        "hostname": switch.applied.get("system", {}).get("hostname", ""),
        "host": server.address if server else "",
        "powered": switch.powered,
        "nvued": switch.nvued_up,
        "ssh": ssh and server is not None,
        "api": api and server is not None,
        "revision": switch.applied_id,
        "busy": f"{switch.busy.id} {switch.busy.state}" if switch.busy else "",
        "confirm_left_s": round(waiting.deadline - switch.now, 1) if waiting else 0,
        "saved": switch.applied == switch.startup,
        "applied": digest(switch.applied),
    }


def ask(path: Path, request: Mapping[str, Any], *, timeout_s: float = 60) -> dict[str, Any]:
    """Send a request to a twin and return its answer.

    Raises :class:`~rackwright.errors.TwinError` when nobody answers or the twin refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
        wire.settimeout(timeout_s)
        try:
            wire.connect(str(path))
            wire.sendall(json.dumps(request).encode() + b"\n")
            with wire.makefile("rb") as stream:
                line = stream.readline()
        except OSError as error:
            raise TwinError(f"the twin does not answer ({error}): 'rackwright twin down' cleans up after it") from None
    if not line:
        raise TwinError("the twin ended before it answered: look into .rackwright/twin/errors")
    answer: dict[str, Any] = json.loads(line)
    if not answer.pop("ok"):
        raise TwinError(str(answer["error"]))
    return answer
