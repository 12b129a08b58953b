"""An emulated installer: finds its seed as cloud-init does, tells its progress as subiquity does, and leaves what the seed says.

Of a seed's shell commands it knows two things: the test of the service tag, and files that are written by here-documents. It
reaches loopback and nothing else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Awaitable, Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import yaml

from rackwright.twin.clock import TwinClock
from rackwright.twin.faults import Fault
from rackwright.twin.hosts.booting import fresh
from rackwright.twin.hosts.host import Host
from rackwright.twin.hosts.network import read_network
from rackwright.twin.hosts.steps import DONE, STEPS, Step

__all__ = ["Installer"]

_SEED: Final = re.compile(rb"ds=nocloud(?:-net)?\\*;s=(https?://[^\s'\"\\]+)")
_SERIAL: Final = "__dmi.system-serial-number__"
_HERE: Final = re.compile(
    r"""cat > "\$target(?P<path>/[^"]+)" <<'(?P<end>\w+)'\n(?P<text>.*?)\n(?P=end)$""", re.DOTALL | re.MULTILINE
)
_TAG: Final = re.compile(r'"\$found" != (\S+) \]')
_NETPLAN: Final = "/etc/netplan/"
_BOOT_S: Final = 45.0
"""From the boot loader to the installer's first word [assumed]."""
_LIMIT: Final = aiohttp.ClientTimeout(total=60)
_LONGEST: Final = 1 << 20


class _Gone(Exception):
    """The machine lost its power, or was reset, while the installer was at work."""


class _GaveUp(Exception):
    """The installer stops at a step, with its words; it stays where it is."""

    def __init__(self, word: str, words: str) -> None:
        super().__init__(words)
        self.word = word


