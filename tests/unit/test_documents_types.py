"""Types that many threads are the first to read values of."""

import subprocess
import sys

import msgspec
import pytest

from rackwright.documents import look_through_types

RACE = """
import sys, threading, types
import msgspec
from rackwright.documents import look_through_types

sys.setswitchinterval(1e-6)

def chain(length=13):
    lines = ["from __future__ import annotations", "import msgspec"]
    for at in reversed(range(length)):
        lines += [f"class S{at}(msgspec.Struct, frozen=True):", "    a: int = 0", "    b: tuple[int, ...] = ()"]
        lines += [f"    c: S{at + 1} | None = None", f"    d: tuple[S{at + 1}, ...] = ()"] if at + 1 < length else []
    module = sys.modules["chained"] = types.ModuleType("chained")
    exec(chr(10).join(lines), module.__dict__)
    return module.S0

def read(first, together):
    together.wait()
    msgspec.convert({"a": 1, "c": {"c": {"a": 2}}, "d": [{"a": 3}]}, first)

for _ in range(100):
    first, together = chain(), threading.Barrier(16)
    look_through_types()
    threads = [threading.Thread(target=read, args=(first, together)) for _ in range(16)]
    [one.start() for one in threads]
    [one.join() for one in threads]
"""


def test_threads_may_be_the_first_to_read_a_type_that_was_looked_through():
    """Sixteen threads at once read a type that nobody has used, and the process lives; msgspec alone ends it here."""
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)


def test_a_type_that_msgspec_cannot_read_is_passed_over():
    """A struct of a user's own script, of values that no document has, does not end our runner."""

    class Strange(msgspec.Struct):
        one: "Nowhere"  # noqa: F821 - that is what is strange

    class Stranger(msgspec.Struct):
        two: dict[frozenset[tuple[int]], object] | list[str] | set[int]

    look_through_types()
    for kind in (Strange, Stranger):
        with pytest.raises((NameError, TypeError)):
            msgspec.json.Decoder(kind)
