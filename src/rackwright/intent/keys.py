"""Public SSH keys that ``access.ssh_keys`` names."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path as FilePath
from typing import Final

from rackwright.intent.context import Context

__all__ = ["PublicKey", "read_keys"]

PublicKey = tuple[str, str, str]
"""(name, type, key), as NVUE wants them (nvue.md 3.1)."""

TYPES: Final = (
    "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
)  # fmt: skip
"""Types that NVUE takes (nvue.md 3.1)."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


def read_keys(base: FilePath, context: Context) -> tuple[PublicKey, ...]:
    """Return the public keys of the files beside the site file; problems go to the context."""
    found: list[PublicKey] = []
    for at, name in enumerate(context.site.access.ssh_keys):
        path = ("access", "ssh_keys", at)
        try:
            text = (base / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            context.wrong("reference", path, f"there is no file {name!r}", "put the public key beside the site file")
            continue
        except (OSError, UnicodeDecodeError) as error:
            message = f"{name!r} cannot be read ({type(error).__name__})"
            context.wrong("reference", path, message, "give a public key file that you may read")
            continue
        if "PRIVATE KEY" in text:
            context.wrong("secret", path, f"{name!r} is a private key", "name the .pub file, and move the key away")
            continue
        found += _keys(name, text, context, at)
    return tuple(found)


def _keys(name: str, text: str, context: Context, at: int) -> list[PublicKey]:
    stem = _UNSAFE.sub("-", FilePath(name).stem)
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found: list[PublicKey] = []
    for number, words in enumerate(lines, 1):
        if len(words) < 2 or words[0] not in TYPES or not _is_key(words[1], words[0]):
            message = f"{name!r} holds no public SSH key that NVUE takes"
            context.wrong("value", ("access", "ssh_keys", at), message, f"use one of {', '.join(TYPES)}")
            break
        found.append((stem if len(lines) == 1 else f"{stem}-{number}", words[0], words[1]))
    return found


def _is_key(text: str, kind: str) -> bool:
    """Say whether a text is base64 that begins with its own type (RFC 4253, 6.6)."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return data[4 : 4 + len(kind)] == kind.encode()
