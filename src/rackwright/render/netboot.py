"""What a machine without an operating system runs over the network: iPXE's scripts, and the kernel's words.

Sources: host-stack.md 1, Delivery (``ds=nocloud``, ``url=``, the word ``autoinstall``); UEFI 2.10, 3.1.1: the boot manager goes on to its next entry
after an error only, so a script that hands on to the disk ends in ``exit 1``.
"""

from __future__ import annotations

from typing import Final

from rackwright.errors import RenderError
from rackwright.render.printing import Printer

__all__ = [
    "BOOT_FILE",
    "FIRST_SCRIPT",
    "SERIAL",
    "disk_script",
    "first_script",
    "kernel_words",
    "node_script",
    "seed_url",
]

BOOT_FILE: Final = "bootx64.efi"
"""What firmware fetches: iPXE, or whatever stands in for it."""

FIRST_SCRIPT: Final = "boot.ipxe"

SERIAL: Final = "__dmi.system-serial-number__"
"""What cloud-init writes the service tag in place of (its NoCloud datasource)."""


def seed_url(server: str, key: str = SERIAL) -> str:
    """Return where cloud-init finds a seed; the slash at its end is needed. ``server`` is scheme, address and port."""
    return f"{server}/seed/{key}/"


def kernel_words(server: str, *, key: str = SERIAL, iso: str = "", more: str = "") -> str:
    """Return the words of the installer's kernel.

    Without ``autoinstall`` the installer asks before it goes on; ``iso`` is the live server's image, which the initrd of a network boot
    fetches whole, so that a machine needs twice its size in memory.
    """
    words = ["ip=dhcp"] if iso else []
    words += [f"url={server}/boot/{iso}"] if iso else []
    words += ["autoinstall", "ds=nocloud;s=" + seed_url(server, key)]
    return " ".join([*words, *([more] if more else [])])


def first_script(printer: Printer, server: str) -> bytes:
    """Print the script that DHCP sends every iPXE to."""
    return printer.print("netboot/boot.ipxe.j2", server=server)


def node_script(printer: Printer, server: str, device: str, *, kernel: str, initrd: str, words: str) -> bytes:
    """Print the script that installs one machine.

    Raises :class:`~rackwright.errors.RenderError` where a word would end iPXE's line or be put in place by it.
    """
    text = " ".join((f"initrd={initrd}", words))
    if any(sign in text for sign in ("\n", "\r", "${", "||", "&&")):
        raise RenderError(f"{device}: iPXE would misread the kernel's words {text!r}")
    return printer.print("netboot/node.ipxe.j2", server=server, device=device, kernel=kernel, initrd=initrd, words=text)


def disk_script(printer: Printer, why: str) -> bytes:
    """Print the script that hands on to the next boot device."""
    return printer.print("netboot/disk.ipxe.j2", why=why)
