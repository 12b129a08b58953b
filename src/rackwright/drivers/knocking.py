"""Whether anybody listens at a device's port at all: asked of many in a moment, before each is spoken to."""

from __future__ import annotations

import os
import socket

__all__ = ["silent"]


def silent(host: str, port: int, wait_s: float) -> str:
    """Return why nobody takes a connection at ``host`` within ``wait_s``; empty: somebody does, whoever it is."""
    try:
        socket.create_connection((host, port), timeout=wait_s).close()
    except TimeoutError:
        return f"no answer at {host} port {port} in {wait_s:g} s"
    except OSError as error:
        why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error)
        return f"nobody listens at {host} port {port}: {why}"
    return ""
