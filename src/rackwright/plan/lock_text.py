"""The text of ``site.lock``: JSON, sorted, one allocation or wish a line, so that a merge shows what it mixes.

The lock is written by ``rackwright plan`` alone. Reading refuses what a bad merge leaves behind; a lock that
cannot be read is never taken for an empty one, since that would renumber a site that stands.
"""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from rackwright.errors import DocumentError
from rackwright.plan.lock import LockFile

__all__ = ["NAME", "changes", "dump", "keys", "parse", "read", "write"]

NAME: Final = "site.lock"
"""Name of the file, beside ``site.yaml``."""

_VERSION: Final = 1
_MARKS: Final = re.compile(rb"^(?:<{7}|\|{7}|={7}|>{7})(?: |\r?$)", re.MULTILINE)
"""What git leaves in a file that it could not merge."""

_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_RESTORE: Final = "take it from version control (without it every name and address is allocated anew)"


def dump(lock: LockFile) -> bytes:
    """Return the text of a lock; equal locks give equal bytes."""
    encode = partial(msgspec.json.encode, order="sorted")
    pools = []
    for pool, entries in sorted(lock.pools.items()):
        lines = ",\n".join(
            f"   {encode(key).decode()}: [{first}, {size}]" for key, (first, size) in sorted(entries.items())
        )
        pools.append(f"  {encode(pool).decode()}: {{\n{lines}\n  }}")
    body = ",\n".join(pools)
    wishes = ",\n".join(
        f"  {encode(section).decode()}: {encode(wish).decode()}" for section, wish in sorted(lock.wishes.items())
    )
    held = f',\n "wishes": {{\n{wishes}\n }}' if wishes else ""
    return f'{{\n "version": {lock.version},\n "pools": {{\n{body}\n }}{held}\n}}\n'.encode()


def parse(text: bytes, source: str = NAME) -> LockFile:
    """Read the text of a lock.

    Raises :class:`~rackwright.errors.DocumentError` for what is no lock and for a newer version of it, with the line.
    """
    try:
        lock = msgspec.json.decode(text, type=LockFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if (marks := _MARKS.search(text)) is not None:
            line = _line(text, marks.start())
            raise DocumentError(
                f"{source}:{line}: is no lock: a merge left its marks; resolve the merge: take one side whole, and "
                "'rackwright plan' adds what the other had"
            ) from error
        raise DocumentError(f"{source}{_where(text, error)}: is no lock ({error}); {_RESTORE}") from error
    if lock.version != _VERSION:
        raise DocumentError(
            f"{source}: is of version {lock.version}, this Rackwright reads {_VERSION}; use the one that wrote it"
        )
    for pool, entries in lock.pools.items():
        for key, (first, size) in entries.items():
            if first < 0 or size < 0:
                at = f":{_line(text, _start(text, pool, key))}"
                raise DocumentError(f"{source}{at}: {pool}/{key} holds [{first}, {size}]; {_RESTORE}")
    return lock


def _where(text: bytes, error: Exception) -> str:
    """Return ``:line`` of what msgspec found wrong, as near as it can be told; empty when it cannot."""
    if (at := _BYTE.search(str(error))) is not None:
        return f":{_line(text, int(at[1]))}"
    if isinstance(error, UnicodeDecodeError):
        return f":{_line(text, error.start)}"
    if not isinstance(error, msgspec.ValidationError):
        return f":{_line(text, len(text))}"
    try:
        pools = msgspec.json.decode(text).get("pools")
        for pool, entries in pools.items():
            for key, run in entries.items():
                try:
                    msgspec.convert(run, tuple[int, int])
                except msgspec.ValidationError:
                    return f":{_line(text, _start(text, pool, key))}"
    except (AttributeError, msgspec.DecodeError):
        pass  # it is another shape altogether: what msgspec says names it
    return ""


def _start(text: bytes, *keys: str) -> int:
    """Return where the last of nested keys begins, from 0."""
    at = 0
    for key in keys:
        at = max(text.find(msgspec.json.encode(key), at + 1), at)
    return at


def _line(text: bytes, at: int) -> int:
    """Return the line of a byte, from 1."""
    return text.count(b"\n", 0, at) + 1


def read(path: Path) -> LockFile | None:
    """Read the lock beside a site; None when there is none yet.

    Raises :class:`~rackwright.errors.DocumentError` when it is there and cannot be read.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DocumentError(f"{path}: cannot be read: {why}; make it readable") from error
    return parse(text, str(path))


def write(path: Path, lock: LockFile) -> bool:
    """Write the lock unless the file says the same already; tell whether it was written.

    The file is replaced in one step: whoever reads it meets the old or the new one, also after a kill.
    Raises :class:`~rackwright.errors.DocumentError` when it cannot be written.
    """
    data = dump(lock)
    if path.is_file() and path.read_bytes() == data:
        return False
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise DocumentError(f"{path}: cannot be written: {why}; the former lock stands") from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def changes(before: LockFile | None, after: LockFile) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a lock holds that the former one did not, and what it no longer holds, as ``pool/key``.

    A run that has grown and a wish that reads otherwise count as new.
    """
    old = _flat(before)
    new = _flat(after)
    added = tuple(key for key in sorted(new) if old.get(key) != new[key])
    return added, tuple(key for key in sorted(old) if key not in new)


def keys(lock: LockFile | None) -> frozenset[str]:
    """Return everything that a lock holds, as ``pool/key``."""
    return frozenset(_flat(lock))


def _flat(lock: LockFile | None) -> dict[str, Any]:
    held = lock or LockFile()
    runs = {f"{pool}/{key}": run for pool, entries in held.pools.items() for key, run in entries.items()}
    return runs | {f"wishes/{section}": wish for section, wish in held.wishes.items()}
