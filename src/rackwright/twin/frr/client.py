#!/usr/bin/env -S python3 -ISE
"""A command of an emulated switch, inside its namespace: what was typed goes to the twin, what it says comes back.

The standard library alone, since it runs with whatever Python is in the namespace, under the name of the command.
"""

import base64
import json
import os
import socket
import sys

__all__ = ["main"]

SOCKET = "/run/agent/socket"
LARGEST = 4 * 1024 * 1024


def _files(words: list[str]) -> dict[str, str]:
    """Return the files that are named on the command line, which the twin cannot see by itself."""
    found = {}
    for word in words:
        path = os.path.abspath(word)  # noqa: PTH100 - pathlib costs an emulated processor a tenth of a second
        if os.path.isfile(path) and os.path.getsize(path) <= LARGEST:  # noqa: PTH113, PTH202 - as above
            with open(path, "rb") as stream:  # noqa: PTH123 - as above
                found[path] = base64.b64encode(stream.read()).decode()
    return found


def _sent(words: list[str]) -> str:
    """Return what is sent to a command that reads it: a password for ``sudo -S``, and what follows it."""
    reads = words[0] == "sudo" and any(word[:1] == "-" and "S" in word for word in words[1:2])
    return sys.stdin.read() if reads else ""


def main() -> int:
    """Ask the twin, print what it says, end with its code."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119 - as above
    question = {
        "switch": os.environ.get("RACKWRIGHT_SWITCH", ""),
        "user": os.environ.get("USER", ""),
        "cwd": os.getcwd(),  # noqa: PTH109 - as above
        "argv": [name, *sys.argv[1:]],
        "files": _files(sys.argv[1:]),
        "stdin": _sent([name, *sys.argv[1:]]),
    }
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(SOCKET)
        wire.sendall(json.dumps(question).encode() + b"\n")
        parts = []
        while True:
            part = wire.recv(65536)
            if not part:
                break
            parts.append(part)
    answer = json.loads(b"".join(parts))
    sys.stdout.write(answer["out"])
    sys.stderr.write(answer["err"])
    return int(answer["code"])


if __name__ == "__main__":
    sys.exit(main())