class Installer:
    """One installation of one host."""

    def __init__(
        self, host: Host, clock: TwinClock, server: Callable[[], str], note: Callable[[str, str], None]
    ) -> None:
        self._host = host
        self._clock = clock
        self._server = server
        """Returns where the network's boot files are, as its DHCP says; empty: nobody answers."""
        self._note = note
        """Is told what it does and how that went."""
        self._life = host.life
        self._tag = host.machine.service_tag
        self._endpoint = ""
        self._faults: dict[str, Fault] = {}

    async def run(self, target: str, image: str, faults: dict[str, Fault]) -> None:
        """Install from what was booted; whatever goes wrong, the machine stays as it is until somebody resets it."""
        self._faults = faults
        self._host.installing = "boot"
        try:
            base = await self._seed(target, image)
            if not base:
                return
            await self._wait(_BOOT_S)
            text = await _get(f"{base}user-data")
            if text is None:
                self._note("seed", f"{base} refused")
                self._host.installing = "asks, since it found no seed"
                return
            await self._install(_autoinstall(text))
        except _Gone:
            return
        except _GaveUp as error:
            self._host.installing = f"gave up at {error.word}"
            self._note("install", f"gave up at {error.word}: {error}")

    # --- finding the seed -----------------------------------------------------------------------------

    async def _seed(self, target: str, image: str) -> str:
        """Return where the seed is; empty: this is no installer of ours, and the machine goes on to its disk or waits."""
        if target == "Cd":
            found = await _search(image)
            self._note("boot", f"{image} {'is' if found else 'is no'} installer that names a seed")
        else:
            found = await self._over_network()
        if not found:
            self._host.installing = ""
            if target != "Cd":
                self._host.from_disk()
        return found.replace(_SERIAL, self._tag)

    async def _over_network(self) -> str:
        server = self._server()
        port = next((one for nic in self._host.machine.hardware.nics for one in nic.ports if one.cabled), None)
        if not server or port is None:
            self._note("boot", "nobody answers DHCP with a boot server")
            return ""
        script = await _get(f"{server}/boot/node.ipxe?serial={self._tag}&mac={port.mac}")
        found = _SEED.search(script or b"")
        self._note("boot", f"{server} {'sends an installer' if found else 'sends it to its disk'}")
        return found[1].decode() if found else ""

    # --- installing -----------------------------------------------------------------------------------

    async def _install(self, seed: Mapping[str, Any]) -> None:
        reporting = seed.get("reporting", {})
        self._endpoint = next((str(row.get("endpoint", "")) for row in reporting.values()), "")
        self._host.deed("installer", str(seed.get("user-data", {}).get("hostname", "")))
        for step in STEPS:
            self._host.installing = step.word
            await self._tell("start", step.name, step.description)
            await self._wait(step.took_s)
            wrong = self._wrong(step, seed)
            if wrong:
                await self._fail(step, wrong)
            await self._tell("finish", step.name, step.description, "SUCCESS")
        self._write(seed)
        await self._tell("start", DONE, "mode=REBOOT")
        await self._tell("finish", DONE, "mode=REBOOT", "SUCCESS")
        await self._wait(2)
        self._note("install", "done, and reboots")
        self._host.machine.host.restart()
        self._host.follow()

    def _wrong(self, step: Step, seed: Mapping[str, Any]) -> str:
        """Return why a step goes wrong; empty: it does not."""
        fault = self._faults.get("fail")
        if fault is not None and step.word == (fault.value or "extract"):
            return fault.a or "Command '['curtin']' returned non-zero exit status 3."
        if step.word == "early":
            meant = _TAG.search("\n".join(str(one) for one in seed.get("early-commands", ())))
            if meant and meant[1] != self._tag.upper():
                return "Command '['sh', '-c', '...']' returned non-zero exit status 1."
        if step.word == "disk":
            return self._lacking(seed)
        return ""

    def _lacking(self, seed: Mapping[str, Any]) -> str:
        """Return curtin's words where no disk of the machine is the one that is asked for."""
        models = [drive.model for drive in self._host.machine.hardware.drives]
        for row in seed.get("storage", {}).get("config", ()):
            pattern = str(row.get("match", {}).get("model", "")) if row.get("type") == "disk" else ""
            if pattern and models and not any(fnmatchcase(model, pattern) for model in models):
                return f"{row} matched no disk"
        return ""

    async def _fail(self, step: Step, words: str) -> None:
        for name in (step.name, *step.within):
            await self._tell("finish", name, words, "FAIL")
        await self._tell("start", "subiquity/Error/run")
        await self._tell("finish", "subiquity/Error/run", "", "SUCCESS")
        raise _GaveUp(step.word, words)

    def _write(self, seed: Mapping[str, Any]) -> None:
        """Lay the new system on the disk."""
        host = self._host
        accounts = seed.get("user-data", {})
        disk = fresh(host.name, host.network)
        disk.name = str(accounts.get("hostname", host.name))
        for command in seed.get("late-commands", ()):
            for found in _HERE.finditer(str(command)):
                disk.files[found["path"]] = found["text"] + "\n"
        planned = next((text for path, text in disk.files.items() if path.startswith(_NETPLAN)), "")
        document = yaml.safe_load(planned) if planned else seed.get("network", {})
        disk.network = read_network(host.name, document, host.machine.hardware.nics)
        host.accounts = {
            str(row["name"]): tuple(str(key) for key in row.get("ssh_authorized_keys", ()))
            for row in accounts.get("users", ())
        }
        host.disk = disk
        host.deed("install", disk.name)

    # --- the world ------------------------------------------------------------------------------------

    async def _tell(self, kind: str, name: str, description: str = "", result: str = "") -> None:
        """Tell one event, once, as curtin's reporter does: what does not arrive is forgotten."""
        if self._host.life != self._life:
            raise _Gone
        if "stall" in self._faults:
            self._host.installing = "hangs"
            raise _Gone
        if not _is_near(self._endpoint):
            return
        event = {
            "name": name, "description": description, "event_type": kind, "origin": "curtin", "level": "INFO",
            "timestamp": self._clock.date(self._clock.now()), **({"result": result} if result else {}),
        }  # fmt: skip
        try:
            async with aiohttp.ClientSession(timeout=_LIMIT) as session:
                await session.post(self._endpoint, json=event, ssl=False)
        except (TimeoutError, aiohttp.ClientError):
            self._note("progress", f"{name}: nobody takes it")

    async def _wait(self, seconds: float) -> None:
        await asyncio.sleep(self._clock.real(seconds))
        self._host.machine.tick()
        if self._host.life != self._life:
            raise _Gone


def _autoinstall(text: bytes) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(text.decode(errors="replace"))
    except yaml.YAMLError as error:
        raise _GaveUp("config", str(error).partition("\n")[0]) from None
    found = document.get("autoinstall") if isinstance(document, dict) else None
    if not isinstance(found, dict):
        raise _GaveUp("config", "the user-data has no autoinstall")
    return found


def _is_near(address: str) -> bool:
    """Tell whether an address is on loopback: a twin stays on its machine."""
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _get(address: str) -> bytes | None:
    return await _asked(address, lambda answer: answer.content.read(_LONGEST))


async def _search(address: str) -> str:
    """Return the address of the seed that an installer's image names on its kernel's command line."""

    async def look(answer: aiohttp.ClientResponse) -> bytes:
        before = b""
        async for part in answer.content.iter_chunked(1 << 20):
            found = _SEED.search(before + part)
            if found and found.end() < len(before + part):
                return bytes(found[1])
            before = (before + part)[-512:]
        last = _SEED.search(before)
        return bytes(last[1]) if last else b""

    return (await _asked(address, look) or b"").decode()


async def _asked(address: str, work: Callable[[aiohttp.ClientResponse], Awaitable[bytes]]) -> bytes | None:
    if not _is_near(address):
        return None
    try:
        async with aiohttp.ClientSession(timeout=_LIMIT) as session, session.get(address, ssl=False) as answer:
            return await work(answer) if answer.status == 200 else None
    except (TimeoutError, aiohttp.ClientError, ValueError):
        return None
