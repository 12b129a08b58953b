"""Types that threads read values of, looked through before there are threads.

msgspec looks through a type when it is first asked for one, without a lock: two threads that are the first at the same time end the process
with a segmentation fault (seen with 0.22 under CPython 3.11). So whoever begins threads lets it look through all there are.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

import msgspec

__all__ = ["look_through_types"]

_known: set[type] = set()
_one_at_a_time = threading.Lock()


def look_through_types() -> None:
    """Let msgspec look through every type of value that is defined by now; 0.1 ms each, the first time."""
    with _one_at_a_time:
        for kind in _below(msgspec.Struct):
            if kind not in _known:
                # A type of somebody else's that msgspec cannot read is read by nobody.
                with suppress(TypeError, NameError):
                    msgspec.json.Decoder(kind)
                _known.add(kind)


def _below(kind: type) -> Iterator[type]:
    children: list[type] = kind.__subclasses__()
    for one in children:
        yield one
        yield from _below(one)
