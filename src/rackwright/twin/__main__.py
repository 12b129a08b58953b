"""A detached twin: reads what it is made from on stdin, says ``ready`` on stdout, and serves (``twin up --detach``)."""

from __future__ import annotations

import gc
import os
import sys
from typing import Final

import msgspec

from rackwright.errors import TwinError
from rackwright.twin.process import Spec, run

_GARBAGE: Final = (200_000, 20, 20)
"""Thresholds of the cyclic garbage collector: a thousand machines are millions of objects that stay, not to be looked through at every request."""


def _ready() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    # Whoever started it may be gone; nothing more is said to it.
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    os.close(null)


def _main() -> int:
    gc.set_threshold(*_GARBAGE)
    spec = msgspec.json.decode(sys.stdin.buffer.read(), type=Spec)
    try:
        run(spec, _ready)
    except (TwinError, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_main())
