"""What a driver does not send: commands that do more than read, and secrets that a switch had masked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any, Final

from rackwright.drivers.nvue.words import masked_leaf
from rackwright.errors import DeviceRefused

__all__ = ["insist_reading", "insist_unmasked"]

_SHELL: Final = re.compile(r"[;&|<>`$\n\\(){}*?~]")
"""What would make one command two, or an argument another one."""

_ANY: Final = re.compile(r".*")
_READERS: Final = {
    "bridge": re.compile(r"(?!.*\b(add|del|delete|set|replace|append|flush)\b).*"),
    "cat": _ANY,
    "cl-support": _ANY,
    "date": re.compile(r"(\+\S+|-u)?"),
    "decode-syseeprom": re.compile(r"(-j|-e|--serial)?"),
    "df": _ANY,
    "ethtool": re.compile(r"(-[imST] )?\S+"),
    "hostname": re.compile(r""),
    "ip": re.compile(r"(?!.*\b(add|del|delete|set|replace|append|change|flush|exec)\b).*"),
    "journalctl": re.compile(r"(?!.*--(vacuum|rotate|flush)).*"),
    "l1-show": _ANY,
    "lldpctl": _ANY,
    "ls": _ANY,
    "mlxlink": re.compile(r"-d \S+ -p \S+( -[cem]| --json)*"),
    "ntpq": re.compile(r"-n?pn?"),
    "nv": re.compile(r"(config )?(show|diff|history|revision)\b.*"),
    "ping": _ANY,
    "systemctl": re.compile(r"(is-active|is-enabled|show|status|list-units)\b.*"),
    "tail": _ANY,
    "uname": _ANY,
    "uptime": re.compile(r""),
    "vtysh": re.compile(r"-c show .*"),
}
"""Program -> what its arguments must match."""

_PREFIXES: Final = re.compile(r"(sudo |ip vrf exec \S+ )*")


def insist_reading(device: str, command: str) -> None:
    """Let a command pass that only reads; raises :class:`~rackwright.errors.DeviceRefused` for any other."""
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    text = _PREFIXES.sub("", " ".join(words), count=1)
    program, _, arguments = text.partition(" ")
    reader = _READERS.get(program)
    if _SHELL.search(command) or reader is None or not reader.fullmatch(arguments):
        raise DeviceRefused(
            f"{device}: {command!r} is not sent: it is not on the list of commands that only read", device=device
        )


def insist_unmasked(device: str, tree: Mapping[str, Any]) -> None:
    """Let a tree pass whose secrets are real; one that a switch masked would lock people out when it is sent back (nvue.md 8.41).

    Raises :class:`~rackwright.errors.DeviceRefused` with its path.
    """
    path = masked_leaf(tree)
    if path:
        remedy = "send the planned secret instead"
        raise DeviceRefused(f"{device}: {path} is masked and is not sent back: {remedy}", device=device, remedy=remedy)
