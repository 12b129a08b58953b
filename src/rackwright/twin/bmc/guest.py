"""A real machine behind an emulated BMC: UEFI firmware under QEMU, which boots what the BMC was told to.

``guest.own(machine)`` hooks it to the host of an emulated iDRAC: a virtual CD is fetched and lies in its drive, UEFI HTTP boot and PXE go out of its
network card, and off is off. KVM is not asked for, since where it is offered without a real processor behind it, stock kernels hang (twin.md 6).
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from threading import Lock, Thread
from typing import Final, Protocol
from urllib.error import URLError
from urllib.request import urlopen

import msgspec

from rackwright.errors import TwinError

__all__ = ["FIRMWARE", "Guest", "GuestHardware", "Hooked"]

FIRMWARE: Final = Path("/usr/share/OVMF")
"""Where Debian's package ``ovmf`` puts the firmware."""

_CODE: Final = "OVMF_CODE_4M.fd"
_VARIABLES: Final = "OVMF_VARS_4M.fd"
_FETCH_S: Final = 60
_NETWORK: Final = frozenset({"UefiHttp", "Pxe"})


class Hooked(Protocol):
    """What a guest needs of an emulated host: the two hooks of :class:`~rackwright.twin.bmc.machine.host.Host`."""

    on_boot: object
    on_down: object


class GuestHardware(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine is."""

    serial: str
    """Service tag, as its SMBIOS tells it."""
    mac: str
    tap: str
    """TAP device that its network card is at."""
    space: str = ""
    """Network namespace of that device; empty: this one."""
    memory_mib: int = 1024
    firmware: Path = FIRMWARE


class Guest:
    """One machine; off until something boots it."""

    def __init__(self, folder: Path, hardware: GuestHardware) -> None:
        """Keep its console, its NVRAM and its CD in ``folder``.

        Raises :class:`~rackwright.errors.TwinError` where QEMU or the firmware is not installed.
        """
        if shutil.which("qemu-system-x86_64") is None or not (hardware.firmware / _CODE).exists():
            raise TwinError("a guest needs QEMU and its UEFI firmware: apt-get install qemu-system-x86 ovmf")
        self._folder = folder
        self._hardware = hardware
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._life = 0
        self._work: Thread | None = None
        self.boots: list[tuple[str, str]] = []
        """What it was booted from: target and image."""
        self.trouble = ""
        """Why it could not boot what it was told."""

    @property
    def console(self) -> str:
        """Return what came out of its serial port since it was made."""
        path = self._folder / "console"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    @property
    def on(self) -> bool:
        """Say whether it runs."""
        return self._process is not None and self._process.poll() is None

    def own(self, host: Hooked) -> None:
        """Have the host of an emulated BMC be this machine from now on."""
        host.on_boot = self.boot
        host.on_down = self.off

    def boot(self, target: str, image: str) -> None:
        """Start it from ``target`` (a word of Redfish's boot override) and return at once; ``image`` is the URL of a virtual CD.

        Its disk is empty, so other targets leave it off. UEFI HTTP boot goes where DHCP says: a URI of the override is not followed.
        """
        self.off()
        self.boots.append((target, image))
        if target == "Cd" or target in _NETWORK:
            with self._lock:
                life = self._life
                self._work = Thread(target=self._start, args=(target, image, life), daemon=True)
                self._work.start()

    def off(self) -> None:
        """Take its power away; nothing when it has none."""
        with self._lock:
            self._life += 1
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def close(self) -> None:
        """Switch it off for good."""
        self.off()
        if self._work is not None:
            self._work.join(_FETCH_S)

    def _start(self, target: str, image: str, life: int) -> None:
        try:
            disc = self._fetch(image, life) if target == "Cd" else None
        except (OSError, URLError) as error:
            self.trouble = f"{image} cannot be fetched: {error}"
            return
        variables = self._folder / f"variables.{life}"
        shutil.copyfile(self._hardware.firmware / _VARIABLES, variables)
        with self._lock:
            # It may have been switched off while it fetched.
            if life == self._life:
                with (self._folder / "console").open("ab") as console:
                    words = _qemu(self._hardware, variables, target, disc)
                    self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def _fetch(self, image: str, life: int) -> Path:
        if not image.startswith(("http://", "https://", "file://")):
            raise OSError("the emulated drive speaks HTTP and HTTPS, and takes files of this machine")
        path = self._folder / f"disc.{life}.iso"
        with urlopen(image, timeout=_FETCH_S) as answer, path.open("wb") as disc:  # noqa: S310 - the scheme was looked at
            shutil.copyfileobj(answer, disc)
        return path


def _qemu(hardware: GuestHardware, variables: Path, target: str, disc: Path | None) -> list[str]:
    words = ["ip", "netns", "exec", hardware.space] if hardware.space else []
    words += [
        "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-machine", "q35", "-smp", "1",
        "-m", str(hardware.memory_mib), "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={hardware.firmware / _CODE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
        "-smbios", f"type=1,manufacturer=Dell Inc.,product=PowerEdge XE9680,serial={hardware.serial}",
        "-netdev", f"tap,id=net,ifname={hardware.tap},script=no,downscript=no",
        "-device", f"virtio-net-pci,netdev=net,mac={hardware.mac},romfile=" + (",bootindex=1" if target in _NETWORK else ""),
    ]  # fmt: skip
    if disc is not None:
        words += ["-drive", f"if=none,id=disc,format=raw,readonly=on,media=cdrom,file={disc}"]
        words += ["-device", "ide-cd,drive=disc,bootindex=1"]
    # IPv6 is never asked, and of the two ways out of a card the one that was told is left: each other costs a minute of waiting.
    closed = ["IPv6PXESupport", "IPv4PXESupport" if target == "UefiHttp" else ""]
    words += [part for name in closed if name for part in ("-fw_cfg", f"name=opt/org.tianocore/{name},string=n")]
    return words
